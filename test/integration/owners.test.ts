/** Whose record it is: hand-overs, and meetings of several users. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { User } from '../../functions/core/records.ts';
import { ConnectionLost } from '../sandbox/google/protocol.ts';
import { announce, crmOf } from '../support/crm.ts';
import { createWorld, visit } from '../support/world.ts';

const HOUR = 3_600_000;

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

test('rule 1: the new owner is not connected: the record waits, and is written on connecting', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  await world.store.updateUser('luca', (user) => user && { ...user, state: 'invited' });
  await world.crm(world.change('v1', visit(1)));
  await world.crm(world.change('v1', visit(2), { userId: 'luca' }));
  await world.poll('anna');
  assert.deepEqual(await world.events('anna'), [], 'the old owner is rid of it at once');
  assert.deepEqual(await world.events('luca'), []);
  await world.connect('luca');
  await world.poll('luca');
  assert.equal((await world.events('luca')).length, 1);
  assert.deepEqual(await world.events('anna'), []);
});

test('rule 1: handed over to a guest while its owner is disabled: an event of its own, which stays when the owner’s goes', async () => {
  const world = createWorld();
  for (const user of ['anna', 'luca']) await world.connect(user);
  const { crm, settle } = crmOf(world);
  await announce(crm, 'anna', 'luca');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
  await world.poll('anna');
  await settle();
  await world.phone('anna', 'PATCH', `/${own.id}`, { attendees: [{ email: 'luca@firm.example' }] });
  await world.store.updateUser('anna', (user) => user && { ...user, enabled: false });
  const { crmId = '' } = crm.records()[0] ?? {};
  await crm.edit(crmId, { subject: 'Yours' }, 'luca');
  await settle();
  await world.store.updateUser('anna', (user) => user && { ...user, enabled: true });
  for (const user of ['anna', 'luca']) {
    await world.poll(user);
    await settle();
  }
  assert.deepEqual(await world.events('anna'), []);
  assert.deepEqual(
    (await world.events('luca')).map((e) => e.summary),
    ['Yours'],
  );
  assert.deepEqual(
    crm.records().map((r) => [r.crmId, r.userId]),
    [[crmId, 'luca']],
  );
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

test('rule 1: P4 a run that dies while it hands over; the record comes back, deleted: what was edited meanwhile is told', async () => {
  for (const last of [{ op: 'delete' as const }, {}]) {
    const world = createWorld();
    await world.connect('anna');
    await world.connect('luca');
    await world.crm(world.change('v1', visit()));
    // The mark is stored, the deletion at Google never comes to pass.
    world.workspace.before = ({ method }) => {
      if (method.endsWith('events.delete')) throw new ConnectionLost();
    };
    await world.crm(world.change('v1', visit(), { userId: 'luca' }));
    await world.poll('anna');
    world.workspace.before = undefined;
    const [event] = await world.events('anna');
    assert.ok(event, 'still there');
    await world.phone('anna', 'PATCH', `/${event.id}`, { location: 'Bern' });
    world.advance(HOUR);
    await world.crm(world.change('v1', visit(1, 9, { status: 'cancelled' }), last));
    await world.poll('anna');
    assert.deepEqual(await world.events('anna'), []);
    const conflicts = world.messages.flatMap((m) => m.conflicts ?? []);
    assert.deepEqual(
      conflicts.map((c) => [c.field, c.google, c.winner]),
      [['place', 'Bern', 'crm']],
    );
  }
});

test('rule 1: P15 adopted and handed over while its owner was paused: the event goes, whatever id the record has by now', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  const born = await world.phone('anna', 'POST', '', {
    summary: 'Fair',
    start: { date: '2026-11-26' },
    end: { date: '2026-11-27' },
  });
  await world.poll('anna');
  const { data } = world.messages.find((m) => m.googleId === born.id) ?? {};
  const setState = (state: 'paused' | 'active') =>
    world.store.updateUser('anna', (user) => user && { ...user, state });
  await setState('paused');
  await world.crm(world.change('g1', { ...data }, { googleId: born.id }));
  await world.crm(world.change('g1', { ...data }, { userId: 'luca' }));
  // The CRM hears of the new owner's event, and names it from then on.
  const [handed] = await world.events('luca');
  await world.phone('luca', 'PATCH', `/${handed?.id}`, { location: 'Thun' });
  await world.poll('luca');
  const told = world.messages.at(-1);
  assert.equal(told?.googleId, handed?.id);
  await world.crm(
    world.change('g1', { ...told?.data }, { userId: 'luca', googleId: handed?.id ?? '' }),
  );
  await setState('active');
  await world.poll('anna');
  assert.deepEqual(await world.events('anna'), []);
  assert.equal((await world.events('luca')).length, 1);
});

test('rule 1: what a disconnect could not remove is handed over after connecting again: it goes then', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  await world.crm(world.change('v1', visit(1)));
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'remove' });
  world.workspace.faults.add({
    kind: 'status',
    status: 503,
    reason: 'backendError',
    method: 'events.delete',
    count: 20,
  });
  assert.equal(await world.poll('anna'), 'later');
  world.workspace.faults.clear();
  // Connected again meanwhile, which ends the leaving.
  await world.store.updateUser('anna', (user) => {
    const { leaving: _, ...kept } = user as User;
    return kept;
  });
  await world.crm(world.change('v1', visit(2), { userId: 'luca' }));
  await world.poll('anna');
  assert.deepEqual(await world.events('anna'), []);
  assert.equal((await world.events('luca')).length, 1);
  assert.deepEqual(
    world.messages.filter((m) => m.op === 'delete'),
    [],
  );
});

test('rule 1: handed over before its owner’s run has heard the record’s name: an edit meanwhile is of the same record', async () => {
  const world = createWorld();
  const { crm, receive, settle } = crmOf(world);
  await announce(crm, 'anna', 'luca');
  for (const userId of ['anna', 'luca']) await world.connect(userId);
  const born = await world.phone('anna', 'POST', '', {
    summary: 'Fair',
    start: { date: '2026-11-26' },
    end: { date: '2026-11-27' },
  });
  await world.poll('anna');
  await receive();
  const [record] = crm.records('anna');
  await crm.edit(record?.crmId ?? '', {}, 'luca');
  // What the CRM has said of it is still on its way.
  await world.phone('anna', 'PATCH', `/${born.id}`, { location: 'Bern' });
  await world.poll('anna');
  await settle();
  for (const userId of ['anna', 'luca', 'anna']) await world.poll(userId);
  await settle();
  assert.deepEqual(
    crm.records(undefined, true).map((r) => [r.crmId, r.userId, r.deleted, r.data.place]),
    [[record?.crmId, 'luca', false, 'Bern']],
  );
  assert.deepEqual(await world.events('anna'), []);
  assert.deepEqual(
    (await world.events('luca')).map((e) => [e.summary, e.location]),
    [['Fair', 'Bern']],
  );
  assert.deepEqual(
    world.messages.filter((m) => m.op === 'delete'),
    [],
  );
});

test('rule 1: what was adopted and handed over is out of the bin again: it goes, as what the CRM made; handed back it is written anew', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  const born = await world.phone('anna', 'POST', '', {
    summary: 'Fair',
    start: { date: '2026-11-26' },
    end: { date: '2026-11-27' },
  });
  await world.poll('anna');
  const { data } = world.messages.find((m) => m.googleId === born.id) ?? {};
  await world.crm(world.change('g1', { ...data }, { googleId: born.id }));
  await world.crm(world.change('g1', { ...data }, { userId: 'luca', googleId: born.id }));
  await world.poll('anna');
  assert.deepEqual(await world.events('anna'), []);
  await world.phone('anna', 'PATCH', `/${born.id}`, { status: 'confirmed' });
  world.messages.length = 0;
  await world.poll('anna');
  assert.deepEqual(await world.events('anna'), []);
  await world.crm(world.change('g1', { ...data }, { googleId: born.id }));
  for (const userId of ['luca', 'anna']) await world.poll(userId);
  assert.deepEqual(
    (await world.events('anna')).map((e) => e.summary),
    ['Fair'],
  );
  assert.deepEqual(await world.events('luca'), []);
  // The one that was born here is out of the bin once more: one of the two stays.
  await world.phone('anna', 'PATCH', `/${born.id}`, { status: 'confirmed' });
  await world.poll('anna');
  assert.equal((await world.events('anna')).length, 1);
  // Handed back, the record has another id.
  assert.deepEqual(
    world.messages.map((m) => [m.op, m.crmId, m.changed]),
    [['upsert', 'g1', []]],
  );
});

/** Born at Google, deleted there and written anew, handed over and back, it has an object more. */
async function thereAndBack() {
  const world = createWorld();
  for (const userId of ['anna', 'luca']) await world.connect(userId);
  const { crm, settle } = crmOf(world);
  await announce(crm, 'anna', 'luca');
  const all = async () => {
    for (const userId of ['anna', 'luca', 'anna']) {
      await world.poll(userId);
      await settle();
    }
  };
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const born = await world.phone('anna', 'POST', '', { summary: 'Fair', ...day });
  await all();
  const [{ crmId = '' } = {}] = crm.records();
  await world.phone('anna', 'DELETE', `/${born.id}`);
  await crm.edit(crmId, { subject: 'Before' });
  await settle();
  const [before] = await world.events('anna');
  for (const [subject, owner] of [
    ['Away', 'luca'],
    ['After', 'anna'],
  ] as const) {
    await crm.edit(crmId, { subject }, owner);
    await all();
  }
  const [after] = await world.events('anna');
  const titles = async () => (await world.events('anna')).map((e) => e.summary);
  const restore = (id?: string) => world.phone('anna', 'PATCH', `/${id}`, { status: 'confirmed' });
  return { world, crm, all, crmId, before, after, titles, restore };
}

