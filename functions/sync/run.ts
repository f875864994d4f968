/**
 * One user's sync: observe, plan, execute, commit; under a lease, so that no two workers touch one
 * user's calendar at a time (P25).
 */

import type { RecordType } from '../core/fields.ts';
import { dueNow, isDue, isHeld, nextPoll, rangMore, UNWATCHABLE } from '../core/polls.ts';
import type { Intent, Lease, User } from '../core/records.ts';
import { RUN_RETRIES } from '../core/retry.ts';
import { DAY_MS } from '../core/time.ts';
import { isSyncError, SyncError } from '../errors.ts';
import { parkFormer } from './account.ts';
import { type Channels, keepChannels } from './channels.ts';
import { checkGrant, isUnseen } from './check.ts';
import type { Collection, GoogleSession, Result } from './collection.ts';
import { commitWorks } from './commit.ts';
import { type Directory, openDirectory } from './directory.ts';
import type { Engine } from './engine.ts';
import { clearAway, erase } from './erase.ts';
import { GROUP_CHANGED } from './execute.ts';
import { alone } from './isolation.ts';
import { leave } from './leave.ts';
import { executeIntents } from './members.ts';
import { settlePlaces } from './places.ts';
import { pull } from './pull.ts';
import { tellLeftOver } from './tell.ts';
import { announce, enter, reauthorize } from './user-state.ts';
import { yieldTaken } from './yield.ts';

/**
 * Records that one commit takes in, where a collection names no other number: bounds memory and what a
 * crash has to do again.
 */
export const CHUNK = 100;

/** One run of one user. */
export interface Run {
  engine: Engine;
  user: User;
  lease: Lease;
  session: GoogleSession;
  options: RunOptions;
  directory: Directory;
  /** What the user granted, each where its objects live. */
  collections: Collection[];
  window: { from: number; to: number; aheadMs: number };
  startedAt: number;
  count: {
    intents: number;
    googleChanges: number;
    writes: number;
    parked: number;
    conflicts: number;
  };
  /** Pages of the journal that the run has written. */
  pages: number;
  /** Pieces of the outbox that the run has written. */
  parts: number;
  /** By record type, whether Google's changes are read in this run: later on, or already (to be). */
  listing: Map<string, 'due' | 'done'>;
  /** Some intents can only be planned once that is done. */
  waits: boolean;
  /** Types of which something is left for later: no more of them is begun in this run. */
  failing: Set<RecordType>;
  /** The first error that left something for later. */
  deferred: SyncError | undefined;
  /** The run has taken as long as it may; the rest is left to the next one. */
  outOfTime: boolean;
}

export interface RunOptions {
  /** Whether Google's changes are read: not at all, of the types that are due, or of all. */
  pull: boolean | 'due';
  /** When the message that asks for the run was published, ms since the epoch. */
  publishedAt?: number | undefined;
}

export type RunOutcome = 'done' | 'busy' | 'later' | 'reauthorize' | 'notActive';

/**
 * Runs the user's sync. `busy`: somebody holds the lease, and finds what is pending before letting go.
 * `later`: something is left; whoever called should come back. Throws SyncError `later` when the state
 * cannot be read or written, and programming errors.
 */
export async function runUser(
  engine: Engine,
  userId: string,
  options: RunOptions,
): Promise<RunOutcome> {
  const user = await engine.store.getUser(userId);
  if (!user) {
    await clearAway(engine, userId);
    return 'notActive';
  }
  if (!isRunnable(user)) {
    if (isUnseen(user, engine.clock.now())) await checkGrant(engine, user);
    return 'notActive';
  }
  return underLease(engine, user, (run) => runWithLease(run, options), options);
}

