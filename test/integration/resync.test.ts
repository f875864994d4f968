/** Full listings: what may be believed of what they lack. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorld, visit } from '../support/world.ts';

test('C01 C02 P18 an expired token: one full listing, and what was deleted meanwhile is confirmed and told', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  await world.poll();
  const [first] = await world.events();
  await world.phone('anna', 'DELETE', `/${first?.id}`);
  world.workspace.calendars.expireSyncTokens('anna@firm.example');
  world.messages.length = 0;
  world.countCalls();
  assert.equal(await world.poll(), 'done');
  assert.equal(world.countCalls()['calendar.events.list'], 2);
  assert.deepEqual(
    world.messages.map((m) => [m.op, m.crmId]),
    [['delete', 'v1']],
  );
});

test('C03 P9 a listing that suddenly lacks nearly everything deletes nothing and asks for a person', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(
    ...Array.from({ length: 30 }, (_, i) => world.change(`m${i}`, visit(1 + (i % 5), 8))),
  );
  await world.poll();
  world.workspace.calendars.expireSyncTokens('anna@firm.example');
  const [collection] = world.engine.collections;
  assert.ok(collection);
  const { list } = collection;
  collection.list = async (...args) => ({ ...(await list(...args)), items: [] });
  await world.poll();
  assert.equal(world.messages.filter((m) => m.op === 'delete').length, 0);
  assert.ok((await world.store.getUser('anna'))?.held?.appointment);
});

test('C01 a full listing is said to be one, and the new token is used from then on', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  const before = await world.store.getCursor('anna', 'appointment');
  world.workspace.expireSyncTokens('anna@firm.example');
  world.advance(60_000);
  world.logged.length = 0;
  await world.poll();
  const runs = () =>
    world.logged.flatMap((l) => (l.event === 'sync.run' ? [l.fields as { full?: string[] }] : []));
  assert.deepEqual(
    runs().map(({ full }) => full),
    [['appointment']],
  );
  const after = await world.store.getCursor('anna', 'appointment');
  assert.notEqual(after?.token, before?.token);
  assert.equal(after?.fullSyncAt, world.clock.now());
  world.countCalls();
  await world.poll();
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 });
  assert.equal(runs().at(-1)?.full, undefined);
});

test('C02 what is missing in a full listing is deleted only if Google says so of the very event, and only in the window', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  await world.poll();
  const [collection] = world.engine.collections;
  assert.ok(collection);
  const { list } = collection;
  // A listing that forgets an event which is there.
  collection.list = async (...args) => {
    const page = await list(...args);
    return { ...page, items: page.items.slice(1) };
  };
  world.workspace.expireSyncTokens();
  world.messages.length = 0;
  await world.poll();
  assert.deepEqual(world.messages, [], 'it was read singly, and lives');
  collection.list = list;
  // Both lie before the window by then: nothing about them is known from a listing.
  for (const event of await world.events()) await world.phone('anna', 'DELETE', `/${event.id}`);
  world.workspace.expireSyncTokens();
  world.advance(60 * 86_400_000);
  world.countCalls();
  await world.poll();
  assert.deepEqual(world.messages, []);
  assert.equal(world.countCalls()['calendar.events.get'], undefined);
});

test('C03 one of sixty events is left in a listing: nothing is deleted or created, the user is held', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(
    ...Array.from({ length: 60 }, (_, i) => world.change(`m${i}`, visit(1 + (i % 5), 8 + (i % 9)))),
  );
  await world.poll();
  const [collection] = world.engine.collections;
  assert.ok(collection);
  const { list } = collection;
  collection.list = async (...args) => {
    const page = await list(...args);
    return { ...page, items: page.items.slice(0, 1) };
  };
  world.workspace.expireSyncTokens();
  world.messages.length = 0;
  world.countCalls();
  await world.poll();
  assert.deepEqual(Object.keys(world.countCalls()), ['calendar.events.list']);
  assert.deepEqual(
    world.messages.map((m) => [m.record, m.data?.state, m.data?.held]),
    [['user', 'active', ['appointment']]],
  );
  assert.equal((await world.events()).length, 60);
});

test('C04 both sides empty, and a listing that is empty because nothing is linked, need no person', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  for (let i = 0; i < 2; i++) {
    world.workspace.expireSyncTokens();
    assert.equal(await world.poll(), 'done');
  }
  assert.equal((await world.store.getUser('anna'))?.state, 'active');
});

test('P18 what is changed at Google while a full listing pages is not lost', async () => {
  const world = createWorld();
  await world.connect('anna');
  world.workspace.quota.enabled = false;
  const many = Array.from({ length: 1200 }, (_, i) =>
    world.change(`m${i}`, visit(1 + (i % 5), 8 + (i % 9))),
  );
  await world.crm(...many);
  await world.poll();
  world.workspace.expireSyncTokens();
  const [event] = await world.events();
  let pages = 0;
  world.workspace.before = async (call) => {
    if (call.method !== 'calendar.events.list' || !call.user || call.query.get('syncToken')) return;
    if (++pages === 2) await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  };
  world.messages.length = 0;
  await world.poll();
  world.workspace.before = undefined;
  await world.poll();
  assert.equal(pages, 2);
  assert.deepEqual(
    world.messages.map((m) => m.changed),
    [['place']],
  );
});

test('google-contracts 1.1: short and empty pages do not end a listing; each event is told once', async () => {
  const world = createWorld();
  await world.connect('anna');
  for (let i = 0; i < 40; i++) {
    const day = { start: { date: '2026-12-01' }, end: { date: '2026-12-02' } };
    await world.phone('anna', 'POST', '', { summary: `Own ${i}`, ...day });
  }
  world.workspace.raggedPages = true;
  await world.poll();
  world.advance(400_000);
  await world.poll();
  const told = world.messages.filter((m) => m.record === 'appointment');
  assert.equal(told.length, 40);
  assert.equal(new Set(told.map((m) => m.googleId)).size, 40);
});
