/** Calls of Google's APIs: captured from googleapis, sent by us, repeated by us alone. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { calendar as createCalendar } from '@googleapis/calendar';
import { INSTANCE_RETRIES, MAX_ATTEMPTS, RUN_RETRIES } from '../../functions/core/retry.ts';
import { createApiClient } from '../../functions/google/client.ts';
import type { HttpAnswer, HttpCall } from '../../functions/google/http.ts';
import type { Rests } from '../../functions/sync/collection.ts';

const api = createCalendar('v3');
const error = (status: number, reason: string, headers = {}): HttpAnswer => ({
  status,
  headers,
  body: JSON.stringify({ error: { code: status, errors: [{ reason }] } }),
});

/** A client whose every request is answered alike, and what it sent and waited. */
function against(answer: (call: HttpCall) => HttpAnswer) {
  const sent: HttpCall[] = [];
  const waits: number[] = [];
  let now = 0;
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      waits.push(ms);
      now += ms;
    },
  };
  const client = createApiClient({
    name: 'calendar',
    root: 'https://google.example',
    batchPath: '/batch/calendar/v3',
    send: async (call) => {
      sent.push(call);
      return answer(call);
    },
    clock,
    random: () => 0,
    log: () => {},
  });
  const session = () => ({
    userId: 'anna',
    accessToken: async () => 'token',
    invalidate: () => {},
    retriesLeft: RUN_RETRIES,
    until: Number.POSITIVE_INFINITY,
    rests: {} as Rests,
  });
  const advance = (ms: number) => {
    now += ms;
  };
  return { client, sent, waits, session, advance };
}

type Against = ReturnType<typeof against>;
const get = ({ client }: Against) =>
  client.capture((o) => api.events.get({ calendarId: 'primary', eventId: 'e' }, o));

const put = ({ client }: Against) =>
  client.capture((o) => api.events.update({ calendarId: 'p', eventId: 'e', requestBody: {} }, o));

test('P29 a 500 is sent once for each attempt of ours: gaxios repeats nothing', async () => {
  const calls: { [method: string]: (a: Against) => Promise<{ call: HttpCall }> } = {
    GET: get,
    PUT: put,
    PATCH: ({ client }) =>
      client.capture((o) =>
        api.events.patch({ calendarId: 'p', eventId: 'e', requestBody: {} }, o),
      ),
    POST: ({ client }) =>
      client.capture((o) => api.events.insert({ calendarId: 'p', requestBody: {} }, o)),
    DELETE: ({ client }) =>
      client.capture(async (o) => {
        await api.events.delete({ calendarId: 'p', eventId: 'e' }, o);
        return { data: undefined };
      }),
  };
  for (const [method, capture] of Object.entries(calls)) {
    const google = against(() => error(500, 'backendError'));
    const call = await capture(google);
    assert.equal(google.sent.length, 0, `${method}: capturing sends nothing`);
    const [result] = await google.client.perform(google.session(), [call]);
    assert.deepEqual(
      google.sent.map((s) => s.method),
      new Array(MAX_ATTEMPTS).fill(method),
    );
    assert.ok(!result?.ok && result?.error.kind === 'later');
  }
});

test('P16 an answer that was cut short, be it right behind its head, is lost; a 204 has no body', async () => {
  for (const [answer, tries, ok] of [
    [{ status: 200, headers: {}, body: '' }, MAX_ATTEMPTS, false],
    [{ status: 200, headers: {}, body: '{"id":' }, MAX_ATTEMPTS, false],
    [{ status: 204, headers: {}, body: '' }, 1, true],
  ] as const) {
    const google = against(() => answer);
    const [result] = await google.client.perform(google.session(), [await get(google)]);
    assert.deepEqual([result?.ok, google.sent.length], [ok, tries]);
  }
});

test('C24 a refusal that was cut short parks no record; one in words of another kind does', async () => {
  const json = { 'content-type': 'application/json; charset=UTF-8' };
  for (const [answer, kind] of [
    [{ status: 403, headers: json, body: '{"error":{"errors":[{"rea' }, 'later'],
    [{ status: 400, headers: json, body: '' }, 'later'],
    [{ status: 400, headers: { 'content-type': 'text/html' }, body: '<p>Bad' }, 'park'],
  ] as const) {
    const google = against(() => answer);
    const [result] = await google.client.perform(google.session(), [await get(google)]);
    assert.ok(!result?.ok && result?.error.kind === kind);
  }
});

test('P29 Retry-After is waited for at least', async () => {
  const google = against(() => error(429, 'rateLimitExceeded', { 'retry-after': '7' }));
  await google.client.perform(google.session(), [await get(google)]);
  assert.deepEqual(google.waits, new Array(MAX_ATTEMPTS - 1).fill(7000));
});

test('P29 C23 a storm: all users of an instance share what may be repeated, and recovery does not stampede', async () => {
  const google = against(() => error(403, 'rateLimitExceeded'));
  const call = await get(google);
  const users = 200;
  for (let i = 0; i < users; i++) await google.client.perform(google.session(), [call]);
  assert.equal(google.sent.length, users + INSTANCE_RETRIES);
  google.sent.length = 0;
  google.advance(2_000);
  for (let i = 0; i < users; i++) await google.client.perform(google.session(), [call]);
  assert.equal(google.sent.length, users + 10, 'two seconds, ten more');
});

test('P29 C23 a storm: each call of a batch counts, as it does for Google', async () => {
  const google = against(() => error(403, 'rateLimitExceeded'));
  const calls = new Array(50).fill(await get(google));
  for (let i = 0; i < 20; i++) await google.client.perform(google.session(), calls);
  assert.equal(google.sent.length, 20 + INSTANCE_RETRIES / 50);
});

test('P29 C23 what Google asks to wait for longer than a run may wait is kept to by the runs to come', async () => {
  const answer = { now: error(429, 'rateLimitExceeded', { 'retry-after': '300' }) };
  const google = against(() => answer.now);
  const call = await get(google);
  const session = google.session();
  const next = () => ({ ...google.session(), rests: session.rests });
  await google.client.perform(session, [call]);
  assert.deepEqual([google.sent.length, google.waits], [1, []]);
  const [early] = await google.client.perform(next(), [call]);
  assert.ok(
    early?.ok === false && early.error.kind === 'later' && early.error.reason === 'resting',
  );
  assert.equal(google.sent.length, 1, 'no call');
  await google.client.perform(next(), [await put(google)]);
  assert.equal(google.sent.length, 2, 'writing is limited apart');
  google.advance(300_000);
  answer.now = error(403, 'quotaExceeded');
  await google.client.perform(next(), [call]);
  assert.equal(google.sent.length, 3);
  google.advance(59 * 60_000);
  await google.client.perform(next(), [call]);
  assert.equal(google.sent.length, 3, 'hours, not seconds');
  google.advance(60_000);
  await google.client.perform(next(), [call]);
  assert.equal(google.sent.length, 4);
});

test('P29 a permission that is missing is never asked for again', async () => {
  for (const [reason, sent] of [
    ['forbidden', 1],
    ['forbiddenForNonOrganizer', 1],
    // Once more with a fresh token.
    ['insufficientPermissions', 2],
  ] as const) {
    const google = against(() => error(403, reason));
    await google.client.perform(google.session(), [await get(google)]);
    assert.equal(google.sent.length, sent, reason);
  }
});
