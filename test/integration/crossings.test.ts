/** What crosses on the way: edits, deletes, lost answers and crashes that meet at the worst moment. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { User } from '../../functions/core/records.ts';
import { SyncError } from '../../functions/errors.ts';
import { announce, crmOf } from '../support/crm.ts';
import { dying } from '../support/dying.ts';
import { createWorld, SCOPES, visit, type World } from '../support/world.ts';

async function connected(...users: string[]): Promise<World> {
  const world = createWorld();
  for (const user of ['anna', ...users]) await world.connect(user);
  await world.poll();
  world.messages.length = 0;
  world.countCalls();
  return world;
}

const restore = (world: World, id: string | undefined) =>
  world.phone('anna', 'PATCH', `/${id}`, { status: 'confirmed' });

/** Messages about appointments, each once: what a write takes away is told before and after it. */
const told = (world: World) => [
  ...new Map(
    world.messages.filter((m) => m.record === 'appointment').map((m) => [m.changeId, m]),
  ).values(),
];
const conflicts = (world: World) => told(world).flatMap((m) => m.conflicts ?? []);

test('P25 a run that stood still past its lease begins no call, alone or in a batch', async () => {
  for (const ids of [['v1'], ['v1', 'v2']]) {
    const world = await connected();
    world.workspace.expireAccessTokens();
    world.advance(3_600_000);
    const { open } = world.vault;
    world.vault.open = async (userId) => {
      world.advance(130_000);
      return open(userId);
    };
    assert.equal(await world.crm(...ids.map((id) => world.change(id, visit()))), 'later');
    assert.deepEqual(world.countCalls(), {});
    world.vault.open = open;
    await world.poll();
    assert.equal((await world.events()).length, ids.length);
  }
});

test('rule 1: what was deleted without an answer is not told as deleted by the pull of the same run', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  world.workspace.faults.add({ kind: 'close', when: 'after', method: 'events.delete', count: 99 });
  await world.store.putIntents([world.change('v1', visit(1, 9, { status: 'cancelled' }))]);
  await world.poll();
  world.workspace.faults.clear();
  await world.poll();
  assert.deepEqual(await world.events(), []);
  assert.deepEqual(told(world), []);
});

test('P5 P16 edited on the phone after a run died between inserting and committing: the edit stays, and is no conflict', async () => {
  for (const policy of [{}, { place: 'google', subject: 'google' }] as const) {
    const world = createWorld({ policy });
    await world.connect('anna');
    await world.poll();
    const first = world.change('v1', visit(1, 9, { place: 'Bern', kind: 'visit' }));
    await dying(world, () => world.crm(first));
    const [event] = await world.events();
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
    await world.poll();
    const [now] = await world.events();
    assert.deepEqual([now?.location, now?.summary], ['Thun', event?.summary]);
    assert.deepEqual(conflicts(world), []);
    const last = told(world).at(-1);
    assert.deepEqual([last?.crmId, last?.changed, last?.data?.place], ['v1', ['place'], 'Thun']);
    world.countCalls();
    await world.crm(world.change('v1', visit(1, 9, { place: 'Thun', kind: 'call' })));
    assert.equal((await world.events())[0]?.location, 'Thun');
  }
});

