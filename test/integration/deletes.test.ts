/** Deleted and cancelled, on either side, and what an edit does to it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorld, visit, type World } from '../support/world.ts';

/** An entry of the CRM's that the phone has deleted, and the CRM has heard of that. */
async function deletedOnPhone() {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  await world.poll();
  const [event] = await world.events();
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.poll();
  return { world, event };
}

test('deleted on the phone is deleted in the CRM; deleted in the CRM is deleted at Google', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  await world.poll();
  const [first] = await world.events();
  await world.phone('anna', 'DELETE', `/${first?.id}`);
  await world.poll();
  const deletes = world.messages.filter((m) => m.op === 'delete');
  assert.deepEqual(
    deletes.map((m) => [m.crmId, m.reason]),
    [['v1', 'movedOrDeleted']],
  );
  await world.crm(world.change('v2', {}, { op: 'delete' }));
  assert.deepEqual(await world.events(), []);
  await world.poll();
  assert.equal(
    world.messages.filter((m) => m.op === 'delete').length,
    1,
    'our own delete is no news',
  );
});

test('rule 2: cancelled goes, planned again comes back as the next generation', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [before] = await world.events();
  await world.crm(world.change('v1', visit(1, 9, { status: 'cancelled' })));
  assert.deepEqual(await world.events(), []);
  await world.poll();
  assert.equal(world.messages.filter((m) => m.op === 'delete').length, 0);
  await world.crm(world.change('v1', visit()));
  const [after] = await world.events();
  assert.notEqual(after?.id, before?.id);
  world.countCalls();
  await world.crm(
    world.change('v9', visit(1, 9, { status: 'cancelled' })),
    world.change('v10', {}, { op: 'delete' }),
  );
  assert.deepEqual(world.countCalls(), {}, 'never written, so no call');
});

test('deleted in the CRM and entered anew under the same crmId: the next generation, once', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1, 9, { place: 'Bern' })));
  const [before] = await world.events();
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  const anew = world.change('v1', visit(2));
  for (let times = 0; times < 2; times++) await world.crm(anew);
  await world.poll();
  const [after, ...more] = await world.events();
  assert.deepEqual([after?.summary, after?.location, more], ['Visit at Muster AG', undefined, []]);
  assert.notEqual(after?.id, before?.id, 'a used id stays taken');
  assert.deepEqual(
    world.messages.filter((m) => m.record === 'appointment'),
    [],
  );
});

test('P7 tombstones are kept for 90 days; also when they are gone nothing that was deleted comes back', async () => {
  const world = createWorld();
  await world.connect('anna');
  const [first, second] = [world.change('v1', visit(1)), world.change('v2', visit(2))];
  await world.crm(first, second);
  await world.poll();
  const [event] = await world.events();
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.crm(world.change('v2', {}, { op: 'delete' }));
  await world.poll();
  const links = await world.store.listLinks('anna', 'appointment', 10);
  const kept = links.map(({ state, expireAt = 0 }) => [state, expireAt - world.clock.now()]);
  assert.deepEqual(kept, Array(2).fill(['deleted', 90 * 86_400_000]));
  world.advance(91 * 86_400_000);
  assert.ok((await world.store.sweep(world.clock.now(), 100)) >= 2);
  world.messages.length = 0;
  // A message of before, and a full listing that still shows what was deleted.
  await world.crm(first, second);
  world.workspace.expireSyncTokens('anna@firm.example');
  await world.poll();
  assert.deepEqual(await world.events(), []);
  assert.deepEqual(world.messages, []);
});

test('rule 10: edit beats delete, the CRM hears of it, deletes again, and then it is final', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'Important now' });
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  const last = world.messages.at(-1);
  assert.deepEqual(last?.conflicts, [{ field: 'deletedInCrm', winner: 'google' }]);
  assert.equal((await world.events()).length, 1);
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  assert.equal((await world.events()).length, 0);
});

test('P4 P8 rule 10: what was edited after the CRM heard of it goes with the final delete, but is told', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'Important now' });
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Room 5' });
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  assert.deepEqual(await world.events(), []);
  const place = { field: 'place', crm: null, google: 'Room 5', winner: 'crm' };
  assert.deepEqual(world.messages.at(-1)?.conflicts, [place]);
});

test('P4 P8 rule 10: what the CRM was told while it deleted again goes as well, and is said as lost', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'Important now' });
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Room 5' });
  await world.poll();
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  assert.deepEqual(await world.events(), []);
  const place = { field: 'place', crm: null, google: 'Room 5', winner: 'crm' };
  assert.deepEqual(world.messages.at(-1)?.conflicts, [place]);
});