test('rule 1 rule 10: what a person gets out of the bin is there, though it is from before a hand-over and back', async () => {
  const { world, crm, all, crmId, before, titles, restore } = await thereAndBack();
  assert.deepEqual(await titles(), ['After']);
  await crm.edit(crmId, { status: 'cancelled' });
  await all();
  world.messages.length = 0;
  await restore(before?.id);
  await all();
  assert.deepEqual(await titles(), ['Before']);
  assert.deepEqual(
    world.messages.flatMap((m) => m.conflicts ?? []).map((c) => c.field),
    ['cancelledInCrm'],
  );
});

test('P4 rule 10: cancelled and handed over and back with an edit, while a person gets the event out of the bin: the CRM hears of it with its own edit', async () => {
  const world = createWorld();
  for (const userId of ['anna', 'luca']) await world.connect(userId);
  const { crm, outbox, settle } = crmOf(world);
  await announce(crm, 'anna', 'luca');
  const { crmId } = await crm.create('anna', visit(1));
  await settle();
  const [event] = await world.events('anna');
  await crm.edit(crmId, { status: 'cancelled' });
  await crm.edit(crmId, {}, 'luca');
  await world.store.putIntents(outbox.splice(0));
  await world.poll('anna');
  await world.phone('anna', 'PATCH', `/${event?.id}`, { status: 'confirmed' });
  await crm.edit(crmId, { place: 'Bern' }, 'anna');
  world.messages.length = 0;
  await world.store.putIntents(outbox.splice(0));
  await world.poll('anna');
  assert.deepEqual(
    world.messages.map((m) => [m.op, m.crmId, m.data?.place, m.conflicts?.[0]?.field]),
    [['upsert', crmId, 'Bern', 'cancelledInCrm']],
  );
});

