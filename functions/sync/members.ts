/**
 * Members of groups that are records themselves, such as the exceptions of a series. They are decided
 * after the groups: a member's place is in its group as that stands now.
 */
import { namesMember } from '../core/intent.ts';
import { SLEEP_MS } from '../core/members.ts';
import { knownGoogle } from '../core/merge.ts';
import type { Intent, Link } from '../core/records.ts';
import { lookAlong, withTold } from './along.ts';
import type { Collection } from './collection.ts';
import { type Done, type Executed, execute, tellAhead } from './execute.ts';
import { followers, turnsOf } from './followers.ts';
import { observeMembers, recallPlaces } from './member-places.ts';
import { observeIntents, observePage, type Work } from './observe.ts';
import { attachParents, type Parents, parentsAfter } from './parents.ts';
import { CHUNK, type Run } from './run.ts';

/** Whether the intent's record is one of a group, and groups are records here. */
export const isNamed = ({ codec }: Collection, intent: Intent) =>
  codec.groups !== undefined && namesMember(codec, intent);

/** Observes pending intents, and carries them out. */
export async function executeIntents(
  run: Run,
  collection: Collection,
  intents: Intent[],
): Promise<Executed> {
  const named = intents.filter((intent) => isNamed(collection, intent));
  const alone = intents.filter((intent) => !named.includes(intent));
  const works = await observeIntents(run, collection, alone);
  return executeGrouped(run, collection, works, named);
}

/**
 * As `execute`, for works in any order and intents of members. A group that was inserted anew takes its
 * members along; both are stored in one commit, so a crash in between leaves both to do again.
 */
export async function executeGrouped(
  run: Run,
  collection: Collection,
  works: Work[],
  named: Intent[] = [],
): Promise<Executed> {
  if (!collection.codec.groups) return execute(run, collection, works);
  const parts = works.filter(isMember);
  const alone = works.filter((work) => !isMember(work));
  await recallPlaces(run, collection, alone);
  const along = await lookAlong(run, collection, alone, parts);
  await tellAhead(run, collection, along.lost);
  const first = await execute(run, collection, along.groups);
  const members = withTold(parts, along, first.done);
  const parents = parentsAfter(run, collection, first.done);
  const turns = turnsOf(collection, first.done, parents);
  const following = await followers(run, collection, turns, members);
  const taken = new Set(following.map((work) => work.link?.id));
  // What a page shows at the place of one of them is that one, and no new record; nor is what goes with its group.
  const places = new Set(following.map((work) => work.observed?.googleId));
  const goes = ({ link, observed }: Work) => !link && turns.given.has(observed?.group ?? '');
  const isFree = (work: Work) =>
    !(work.link && taken.has(work.link.id)) &&
    !(work.observed && places.has(work.observed.googleId)) &&
    !goes(work);
  const others = members.filter(isFree);
  await attachParents(run, collection, others, parents);
  // One that follows its group stays pending, and is looked at again when that is stored. So does the CRM's
  // word on a place that is emptied now: written into it, it would be taken out as well.
  const holders = [...following, ...others];
  const open = named.filter((intent) => !holders.some((work) => isOf(work, intent)));
  const observed = await observeMembers(run, collection, open, parents, holders);
  const placed = observed.filter(isFree);
  await wakeWaiting(run, collection, first.done);
  const second = await execute(run, collection, [...following, ...others, ...placed]);
  const { done, deferred } = withFollowers(first, second, parents);
  return {
    done: [...done, ...second.done],
    deferred: [...deferred, ...second.deferred],
  };
}

/**
 * A group waits for the members that go along: only while it is still to be done does anybody look at them,
 * who have no news of their own. What it has become at Google is found there, as after a crash.
 */
function withFollowers(first: Executed, second: Executed, parents: Parents): Executed {
  const late = new Map(
    second.deferred.flatMap(({ work, error }) =>
      work.follows && work.parent ? [[work.parent, error] as const] : [],
    ),
  );
  const lateOf = ({ work }: Done) => late.get(parents.of(work) as Link);
  const deferred = first.done.flatMap((done) => {
    const error = lateOf(done);
    return error ? [{ work: done.work, error }] : [];
  });
  return {
    done: first.done.filter((done) => lateOf(done) === undefined),
    deferred: [...first.deferred, ...deferred],
  };
}

/** The intent is decided with the work already. */
const isOf = ({ intent }: Work, { record, crmId }: Intent) =>
  intent?.record === record && intent.crmId === crmId;

/** Groups first: what a page says of a member can depend on what it says of the group. */
export const membersLast = ({ codec }: Collection, works: Work[]) =>
  codec.groups ? works.toSorted((a, b) => Number(isMember(a)) - Number(isMember(b))) : works;

/** An object that is one of a group, or was when it was last seen. */
export const isMember = ({ link, observed }: Work) =>
  observed?.state === 'live'
    ? observed.group !== undefined
    : (observed?.group ?? link?.group) !== undefined;

/** A member that never was a record, taken out: what that means only its group can tell. */
export const isLeftOut = ({ codec }: Collection, { link, observed }: Work) =>
  codec.groups !== undefined && !link && observed?.state === 'gone' && observed.group !== undefined;

/**
 * Members of groups that these works show as the user's for the first time. A listing may have shown them before,
 * when the group was a colleague's (its organizer has moved it to another calendar since): it does not again.
 */
export async function unlistedMembers(
  run: Run,
  collection: Collection,
  works: Work[],
): Promise<Work[]> {
  const { codec, exceptions } = collection;
  const groups = works.filter(
    ({ link, observed }) =>
      link?.state !== 'live' &&
      observed?.state === 'live' &&
      !observed.ignored &&
      (observed.foreign || observed.shared) &&
      codec.groups?.leads(observed.fields),
  );
  if (!exceptions || groups.length === 0) return [];
  const raws = groups.map(({ raw }) => raw);
  const found = await exceptions(run.session, raws, false);
  const members = await observePage(run, collection, { items: found.flat() });
  const listed = new Set(works.map(({ observed }) => observed?.googleId));
  return members.filter(({ observed }) => !listed.has(observed?.googleId));
}

/**
 * Members that wait for a group, or for a place in it, are looked at again when a group has changed.
 * Before the commit: a crash must not leave them asleep.
 */
async function wakeWaiting(run: Run, { codec }: Collection, done: Done[]): Promise<void> {
  const changed = done.some(({ work, decision, written }) => {
    const fields = { ...(work.link && knownGoogle(work.link)), ...work.observed?.fields };
    const now = { ...fields, ...work.intent?.data, ...written?.fields };
    return decision.link === 'live' && codec.groups?.leads(now);
  });
  if (!changed) return;
  const { store } = run.engine;
  const latest = run.startedAt + SLEEP_MS;
  while ((await store.wakeIntents(run.user.userId, latest, CHUNK)) === CHUNK);
}
