/** A series that the CRM hands over (RECURRENCE=series): its exceptions go with it, to the new owner's calendar. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { runUser } from '../../functions/sync/run-user.ts';
import { announce, crmOf } from '../support/crm.ts';
import { dying } from '../support/dying.ts';
import { createWorld } from '../support/world.ts';

const zurich = (dateTime: string) => ({ dateTime, timeZone: 'Europe/Zurich' });
const at = (day: string, hour = 9) => ({
  start: zurich(`2026-${day}T${String(hour).padStart(2, '0')}:00:00+01:00`),
  end: zurich(`2026-${day}T${String(hour + 1).padStart(2, '0')}:00:00+01:00`),
});
/** Tuesdays at nine. */
const weekly = { subject: 'Round', status: 'planned' as const, ...at('11-24') };
const recurrence = ['RRULE:FREQ=WEEKLY;COUNT=6'];
/** Moved, left out (with a record, and without one), renamed, called off; one is as the series. */
const SHOWN = ['11-24T08 Round', '12-03T13 Round', '12-15T08 Special'];

/** Anna's series, with an exception of each kind; both sides are equal. `from`: who has made it. */
async function withSeries(from: 'crm' | 'google', participants?: { email: string }[]) {
  const world = createWorld({ recurrence: 'series' });
  for (const userId of ['anna', 'luca']) await world.connect(userId);
  const { crm, outbox, settle } = crmOf(world);
  await announce(crm, 'anna', 'luca');
  for (const userId of ['anna', 'luca']) await world.poll(userId);
  if (from === 'crm')
    await crm.create('anna', { ...weekly, ...(participants && { participants }), recurrence });
  else {
    await world.phone('anna', 'POST', '', { summary: 'Round', ...at('11-24'), recurrence });
    await world.poll('anna');
  }
  await settle();
  const [series] = crm.records('anna');
  const crmId = series?.crmId ?? '';
  const [event] = await world.events('anna');
  const occurrence = (day: string) => ({ series: { crmId }, originalStart: at(day).start });
  const make = (day: string, more: object) =>
    crm.create(
      'anna',
      { ...series?.data, recurrence: null, ...at(day), ...more },
      { occurrence: occurrence(day) },
    );
  const moved = await make('12-01', at('12-03', 14));
  const out = await make('12-08', {});
  await crm.remove(out.crmId);
  await make('12-22', { status: 'cancelled' });
  await settle();
  const instance = (day: string) => `/${event?.id}_2026${day.replace('-', '')}T080000Z`;
  await world.phone('anna', 'PATCH', instance('12-15'), { summary: 'Special' });
  await world.phone('anna', 'DELETE', instance('12-29'));
  await world.poll('anna');
  await settle();
  const special = crm.records('anna').find((r) => r.data.subject === 'Special');
  /** What the user's calendar shows. */
  const shows = async (userId: string) => {
    const { items } = await world.phone(userId, 'GET', '?singleEvents=true&maxResults=2500');
    return items
      .filter((e) => e.status !== 'cancelled')
      .map((e) => `${new Date(e.start.dateTime ?? '').toISOString().slice(5, 13)} ${e.summary}`)
      .sort();
  };
  const ids = [crmId, moved.crmId, special?.crmId ?? ''];
  assert.deepEqual(await shows('anna'), SHOWN);
  const before = world.messages.length;
  const told = () => world.messages.slice(before);
  return { world, crm, outbox, settle, shows, instance, ids, crmId, told };
}

type Stage = Awaited<ReturnType<typeof withSeries>>;

/** What can differ in how a hand-over arrives: the order of the messages, and of the runs after all or after each. */
const ARRIVALS = [false, true].flatMap((reversed) =>
  [false, true].flatMap((each) =>
    [
      ['anna', 'luca'],
      ['luca', 'anna'],
    ].map((users) => ({ reversed, each, users })),
  ),
);

/** Delivers what the CRM has published, and what it answers, until both sides are silent. */
async function deliver(stage: Stage, { reversed, each, users } = ARRIVALS[0] as Arrival) {
  const { world, outbox } = stage;
  const run = async () => {
    for (const userId of users) await world.poll(userId);
  };
  const changes = outbox.splice(0);
  for (const change of reversed ? changes.reverse() : changes) {
    await world.store.putIntents([change]);
    if (each) await run();
  }
  await run();
  await settled(stage);
}
type Arrival = (typeof ARRIVALS)[number];

async function settled({ world, settle }: Stage): Promise<void> {
  await settle();
  for (const userId of ['anna', 'luca', 'anna', 'luca']) {
    await world.poll(userId);
    await settle();
  }
}

