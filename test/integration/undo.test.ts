/** Undoing a run: both sides as before, unless something newer has happened; and what could not be undone. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { SyncError } from '../../functions/errors.ts';
import { undoRun } from '../../functions/sync/undo.ts';
import { createWorld, invite, visit, type World } from '../support/world.ts';

async function startWorld(): Promise<World> {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  return world;
}

const latestRun = async (world: World) =>
  (await world.store.journalRuns('anna', 1))[0]?.run ?? Number.NaN;

/** Undoes the newest run, and forgets earlier messages. */
async function undoLatest(world: World) {
  const run = await latestRun(world);
  world.messages.length = 0;
  return undoRun(world.engine, 'anna', run);
}

/** Nothing is left to do on either side. */
async function assertCalm(world: World): Promise<void> {
  const told = world.messages.length;
  world.countCalls();
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 });
  assert.equal(world.messages.length, told, JSON.stringify(world.messages.slice(told)));
}

test('undo: a change of the CRM is put back at Google, and the CRM told', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit(1, 9, { place: 'Bern' })));
  await world.crm(world.change('v1', visit(1, 14, { subject: 'Wrong', place: null })));
  const report = await undoLatest(world);
  assert.equal(report.outcome, 'done');
  assert.deepEqual([report.undone.length, report.kept], [1, []]);
  const [event] = await world.events();
  assert.deepEqual(
    [event?.summary, event?.location, event?.start.dateTime?.slice(11, 13)],
    ['Visit at Muster AG', 'Bern', '09'],
  );
  assert.equal(world.messages.length, 1);
  const [told] = world.messages;
  assert.deepEqual(told?.changed?.toSorted(), ['end', 'place', 'start', 'subject']);
  assert.equal(told?.data?.subject, 'Visit at Muster AG');
  await assertCalm(world);
  // The CRM takes it over, and both sides agree.
  await world.crm(world.change('v1', told?.data ?? {}, { seen: told?.changeId ?? '' }));
  await assertCalm(world);
  assert.equal((await world.events())[0]?.location, 'Bern');
});

test('C15 undo: whom Google never had stays on the CRM’s list', async () => {
  const world = await startWorld();
  const participants = [{ email: 'customer@else.example', name: 'Kunde' }];
  await world.crm(world.change('v1', visit(1, 9, { participants, place: 'Bern' })));
  await world.crm(world.change('v1', visit(1, 9, { participants, place: 'Thun' })));
  await undoLatest(world);
  const [told] = world.messages;
  assert.deepEqual([told?.changed, told?.data?.place], [['place'], 'Bern']);
  assert.deepEqual(told?.data?.participants, participants);
  await world.connect('luca');
  const guests = [...participants, { email: 'luca@firm.example' }];
  await world.crm(world.change('v1', visit(1, 9, { participants: guests })));
  await undoLatest(world);
  const again = world.messages[0];
  assert.deepEqual([again?.changed, again?.data?.participants], [['participants'], participants]);
  assert.deepEqual((await world.events())[0]?.attendees ?? [], []);
  await world.crm(world.change('v2', visit(2, 9, { participants })));
  await world.crm(world.change('v2', {}, { op: 'delete' }));
  await undoLatest(world);
  assert.deepEqual(world.messages[0]?.data?.participants, participants);
});

test('undo: what the CRM inserted goes again, and the CRM is told so', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  const report = await undoLatest(world);
  assert.deepEqual(
    report.undone.map((u) => [u.wrote, u.told]),
    [
      ['delete', 'delete'],
      ['delete', 'delete'],
    ],
  );
  assert.deepEqual(await world.events(), []);
  assert.deepEqual(world.messages.map((m) => [m.op, m.crmId, m.reason]).sort(), [
    ['delete', 'v1', 'undone'],
    ['delete', 'v2', 'undone'],
  ]);
  await assertCalm(world);
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  await assertCalm(world);
});

