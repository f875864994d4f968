import type { SyncError } from '../errors.ts';

/** Attempts of one call in one run, the first included. */
export const MAX_ATTEMPTS = 5;
/** Repetitions that one run may spend in all: a storm of refusals must lower the call rate. */
export const RUN_RETRIES = 20;
/**
 * Calls that an instance may repeat at one API at once, for all its users together: each call of a batch is
 * one, as it is for Google. It is the instance's share of what the project may spend ...
 */
export const INSTANCE_RETRIES = 300;
/** ... and how long it takes until it may repeat one more. */
export const REFILL_MS = 200;
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

/** A token bucket: how many calls an instance may still repeat at one API. */
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