/** Does a run's work under the user's lease, as runUser does; the work gives the lease back. */
export async function underLease(
  engine: Engine,
  user: User,
  work: (run: Run) => Promise<RunOutcome>,
  options: RunOptions = { pull: false },
): Promise<RunOutcome> {
  const { userId } = user;
  const now = engine.clock.now();
  const lease = await engine.store.acquireLease(
    userId,
    engine.holder(),
    now,
    engine.settings.leaseMs,
  );
  if (!lease) return 'busy';
  const run = openRun(engine, user, lease, now, options);
  try {
    await tellLeftOver(run);
    const outcome = await work(run);
    report(run, outcome);
    return outcome;
  } catch (error) {
    await engine.store.dropLease(run.lease).catch(() => {});
    if (isSyncError(error, 'reauthorize') && (await reauthorize(run, error.reason))) {
      report(run, 'reauthorize', error.reason);
      return 'reauthorize';
    }
    if (!isSyncError(error)) throw error;
    report(run, 'later', error.reason);
    return 'later';
  }
}

/** Paused and reauthorize wait; whoever leaves, or is erased, has one more run. */
const isRunnable = (user: User) =>
  user.erase ||
  (user.leaving !== undefined
    ? user.state !== 'disconnected'
    : user.enabled && user.state === 'active');

/** A run from its beginning. */
export function openRun(
  engine: Engine,
  user: User,
  lease: Lease,
  now: number,
  options: RunOptions = { pull: false },
): Run {
  const { windowDaysBack, windowDaysAhead, inviteExternal } = engine.settings;
  const aheadMs = windowDaysAhead * DAY_MS;
  const session = engine.access.session(user.userId, user.googleSub);
  session.retriesLeft = RUN_RETRIES;
  session.until = lease.expiresAt;
  return {
    engine,
    user,
    lease,
    session,
    options,
    directory: openDirectory(engine.store, user, inviteExternal),
    collections: [],
    window: { from: now - windowDaysBack * DAY_MS, to: now + aheadMs, aheadMs },
    startedAt: now,
    count: { intents: 0, googleChanges: 0, writes: 0, parked: 0, conflicts: 0 },
    pages: 0,
    parts: 0,
    listing: new Map(),
    waits: false,
    failing: new Set(),
    deferred: undefined,
    outOfTime: false,
  };
}

async function runWithLease(run: Run, options: RunOptions): Promise<RunOutcome> {
  if (run.user.erase) return erase(run);
  if (run.user.leaving) return leave(run, run.user.leaving);
  if (!hasScopesOfToday(run)) return askForScopes(run);
  if (await announce(run)) await wakeAll(run);
  await parkFormer(run);
  try {
    await settlePlaces(run);
    return await work(run, options);
  } catch (error) {
    if (!isSyncError(error, 'lost')) throw error;
    await settlePlaces(run, true);
    return work(run, options);
  }
}

/**
 * Types that are on now and were not in the last run: what waited for them is looked at again. Resolves
 * to the collections that have been listed on this occasion, and how many changes each brought.
 */
async function begin(run: Run, options: RunOptions): Promise<Map<Collection, number>> {
  const isNew = ({ codec }: Collection) => !run.user.records?.includes(codec.record);
  // Before anything is inserted where Google takes no id from us, it is known what is there.
  const first = run.collections.filter((c) => isNew(c) && c.find !== undefined);
  const anew = options.pull && (run.user.firstSyncAt === undefined || run.collections.some(isNew));
  if (first.length > 0 || anew) await wakeAll(run);
  const listed = new Map<Collection, number>();
  for (const collection of first) {
    const before = run.count.googleChanges;
    const well = await alone(run, collection, () => pull(run, collection));
    listed.set(collection, run.count.googleChanges - before);
    if (!well) continue;
    const records = [...(run.user.records ?? []), collection.codec.record];
    await run.engine.store.commit(run.lease, { user: { records } }, false);
    run.user = { ...run.user, records };
  }
  return listed;
}

/** False for a user who granted what another setting asked for: nothing can be synced before consent. */
function hasScopesOfToday(run: Run): boolean {
  const has = (scope: string | undefined) =>
    scope !== undefined && run.user.scopes?.includes(scope) === true;
  return run.engine.collections.every((c) => has(c.scope) || !has(c.formerScope));
}

