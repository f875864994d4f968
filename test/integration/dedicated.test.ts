/**
 * Rule 9: the dedicated calendar. Made on connecting; deleted by the user, made anew and filled again;
 * changing the setting moves linked events on the user's next run.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { appointmentSchema } from '../../functions/core/messages.ts';
import { scopes } from '../../functions/google/scopes.ts';
import { runUser } from '../../functions/sync/run-user.ts';
import { createWorld, SCOPES, visit, type World } from '../support/world.ts';

const names = (events: { summary?: string }[]) => events.map((e) => e.summary).sort();

/** What the CRM was told about appointments. */
const told = (world: World) => world.messages.filter((m) => m.record === 'appointment');

async function dedicated(): Promise<World> {
  const world = createWorld({ calendar: 'dedicated' });
  await world.connect('anna');
  await world.poll();
  return world;
}

const only = (world: World): string => {
  const [calendar, ...more] = world.calendars();
  assert.ok(calendar);
  assert.equal(more.length, 0);
  return calendar.id;
};

test('rule 9: the calendar is made on connecting, once, and events live there', async () => {
  const world = await dedicated();
  const id = only(world);
  assert.equal(world.calendars()[0]?.summary, 'CRM');
  await world.crm(world.change('A-1', visit(1)));
  await world.poll();
  assert.equal(only(world), id);
  assert.deepEqual(names(await world.events('anna', id)), ['Visit at Muster AG']);
  assert.deepEqual(await world.events(), [], 'nothing in the primary calendar');
  assert.deepEqual(told(world), []);
});

test('rule 9: the way of one change stays one call', async () => {
  const world = await dedicated();
  world.countCalls();
  await world.crm(world.change('A-1', visit(1)));
  assert.deepEqual(world.countCalls(), { 'calendar.events.insert': 1 });
  await world.poll();
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 });
});

test('rule 9: what the user edits, deletes or adds there reaches the CRM; other calendars do not', async () => {
  const world = await dedicated();
  const id = only(world);
  await world.crm(world.change('A-1', visit(1)), world.change('A-2', visit(2)));
  const [first, second] = await world.events('anna', id);
  await world.phone('anna', 'PATCH', `/${first?.id}`, { location: 'Bern' }, id);
  await world.phone('anna', 'DELETE', `/${second?.id}`, undefined, id);
  const own = { start: first?.start, end: first?.end };
  await world.phone('anna', 'POST', '', { ...own, summary: 'Added there' }, id);
  await world.phone('anna', 'POST', '', { ...own, summary: 'Dentist' });
  await world.poll();
  const messages = told(world).map((m) => [m.op, m.crmId, m.data?.subject]);
  assert.equal(messages.length, 3);
  assert.ok(messages.some(([op, crmId]) => op === 'delete' && crmId === 'A-2'));
  assert.ok(messages.some(([op, crmId]) => op === 'upsert' && crmId === 'A-1'));
  assert.ok(messages.some(([op, , subject]) => op === 'upsert' && subject === 'Added there'));
  assert.ok(!JSON.stringify(world.messages).includes('Dentist'));
});

for (const found of ['by a poll', 'by a change of the CRM'] as const) {
  test(`rule 9: deleted by the user, noticed ${found}: made anew and filled again, nothing deleted in the CRM`, async () => {
    const world = await dedicated();
    const gone = only(world);
    await world.crm(world.change('A-1', visit(1)), world.change('A-2', visit(2)));
    const [first] = await world.events('anna', gone);
    await world.phone('anna', 'PATCH', `/${first?.id}`, { location: 'Bern' }, gone);
    await world.poll();
    world.messages.length = 0;
    world.workspace.calendars.remove(world.workspace.calendars.find(gone) as never);
    if (found === 'by a poll') assert.equal(await world.poll(), 'done');
    else
      assert.equal(
        await world.crm(world.change('A-1', visit(1, 9, { subject: 'Moved on' }))),
        'done',
      );
    const id = only(world);
    assert.notEqual(id, gone);
    const events = await world.events('anna', id);
    assert.equal(events.length, 2);
    assert.equal(events[0]?.location, 'Bern', 'with what Google had told');
    await world.poll();
    await world.poll();
    assert.deepEqual(
      told(world).filter((m) => m.op === 'delete'),
      [],
    );
    assert.equal((await world.events('anna', id)).length, 2, 'no event twice');
    const links = await world.store.listLinks('anna', 'appointment', 10);
    assert.ok(links.every((link) => link.state === 'live' && link.place === id));
  });
}

