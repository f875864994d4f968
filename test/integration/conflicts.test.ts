/** Edits that meet: what survives, who wins, and what is told of it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { readConflicts } from '../../functions/sync/journal.ts';
import { createWorld, visit, type World } from '../support/world.ts';

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

test('C11 the same field on both sides: the policy of the field decides; both values reach the CRM and the admin', async () => {
  for (const winner of ['crm', 'google'] as const) {
    const world = createWorld({ policy: winner === 'google' ? { subject: 'google' } : {} });
    await world.connect('anna');
    await world.crm(world.change('v1', visit(1, 9, { place: 'Bern' })));
    await world.poll();
    const [event] = await world.events();
    await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'On the phone' });
    world.messages.length = 0;
    await world.crm(world.change('v1', visit(1, 9, { subject: 'In the CRM', place: 'Thun' })));
    const [after] = await world.events();
    const won = winner === 'crm' ? 'In the CRM' : 'On the phone';
    assert.deepEqual([after?.summary, after?.location], [won, 'Thun']);
    const conflict = { field: 'subject', crm: 'In the CRM', google: 'On the phone', winner };
    assert.deepEqual(world.messages.at(-1)?.conflicts, [conflict]);
    // What the CRM won is no news to it: it hears what was lost, and no values.
    const told = winner === 'crm' ? undefined : won;
    assert.equal(world.messages.at(-1)?.data?.subject, told);
    const [seen] = await readConflicts(world.engine, 'anna', 10);
    assert.deepEqual([seen?.crmId, seen?.conflicts], ['v1', [conflict]]);
  }
});

test('C11 a conflict that the CRM has lost, and says nothing to, is told once, however often its words are looked at', async () => {
  const world = createWorld({ policy: { subject: 'google' } });
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  await world.poll();
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'On the phone' });
  await world.crm(world.change('v1', visit(1, 9, { subject: 'In the CRM' })));
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'Later' });
  for (let times = 0; times < 2; times++) {
    await world.store.updateUser('anna', (user) => user && { ...user, records: [] });
    await world.poll();
  }
  const told = world.messages.filter((m) => m.changed?.includes('subject'));
  assert.deepEqual(
    told.map((m) => [m.data?.subject, m.conflicts?.length ?? 0]),
    [
      ['On the phone', 1],
      ['Later', 0],
    ],
  );
  // Having seen that, the CRM decides otherwise.
  const seen = told.at(-1)?.changeId ?? '';
  await world.crm(world.change('v1', visit(1, 9, { subject: 'In the CRM' }), { seen }));
  assert.equal((await world.events())[0]?.summary, 'In the CRM');
});

test('C11 a private event’s texts are not in the conflicts that an admin sees', async () => {
  const world = createWorld();
  await world.connect('anna');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { summary: 'Open', ...day });
  await world.poll();
  const { data } = world.messages.at(-1) ?? {};
  await world.crm(world.change('g1', { ...data }, { googleId: own.id }));
  await world.phone('anna', 'PATCH', `/${own.id}`, { summary: 'Open still' });
  await world.crm(world.change('g1', { ...data, subject: 'In the CRM' }, { googleId: own.id }));
  assert.equal((await readConflicts(world.engine, 'anna', 10)).length, 1);
  await world.phone('anna', 'PATCH', `/${own.id}`, { visibility: 'private' });
  await world.poll();
  assert.deepEqual(await readConflicts(world.engine, 'anna', 10), []);
});

test('P6 the same edits meet in either order: the same value wins on both sides', async () => {
  const results = [];
  for (const first of ['crm', 'google']) {
    const world = createWorld();
    await world.connect('anna');
    await world.crm(world.change('v1', visit()));
    await world.poll();
    const [event] = await world.events();
    const google = () => world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'On the phone' });
    const change = world.change('v1', visit(1, 9, { subject: 'In the CRM' }));
    if (first === 'google') await google();
    await world.store.putIntents([change]);
    if (first === 'crm') await google();
    await world.poll();
    await world.poll();
    results.push((await world.events())[0]?.summary);
  }
  assert.deepEqual(results, ['In the CRM', 'In the CRM']);
});

test('C15 what the other side has no word on stays: guests, Meet link, colour, the CRM’s own fields', async () => {
  const world = createWorld();
  await world.connect('anna');
  const customer = { name: 'Muster AG' };
  const participants = [{ email: 'customer@else.example', name: 'Kunde' }];
  await world.crm(world.change('v1', visit(1, 9, { customer, participants })));
  await world.poll();
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { colorId: '7', location: 'Thun' });
  world.messages.length = 0;
  await world.poll();
  const [told] = world.messages;
  assert.deepEqual(told?.changed, ['place'], 'only what changed at Google');
  assert.deepEqual(told?.data?.participants, participants, 'Google never had the customer');
  assert.ok(told && !('customer' in (told.data ?? {})));
  await world.crm(world.change('v1', { subject: 'Only a title' }));
  const [after] = await world.events();
  assert.deepEqual(
    [after?.summary, after?.location, after?.colorId, after?.description?.includes('Muster AG')],
    ['Only a title', 'Thun', '7', true],
  );
});

test('C14 P13 what Google trims or turns into HTML does not bounce, and an echo that comes twice costs nothing', async () => {
  const world = createWorld();
  await world.connect('anna');
  const text = '  two  spaces\n\n';
  const v1 = world.change('v1', visit(1, 9, { subject: ' Title ', description: text, place: '' }));
  await world.crm(v1);
  world.messages.length = 0;
  world.countCalls();
  for (let i = 0; i < 2; i++) {
    await world.crm({ ...v1, changeId: `again${i}`, version: v1.version + 1 + i });
    await world.poll();
  }
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 2 });
  assert.deepEqual(
    world.messages.filter((m) => m.record !== 'user'),
    [],
  );
});

/** The CRM says Bern after its own word, Thun, has been told back to it. `applied`: having taken Google's Bern. */
async function afterOwnWord(applied: boolean): Promise<World> {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1, 9, { place: 'Olten' })));
  await world.poll();
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Bern' });
  await world.poll();
  const seen = applied ? { seen: `${world.messages.at(-1)?.changeId}` } : {};
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Bern, Zytglogge' });
  await world.crm(world.change('v1', visit(1, 9, { place: 'Thun' })));
  assert.equal(world.messages.at(-1)?.data?.place, 'Thun', 'its own word, in case it took Bern');
  await world.crm(world.change('v1', visit(1, 9, { place: 'Bern' }), seen));
  await world.poll();
  return world;
}

