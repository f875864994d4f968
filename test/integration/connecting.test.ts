/** Connecting, disconnecting and connecting again; what waits meanwhile. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorld, visit } from '../support/world.ts';

test('rule 11: disconnect revokes the grant and deletes the token; with removal what the sync made goes too', async () => {
  for (const how of ['keep', 'remove'] as const) {
    const world = createWorld();
    await world.connect('anna');
    await world.crm(world.change('v1', visit()));
    await world.phone('anna', 'POST', '', {
      summary: 'Own',
      start: { date: '2026-11-26' },
      end: { date: '2026-11-27' },
    });
    await world.poll();
    await world.store.updateUser('anna', (user) => user && { ...user, leaving: how });
    assert.equal(await world.poll(), 'done');
    assert.equal(await world.vault.open('anna'), undefined);
    assert.equal((await world.store.getUser('anna'))?.state, 'disconnected');
    assert.equal((await world.events()).length, how === 'keep' ? 2 : 1);
    world.countCalls();
    assert.equal(await world.crm(world.change('v2', visit(2))), 'notActive');
    assert.deepEqual(world.countCalls(), {});
    await world.connect('anna');
    await world.poll();
    assert.equal(
      (await world.events()).length,
      3,
      'C06: connecting again doubles nothing and brings all back',
    );
  }
});

test('rule 5: what lies outside the window waits, and is written when the window reaches it', async () => {
  const world = createWorld();
  await world.connect('anna');
  const at = (date: string) => ({ start: { date }, end: { date } });
  await world.crm(
    world.change('far', { subject: 'Far', ...at('2028-01-10') }),
    world.change('past', { subject: 'Past', ...at('2026-01-10') }),
  );
  assert.deepEqual(await world.events(), []);
  world.advance(Date.UTC(2027, 0, 12) - world.clock.now());
  await world.poll();
  assert.deepEqual(
    (await world.events()).map((e) => e.summary),
    ['Far'],
  );
});

test('rule 5: the intents of a user who is not connected are kept, the newest per record', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.store.updateUser('anna', (user) => user && { ...user, state: 'invited' });
  assert.equal(await world.crm(world.change('v1', visit(1))), 'notActive');
  await world.crm(world.change('v1', visit(2, 11)));
  await world.connect('anna');
  await world.poll();
  assert.deepEqual(
    (await world.events()).map((e) => e.start.dateTime),
    ['2026-11-25T11:00:00+01:00'],
  );
});

test('a first sync shows how far it is', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.store.updateUser('anna', (user) => user && { ...user, state: 'invited' });
  await world.crm(
    ...Array.from({ length: 250 }, (_, i) => world.change(`m${i}`, visit(1 + (i % 5)))),
  );
  await world.connect('anna');
  const seen: (number | undefined)[] = [];
  world.workspace.before = async (call) => {
    if (call.batch?.index === 0) seen.push((await world.store.getUser('anna'))?.firstSyncCount);
  };
  await world.poll();
  assert.deepEqual(seen, [undefined, undefined, 100, 100, 200]);
});
