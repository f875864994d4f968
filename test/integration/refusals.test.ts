/** Every answer of Google's that is no success, as the engine meets it: what is repeated, kept, parked. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { preview } from '../../functions/sync/preview.ts';
import { announce, crmOf } from '../support/crm.ts';
import { createWorld, visit, type World } from '../support/world.ts';

async function connected(...users: string[]): Promise<World> {
  const world = createWorld();
  for (const user of ['anna', ...users]) await world.connect(user);
  for (const user of ['anna', ...users]) await world.poll(user);
  world.messages.length = 0;
  world.countCalls();
  return world;
}

const status = (world: World, code: number, reason: string, method: string, count?: number) =>
  world.workspace.faults.add({
    kind: 'status',
    status: code,
    reason,
    method,
    ...(count !== undefined && { count }),
  });

const HOUR = 3_600_000;

const pending = async (world: World) => (await world.store.pendingIntents('anna', 10)).length;

for (const [code, reason, outcome] of [
  [429, 'rateLimitExceeded', 'later'],
  [403, 'rateLimitExceeded', 'later'],
  [403, 'userRateLimitExceeded', 'later'],
  [403, 'quotaExceeded', 'later'],
  [500, 'backendError', 'later'],
  [503, 'backendError', 'later'],
  [404, 'notFound', 'later'],
] as const)
  test(`C12 a write that fails with ${code} ${reason} is not taken for done: it is pending, and done later`, async () => {
    const world = await connected();
    await world.crm(world.change('v1', visit()));
    const stop = status(world, code, reason, 'events.patch');
    assert.equal(await world.crm(world.change('v1', visit(1, 14))), outcome);
    assert.equal(await pending(world), 1);
    const queue = await preview(world.engine, 'anna');
    const waiting = queue?.records.map(({ crmId, google }) => [crmId, google?.op]);
    assert.deepEqual(waiting, [['v1', 'change']], 'an admin sees what waits');
    stop();
    world.advance(reason === 'quotaExceeded' ? HOUR : 60_000);
    assert.equal(await world.poll(), 'done');
    assert.equal((await world.events())[0]?.start.dateTime, '2026-11-24T14:00:00+01:00');
    assert.equal(await pending(world), 0);
  });

test('C23 403 of four kinds: wait, leave for hours, park this record, ask for consent', async () => {
  const calls = async (reason: string) => {
    const world = await connected();
    world.advance(11 * 60_000);
    status(world, 403, reason, 'events.insert');
    const outcome = await world.crm(world.change('v1', visit()));
    const [user, count] = [await world.store.getUser('anna'), await pending(world)];
    return [outcome, world.countCalls()['calendar.events.insert'], count, user?.state];
  };
  assert.deepEqual(await calls('rateLimitExceeded'), ['later', 5, 1, 'active']);
  assert.deepEqual(await calls('quotaExceeded'), ['later', 1, 1, 'active']);
  assert.deepEqual(await calls('forbidden'), ['done', 1, 0, 'active']);
  assert.deepEqual(await calls('insufficientPermissions'), [
    'reauthorize',
    2, // once more with a fresh token: the old one may know less than the user has granted since
    1,
    'reauthorize',
  ]);
});

test('C23 what Google asks to wait for, no redelivery and no poll cuts short: no call before that, and Google is still listened to', async () => {
  for (const [code, reason, retryAfter, ms] of [
    [403, 'quotaExceeded', undefined, HOUR],
    [429, 'rateLimitExceeded', 600, 600_000],
  ] as const) {
    const world = await connected();
    await world.crm(world.change('v1', visit()));
    const [event] = await world.events();
    world.workspace.faults.add({
      ...{ kind: 'status', status: code, reason, method: 'events.patch', count: 1 },
      ...(retryAfter !== undefined && { retryAfter }),
    });
    const change = world.change('v1', visit(1, 14));
    assert.equal(await world.crm(change), 'later');
    world.countCalls();
    await world.phone('anna', 'POST', '', {
      ...{ summary: 'Own', start: { date: '2026-11-26' }, end: { date: '2026-11-27' } },
    });
    for (let at = 0; at < ms; at += ms / 10) {
      assert.equal(await world.crm(change), 'later', `${reason}: after ${at} ms`);
      assert.equal(await world.poll(), 'later');
      world.advance(ms / 10);
    }
    const { 'calendar.events.list': listed = 0, ...writes } = world.countCalls();
    assert.deepEqual([listed, writes], [10, { 'calendar.events.insert': 1 }], 'the phone’s');
    assert.ok(world.messages.some((m) => m.data?.subject === 'Own'));
    assert.equal(await world.crm(change), 'done');
    const times = (await world.events()).map((e) => [e.id, e.start.dateTime]);
    assert.ok(times.some(([id, at]) => id === event?.id && at?.slice(11, 13) === '14'));
  }
});

test('C23 what a conflict loses is told once while Google refuses the write, however the CRM answers', async () => {
  const world = await connected();
  const { crm, outbox, receive, settle } = crmOf(world);
  await announce(crm, 'anna');
  const at = { date: '2026-11-26' };
  const { crmId } = await crm.create('anna', { subject: 'Visit', start: at, end: at });
  await settle();
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'On the phone' });
  world.messages.length = 0;
  const stop = status(world, 503, 'backendError', 'events.patch');
  // What the block below the text shows is written into what is there now: that is read before.
  await crm.edit(crmId, { subject: 'In the CRM', kind: 'call' });
  for (let answers = 0; answers < 4; answers++) {
    for (const change of outbox.splice(0)) await world.crm(change);
    await receive();
  }
  const losses = world.messages.filter((m) => m.conflicts !== undefined);
  assert.equal(new Set(losses.map((m) => m.changeId)).size, 1);
  assert.equal(crm.record(crmId)?.conflicts.length, 1);
  stop();
  world.advance(60_000);
  await world.poll();
  await settle();
  assert.equal((await world.events())[0]?.summary, 'In the CRM');
  assert.equal(crm.record(crmId)?.conflicts.length, 1);
});

test('P18 410 of three kinds: two start a full listing, once; a second delete is done', async () => {
  for (const reason of ['fullSyncRequired', 'updatedMinTooLongAgo']) {
    const world = await connected();
    status(world, 410, reason, 'events.list', 1);
    assert.equal(await world.poll(), 'done');
    assert.deepEqual(world.countCalls(), { 'calendar.events.list': 2 }, reason);
    await world.poll();
    assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 }, 'and a new token is kept');
  }
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  status(world, 410, 'deleted', 'events.delete', 1);
  world.countCalls();
  assert.equal(await world.crm(world.change('v1', {}, { op: 'delete' })), 'done');
  assert.deepEqual(world.countCalls(), { 'calendar.events.delete': 1 }, 'no listing');
});

test('P18 a token that expires on every page: no endless loop, and it ends well afterwards', async () => {
  const world = await connected();
  const stop = status(world, 410, 'fullSyncRequired', 'events.list');
  assert.equal(await world.poll(), 'later');
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 2 });
  stop();
  assert.equal(await world.poll(), 'done');
});

test('P19 an event that changes under every write: a bounded number of tries, never without its etag', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  let at = 0;
  world.workspace.before = async (call) => {
    if (call.method !== 'calendar.events.patch' || call.headers.authorization?.includes('user:'))
      return;
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: `Room ${++at}` });
  };
  world.calls.length = 0;
  assert.equal(await world.crm(world.change('v1', visit(1, 15))), 'later');
  const patches = world.calls.filter((c) => c.method === 'PATCH');
  assert.equal(patches.length, 6);
  assert.ok(patches.every((c) => c.headers['if-match']));
  world.workspace.before = undefined;
  assert.equal(await world.poll(), 'done');
  const [after] = await world.events();
  assert.deepEqual([after?.start.dateTime?.slice(11, 13), after?.location], ['15', 'Room 6']);
});

test('P16 lost answers of a patch and of a delete: the same as with the answer, told and written once', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  world.workspace.faults.add({ kind: 'close', when: 'after', method: 'events.patch', count: 1 });
  world.workspace.faults.add({ kind: 'close', when: 'after', method: 'events.delete', count: 1 });
  assert.equal(await world.crm(world.change('v1', visit(1, 14))), 'done');
  assert.equal(await world.crm(world.change('v2', {}, { op: 'delete' })), 'done');
  await world.poll();
  assert.deepEqual(
    (await world.events()).map((e) => e.start.dateTime?.slice(11, 13)),
    ['14'],
  );
  assert.deepEqual(world.messages, []);
});

test('P22 a batch of which some fail: what succeeded is committed once, only the rest is repeated', async () => {
  const world = await connected();
  status(world, 503, 'backendError', 'events.insert', 2);
  status(world, 400, 'invalid', 'events.insert', 1);
  const changes = Array.from({ length: 5 }, (_, i) => world.change(`v${i}`, visit(1 + i)));
  assert.equal(await world.crm(...changes), 'done');
  assert.equal(world.countCalls()['calendar.events.insert'], 7);
  assert.equal((await world.events()).length, 4);
  assert.deepEqual(
    world.messages.map((m) => m.op),
    ['reject'],
  );
  assert.equal(await pending(world), 0);
});

test('C24 P21 what is refused for good says which record, why, and what to do', async () => {
  const world = await connected();
  status(world, 400, 'timeRangeEmpty', 'events.insert', 1);
  await world.crm(world.change('v1', visit(1)));
  const incomplete = world.change('v2', { subject: 'No time' });
  const turned = world.change('v3', {
    ...visit(1),
    end: { dateTime: '2026-11-24T08:00:00+01:00' },
  });
  await world.crm(incomplete, turned, world.change('v4', visit(2)));
  const rejected = world.messages.map((m) => [m.crmId, m.rejected?.reason, m.rejected?.detail]);
  assert.deepEqual(rejected.sort(), [
    [
      'v1',
      'timeRangeEmpty',
      'Google refuses v1 (400 timeRangeEmpty): correct it in the CRM and save it again',
    ],
    ['v2', 'incomplete', 'appointment v2: data lacks start and end: send the record again with it'],
    [
      'v3',
      'invalid',
      'appointment v3: data.end lies before data.start: send the record again corrected',
    ],
  ]);
  assert.equal((await world.events()).length, 1, 'the others are not held up');
  // Corrected and saved again, the record is taken.
  await world.crm(world.change('v2', visit(3)));
  assert.equal((await world.events()).length, 2);
});

test('C24 of many users one is revoked and one has a refused event: the others go on', async () => {
  const users = Array.from({ length: 12 }, (_, i) => `u${i}`);
  const world = createWorld();
  for (const user of users) await world.connect(user);
  for (const user of users) await world.poll(user);
  world.advance(11 * 60_000);
  world.workspace.oauth.revokeUser('u7@firm.example');
  world.workspace.faults.add({
    kind: 'status',
    status: 400,
    reason: 'invalid',
    method: 'events.insert',
    user: 'u9@firm.example',
    count: 1,
  });
  for (const userId of users) {
    const mine = [1, 2].map((day) => world.change(`${userId}-${day}`, visit(day), { userId }));
    await world.crm(...mine);
    await world.poll(userId);
  }
  for (const userId of users) {
    const expected = userId === 'u7' ? 0 : userId === 'u9' ? 1 : 2;
    assert.equal((await world.events(userId)).length, expected, userId);
  }
  const notices = world.messages.filter((m) => m.data?.state === 'reauthorize');
  assert.deepEqual(
    notices.map((m) => m.userId),
    ['u7'],
    'one notice',
  );
  assert.equal(world.messages.filter((m) => m.op === 'reject').length, 1);
  await world.connect('u7');
  await world.poll('u7');
  assert.equal((await world.events('u7')).length, 2, 'without loss');
});

test('C23 a user over quota with 500 changes: others go on, nothing is lost, the last word of a record wins', async () => {
  const world = await connected('luca');
  world.workspace.quota.enabled = false;
  const refuse = world.workspace.faults.add({
    kind: 'status',
    status: 403,
    reason: 'userRateLimitExceeded',
    method: 'events.insert',
    user: 'anna@firm.example',
  });
  const many = Array.from({ length: 500 }, (_, i) =>
    world.change(`m${i}`, visit(1 + (i % 5), 8 + (i % 9))),
  );
  assert.equal(await world.crm(...many), 'later');
  const insertions = world.countCalls()['calendar.events.insert'] ?? 0;
  assert.ok(insertions <= 100 * 25, `${insertions} calls`);
  assert.equal(await world.crm(world.change('l1', visit(), { userId: 'luca' })), 'done');
  await world.crm(world.change('m0', visit(3, 7)));
  refuse();
  world.advance(60_000);
  for (let i = 0; i < 10 && (await world.poll()) !== 'done'; i++) world.advance(60_000);
  const events = await world.events();
  assert.equal(events.length, 500);
  assert.equal(events.filter((e) => e.start.dateTime?.startsWith('2026-11-26T07')).length, 1);
});

test('C23 a series of a year is deleted at Google by one person’s step: no call for each occurrence', async () => {
  const world = await connected();
  const { id } = await world.phone('anna', 'POST', '', {
    summary: 'Weekly',
    start: { dateTime: '2026-11-24T09:00:00', timeZone: 'Europe/Zurich' },
    end: { dateTime: '2026-11-24T10:00:00', timeZone: 'Europe/Zurich' },
    recurrence: ['RRULE:FREQ=WEEKLY;COUNT=40'],
  });
  await world.poll();
  world.messages.length = 0;
  await world.phone('anna', 'DELETE', `/${id}`);
  world.countCalls();
  await world.poll();
  assert.equal(world.messages.length, 40);
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 });
});