test('P1 undo: deleted in the CRM and entered anew there without a word on what the undo tells it: that stays', async () => {
  const world = await startWorld();
  const anew = { ...visit(2), private: undefined, busy: undefined };
  await world.crm(world.change('v1', { ...visit(), private: true, url: 'https://crm.example/v1' }));
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  await undoLatest(world);
  assert.equal(world.messages.at(-1)?.data?.private, true);
  for (const subject of ['Anew', 'Anew, edited'])
    await world.crm(world.change('v1', { ...anew, subject }));
  const [event] = await world.events();
  assert.deepEqual([event?.summary, event?.visibility], ['Anew, edited', 'private']);
  assert.ok(!event?.description?.includes('crm.example'), 'what only the CRM had is gone with it');
  await assertCalm(world);
});

test('P1 undo: cancelled and edited in the CRM, which plans it again before it has heard of the undoing: what it was told stays', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit(1, 9, { place: 'Bern' })));
  await world.crm(world.change('v1', { status: 'cancelled' }));
  const run = await latestRun(world);
  await world.crm(world.change('v1', { place: 'Thun' }));
  await undoRun(world.engine, 'anna', run);
  assert.equal(world.messages.at(-1)?.data?.place, 'Bern');
  await world.crm(world.change('v1', visit(1, 9, { place: 'Thun', subject: 'Again' })));
  const [event] = await world.events();
  assert.deepEqual([event?.location, event?.summary], ['Bern', 'Again']);
  await assertCalm(world);
});

for (const [title, op] of [
  ['deleted in the CRM', { op: 'delete' as const }],
  ['cancelled in the CRM', {}],
] as const) {
  test(`undo: ${title}, brought back at Google under the next id, and the CRM told`, async () => {
    const world = await startWorld();
    await world.crm(world.change('v1', visit(1, 9, { place: 'Bern' })));
    const [before] = await world.events();
    await world.crm(world.change('v1', { status: 'cancelled' }, op));
    assert.deepEqual(await world.events(), []);
    const report = await undoLatest(world);
    assert.deepEqual(
      report.undone.map((u) => [u.wrote, u.told]),
      [['insert', 'upsert']],
    );
    const [after] = await world.events();
    assert.notEqual(after?.id, before?.id);
    assert.deepEqual([after?.summary, after?.location], [before?.summary, 'Bern']);
    const told = world.messages.at(-1);
    assert.deepEqual([told?.op, told?.crmId, told?.data?.place], ['upsert', 'v1', 'Bern']);
    const field = 'op' in op ? 'deletedInCrm' : 'cancelledInCrm';
    assert.deepEqual(told?.conflicts, [{ field, winner: 'google' }]);
    await assertCalm(world);
    await world.crm(world.change('v1', visit(1, 9, { place: 'Bern' })));
    assert.equal((await world.events()).length, 1);
    await assertCalm(world);
  });
}

test('undo: deleted on the phone, brought back on both sides', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  await world.poll();
  for (const event of await world.events()) await world.phone('anna', 'DELETE', `/${event.id}`);
  await world.poll();
  const report = await undoLatest(world);
  assert.equal(report.undone.length, 2);
  assert.equal((await world.events()).length, 2);
  assert.deepEqual(world.messages.map((m) => [m.op, m.crmId]).sort(), [
    ['upsert', 'v1'],
    ['upsert', 'v2'],
  ]);
  await assertCalm(world);
});

test('undo: an edit on the phone that the CRM was told is put back on both sides', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit()));
  await world.poll();
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'By mistake' });
  await world.poll();
  const report = await undoLatest(world);
  assert.equal(report.undone.length, 1);
  assert.equal((await world.events())[0]?.summary, 'Visit at Muster AG');
  assert.equal(world.messages.at(-1)?.data?.subject, 'Visit at Muster AG');
  await assertCalm(world);
});

test('P10 undo: what the user changed in an event that the CRM has not named stays', async () => {
  const world = await startWorld();
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const { id } = await world.phone('anna', 'POST', '', { summary: 'Fair', ...day });
  await world.poll();
  await world.phone('anna', 'PATCH', `/${id}`, { location: 'Bern' });
  await world.poll();
  const report = await undoLatest(world);
  assert.deepEqual([report.undone, report.kept[0]?.reason], [[], 'notAdopted']);
  assert.equal((await world.events())[0]?.location, 'Bern');
  assert.deepEqual(world.messages, []);
});

