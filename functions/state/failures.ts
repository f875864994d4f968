/** Firestore's errors in the words of the ports. */
import { SyncError } from '../errors.ts';

/**
 * gRPC codes of failures that pass. The others (INVALID_ARGUMENT, OUT_OF_RANGE, UNIMPLEMENTED ...) are
 * our own mistakes: repeating does not help, so they stay what they are and are seen.
 */
const passing: { [code: number | string]: string } = {
  1: 'cancelled',
  2: 'unknown',
  4: 'deadline',
  5: 'notFound',
  7: 'permissionDenied',
  8: 'resourceExhausted',
  9: 'failedPrecondition',
  10: 'contention',
  13: 'internal',
  14: 'unavailable',
  16: 'unauthenticated',
  ECONNREFUSED: 'network',
  ECONNRESET: 'network',
  ENOTFOUND: 'network',
  ETIMEDOUT: 'network',
  EAI_AGAIN: 'network',
};

/** True when a conditional write came too late: another one was there first. */
export function isConflict(error: unknown): boolean {
  // NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, ABORTED
  return [5, 6, 9, 10].includes(codeOf(error) as number);
}

/** What a Store method throws for an error of Firestore. */
export function asSyncError(error: unknown): unknown {
  if (error instanceof SyncError) return error;
  const code = codeOf(error);
  // The one INVALID_ARGUMENT that is nobody's mistake: a transaction that waited too long for locks.
  if (code === 3 && /transaction.*expired/i.test(String(error))) {
    return new SyncError('later', 'contention');
  }
  const reason = code === undefined ? undefined : passing[code];
  return reason === undefined ? error : new SyncError('later', reason);
}

function codeOf(error: unknown): number | string | undefined {
  return error instanceof Error ? (error as { code?: number | string }).code : undefined;
}