for (const policy of [{}, { place: 'google', subject: 'google' }] as const) {
  const winner = 'place' in policy ? 'Google' : 'the CRM';
  const entered = async () => {
    const world = createWorld({ policy });
    await world.connect('anna');
    await world.crm(world.change('v1', visit(1, 9, { place: 'Bern' })));
    await world.poll();
    return { world, edit: (place: string) => world.change('v1', visit(1, 9, { place })) };
  };

  test(`P5 P16 a run died between patching and committing, and the CRM has changed its mind since: no conflict, where ${winner} wins`, async () => {
    const { world, edit } = await entered();
    await dying(world, () => world.crm(edit('Thun')), 'links');
    await world.crm(edit('Uster'));
    await world.poll();
    assert.equal((await world.events())[0]?.location, 'Uster');
    assert.deepEqual(told(world), []);
  });

  const born = async () => {
    const world = createWorld({ policy });
    await world.connect('anna');
    const event = await world.phone('anna', 'POST', '', {
      summary: 'Mine',
      location: 'Bern',
      start: { dateTime: '2026-11-26T09:00:00+01:00' },
      end: { dateTime: '2026-11-26T10:00:00+01:00' },
    });
    await world.poll();
    const { data, googleId = '' } = world.messages.at(-1) ?? {};
    const edit = (more: object) => world.change('v1', { ...data, ...more }, { googleId });
    await world.crm(edit({}));
    world.messages.length = 0;
    return { world, edit, eventId: `${event.id}` };
  };

  for (const last of ['Bern', 'Uster'])
    test(`P4 P16 born at Google, and the CRM has said ${last} since a run died that had written Thun: that counts, where ${winner} wins`, async () => {
      const { world, edit } = await born();
      await dying(world, () => world.crm(edit({ place: 'Thun' })), 'consumed');
      assert.equal((await world.events())[0]?.location, 'Thun');
      await world.crm(edit({ place: last }));
      await world.poll();
      assert.equal((await world.events())[0]?.location, last);
      assert.deepEqual(told(world), []);
    });

  test(`P4 P16 born at Google, and the run came to nothing that was about to write what the CRM has said: it is written after all, where ${winner} wins`, async () => {
    const { world, edit, eventId } = await born();
    world.workspace.before = ({ method }) => {
      if (method.endsWith('.patch')) throw new Error('killed');
    };
    assert.equal(await world.crm(edit({ place: 'Thun' })), 'later');
    world.workspace.before = undefined;
    assert.equal((await world.events())[0]?.location, 'Bern');
    await world.phone('anna', 'PATCH', `/${eventId}`, { summary: 'Ours' });
    await world.poll();
    const [event] = await world.events();
    assert.deepEqual([event?.location, event?.summary], ['Thun', 'Ours']);
  });

  test(`P5 P16 edited on the phone after a run died between patching and committing: an edit, and no conflict, where ${winner} wins`, async () => {
    const { world, edit } = await entered();
    await dying(world, () => world.crm(edit('Thun')), 'links');
    const [event] = await world.events();
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Zug' });
    await world.poll();
    assert.equal((await world.events())[0]?.location, 'Zug');
    assert.deepEqual(
      told(world).map((m) => [m.changed, m.data?.place, m.conflicts]),
      [[['place'], 'Zug', undefined]],
    );
  });

  test(`P4 P16 both sides changed the place, and the run died between patching the rest and committing: the conflict is told, where ${winner} wins`, async () => {
    const { world } = await entered();
    const [event] = await world.events();
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Zug' });
    const both = visit(1, 9, { place: 'Thun', reminderMinutes: 5 });
    await dying(world, () => world.crm(world.change('v1', both)), 'links');
    await world.poll();
    const place = winner === 'Google' ? 'Zug' : 'Thun';
    assert.equal((await world.events())[0]?.location, place);
    assert.deepEqual(
      conflicts(world).map(({ field, crm, google }) => [field, crm, google]),
      [['place', 'Thun', 'Zug']],
    );
  });

  test(`P5 P16 a run died between inserting and committing, and both sides have edited since, each its own: both stay, where ${winner} wins`, async () => {
    const world = createWorld({ policy });
    await world.connect('anna');
    await world.poll();
    await dying(world, () => world.crm(world.change('v1', visit(1, 9, { place: 'Bern' }))));
    const [event] = await world.events();
    await world.phone('anna', 'PATCH', `/${event?.id}`, {
      location: 'Zug',
      transparency: 'transparent',
    });
    await world.crm(
      world.change('v1', visit(1, 9, { place: 'Bern', busy: true, subject: 'Talk' })),
    );
    await world.poll();
    const [now] = await world.events();
    assert.deepEqual(
      [now?.summary, now?.location, now?.transparency],
      ['Talk', 'Zug', 'transparent'],
    );
    assert.deepEqual(conflicts(world), []);
  });
}

test('P13 an insert whose answer was lost is recognised without a second write', async () => {
  const world = await connected();
  world.workspace.faults.add({ kind: 'close', when: 'after', method: 'events.insert', count: 1 });
  await world.crm(world.change('v1', visit()));
  assert.deepEqual(world.countCalls(), { 'calendar.events.insert': 2, 'calendar.events.get': 1 });
  assert.deepEqual(told(world), [], 'what Google holds by default is no news');
});

test('P7 P16 deleted in the CRM after a run died between inserting and committing: gone', async () => {
  const world = await connected();
  await dying(world, () => world.crm(world.change('v1', visit())));
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  await world.poll();
  assert.deepEqual(await world.events(), []);
  assert.deepEqual(told(world), []);
});

test('rule 10: P4 the same, but edited at Google meanwhile: the edit stays, until the CRM deletes again', async () => {
  const world = await connected();
  await dying(world, () => world.crm(world.change('v1', visit())));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'Edited' });
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  await world.poll();
  assert.equal((await world.events())[0]?.summary, 'Edited');
  assert.deepEqual(
    told(world).map(({ op, data, conflicts }) => [op, data?.subject, conflicts?.[0]?.field]),
    [['upsert', 'Edited', 'deletedInCrm']],
  );
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  await world.poll();
  assert.deepEqual(await world.events(), []);
});

test('P7 P16 written and changed by runs that died, then deleted in the CRM: nobody edited it', async () => {
  for (const known of [false, true]) {
    const world = await connected();
    const first = () => world.crm(world.change('v1', visit(1, 9, { place: 'Bern' })));
    if (known) await first();
    else await dying(world, first);
    const second = world.change('v1', visit(1, 15, { place: 'Thun' }));
    await dying(world, () => world.crm(second));
    await world.crm(world.change('v1', {}, { op: 'delete' }));
    await world.poll();
    assert.deepEqual(await world.events(), []);
    assert.ok(!conflicts(world).some((c) => c.field === 'deletedInCrm'));
  }
});

test('rule 10: P4 the same, moved in the second in which it was inserted', async () => {
  const world = await connected();
  const at = (hour: number) => ({ dateTime: `2026-11-24T${hour}:00:00+01:00` });
  await dying(world, async () => {
    const run = world.crm(world.change('v1', visit()));
    await run.catch(() => {});
    const [event] = await world.events();
    await world.phone('anna', 'PATCH', `/${event?.id}`, { start: at(17), end: at(18) });
    return run;
  });
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  await world.poll();
  assert.equal((await world.events()).length, 1);
  assert.deepEqual(
    conflicts(world).map((c) => c.field),
    ['deletedInCrm'],
  );
});

