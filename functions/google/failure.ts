import { type ErrorKind, SyncError } from '../errors.ts';
import type { HttpAnswer } from './http.ts';

/** Google's reasons for a 403 that is a quota, not a permission. */
const RATE = ['rateLimitExceeded', 'userRateLimitExceeded'];

/**
 * Judges an answer: undefined when it is a success. The status alone does not tell: a 403 can be a
 * rate limit, a 410 an expired token or a second delete.
 * https://developers.google.com/workspace/calendar/api/guides/errors
 */
export function failureOf(answer: HttpAnswer): SyncError | undefined {
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  const reason = reasonOf(answer);
  const retryAfterMs = retryAfter(answer.headers['retry-after']);
  const details = { status, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return new SyncError(kindOf(status, reason), reason, details);
}

function kindOf(status: number, reason: string): ErrorKind {
  if (status === 401) return 'later';
  if (status === 403) {
    if (RATE.includes(reason)) return 'retry';
    // The calendar's own abuse limit: hours, not seconds.
    if (reason === 'quotaExceeded' || reason === 'dailyLimitExceeded') return 'later';
    if (reason === 'insufficientPermissions' || reason === 'ACCESS_TOKEN_SCOPE_INSUFFICIENT') {
      return 'reauthorize';
    }
    return 'park';
  }
  if (status === 404) return 'gone';
  if (status === 408 || status === 429 || status >= 500) return 'retry';
  if (status === 409) return 'exists';
  if (status === 410) return reason === 'deleted' ? 'gone' : 'resync';
  if (status === 412) return 'precondition';
  return 'park';
}

function reasonOf(answer: HttpAnswer): string {
  try {
    const error = (JSON.parse(answer.body) as { error?: unknown }).error;
    if (typeof error === 'string') return word(error);
    const details = error as { errors?: { reason?: string }[]; status?: string } | undefined;
    return word(details?.errors?.[0]?.reason ?? details?.status ?? `http${answer.status}`);
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
