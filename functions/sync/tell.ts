import type { GoogleChange } from '../core/messages.ts';
import { SyncError } from '../errors.ts';
import type { Run } from './run.ts';

/**
 * Tells the CRM what the run found or did, as long as the run holds its lease: later than that somebody
 * else may have told newer values, and no etag protects the CRM from old ones (P14). Throws SyncError
 * `later`/`leaseLost`.
 */
export async function tellCrm(run: Run, notices: GoogleChange[]): Promise<void> {
  if (notices.length === 0) return;
  if (run.engine.clock.now() >= run.lease.expiresAt) throw new SyncError('later', 'leaseLost');
  await run.engine.publisher.googleChanges(notices);
}
