/** What the CRM says it has seen, after a record has changed hands: numbers are counted per owner. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorld, visit, type World } from '../support/world.ts';

/** Anna's record, edited twice on her phone; the CRM has seen both edits, and says so from then on. */
async function seenTwice(): Promise<{ world: World; seen: string }> {
  const world = createWorld();
  for (const userId of ['anna', 'luca']) {
    await world.connect(userId);
    await world.poll(userId);
  }
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  for (const location of ['Thun', 'Bern']) {
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location });
    await world.poll();
  }
  const seen = world.messages.at(-1)?.changeId ?? '';
  await world.crm(world.change('v1', visit(1, 9, { place: 'Bern' }), { seen }));
  return { world, seen };
}

const handOver = async (world: World, userId: string, seen?: string) => {
  const said = { userId, ...(seen !== undefined && { seen }) };
  await world.crm(world.change('v1', visit(1, 9, { place: 'Bern' }), said));
  for (const one of ['anna', 'luca']) await world.poll(one);
};

/** The owner's phone renames it; a full state of the CRM from before it heard of that crosses. */
async function crossed(world: World, userId: string, seen: string) {
  const [event] = await world.events(userId);
  await world.phone(userId, 'PATCH', `/${event?.id}`, { summary: 'Renamed on the phone' });
  await world.poll(userId);
  await world.crm(world.change('v1', visit(1, 9, { place: 'Basel' }), { userId, seen }));
  await world.poll(userId);
  const [after] = await world.events(userId);
  return [after?.summary, after?.location];
}

test('P4 what the CRM saw of the former owner’s edits says nothing of the new owner’s', async () => {
  const { world, seen } = await seenTwice();
  // Handed over by somebody who did not say what he or she had seen.
  await handOver(world, 'luca');
  assert.deepEqual(await crossed(world, 'luca', seen), ['Renamed on the phone', 'Basel']);
});

test('P4 handed over and back: what the CRM saw before is not what is told now', async () => {
  const { world, seen } = await seenTwice();
  await handOver(world, 'luca', seen);
  await handOver(world, 'anna', seen);
  assert.deepEqual(await crossed(world, 'anna', seen), ['Renamed on the phone', 'Basel']);
});
