import type { SyncError } from '../errors.ts';

/** Attempts of one call in one run, the first included. */
export const MAX_ATTEMPTS = 5;
/** Repetitions that one run may spend in all: a storm of refusals must lower the call rate. */
export const RUN_RETRIES = 20;
const FIRST_MS = 500;
const CAP_MS = 32_000;

/**
 * How long to wait before the next attempt, in ms; undefined: give up for this run. Truncated
 * exponential backoff with full jitter; Retry-After is a floor.
 * https://developers.google.com/workspace/calendar/api/guides/quota
 */
export function retryDelay(
  error: SyncError,
  attempt: number,
  retriesLeft: number,
  random: number,
): number | undefined {
  if (error.kind !== 'retry' || attempt >= MAX_ATTEMPTS || retriesLeft <= 0) return undefined;
  const floor = error.retryAfterMs ?? 0;
  // Longer than we may hold the user's lease for: somebody else comes back to it.
  if (floor > CAP_MS) return undefined;
  return floor + random * Math.min(CAP_MS, FIRST_MS * 2 ** (attempt - 1));
}