/** The user, and the CRM with him or her, hears that consent is needed; links and intents stay. */
async function askForScopes(run: Run): Promise<RunOutcome> {
  const { connectedAt } = run.user;
  await enter(run, 'reauthorize', 'scopesChanged', (user) => user.connectedAt === connectedAt);
  await run.engine.store.dropLease(run.lease);
  return 'reauthorize';
}

async function work(run: Run, options: RunOptions): Promise<RunOutcome> {
  await yieldTaken(run);
  const due = run.collections.filter(
    ({ codec }) =>
      options.pull === true ||
      (options.pull === 'due' && isDue(run.user, codec.record, run.startedAt)),
  );
  const listed = await begin(run, options);
  if (options.pull) {
    const channels = await keepChannels(run);
    if (due.length > 0) await pullAll(run, due, listed, channels);
  }
  await drain(run, true);
  if (run.deferred?.reason === GROUP_CHANGED && due.length < run.collections.length)
    await askForListing(run);
  await answerRings(run);
  return run.deferred ? 'later' : 'done';
}

/** What Google notified of during the run, when it cannot all be the echo of what the run wrote. */
async function answerRings({ engine, user: { userId }, lease }: Run): Promise<void> {
  const { store, publisher, clock, settings } = engine;
  if (settings.pushUrl === undefined) return;
  let news = false;
  await store.updateUser(userId, (user) => {
    const next = user && rangMore(user, lease.writes ?? 0, clock.now());
    news = next !== undefined;
    return next;
  });
  if (news) await publisher.syncUsers([userId]);
}

/** Whoever waits for a listing shall not wait for the next poll. */
async function askForListing({ engine, user }: Run): Promise<void> {
  const now = engine.clock.now();
  await engine.store.updateUser(user.userId, (stored) => stored && dueNow(stored, now));
  await engine.publisher.syncUsers([user.userId]);
}

/** Pulls collections that are not `listed` yet, and once more what Google notified of meanwhile. */
async function pullAll(
  run: Run,
  all: Collection[],
  listed: Map<Collection, number>,
  channels: Channels,
): Promise<void> {
  const { store, clock, settings } = run.engine;
  await wake(run, run.startedAt);
  for (const { codec } of all) run.listing.set(codec.record, 'due');
  await drain(run, false);
  for (const { codec } of all) run.listing.set(codec.record, 'done');
  for (let due = all, done = listed; due.length > 0; done = new Map()) {
    const open = due.filter((collection) => !done.has(collection));
    const seen = await pullSome(run, open, channels);
    await finishPull(run, new Map([...done, ...seen]), channels);
    // After writes of our own it may be their echo: that can wait for the tick that is due then.
    const out = clock.now() - run.startedAt > settings.runMs;
    if (channels.size === 0 || run.deferred || run.count.writes > 0 || out) return;
    const { polls } = (await store.getUser(run.user.userId)) ?? {};
    due = due.filter(({ codec }) => polls?.[codec.record]?.rungAt !== undefined);
  }
}

/** Resolves to how many changes each collection brought. */
async function pullSome(
  run: Run,
  due: Collection[],
  channels: Channels,
): Promise<Map<Collection, number>> {
  const { store, clock } = run.engine;
  const writes = run.lease.writes ?? 0;
  const { askedAt } = run.user;
  const begun = { step: 'begun' as const, now: clock.now(), writes, askedAt };
  // What nobody rings for and was pulled before needs no mark: nothing in between could be missed.
  const marked = due.filter(
    ({ codec }) => channels.has(codec.record) || !run.user.polls?.[codec.record],
  );
  const polls = Object.fromEntries(marked.map(({ codec }) => [codec.record, begun]));
  if (marked.length > 0) await store.commit(run.lease, { polls }, false);
  const seen = new Map<Collection, number>();
  for (const collection of due) {
    const before = run.count.googleChanges;
    await alone(run, collection, () => pull(run, collection));
    seen.set(collection, run.count.googleChanges - before);
  }
  return seen;
}