test('undo: an import is taken back in the CRM; the event at Google is the user’s and stays', async () => {
  const world = await startWorld();
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const made = await world.phone('anna', 'POST', '', { summary: 'Fair', ...day });
  await world.poll();
  world.countCalls();
  const report = await undoLatest(world);
  assert.deepEqual(world.countCalls(), { 'calendar.events.get': 1 });
  assert.deepEqual(
    report.undone.map((u) => [u.wrote, u.told]),
    [[undefined, 'delete']],
  );
  assert.equal((await world.events())[0]?.id, made.id);
  assert.deepEqual(
    world.messages.map((m) => [m.op, m.googleId]),
    [['delete', made.id]],
  );
  await assertCalm(world);
});

/** An event born at Google, imported and named v1 by the CRM; then the import is undone. */
async function takenBack(world: World) {
  const { start, end } = visit(2) as { start: object; end: object };
  const made = await world.phone('anna', 'POST', '', { summary: 'Fair', start, end });
  await world.poll();
  const imported = await latestRun(world);
  const born = { googleId: made.id, seen: world.messages.at(-1)?.changeId ?? '' };
  await world.crm(world.change('v1', visit(2, 9, { subject: 'Fair' }), born));
  const report = await undoRun(world.engine, 'anna', imported);
  assert.equal(report.undone.length, 1);
  world.countCalls();
  return { made, born };
}

test('P3 undo: what the CRM edited while an import was taken back goes into the event that stayed', async () => {
  const world = await startWorld();
  const { made, born } = await takenBack(world);
  await world.crm(world.change('v1', visit(2, 9, { subject: 'Fair, hall 3' }), born));
  assert.deepEqual(world.countCalls(), { 'calendar.events.get': 1, 'calendar.events.patch': 1 });
  const events = await world.events();
  assert.deepEqual(
    events.map((e) => [e.id, e.summary]),
    [[made.id, 'Fair, hall 3']],
  );
  await assertCalm(world);
});

test('undo: where the event of an import that was taken back has gone since, the CRM’s edit is a new one', async () => {
  const world = await startWorld();
  const { made, born } = await takenBack(world);
  await world.phone('anna', 'DELETE', `/${made.id}`);
  await world.crm(world.change('v1', visit(2, 9, { subject: 'Fair, hall 3' }), born));
  const events = await world.events();
  assert.deepEqual(
    events.map((e) => e.summary),
    ['Fair, hall 3'],
  );
  assert.notEqual(events[0]?.id, made.id);
  await world.poll();
  await assertCalm(world);
});

for (const since of ['stays', 'goes']) {
  test(`P4 undo: an invitation whose import was taken back ${since}: the CRM’s edit of what is the user’s own`, async () => {
    const world = await startWorld();
    const id = await invite(world, 'anna');
    await world.poll();
    const run = await latestRun(world);
    const { data, changeId } = world.messages.at(-1) ?? {};
    const { conferenceUrl: _, ...told } = data as { conferenceUrl?: string };
    await undoRun(world.engine, 'anna', run);
    if (since === 'goes') await world.phone('anna', 'DELETE', `/${id}`);
    world.messages.length = 0;
    const born = { googleId: id, seen: changeId ?? '' };
    await world.crm(world.change('v1', { ...told, reminderMinutes: 10 }, born));
    assert.deepEqual(
      world.messages.map((m) => [m.op, m.crmId]),
      since === 'goes' ? [['delete', 'v1']] : [],
    );
    const events = await world.events();
    assert.deepEqual(
      events.map((e) => [e.id, (e as { reminders?: object }).reminders]),
      since === 'goes'
        ? []
        : [[id, { useDefault: false, overrides: [{ method: 'popup', minutes: 10 }] }]],
    );
    if (since === 'goes') await world.poll();
    await assertCalm(world);
  });
}

test('undo: an import is taken back while the CRM takes the record over: it is gone there, and stays at Google', async () => {
  const world = await startWorld();
  const { made, born } = await takenBack(world);
  await world.crm(world.change('v1', visit(2, 9, { subject: 'Fair' }), born));
  await world.crm(world.change('v1', {}, { op: 'delete', googleId: made.id }));
  await world.poll();
  const events = await world.events();
  assert.deepEqual(
    events.map(({ id }) => id),
    [made.id],
  );
  await assertCalm(world);
});

