/** Refusals of the People API, in google.rpc's form (google-contracts 3). */
import { ApiError } from '../protocol.ts';

/** 400 for a request that cannot be read. */
export function invalidArgument(message: string): ApiError {
  return new ApiError(400, 'badRequest', message, { status: 'INVALID_ARGUMENT' });
}

/** 400 with the reason failedPrecondition: a stale etag, for example. */
export function failedPrecondition(message: string, details: readonly object[] = []): ApiError {
  return new ApiError(400, 'failedPrecondition', message, {
    status: 'FAILED_PRECONDITION',
    details,
  });
}

/** [V] 3: an expired sync token is 400 with ErrorInfo's reason EXPIRED_SYNC_TOKEN, not 410. */
export function expiredSyncToken(): ApiError {
  return failedPrecondition(
    'Sync token is expired. Clear local cache and retry call without the sync token.',
    [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'EXPIRED_SYNC_TOKEN',
        domain: 'people.googleapis.com',
      },
    ],
  );
}

export function staleEtag(): ApiError {
  return failedPrecondition(
    'Request person.etag is different than the current person.etag. Clear local cache and get the latest person.',
  );
}

export function unknownEntity(): ApiError {
  return new ApiError(404, 'notFound', 'Requested entity was not found.', { status: 'NOT_FOUND' });
}

export function alreadyExists(message: string): ApiError {
  return new ApiError(409, 'alreadyExists', message, { status: 'ALREADY_EXISTS' });
}
