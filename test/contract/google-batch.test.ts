import assert from 'node:assert/strict';
import test from 'node:test';
import { seeded } from '../sandbox/google/random.ts';
import { type Stage, stage } from '../sandbox/google/stage.ts';

const EVENTS = '/calendar/v3/calendars/primary/events';
const event = (summary: string) => ({
  summary,
  start: { date: '2026-12-01' },
  end: { date: '2026-12-02' },
});

interface Part {
  method: string;
  path: string;
  body?: object;
  headers?: string[];
  id?: string;
}

function multipart(parts: Part[], boundary = 'b1'): string {
  const chunks = parts.map(({ method, path, body, headers = [], id }) =>
    [
      `--${boundary}`,
      'Content-Type: application/http',
      ...(id ? [`Content-ID: <${id}>`] : []),
      '',
      `${method} ${path} HTTP/1.1`,
      ...headers,
      ...(body ? ['Content-Type: application/json', '', JSON.stringify(body)] : ['', '']),
    ].join('\r\n'),
  );
  return `${chunks.join('\r\n')}\r\n--${boundary}--\r\n`;
}

async function send(
  { url }: Stage,
  body: string,
  type = 'multipart/mixed; boundary=b1',
  authorization = 'Bearer user:anna@firm.example',
): Promise<{
  status: number;
  text: string;
  parts: { id: string; status: number; body: string }[];
}> {
  const answer = await fetch(`${url}/batch/calendar/v3`, {
    method: 'POST',
    headers: { 'content-type': type, authorization },
    body,
  });
  const text = await answer.text();
  const boundary = /boundary=(\S+)/.exec(answer.headers.get('content-type') ?? '')?.[1];
  const parts = boundary
    ? text
        .split(`--${boundary}`)
        .slice(1, -1)
        .map((chunk) => ({
          id: /Content-ID: (\S+)/i.exec(chunk)?.[1] ?? '',
          status: Number(/HTTP\/1\.1 (\d+)/.exec(chunk)?.[1]),
          body: chunk.split('\r\n\r\n').slice(2).join('\r\n\r\n').trim(),
        }))
    : [];
  return { status: answer.status, text, parts };
}

test('google-contracts 2: each part has its own status line and Content-ID response-<id>; nothing is atomic', async () => {
  await using google = await stage();
  const { status, parts } = await send(
    google,
    multipart([
      { method: 'POST', path: EVENTS, body: { ...event('One'), id: 'event1' }, id: 'a@x' },
      { method: 'GET', path: `${EVENTS}/missing`, id: 'b@x' },
      {
        method: 'POST',
        path: `${EVENTS}?sendUpdates=none`,
        body: event('Drei, größer'),
        id: 'c@x',
      },
    ]),
  );
  assert.equal(status, 200);
  assert.deepEqual(
    parts.map(({ id, status }) => [id, status]),
    [
      ['<response-a@x>', 200],
      ['<response-b@x>', 404],
      ['<response-c@x>', 200],
    ],
  );
  assert.equal(JSON.parse(parts[2]?.body ?? '').summary, 'Drei, größer');
  assert.equal(JSON.parse(parts[1]?.body ?? '').error.errors[0].reason, 'notFound');
});

test('google-contracts 2: If-Match is given per part', async () => {
  await using google = await stage();
  const { data } = await google
    .phone('anna@firm.example')
    .events.insert({ calendarId: 'primary', requestBody: event('One') });
  const path = `${EVENTS}/${data.id}`;
  const { parts } = await send(
    google,
    multipart([
      { method: 'PUT', path, body: event('No'), headers: ['If-Match: "1"'], id: 'stale' },
      { method: 'DELETE', path: `${EVENTS}/none`, id: 'gone' },
    ]),
  );
  assert.deepEqual(
    parts.map(({ status }) => status),
    [412, 404],
  );
  const fine = await send(
    google,
    multipart([{ method: 'DELETE', path, headers: [`If-Match: ${data.etag}`] }]),
  );
  assert.deepEqual([fine.parts[0]?.status, fine.parts[0]?.body, fine.parts[0]?.id], [204, '', '']);
});

