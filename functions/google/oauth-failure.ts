/** What failed at Google's OAuth endpoints, as errors of ours. */
import { gaxios } from 'google-auth-library';
import { z } from 'zod';
import { isSyncError, SyncError } from '../errors.ts';

/** For `catch`. */
export function rethrow(error: unknown): never {
  throw toSyncError(error);
}

/** From the answer's status and its `error` word alone: no token, code or answer body is part of it. */
export function toSyncError(error: unknown): SyncError {
  if (isSyncError(error)) return error;
  if (!(error instanceof gaxios.GaxiosError)) return new SyncError('later', 'tokenAnswer');
  const { response } = error;
  if (response === undefined) return new SyncError('later', 'network');
  const { status } = response;
  const word = z.object({ error: z.string().regex(/^[a-z_]{1,40}$/) }).safeParse(response.data);
  const reason = word.success ? word.data.error : `http${status}`;
  if (reason === 'invalid_grant') return new SyncError('reauthorize', reason, { status });
  if (status >= 500 || status === 429 || status === 408) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    const wait = Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {};
    return new SyncError('later', reason, { status, ...wait });
  }
  return new SyncError('park', reason, { status });
}