for (const when of ['linked', 'told of it', 'told by a run that died'] as const) {
  test(`P7 deleted at Google while the CRM adopts an import (${when}): it stays deleted`, async () => {
    const world = await connected();
    const body = { summary: 'Own', start: { date: '2026-12-01' }, end: { date: '2026-12-02' } };
    const own = await world.phone('anna', 'POST', '', body);
    if (when === 'told by a run that died') await dying(world, () => world.poll(), 'sent');
    else await world.poll();
    const [news] = told(world);
    await world.phone('anna', 'DELETE', `/${own.id}`);
    if (when === 'told of it') await world.poll();
    const dressed = { ...news?.data, url: 'https://crm.example/g1' };
    const adopts = { googleId: own.id, seen: news?.changeId ?? '' };
    await world.crm(world.change('g1', dressed, adopts));
    await world.poll();
    assert.deepEqual(await world.events(), []);
    const last = told(world).at(-1);
    assert.deepEqual([last?.op, last?.crmId], ['delete', 'g1']);
    // Nor does its echo of what it was told next, sent before it heard of the deletion.
    await world.crm(world.change('g1', dressed, adopts));
    await world.poll();
    assert.deepEqual(await world.events(), []);
    // A person's later edit is one, and brings it back.
    await world.crm(world.change('g1', { ...dressed, subject: 'Needed' }, adopts));
    assert.equal((await world.events())[0]?.summary, 'Needed');
  });
}

test('P17 P16 a run that dies before it tells leaves that to the next one, before anything newer', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Bern' });
  const { googleChanges } = world.engine.publisher;
  world.engine.publisher.googleChanges = () => Promise.reject(new Error('killed'));
  await assert.rejects(world.poll());
  world.engine.publisher.googleChanges = googleChanges;
  assert.deepEqual(told(world), []);
  const places = () => told(world).map((m) => m.data?.place);
  // Whatever the next run is about.
  await world.crm(world.change('v2', visit(2)));
  assert.deepEqual(places(), ['Bern']);
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  await world.poll();
  assert.deepEqual(places(), ['Bern', 'Thun']);
  assert.deepEqual(await world.store.outboxOf('anna'), []);
});

test('P17 what could not be told is told before anything newer of the same run', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  const [first, second] = await world.events();
  await world.phone('anna', 'PATCH', `/${first?.id}`, { location: 'Bern' });
  await world.phone('anna', 'PATCH', `/${second?.id}`, { location: 'Thun' });
  const { googleChanges } = world.engine.publisher;
  world.engine.publisher.googleChanges = async () => {
    world.engine.publisher.googleChanges = googleChanges;
    throw new SyncError('later', 'pubsub');
  };
  // Planned against what was pulled, and told in the same run.
  await world.store.putIntents([world.change('v2', visit(2, 15))]);
  assert.equal(await world.poll(), 'later');
  await world.poll();
  const places = told(world).flatMap((m) => (m.data?.place ? [m.data.place] : []));
  assert.deepEqual([...new Set(places)].sort(), ['Bern', 'Thun']);
  assert.deepEqual(await world.store.outboxOf('anna'), []);
  assert.equal((await world.store.getLease('anna'))?.outbox, undefined);
});

test('P1 P16 what the CRM was told is known, whenever the run dies: Google back at the old value is news', async () => {
  for (const before of ['outbox', 'sent'] as const) {
    const world = await connected();
    await world.crm(world.change('v1', visit(1, 9, { place: 'Olten' })));
    const [event] = await world.events();
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Bern' });
    await dying(world, () => world.poll(), before);
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Olten' });
    await world.poll();
    const places = told(world).map((m) => m.data?.place);
    assert.deepEqual(places, before === 'sent' ? ['Bern', 'Olten'] : []);
  }
});

test('P7 P16 deleted by somebody who saw what a run wrote that died: it stays deleted', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  const edited = visit(1, 15, { subject: 'Seen on the phone' });
  await dying(world, () => world.crm(world.change('v1', edited)));
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.poll();
  assert.deepEqual(await world.events(), []);
  assert.equal(told(world).at(-1)?.op, 'delete');
  // Said again it is none either; an edit that nobody saw is.
  await world.crm(world.change('v1', edited));
  assert.deepEqual(await world.events(), []);
  await world.crm(world.change('v1', { ...edited, subject: 'Needed' }));
  assert.equal((await world.events())[0]?.summary, 'Needed');
});

test('P17 a change that could not be carried out is seen again: the cursor stays', async () => {
  const world = await connected();
  await dying(world, () => world.crm(world.change('v1', visit())));
  await world.store.putIntents([world.change('v1', {}, { op: 'delete' })]);
  const stop = world.workspace.faults.add({
    kind: 'status',
    status: 401,
    reason: 'authError',
    method: 'events.delete',
  });
  assert.equal(await world.poll(), 'later');
  stop();
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(await world.events(), []);
});