test('google-contracts 2: the order of execution is not guaranteed, the order of the answers is', async () => {
  const orders = new Set<string>();
  for (const seed of [1, 2, 3, 4]) {
    await using google = await stage({ random: seeded(seed) });
    const order: number[] = [];
    google.workspace.stats.onCall(({ batch }) => order.push(batch?.index ?? -1));
    const parts = ['A', 'B', 'C', 'D'].map((summary) => ({
      method: 'POST',
      path: EVENTS,
      body: event(summary),
    }));
    const answer = await send(google, multipart(parts));
    const names = answer.parts.map(({ body }) => JSON.parse(body).summary).join('');
    assert.equal(names, 'ABCD');
    orders.add(order.join(''));
  }
  assert.ok(orders.size > 1);
});

test('google-contracts 2: malformed batches: trailing ";", host in a part, another API, too many calls', async () => {
  await using google = await stage();
  const one = { method: 'GET', path: EVENTS };
  const fine = multipart([one]);
  assert.equal((await send(google, fine)).status, 200);
  assert.equal((await send(google, fine, 'multipart/mixed; boundary=b1;')).status, 400);
  assert.equal((await send(google, fine, 'multipart/mixed')).status, 400);
  assert.equal((await send(google, fine.replace('--b1--', ''))).status, 400);
  for (const path of [`https://www.googleapis.com${EVENTS}`, '/tasks/v1/users/@me/lists']) {
    assert.equal((await send(google, multipart([one, { method: 'GET', path }]))).status, 400);
  }
  const most = Array.from({ length: 1000 }, () => ({ method: 'GET', path: `${EVENTS}/none` }));
  assert.equal((await send(google, multipart(most))).status, 200);
  assert.equal((await send(google, multipart([...most, one]))).status, 400);
  assert.equal((await fetch(`${google.url}/batch`, { method: 'POST' })).status, 404);
});

test('google-contracts 2: outer Authorization applies to every part unless a part has its own', async () => {
  await using google = await stage();
  const parts = [
    { method: 'POST', path: EVENTS, body: event('Mine') },
    {
      method: 'POST',
      path: EVENTS,
      body: event('Theirs'),
      headers: ['Authorization: Bearer user:ben@firm.example'],
    },
  ];
  const answer = await send(google, multipart(parts));
  assert.deepEqual(
    answer.parts.map(({ body }) => JSON.parse(body).creator.email),
    ['anna@firm.example', 'ben@firm.example'],
  );
  const refused = await send(google, multipart(parts), undefined, 'Bearer wrong');
  assert.deepEqual(
    refused.parts.map(({ status }) => status),
    [401, 200],
  );
});

test('google-contracts 2: n calls in a batch count as n against the quota; google-contracts 1.4: a patch costs three', async () => {
  await using google = await stage();
  const { access_token } = google.workspace.grant('anna@firm.example', ['calendar.events.owned']);
  const bearer = `Bearer ${access_token}`;
  google.workspace.quota.perUserPerMinute = 5;
  const insert = { method: 'POST', path: EVENTS, body: { ...event('One'), id: 'event1' } };
  const first = await send(google, multipart([insert]), undefined, bearer);
  assert.equal(first.parts[0]?.status, 200);
  const patch = { method: 'PATCH', path: `${EVENTS}/event1`, body: { summary: 'Two' } };
  const second = await send(google, multipart([patch, patch]), undefined, bearer);
  assert.deepEqual(second.parts.map(({ status }) => status).sort(), [200, 403]);
  const body = second.parts.find(({ status }) => status === 403)?.body ?? '';
  assert.equal(JSON.parse(body).error.errors[0].domain, 'usageLimits');
  google.advance(60_000);
  const third = await send(google, multipart([patch]), undefined, bearer);
  assert.equal(third.parts[0]?.status, 200);
});

test('google-contracts 2: a batch is one HTTP request and n calls in the counts', async () => {
  await using google = await stage();
  const parts = ['A', 'B'].map((summary) => ({
    method: 'POST',
    path: EVENTS,
    body: event(summary),
  }));
  await send(google, multipart([...parts, { method: 'GET', path: EVENTS }]));
  const stats = google.workspace.stats.snapshot();
  assert.deepEqual(
    [stats.httpRequests, stats.calls, stats.byMethod['calendar.events.insert']],
    [1, 3, 2],
  );
});

