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

test('C05 an insert whose answer was lost and whose event was deleted before it came again: the next id', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  const { commit } = world.store;
  world.store.commit = () => Promise.reject(new Error('killed'));
  await assert.rejects(world.crm(world.change('v1', visit())));
  world.store.commit = commit;
  world.advance(200_000);
  const [first] = await world.events();
  await world.phone('anna', 'DELETE', `/${first?.id}`);
  assert.equal(await world.crm(world.change('v1', visit(1, 10))), 'done');
  const events = await world.events();
  assert.equal(events.length, 1);
  assert.notEqual(events[0]?.id, first?.id);
  const [link] = await world.store.linksByCrmId('anna', 'appointment', ['v1']);
  assert.deepEqual([link?.generation, link?.googleId], [1, events[0]?.id]);
});

test('C05 the message of an insert comes three times at once: one event', async () => {
  const world = createWorld();
  await world.connect('anna');
  const change = world.change('v1', visit());
  await Promise.all([world.crm(change), world.crm(change), world.crm(change)]);
  await world.poll();
  assert.equal((await world.events()).length, 1);
});

test('P28 an idle cycle is one call for a collection and no write', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  await world.poll();
  world.countCalls();
  for (let i = 0; i < 5; i++) {
    world.advance(300_000);
    assert.equal(await world.poll(), 'done');
  }
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 5 });
});

test('P24 P20 a message that was lost, and one that comes a day late: the next poll has done it all', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  const late = world.change('v1', visit(1, 9));
  await world.store.putIntents([world.change('v1', visit(1, 14))]);
  await world.poll();
  assert.equal((await world.events()).length, 1, 'nobody had run for it');
  world.advance(86_400_000);
  world.countCalls();
  assert.equal(await world.crm(late), 'done');
  assert.deepEqual(world.countCalls(), {});
  assert.equal((await world.events())[0]?.start.dateTime?.slice(11, 13), '14');
});

test('P26 clocks that are ten minutes apart change nothing: nobody compares them', async () => {
  const results: unknown[] = [];
  for (const skew of [-600_000, 0, 600_000]) {
    const world = createWorld();
    await world.connect('anna');
    await world.crm(world.change('v1', visit()));
    await world.poll();
    const [event] = await world.events();
    world.advance(Math.max(0, skew));
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
    world.advance(Math.min(skew, 0));
    await world.crm(world.change('v1', visit(1, 9, { subject: 'In the CRM' })));
    await world.poll();
    const [after] = await world.events();
    results.push([after?.summary, after?.location, world.messages.map((m) => m.changed)]);
  }
  assert.deepEqual(results[0], results[1]);
  assert.deepEqual(results[2], results[1]);
});
