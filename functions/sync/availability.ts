/** When users are busy: what Google says, and what the CRM wants and Google does not have yet. */

import type { AvailabilityRequest } from '../core/availability.ts';
import { type Known, lookedAt, type Problem, type Reason } from '../core/availability.ts';
import type { Interval } from '../core/intervals.ts';
import { knownGoogle } from '../core/merge.ts';
import { isHeld } from '../core/polls.ts';
import type { User } from '../core/records.ts';
import { DAY_MS } from '../core/time.ts';
import { isSyncError, type SyncError } from '../errors.ts';
import type { Collection } from './collection.ts';
import type { Access } from './engine.ts';
import type { FreeBusy, Person } from './free-busy.ts';
import type { Clock, Store } from './ports.ts';

/** Messages that wait for one user; with more of them it is not known what Google will hold. */
const MOST_INTENTS = 2000;

/** What answers questions about free time; a part of the engine's ports. */
export interface AvailabilityParts {
  store: Pick<Store, 'getUser' | 'pendingIntents' | 'linksByCrmId'>;
  access: Pick<Access, 'session'>;
  collections: Collection[];
  freeBusy: FreeBusy;
  clock: Pick<Clock, 'now'>;
  settings: { windowDaysAhead: number };
}

/**
 * Up to when there can be a word, ms since the epoch. Later entries of the CRM wait outside the window;
 * what has just come into it may wait for the next poll, hence two days less.
 */
export const horizon = ({ clock, settings }: AvailabilityParts) =>
  clock.now() + (settings.windowDaysAhead - 2) * DAY_MS;

/**
 * Resolves to what is known of each user of the request, in its order. Nothing is kept: every answer is
 * as old as the call. Throws SyncError `later` when the state cannot be read.
 */
export async function whenBusy(
  parts: AvailabilityParts,
  request: AvailabilityRequest,
): Promise<Known[]> {
  const period = lookedAt(request);
  const userIds = [...new Set(request.users)];
  // First what is on its way, then Google: what arrives there in between is counted twice, not never.
  const seen = await Promise.all(userIds.map((userId) => lookUp(parts, userId)));
  const asked = seen.flatMap((one) => ('wanted' in one ? [one] : []));
  const results = await parts.freeBusy.busy(
    asked.map(({ user }) => personOf(parts, user)),
    period,
  );
  const atGoogle = new Map(asked.map(({ user }, i) => [user.userId, results[i]]));
  return seen.map((one): Known => {
    if (!('wanted' in one)) return one;
    const { userId, state } = one.user;
    const result = atGoogle.get(userId);
    if (!result?.ok) return { userId, state, error: refused(result?.error) };
    return { userId, state, busy: [...result.data, ...one.wanted] };
  });
}

type Seen = { user: User; wanted: Interval[] } | Extract<Known, { error: Problem }>;

async function lookUp(parts: AvailabilityParts, userId: string): Promise<Seen> {
  const user = await parts.store.getUser(userId);
  const reason = user ? whyUnknown(parts, user) : 'unknownUser';
  const state = user?.state ?? 'unknown';
  if (!user || reason) return { userId, state, error: problem(reason ?? 'unknownUser') };
  const wanted = await pendingTimes(parts, user);
  return wanted ? { user, wanted } : { userId, state, error: problem('syncing') };
}

/** Why there can be no word on the user; undefined: there can. */
function whyUnknown({ collections, freeBusy }: AvailabilityParts, user: User): Reason | undefined {
  const states = {
    invited: 'notConnected',
    reauthorize: 'reauthorize',
    paused: 'paused',
    disconnected: 'disconnected',
    active: undefined,
  } as const;
  if (!user.enabled) return 'disabled';
  if (user.leaving) return 'disconnected';
  if (states[user.state]) return states[user.state];
  if (occupying(collections).some(({ codec }) => isHeld(user, codec.record))) return 'held';
  // Without the records' own scope the CRM's entries never get into the calendar that is asked.
  const needed = [freeBusy.scope, ...occupying(collections).map(({ scope }) => scope)];
  if (!needed.every((scope) => user.scopes?.includes(scope))) return 'noPermission';
  // Until then entries of the CRM that Google does not have may not even be pending yet.
  if (user.firstSyncAt === undefined) return 'syncing';
  // While entries move, they are in a place that the user's document does not name yet.
  const moves = ({ places, codec }: Collection) =>
    places?.settled(user.places?.[codec.record]) === false;
  return occupying(collections).some(moves) ? 'syncing' : undefined;
}

const occupying = (collections: Collection[]) => collections.filter(({ codec }) => codec.occupies);

function personOf({ access, collections }: AvailabilityParts, user: User): Person {
  const { userId, email, googleEmail = email, places } = user;
  const calendars = occupying(collections).flatMap(({ codec }) => places?.[codec.record] ?? []);
  return { session: access.session(userId), account: googleEmail, calendars };
}

/**
 * When the user will be busy by what the CRM wants and no run has carried out yet; undefined: so much is
 * pending that it is not known. What moves or cancels an entry makes no time free before Google has it:
 * an edit there may still win, and another event may lie at the same time.
 */
async function pendingTimes(
  { store, collections }: AvailabilityParts,
  user: User,
): Promise<Interval[] | undefined> {
  const { userId, timeZone } = user;
  const pending = await store.pendingIntents(userId, MOST_INTENTS);
  if (pending.length === MOST_INTENTS) return undefined;
  // Of a hand-over the old owner has the removal pending, which occupies nothing.
  const wanted = pending.filter((intent) => intent.userId === userId && intent.op === 'upsert');
  const context = { userId, timeZone, self: [], colleagues: new Map(), inviteExternal: false };
  const times: Interval[] = [];
  for (const { codec } of occupying(collections)) {
    const intents = wanted.filter(({ record }) => record === codec.record);
    if (intents.length === 0) continue;
    const crmIds = intents.map(({ crmId }) => crmId);
    const links = await store.linksByCrmId(userId, codec.record, crmIds);
    const bases = new Map(links.map((link) => [link.crmId, knownGoogle(link)]));
    for (const { crmId, data } of intents) {
      const fields = { ...bases.get(crmId), ...codec.canonical(data, context) };
      const time = codec.occupies?.(fields, context);
      if (time) times.push(time);
    }
  }
  return times;
}

const details: { [R in Reason]: string } = {
  unknownUser: 'there is no such user: the CRM has not announced one with this id',
  disabled: 'the CRM has switched this user off',
  notConnected: 'the user has never connected a Google account',
  disconnected: 'the user has disconnected the Google account',
  reauthorize: 'the user has to connect the Google account again',
  paused: 'the user is paused: an admin has to resume him or her',
  held: 'the user’s appointments are held: an admin has to release them',
  noPermission: 'the user has not permitted to see when he or she is busy, or the calendar at all',
  syncing: 'what the CRM has sent is not all in the calendar yet: ask again in a minute',
  calendarNotFound: 'a calendar of the user was not found at Google',
  unavailable: 'Google gave no answer for this user: ask again',
};

const problem = (reason: Reason): Problem => ({ reason, detail: details[reason] });

function refused(error: SyncError | undefined): Problem {
  if (isSyncError(error, 'reauthorize')) return problem('reauthorize');
  return problem(isSyncError(error, 'gone') ? 'calendarNotFound' : 'unavailable');
}