test('P7 P16 the same with a later generation: nobody restored anything', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  await world.crm(world.change('v1', visit(1, 9, { status: 'cancelled' })));
  await dying(world, () => world.crm(world.change('v1', visit())));
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  await world.poll();
  assert.deepEqual(await world.events(), []);
  assert.deepEqual(conflicts(world), []);
});

test('P16 an inserted event that was deleted before it was known does not block the record', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  await world.crm(world.change('v1', visit(1, 9, { status: 'cancelled' })));
  await dying(world, () => world.crm(world.change('v1', visit())));
  const [event] = await world.events();
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  assert.equal(await world.crm(world.change('v1', visit(1, 10))), 'done');
  assert.equal((await world.events()).length, 1);
});

test('P3 an earlier generation that a person restores does not stay beside the later one', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [first] = await world.events();
  await world.crm(world.change('v1', visit(1, 9, { status: 'cancelled' })));
  await world.crm(world.change('v1', visit()));
  await restore(world, first?.id);
  await world.poll();
  const events = await world.events();
  assert.equal(events.length, 1);
  assert.notEqual(events[0]?.id, first?.id);
});

test('P3 two generations that a person restores together: the newest is the record, once', async () => {
  const world = await connected();
  const { crm, receive, settle } = crmOf(world);
  await announce(crm, 'anna');
  const at = { date: '2026-11-26' };
  const { crmId } = await crm.create('anna', { subject: 'Visit', start: at, end: at });
  await settle();
  const [first] = await world.events();
  for (const status of ['cancelled', 'planned'] as const) await crm.edit(crmId, { status });
  await settle();
  const [second] = await world.events();
  await world.phone('anna', 'DELETE', `/${second?.id}`);
  await world.poll();
  await receive();
  for (const event of [first, second]) await restore(world, event?.id);
  for (let round = 0; round < 2; round++) {
    await world.poll();
    await settle();
  }
  assert.deepEqual(
    (await world.events()).map((e) => e.id),
    [second?.id],
  );
  assert.deepEqual(
    crm.records().map((r) => r.googleId),
    [second?.id],
  );
});

test('P1 of an earlier generation that a person restores once the later one is deleted, the CRM hears what it does not hold', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [first] = await world.events();
  await world.phone('anna', 'DELETE', `/${first?.id}`);
  // The CRM has not heard of it.
  await world.crm(world.change('v1', visit(1, 9, { place: 'Thun' })));
  const [second] = await world.events();
  assert.notEqual(second?.id, first?.id);
  await world.phone('anna', 'DELETE', `/${second?.id}`);
  await world.poll();
  await restore(world, first?.id ?? '');
  await world.poll();
  const back = told(world).at(-1);
  assert.deepEqual([back?.op, back?.googleId, back?.data?.place], ['upsert', first?.id, null]);
  // A CRM that has a newer version takes over what has changed, no more.
  assert.ok(back?.changed?.includes('place'));
});

test('P3 the same, born at Google: it bears no marker, and is known all the same', async () => {
  const world = await connected();
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
  await world.poll();
  const { data } = told(world)[0] ?? {};
  await world.crm(world.change('g1', { ...data }, { googleId: own.id }));
  await world.crm(world.change('g1', { ...data, status: 'cancelled' }));
  await world.crm(world.change('g1', { ...data, status: 'planned', place: 'Thun' }));
  await restore(world, own.id);
  await world.poll();
  const events = await world.events();
  assert.deepEqual(
    events.map((e) => [e.id === own.id, e.location]),
    [[false, 'Thun']],
  );
  assert.equal(told(world).length, 1, 'the CRM hears of no second appointment');
});

test('P3 rule 10: born at Google, out of the bin after its record went on elsewhere and was deleted: restored under another crmId it is there once', async () => {
  const world = await connected();
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
  await world.poll();
  const { data } = told(world)[0] ?? {};
  const googleId = own.id;
  await world.crm(world.change('g1', { ...data }, { googleId }));
  await world.crm(world.change('g1', {}, { op: 'delete', googleId }));
  await world.crm(world.change('g1', visit()));
  await restore(world, own.id);
  await world.crm(world.change('g1', {}, { op: 'delete', googleId }));
  await world.poll();
  const { changeId: seen = '', conflicts: why } = told(world).at(-1) ?? {};
  assert.equal(why?.[0]?.field, 'deletedInCrm');
  const place = 'Thun';
  await world.crm(world.change('g2', { ...data, kind: 'visit', place }, { googleId, seen }));
  const [event, ...more] = await world.events();
  assert.deepEqual([event?.id, event?.location, more], [own.id, place, []]);
  assert.deepEqual([event?.extendedProperties, event?.description], [undefined, undefined]);
});

test('rule 4: a private event, out of the bin after its record went on elsewhere and was deleted, is a busy block as before', async () => {
  const world = await connected();
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const hidden = { summary: 'Doctor', visibility: 'private', ...day };
  const { id: googleId } = await world.phone('anna', 'POST', '', hidden);
  await world.poll();
  const { data } = told(world)[0] ?? {};
  await world.crm(world.change('g1', { ...data }, { googleId }));
  await world.crm(world.change('g1', {}, { op: 'delete', googleId }));
  await world.crm(world.change('g1', visit()));
  await world.crm(world.change('g1', {}, { op: 'delete', googleId }));
  await restore(world, googleId);
  await world.poll();
  const last = told(world).at(-1);
  assert.deepEqual([last?.redacted, last?.data?.subject], [true, null]);
});

