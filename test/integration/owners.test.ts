/** Whose record it is: hand-overs, and meetings of several users. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorld, visit } from '../support/world.ts';

test('rule 1: a hand-over moves the event; a late message of the old owner changes nothing', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  const late = world.change('v1', visit(3));
  await world.crm(world.change('v1', visit(1)));
  const handOver = world.change('v1', visit(2), { userId: 'luca' });
  await world.crm(handOver);
  await world.poll('anna');
  assert.equal((await world.events('anna')).length, 0);
  assert.equal((await world.events('luca')).length, 1);
  await world.crm(late);
  await world.poll('anna');
  assert.equal((await world.events('anna')).length, 0);
  assert.equal(world.messages.filter((m) => m.op === 'delete').length, 0);
});

test('C21 a meeting of two synced users is one CRM appointment, whichever calendar is read first', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  await world.poll('luca');
  await world.phone('anna', 'POST', '', {
    summary: 'Review',
    start: { date: '2026-11-26' },
    end: { date: '2026-11-27' },
    attendees: [{ email: 'luca@firm.example' }],
  });
  await world.poll('luca');
  await world.poll('anna');
  const told = world.messages.filter((m) => m.record === 'appointment');
  assert.deepEqual(
    told.map((m) => m.userId),
    ['anna'],
  );
  assert.deepEqual(told[0]?.data?.participants, [
    { email: 'luca@firm.example', response: 'needsAction', kind: 'user', userId: 'luca' },
  ]);
});