test('C14 P1 the CRM changes its mind while its own word is told to it: that is an edit', async () => {
  const world = await afterOwnWord(false);
  assert.equal((await world.events())[0]?.location, 'Bern');
  assert.equal(world.messages.at(-1)?.data?.place, 'Bern', 'what it was told last');
});

test('C14 P13 the CRM has taken an older offer while its own word is told to it: no edit', async () => {
  const world = await afterOwnWord(true);
  assert.equal((await world.events())[0]?.location, 'Thun');
  assert.equal(world.messages.at(-1)?.data?.place, 'Thun', 'what it was told last');
});

/** Google's Bern has been told, and once more to an older word of the CRM's, Olten. Both ids, and how to say more. */
async function toldAgain() {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1, 9, { place: 'Olten' })));
  await world.poll();
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Bern' });
  await world.poll();
  const first = world.messages.at(-1)?.changeId ?? '';
  const say = (place: string, said: { seen?: string } = {}) =>
    world.crm(world.change('v1', visit(1, 9, { place, description: 'Ring twice' }), said));
  await say('Olten');
  const again = world.messages.at(-1)?.changeId ?? '';
  assert.notEqual(again, first);
  return { world, first, again, say };
}

/** What Google has in the end, and what the CRM was told last. */
async function outcome(world: World) {
  await world.poll();
  const [{ location } = {}] = await world.events();
  const { changed, data } = world.messages.at(-1) ?? {};
  return [location, changed, data?.place];
}

test('P1 P5 the CRM goes back to its value while Google’s is told to it again: it hears that its own stands', async () => {
  const { world, first, say } = await toldAgain();
  await say('Olten', { seen: first });
  assert.deepEqual(await outcome(world), ['Olten', ['place'], 'Olten']);
});

test('P5 P13 the CRM takes what it is told again after it has gone back to its value: no change of mind', async () => {
  const { world, first, again, say } = await toldAgain();
  await say('Olten', { seen: first });
  await say('Bern', { seen: again });
  assert.deepEqual(await outcome(world), ['Olten', ['place'], 'Olten']);
});

test('P13 the CRM goes back to its value, having heard Google’s both times: it is told nothing', async () => {
  const { world, again, say } = await toldAgain();
  await say('Olten', { seen: again });
  assert.deepEqual(await outcome(world), ['Olten', ['place'], 'Bern']);
});

test('P7 deleted in the CRM while its own word is told to it: no edit of anybody beats that', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1, 9, { place: 'Olten' })));
  await world.poll();
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Bern' });
  await world.poll();
  const seen = world.messages.at(-1)?.changeId;
  await world.crm(world.change('v1', visit(1, 9, { place: 'Thun' })));
  await world.crm(
    world.change('v1', visit(1, 9, { place: 'Bern', status: 'cancelled' }), { seen }),
  );
  await world.poll();
  assert.deepEqual(await world.events(), []);
});
