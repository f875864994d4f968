/** POST /sandbox/faults: what may be asked for, and that each fault strikes where it says. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test';
import type { Fault } from '../sandbox/faults/faults.ts';
import { type Stack, startStack } from '../sandbox/stack.ts';
import { requireEmulators } from '../support/emulators.ts';
import { visit } from '../support/world.ts';

const QUIET = { scheduler: false, events: () => {}, crm: { echo: false } };
const ENV = { LOG_LEVEL: 'silent', LEASE_SECONDS: '10' };
const ANNA = {
  userId: 'anna',
  email: 'anna@firm.example',
  name: 'Anna',
  timeZone: 'Europe/Zurich',
};

interface Told {
  faults: (Fault & { id: number; struck: number; left: number | null })[];
  services: { service: string; methods: string[]; kinds: string[]; unavailable?: string }[];
  error?: string;
}

async function send(stack: Stack, method: string, body?: unknown, id = '') {
  const answer = await fetch(`${stack.url}/sandbox/faults${id}`, {
    method,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, ...((await answer.json()) as Told) };
}

/** Adds a fault; resolves to how often it has struck, when asked. */
async function fault(stack: Stack, body: Fault): Promise<() => number> {
  const { status, faults, error } = await send(stack, 'POST', body);
  assert.equal(status, 201, error);
  const id = faults[0]?.id;
  return () => stack.faults.list({ spent: true }).find((f) => f.id === id)?.struck ?? -1;
}

async function listed(stack: Stack): Promise<{ id: string; summary?: string; status: string }[]> {
  const answer = await phone(stack, 'GET', '?maxResults=2500');
  const events = answer.items as { id: string; summary?: string; status: string }[];
  return events.filter((event) => event.status !== 'cancelled');
}

async function phone(stack: Stack, method: string, path: string, body?: object) {
  const answer = await stack.workspace.handle({
    method,
    url: `/calendar/v3/calendars/primary/events${path}`,
    headers: { authorization: `Bearer user:${ANNA.email}` },
    body: body ? JSON.stringify(body) : '',
  });
  return JSON.parse(answer.body || '{}') as Record<string, unknown>;
}

const own = (summary: string) => ({
  summary,
  start: { date: '2026-12-01' },
  end: { date: '2026-12-02' },
});

