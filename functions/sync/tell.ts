import type { GoogleChange } from '../core/messages.ts';
import { type OutboxPage, outboxPages } from '../core/outbox.ts';
import { SyncError } from '../errors.ts';
import type { Commit } from './ports.ts';
import type { Run } from './run.ts';

/**
 * Tells the CRM what the run found or did, as long as the run holds its lease: later than that somebody
 * else may have told newer values, and no etag protects the CRM from old ones (P14). Throws SyncError
 * `later`/`leaseLost`.
 */
export async function tellCrm(run: Run, notices: GoogleChange[]): Promise<void> {
  if (notices.length === 0) return;
  assertHeld(run);
  await run.engine.publisher.googleChanges(notices);
}

function assertHeld({ engine, lease }: Run): void {
  if (engine.clock.now() >= lease.expiresAt) throw new SyncError('later', 'leaseLost');
}

/**
 * Applies a commit and tells the CRM what it says. The messages are stored in the same transaction: told
 * before it, the CRM could know what we have forgotten; told after it alone, a crash would swallow them
 * (P17). The lease is given back after that only, so that nobody tells newer things first. Resolves to
 * whether it was.
 */
export async function commitAndTell(
  run: Run,
  commit: Commit,
  notices: GoogleChange[],
  release: boolean,
): Promise<boolean> {
  const { store } = run.engine;
  if (notices.length === 0) return (await store.commit(run.lease, commit, release)).released;
  assertHeld(run);
  const { userId, fence } = run.lease;
  const outbox = outboxPages(notices, { userId, run: fence, part: run.parts });
  run.parts += outbox.length;
  const leftOver = run.lease.outbox;
  run.lease = { ...run.lease, outbox: true };
  await store.commit(run.lease, { ...commit, outbox }, false);
  return tellStored(run, leftOver ? await store.outboxOf(userId) : outbox, release);
}

/** Tells what was stored for the CRM by a run that died, or could not tell it. */
export async function tellLeftOver(run: Run): Promise<void> {
  if (!run.lease.outbox) return;
  await tellStored(run, await run.engine.store.outboxOf(run.user.userId), false);
}

async function tellStored(run: Run, outbox: OutboxPage[], release: boolean): Promise<boolean> {
  for (const { messages } of outbox) await tellCrm(run, messages);
  const sent = outbox.map(({ run, part }) => ({ run, part }));
  const { outbox: _, ...lease } = run.lease;
  const { released } = await run.engine.store.commit(lease, { sent }, release);
  run.lease = lease;
  return released;
}