test('P1 P8 restored from the bin after the CRM cancelled it: told, and what the CRM changed stays', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.crm(world.change('v1', visit(1, 9, { status: 'cancelled' })));
  await world.crm(world.change('v1', visit(1, 9, { status: 'cancelled', place: 'Thun' })));
  await restore(world, event?.id);
  await world.poll();
  assert.deepEqual(
    conflicts(world).map((c) => c.field),
    ['cancelledInCrm'],
  );
  assert.equal(told(world).at(-1)?.data?.place, 'Thun');
  await world.crm(world.change('v1', visit(1, 9, { status: 'cancelled', place: 'Thun' })));
  assert.deepEqual(await world.events(), [], 'a newer word of the CRM is final');
});

test('P4 cancelled and changed in the CRM, edited on the phone: both edits are in what is told', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'On the phone' });
  await world.crm(world.change('v1', visit(1, 9, { status: 'cancelled', place: 'Thun' })));
  const last = told(world).at(-1);
  assert.deepEqual([last?.data?.subject, last?.data?.place], ['On the phone', 'Thun']);
  assert.ok(last?.changed?.includes('subject'));
});

test('P4 deleted in the CRM before it saw an edit that it was told: the edit is not lost', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  await world.poll();
  const remove = world.change('v1', {}, { op: 'delete' });
  await world.crm(remove);
  assert.deepEqual(
    conflicts(world).map((c) => c.field),
    ['deletedInCrm'],
  );
  await world.store.wakeIntents('anna', world.clock.now(), 10, true);
  await world.poll();
  assert.equal((await world.events()).length, 1, 'the same delete again is no new one');
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  assert.deepEqual(await world.events(), []);
});

test('P7 deleted in the CRM after it saw the edit: final at once', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  await world.poll();
  const seen = told(world).at(-1)?.changeId ?? '';
  await world.crm(world.change('v1', {}, { op: 'delete', seen }));
  assert.deepEqual(await world.events(), []);
  assert.deepEqual(conflicts(world), []);
});

test('rule 10: restored under another crmId: the old delete, woken again, is not its business', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  const googleId = event?.id ?? '';
  await world.crm(world.change('v1', {}, { op: 'delete', googleId }));
  await world.crm(world.change('v2', visit(1, 9, { place: 'Thun' }), { googleId }));
  await world.connect('anna');
  await world.store.wakeIntents('anna', world.clock.now(), 10, true);
  await world.poll();
  assert.equal((await world.events()).length, 1);
  await world.crm(world.change('v1', visit(2)));
  assert.equal((await world.events()).length, 2, 'entered anew it has an event of its own');
  const links = await world.store.linksByCrmId('anna', 'appointment', ['v1', 'v2']);
  assert.deepEqual(links.map((link) => link.crmId).sort(), ['v1', 'v2'], 'and each its link');
});

test('P1 rule 10: restored under another crmId after it was deleted at Google too: told, whatever its version', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit(), { version: 7 }));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  await world.crm(world.change('v1', {}, { version: 8, op: 'delete' }));
  const { changeId: restoring = '' } = told(world).at(-1) ?? {};
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.poll();
  // It has applied the first of the two messages only.
  const v2 = visit(1, 9, { place: 'Thun' });
  const { id: googleId = '' } = event ?? {};
  await world.crm(world.change('v2', v2, { version: 1, googleId, seen: restoring }));
  assert.deepEqual(await world.events(), []);
  const last = told(world).at(-1);
  assert.deepEqual([last?.op, last?.crmId], ['delete', 'v2'], 'deleted at Google, so in the CRM');
});

test('P4 a hand-over takes away what the old owner changed: told, not lost', async () => {
  const world = await connected('luca');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  await world.crm(world.change('v1', visit(1, 10), { userId: 'luca' }));
  await world.poll('anna');
  assert.deepEqual(await world.events('anna'), []);
  assert.deepEqual(conflicts(world), [
    { field: 'place', crm: null, google: 'Thun', winner: 'crm' },
  ]);
});

test('P15 the old owner’s message comes after the hand-over: the adopted event goes', async () => {
  const world = await connected('luca');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
  await world.poll();
  const adopted = { ...told(world).at(-1)?.data };
  const answer = world.change('g1', adopted, { googleId: own.id });
  await world.crm(world.change('g1', adopted, { googleId: own.id, userId: 'luca' }));
  await world.crm(answer);
  await world.poll('anna');
  assert.deepEqual(await world.events('anna'), []);
  assert.equal((await world.events('luca')).length, 1);
});

test('P4 a conflict is told although the answer of the write that decides it is lost', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'On the phone' });
  let patches = 0;
  world.workspace.after = (call) => {
    if (call.user && call.method.endsWith('patch') && ++patches === 1)
      world.workspace.faults.add({ kind: 'close', when: 'after', count: 1 });
  };
  await world.crm(world.change('v1', visit(1, 9, { subject: 'In the CRM' })));
  assert.equal((await world.events())[0]?.summary, 'In the CRM');
  assert.deepEqual(conflicts(world)[0]?.google, 'On the phone');
});

