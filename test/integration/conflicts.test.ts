/** Edits that meet: what survives, who wins, and what is told of it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorld, visit } from '../support/world.ts';

test('C11 P5 P19 edits of different fields on both sides both survive a 412', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  world.countCalls();
  await world.crm(world.change('v1', visit(1, 9, { subject: 'New subject' })));
  assert.deepEqual(world.countCalls(), { 'calendar.events.patch': 2, 'calendar.events.get': 1 });
  const [merged] = await world.events();
  assert.deepEqual([merged?.summary, merged?.location], ['New subject', 'Thun']);
  assert.deepEqual(world.messages.at(-1)?.changed, ['place']);
});
