import type { SyncError } from '../errors.ts';

/** Attempts of one call in one run, the first included. */
export const MAX_ATTEMPTS = 5;
/** Repetitions that one run may spend in all: a storm of refusals must lower the call rate. */
export const RUN_RETRIES = 20;
/** Repetitions that an instance may spend on one API at once, for all its users together ... */
export const INSTANCE_RETRIES = 60;
/** ... and how long it takes until it may spend one more. */
export const REFILL_MS = 1_000;
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

/** A token bucket: what an instance may still spend on repetitions of one API. */
export interface RetryBudget {
  left: number;
  /** When `left` was true, ms since the epoch. */
  at: number;
}

/**
 * The budget as it has filled up by now. Users share the project's quota: when Google refuses all of
 * them, each with twenty repetitions of its own would make the storm twenty times larger.
 */
export function refilled({ left, at }: RetryBudget, now: number): RetryBudget {
  // A clock that is set back fills nothing, and must not empty it either.
  const gained = Math.max(0, now - at) / REFILL_MS;
  return { left: Math.min(INSTANCE_RETRIES, left + gained), at: now };
}