/** It is one user's, once, with its exceptions; and nobody was told of anything but its new name. */
async function isWholly(
  { told, crm, shows, ids }: Stage,
  owner: string,
  isShared = false,
): Promise<void> {
  for (const userId of ['anna', 'luca'])
    assert.deepEqual(await shows(userId), userId === owner || isShared ? SHOWN : [], userId);
  const live = crm.records().filter(({ data }) => data.status !== 'cancelled');
  assert.deepEqual(
    live.map((r) => [r.crmId, r.userId]),
    ids.map((crmId) => [crmId, owner]),
  );
  assert.deepEqual(
    told().filter((m) => m.op !== 'upsert' || m.conflicts || m.changed?.length),
    [],
  );
}

/** The old owner's run takes up what the CRM has published, before it hears what is new at Google. */
async function runOld({ world, outbox }: Pick<Stage, 'world' | 'outbox'>): Promise<void> {
  await world.store.putIntents(outbox.splice(0));
  await runUser(world.engine, 'anna', { pull: false });
}

/** The old owner's run dies after its calls at Google, before it has stored what it did. */
async function runThatDies(stage: Stage): Promise<void> {
  const { world } = stage;
  const { commit } = world.store;
  world.store.commit = (lease, what, release) =>
    what.removedLinks?.length ? Promise.reject(new Error('killed')) : commit(lease, what, release);
  await assert.rejects(runOld(stage), /killed/);
  world.store.commit = commit;
  assert.deepEqual(await stage.shows('anna'), []);
  world.advance(200_000);
}

for (const [from, participants] of [
  ['crm', []],
  ['google', []],
  ['crm', [{ email: 'luca@firm.example' }]],
] as const)
  test(`rule 1 rule 6 C20: a series born in ${from} is handed over${participants.length > 0 ? ' to its guest' : ''}, and back, with its exceptions, in any order`, async () => {
    for (const arrival of ARRIVALS) {
      const stage = await withSeries(from, [...participants]);
      await stage.crm.edit(stage.crmId, {}, 'luca');
      await deliver(stage, arrival);
      await isWholly(stage, 'luca');
      await stage.crm.edit(stage.crmId, {}, 'anna');
      await deliver(stage, arrival);
      await isWholly(stage, 'anna', participants.length > 0);
    }
  });

test('rule 1 P1: an exception that was written alone stays so when it is handed over with its series', async () => {
  const stage = await withSeries('crm');
  const { world, crm, shows, instance, ids } = stage;
  const [, alone = ''] = ids;
  await world.phone('anna', 'DELETE', instance('12-01'));
  await crm.edit(alone, { place: 'Thun' });
  await settled(stage);
  assert.equal(crm.record(alone)?.occurrence, undefined, 'it is an appointment of its own');
  for (const crmId of ids) await crm.edit(crmId, {}, 'luca');
  await deliver(stage);
  assert.deepEqual(await shows('luca'), SHOWN);
  const events = await world.events('luca');
  const event = events.find(({ id }) => id === crm.record(alone)?.googleId);
  assert.deepEqual([event?.location, event?.id.includes('_')], ['Thun', false]);
});

test('rule 1 rule 6: a series is handed over to who is not connected yet: it is written on connecting, with its exceptions', async () => {
  const stage = await withSeries('crm');
  const { world, crm, shows } = stage;
  await world.store.updateUser('luca', (user) => user && { ...user, state: 'invited' });
  await crm.edit(stage.crmId, {}, 'luca');
  await settled(stage);
  assert.deepEqual([await shows('anna'), await shows('luca')], [[], []]);
  await world.connect('luca');
  await settled(stage);
  await isWholly(stage, 'luca');
});

for (const names of ['', ', nor one that names the series by its former event as well'])
  test(`rule 1 rule 6: an exception’s message from before the hand-over of its series, that comes after it, writes nothing${names}`, async () => {
    const stage = await withSeries('crm');
    const { world, crm, outbox, shows, ids } = stage;
    await crm.edit(ids[1] ?? '', { place: 'Bern' });
    const late = outbox.splice(0);
    const [event] = await world.events('anna');
    for (const change of names === '' ? [] : late)
      if ('occurrence' in change && change.occurrence)
        change.occurrence.series.googleId = event?.id;
    await crm.edit(stage.crmId, {}, 'luca');
    const [series, ...parts] = outbox.splice(0);
    await world.store.putIntents(series ? [series] : []);
    await world.poll('anna');
    assert.equal(await world.crm(...late), 'done', 'nothing of it is left to be done here');
    await world.poll('anna');
    assert.deepEqual(await shows('anna'), []);
    await world.store.putIntents(parts);
    await settled(stage);
    await isWholly(stage, 'luca');
  });