describe('POST /sandbox/faults', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ port: 0, memory: true, ...QUIET, env: ENV });
    await stack.crm.announce(ANNA);
    await stack.connect('anna');
  });
  after(() => stack.close());
  beforeEach(() => stack.faults.clear());

  it('answers 400 with a sentence to what it cannot do, and adds nothing', async () => {
    const wrong: [unknown, RegExp][] = [
      ['{', /not JSON/],
      [[], /must be an object/],
      [{ kind: 'close' }, /"service" is missing; there are oauth, calendar,/],
      [{ service: 'mail', kind: 'close' }, /no service "mail"/],
      [{ service: 'calendar' }, /knows no kind ""; it knows status,/],
      [{ service: 'kms', kind: 'empty' }, /"kms" knows no kind "empty"/],
      [{ service: 'calendar', method: 'Decrypt', kind: 'close' }, /no method "Decrypt"/],
      [{ service: 'calendar', kind: 'status' }, /kind "status" needs "status"/],
      [{ service: 'calendar', kind: 'status', status: 200 }, /"status" must be a whole number/],
      [{ service: 'calendar', kind: 'delay', ms: -1 }, /must not be negative/],
      [{ service: 'calendar', kind: 'close', probability: 2 }, /"probability" must be more/],
      [{ service: 'calendar', kind: 'close', when: 'never' }, /"before" or "after"/],
      [{ service: 'calendar', kind: 'close', ms: 5 }, /"ms" means nothing to kind "close"/],
      [{ service: 'calendar', kind: 'close', speed: 1 }, /no field "speed"/],
      [{ service: 'pubsub', kind: 'duplicate', copies: 9 }, /from 1 to 5/],
      [{ service: 'functions', kind: 'kill' }, /start it with --processes/],
      [{ faults: [{ service: 'crm', kind: 'close' }, { service: 'crm' }] }, /faults\[1\]/],
    ];
    for (const [body, sentence] of wrong) {
      const { status, error } = await send(stack, 'POST', body);
      assert.equal(status, 400, JSON.stringify(body));
      assert.match(error ?? '', sentence);
    }
    assert.deepEqual((await send(stack, 'GET')).faults, []);
    assert.equal((await send(stack, 'PUT', {})).status, 405);
  });

  it('lists what is in force and how often it struck, and clears one or all', async () => {
    const { faults } = await send(stack, 'POST', {
      faults: [
        { service: 'calendar', method: 'events.list', kind: 'status', status: 503, count: 2 },
        { service: 'crm', kind: 'delay', ms: 1, method: 'receive' },
      ],
    });
    assert.equal(faults.length, 2);
    await phone(stack, 'GET', '');
    const [first] = (await send(stack, 'GET')).faults;
    assert.deepEqual([first?.struck, first?.left, typeof first?.seed], [1, 1, 'number']);
    await phone(stack, 'GET', '');
    assert.equal((await send(stack, 'GET')).faults[0]?.left, 0, 'spent, and still shown');
    assert.deepEqual((await send(stack, 'DELETE', undefined, `/${first?.id}`)).faults.length, 1);
    assert.equal((await send(stack, 'DELETE', undefined, '/999')).status, 404);
    assert.deepEqual((await send(stack, 'DELETE')).faults, []);
  });

  it('takes every kind of every service that it offers, one after the other and together', async () => {
    const { services } = await send(stack, 'GET');
    const values: { [kind: string]: object } = {
      status: { status: 503 },
      delay: { ms: 1 },
      lag: { ms: 1 },
      redeliver: { ms: 1 },
      pause: { ms: 1 },
      skew: { ms: 1 },
      withdraw: { scope: 'tasks' },
    };
    const all = services
      .filter(({ unavailable }) => !unavailable)
      .flatMap(({ service, kinds }) => kinds.map((kind) => ({ service, kind, ...values[kind] })));
    for (const service of ['calendar', 'people', 'tasks', 'oauth', 'kms', 'secretmanager'])
      assert.ok(all.filter((one) => one.service === service).length >= 4, service);
    for (const service of ['firestore', 'pubsub', 'notifications', 'crm', 'clock'])
      assert.ok(
        all.some((one) => one.service === service),
        service,
      );
    for (const body of all) assert.equal((await send(stack, 'POST', body)).status, 201);
    assert.equal((await send(stack, 'GET')).faults.length, all.length);
    assert.equal((await send(stack, 'POST', { faults: all })).status, 201);
  });

  it('the same seed strikes the same calls', async () => {
    const struckBy = async (seed: number) => {
      stack.faults.clear();
      const strikes = await fault(stack, {
        service: 'calendar',
        method: 'events.list',
        kind: 'status',
        status: 500,
        probability: 0.5,
        seed,
      });
      const hits: number[] = [];
      for (let i = 0; i < 20; i++) {
        const had = strikes();
        await phone(stack, 'GET', '');
        hits.push(strikes() - had);
      }
      return hits.join('');
    };
    const once = await struckBy(7);
    assert.equal(await struckBy(7), once);
    assert.notEqual(await struckBy(8), once);
    assert.match(once, /1/);
    assert.match(once, /0/);
  });

  /** An entry of the CRM arrives once at Google, whatever the faults. */
  async function arrivesOnce(subject: string, faults: Fault[]): Promise<void> {
    const strikes = await Promise.all(faults.map((one) => fault(stack, one)));
    await stack.crm
      .create('anna', visit(1, 9, { subject }) as never)
      .catch(() => stack.crm.flush());
    await stack.idle();
    for (const [i, struck] of strikes.entries()) {
      assert.ok(struck() > 0, `struck: ${JSON.stringify(faults[i])}`);
    }
    stack.faults.clear();
    await stack.poll();
    const found = (await listed(stack)).filter(({ summary }) => summary === subject);
    assert.equal(found.length, 1, subject);
    assert.deepEqual(await stack.store.pendingIntents('anna', 10), []);
  }

  const once = { count: 1 } as const;
  const calls: { [name: string]: Fault[] } = {
    'calendar refuses': [
      {
        service: 'calendar',
        method: 'events.insert',
        kind: 'status',
        status: 429,
        retryAfter: 0,
        ...once,
      },
    ],
    'calendar loses the answer': [
      { service: 'calendar', method: 'events.insert', kind: 'close', when: 'after', ...once },
    ],
    'calendar cuts the answer': [
      { service: 'calendar', method: 'events.insert', kind: 'cut', ...once },
    ],
    'calendar ends the access token': [
      { service: 'calendar', method: 'events.insert', kind: 'expireAccess', ...once },
    ],
    'calendar tidies the text': [
      { service: 'calendar', method: 'events.insert', kind: 'normalise', ...once },
    ],
    'oauth is out of order': [
      { service: 'calendar', method: 'events.insert', kind: 'expireAccess', ...once },
      { service: 'oauth', method: 'token', kind: 'status', status: 503, ...once },
    ],
    'kms and secret manager are out of order': [
      { service: 'calendar', method: 'events.insert', kind: 'expireAccess', ...once },
      { service: 'kms', method: 'Decrypt', kind: 'status', status: 503, ...once },
      { service: 'secretmanager', method: 'AccessSecretVersion', kind: 'close', ...once },
    ],
    'pubsub delivers three times': [
      { service: 'pubsub', method: 'crm-change', kind: 'duplicate', copies: 2, ms: 30, ...once },
    ],
    'pubsub delivers late': [
      { service: 'pubsub', method: 'crm-change', kind: 'delay', ms: 30, ...once },
    ],
    'pubsub loses the acknowledgement': [
      {
        service: 'pubsub',
        method: 'crm-change',
        kind: 'status',
        status: 503,
        when: 'after',
        ...once,
      },
    ],
    'pubsub delivers again after the acknowledgement': [
      { service: 'pubsub', method: 'crm-change', kind: 'redeliver', ms: 30, ...once },
    ],
    'the CRM cannot publish': [{ service: 'crm', method: 'publish', kind: 'close', ...once }],
    'the CRM publishes and does not hear of it': [
      { service: 'crm', method: 'publish', kind: 'close', when: 'after', ...once },
    ],
    'the store is away': [
      { service: 'firestore', method: 'putIntents', kind: 'status', status: 503, ...once },
      { service: 'firestore', method: 'commit', kind: 'close', when: 'after', ...once },
    ],
    'many at once, by chance': [
      { service: 'calendar', method: 'events.insert', kind: 'status', status: 500, ...once },
      { service: 'firestore', kind: 'delay', ms: 1, probability: 0.5 },
      { service: 'pubsub', method: 'crm-change', kind: 'duplicate', copies: 5, ms: 20, ...once },
    ],
  };
  for (const [name, faults] of Object.entries(calls)) {
    it(`${name}: the entry arrives once`, () => arrivesOnce(name, faults));
  }

  /** An event of the phone's arrives once in the CRM, whatever the faults, at the latest a poll after. */
  async function comesOnce(summary: string, faults: Fault[]): Promise<void> {
    await phone(stack, 'POST', '', own(summary));
    const strikes = await Promise.all(faults.map((one) => fault(stack, one)));
    await stack.poll();
    for (const [i, struck] of strikes.entries()) {
      assert.ok(struck() > 0, `struck: ${JSON.stringify(faults[i])}`);
    }
    stack.faults.clear();
    await stack.poll();
    const found = stack.crm.records('anna').filter(({ data }) => data.subject === summary);
    assert.equal(found.length, 1, summary);
  }

  const list = { service: 'calendar', method: 'events.list' } as const;
  const listings: { [name: string]: Fault[] } = {
    'a listing that is empty for once': [{ ...list, kind: 'empty', ...once }],
    'a listing that lags': [{ ...list, kind: 'lag', ms: 60_000, ...once }],
    'a sync token that has ended': [{ ...list, kind: 'expireSync', ...once }],
    'new etags everywhere': [{ ...list, kind: 'touch', ...once }],
    'a poll tick that is lost': [
      { service: 'pubsub', method: 'poll-fanout', kind: 'drop', ...once },
    ],
    'a message that overtakes another': [
      { service: 'pubsub', method: 'sync-user', kind: 'reorder', ms: 30, ...once },
    ],
    'a publish that fails': [{ service: 'pubsub', method: 'publish', kind: 'close', ...once }],
    'a CRM that dies after it applied': [
      { service: 'crm', method: 'receive', kind: 'status', status: 500, when: 'after', ...once },
    ],
  };
  for (const [name, faults] of Object.entries(listings)) {
    it(`${name}: the event comes once`, () => comesOnce(name, faults));
  }

  it('pages: short, repeated, and a page token that is refused', async () => {
    const ids = (answer: Record<string, unknown>) =>
      (answer.items as { id: string }[]).map(({ id }) => id);
    const whole = ids(await phone(stack, 'GET', '?maxResults=2500'));
    await fault(stack, { ...list, kind: 'short', count: 1 });
    const short = ids(await phone(stack, 'GET', '?maxResults=2500'));
    assert.deepEqual(short, whole.slice(0, Math.floor(whole.length / 2)));
    const first = await phone(stack, 'GET', '?maxResults=3');
    const next = `?maxResults=3&pageToken=${first.nextPageToken}`;
    await fault(stack, { ...list, kind: 'repeat' });
    const again = await phone(stack, 'GET', next);
    assert.deepEqual(ids(again), ids(first));
    assert.equal(again.nextPageToken, first.nextPageToken);
    assert.deepEqual(ids(await phone(stack, 'GET', next)), whole.slice(3, 6));
    await fault(stack, { ...list, kind: 'pageToken', count: 1 });
    assert.ok(await phone(stack, 'GET', next).then(({ error }) => error));
    assert.deepEqual(ids(await phone(stack, 'GET', next)), whole.slice(3, 6));
  });

  it('single parts of a batch, and whole batches', async () => {
    const made = stack.workspace.stats.snapshot().byMethod['calendar.events.insert'] ?? 0;
    const part = await fault(stack, {
      ...{ service: 'calendar', method: 'events.insert', kind: 'status', status: 503 },
      inBatch: true,
      count: 2,
    });
    const whole = await fault(stack, {
      ...{ service: 'calendar', method: 'batch', kind: 'cut', skip: 1, count: 1 },
    });
    await stack.crm.publishRaw({
      changes: Array.from({ length: 6 }, (_, i) => ({
        ...{ changeId: `b${i}`, userId: 'anna', record: 'appointment', op: 'upsert' },
        ...{ crmId: `B-${i}`, version: 1, data: visit(2, 8 + i, { subject: 'In a batch' }) },
      })),
    });
    await stack.idle();
    assert.deepEqual([part(), whole()], [2, 1]);
    const events = (await listed(stack)).filter(({ summary }) => summary === 'In a batch');
    assert.equal(events.length, 6);
    const calls = stack.workspace.stats.snapshot().byMethod['calendar.events.insert'] ?? 0;
    assert.ok(calls - made >= 8, 'what failed was sent again');
  });

  it('notifications of Google that are lost, doubled, late: each event comes once', async () => {
    for (const kind of ['drop', 'duplicate', 'delay'] as const) {
      const ms = kind === 'delay' ? { ms: 30 } : {};
      const struck = await fault(stack, { service: 'notifications', kind, count: 1, ...ms });
      await phone(stack, 'POST', '', own(`Told: ${kind}`));
      assert.equal(struck(), 1, kind);
      await stack.poll();
      await stack.poll();
      const found = stack.crm.records('anna').filter((r) => r.data.subject === `Told: ${kind}`);
      assert.equal(found.length, 1, kind);
    }
  });

  it('a clock that is wrong: theirs, not ours', async () => {
    const before = stack.workspace.now();
    await fault(stack, { service: 'clock', method: 'google', kind: 'skew', ms: -600_000 });
    assert.ok(stack.workspace.now() < before - 500_000);
    await phone(stack, 'POST', '', own('Slow clock'));
    await stack.poll();
    assert.ok(stack.crm.records('anna').some(({ data }) => data.subject === 'Slow clock'));
  });

  it('a copy in the dead letters is no work that is missing', async () => {
    const faults: Fault[] = [
      { service: 'pubsub', method: 'crm-change', kind: 'deadLetter', count: 1 },
    ];
    await arrivesOnce('dead letter', faults);
  });

  it('consent that is taken back: a scope, then all', async () => {
    const user = () => stack.store.getUser('anna');
    // A refusal right after connecting is not believed: this one connected long ago.
    const longAgo = () =>
      stack.store.updateUser('anna', (known) => known && { ...known, connectedAt: 1 });
    const scope = 'calendar.events.owned';
    await longAgo();
    await fault(stack, { ...list, kind: 'withdraw', scope, count: 1 });
    await stack.poll();
    const off = await user();
    // The other record types go on.
    assert.equal(off?.state, 'active');
    assert.ok(!off.scopes?.some((granted) => granted.endsWith(scope)), 'the calendar is off');
    await stack.connect('anna');
    await longAgo();
    await fault(stack, { ...list, kind: 'revoke', count: 1 });
    await stack.poll();
    assert.equal((await user())?.state, 'reauthorize');
    await stack.connect('anna');
    assert.equal((await user())?.state, 'active');
  });
});

