/** The simulated Cloud Scheduler over REST, as its client library would call it. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Cloud, type CloudServer, createCloud } from '../sandbox/cloud/cloud.ts';
import { parseCron } from '../sandbox/cloud/cron.ts';

const PARENT = 'projects/p1/locations/europe-west3';
const NAME = `${PARENT}/jobs/poll`;
const TOPIC = 'projects/p1/topics/poll-tick';
const START = Date.parse('2026-03-02T08:00:30Z');
const MINUTE = 60_000;
const JOB = {
  name: NAME,
  schedule: '*/5 * * * *',
  timeZone: 'Etc/UTC',
  pubsubTarget: {
    topicName: TOPIC,
    data: Buffer.from('{"tick":true}').toString('base64'),
    attributes: { kind: 'poll' },
  },
};

let now: number;
let sent: { topicName: string; data: string; attributes: Record<string, string> }[];
let failing: boolean;
let cloud: Cloud;
let server: CloudServer;

beforeEach(async () => {
  now = START;
  sent = [];
  failing = false;
  cloud = createCloud({
    now: () => now,
    publish: (topicName, { data, attributes }) => {
      if (failing) throw new Error('topic is away');
      sent.push({ topicName, data: data.toString('utf8'), attributes });
    },
  });
  server = await cloud.listen();
});
afterEach(() => server.close());

