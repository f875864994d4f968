/**
 * Everything that can go wrong, as a closed set. The kind alone decides what happens next:
 *
 * | kind         | what happens                                                         |
 * | ------------ | -------------------------------------------------------------------- |
 * | retry        | the same call again in this run, within the retry budget             |
 * | later        | the work stays pending; Pub/Sub or the next poll comes back to it     |
 * | reauthorize  | no further call for this user until he or she connects again          |
 * | park         | this record is set aside with a reason; everything else goes on       |
 * | precondition | the other side changed in between: read again, plan again             |
 * | exists       | the id is taken: read it, then adopt or use the next generation       |
 * | gone         | the object is not there (any more): an observation, not a failure     |
 * | resync       | the cursor is no longer valid: full sync                              |
 * | lost         | the place that a collection lives in is gone: made anew and refilled  |
 */
export type ErrorKind =
  | 'retry'
  | 'later'
  | 'reauthorize'
  | 'park'
  | 'precondition'
  | 'exists'
  | 'gone'
  | 'resync'
  | 'lost';

/**
 * The only error type that crosses a port. `reason` is a short machine-readable word (Google's own
 * reason where there is one); it never holds a token, a text, a name or an address.
 */
export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly kind: ErrorKind;
  readonly reason: string;
  readonly status: number | undefined;
  /** From a Retry-After header, in ms: a floor for the next attempt. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: ErrorKind,
    reason: string,
    details?: { status?: number; retryAfterMs?: number },
  ) {
    super(`${kind}: ${reason}`);
    this.kind = kind;
    this.reason = reason;
    this.status = details?.status;
    this.retryAfterMs = details?.retryAfterMs;
  }
}

/** Google has refused the call: whatever it was to do has not happened. Other failures leave it open. */
export const saysNothingDone = (error: SyncError | undefined): boolean =>
  error?.status !== undefined && error.status >= 400 && error.status < 500 && error.status !== 408;

/** True for a SyncError, optionally of one of the given kinds. */
export function isSyncError(error: unknown, ...kinds: ErrorKind[]): error is SyncError {
  return error instanceof SyncError && (kinds.length === 0 || kinds.includes(error.kind));
}

/**
 * What a look that failed means for whoever needed it: nothing goes on without it. It is made again later,
 * but where the grant is refused: no run would get further.
 */
export const unseen = (error: SyncError | undefined): SyncError =>
  error?.kind === 'reauthorize' ? error : new SyncError('later', error?.reason ?? 'noAnswer');