test('rule 1 P3: of two that a person gets out of the bin the one from after a hand-over and back is the newer one', async () => {
  const { world, crm, all, crmId, before, after, titles, restore } = await thereAndBack();
  await world.phone('anna', 'DELETE', `/${after?.id}`);
  await world.poll('anna');
  for (const event of [before, after]) await restore(event?.id);
  await all();
  assert.deepEqual(await titles(), ['After']);
  assert.deepEqual(
    crm.records().map((r) => [r.crmId, r.data.subject]),
    [[crmId, 'After']],
  );
});

/** Anna's meeting, entered in the CRM and edited on her phone, with Luca as its guest: on both sides. */
async function meetingToHandOver() {
  const world = createWorld();
  for (const userId of ['anna', 'luca']) await world.connect(userId);
  const { crm, outbox, settle } = crmOf(world);
  await announce(crm, 'anna', 'luca');
  const at = { date: '2026-11-26' };
  const participants = [{ email: 'luca@firm.example' }];
  const { crmId } = await crm.create('anna', { start: at, end: at, participants });
  await settle();
  const [event] = await world.events('anna');
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Bern' });
  await world.poll('anna');
  await settle();
  return { world, crm, outbox, settle, crmId, event };
}

for (const [dies, told] of [
  ['nobody', ''],
  ['before', ', by the run after one that died'],
  ['meanwhile', ', by the run after one that died, the meeting having moved away meanwhile'],
])
  test(`rule 1 C21 P3: what the record is called after a hand-over is told${told}: its former object is another one`, async () => {
    const { world, crm, outbox, settle, crmId, event } = await meetingToHandOver();
    assert.equal(crm.record(crmId)?.googleId, event?.id);
    await crm.edit(crmId, {}, 'luca');
    const { commit } = world.store;
    world.store.commit = (lease, what, release) =>
      dies !== 'nobody' && what.links
        ? Promise.reject(new Error('killed'))
        : commit(lease, what, release);
    const handedOver = Promise.all(outbox.splice(0).map((change) => world.crm(change)));
    if (dies !== 'nobody') await assert.rejects(handedOver, /killed/);
    else await handedOver;
    world.store.commit = commit;
    world.advance(200_000);
    if (dies === 'before') await world.poll('luca');
    // The former owner moves it away before the sync takes it out there: the guest's copy stays.
    const aside = world.workspace.calendars.create('anna@firm.example', 'Own', 'UTC', null);
    await world.phone('anna', 'POST', `/${event?.id}/move?destination=${aside.id}`);
    const all = async () => {
      for (const userId of ['luca', 'anna', 'luca']) await world.poll(userId);
      await settle();
    };
    await all();
    const own = (await world.events('luca')).find(({ id }) => id !== event?.id)?.id;
    assert.equal(crm.record(crmId)?.googleId, own);
    await world.phone('anna', 'DELETE', `/${event?.id}`, undefined, aside.id);
    await all();
    assert.deepEqual(
      crm.records().map((r) => [r.crmId, r.userId, r.data.place]),
      [[crmId, 'luca', 'Bern']],
    );
    assert.deepEqual(
      (await world.events('luca')).map(({ id }) => id),
      [own],
    );
  });