/** The collections whose scope the user granted, those that are held as well. */
export const granted = (run: Run): Collection[] =>
  run.engine.collections.filter((c) => run.user.scopes?.includes(c.scope));

/** Works off pending intents until there are none; with `release`, gives the lease back then. */
async function drain(run: Run, release: boolean): Promise<void> {
  const { store, clock, settings } = run.engine;
  const limit = Math.max(CHUNK, ...run.collections.map(chunkOf));
  for (;;) {
    const intents = await store.pendingIntents(run.user.userId, limit, healthy(run));
    if (clock.now() - run.startedAt > settings.runMs && intents.length > 0) {
      run.outOfTime = true;
      run.deferred ??= new SyncError('later', 'runTime');
    }
    const works = run.outOfTime ? [] : intents;
    const last = run.outOfTime || intents.length < limit;
    const released = await drainSome(run, works, release && last);
    // What was left for later in this run stays pending: taking it up again would spin.
    const left = run.outOfTime || run.failing.size > 0;
    if (last && left && release && !released) return store.dropLease(run.lease);
    if (release ? released : last || run.waits) return;
  }
}

const chunkOf = ({ chunk }: Collection) => chunk ?? CHUNK;

/** The types of which more can be taken up; undefined: all. */
const healthy = ({ engine, failing }: Run): RecordType[] | undefined =>
  failing.size === 0
    ? undefined
    : engine.collections.map((c) => c.codec.record).filter((record) => !failing.has(record));

async function drainSome(run: Run, intents: Intent[], release: boolean): Promise<boolean> {
  await keepLease(run);
  run.count.intents += intents.length;
  const mine = Map.groupBy(intents, (intent) => intent.record);
  const parts = run.collections.flatMap((collection) =>
    pieces(mine.get(collection.codec.record) ?? [], chunkOf(collection)).map((some) => ({
      collection,
      some,
    })),
  );
  const on = new Set([...run.collections.map((c) => c.codec.record), ...run.failing]);
  const off = intents.filter((intent) => !on.has(intent.record));
  let released = false;
  for (const [at, { collection, some }] of parts.entries()) {
    if (run.failing.has(collection.codec.record)) continue;
    const last = release && off.length === 0 && at === parts.length - 1;
    await alone(run, collection, async () => {
      await keepLease(run);
      const executed = await executeIntents(run, collection, some);
      released = await commitWorks(run, collection, executed, {}, last);
    });
  }
  if (off.length > 0 || (parts.length === 0 && release)) {
    const commit = { consumed: off, ...forgotten(run, off) };
    ({ released } = await run.engine.store.commit(run.lease, commit, release));
  }
  return released;
}

/**
 * The user granted no scope for the types of these intents: they stay stored, and are looked at again when
 * the type comes back, which is noticed by its being new.
 */
function forgotten(run: Run, off: Intent[]): { user?: Partial<User> } {
  const before = run.user.records ?? [];
  const records = before.filter((known) => !off.some(({ record }) => record === known));
  if (records.length === before.length) return {};
  run.user = { ...run.user, records };
  return { user: { records } };
}

function pieces<T>(list: T[], size: number): T[][] {
  const all: T[][] = [];
  for (let at = 0; at < list.length; at += size) all.push(list.slice(at, at + size));
  return all;
}

/** Makes pending again what sleeps until a time. */
export async function wake({ engine, user }: Run, until: number): Promise<void> {
  while ((await engine.store.wakeIntents(user.userId, until, CHUNK)) > 0);
}

/** Makes everything that the CRM ever said about the user's records pending again. */
export async function wakeAll({ engine, user, startedAt }: Run): Promise<void> {
  while ((await engine.store.wakeIntents(user.userId, startedAt, CHUNK, true)) > 0);
}