test('rule 9 P25: another run makes the calendar anew before a run takes the lease: there is one, and nobody moves', async () => {
  const world = await dedicated();
  await world.crm(world.change('A-1', visit(1)));
  const gone = only(world);
  world.workspace.calendars.remove(world.workspace.calendars.find(gone) as never);
  const { acquireLease } = world.store;
  let first = true;
  world.store.acquireLease = async (...args) => {
    const isFirst = first;
    first = false;
    if (isFirst) await world.poll();
    return acquireLease(...args);
  };
  world.countCalls();
  await world.poll();
  assert.equal(world.countCalls()['calendar.calendars.insert'], 1);
  assert.deepEqual(names(await world.events('anna', only(world))), ['Visit at Muster AG']);
});

test('rule 9: deleted before a change and a delete of the CRM: both are done in the new calendar', async () => {
  const world = await dedicated();
  const gone = only(world);
  await world.crm(world.change('A-1', visit(1)), world.change('A-2', visit(2)));
  world.workspace.calendars.remove(world.workspace.calendars.find(gone) as never);
  await world.crm(
    world.change('A-1', visit(1, 9, { subject: 'Changed' })),
    world.change('A-2', {}, { op: 'delete' }),
  );
  assert.deepEqual(names(await world.events('anna', only(world))), ['Changed']);
});

test('rule 9 rule 10 P1: deleted before the CRM has restored what lives on as an occurrence: it is the same appointment', async () => {
  const world = await dedicated();
  const gone = only(world);
  await world.crm(world.change('A-1', visit(1)));
  const [event] = await world.events('anna', gone);
  const weekly = { recurrence: ['RRULE:FREQ=WEEKLY;COUNT=2'], location: 'Bern' };
  await world.phone('anna', 'PATCH', `/${event?.id}`, weekly, gone);
  await world.crm(world.change('A-1', {}, { op: 'delete' }));
  await world.poll();
  const lives = world.messages.find((m) => m.conflicts?.[0]?.field === 'deletedInCrm');
  assert.equal(lives?.crmId, 'A-1');
  assert.notEqual(lives.googleId, event?.id);
  world.workspace.calendars.remove(world.workspace.calendars.find(gone) as never);
  await world.poll();
  const { data = {}, googleId = '', changeId: seen } = lives;
  await world.crm(world.change('B-1', data, { googleId, seen }));
  await world.crm(world.change('B-1', { ...data, place: 'Thun' }));
  const places = (await world.events('anna', only(world))).map((e) => e.location);
  assert.deepEqual(places, ['Thun']);
});

test('rule 9: P3 a lost answer while filling leaves no event twice', async () => {
  const world = await dedicated();
  const gone = only(world);
  const changes = [1, 2, 3].map((day) => world.change(`A-${day}`, visit(day)));
  await world.crm(...changes);
  world.workspace.calendars.remove(world.workspace.calendars.find(gone) as never);
  world.workspace.faults.add({ kind: 'close', when: 'after', method: 'events.insert', count: 2 });
  for (let i = 0; i < 3; i++) await world.poll();
  assert.equal((await world.events('anna', only(world))).length, 3);
  assert.deepEqual(told(world), []);
});

test('rule 9: a lost answer while making: found again where a scope allows listing calendars', async () => {
  const world = createWorld({ calendar: 'dedicated' });
  const list = 'https://www.googleapis.com/auth/calendar.calendarlist.readonly';
  await world.connect('anna', undefined, [...SCOPES.dedicated, list]);
  const commit = world.store.commit;
  let crash = true;
  world.store.commit = async (lease, change, release) => {
    if (crash && change.user?.places) {
      crash = false;
      throw new Error('killed');
    }
    return commit(lease, change, release);
  };
  await assert.rejects(world.poll(), /killed/);
  assert.equal(await world.poll(), 'done');
  only(world);
});