for (const says of ['says what it has seen', 'does not say what it has seen'])
  test(`P4 P13 two edits on the phone in a row: the echo of the first takes nothing back, of a CRM that ${says}`, async () => {
    const world = await connected();
    await world.crm(world.change('v1', visit()));
    const [event] = await world.events();
    for (const place of ['Bern', 'Thun']) {
      await world.phone('anna', 'PATCH', `/${event?.id}`, { location: place });
      await world.poll();
    }
    const [first] = told(world);
    const seen = says.startsWith('says') ? { seen: first?.changeId ?? '' } : {};
    await world.crm(world.change('v1', visit(1, 9, { place: 'Bern' }), seen));
    assert.equal((await world.events())[0]?.location, 'Thun');
    assert.deepEqual(conflicts(world), []);
  });

test('P18 an expired token, and an own event deleted before the CRM has answered: told', async () => {
  const world = await connected();
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
  await world.poll();
  await world.phone('anna', 'DELETE', `/${own.id}`);
  world.workspace.expireSyncTokens('anna@firm.example');
  await world.poll();
  assert.deepEqual(
    told(world).map((m) => m.op),
    ['upsert', 'delete'],
  );
});

test('P15 deleted and entered anew, in whatever order it arrives: nothing of before is left', async () => {
  for (const late of [false, true]) {
    const world = await connected();
    await world.crm(world.change('v1', visit(1, 9, { place: 'Bern', busy: false })));
    const remove = world.change('v1', {}, { op: 'delete' });
    const anew = world.change('v1', visit(2));
    for (const change of late ? [anew, remove] : [remove, anew]) await world.crm(change);
    const [event] = await world.events();
    assert.equal(event?.location, undefined);
  }
});

test('a reminder that the CRM clears is the calendar’s default again', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit(1, 9, { reminderMinutes: 30 })));
  await world.crm(world.change('v1', visit(1, 9, { reminderMinutes: null })));
  const [event] = (await world.events()) as { reminders?: object }[];
  assert.deepEqual(event?.reminders, { useDefault: true });
  assert.deepEqual(told(world), []);
});

test('rule 4: the CRM cannot make a hidden event public: refused, and Google’s value told', async () => {
  const world = await connected();
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { ...day, visibility: 'private' });
  await world.poll();
  const adopted = told(world).at(-1)?.data;
  await world.crm(world.change('g1', { ...adopted, private: false }, { googleId: own.id }));
  const last = told(world).at(-1);
  assert.deepEqual([last?.rejected?.reason, last?.data?.private], ['hidden', true]);
});

for (const off of ['cancelled', 'deleted'] as const)
  test(`rule 2: ${off} in the CRM and planned again while the run that took it out died: it is there again`, async () => {
    const world = await connected();
    await world.crm(world.change('v1', visit()));
    const taken =
      off === 'cancelled'
        ? world.change('v1', visit(1, 9, { status: 'cancelled' }))
        : world.change('v1', {}, { op: 'delete' });
    await dying(world, () => world.crm(taken), 'links');
    assert.deepEqual(await world.events(), [], 'taken out, and nobody knows');
    await world.crm(world.change('v1', visit()));
    await world.poll();
    assert.equal((await world.events()).length, 1);
    assert.deepEqual(told(world), [], 'neither deleted nor in conflict');
  });

test('rule 11: a run that dies while it removes: its own deletes are not the user’s', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'remove' });
  const { commit } = world.store;
  let commits = 0;
  world.store.commit = (...args) =>
    ++commits === 1 ? commit(...args) : Promise.reject(new Error('killed'));
  await assert.rejects(world.poll());
  world.store.commit = commit;
  world.advance(200_000);
  await world.store.updateUser('anna', (user) => {
    if (!user) return undefined;
    const { leaving: _, firstSyncAt: __, ...kept } = user;
    return kept;
  });
  await world.poll();
  assert.equal((await world.events()).length, 2);
  assert.deepEqual(
    told(world).filter((m) => m.op === 'delete'),
    [],
  );
});

test('rule 11: the grant is gone before removal, and the entry became a series on the phone: it keeps its record', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  const rule = { recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] };
  await world.phone('anna', 'PATCH', `/${event?.id}`, rule);
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'remove' });
  world.workspace.oauth.revokeUser('anna@firm.example');
  await world.poll();
  assert.equal((await world.store.getUser('anna'))?.state, 'disconnected');
  await world.consent('anna', SCOPES.primary);
  await world.poll();
  const links = await world.store.linksByCrmId('anna', 'appointment', ['v1']);
  assert.deepEqual(
    links.map(({ state, googleId }) => [state, googleId]),
    [['live', `${event?.id}_20261124T080000Z`]],
  );
  assert.equal(told(world).filter((m) => m.op === 'upsert' && m.crmId === undefined).length, 2);
});