test('P9 undo: an occurrence of a series whose import was taken back is told when it is edited, and stays', async () => {
  const world = createWorld({ recurrence: 'series' });
  await world.connect('anna');
  await world.poll();
  const { start, end } = visit(2) as { start: object; end: object };
  const recurrence = ['RRULE:FREQ=DAILY;COUNT=3'];
  const made = await world.phone('anna', 'POST', '', { summary: 'Fair', start, end, recurrence });
  await world.poll();
  const imported = await latestRun(world);
  const whole = { subject: 'Fair', start, end, recurrence };
  const born = { googleId: made.id, seen: world.messages.at(-1)?.changeId ?? '' };
  await world.crm(world.change('S', whole, born));
  await undoRun(world.engine, 'anna', imported);
  const seen = world.messages.at(-1)?.changeId ?? '';
  await world.crm(world.change('S', {}, { op: 'delete', googleId: made.id, seen }));
  const [first] = (await world.phone('anna', 'GET', `/${made.id}/instances`)).items;
  await world.phone('anna', 'PATCH', `/${first?.id}`, { summary: 'Fair, hall 3' });
  world.messages.length = 0;
  await world.poll();
  const [told] = world.messages;
  assert.equal(told?.data?.subject, 'Fair, hall 3');
  const {
    googleId = '',
    changeId = '',
    occurrence,
  } = told as { occurrence?: object } & typeof told;
  const single = { subject: 'Fair, hall 3', start, end };
  await world.crm(world.change('o1', single, { googleId, seen: changeId, occurrence } as object));
  assert.equal(world.messages.length, 1, JSON.stringify(world.messages.slice(1)));
});

test('undo: what is newer stays, in the CRM, at Google, and at Google not yet polled', async () => {
  const world = await startWorld();
  const ids = ['v1', 'v2', 'v3', 'v4'];
  await world.crm(...ids.map((id, i) => world.change(id, visit(1, 8 + i))));
  await world.crm(
    ...ids.map((id, i) => world.change(id, visit(1, 8 + i, { subject: `Bad ${id}` }))),
  );
  const bad = await latestRun(world);
  await world.crm(world.change('v2', visit(1, 9, { subject: 'Newer in the CRM' })));
  const events = await world.events();
  await world.phone('anna', 'PATCH', `/${events[2]?.id}`, { summary: 'Newer at Google' });
  await world.poll();
  await world.phone('anna', 'PATCH', `/${events[3]?.id}`, { location: 'Not yet polled' });
  const report = await undoRun(world.engine, 'anna', bad);
  assert.deepEqual(
    report.undone.map((u) => u.crmId),
    ['v1'],
  );
  assert.deepEqual(report.kept.map((k) => [k.crmId, k.reason]).sort(), [
    ['v2', 'newer'],
    ['v3', 'newer'],
    ['v4', 'newer'],
  ]);
  assert.deepEqual(
    (await world.events()).map((e) => e.summary),
    ['Visit at Muster AG', 'Newer in the CRM', 'Newer at Google', 'Bad v4'],
  );
});

test('undo: a phone that is quicker than the write wins: conditional on the etag', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit()));
  await world.crm(world.change('v1', visit(1, 9, { subject: 'Bad' })));
  const [event] = await world.events();
  const [collection] = world.engine.collections;
  assert.ok(collection);
  const { write } = collection;
  collection.write = async (...args) => {
    collection.write = write;
    await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'Phone' });
    return write(...args);
  };
  const report = await undoLatest(world);
  assert.deepEqual([report.undone, report.kept[0]?.reason], [[], 'newer']);
  assert.equal((await world.events())[0]?.summary, 'Phone');
});

test('undo: a newer message of the CRM that waits is newer', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit()));
  await world.crm(world.change('v1', visit(1, 9, { subject: 'Bad' })));
  await world.store.putIntents([world.change('v1', visit(1, 9, { subject: 'Waits' }))]);
  const report = await undoLatest(world);
  assert.deepEqual(
    report.kept.map((k) => k.reason),
    ['newer'],
  );
  assert.deepEqual(world.syncRequests, ['anna'], 'and it gets its run');
  await world.poll();
  assert.equal((await world.events())[0]?.summary, 'Waits');
});

