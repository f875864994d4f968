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
  assert.equal((await world.store.getUser('anna'))?.state, 'paused');
  assert.equal((await world.store.getUser('anna'))?.stateReason, 'massChange');
});