test('rule 9: a lost answer while making: at most an empty calendar stays, no event is doubled', async () => {
  const world = createWorld({ calendar: 'dedicated' });
  await world.connect('anna');
  world.workspace.faults.add({
    kind: 'close',
    when: 'after',
    method: 'calendars.insert',
    count: 1,
  });
  await world.crm(world.change('A-1', visit(1)));
  const counts = await Promise.all(
    world.calendars().map(async ({ id }) => (await world.events('anna', id)).length),
  );
  assert.deepEqual(counts.sort(), [0, 1]);
});

test('rule 9: the setting changes to dedicated: linked events move, with what others wrote into them', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('A-1', visit(1)), world.change('A-2', visit(2)));
  const [first, second] = await world.events();
  const own = { summary: 'Dentist', start: first?.start, end: first?.end };
  await world.phone('anna', 'POST', '', own);
  await world.poll();
  // Not yet polled: an edit and another program's fields.
  await world.phone('anna', 'PATCH', `/${first?.id}`, {
    location: 'Bern',
    colorId: '5',
    attendees: [{ email: 'guest@elsewhere.example' }],
  });
  world.messages.length = 0;

  world.setCalendar('dedicated');
  assert.equal(await world.poll(), 'reauthorize', 'the new scope needs consent');
  assert.equal((await world.store.getUser('anna'))?.stateReason, 'scopesChanged');
  assert.equal((await world.events()).length, 3, 'nothing moves before');
  await world.consent('anna', [...SCOPES.dedicated, scopes.eventsOwned]);
  assert.equal(await world.poll(), 'done');

  const id = only(world);
  assert.deepEqual(names(await world.events()), ['Dentist'], "the user's own event stays");
  const moved = await world.events('anna', id);
  assert.deepEqual(
    moved.map((e) => [e.id, e.location, e.colorId, e.attendees?.map((a) => a.email)]),
    [
      [first?.id, 'Bern', '5', ['guest@elsewhere.example']],
      [second?.id, undefined, undefined, undefined],
    ],
  );
  assert.deepEqual(
    told(world).map((m) => [m.op, m.crmId, m.changed]),
    [['upsert', 'A-1', ['place', 'participants']]],
    'the edit is told, and nothing else',
  );
  await world.crm(world.change('A-2', visit(2, 9, { subject: 'Later' })));
  assert.deepEqual(names(await world.events('anna', id)), ['Later', 'Visit at Muster AG']);
  const { fields } = world.logged.find((l) => l.event === 'place.changed') ?? {};
  assert.deepEqual(fields, { userId: 'anna', record: 'appointment', moved: 2, left: 0 });
});

test('rule 9: to dedicated, and back: one copy at any time, the same links', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('A-1', visit(1)), world.change('A-2', visit(2)));
  await world.clock.sleep(11 * 60_000);
  const both = [...SCOPES.dedicated, scopes.eventsOwned];
  for (const setting of ['dedicated', 'primary', 'dedicated'] as const) {
    world.setCalendar(setting);
    await world.consent('anna', both);
    assert.equal(await world.poll(), 'done');
    const secondary = await Promise.all(
      world.calendars().map(async ({ id }) => (await world.events('anna', id)).length),
    );
    const inPrimary = (await world.events()).length;
    assert.deepEqual(
      [inPrimary, secondary.reduce((a, b) => a + b, 0)],
      setting === 'primary' ? [2, 0] : [0, 2],
      setting,
    );
    assert.equal((await world.store.listLinks('anna', 'appointment', 10)).length, 2);
  }
  assert.deepEqual(told(world), []);
});

test('rule 9: the old calendar is out of reach: its events stay, and that is said', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('A-1', visit(1)));
  world.setCalendar('dedicated');
  await world.consent('anna', SCOPES.dedicated);
  assert.equal(await world.poll(), 'done');
  assert.equal((await world.events()).length, 1, 'not ours to reach any more');
  assert.equal((await world.events('anna', only(world))).length, 1);
  const { fields } = world.logged.find((l) => l.event === 'place.changed') ?? {};
  assert.deepEqual(fields, { userId: 'anna', record: 'appointment', moved: 1, left: 1 });
  assert.deepEqual(told(world), []);
});

/**
 * Two visits move, in a run that is killed at the step, and then in another, before which the user may have
 * asked to leave; whether it was killed.
 */
