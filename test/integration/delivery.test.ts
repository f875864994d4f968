/** Deliveries, calls and answers that go wrong: late, twice, lost, refused, too many. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorld, visit } from '../support/world.ts';

test('C05 P3 P16 a lost answer, or a crash between insert and commit, leaves one event', async () => {
  const world = createWorld();
  await world.connect('anna');
  world.workspace.faults.add({ kind: 'close', when: 'after', method: 'events.insert', count: 1 });
  await world.crm(world.change('v1', visit()));
  assert.equal((await world.events()).length, 1);
  const commit = world.store.commit;
  world.store.commit = () => Promise.reject(new Error('killed'));
  await assert.rejects(world.crm(world.change('v2', visit(2))));
  world.store.commit = commit;
  world.advance(200_000);
  assert.equal(await world.poll(), 'done');
  assert.equal((await world.events()).length, 2);
  assert.deepEqual(await world.store.pendingIntents('anna', 10), []);
});

test('P15 messages twice and out of order end in one event with the newest values', async () => {
  const world = createWorld();
  await world.connect('anna');
  const [v1, v2, v3] = [
    world.change('v1', visit(1, 9, { place: 'Bern' })),
    world.change('v1', visit(1, 10)),
    world.change('v1', { subject: 'Newest' }),
  ];
  for (const message of [v3, v1, v3, v2, v1]) await world.crm(message);
  const events = await world.events();
  assert.equal(events.length, 1);
  assert.deepEqual(
    [events[0]?.summary, events[0]?.location, events[0]?.start.dateTime?.slice(11, 13)],
    ['Newest', 'Bern', '10'],
  );
});

test('P33 C24 a revoked grant: no further call, the CRM hears it, intents wait, and reconnecting continues', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  world.workspace.oauth.revokeUser('anna@firm.example');
  assert.equal(
    await world.crm(world.change('v2', visit(2))),
    'later',
    'not believed right after connecting',
  );
  world.advance(11 * 60_000);
  assert.equal(await world.crm(world.change('v2', visit(2))), 'reauthorize');
  assert.equal(world.messages.at(-1)?.data?.state, 'reauthorize');
  world.countCalls();
  assert.equal(await world.crm(world.change('v3', visit(3))), 'notActive');
  assert.deepEqual(world.countCalls(), {});
  await world.connect('anna');
  await world.poll();
  assert.equal((await world.events()).length, 3);
});

test('P21 C24 a record that Google refuses is parked by name and does not hold up the others', async () => {
  const world = createWorld();
  await world.connect('anna');
  world.workspace.faults.add({
    kind: 'status',
    status: 400,
    reason: 'invalid',
    method: 'events.insert',
    count: 1,
  });
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  assert.equal((await world.events()).length, 1);
  const rejected = world.messages.filter((m) => m.op === 'reject');
  assert.equal(rejected.length, 1);
  assert.match(rejected[0]?.rejected?.detail ?? '', /v[12]/);
});

test('P29 C23 rate limits are waited for, within a budget; then the work stays pending and nothing is lost', async () => {
  const world = createWorld();
  await world.connect('anna');
  world.workspace.faults.add({
    kind: 'status',
    status: 403,
    reason: 'rateLimitExceeded',
    method: 'events.insert',
    count: 2,
  });
  assert.equal(await world.crm(world.change('v1', visit())), 'done');
  const stop = world.workspace.faults.add({
    kind: 'status',
    status: 429,
    reason: 'rateLimitExceeded',
    method: 'events.insert',
  });
  assert.equal(await world.crm(world.change('v2', visit(2))), 'later');
  assert.ok(((await world.store.getLease('anna'))?.expiresAt ?? 0) <= world.clock.now());
  stop();
  await world.poll();
  assert.equal((await world.events()).length, 2);
});

test('a thousand appointments of one message: twenty batches, each once', async () => {
  const world = createWorld();
  world.workspace.quota.enabled = false;
  await world.connect('anna');
  await world.crm(
    ...Array.from({ length: 1000 }, (_, i) =>
      world.change(`m${i}`, visit(1 + (i % 5), 8 + (i % 9))),
    ),
  );
  const batches = world.calls.filter((c) => c.url.endsWith('/batch/calendar/v3'));
  assert.equal(batches.length, 20);
  assert.equal((await world.phone('anna', 'GET', '?maxResults=2500')).items.length, 1000);
});

test('P25 two runs of one user: one holds the lease, the other leaves; the holder finds the late intent', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  let late: Promise<unknown> | undefined;
  world.workspace.before = async (call) => {
    if (call.method !== 'calendar.events.insert' || late) return;
    late = world.crm(world.change('v2', visit(2)));
    assert.equal(await late, 'busy');
  };
  assert.equal(await world.crm(world.change('v1', visit(1))), 'done');
  assert.equal((await world.events()).length, 2);
});