test('rule 1 rule 6: handed over and back before its owner’s run, and the exceptions come back first: they wait for their series', async () => {
  const stage = await withSeries('crm');
  const { world, crm, outbox } = stage;
  await crm.edit(stage.crmId, {}, 'luca');
  const [there] = outbox.splice(0);
  await crm.edit(stage.crmId, {}, 'anna');
  const [back, ...parts] = outbox.splice(0);
  if (there) await world.store.putIntents([there]);
  world.countCalls();
  assert.equal(await world.crm(...parts), 'done', 'that they wait is nothing to come back for');
  // Of the series alone: their places, which are gone with it, are not looked for.
  assert.equal(world.countCalls()['calendar.events.get'], 2);
  await world.poll('anna');
  await world.store.putIntents(back ? [back] : []);
  await settled(stage);
  await isWholly(stage, 'anna');
});

test('rule 1 rule 6: an exception taken out of its old owner’s series before that is handed over is not told as deleted, listed anew', async () => {
  const stage = await withSeries('crm');
  const { world, crm, outbox } = stage;
  await crm.edit(stage.crmId, {}, 'luca');
  const [series, ...parts] = outbox.splice(0);
  await world.store.putIntents(parts);
  await world.poll('anna');
  world.workspace.calendars.expireSyncTokens();
  await world.poll('anna');
  await world.store.putIntents(series ? [series] : []);
  await settled(stage);
  await isWholly(stage, 'luca');
});

for (const back of [false, true])
  test(`rule 1 rule 6 P4: a run that dies once it has taken a handed-over series out: none of its exceptions is told as deleted${back ? '; handed back, it has them again' : ''}`, async () => {
    const stage = await withSeries('crm');
    const { crm } = stage;
    await crm.edit(stage.crmId, {}, 'luca');
    await runThatDies(stage);
    if (back) {
      await crm.edit(stage.crmId, {}, 'anna');
      await deliver(stage);
    }
    await settled(stage);
    await isWholly(stage, back ? 'anna' : 'luca');
  });

test('rule 1 rule 6 C21: who is invited to one occurrence gets its series: what the CRM makes of that occurrence is one of the series', async () => {
  const stage = await withSeries('crm');
  const { world, crm, settle, shows, instance } = stage;
  const attendees = [{ email: 'luca@firm.example' }];
  await world.phone('anna', 'PATCH', instance('11-24'), { attendees });
  await world.poll('anna');
  // The CRM has not heard of it yet.
  await crm.edit(stage.crmId, { subject: 'Mine' }, 'luca');
  await settle();
  await settled(stage);
  assert.deepEqual([await shows('anna'), await shows('luca')], [[], SHOWN]);
});

test('rule 1 rule 6: a series is handed over that a run had written and died: what the phone has made of an occurrence is neither told nor missed', async () => {
  const world = createWorld({ recurrence: 'series' });
  for (const userId of ['anna', 'luca']) await world.connect(userId);
  const { crm, outbox, settle } = crmOf(world);
  await announce(crm, 'anna', 'luca');
  for (const userId of ['anna', 'luca']) await world.poll(userId);
  const { crmId } = await crm.create('anna', { ...weekly, recurrence });
  await dying(world, () => Promise.all(outbox.splice(0).map((change) => world.crm(change))));
  const [event] = await world.events('anna');
  await world.phone('anna', 'PATCH', `/${event?.id}_20261201T080000Z`, { location: 'Bern' });
  world.messages.length = 0;
  await crm.edit(crmId, {}, 'luca');
  await world.store.putIntents(outbox.splice(0));
  for (const userId of ['anna', 'luca', 'anna', 'luca']) await world.poll(userId);
  assert.deepEqual(world.messages, []);
  assert.deepEqual(await world.events('anna'), []);
  assert.equal((await world.events('luca')).length, 1);
  await settle();
});