async function moved(step: number, granted: string[], leaving?: 'remove') {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('A-1', visit(1)), world.change('A-2', visit(2)));
  world.setCalendar('dedicated');
  await world.consent('anna', [...SCOPES.dedicated, scopes.eventsOwned, ...granted]);
  let left = step;
  const tick = () => {
    if (left-- === 0) throw new Error('killed');
  };
  const { commit } = world.store;
  world.store.commit = async (...args) => {
    tick();
    return commit(...args);
  };
  const [collection] = world.engine.collections;
  const places = collection?.places;
  assert.ok(places);
  const { at } = places;
  places.at = (place) => {
    const there = at(place);
    const { write } = there;
    return {
      ...there,
      write: async (session, writes) => {
        const results = await write(session, writes);
        tick();
        return results;
      },
    };
  };
  const killed = await runUser(world.engine, 'anna', { pull: true }).then(
    () => false,
    (error: Error) => error.message === 'killed',
  );
  left = -1;
  await world.clock.sleep(5 * 60_000);
  if (leaving) await world.store.updateUser('anna', (user) => user && { ...user, leaving });
  assert.equal(await world.poll(), 'done', `step ${step}`);
  return { world, killed };
}

test('rule 9: P3 where calendars may not be listed, a run that dies leaves an empty one at most', async () => {
  for (let step = 0; step < 12; step++) {
    const { world, killed } = await moved(step, []);
    const filled: number[] = [];
    for (const { id } of world.calendars()) filled.push((await world.events('anna', id)).length);
    assert.deepEqual(filled.toSorted(), step === 0 && killed ? [0, 2] : [2], `step ${step}`);
    assert.deepEqual(await world.events(), [], `step ${step}`);
    if (!killed) return assert.ok(step > 3);
  }
  assert.fail('never ran through');
});

test('rule 9: P17 killed at any step of a move, and run again: each event once, nothing told', async () => {
  for (let step = 0; step < 12; step++) {
    const list = 'https://www.googleapis.com/auth/calendar.calendarlist.readonly';
    const { world, killed } = await moved(step, [list]);
    assert.deepEqual(await world.events(), [], `step ${step}`);
    assert.equal((await world.events('anna', only(world))).length, 2, `step ${step}`);
    assert.deepEqual(told(world), [], `step ${step}`);
    if (!killed) return assert.ok(step > 3);
  }
  assert.fail('never ran through');
});

test('rule 9 rule 11: killed at any step of a move, and then the user leaves with removal: nothing is left anywhere', async () => {
  for (let step = 0; step < 12; step++) {
    const { world, killed } = await moved(step, [], 'remove');
    for (const { id } of [{ id: 'primary' }, ...world.calendars()])
      assert.deepEqual(await world.events('anna', id), [], `step ${step}, ${id}`);
    if (!killed) return assert.ok(step > 3);
  }
  assert.fail('never ran through');
});

test("rule 9 the CRM changes a record that the user's own event was linked to: it gets an entry of its own", async () => {
  const world = createWorld();
  await world.connect('anna');
  const at = (hour: string) => ({ dateTime: `2026-11-24T${hour}:00:00+01:00` });
  const own = await world.phone('anna', 'POST', '', {
    summary: 'Lunch',
    start: at('12'),
    end: at('13'),
  });
  await world.poll();
  const link = { googleId: own.id };
  await world.crm(world.change('A-1', told(world)[0]?.data ?? {}, link));
  world.setCalendar('dedicated');
  await world.consent('anna', [...SCOPES.dedicated, scopes.eventsOwned]);
  world.messages.length = 0;
  await world.poll();
  assert.deepEqual(names(await world.events()), ['Lunch']);
  const data = appointmentSchema.parse({ subject: 'Lunch with Muster AG' });
  await world.crm(world.change('A-1', data, link));
  assert.deepEqual(names(await world.events()), ['Lunch'], 'untouched');
  assert.deepEqual(names(await world.events('anna', only(world))), ['Lunch with Muster AG']);
  await world.crm(world.change('A-1', {}, { op: 'delete' }));
  assert.deepEqual(await world.events('anna', only(world)), []);
  assert.deepEqual(told(world), []);
});

test('rule 11: leaving takes what the sync made out of the dedicated calendar', async () => {
  const world = await dedicated();
  await world.crm(world.change('A-1', visit(1)));
  const id = only(world);
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'remove' });
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(await world.events('anna', id), []);
  assert.equal((await world.store.getUser('anna'))?.state, 'disconnected');
});
