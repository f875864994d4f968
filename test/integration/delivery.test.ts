/** Deliveries, calls and answers that go wrong: late, twice, lost, refused, too many. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { contactsPhone } from '../sandbox/google/people/phone.ts';
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

const MINUTE = 60_000;

/** A day on which both sides edit all types; Google's clock differs from ours, and differently later on. */
async function dayUnder(skew: number, later: number): Promise<object> {
  const world = createWorld({ records: ['appointment', 'contact', 'task'] });
  world.skewGoogle(skew);
  await world.connect('anna');
  const contact = (data: object) =>
    world.change('P-1', { givenName: 'Eva', familyName: 'Muster', ...data }, { record: 'contact' });
  const task = (data: object) => world.change('T-1', data, { record: 'task' });
  await world.crm(world.change('v1', visit()), contact({}), task({ title: 'Call' }));
  const contacts = contactsPhone(world.workspace.people, 'anna@firm.example');
  const rest = async () => {
    // Longer than listings of contacts lag, and than a token lives in the end.
    world.advance(25 * MINUTE);
    assert.equal(await world.poll(), 'done');
  };
  for (const [round, ms] of [skew, later, later].entries()) {
    world.skewGoogle(ms);
    await rest();
    const [event] = await world.events();
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: `Room ${round}` });
    const [person] = contacts.contacts();
    contacts.edit(person?.resourceName ?? '', { nicknames: [{ value: `N${round}` }] });
    contacts.edit(person?.resourceName ?? '', { organizations: [{ name: `Firm ${round}` }] });
    const [done] = world.tasks().tasks('CRM');
    world.tasks().edit(done?.id ?? '', { due: `2026-12-0${1 + round}` });
    await world.crm(world.change('v1', visit(1, 9 + round)), task({ title: `Call ${round}` }));
    await world.crm(contact({ title: `Head ${round}` }));
    await rest();
    // Right after a listing: by Google's clock it may have been before it.
    world.tasks().edit(done?.id ?? '', { notes: `Notes ${round}` });
    await rest();
  }
  await rest();
  const [event] = await world.events();
  const [person] = contacts.contacts();
  const told = world.messages.map(({ record, crmId, changed, conflicts, data }) => {
    return [record, crmId, changed, conflicts, data?.place, data?.due, data?.organization];
  });
  return {
    event: [event?.location, event?.start],
    contact: [person?.organizations, person?.nicknames],
    task: world
      .tasks()
      .tasks('CRM')
      .map(({ title, due }) => [title, due]),
    told,
  };
}

test('P26 Google’s clock ten minutes off, either way, and set otherwise in the middle of it: the same end, told alike', async () => {
  const right = await dayUnder(0, 0);
  assert.equal((right as { told: unknown[] }).told.length, 15);
  for (const skew of [-10, 0, 10])
    for (const later of [-10, 0, 10])
      assert.deepEqual(await dayUnder(skew * MINUTE, later * MINUTE), right, `${skew}, ${later}`);
});

test('P26 our own clock jumps, back and forth, between two runs and within one: nothing is lost or told twice', async () => {
  const results: unknown[] = [];
  for (const jump of [-10 * MINUTE, 0, 10 * MINUTE]) {
    const world = createWorld();
    await world.connect('anna');
    await world.crm(world.change('v1', visit()));
    await world.poll();
    const [event] = await world.events();
    let left = 3;
    world.workspace.before = () => {
      if (left-- > 0) world.advance(left === 1 ? jump : -jump / 2);
    };
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
    await world.crm(world.change('v1', visit(1, 9, { subject: 'In the CRM' })));
    world.workspace.before = undefined;
    // Whoever held the lease when the clock was set back holds it for longer.
    world.advance(15 * MINUTE);
    await world.poll();
    const [after] = await world.events();
    results.push([after?.summary, after?.location, world.messages.map((m) => m.changed)]);
  }
  assert.deepEqual(results[0], results[1]);
  assert.deepEqual(results[2], results[1]);
});
