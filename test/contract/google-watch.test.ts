import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { httpNotify } from '../sandbox/google/server.ts';
import { refusal, START, type Stage, stage } from '../sandbox/google/stage.ts';

const ANNA = 'anna@firm.example';
const calendarId = 'primary';
const DAY = 86_400_000;

interface Sent {
  id: string;
  headers: Record<string, string>;
}

async function silentStage(): Promise<{ google: Stage; sent: Sent[] }> {
  const sent: Sent[] = [];
  const google = await stage({ notify: ({ id }, headers) => sent.push({ id, headers }) });
  return { google, sent };
}

const insert = (google: Stage) =>
  google.phone(ANNA).events.insert({
    calendarId,
    requestBody: { start: { date: '2026-12-01' }, end: { date: '2026-12-02' } },
  });

const channel = { id: 'ch-1', type: 'web_hook', address: 'https://hook.example/x', token: 't-1' };

test('google-contracts 1.6: watch: sync message number 1 first, then one that rises, with Google’s headers', async () => {
  const { google, sent } = await silentStage();
  await using _ = google;
  const client = google.app(ANNA);
  const { data } = await client.events.watch({ calendarId, requestBody: channel });
  assert.equal(data.expiration, String(START + 7 * DAY));
  await insert(google);
  assert.deepEqual(
    sent.map(({ headers }) => headers['x-goog-resource-state']),
    ['sync', 'exists'],
  );
  const [sync, exists] = sent.map(({ headers }) => headers);
  assert.equal(sync?.['x-goog-message-number'], '1');
  assert.ok(Number(exists?.['x-goog-message-number']) > 1);
  assert.equal(exists?.['x-goog-channel-token'], 't-1');
  assert.equal(exists?.['x-goog-resource-id'], data.resourceId);
  assert.equal(exists?.['x-goog-channel-expiration'], 'Mon, 30 Nov 2026 08:00:00 GMT');
});

test('google-contracts 1.6: a channel ends at its expiration, and the stricter wish wins', async () => {
  const { google, sent } = await silentStage();
  await using _ = google;
  const client = google.app(ANNA);
  const expiration = String(START + DAY);
  const { data } = await client.events.watch({
    calendarId,
    requestBody: { ...channel, expiration },
  });
  assert.equal(data.expiration, expiration);
  google.advance(DAY);
  await insert(google);
  assert.equal(sent.length, 1);
  const far = { ...channel, id: 'ch-2', expiration: String(START + 90 * DAY) };
  const fresh = google.app(ANNA);
  const long = await fresh.events.watch({ calendarId, requestBody: far });
  assert.equal(long.data.expiration, String(START + 8 * DAY));
});

test('google-contracts 1.6: what a channel must hold; ids are unique', async () => {
  const { google } = await silentStage();
  await using _ = google;
  const client = google.app(ANNA);
  const watch = (change: object) =>
    client.events.watch({ calendarId, requestBody: { ...channel, ...change } });
  await assert.rejects(watch({ id: 'x'.repeat(65) }), refusal(400, 'channelIdInvalid'));
  await assert.rejects(watch({ type: 'mail' }), refusal(400, 'channelUnknown'));
  await assert.rejects(
    watch({ address: 'http://hook.example/x' }),
    refusal(400, 'push.webhookUrlNotHttps'),
  );
  await assert.rejects(watch({ token: 'x'.repeat(257) }), refusal(400, 'invalid'));
  await watch({});
  await assert.rejects(watch({}), refusal(400, 'channelIdNotUnique'));
});

test('google-contracts 1.6: stop needs id and resourceId, the same user and the same client', async () => {
  const { google, sent } = await silentStage();
  await using _ = google;
  const client = google.app(ANNA);
  const { data } = await client.events.watch({ calendarId, requestBody: channel });
  const { id, resourceId } = data;
  const requestBody = { id: id as string, resourceId: resourceId as string };
  const missing = refusal(404, 'notFound');
  await assert.rejects(
    client.channels.stop({ requestBody: { ...requestBody, resourceId: 'x' } }),
    missing,
  );
  await assert.rejects(google.app('ben@firm.example').channels.stop({ requestBody }), missing);
  await assert.rejects(google.phone(ANNA).channels.stop({ requestBody }), missing);
  await client.channels.stop({ requestBody });
  await insert(google);
  assert.equal(sent.length, 1);
});

test('google-contracts 1.6: the server posts notifications with an empty body', async () => {
  let arrived: (value: { headers: IncomingHttpHeaders; body: string }) => void;
  const arrival = new Promise<{ headers: IncomingHttpHeaders; body: string }>((resolve) => {
    arrived = resolve;
  });
  const hook = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    res.writeHead(204).end();
    arrived({ headers: req.headers, body });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const { port } = hook.address() as AddressInfo;
  await using google = await stage({}, { prefix: '/google' });
  const address = `http://127.0.0.1:${port}/hook`;
  await google.app(ANNA).events.watch({ calendarId, requestBody: { ...channel, address } });
  const { headers, body } = await arrival;
  assert.equal(body, '');
  assert.equal(headers['x-goog-resource-state'], 'sync');
  assert.match(headers['user-agent'] ?? '', /^APIs-Google/);
  hook.closeAllConnections();
  await new Promise((resolve) => hook.close(resolve));
});

test('google-contracts 1.6: what is answered 503 comes again, what is refused otherwise does not', async () => {
  for (const [code, times] of [
    [503, 2],
    [404, 1],
  ] as const) {
    const answers: number[] = [];
    const hook = createServer((req, res) => {
      req.resume();
      answers.push(answers.length === 0 ? code : 204);
      res.writeHead(answers.at(-1) ?? 204).end();
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    const { port } = hook.address() as AddressInfo;
    const ended = new Promise<number>((resolve) => {
      const notify = httpNotify({}, () => resolve);
      notify({ id: 'c', address: `http://127.0.0.1:${port}/`, user: ANNA }, {});
    });
    assert.equal(await ended, code === 503 ? 204 : code);
    assert.equal(answers.length, times);
    hook.closeAllConnections();
    await new Promise((resolve) => hook.close(resolve));
  }
});