test('undo: fields that only the CRM has are named, not put back', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit()));
  await world.crm(world.change('v1', visit(1, 9, { kind: 'call' })));
  const only = await undoLatest(world);
  assert.deepEqual(
    only.kept.map((k) => k.reason),
    ['crmOnly'],
  );
  await world.crm(world.change('v1', visit(1, 9, { kind: 'meeting', subject: 'Bad' })));
  const both = await undoLatest(world);
  assert.deepEqual(
    both.undone.map((u) => u.left),
    [['kind']],
  );
});

test('rule 4: undo: private texts are not in the journal, so a deleted private event is not half restored', async () => {
  const world = await startWorld();
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const made = await world.phone('anna', 'POST', '', {
    summary: 'Therapy',
    ...day,
    visibility: 'private',
  });
  await world.poll();
  await world.crm(world.change('p1', { kind: 'call' }, { googleId: made.id }));
  for (const _ of ['unseen news beat the first', 'the second is final'])
    await world.crm(world.change('p1', {}, { op: 'delete', googleId: made.id }));
  assert.deepEqual(await world.events(), []);
  const report = await undoLatest(world);
  assert.deepEqual(
    report.kept.map((k) => k.reason),
    ['private'],
  );
  assert.deepEqual(await world.events(), []);
});

test('rule 4: undo: what its owner has made private since it was taken over stays private', async () => {
  const world = await startWorld();
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const made = await world.phone('anna', 'POST', '', { summary: 'Talk', ...day });
  await world.poll();
  await world.crm(world.change('p1', { kind: 'call' }, { googleId: made.id }));
  await world.phone('anna', 'PATCH', `/${made.id}`, {
    visibility: 'private',
    transparency: 'transparent',
  });
  await world.poll();
  const report = await undoLatest(world);
  const [event] = await world.events();
  assert.equal(event?.visibility, 'private');
  assert.notEqual(event?.transparency, 'transparent', 'the rest of the run is undone');
  assert.deepEqual(
    report.undone.map(({ left }) => left?.includes('private')),
    [true],
  );
  await world.phone('anna', 'PATCH', `/${made.id}`, { visibility: 'default' });
  await world.poll();
  await world.phone('anna', 'PATCH', `/${made.id}`, { visibility: 'private' });
  await world.poll();
  const kept = (await undoLatest(world)).kept.map(({ reason }) => reason);
  assert.deepEqual(kept, ['hidden']);
});

test('undo: a hand-over is not undone, and says where to', async () => {
  const world = await startWorld();
  await world.connect('luca');
  await world.crm(world.change('v1', visit()));
  await world.crm(world.change('v1', visit(), { userId: 'luca' }));
  await world.poll('anna');
  const report = await undoLatest(world);
  assert.deepEqual(
    report.kept.map((k) => k.reason),
    ['handedOver'],
  );
});

test('undo: of the undoing puts everything as it was', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit()));
  await world.crm(world.change('v1', visit(1, 9, { subject: 'Right after all' })));
  await undoLatest(world);
  const report = await undoLatest(world);
  assert.equal(report.undone.length, 1);
  assert.equal((await world.events())[0]?.summary, 'Right after all');
  await assertCalm(world);
});

test('rule 10 undo: the CRM’s late echo of a deletion that was undone takes nothing out; its own delete does', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  await undoLatest(world);
  const gone = new Map(world.messages.map((m) => [m.crmId, m.changeId]));
  await undoLatest(world);
  const back = new Map(world.messages.map((m) => [m.crmId, m.changeId]));
  assert.equal((await world.events()).length, 2);
  // v1: only the deletion was applied by then. v2: the CRM knows that it lives, and deletes it.
  await world.crm(world.change('v1', {}, { op: 'delete', seen: gone.get('v1') ?? '' }));
  await world.crm(world.change('v2', {}, { op: 'delete', seen: back.get('v2') ?? '' }));
  assert.deepEqual(
    (await world.events()).map((e) => e.start.dateTime?.slice(0, 10)),
    ['2026-11-24'],
  );
  const told = world.messages.at(-1);
  assert.deepEqual([told?.op, told?.crmId], ['upsert', 'v1']);
  await assertCalm(world);
  await world.crm(world.change('v1', {}, { op: 'delete', seen: told?.changeId ?? '' }));
  assert.deepEqual(await world.events(), []);
  await assertCalm(world);
});