/** Google is about to notify us of what we did: remembered where the notification is judged. */
export function wrote(run: Run, { watch }: Collection, results: Result<unknown>[]): void {
  const count = results.filter((result) => result.ok).length;
  if (!watch || count === 0) return;
  const writes = (run.lease.writes ?? 0) + count;
  run.lease = { ...run.lease, wroteAt: run.engine.clock.now(), writes };
}

/** Makes sure that the lease outlives the next step; throws `later`/`leaseLost` when it is gone. */
export async function keepLease(run: Run): Promise<void> {
  const { store, clock, settings } = run.engine;
  const now = clock.now();
  if (run.lease.expiresAt - now > settings.leaseMs / 2) return;
  if (!(await store.renewLease(run.lease, now, settings.leaseMs)))
    throw new SyncError('later', 'leaseLost');
  run.lease = { ...run.lease, expiresAt: now + settings.leaseMs };
  run.session.until = run.lease.expiresAt;
}

/** Types that have been listed whole, in this run or before. */
function known({ collections, failing, user }: Run): RecordType[] {
  const records = collections.map((c) => c.codec.record);
  return records.filter((record) => !failing.has(record) || user.records?.includes(record));
}

/** `seen`: the collections that were pulled, and how many changes each brought. */
async function finishPull(
  run: Run,
  seen: Map<Collection, number>,
  channels: Channels,
): Promise<void> {
  const { store, clock, settings, random } = run.engine;
  const now = clock.now();
  const { askedAt } = run.user;
  const next = [...seen].map(([{ codec, watch }, changes]) => {
    const { pollMs, safetyMs } = settings;
    const channel = channels.get(codec.record);
    const polled = watch ? { first: pollMs, most: pollMs } : UNWATCHABLE;
    const often = channel ? { first: safetyMs, most: 2 * safetyMs, late: true } : polled;
    const poll = nextPoll(run.user.polls?.[codec.record], changes > 0, often, now, random());
    const at = Math.min(poll.at, channel?.expiresAt ?? poll.at);
    const step = { step: 'pulled', ...poll, at, since: run.startedAt, askedAt } as const;
    return [codec.record, step] as const;
  });
  const user = {
    // The message comes again for what was left for later; the poll waits its time.
    ...(run.deferred && { nextPollAt: now + settings.pollMs }),
    lastSyncAt: now,
    firstSyncAt: run.user.firstSyncAt ?? now,
    records: known(run),
    // Once: the next listing that lacks so much is a person's business again.
    ...(run.user.believeListing && { believeListing: stillBelieved(run, seen) }),
  };
  // A type of which something was left for later stays due.
  const rests = ([record]: (typeof next)[number]) =>
    !isHeld(run.user, record) && (!run.deferred || !run.failing.has(record));
  const polls = run.outOfTime ? {} : Object.fromEntries(next.filter(rests));
  await store.commit(run.lease, { user, polls }, false);
}

/** Released types that have not been listed well since. */
function stillBelieved({ user, failing }: Run, seen: Map<Collection, number>) {
  const listed = [...seen.keys()].map(({ codec }) => codec.record);
  const open = user.believeListing?.filter((r) => !listed.includes(r) || failing.has(r)) ?? [];
  return open.length > 0 ? open : undefined;
}

function report(run: Run, outcome: RunOutcome, reason?: string): void {
  const { clock, log } = run.engine;
  const why = reason ?? run.deferred?.reason;
  const { pull, publishedAt } = run.options;
  const lagMs =
    outcome === 'done' && publishedAt !== undefined
      ? Math.max(0, clock.now() - publishedAt)
      : undefined;
  log('sync.run', {
    userId: run.user.userId,
    outcome,
    ...(why !== undefined && { reason: why }),
    ...run.count,
    trigger: pull ? 'poll' : 'crm',
    ...(lagMs !== undefined && { lagMs }),
    ms: clock.now() - run.startedAt,
  });
}