for (const [where, alone, mostOnPage] of [
  ['', false, 250],
  [', also where the series came first', true, 250],
  [', also where Google shows little at a time', false, 1],
] as const)
  test(`rule 1 rule 6 P4: what the phone changed in an exception just before its series was handed over is told${where}`, async () => {
    const stage = await withSeries('crm');
    const { world, crm, outbox, shows, instance, told, ids } = stage;
    world.workspace.mostOnPage = mostOnPage;
    await world.phone('anna', 'PATCH', instance('12-01'), { location: 'Bern' });
    await crm.edit(stage.crmId, {}, 'luca');
    const parts = alone ? outbox.splice(1) : [];
    await runOld(stage);
    world.workspace.mostOnPage = Number.POSITIVE_INFINITY;
    await world.store.putIntents(parts);
    await settled(stage);
    assert.deepEqual([await shows('anna'), await shows('luca')], [[], SHOWN]);
    assert.deepEqual(
      told().flatMap((m) => (m.conflicts ?? []).map((c) => [m.crmId, c])),
      [[ids[1], { field: 'place', crm: null, google: 'Bern', winner: 'crm' }]],
    );
    assert.deepEqual(
      told().filter(({ op }) => op !== 'upsert'),
      [],
    );
  });

test('rule 1 rule 6 P4: an entry that has become a series unseen is handed over: what the phone changed in an occurrence is told', async () => {
  const world = createWorld({ recurrence: 'series' });
  for (const userId of ['anna', 'luca']) await world.connect(userId);
  const { crm, outbox, settle } = crmOf(world);
  await announce(crm, 'anna', 'luca');
  const { crmId } = await crm.create('anna', weekly);
  await settle();
  const [event] = await world.events('anna');
  await world.phone('anna', 'PATCH', `/${event?.id}`, { recurrence });
  await world.phone('anna', 'PATCH', `/${event?.id}_20261201T080000Z`, { summary: 'Phone' });
  world.messages.length = 0;
  await crm.edit(crmId, {}, 'luca');
  await runOld({ world, outbox });
  assert.deepEqual(await world.events('anna'), []);
  const [changed] = world.messages.filter(({ occurrence }) => occurrence);
  assert.equal(changed?.data?.subject, 'Phone');
  const told = world.messages.flatMap((m) => (m.conflicts ?? []).map((c) => [m.crmId, c]));
  const lost = { field: 'recurrence', crm: null, google: recurrence, winner: 'crm' };
  assert.deepEqual(told, [[crmId, lost]]);
});

test('rule 1 rule 6 P4: both sides have just made an exception of an occurrence whose series is handed over: what the phone says is told', async () => {
  const stage = await withSeries('crm');
  const { world, crm, shows, instance, told } = stage;
  const { start, end } = at('11-24');
  const occurrence = { series: { crmId: stage.crmId }, originalStart: start };
  const data = { ...weekly, start, end, subject: 'Desk', place: 'Bern' };
  const { crmId } = await crm.create('anna', data, { occurrence });
  await world.phone('anna', 'PATCH', instance('11-24'), { summary: 'Phone', location: 'Bern' });
  await crm.edit(stage.crmId, {}, 'luca');
  await runOld(stage);
  await settled(stage);
  const shown = SHOWN.map((line) => line.replace('24T08 Round', '24T08 Desk'));
  assert.deepEqual([await shows('anna'), await shows('luca')], [[], shown]);
  assert.deepEqual(
    told().flatMap((m) => (m.conflicts ?? []).map((c) => [m.crmId, c])),
    [[crmId, { field: 'subject', crm: 'Desk', google: 'Phone', winner: 'crm' }]],
  );
});

for (const [what, dies] of [
  ['made', false],
  ['made', true],
  ['changed once more', false],
] as const)
  test(`rule 1 rule 6 P4: an exception without a record that the phone has just ${what} goes along with its series${dies ? ', also by the run after one that died' : ''}`, async () => {
    const stage = await withSeries('crm');
    const { world, crm, shows, instance, told } = stage;
    if (what !== 'made') {
      await world.phone('anna', 'PATCH', instance('11-24'), { location: 'Bern' });
      await world.poll('anna');
    }
    await world.phone('anna', 'PATCH', instance('11-24'), { summary: 'Phone' });
    await crm.edit(stage.crmId, {}, 'luca');
    await (dies ? runThatDies(stage) : runOld(stage));
    await settled(stage);
    const shown = SHOWN.map((line) => line.replace('24T08 Round', '24T08 Phone'));
    assert.deepEqual([await shows('anna'), await shows('luca')], [[], shown]);
    assert.deepEqual(
      told().filter(({ op, conflicts }) => op !== 'upsert' || conflicts),
      [],
    );
    const made = crm.records().filter(({ data }) => data.subject === 'Phone');
    assert.deepEqual(
      made.map((r) => [r.userId, r.data.place ?? null]),
      [['luca', what === 'made' ? null : 'Bern']],
    );
  });