test('P8 P15 rule 10: a field that was emptied on the phone is an edit as well, also if it was told before the delete', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1, 9, { place: 'Room 5' })));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: '' });
  await world.poll();
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  assert.equal((await world.events()).length, 1);
  assert.equal(world.messages.at(-1)?.conflicts?.[0]?.field, 'deletedInCrm');
});

test('rule 10: deleted at Google but changed in the CRM since: written again, once', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.crm(world.change('v1', visit(1, 9, { subject: 'Still on' })));
  const events = await world.events();
  assert.equal(events.length, 1);
  assert.equal(events[0]?.summary, 'Still on');
  assert.deepEqual(world.messages.at(-1)?.conflicts, [{ field: 'deletedInGoogle', winner: 'crm' }]);
});

test('rule 10: deleted on the phone, which had invited whom the CRM invites: that is no edit which the phone did not know', async () => {
  const world = createWorld();
  for (const user of ['anna', 'luca']) await world.connect(user);
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  const luca = { email: 'luca@firm.example' };
  await world.phone('anna', 'PATCH', `/${event?.id}`, { attendees: [luca] });
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.crm(world.change('v1', visit(1, 9, { participants: [luca] })));
  assert.deepEqual(await world.events(), []);
  const last = world.messages.at(-1);
  assert.deepEqual([last?.op, last?.crmId], ['delete', 'v1']);
});

test('rule 10: an own event deleted at Google before the CRM has answered: its answer does not bring it back', async () => {
  const world = createWorld();
  await world.connect('anna');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
  await world.poll();
  const { data } = world.messages.at(-1) ?? {};
  await world.phone('anna', 'DELETE', `/${own.id}`);
  await world.poll();
  await world.crm(world.change('g1', { ...data, kind: 'call' }, { googleId: own.id }));
  assert.deepEqual(await world.events(), []);
  const last = world.messages.at(-1);
  assert.deepEqual([last?.op, last?.crmId], ['delete', 'g1']);
});

test('P7 deleted on the phone, it stays so, however often the CRM’s old word is looked at again', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.poll();
  assert.equal(world.messages.at(-1)?.op, 'delete');
  // The CRM takes it over, and publishes nothing of that.
  for (let again = 0; again < 2; again++) {
    await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'keep' });
    await world.poll();
    await world.connect('anna');
    await world.poll();
    assert.deepEqual(await world.events(), [], `connected again, ${again}`);
  }
});

test('rule 10: restored under another name, with a link of its own, and deleted at Google before that arrived: it stays deleted', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1, 9, { url: 'https://crm.example/v1' })));
  const [event] = await world.events();
  assert.ok(event);
  await world.phone('anna', 'PATCH', `/${event.id}`, { summary: 'Important now' });
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  const { data, changeId: seen } = world.messages.at(-1) ?? {};
  await world.phone('anna', 'PATCH', `/${event.id}`, { location: 'Room 5' });
  await world.phone('anna', 'DELETE', `/${event.id}`);
  await world.poll();
  const restored = { ...data, kind: 'visit', url: 'https://crm.example/v2' };
  await world.crm(world.change('v2', restored, { googleId: event.id, ...(seen && { seen }) }));
  assert.deepEqual(await world.events(), []);
  const last = world.messages.at(-1);
  assert.deepEqual([last?.op, last?.crmId], ['delete', 'v2']);
});

test('rule 2: a value that the CRM says itself is no unseen edit: cancelled there, the event goes at once', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  await world.poll();
  // Both people had the same thought; the CRM names no change that it has seen.
  await world.crm(world.change('v1', visit(1, 9, { place: 'Thun', status: 'cancelled' })));
  assert.deepEqual(await world.events(), []);
  assert.deepEqual(
    world.messages.flatMap((m) => m.conflicts ?? []),
    [],
  );
});

test('rule 10: restored from the bin, the CRM’s late echo of the deletion does not take it out again', async () => {
  const { world, event } = await deletedOnPhone();
  const gone = world.messages.at(-1);
  await world.phone('anna', 'PATCH', `/${event?.id}`, { status: 'confirmed' });
  await world.poll();
  await world.crm(world.change('v1', {}, { op: 'delete', seen: gone?.changeId ?? '' }));
  assert.equal((await world.events()).length, 1);
  const told = world.messages.at(-1);
  assert.deepEqual(told?.conflicts, [{ field: 'deletedInCrm', winner: 'google' }]);
  await world.crm(world.change('v1', {}, { op: 'delete', seen: told?.changeId ?? '' }));
  assert.deepEqual(await world.events(), []);
});