test('rule 1 C21: handed over to a guest and deleted there, and its former owner moves the event: the guest’s copy is an entry of its own', async () => {
  const { world, crm, outbox, settle, crmId, event } = await meetingToHandOver();
  await crm.edit(crmId, {}, 'luca');
  await crm.remove(crmId);
  // Named after the one that was handed over: in the guest's calendar that id is nobody's.
  assert.deepEqual(
    outbox.map(({ userId, op, googleId }) => [userId, op, googleId]),
    [
      ['luca', 'upsert', event?.id],
      ['luca', 'delete', event?.id],
    ],
  );
  const aside = world.workspace.calendars.create('anna@firm.example', 'Own', 'UTC', null);
  await world.phone('anna', 'POST', `/${event?.id}/move?destination=${aside.id}`);
  await settle();
  for (const userId of ['luca', 'anna', 'luca']) await world.poll(userId);
  await settle();
  assert.deepEqual(
    (await world.events('luca')).map(({ id }) => id),
    [event?.id],
  );
  assert.deepEqual(
    crm.records(undefined, true).map((r) => [r.crmId === crmId, r.userId, r.deleted, r.data.place]),
    [
      [true, 'luca', true, 'Bern'],
      [false, 'luca', false, 'Bern'],
    ],
  );
});

test('rule 1 P1: a CRM that answers nothing hands over and back what the phone has edited: it publishes what it hears of that, and both sides are equal', async () => {
  const world = createWorld();
  for (const user of ['anna', 'luca']) await world.connect(user);
  const { crm, outbox, receive, settle } = crmOf(world, { echo: false });
  await announce(crm, 'anna', 'luca');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-26' } };
  const { crmId } = await crm.create('luca', { subject: 'Visit', ...day });
  await settle();
  const [event] = await world.events('luca');
  for (const userId of ['anna', 'luca']) await crm.edit(crmId, {}, userId);
  await world.phone('luca', 'PATCH', `/${event?.id}`, { location: 'Phone' });
  await world.poll('luca');
  await receive();
  for (const change of outbox.splice(0)) {
    await world.crm(change);
    for (const user of ['luca', 'anna']) await world.poll(user);
  }
  await settle();
  const written = await world.events('luca');
  assert.deepEqual(
    written.map(({ location }) => location),
    [crm.record(crmId)?.data.place],
  );
  assert.deepEqual(await world.events('anna'), []);
});

test('rule 1 rule 6: an entry that became a series on the phone is handed over and back: one event more, the series stays', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  assert.ok(event);
  await world.phone('anna', 'PATCH', `/${event.id}`, { recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] });
  await world.poll();
  const others = world.messages.filter((m) => m.op === 'upsert' && m.record === 'appointment');
  for (const [i, { data = {}, googleId }] of others.entries())
    await world.crm(world.change(`part${i}`, data, googleId ? { googleId } : {}));
  await world.crm(world.change('v1', visit(), { userId: 'luca' }));
  await world.poll();
  await world.crm(world.change('v1', visit(1, 15)));
  await world.poll();
  await world.poll('luca');
  const instances = await world.phone('anna', 'GET', `/${event.id}/instances`);
  const times = instances.items.map(({ start }) => start.dateTime?.slice(0, 13));
  assert.deepEqual(times, ['2026-11-25T09', '2026-11-26T09']);
  const own = (await world.events()).filter(({ recurrence }) => !recurrence);
  assert.deepEqual(
    own.map(({ start }) => start.dateTime?.slice(0, 13)),
    ['2026-11-24T15'],
  );
  assert.deepEqual(await world.events('luca'), []);
});
