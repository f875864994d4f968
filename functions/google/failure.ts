import { type ErrorKind, SyncError } from '../errors.ts';
import type { HttpAnswer } from './http.ts';

/** Google's reasons for a 403 that is a quota, not a permission. */
const RATE = ['rateLimitExceeded', 'userRateLimitExceeded', 'RATE_LIMIT_EXCEEDED'];
/** The calendar's own limit of what looks like abuse, and what a day allows: hours, not seconds. */
const FOR_HOURS = ['quotaExceeded', 'dailyLimitExceeded'];
const HOUR_MS = 3_600_000;
/** Reasons that only an answer's details hold. */
const DETAILS = ['EXPIRED_SYNC_TOKEN', 'ACCESS_TOKEN_SCOPE_INSUFFICIENT'];

/**
 * Judges an answer: undefined when it is a success. The status alone does not tell: a 403 can be a
 * rate limit, a 410 an expired token or a second delete.
 * https://developers.google.com/workspace/calendar/api/guides/errors
 */
export function failureOf(answer: HttpAnswer): SyncError | undefined {
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  // The status alone must not park a record whose answer was cut short.
  if (isCut(answer)) return new SyncError('retry', 'unreadableAnswer', { status });
  const reason = reasonOf(answer);
  const asked = retryAfter(answer.headers['retry-after']);
  const retryAfterMs = asked ?? (FOR_HOURS.includes(reason) ? HOUR_MS : undefined);
  const details = { status, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return new SyncError(kindOf(status, reason), reason, details);
}

/** What an answer with this status and reason means. */
export function kindOf(status: number, reason: string): ErrorKind {
  if (status === 401) return 'later';
  if (status === 403) {
    if (RATE.includes(reason)) return 'retry';
    if (FOR_HOURS.includes(reason)) return 'later';
    if (reason === 'insufficientPermissions' || reason === 'ACCESS_TOKEN_SCOPE_INSUFFICIENT') {
      return 'reauthorize';
    }
    return 'park';
  }
  if (status === 404) return 'gone';
  if (status === 408 || status === 429 || status >= 500) return 'retry';
  // Calls of a batch can get into each other's way: that says nothing of the id (google-contracts 1.4).
  if (status === 409) return reason === 'conflict' ? 'retry' : 'exists';
  if (status === 410) return reason === 'deleted' ? 'gone' : 'resync';
  if (status === 412) return 'precondition';
  // People's own ways of saying 410 and 412; other 400s stay what they are (C09, C10).
  if (reason === 'EXPIRED_SYNC_TOKEN') return 'resync';
  if (reason === 'failedPrecondition' || reason === 'FAILED_PRECONDITION') return 'precondition';
  return 'park';
}

/** It says that it is JSON, and is not: its end is missing. Others, a proxy's for example, say what they are. */
function isCut({ headers, body }: HttpAnswer): boolean {
  if (!headers['content-type']?.includes('json')) return false;
  try {
    JSON.parse(body);
    return false;
  } catch {
    return true;
  }
}

/** https://cloud.google.com/apis/design/errors: older APIs fill `errors`, newer ones `details`. */
interface GoogleError {
  errors?: { reason?: string }[];
  details?: { reason?: string }[];
  status?: string;
}

function reasonOf(answer: HttpAnswer): string {
  try {
    const error = (JSON.parse(answer.body) as { error?: unknown }).error;
    if (typeof error === 'string') return word(error);
    const { errors, details, status } = (error ?? {}) as GoogleError;
    const info = details?.find((detail) => DETAILS.includes(detail.reason ?? ''));
    return word(info?.reason ?? errors?.[0]?.reason ?? status ?? `http${answer.status}`);
  } catch {
    return `http${answer.status}`;
  }
}

/** Reasons go into logs and messages: only a word may pass, never a text. */
const word = (text: string) => (/^[A-Za-z_]{1,60}$/.test(text) ? text : 'unknown');

/** Seconds, or an HTTP date (measured against the answer's own clock would need its Date: ignored). */
function retryAfter(header: string | undefined): number | undefined {
  const secs = Number(header);
  return header !== undefined && Number.isFinite(secs) && secs >= 0 ? secs * 1000 : undefined;
}