test('rule 10: restored from the bin, a word of the CRM’s from before does not make its late echo final', async () => {
  const restored = async () => {
    const { world, event } = await deletedOnPhone();
    const gone = world.messages.at(-1)?.changeId ?? '';
    await world.phone('anna', 'PATCH', `/${event?.id}`, { status: 'confirmed' });
    await world.poll();
    return { world, gone };
  };
  const afterDelete = async (world: World, seen?: string) => {
    await world.crm(world.change('v1', {}, { op: 'delete', ...(seen !== undefined && { seen }) }));
    return (await world.events()).length;
  };
  const again = await restored();
  // All that the CRM ever said is looked at again.
  await again.world.store.updateUser('anna', (user) => user && { ...user, leaving: 'keep' });
  await again.world.poll();
  await again.world.connect('anna');
  await again.world.poll();
  assert.equal(await afterDelete(again.world, again.gone), 1);

  const late = await restored();
  await late.world.crm(
    late.world.change('v1', visit(1, 9, { place: 'Thun' }), { seen: late.gone }),
  );
  assert.equal(await afterDelete(late.world, late.gone), 1);

  // Of a CRM that does not say what it has seen, a new word is the answer.
  const silent = await restored();
  await silent.world.crm(silent.world.change('v1', visit(1, 9, { place: 'Thun' })));
  assert.equal(await afterDelete(silent.world), 0);
});

test('rule 10: deleted on both sides, then restored from the bin: the CRM hears that it has deleted it too', async () => {
  const { world, event } = await deletedOnPhone();
  // Sent before the CRM heard of it.
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  await world.phone('anna', 'PATCH', `/${event?.id}`, { status: 'confirmed' });
  await world.poll();
  const last = world.messages.at(-1);
  assert.deepEqual(
    [last?.op, last?.crmId, last?.conflicts?.[0]?.field],
    ['upsert', 'v1', 'deletedInCrm'],
  );
});

test('rule 10: deleted on the phone, made anew in the CRM and deleted there again, then restored: the CRM hears that it has deleted it too', async () => {
  const { world, event } = await deletedOnPhone();
  const { changeId: seen = '' } = world.messages.at(-1) ?? {};
  await world.crm(world.change('v1', {}, { op: 'delete', seen }));
  // The message that made it anew (version 3) comes too late to be heard.
  await world.crm(world.change('v1', {}, { op: 'delete', seen, version: 4 }));
  await world.phone('anna', 'PATCH', `/${event?.id}`, { status: 'confirmed' });
  await world.poll();
  const back = world.messages.at(-1);
  assert.deepEqual(
    [back?.op, back?.crmId, back?.conflicts],
    ['upsert', 'v1', [{ field: 'deletedInCrm', winner: 'google' }]],
  );
});

test('rule 10: the CRM’s echo of a deletion, looked at again, is no deletion of its own', async () => {
  const { world, event } = await deletedOnPhone();
  const { changeId: seen = '' } = world.messages.at(-1) ?? {};
  await world.crm(world.change('v1', {}, { op: 'delete', seen }));
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'keep' });
  await world.poll();
  await world.connect('anna');
  await world.poll();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { status: 'confirmed' });
  await world.poll();
  const back = world.messages.at(-1);
  assert.deepEqual([back?.op, back?.crmId, back?.conflicts], ['upsert', 'v1', undefined]);
});

test('rule 1: what the CRM takes over and cancels is not told as deleted, though the answers of its removal are lost', async () => {
  const world = createWorld();
  await world.connect('anna');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const { id: googleId } = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
  await world.poll();
  const { data } = world.messages.at(-1) ?? {};
  const told = world.messages.length;
  const removal = { service: 'calendar', method: 'events.delete', kind: 'status' } as const;
  world.workspace.faults.add({ ...removal, status: 503, when: 'after', count: 5 });
  const off = world.change('g1', { ...data, status: 'cancelled' }, { googleId });
  assert.equal(await world.crm(off), 'later');
  assert.deepEqual(await world.events(), []);
  world.workspace.faults.add({ ...removal, status: 403, reason: 'quotaExceeded', count: 1 });
  world.advance(300_000);
  await world.poll();
  world.advance(3_700_000);
  await world.poll();
  assert.deepEqual(world.messages.slice(told), []);
});