test('undo: a run that changed a record twice is taken back to before the first change', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit()));
  await world.store.putIntents([world.change('v1', visit(1, 9, { subject: 'Bad' }))]);
  const [event] = await world.events();
  const { commit } = world.store;
  // Between the drain and the pull of one run the phone edits as well.
  world.store.commit = async (...args) => {
    world.store.commit = commit;
    const done = await commit(...args);
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
    return done;
  };
  await world.poll();
  const report = await undoLatest(world);
  assert.equal(report.undone.length, 1);
  const [after] = await world.events();
  assert.deepEqual([after?.summary, after?.location ?? ''], ['Visit at Muster AG', '']);
});

test('undo: of a lost answer finds its own work, and does not do it twice', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit()));
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  world.workspace.faults.add({ kind: 'close', when: 'after', method: 'events.insert', count: 1 });
  const report = await undoLatest(world);
  assert.equal(report.undone.length, 1);
  assert.equal((await world.events()).length, 1);
  await assertCalm(world);
});

test('undo: while a run is at work it is busy; of an unknown run it says so; of a paused user it works', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit()));
  const run = await latestRun(world);
  assert.equal((await undoRun(world.engine, 'anna', 999)).outcome, 'unknownRun');
  const lease = await world.store.acquireLease('anna', 'other', world.clock.now(), 60_000);
  assert.ok(lease);
  assert.equal((await undoRun(world.engine, 'anna', run)).outcome, 'busy');
  await world.store.dropLease(lease);
  await world.store.updateUser('anna', (user) => user && { ...user, state: 'paused' });
  assert.equal((await undoRun(world.engine, 'anna', run)).undone.length, 1);
});

test('P16 undo: repeated after a crash, what the CRM has restored meanwhile under another number stays', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit(1)));
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  const run = await latestRun(world);
  const { commit } = world.store;
  world.store.commit = async (lease, what, release) => {
    if (what.sent) throw new SyncError('later', 'unavailable');
    return commit(lease, what, release);
  };
  assert.equal((await undoRun(world.engine, 'anna', run)).outcome, 'later');
  world.store.commit = commit;
  const told = world.messages.at(-1);
  assert.deepEqual([told?.op, told?.conflicts?.[0]?.field], ['upsert', 'deletedInCrm']);
  // Edit beats delete: the CRM restores the record under a new id.
  await world.crm(world.change('v2', told?.data ?? {}, { googleId: told?.googleId ?? '' }));
  world.countCalls();
  const report = await undoRun(world.engine, 'anna', run);
  assert.deepEqual([report.outcome, report.kept[0]?.reason], ['done', 'newer']);
  assert.equal(world.countCalls()['calendar.events.insert'], undefined, 'known to be there');
  assert.equal((await world.events()).length, 1);
  await assertCalm(world);
});

test('P1 P16 undo: the undoing of an undoing dies once it has written: a CRM that answers nothing hears that the entry is there again', async () => {
  const world = await startWorld();
  await world.crm(world.change('v1', visit(1)));
  assert.equal((await undoLatest(world)).outcome, 'done');
  assert.deepEqual(await world.events(), []);
  const { commit } = world.store;
  world.store.commit = async (lease, what, release) => {
    if ((await world.events()).length > 0) throw new SyncError('later', 'unavailable');
    return commit(lease, what, release);
  };
  assert.equal((await undoLatest(world)).outcome, 'later');
  world.store.commit = commit;
  world.advance(200_000);
  await world.poll();
  assert.deepEqual(
    world.messages.map((m) => [m.op, m.crmId, m.data?.subject]),
    [['upsert', 'v1', 'Visit at Muster AG']],
  );
  assert.equal((await world.events()).length, 1);
  await assertCalm(world);
});