test('google-contracts 2: faults strike single parts; a lost connection loses all answers but no effect', async () => {
  await using google = await stage();
  const { faults } = google.workspace;
  const parts = ['A', 'B', 'C'].map((summary) => ({
    method: 'POST',
    path: EVENTS,
    body: event(summary),
  }));
  faults.add({
    method: 'events.insert',
    count: 1,
    kind: 'status',
    status: 503,
    reason: 'backendError',
  });
  const answer = await send(google, multipart(parts));
  assert.deepEqual(answer.parts.map(({ status }) => status).sort(), [200, 200, 503]);
  faults.add({ method: 'events.insert', count: 1, kind: 'close', when: 'after' });
  await assert.rejects(send(google, multipart(parts)));
  const { data } = await google.phone('anna@firm.example').events.list({ calendarId: 'primary' });
  assert.equal(data.items?.length, 5);
  faults.add({
    method: 'batch',
    count: 1,
    kind: 'status',
    status: 429,
    reason: 'rateLimitExceeded',
    retryAfter: 2,
  });
  const limited = await send(google, multipart(parts));
  assert.equal(limited.status, 429);
});

test('google-contracts 1.8: working location events cannot be written through a batch', async () => {
  await using google = await stage();
  const body = {
    start: { date: '2026-12-01' },
    end: { date: '2026-12-02' },
    eventType: 'workingLocation',
    visibility: 'public',
    transparency: 'transparent',
    workingLocationProperties: { type: 'homeOffice', homeOffice: {} },
  };
  const phone = google.phone('anna@firm.example');
  await phone.events.insert({ calendarId: 'primary', requestBody: body });
  const { parts } = await send(google, multipart([{ method: 'POST', path: EVENTS, body }]));
  assert.equal(parts[0]?.status, 400);
});

test('google-contracts 2: no batch in a batch, no relative paths, one Content-ID once', async () => {
  await using google = await stage();
  const one = { method: 'GET', path: EVENTS };
  const nested = await send(
    google,
    multipart([one, { method: 'POST', path: '/batch/calendar/v3', body: {} }]),
  );
  assert.equal(nested.status, 400);
  const relative = await send(google, multipart([{ method: 'GET', path: EVENTS.slice(1) }]));
  assert.equal(relative.status, 400);
  const twice = await send(
    google,
    multipart([
      { ...one, id: 'a' },
      { ...one, id: 'a' },
    ]),
  );
  assert.equal(twice.status, 400);
});

test('google-contracts 2: what a part reads may be older or newer than what another part writes', async () => {
  const seen = new Set<number>();
  for (let seed = 1; seed <= 12; seed++) {
    await using google = await stage({ random: seeded(seed) });
    const { parts } = await send(
      google,
      multipart([
        { method: 'POST', path: EVENTS, body: { ...event('One'), id: 'event1' } },
        { method: 'GET', path: `${EVENTS}/event1` },
      ]),
    );
    seen.add(parts[1]?.status ?? 0);
  }
  assert.deepEqual(seen, new Set([200, 404]));
});

test('google-contracts 2: People and Tasks have batch endpoints of their own; that of Tasks may not answer', async () => {
  await using google = await stage();
  const post = async (parts: Part[]) => {
    const answer = await fetch(`${google.url}/batch`, {
      method: 'POST',
      headers: {
        'content-type': 'multipart/mixed; boundary=b1',
        authorization: 'Bearer user:anna@firm.example',
      },
      body: multipart(parts),
    });
    const text = await answer.text();
    return [answer.status, ...[...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code)];
  };
  const lists: Part = { method: 'GET', path: '/tasks/v1/users/@me/lists' };
  const me: Part = { method: 'GET', path: '/v1/people/me?personFields=names' };
  assert.deepEqual(await post([lists, lists]), [200, '200', '200']);
  assert.deepEqual(await post([me]), [200, '200']);
  assert.deepEqual(await post([me, lists]), [400], 'one API in a batch');
  google.workspace.tasks.batchAnswers = false;
  assert.deepEqual(await post([lists, lists]), [404]);
});

test('google-contracts 3: mutates of one user in a batch overlap: all but one fail', async () => {
  await using google = await stage();
  const body = { names: [{ givenName: 'A' }] };
  const part: Part = { method: 'POST', path: '/v1/people:createContact', body };
  const answer = await fetch(`${google.url}/batch`, {
    method: 'POST',
    headers: {
      'content-type': 'multipart/mixed; boundary=b1',
      authorization: `Bearer ${google.workspace.grant('anna@firm.example', ['contacts']).access_token}`,
    },
    body: multipart([part, part, part]),
  });
  const codes = [...(await answer.text()).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code);
  assert.deepEqual(codes.sort(), ['200', '503', '503']);
});
