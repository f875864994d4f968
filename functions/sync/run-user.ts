/**
 * One user's sync: observe, plan, execute, commit; under a lease, so that no two workers touch one
 * user's calendar at a time (P25).
 */
import { dueNow, isDue, rangMore } from '../core/polls.ts';
import type { Lease, User } from '../core/records.ts';
import { isSyncError } from '../errors.ts';
import { parkFormer } from './account.ts';
import { keepChannels } from './channels.ts';
import { checkGrant, isUnseen } from './check.ts';
import type { Collection } from './collection.ts';
import { drain } from './drain.ts';
import type { Engine } from './engine.ts';
import { clearAway, erase } from './erase.ts';
import { GROUP_CHANGED } from './execute.ts';
import { takeOutHandedOver } from './handed-over.ts';
import { alone } from './isolation.ts';
import { leave } from './leave.ts';
import { settlePlaces } from './places.ts';
import { pull } from './pull.ts';
import { pullAll } from './pull-due.ts';
import { recheckAsked } from './recheck.ts';
import { openRun, type Run, type RunOptions, type RunOutcome, wakeAll } from './run.ts';
import { tellLeftOver } from './tell.ts';
import { announce, enter, reauthorize } from './user-state.ts';

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
  return underLease(engine, userId, isRunnable, (run) => runWithLease(run, options), options);
}

/**
 * Does a run's work under the user's lease, as runUser does; the work gives the lease back. A user who is
 * not `isReady` any more is left to whoever comes back.
 */
export async function underLease(
  engine: Engine,
  userId: string,
  isReady: (user: User) => boolean,
  work: (run: Run) => Promise<RunOutcome>,
  options: RunOptions = { pull: false },
): Promise<RunOutcome> {
  const { store, clock, settings } = engine;
  const now = clock.now();
  const lease = await store.acquireLease(userId, engine.holder(), now, settings.leaseMs);
  if (!lease) return 'busy';
  const user = await userUnder(engine, lease);
  if (!user || !isReady(user)) {
    await store.dropLease(lease);
    return 'later';
  }
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
  } finally {
    await keepRests(run);
  }
}

/** What Google asked to wait for is longer than the pause after which the message comes again. */
async function keepRests({ engine, user, session: { rests } }: Run): Promise<void> {
  if (Object.entries(rests).every(([way, until]) => user.rests?.[way] === until)) return;
  const now = engine.clock.now();
  const open = Object.fromEntries(Object.entries(rests).filter(([, until]) => until > now));
  const keep = (stored: User | undefined) => stored && { ...stored, rests: open };
  // Where the store is away, the next run's first call is refused once more.
  await engine.store.updateUser(user.userId, keep).catch((error: unknown) => {
    if (!isSyncError(error)) throw error;
  });
}

/**
 * The user as the last run left him or her. Read before the lease was taken, the place where objects live,
 * what was announced and what is listed may be those before that run.
 */
async function userUnder({ store }: Engine, lease: Lease): Promise<User | undefined> {
  try {
    return await store.getUser(lease.userId);
  } catch (error) {
    await store.dropLease(lease).catch(() => {});
    throw error;
  }
}

/** Paused and reauthorize wait; whoever leaves, or is erased, has one more run. */
const isRunnable = (user: User) =>
  user.erase ||
  (user.leaving !== undefined
    ? user.state !== 'disconnected'
    : user.enabled && user.state === 'active');

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
  await recheckAsked(run);
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

/**
 * Types that are on now and were not in the last run: what waited for them is looked at again. Resolves
 * to the collections that have been listed on this occasion, and how many changes each brought.
 */
async function begin(run: Run, options: RunOptions): Promise<Map<Collection, number>> {
  const isNew = ({ codec }: Collection) => !run.user.records?.includes(codec.record);
  // Before anything is inserted where Google takes no id from us, it is known what is there.
  const isFirst = ({ find }: Collection) => find !== undefined;
  const fresh = run.collections.filter((c) => isNew(c) && (options.pull || isFirst(c)));
  const anew = options.pull && run.user.firstSyncAt === undefined;
  if (fresh.length > 0 || anew) await wakeAll(run);
  for (const collection of fresh)
    await alone(run, collection, () => takeOutHandedOver(run, collection));
  const listed = new Map<Collection, number>();
  for (const collection of fresh.filter(isFirst)) {
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

/** Whoever waits for a listing shall not wait for the next poll. */
async function askForListing({ engine, user }: Run): Promise<void> {
  const now = engine.clock.now();
  await engine.store.updateUser(user.userId, (stored) => stored && dueNow(stored, now));
  await engine.publisher.syncUsers([user.userId]);
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
    ...(run.full.size > 0 && { full: [...run.full] }),
    trigger: pull ? 'poll' : 'crm',
    ...(lagMs !== undefined && { lagMs }),
    ms: clock.now() - run.startedAt,
  });
}