describe('faults of the real parts', { skip: requireEmulators() }, () => {
  /** A stack whose functions are processes behind the proxies. */
  async function open(t: TestContext): Promise<Stack> {
    const stack = await startStack({
      ...{ port: 0, memory: false, processes: true, proxyFirestore: true },
      ...QUIET,
      env: ENV,
    });
    t.after(() => stack.close());
    await stack.crm.announce(ANNA);
    await stack.connect('anna');
    return stack;
  }

  it('Firestore refuses, aborts and loses answers; Pub/Sub and processes die', async (t) => {
    const stack = await open(t);
    const faults: Fault[] = [
      {
        service: 'firestore',
        method: 'Commit',
        kind: 'status',
        status: 409,
        reason: 'ABORTED',
        count: 2,
      },
      {
        service: 'firestore',
        method: 'Commit',
        kind: 'status',
        status: 503,
        when: 'after',
        count: 2,
      },
      { service: 'firestore', method: 'RunQuery', kind: 'status', status: 503, count: 1 },
      { service: 'firestore', method: 'BatchGetDocuments', kind: 'close', count: 1 },
      { service: 'firestore', kind: 'delay', ms: 5, probability: 0.3 },
      { service: 'functions', method: 'crmChange', kind: 'kill', ms: 40, count: 1 },
      { service: 'functions', method: 'syncUser', kind: 'pause', ms: 200, count: 1 },
      {
        service: 'pubsub',
        method: 'publish',
        kind: 'status',
        status: 503,
        when: 'after',
        count: 1,
      },
    ];
    const strikes = await Promise.all(faults.map((one) => fault(stack, one)));
    for (let i = 0; i < 10; i++) {
      await stack.crm.create('anna', visit(1 + (i % 5), 8 + i, { subject: 'Through it' }) as never);
    }
    await phone(stack, 'POST', '', own('From the phone'));
    await stack.idle();
    // A worker that died holds the user for ten seconds.
    for (let i = 0; i < 60 && !isFree(await stack.store.getLease('anna')); i++) {
      await new Promise((done) => setTimeout(done, 250));
    }
    await stack.poll();
    for (const [i, struck] of strikes.entries()) {
      assert.ok(struck() > 0, `struck: ${JSON.stringify(faults[i])}`);
    }
    stack.faults.clear();
    await stack.poll();
    const events = await listed(stack);
    assert.equal(events.filter(({ summary }) => summary === 'Through it').length, 10);
    const records = stack.crm.records('anna');
    assert.equal(records.filter(({ data }) => data.subject === 'From the phone').length, 1);
    assert.equal(records.length, 11);
  });
});

const isFree = (lease: { expiresAt: number } | undefined) =>
  lease === undefined || lease.expiresAt <= Date.now();