test('rule 11: removal is asked for while a run disconnects and keeps: it removes as well', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const leave = (how: 'keep' | 'remove') =>
    world.store.updateUser('anna', (user) => user && { ...user, leaving: how });
  await leave('keep');
  // After the run has read, under its lease, that it is to keep.
  const { acquireLease, getUser } = world.store;
  let reads = 0;
  world.store.acquireLease = async (...args) => {
    world.store.getUser = async (userId) => {
      reads += 1;
      if (reads === 2) await leave('remove');
      return getUser(userId);
    };
    return acquireLease(...args);
  };
  await world.poll();
  assert.deepEqual(await world.events(), []);
  assert.equal((await world.store.getUser('anna'))?.state, 'disconnected');
});

/** The last look of a run that lets go: what it saw it learns only when its lease is over, and more has happened. */
function lateLastLook({ store, advance }: World, meanwhile: () => Promise<unknown>): void {
  const { getUser } = store;
  let reads = 0;
  store.getUser = async (userId) => {
    const user = await getUser(userId);
    reads += 1;
    if (reads < 3) return user;
    store.getUser = getUser;
    advance(130_000);
    await meanwhile();
    return user;
  };
}

test('rule 11: a run whose lease is over ends no grant: the next one removes, as asked meanwhile', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const leave = (how: 'keep' | 'remove') =>
    world.store.updateUser('anna', (user) => user && { ...user, leaving: how });
  await leave('keep');
  lateLastLook(world, () => leave('remove'));
  assert.equal(await world.poll(), 'later');
  await world.poll();
  assert.deepEqual(await world.events(), []);
  assert.equal((await world.store.getUser('anna'))?.state, 'disconnected');
});

test('rule 11: connected anew and left with removal while a run ends the grant that it keeps: it removes, and ends the new one', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const leave = (how: 'keep' | 'remove') =>
    world.store.updateUser('anna', (user) => user && { ...user, leaving: how });
  await leave('keep');
  world.advance(1000);
  const { destroy } = world.vault;
  world.vault.destroy = async (userId) => {
    world.vault.destroy = destroy;
    await destroy(userId);
    await world.consent('anna', SCOPES.primary);
    await leave('remove');
  };
  for (let runs = 0; runs < 2; runs++) await world.poll();
  assert.deepEqual(await world.events(), []);
  assert.equal(await world.vault.open('anna'), undefined);
  assert.equal((await world.store.getUser('anna'))?.state, 'disconnected');
});

test('P36 whoever connects again while a run lets go, and be it slow, keeps the new grant', async () => {
  for (const late of [true, false]) {
    const world = await connected();
    const { channelsOf } = world.store;
    await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'keep' });
    const back = async () => {
      await world.store.updateUser('anna', (user) => {
        const { leaving: _, ...stays } = user as User;
        return stays;
      });
      await world.consent('anna', SCOPES.primary);
    };
    if (late) lateLastLook(world, back);
    else
      world.store.channelsOf = async (userId) => {
        world.store.channelsOf = channelsOf;
        await back();
        return channelsOf(userId);
      };
    assert.equal(await world.poll(), late ? 'later' : 'done');
    await world.crm(world.change('v1', visit()));
    assert.equal((await world.events()).length, 1, `late: ${late}`);
    assert.equal((await world.store.getUser('anna'))?.state, 'active');
  }
});

test('rule 11: removal is taken back while a run removes, and the user connects again: all is there again', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  await world.poll();
  const wish = (leaving: User['leaving']) =>
    world.store.updateUser('anna', (user) => {
      const { leaving: _, ...stays } = user as User;
      return { ...stays, ...(leaving && { leaving }) };
    });
  await wish('remove');
  const { channelsOf } = world.store;
  world.store.channelsOf = async (userId) => {
    world.store.channelsOf = channelsOf;
    await wish('keep');
    await wish(undefined);
    await world.consent('anna', SCOPES.primary);
    return channelsOf(userId);
  };
  await world.poll();
  assert.deepEqual(await world.events(), []);
  await world.poll();
  assert.equal((await world.events()).length, 1);
});

test('rule 2: a run without time for the CRM’s word does not take what a dead one took out for the user’s deletion', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const cancelled = visit(1, 9, { status: 'cancelled' });
  await dying(world, () => world.crm(world.change('v1', cancelled)), 'links');
  assert.deepEqual(await world.events(), []);
  const { pendingIntents } = world.store;
  world.store.pendingIntents = (...args) => {
    world.advance(300_000);
    return pendingIntents(...args);
  };
  assert.equal(await world.poll(), 'later');
  world.store.pendingIntents = pendingIntents;
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(told(world), []);
  const made = await world.phone('anna', 'POST', '', {
    start: { date: '2026-11-26' },
    end: { date: '2026-11-27' },
  });
  await world.poll();
  assert.deepEqual(
    told(world).map((m) => m.googleId),
    [made.id],
    'the listing was only put off',
  );
});

test('P12 a record that was restored, then deleted at Google and changed in the CRM: only fields are told', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  assert.deepEqual(
    conflicts(world).map((c) => c.field),
    ['deletedInCrm'],
  );
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.crm(world.change('v1', visit(1, 15)));
  assert.ok(conflicts(world).some((c) => c.field === 'deletedInGoogle'));
  const [link] = await world.store.linksByCrmId('anna', 'appointment', ['v1']);
  const sides = { ...link?.crm, ...link?.google, ...told(world).at(-1)?.data };
  assert.equal(sides.deletedInCrm, undefined);
});

