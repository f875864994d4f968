/** One run of one user: what its steps share, its lease, and what it makes pending again. */
import type { RecordType } from '../core/fields.ts';
import type { Lease, User } from '../core/records.ts';
import { RUN_RETRIES } from '../core/retry.ts';
import { DAY_MS } from '../core/time.ts';
import { SyncError } from '../errors.ts';
import type { Collection, GoogleSession, Result } from './collection.ts';
import { type Directory, openDirectory } from './directory.ts';
import type { Engine } from './engine.ts';

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
  /** By record type, how far this run is with reading Google's changes, if it does. */
  listing: Map<string, 'due' | 'underWay' | 'done'>;
  /** Types that this run lists whole. */
  full: Set<RecordType>;
  /** Links whose intents can only be planned once that is done. */
  waits: Set<string>;
  /** Types of which something is left for later: no more of them is begun in this run. */
  failing: Set<RecordType>;
  /** The first error that left something for later. */
  deferred: SyncError | undefined;
  /** The run has taken as long as it may; the rest is left to the next one. */
  outOfTime: boolean;
}

/** What a run was asked for. */
export interface RunOptions {
  /** Whether Google's changes are read: not at all, of the types that are due, or of all. */
  pull: boolean | 'due';
  /** When the message that asks for the run was published, ms since the epoch. */
  publishedAt?: number | undefined;
}

/** See runUser. */
export type RunOutcome = 'done' | 'busy' | 'later' | 'reauthorize' | 'notActive';

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
  session.rests = { ...user.rests };
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
    full: new Set(),
    waits: new Set(),
    failing: new Set(),
    deferred: undefined,
    outOfTime: false,
  };
}

/** The collections whose scope the user granted, those that are held as well. */
export const granted = (run: Run): Collection[] =>
  run.engine.collections.filter((c) => run.user.scopes?.includes(c.scope));

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

/** Google is about to notify us of what we did: remembered where the notification is judged. */
export function wrote(run: Run, { watch }: Collection, results: Result<unknown>[]): void {
  const count = results.filter((result) => result.ok).length;
  if (!watch || count === 0) return;
  const writes = (run.lease.writes ?? 0) + count;
  run.lease = { ...run.lease, wroteAt: run.engine.clock.now(), writes };
}

/** Makes pending again what sleeps until a time. */
export async function wake({ engine, user }: Run, until: number): Promise<void> {
  while ((await engine.store.wakeIntents(user.userId, until, CHUNK)) > 0);
}

/** Makes everything that the CRM ever said about the user's records pending again. */
export async function wakeAll({ engine, user, startedAt }: Run): Promise<void> {
  while ((await engine.store.wakeIntents(user.userId, startedAt, CHUNK, true)) > 0);
}
