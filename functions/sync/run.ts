/**
 * One user's sync: observe, plan, execute, commit; under a lease, so that no two workers touch one
 * user's calendar at a time (P25).
 */

import { dueNow, isDue, nextPoll, UNWATCHABLE } from '../core/polls.ts';
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
import { GROUP_CHANGED } from './execute.ts';
import { leave } from './leave.ts';
import { executeIntents } from './members.ts';
import { settlePlaces } from './places.ts';
import { pull } from './pull.ts';
import { announce, enter, reauthorize } from './user-state.ts';
import { yieldTaken } from './yield.ts';

/** Intents that one commit takes in: bounds memory and what a crash has to do again. */
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
  /** By record type, whether Google's changes are read in this run: later on, or already (to be). */
  listing: Map<string, 'due' | 'done'>;
  /** Some intents can only be planned once that is done. */
  waits: boolean;
  /** The first error that left something for later. */
  deferred: SyncError | undefined;
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
  if (!user || !isRunnable(user)) {
    if (user && isUnseen(user, engine.clock.now())) await checkGrant(engine, user);
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

/** Paused and reauthorize wait; whoever leaves has one more run. */
const isRunnable = (user: User) =>
  user.leaving !== undefined
    ? user.state !== 'disconnected'
    : user.enabled && user.state === 'active';

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
    listing: new Map(),
    waits: false,
    deferred: undefined,
  };
}

async function runWithLease(run: Run, options: RunOptions): Promise<RunOutcome> {
  if (run.user.leaving) return leave(run, run.user.leaving);
  if (!hasScopesOfToday(run)) return askForScopes(run);
  // Newly connected: what waited, also for a scope that was missing, is looked at again.
  const anew = options.pull && run.user.firstSyncAt === undefined;
  if ((await announce(run)) || anew) await wakeAll(run);
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
  if (options.pull) {
    const channels = await keepChannels(run);
    if (due.length > 0) await pullAll(run, due, channels);
  }
  await drain(run, true);
  if (run.deferred?.reason === GROUP_CHANGED && due.length < run.collections.length)
    await askForListing(run);
  return run.deferred ? 'later' : 'done';
}

/** Whoever waits for a listing shall not wait for the next poll. */
async function askForListing({ engine, user }: Run): Promise<void> {
  const now = engine.clock.now();
  await engine.store.updateUser(user.userId, (stored) => stored && dueNow(stored, now));
  await engine.publisher.syncUsers([user.userId]);
}

/** Pulls collections, and once more what Google notified of meanwhile. */
async function pullAll(run: Run, all: Collection[], channels: Channels): Promise<void> {
  const { store, clock, settings } = run.engine;
  await store.wakeIntents(run.user.userId, run.startedAt, CHUNK);
  for (const { codec } of all) run.listing.set(codec.record, 'due');
  await drain(run, false);
  for (const { codec } of all) run.listing.set(codec.record, 'done');
  for (let due = all; due.length > 0; ) {
    const seen = await pullSome(run, due, channels);
    await finishPull(run, seen, channels);
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
  const begun = { step: 'begun' as const, now: clock.now(), writes };
  const watched = due.filter(({ codec }) => channels.has(codec.record));
  const polls = Object.fromEntries(watched.map(({ codec }) => [codec.record, begun]));
  if (watched.length > 0) await store.commit(run.lease, { polls }, false);
  const seen = new Map<Collection, number>();
  for (const collection of due) {
    const before = run.count.googleChanges;
    await pull(run, collection);
    seen.set(collection, run.count.googleChanges - before);
  }
  return seen;
}

/** The collections whose scope the user granted. */
export const granted = (run: Run): Collection[] =>
  run.engine.collections.filter((c) => run.user.scopes?.includes(c.scope));

/** Works off pending intents until there are none; with `release`, gives the lease back then. */
async function drain(run: Run, release: boolean): Promise<void> {
  const { store, clock, settings } = run.engine;
  for (;;) {
    const intents = await store.pendingIntents(run.user.userId, CHUNK);
    // What was left for later in this run stays pending: taking it up again would spin.
    const out = run.deferred !== undefined || clock.now() - run.startedAt > settings.runMs;
    const works = out ? [] : intents;
    const last = out || intents.length < CHUNK;
    const released = await drainChunk(run, works, release && last);
    if (out && intents.length > 0 && !run.deferred)
      run.deferred = new SyncError('later', 'runTime');
    if (out && release && !released) return store.dropLease(run.lease);
    if (release ? released : last || run.waits) return;
  }
}

async function drainChunk(run: Run, intents: Intent[], release: boolean): Promise<boolean> {
  await keepLease(run);
  run.count.intents += intents.length;
  let released = false;
  const collections = new Map(run.collections.map((c) => [c.codec.record, c]));
  const off = intents.filter((i) => !collections.has(i.record));
  const parts = [...collections.values()]
    .map((collection) => ({
      collection,
      mine: intents.filter((i) => i.record === collection.codec.record),
    }))
    .filter(({ mine }) => mine.length > 0);
  for (const [at, { collection, mine }] of parts.entries()) {
    const executed = await executeIntents(run, collection, mine);
    released = await commitWorks(
      run,
      collection,
      executed,
      {},
      release && off.length === 0 && at === parts.length - 1,
    );
  }
  if (off.length > 0 || (parts.length === 0 && release)) {
    // The user granted no scope for these: they stay stored, and are looked at on connecting again.
    ({ released } = await run.engine.store.commit(run.lease, { consumed: off }, release));
  }
  return released;
}

/** Makes everything that the CRM ever said about the user's records pending again. */
export async function wakeAll(run: Run): Promise<void> {
  const { store } = run.engine;
  while ((await store.wakeIntents(run.user.userId, run.startedAt, CHUNK, true)) > 0);
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

/** `seen`: the collections that were pulled, and how many changes each brought. */
async function finishPull(
  run: Run,
  seen: Map<Collection, number>,
  channels: Channels,
): Promise<void> {
  const { store, clock, settings, random } = run.engine;
  const now = clock.now();
  const next = [...seen].map(([{ codec, watch }, changes]) => {
    const { pollMs, safetyMs } = settings;
    const channel = channels.get(codec.record);
    const polled = watch ? { first: pollMs, most: pollMs } : UNWATCHABLE;
    const often = channel ? { first: safetyMs, most: 2 * safetyMs, late: true } : polled;
    const { at, every } = nextPoll(
      run.user.polls?.[codec.record],
      changes > 0,
      often,
      now,
      random(),
    );
    return [codec.record, { step: 'pulled', at: Math.min(at, channel?.expiresAt ?? at), every }];
  });
  const user = {
    // What was left for later stays due for the message that comes again; the poll waits its time.
    ...(run.deferred && { nextPollAt: now + settings.pollMs }),
    lastSyncAt: now,
    firstSyncAt: run.user.firstSyncAt ?? now,
    // Once: the next listing that lacks so much is a person's business again.
    ...(run.user.believeListing && { believeListing: undefined }),
  };
  const polls = run.deferred ? {} : Object.fromEntries(next);
  await store.commit(run.lease, { user, polls }, false);
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