async function rest(method: string, path: string, body?: unknown) {
  const response = await fetch(`${server.url}/v1/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the answers differ by method
  return { status: response.status, json: (await response.json()) as any };
}

/** Lets time pass in steps of a minute, with a tick each. */
async function pass(minutes: number): Promise<void> {
  for (let i = 0; i < minutes; i += 1) {
    now += MINUTE;
    await cloud.scheduler.tick();
  }
}

describe('google-contracts 6.1: Scheduler jobs', () => {
  it('are created, read, listed and deleted', async () => {
    const created = await rest('POST', `${PARENT}/jobs`, JOB);
    assert.equal(created.status, 200);
    assert.equal(created.json.state, 'ENABLED');
    assert.equal(created.json.scheduleTime, '2026-03-02T08:05:00.000Z');
    assert.deepEqual((await rest('GET', NAME)).json, created.json);
    assert.deepEqual((await rest('GET', `${PARENT}/jobs`)).json.jobs, [created.json]);
    assert.equal((await rest('POST', `${PARENT}/jobs`, JOB)).json.error.status, 'ALREADY_EXISTS');
    assert.deepEqual(await rest('DELETE', NAME), { status: 200, json: {} });
    const gone = await rest('GET', NAME);
    assert.deepEqual([gone.status, gone.json.error.status], [404, 'NOT_FOUND']);
  });

  for (const [what, change] of [
    ['a schedule that is none', { schedule: 'soon' }],
    ['a zone that is none', { timeZone: 'Mars/Olympus' }],
    ['no topic', { pubsubTarget: { data: 'eA==' } }],
    ['an empty message', { pubsubTarget: { topicName: TOPIC } }],
    ['a name elsewhere', { name: 'projects/p2/locations/x/jobs/y' }],
  ] as const) {
    it(`refuse ${what}`, async () => {
      const refused = await rest('POST', `${PARENT}/jobs`, { ...JOB, ...change });
      assert.deepEqual([refused.status, refused.json.error.status], [400, 'INVALID_ARGUMENT']);
    });
  }

  it('change only what the mask names', async () => {
    await rest('POST', `${PARENT}/jobs`, JOB);
    const change = { schedule: '0 * * * *', timeZone: 'Europe/Berlin' };
    const changed = await rest('PATCH', `${NAME}?updateMask=schedule`, change);
    assert.equal(changed.json.schedule, '0 * * * *');
    assert.equal(changed.json.timeZone, 'Etc/UTC');
    assert.equal(changed.json.scheduleTime, '2026-03-02T09:00:00.000Z');
    assert.deepEqual(changed.json.pubsubTarget, JOB.pubsubTarget);
  });
});

describe('google-contracts 6.1: Scheduler running', () => {
  beforeEach(() => rest('POST', `${PARENT}/jobs`, JOB));

  it('publishes when due, and not before', async () => {
    await pass(4);
    assert.equal(sent.length, 0);
    await pass(1);
    const message = { topicName: TOPIC, data: '{"tick":true}', attributes: { kind: 'poll' } };
    assert.deepEqual(sent, [message]);
    await pass(55);
    assert.equal(sent.length, 12);
  });

  it('runs once after a gap', async () => {
    now += 60 * MINUTE;
    assert.equal(await cloud.scheduler.tick(), 1);
    assert.equal(await cloud.scheduler.tick(), 0);
    assert.equal(cloud.scheduler.nextDue(), Date.parse('2026-03-02T09:05:00Z'));
  });

  it('rests while paused', async () => {
    assert.equal((await rest('POST', `${NAME}:pause`, {})).json.state, 'PAUSED');
    assert.equal(
      (await rest('POST', `${NAME}:pause`, {})).json.error.status,
      'FAILED_PRECONDITION',
    );
    await pass(30);
    assert.equal(sent.length, 0);
    assert.equal((await rest('POST', `${NAME}:resume`, {})).json.state, 'ENABLED');
    await pass(5);
    assert.equal(sent.length, 1);
  });

  it('runs on demand', async () => {
    const ran = await rest('POST', `${NAME}:run`, {});
    assert.equal(ran.json.lastAttemptTime, '2026-03-02T08:00:30.000Z');
    assert.equal(sent.length, 1);
  });

  it('outlives a topic that is away', async () => {
    failing = true;
    await pass(5);
    assert.equal((await rest('GET', NAME)).json.status.code, 14);
    failing = false;
    await pass(5);
    assert.equal(sent.length, 1);
    assert.deepEqual((await rest('GET', NAME)).json.status, {});
  });

  it('takes scripted faults and counts calls', async () => {
    cloud.faults.add({
      service: 'scheduler',
      method: 'RunJob',
      kind: 'status',
      status: 503,
      when: 'after',
      count: 1,
    });
    assert.equal((await rest('POST', `${NAME}:run`, {})).status, 503);
    assert.equal(sent.length, 1);
    assert.equal(cloud.stats['scheduler.RunJob'], 1);
  });
});

it('runs by itself with a timer', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const topics: string[] = [];
  const alive = createCloud({
    now: () => now,
    publish: (name) => void topics.push(name),
    timer: true,
  });
  const { name: _, ...job } = JOB;
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(job);
  await alive.handle({ method: 'POST', url: `/v1/${PARENT}/jobs`, headers, body });
  now += 5 * MINUTE;
  t.mock.timers.tick(1000);
  assert.deepEqual(topics, [TOPIC]);
  alive.stop();
});

describe('cron', () => {
  const next = (schedule: string, zone = 'UTC', from = '2026-03-02T08:00:30Z') => {
    const at = parseCron(schedule, zone)?.after(Date.parse(from));
    return at === undefined ? undefined : new Date(at).toISOString().slice(0, 16);
  };

  for (const [schedule, expected] of [
    ['* * * * *', '2026-03-02T08:01'],
    ['*/15 * * * *', '2026-03-02T08:15'],
    ['10,40 9-17 * * 1-5', '2026-03-02T09:10'],
    ['0 0 1 * *', '2026-04-01T00:00'],
    ['0 3 * * 7', '2026-03-08T03:00'],
    ['0 3 13 * 5', '2026-03-06T03:00'],
    ['5-59/20 8 * * *', '2026-03-02T08:05'],
    ['0 0 30 2 *', undefined],
    ['60 * * * *', undefined],
    ['* * * *', undefined],
    ['*/0 * * * *', undefined],
    ['9-5 * * * *', undefined],
  ] as const) {
    it(`${schedule} → ${expected}`, () => assert.equal(next(schedule), expected));
  }

  it('follows the zone over the change to summer time', () => {
    assert.equal(next('0 9 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z'), '2026-03-29T07:00');
    assert.equal(next('0 9 * * *', 'Europe/Berlin', '2026-03-27T12:00:00Z'), '2026-03-28T08:00');
  });
});