test('P14 what was read before the lease ran out is told to nobody: somebody else may know better', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Old' });
  world.workspace.after = (call) => {
    if (call.method === 'calendar.events.list' && call.user) world.advance(130_000);
  };
  assert.equal(await world.poll(), 'later');
  assert.deepEqual(told(world), []);
  world.workspace.after = undefined;
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'New' });
  await world.poll();
  assert.deepEqual(
    told(world).map((m) => m.data?.place),
    ['New'],
  );
});

test('P27 however long it takes between two steps, the end is the same', async () => {
  const ends = [];
  for (const pause of [0, 1_000, 119_000, 3_600_000, 26 * 3_600_000]) {
    const world = await connected();
    const step = async (work: () => Promise<unknown>) => {
      await work();
      world.advance(pause);
    };
    await step(() => world.crm(world.change('v1', visit(4))));
    const [event] = await world.events();
    await step(() => world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' }));
    await step(() => world.crm(world.change('v1', visit(4, 9, { subject: 'In the CRM' }))));
    await step(() => world.poll());
    await step(() => world.crm(world.change('v1', { place: 'Bern' })));
    await step(() => world.poll());
    const [after] = await world.events();
    ends.push([after?.summary, after?.location, told(world).map((m) => [m.op, m.changed])]);
  }
  for (const end of ends) assert.deepEqual(end, ends[0]);
});

test('P3 P16 written again by a run that died, and restored from the bin meanwhile: one of the two stays', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  await world.poll();
  const [first] = await world.events();
  await world.phone('anna', 'DELETE', `/${first?.id}`);
  const { commit } = world.store;
  world.store.commit = async () => {
    throw new SyncError('later', 'unavailable');
  };
  await world.crm(world.change('v1', visit(1, 15)));
  world.store.commit = commit;
  await world.phone('anna', 'PATCH', `/${first?.id}`, { status: 'confirmed', location: 'Thun' });
  assert.equal((await world.events()).length, 2);
  await world.poll();
  await world.poll();
  const left = (await world.events()).map((e) => [e.id, e.location, e.start.dateTime]);
  assert.deepEqual(left, [[first?.id, 'Thun', '2026-11-24T15:00:00+01:00']]);
});

test('rule 11: removal is asked for after a run that keeps died with the grant: it ends, and what was handed over goes on coming back', async () => {
  const world = await connected();
  await world.connect('luca');
  await world.crm(world.change('v1', visit()));
  const leave = (how: 'keep' | 'remove') =>
    world.store.updateUser('anna', (user) => user && { ...user, leaving: how });
  await leave('keep');
  const { googleChanges } = world.engine.publisher;
  world.engine.publisher.googleChanges = async () => {
    throw new Error('killed');
  };
  await world.poll().catch(() => {});
  world.engine.publisher.googleChanges = googleChanges;
  world.advance(200_000);
  await world.crm(world.change('v1', visit(2), { userId: 'luca' }));
  await leave('remove');
  await world.poll();
  assert.equal((await world.store.getUser('anna'))?.state, 'disconnected');
  await world.consent('anna', [...SCOPES.primary]);
  await world.poll();
  assert.deepEqual(await world.events(), []);
  assert.equal((await world.events('luca')).length, 1);
});

test('rule 11: an entry of the CRM’s that the phone made a series goes whole, read or not', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  const recurrence = ['RRULE:FREQ=DAILY;COUNT=4'];
  await world.phone('anna', 'PATCH', `/${event?.id}`, { recurrence });
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'remove' });
  await world.poll();
  assert.deepEqual(await world.events(), []);
});

for (const what of ['deleted', 'cancelled', 'handed over'] as const)
  test(`rule 1: ${what} in the CRM, and the run that took it out lost its commit: the CRM hears of no deletion`, async () => {
    const world = await connected();
    await world.connect('luca');
    await world.crm(world.change('v1', visit()));
    await world.poll();
    const word = {
      deleted: world.change('v1', {}, { op: 'delete' }),
      cancelled: world.change('v1', visit(1, 9, { status: 'cancelled' })),
      'handed over': world.change('v1', visit(), { userId: 'luca' }),
    };
    await world.store.putIntents([word[what]]);
    const { commit } = world.store;
    let lost = 0;
    world.store.commit = async (...args) => {
      if (args[1].consumed?.length && lost++ === 0) throw new SyncError('later', 'unavailable');
      return commit(...args);
    };
    world.messages.length = 0;
    assert.equal(await world.poll(), 'later');
    assert.deepEqual(await world.events(), [], 'taken out');
    world.advance(3_600_000);
    await world.poll();
    assert.deepEqual(told(world), []);
  });

test('rule 10: restored under a new crmId while it is deleted at Google: the CRM hears that the new one is gone', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  const { changeId = '', data } = told(world).at(-1) ?? {};
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.poll();
  const again = { userId: 'anna', version: 1, googleId: `${event?.id}`, seen: changeId };
  await world.crm(world.change('v2', { ...data }, again));
  await world.poll();
  const last = told(world).at(-1);
  assert.deepEqual([last?.op, last?.crmId], ['delete', 'v2']);
});
