import assert from 'node:assert/strict';
import test from 'node:test';
import { SyncError } from '../../functions/errors.ts';
import { decodeBatch, encodeBatch } from '../../functions/google/batch.ts';
import { failureOf } from '../../functions/google/failure.ts';

const answer = (status: number, reason?: string, headers = {}) => ({
  status,
  headers,
  body: reason ? JSON.stringify({ error: { code: status, errors: [{ reason }] } }) : '',
});

test('a batch leaves the host out, keeps If-Match per part and carries the token once', () => {
  const call = encodeBatch(
    'https://g.example/x/batch/calendar/v3',
    'https://g.example/x',
    [
      {
        method: 'PATCH',
        url: 'https://g.example/x/calendar/v3/e/1?sendUpdates=none',
        headers: { 'content-type': 'application/json', 'if-match': '"1"', 'user-agent': 'u' },
        body: '{"summary":"ä"}',
      },
      { method: 'DELETE', url: 'https://g.example/x/calendar/v3/e/2', headers: {} },
    ],
    'Bearer t',
  );
  assert.equal(call.headers['content-type'], 'multipart/mixed; boundary=batch_crm_google_sync');
  assert.match(
    call.body ?? '',
    /PATCH \/calendar\/v3\/e\/1\?sendUpdates=none HTTP\/1\.1\r\ncontent-type: application\/json\r\nif-match: "1"\r\ncontent-length: 16\r\n\r\n\{"summary":"ä"\}/,
  );
  assert.doesNotMatch(call.body ?? '', /user-agent|authorization/i);
});

test('a boundary that occurs in a text is not used', () => {
  const calls = [
    { method: 'POST', url: 'https://g/a', headers: {}, body: '--batch_crm_google_sync--' },
  ];
  assert.match(
    encodeBatch('https://g/batch', 'https://g', calls, 'x').headers['content-type'] ?? '',
    /sync_$/,
  );
});

test('P22 parts are matched by Content-ID; a lost or broken one is 503', () => {
  const part = (id: number, status: string, body: string) =>
    `--b\r\nContent-Type: application/http\r\nContent-ID: <response-${id}>\r\n\r\nHTTP/1.1 ${status}\r\nETag: "e"\r\n\r\n${body}\r\n`;
  const body = `${part(2, '412 Precondition Failed', '{}')}${part(0, '200 OK', '{"id":"a"}')}--b\r\ngarbage\r\n--b--`;
  const answers = decodeBatch(
    { status: 200, headers: { 'content-type': 'multipart/mixed; boundary=b' }, body },
    3,
  );
  assert.deepEqual(
    answers.map((a) => a.status),
    [200, 503, 412],
  );
  assert.equal(answers[0]?.body, '{"id":"a"}');
  assert.equal(answers[0]?.headers.etag, '"e"');
  assert.throws(() => decodeBatch({ status: 200, headers: {}, body }, 3), SyncError);
});

test('C23 P18 P23 the status alone does not tell: 403 and 410 are judged by reason', () => {
  const cases: [number, string, string][] = [
    [403, 'rateLimitExceeded', 'retry'],
    [403, 'userRateLimitExceeded', 'retry'],
    [403, 'quotaExceeded', 'later'],
    [403, 'insufficientPermissions', 'reauthorize'],
    [403, 'forbiddenForNonOrganizer', 'park'],
    [429, 'rateLimitExceeded', 'retry'],
    [410, 'deleted', 'gone'],
    [410, 'fullSyncRequired', 'resync'],
    [410, 'updatedMinTooLongAgo', 'resync'],
    [404, 'notFound', 'gone'],
    [409, 'duplicate', 'exists'],
    [409, 'conflict', 'retry'],
    [412, 'conditionNotMet', 'precondition'],
    [400, 'invalid', 'park'],
    [500, 'backendError', 'retry'],
    [503, '', 'retry'],
  ];
  for (const [status, reason, kind] of cases) {
    assert.equal(failureOf(answer(status, reason))?.kind, kind, `${status} ${reason}`);
  }
  assert.equal(failureOf(answer(204)), undefined);
  assert.equal(failureOf(answer(429, 'x', { 'retry-after': '7' }))?.retryAfterMs, 7000);
});

test('P35 a reason that is no word never gets into an error', () => {
  assert.equal(failureOf(answer(400, 'Anna Keller <anna@firm.example>'))?.reason, 'unknown');
});
