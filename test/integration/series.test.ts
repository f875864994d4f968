/** Series at Google for a CRM that knows none: each occurrence in the window is an appointment. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Fields } from '../../functions/core/fields.ts';
import type { User } from '../../functions/core/records.ts';
import { createWorld, MONDAY, SCOPES, visit, type World } from '../support/world.ts';

const DAY = 86_400_000;
const worlds: World[] = [];
afterEach(() => {
  // C20, in every test here: nobody is mailed.
  for (const world of worlds.splice(0)) assert.deepEqual(world.workspace.mails, []);
});

/** Anna with a CRM that takes over every appointment it is told of: crmIds a1, a2 ... */
async function connected() {
  const world = createWorld();
  worlds.push(world);
  await world.connect('anna');
  await world.poll();
  world.messages.length = 0;
  /** What the CRM holds, by crmId. */
  const records = new Map<string, Fields>();
  let names = 0;
  /** Polls, and answers as a CRM does. Returns the messages. */
  async function poll() {
    assert.equal(await world.poll(), 'done');
    const told = world.messages.splice(0).filter((m) => m.record === 'appointment');
    const answers = told.map((m) => {
      const crmId = m.crmId ?? `a${++names}`;
      if (m.op === 'delete') records.delete(crmId);
      else records.set(crmId, { ...records.get(crmId), ...m.data });
      return { ...m, crmId };
    });
    const adopted = answers.filter((m, i) => told[i]?.crmId === undefined && m.op === 'upsert');
    const changes = adopted.map((m) =>
      world.change(m.crmId, m.data ?? {}, { googleId: m.googleId ?? '' }),
    );
    if (changes.length > 0) assert.equal(await world.crm(...changes), 'done');
    return answers;
  }
  /** One more poll writes and tells nothing. */
  async function quiet() {
    const before = world.calls.length;
    assert.deepEqual(await poll(), []);
    const lines = world.calls
      .slice(before)
      .flatMap(({ method, url, body }) =>
        url.includes('/batch/') ? (body?.match(/^[A-Z]+ \/\S+ HTTP/gm) ?? []) : `${method} ${url}`,
      );
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('GET') && !line.endsWith('/token')),
      [],
    );
  }
  const starts = () => [...records.values()].map(startOf).sort();
  const startsById = () =>
    Object.fromEntries([...records].map(([id, data]) => [id, startOf(data)] as const));
  return { world, records, poll, quiet, starts, startsById };
}

function startOf(data: Fields): string {
  const start = data.start as { dateTime?: string; date?: string };
  return start.dateTime ?? start.date ?? '';
}

const zurich = (dateTime: string) => ({ dateTime, timeZone: 'Europe/Zurich' });
/** Tuesdays at nine, from 24 November 2026. */
const weekly = (count: number, more: object = {}) => ({
  summary: 'Weekly',
  start: zurich('2026-11-24T09:00:00'),
  end: zurich('2026-11-24T10:00:00'),
  recurrence: [`RRULE:FREQ=WEEKLY;COUNT=${count}`],
  ...more,
});
const tuesday = (n: number) => {
  const day = new Date(Date.UTC(2026, 10, 24) + n * 7 * DAY).toISOString().slice(0, 10);
  return `${day}T09:00:00+01:00`;
};
const TUESDAYS = [0, 1, 2, 3].map(tuesday);

test('a series is its occurrences, one appointment each; read with one call a series', async () => {
  const { world, poll, quiet, starts, records } = await connected();
  await world.phone('anna', 'POST', '', weekly(4));
  world.countCalls();
  const told = await poll();
  assert.deepEqual(world.countCalls(), {
    'calendar.events.list': 1,
    'calendar.events.instances': 1,
  });
  assert.deepEqual(starts(), TUESDAYS);
  assert.equal(new Set(told.map((m) => m.googleId)).size, 4);
  assert.equal(records.get('a1')?.subject, 'Weekly');
  await quiet();
});

test('UNTIL, EXDATE and RDATE are Google’s matter', async () => {
  const { world, poll, quiet, starts } = await connected();
  await world.phone('anna', 'POST', '', {
    ...weekly(0),
    recurrence: [
      'RRULE:FREQ=WEEKLY;UNTIL=20261215T080000Z',
      'EXDATE;TZID=Europe/Zurich:20261201T090000',
      'RDATE;TZID=Europe/Zurich:20261203T090000',
    ],
  });
  await poll();
  assert.deepEqual(starts(), [
    '2026-11-24T09:00:00+01:00',
    '2026-12-03T09:00:00+01:00',
    '2026-12-08T09:00:00+01:00',
    '2026-12-15T09:00:00+01:00',
  ]);
  await quiet();
});

test('a new title of the series reaches all its records; an occurrence of its own keeps its own', async () => {
  const { world, poll, quiet, records } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(3));
  await poll();
  await world.phone('anna', 'PATCH', `/${series.id}_20261201T080000Z`, { summary: 'Special' });
  await poll();
  await world.phone('anna', 'PATCH', `/${series.id}`, { summary: 'Renamed' });
  const told = await poll();
  assert.deepEqual(
    told.map((m) => m.changed),
    [['subject'], ['subject']],
  );
  const subjects = ['a1', 'a2', 'a3'].map((id) => records.get(id)?.subject);
  assert.deepEqual(subjects, ['Renamed', 'Special', 'Renamed']);
  await quiet();
});

test('C17 one occurrence is moved, in the CRM, then at Google: it is known by its original start', async () => {
  const { world, poll, quiet, startsById, records } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(3));
  await poll();
  const moved = {
    ...records.get('a2'),
    start: zurich('2026-12-03T14:00:00+01:00'),
    end: zurich('2026-12-03T15:00:00+01:00'),
  };
  world.countCalls();
  assert.equal(await world.crm(world.change('a2', moved)), 'done');
  assert.deepEqual(world.countCalls(), { 'calendar.events.patch': 1 });
  assert.ok(world.calls.at(-1)?.url.includes(`${series.id}_20261201T080000Z`));
  assert.ok(world.calls.at(-1)?.headers['if-match']);
  for (let i = 0; i < 3; i++) await quiet();
  const instance = await world.phone('anna', 'GET', `/${series.id}_20261201T080000Z`);
  assert.equal(instance.start.dateTime, '2026-12-03T14:00:00+01:00');
  await world.phone('anna', 'PATCH', `/${instance.id}`, {
    start: zurich('2026-12-04T08:00:00+01:00'),
    end: zurich('2026-12-04T09:00:00+01:00'),
  });
  const told = await poll();
  assert.deepEqual(
    told.map((m) => [m.crmId, m.changed]),
    [['a2', ['start', 'end']]],
  );
  await world.phone('anna', 'PATCH', `/${series.id}`, { location: 'Bern' });
  await poll();
  assert.deepEqual(startsById(), {
    a1: TUESDAYS[0],
    a2: '2026-12-04T08:00:00+01:00',
    a3: TUESDAYS[2],
  });
  await quiet();
});

test('C17 an occurrence that is moved out of the window keeps its record', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(2));
  await poll();
  await world.phone('anna', 'PATCH', `/${series.id}_20261201T080000Z`, {
    start: zurich('2028-02-01T09:00:00+01:00'),
    end: zurich('2028-02-01T10:00:00+01:00'),
  });
  await world.phone('anna', 'PATCH', `/${series.id}`, { location: 'Bern' });
  await poll();
  expireToken(world);
  await world.phone('anna', 'PATCH', `/${series.id}`, { location: 'Thun' });
  await poll();
  assert.deepEqual(startsById(), { a1: TUESDAYS[0], a2: '2028-02-01T09:00:00+01:00' });
  await quiet();
});

test('C18 one cancelled occurrence is one record, the first as well, and stays gone after a full resync', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(4));
  await poll();
  await world.phone('anna', 'DELETE', `/${series.id}_20261124T080000Z`);
  const told = await poll();
  assert.deepEqual(
    told.map((m) => [m.op, m.crmId]),
    [['delete', 'a1']],
  );
  assert.equal(await world.crm(world.change('a3', {}, { op: 'delete' })), 'done');
  await quiet();
  expireToken(world);
  await quiet();
  await world.phone('anna', 'PATCH', `/${series.id}`, { summary: 'Renamed' });
  assert.equal((await poll()).length, 2);
  assert.deepEqual(Object.keys(startsById()), ['a2', 'a3', 'a4']);
  const alive = await world.phone('anna', 'GET', `/${series.id}/instances`);
  assert.deepEqual(
    alive.items.map((e) => e.start.dateTime),
    [TUESDAYS[1], TUESDAYS[3]],
  );
  await quiet();
});

test('rule 2: cancelled in the CRM an occurrence goes; planned again it is an event of its own', async () => {
  const { world, poll, quiet, records } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(3));
  await poll();
  await world.crm(world.change('a2', { ...records.get('a2'), status: 'cancelled' }));
  const left = await world.phone('anna', 'GET', `/${series.id}/instances`);
  assert.equal(left.items.length, 2);
  await quiet();
  await world.crm(world.change('a2', { ...records.get('a2'), status: 'planned' }));
  const events = await world.events();
  assert.equal(events.filter((e) => !e.recurrence && e.start.dateTime === TUESDAYS[1]).length, 1);
  await quiet();
  // It does not go with the series any more.
  await world.phone('anna', 'DELETE', `/${series.id}`);
  const told = await poll();
  assert.deepEqual(told.map((m) => [m.op, m.crmId]).sort(), [
    ['delete', 'a1'],
    ['delete', 'a3'],
  ]);
});

test('P7 the CRM makes one occurrence private, which makes them all, and cancels another: it goes, in silence', async () => {
  const { world, poll, quiet, records } = await connected();
  await world.phone('anna', 'POST', '', weekly(3));
  await poll();
  await world.crm(
    world.change('a1', { ...records.get('a1'), status: 'cancelled' }),
    world.change('a2', { ...records.get('a2'), private: true }),
  );
  const { items } = await world.phone('anna', 'GET', '?singleEvents=true&orderBy=startTime');
  assert.deepEqual(
    items.map((e) => [e.start.dateTime, e.visibility]),
    [
      [TUESDAYS[1], 'private'],
      [TUESDAYS[2], 'private'],
    ],
  );
  const told = await poll();
  assert.deepEqual(
    told.map((m) => [m.crmId, m.redacted]),
    [['a3', true]],
  );
  await quiet();
});

test('P1 P3 named, edited and deleted with its series while the run that told it still works: the record has its event', async () => {
  const { world } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(1));
  const { googleChanges } = world.engine.publisher;
  world.engine.publisher.googleChanges = async (changes) => {
    await googleChanges(changes);
    const [told] = changes.filter((m) => m.record === 'appointment' && m.crmId === undefined);
    if (!told) return;
    const googleId = told.googleId ?? '';
    const word = (more: object) => world.change('a1', { ...told.data, ...more }, { googleId });
    await world.store.putIntents([word({}), word({ subject: 'Still on' })]);
    await world.phone('anna', 'DELETE', `/${series.id}`);
  };
  await world.poll();
  const events = await world.events();
  assert.deepEqual(
    events.map((e) => e.summary),
    ['Still on'],
  );
  const [link] = await world.store.linksByCrmId('anna', 'appointment', ['a1']);
  assert.equal(link?.googleId, events[0]?.id);
  assert.equal(link?.state, 'live');
});

test('C19 a cancelled series takes its records along, once; unknown and past ghosts are ignored', async () => {
  const { world, poll, quiet, records } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(52));
  await poll();
  assert.equal(records.size, 52);
  await world.phone('anna', 'DELETE', `/${series.id}`);
  const ghost = await world.phone('anna', 'POST', '', weekly(3));
  await world.phone('anna', 'DELETE', `/${ghost.id}_20261124T080000Z`);
  await world.phone('anna', 'DELETE', `/${ghost.id}`);
  world.countCalls();
  const told = await poll();
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 });
  assert.equal(told.length, 52);
  assert.equal(records.size, 0);
  await quiet();
  expireToken(world);
  await quiet();
});

test('C19 C02 a series deleted while the token was dead: one read, and no mass change of one step', async () => {
  const { world, poll, quiet, records } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(40));
  const other = await world.phone('anna', 'POST', '', weekly(2, { summary: 'Other' }));
  await poll();
  await world.phone('anna', 'DELETE', `/${series.id}`);
  expireToken(world);
  world.countCalls();
  assert.equal((await poll()).length, 40);
  assert.equal(world.countCalls()['calendar.events.get'], 1);
  assert.equal(records.size, 2);
  assert.ok(other.id);
  await quiet();
});

test('C02 an occurrence that the listing of its series lacks is deleted only if Google says so itself', async () => {
  const { world, poll, quiet, starts } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(4));
  await poll();
  await world.phone('anna', 'PATCH', `/${series.id}`, { location: 'Bern' });
  const [collection] = world.engine.collections;
  assert.ok(collection);
  const { list } = collection;
  collection.list = async (...args) => {
    const page = await list(...args);
    return { ...page, items: page.items.slice(1) };
  };
  const told = await poll();
  collection.list = list;
  assert.deepEqual(
    told.filter((m) => m.op === 'delete'),
    [],
  );
  assert.deepEqual(starts(), TUESDAYS);
  await quiet();
});

test('C19 a series deleted while the token was dead, an occurrence edited in the CRM: only the others are told deleted', async () => {
  const { world, poll, quiet, records } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(4));
  await poll();
  await world.phone('anna', 'DELETE', `/${series.id}`);
  expireToken(world);
  await world.store.putIntents([world.change('a2', { ...records.get('a2'), subject: 'Edited' })]);
  const told = await poll();
  const deleted = told.filter((m) => m.op === 'delete').map((m) => m.crmId);
  assert.deepEqual(deleted.sort(), ['a1', 'a3', 'a4']);
  assert.deepEqual(
    (await world.events()).map((e) => e.summary),
    ['Edited'],
  );
  await quiet();
});

test('C16 "this and following": the old series is shortened, the new one has records of its own', async () => {
  const { world, poll, quiet, starts, startsById } = await connected();
  const properties = { private: { crmId: 'x', crmGeneration: '0' }, shared: { crmReference: 'y' } };
  const series = await world.phone(
    'anna',
    'POST',
    '',
    weekly(4, { extendedProperties: properties }),
  );
  await poll();
  await cut(world, series.id, properties);
  const told = await poll();
  assert.deepEqual(told.map((m) => [m.op, m.crmId]).sort(), [
    ['delete', 'a3'],
    ['delete', 'a4'],
    ['upsert', 'a5'],
    ['upsert', 'a6'],
  ]);
  assert.deepEqual(Object.keys(startsById()), ['a1', 'a2', 'a5', 'a6']);
  assert.deepEqual(starts(), [
    ...TUESDAYS.slice(0, 2),
    '2026-12-08T14:00:00+01:00',
    '2026-12-15T14:00:00+01:00',
  ]);
  assert.equal(
    (await world.events()).length,
    2,
    'nothing is written, doubled or deleted at Google',
  );
  await quiet();
});

test('C16 the same with an appointment of the CRM that a person made a series', async () => {
  const { world, poll, quiet, starts, startsById } = await connected();
  const data = {
    subject: 'Visit',
    status: 'planned',
    start: zurich('2026-11-24T09:00:00+01:00'),
    end: zurich('2026-11-24T10:00:00+01:00'),
  };
  await world.crm(world.change('v1', data));
  const [event] = await world.events();
  const recurrence = ['RRULE:FREQ=WEEKLY;COUNT=4'];
  await world.phone('anna', 'PATCH', `/${event?.id}`, { recurrence });
  const told = await poll();
  assert.equal(told.length, 3, 'the record of the CRM is the first occurrence');
  await quiet();
  await cut(world, String(event?.id), event?.extendedProperties ?? {});
  await poll();
  assert.deepEqual(Object.keys(startsById()), ['a1', 'a4', 'a5']);
  assert.equal(starts().at(-1), '2026-12-15T14:00:00+01:00');
  await quiet();
  // Its edits and its end are those of the first occurrence alone.
  await world.crm(world.change('v1', { ...data, subject: 'Changed' }));
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  const left = await world.phone('anna', 'GET', `/${event?.id}/instances`);
  assert.deepEqual(
    left.items.map((e) => [e.summary, e.start.dateTime]),
    [['Visit', TUESDAYS[1]]],
  );
  await quiet();
});

for (const calendar of ['primary', 'dedicated'] as const)
  test(`rule 6 P16 P19: an entry became a series before its run, which died, had stored anything: it is the first occurrence, and what the CRM says of it changes no other (${calendar})`, async () => {
    const world = createWorld({ calendar });
    worlds.push(world);
    await world.connect('anna');
    await world.poll();
    const { commit } = world.store;
    world.store.commit = async (lease, what, release) => {
      if (what.consumed?.length) throw new Error('crash');
      return commit(lease, what, release);
    };
    await assert.rejects(world.crm(world.change('v1', visit(1))), /crash/);
    world.store.commit = commit;
    world.advance(300_000);
    const id = world.calendars()[0]?.id ?? 'primary';
    const [event] = await world.events('anna', id);
    const recurrence = ['RRULE:FREQ=DAILY;COUNT=3'];
    await world.phone('anna', 'PATCH', `/${event?.id}`, { recurrence, location: 'Bern' }, id);
    world.messages.length = 0;
    for (const subject of ['Visit at Muster AG', 'Changed'])
      assert.equal(await world.crm(world.change('v1', visit(1, 9, { subject }))), 'later');
    const [link] = await world.store.listLinks('anna', 'appointment', 10);
    assert.equal(link?.place ?? 'primary', id);
    await world.poll();
    await world.poll();
    const told = world.messages.filter((m) => m.record === 'appointment');
    assert.deepEqual(
      told.map((m) => `${m.op} ${m.crmId ?? 'new'} ${m.crmId && m.changed}`).sort(),
      ['upsert new undefined', 'upsert new undefined', 'upsert v1 place'],
    );
    const path = '?singleEvents=true&orderBy=startTime';
    const { items } = await world.phone('anna', 'GET', path, undefined, id);
    assert.deepEqual(
      items.map(({ summary, location }) => [summary, location]),
      [
        ['Changed', 'Bern'],
        ['Visit at Muster AG', 'Bern'],
        ['Visit at Muster AG', 'Bern'],
      ],
    );
  });

test('rule 6: the series moves by hours: every record stays, one upsert each', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(4));
  await poll();
  await shift(world, series.id, '2026-11-24T14:00:00', '2026-11-24T15:00:00');
  const told = await poll();
  assert.deepEqual(
    told.map((m) => [m.op, m.crmId, m.changed]),
    ['a1', 'a2', 'a3', 'a4'].map((id) => ['upsert', id, ['start', 'end']]),
  );
  assert.deepEqual(
    Object.values(startsById()),
    TUESDAYS.map((at) => at.replace('T09', 'T14')),
  );
  await quiet();
  // The records are tied to the new places: both ways.
  await world.crm(world.change('a2', { subject: 'By the CRM' }));
  const moved = await world.phone('anna', 'GET', `/${series.id}_20261201T130000Z`);
  assert.equal(moved.summary, 'By the CRM');
  await shift(world, series.id, '2026-11-24T09:00:00', '2026-11-24T10:00:00');
  assert.ok((await poll()).every((m) => m.op === 'upsert'));
  assert.deepEqual(Object.values(startsById()), TUESDAYS);
  await quiet();
});

test('rule 6: an exception goes with its series to another day, and the record stays', async () => {
  // Google drops exceptions whose original start is no more, as if a person had taken them out.
  const inFirst = { recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] };
  const cases: [more: object, edited: string[], after: { [id: string]: string }][] = [
    [inFirst, ['a1'], { a1: '2026-11-27', a2: '2026-11-25', a3: '2026-11-26' }],
    [{}, ['a1', 'a2'], { a1: '2026-11-25', a2: '2026-12-02' }],
  ];
  for (const [more, edited, after] of cases) {
    const { world, poll, quiet, startsById } = await connected();
    const series = await world.phone('anna', 'POST', '', weekly(2, more));
    await poll();
    for (const id of edited) await world.crm(world.change(id, { place: 'Bern' }));
    await quiet();
    await shift(world, series.id, '2026-11-25T14:00:00', '2026-11-25T15:00:00');
    const told = await poll();
    assert.deepEqual(
      told.map((m) => [m.op, m.crmId]).sort(),
      Object.keys(after).map((id) => ['upsert', id]),
    );
    assert.deepEqual(
      startsById(),
      Object.fromEntries(Object.entries(after).map(([id, day]) => [id, `${day}T14:00:00+01:00`])),
    );
    await quiet();
  }
});

test('rule 6: an exception whose place another rule leaves out goes on as what is new among the others', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const rule = (text: string) => ({ recurrence: [`RRULE:FREQ=WEEKLY;${text}`] });
  const series = await world.phone('anna', 'POST', '', weekly(0, rule('INTERVAL=2;COUNT=3')));
  await poll();
  await world.crm(world.change('a3', { place: 'Bern' }));
  await quiet();
  await world.phone('anna', 'PATCH', `/${series.id}`, rule('COUNT=3'));
  const told = await poll();
  assert.deepEqual(
    told.map((m) => [m.op, m.crmId]),
    [['upsert', 'a3']],
  );
  assert.deepEqual(startsById(), { a1: TUESDAYS[0], a2: TUESDAYS[2], a3: TUESDAYS[1] });
  await quiet();
});

test('rule 6: an exception whose place is left out goes on, though all that is new comes later', async () => {
  // As if a person had taken it out, and then made the series longer.
  const rule = (...lines: string[]) => ({ recurrence: lines });
  const aWeekLater = { start: zurich('2026-12-01T09:00:00'), end: zurich('2026-12-01T10:00:00') };
  const cases: [count: number, edited: string[], change: object, weeks: number[]][] = [
    [3, ['a1'], aWeekLater, [3, 1, 2]],
    [4, ['a2', 'a4'], rule('RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4'), [0, 4, 2, 6]],
    [3, ['a2'], rule('RRULE:FREQ=WEEKLY;COUNT=4', 'EXDATE:20261201T080000Z'), [0, 3, 2]],
  ];
  for (const [count, edited, change, weeks] of cases) {
    const { world, poll, quiet, startsById } = await connected();
    const series = await world.phone('anna', 'POST', '', weekly(count));
    await poll();
    for (const id of edited) await world.crm(world.change(id, { place: 'Bern' }));
    await quiet();
    await world.phone('anna', 'PATCH', `/${series.id}`, change);
    const told = await poll();
    const named = told.map((m) => [m.op, m.crmId]).sort();
    assert.deepEqual(
      named,
      edited.map((id) => ['upsert', id]),
    );
    assert.deepEqual(Object.values(startsById()), weeks.map(tuesday));
    await quiet();
  }
});

test('rule 6: what a person took out stays out, though the series gets longer before anybody looks', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const rule = (text: string) => ({ recurrence: [`RRULE:FREQ=WEEKLY;${text}`] });
  const series = await world.phone('anna', 'POST', '', weekly(2));
  const longer = async (text: string, without: string) => {
    await world.phone('anna', 'DELETE', `/${series.id}_${without}`);
    await world.phone('anna', 'PATCH', `/${series.id}`, rule(text));
    return (await poll()).map((m) => [m.op, m.crmId]).sort();
  };
  await poll();
  assert.deepEqual(await longer('COUNT=3', '20261124T080000Z'), [
    ['delete', 'a1'],
    ['upsert', 'a3'],
  ]);
  assert.deepEqual(startsById(), { a2: tuesday(1), a3: tuesday(2) });
  // Also by the rule that it got since then.
  await world.phone('anna', 'PATCH', `/${series.id}`, rule('INTERVAL=2;UNTIL=20261222T080000Z'));
  await poll();
  assert.deepEqual(startsById(), { a2: tuesday(4), a3: tuesday(2) });
  assert.deepEqual(await longer('COUNT=4;INTERVAL=2', '20261222T080000Z'), [
    ['delete', 'a2'],
    ['upsert', 'a4'],
  ]);
  assert.deepEqual(startsById(), { a3: tuesday(2), a4: tuesday(6) });
  await quiet();
});

test('rule 6: taken out, and another rule before anybody looks: Google says the same as of one that went with it', async () => {
  const ends = [];
  for (const isTakenOut of [false, true]) {
    const { world, poll, startsById } = await connected();
    const series = await world.phone('anna', 'POST', '', weekly(3));
    await poll();
    await world.crm(world.change('a2', { place: 'Bern' }));
    await poll();
    if (isTakenOut) await world.phone('anna', 'DELETE', `/${series.id}_20261201T080000Z`);
    const recurrence = ['RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3'];
    await world.phone('anna', 'PATCH', `/${series.id}`, { recurrence });
    const page = await world.phone('anna', 'GET', `/${series.id}/instances?showDeleted=true`);
    const said = page.items?.map((e) => [e.id?.split('_')[1], e.status]);
    const told = await poll();
    ends.push({ said, told: told.map((m) => [m.op, m.crmId]), starts: startsById() });
  }
  assert.deepEqual(ends[0], ends[1]);
  assert.deepEqual(ends[0]?.starts, { a1: tuesday(0), a2: tuesday(4), a3: tuesday(2) });
});

test('rule 6: of a rule that was there for a while those know who have stayed since before it', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(2));
  await poll();
  for (const id of ['a1', 'a2']) await world.crm(world.change(id, { place: 'Bern' }));
  await quiet();
  const recurrence = [...weekly(2).recurrence, 'RDATE:20261203T080000Z'];
  await world.phone('anna', 'PATCH', `/${series.id}`, { recurrence });
  await poll();
  await world.crm(world.change('a3', { place: 'Bern' }));
  await quiet();
  await world.phone('anna', 'PATCH', `/${series.id}`, { recurrence: weekly(3).recurrence });
  const told = await poll();
  assert.deepEqual(
    told.map((m) => [m.op, m.crmId]),
    [['upsert', 'a3']],
  );
  assert.deepEqual(startsById(), { a1: tuesday(0), a2: tuesday(1), a3: tuesday(2) });
  await quiet();
});

test('rule 6: single for a while, and a series as before: none of its exceptions has stayed, and they go on', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(2));
  await poll();
  for (const id of ['a1', 'a2']) await world.crm(world.change(id, { place: 'Bern' }));
  await quiet();
  await world.phone('anna', 'PATCH', `/${series.id}`, { recurrence: null });
  await world.phone('anna', 'PATCH', `/${series.id}`, { recurrence: weekly(3).recurrence });
  const told = await poll();
  assert.deepEqual(told.map((m) => [m.op, m.crmId]).sort(), [
    ['delete', 'a1'],
    ['upsert', 'a2'],
  ]);
  assert.deepEqual(startsById(), { a2: tuesday(2) });
  await quiet();
});

test('rule 6: an endless series moves to another day: in order, and nothing at the borders of the window', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const from = zurich('2026-10-06T09:00:00');
  const series = await world.phone('anna', 'POST', '', {
    ...weekly(0),
    start: from,
    end: zurich('2026-10-06T10:00:00'),
    recurrence: ['RRULE:FREQ=WEEKLY'],
  });
  await poll();
  const before = startsById();
  await world.phone('anna', 'DELETE', `/${series.id}_20261215T080000Z`);
  await poll();
  await shift(world, series.id, '2026-10-08T09:00:00', '2026-10-08T10:00:00');
  const told = await poll();
  assert.deepEqual([...new Set(told.map((m) => m.op))], ['upsert']);
  for (const [id, at] of Object.entries(startsById())) {
    const was = before[id];
    if (was) assert.equal(Math.round((Date.parse(at) - Date.parse(was)) / DAY), 2, `${was} ${at}`);
  }
  await quiet();
});

test('rule 6: another rule: matched by date, then in order; the rest goes or comes', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const series = await world.phone('anna', 'POST', '', weekly(4));
  await poll();
  const rule = (text: string) =>
    world.phone('anna', 'PATCH', `/${series.id}`, { recurrence: [`RRULE:${text}`] });
  await rule('FREQ=WEEKLY;INTERVAL=2;COUNT=2');
  const less = await poll();
  assert.deepEqual(
    less.map((m) => [m.op, m.crmId]),
    [
      ['delete', 'a2'],
      ['delete', 'a4'],
    ],
  );
  await rule('FREQ=WEEKLY;COUNT=3');
  const more = await poll();
  assert.deepEqual(
    more.map((m) => m.op),
    ['upsert'],
  );
  assert.equal(Object.keys(startsById()).length, 3);
  await quiet();
});

test('rule 6: a single event becomes a series and keeps its record; and single again', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const { recurrence: _, ...single } = weekly(0);
  const event = await world.phone('anna', 'POST', '', single);
  await poll();
  const recurrence = ['RRULE:FREQ=WEEKLY;COUNT=3'];
  await world.phone('anna', 'PATCH', `/${event.id}`, { recurrence });
  const told = await poll();
  assert.deepEqual(
    told.map((m) => [m.op, m.crmId]),
    [
      ['upsert', 'a2'],
      ['upsert', 'a3'],
    ],
  );
  assert.deepEqual(startsById(), { a1: TUESDAYS[0], a2: TUESDAYS[1], a3: TUESDAYS[2] });
  await quiet();
  await world.phone('anna', 'PATCH', `/${event.id}`, { recurrence: null });
  await poll();
  assert.deepEqual(startsById(), { a1: TUESDAYS[0] });
  await quiet();
  await world.crm(world.change('a1', { subject: 'Still the same' }));
  assert.equal((await world.events())[0]?.summary, 'Still the same');
});

/**
 * An entry of the CRM's that is a series by now, which both sides know; the phone changes it once more, and its user
 * leaves with removal before anybody looks. Resolves to what is there then, and once the user has connected again.
 */
async function leftUnseen(change: (world: World, id: string) => Promise<unknown>) {
  const { world, poll, quiet } = await connected();
  await world.crm(world.change('v1', visit()));
  const [{ id } = { id: '' }] = await world.events();
  await world.phone('anna', 'PATCH', `/${id}`, { recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] });
  await poll();
  await change(world, `${id}`);
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'remove' });
  await poll();
  const shown = async () => (await world.events()).map((e) => [e.start.dateTime, e.recurrence]);
  const left = await shown();
  await world.store.updateUser('anna', (user) => {
    const { leaving: _, ...rest } = user as User;
    return rest;
  });
  await world.consent('anna', [...SCOPES.primary]);
  const told = await poll();
  await quiet();
  return {
    left,
    back: await shown(),
    told: told.map((m) => [m.op, m.crmId]),
  };
}

const DAILY = ['RRULE:FREQ=DAILY;COUNT=3'];

test('P3 rule 11: an entry that was a series for a while and is single again when its user leaves with removal goes', async () => {
  const { left, back, told } = await leftUnseen((world, id) =>
    world.phone('anna', 'PATCH', `/${id}`, { recurrence: null }),
  );
  assert.deepEqual(left, []);
  assert.deepEqual(back, [['2026-11-24T09:00:00+01:00', undefined]]);
  assert.deepEqual(told, [
    ['delete', 'a1'],
    ['delete', 'a2'],
  ]);
});

test('P3 rule 6: a series that has moved when its user leaves with removal stays, and who connects again has its record once', async () => {
  const { left, back, told } = await leftUnseen((world, id) =>
    world.phone('anna', 'PATCH', `/${id}`, {
      start: zurich('2026-11-24T11:00:00'),
      end: zurich('2026-11-24T12:00:00'),
    }),
  );
  assert.deepEqual(left, [['2026-11-24T11:00:00+01:00', DAILY]]);
  assert.deepEqual(back, left);
  assert.deepEqual(told, [
    ['upsert', 'v1'],
    ['upsert', 'a1'],
    ['upsert', 'a2'],
  ]);
});

test('rule 11: an occurrence that was taken out when its user leaves with removal is written again for who connects again', async () => {
  const { left, back, told } = await leftUnseen((world, id) =>
    world.phone('anna', 'DELETE', `/${id}_20261124T080000Z`),
  );
  assert.deepEqual(left, [['2026-11-24T09:00:00+01:00', DAILY]]);
  assert.deepEqual(back.toSorted(), [...left, ['2026-11-24T09:00:00+01:00', undefined]].toSorted());
  assert.deepEqual(told, []);
});

test('P3 rule 6: a CRM edit of an occurrence that was moved alone, of a series that is single again by then: it goes on as that, and is not written beside it', async () => {
  const { world, poll, quiet, starts } = await connected();
  const event = await world.phone('anna', 'POST', '', weekly(3));
  await poll();
  const instance = `/${event.id}_20261124T080000Z`;
  await world.phone('anna', 'PATCH', instance, { location: 'Bern' });
  await world.phone('anna', 'PATCH', `/${event.id}`, { recurrence: null });
  assert.equal(await world.crm(world.change('a1', { subject: 'Kept' })), 'later');
  assert.equal((await world.events()).length, 1);
  await poll();
  assert.deepEqual(
    (await world.events()).map((e) => [e.id, e.summary]),
    [[event.id, 'Kept']],
  );
  assert.deepEqual(starts(), [TUESDAYS[0]]);
  await quiet();
});

/** A single event that both sides know, and that the phone has just made a series. */
async function becomesSeries() {
  const sides = await connected();
  const { recurrence: _, ...single } = weekly(0);
  const event = await sides.world.phone('anna', 'POST', '', single);
  await sides.poll();
  const recurrence = ['RRULE:FREQ=WEEKLY;COUNT=3'];
  await sides.world.phone('anna', 'PATCH', `/${event.id}`, { recurrence });
  return { ...sides, event };
}

test('P3 rule 6: single again while the run that has listed the series writes what the CRM says of an occurrence: it goes on as the event', async () => {
  const { world, poll, quiet, event } = await becomesSeries();
  const instance = `/${event.id}_20261124T080000Z`;
  world.workspace.after = async ({ method, user }) => {
    if (!user || method !== 'calendar.events.instances') return;
    world.workspace.after = undefined;
    await world.phone('anna', 'PATCH', instance, { location: 'Bern' });
    await world.phone('anna', 'PATCH', `/${event.id}`, { recurrence: null });
  };
  await world.store.putIntents([world.change('a1', { subject: 'Kept' })]);
  assert.equal(await world.poll(), 'later');
  assert.equal((await world.events()).length, 1);
  await poll();
  assert.deepEqual(
    (await world.events()).map((e) => [e.id, e.summary]),
    [[event.id, 'Kept']],
  );
  await quiet();
});

test('rule 6: a CRM edit that crosses with the move of the series waits for the listing, and doubles nothing', async () => {
  for (const op of ['upsert', 'delete'] as const) {
    const { world, poll, quiet, starts } = await connected();
    const series = await world.phone('anna', 'POST', '', weekly(3));
    await poll();
    await shift(world, series.id, '2026-11-24T14:00:00', '2026-11-24T15:00:00');
    assert.equal(await world.crm(world.change('a2', { subject: 'Crossed' }, { op })), 'later');
    assert.deepEqual(world.syncRequests, ['anna']);
    await poll();
    const items = (await world.phone('anna', 'GET', `/${series.id}/instances`)).items;
    assert.deepEqual(
      items.map((e) => e.summary),
      op === 'upsert' ? ['Weekly', 'Crossed', 'Weekly'] : ['Weekly', 'Weekly', 'Weekly'],
    );
    assert.equal(
      (await world.events()).filter((e) => !e.recurrence).length,
      op === 'upsert' ? 1 : 0,
    );
    assert.equal(starts().length, 3);
    await quiet();
  }
});

test('rule 6: a CRM edit that crosses with a move which the run’s listing was too early for waits for the next one', async () => {
  for (const op of ['upsert', 'delete'] as const) {
    const { world, poll, quiet, starts } = await connected();
    const series = await world.phone('anna', 'POST', '', weekly(3));
    await poll();
    world.workspace.after = async ({ method }) => {
      if (method !== 'calendar.events.list') return;
      world.workspace.after = undefined;
      await shift(world, series.id, '2026-11-24T14:00:00', '2026-11-24T15:00:00');
      const change = world.change('a2', { subject: 'Crossed' }, { op });
      assert.equal(await world.crm(change), 'busy');
    };
    assert.equal(await world.poll(), 'later');
    await poll();
    const shown = await world.events();
    assert.equal(shown.filter((e) => !e.recurrence).length, op === 'upsert' ? 1 : 0);
    const items = (await world.phone('anna', 'GET', `/${series.id}/instances`)).items;
    assert.equal(items.filter((e) => e.summary === 'Crossed').length, op === 'upsert' ? 1 : 0);
    assert.equal(starts().length, 3);
    await quiet();
  }
});

test('rule 6: the series has its former rule again, and a place whose record was written alone meanwhile: it stays one', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const rule = (text: string) => ({ recurrence: [`RRULE:FREQ=WEEKLY;${text}`] });
  const series = await world.phone('anna', 'POST', '', weekly(3));
  await poll();
  await world.phone('anna', 'PATCH', `/${series.id}`, rule('COUNT=1'));
  assert.equal(await world.crm(world.change('a3', { subject: 'Kept' })), 'later');
  await poll();
  await quiet();
  await world.phone('anna', 'PATCH', `/${series.id}`, rule('COUNT=3'));
  await poll();
  const day = await world.phone(
    'anna',
    'GET',
    '?singleEvents=true&timeMin=2026-12-08T00:00:00Z&timeMax=2026-12-09T00:00:00Z',
  );
  assert.deepEqual(
    day.items.map((e) => e.summary),
    ['Kept'],
  );
  assert.deepEqual(startsById(), { a1: TUESDAYS[0], a2: TUESDAYS[1], a3: TUESDAYS[2] });
  await quiet();
});

test('rule 6: the former place of a record that was written alone may be the new place of another one', async () => {
  const { world, poll, quiet, startsById } = await connected();
  const rule = (text: string) => ({ recurrence: [`RRULE:FREQ=WEEKLY;${text}`] });
  const series = await world.phone('anna', 'POST', '', weekly(3));
  await poll();
  await world.phone('anna', 'PATCH', `/${series.id}`, rule('COUNT=2'));
  await world.crm(world.change('a3', { subject: 'Kept' }));
  await poll();
  await world.phone('anna', 'PATCH', `/${series.id}`, rule('INTERVAL=2;COUNT=2'));
  await poll();
  assert.deepEqual(startsById(), { a1: TUESDAYS[0], a2: TUESDAYS[2], a3: TUESDAYS[2] });
  const shown = await world.phone('anna', 'GET', '?singleEvents=true');
  const titles = shown.items.map((e) => e.summary ?? '').filter((s) => /Weekly|Kept/.test(s));
  assert.deepEqual(titles.sort(), ['Kept', 'Weekly', 'Weekly']);
  await quiet();
});

test('rule 6: a CRM edit or delete of an event that has just become a series is that of one occurrence', async () => {
  for (const op of ['upsert', 'delete'] as const) {
    const { world, poll, quiet, event } = await becomesSeries();
    assert.equal(await world.crm(world.change('a1', { subject: 'One' }, { op })), 'later');
    await poll();
    const items = (await world.phone('anna', 'GET', `/${event.id}/instances`)).items;
    assert.deepEqual(
      items.map((e) => e.summary),
      op === 'upsert' ? ['One', 'Weekly', 'Weekly'] : ['Weekly', 'Weekly'],
    );
    await quiet();
  }
});

for (const was of ['single', 'moved'] as const)
  test(`C02 what a full listing shows and Google does not let us write is not missing under its former name (${was})`, async () => {
    const { world, poll, quiet } = await connected();
    const { recurrence: _, ...single } = weekly(0);
    const event = await world.phone('anna', 'POST', '', was === 'single' ? single : weekly(3));
    await poll();
    const recurrence = ['RRULE:FREQ=WEEKLY;COUNT=3'];
    if (was === 'single') await world.phone('anna', 'PATCH', `/${event.id}`, { recurrence });
    else await shift(world, event.id, '2026-11-24T14:00:00', '2026-11-24T15:00:00');
    world.workspace.expireSyncTokens('anna@firm.example');
    const refuse = { kind: 'status', status: 503, method: 'events.patch' } as const;
    const stop = world.workspace.faults.add(refuse);
    assert.equal(await world.crm(world.change('a1', { subject: 'One' })), 'later');
    assert.equal(await world.poll(), 'later');
    const about = world.messages.splice(0).filter(({ crmId }) => crmId === 'a1');
    assert.deepEqual(about, []);
    stop();
    world.advance(60_000);
    await poll();
    const items = (await world.phone('anna', 'GET', `/${event.id}/instances`)).items;
    assert.deepEqual(
      items.map((e) => e.summary),
      ['One', 'Weekly', 'Weekly'],
    );
    const alone = (await world.events()).filter((e) => !e.recurrence);
    assert.deepEqual(alone, items.slice(0, 1), 'nothing is doubled');
    await quiet();
  });

for (const [born, says] of [
  ['CRM', true],
  ['CRM', false],
  ['Google', true],
] as const)
  test(`P4 restored by the CRM under another name while it became a series: it is the first occurrence, with the phone’s edit (born in ${born}, ${says ? 'says' : 'does not say'} what it has seen)`, async () => {
    const { world, poll, quiet } = await connected();
    const { recurrence: _, ...single } = weekly(0);
    const { start, end } = single;
    const before = born === 'Google' ? 'a1' : 'A';
    if (born === 'Google') await world.phone('anna', 'POST', '', single);
    else
      await world.crm(world.change(before, { subject: 'Weekly', status: 'planned', start, end }));
    await poll();
    const [event] = await world.events();
    const phone = (more: object) => world.phone('anna', 'PATCH', `/${event?.id}`, more);
    await phone({ summary: 'Phone' });
    await world.poll();
    world.messages.length = 0;
    await phone({ summary: 'Phone again' });
    await world.crm(world.change(before, {}, { op: 'delete' }));
    const told = world.messages.find((m) => m.conflicts?.[0]?.field === 'deletedInCrm');
    // The CRM, which does not know of the series yet, restores it.
    await phone({ summary: 'Series', recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'] });
    await poll();
    const { data = {}, googleId = '', changeId = '' } = told ?? {};
    const name = { googleId, ...(says && { seen: changeId }) };
    await world.crm(world.change('b1', data, name));
    const [again] = world.messages.splice(0);
    assert.equal(again?.crmId, 'b1');
    assert.equal(again?.data?.subject, 'Series');
    assert.deepEqual(again?.changed, ['subject']);
    assert.notEqual(again?.googleId, googleId);
    await quiet();
    await world.crm(world.change('b1', { place: 'Bern' }));
    const { items } = await world.phone('anna', 'GET', `/${event?.id}/instances`);
    assert.deepEqual(
      items.map((e) => `${e.summary} ${e.location ?? ''}`),
      ['Series Bern', 'Series ', 'Series '],
    );
  });

test('P1 rule 10: restored by the CRM under another name as the single event that its series was for a while: it is told its place', async () => {
  const { world } = await connected();
  const { recurrence, ...single } = weekly(4);
  const { id } = await world.phone('anna', 'POST', '', { ...single, recurrence });
  await world.poll();
  const googleId = `${id}_20261201T080000Z`;
  const { data } = world.messages.find((m) => m.googleId === googleId) ?? {};
  await world.crm(world.change('o1', { ...data }, { googleId }));
  await world.phone('anna', 'PATCH', `/${id}`, { recurrence: [] });
  await world.crm(world.change('o1', {}, { op: 'delete', googleId }));
  await world.poll();
  const lives = world.messages.find(({ conflicts }) => conflicts?.length);
  assert.deepEqual([lives?.crmId, lives?.googleId], ['o1', id]);
  await world.phone('anna', 'PATCH', `/${id}`, { recurrence });
  await world.poll();
  const seen = lives?.changeId ?? '';
  await world.crm(world.change('o2', { ...lives?.data }, { googleId: id, seen }));
  const last = world.messages.at(-1);
  assert.deepEqual([last?.crmId, last?.googleId], ['o2', googleId]);
  assert.deepEqual([last?.changed, last?.data?.start], [['start', 'end'], data?.start]);
});

test('a second record to which the CRM gives the id of what is a series by now is not written beside it', async () => {
  const { world, poll, quiet } = await connected();
  const { recurrence: _, ...single } = weekly(0);
  const { id: googleId } = await world.phone('anna', 'POST', '', single);
  await poll();
  await world.phone('anna', 'PATCH', `/${googleId}`, { recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] });
  const [{ data = {} } = {}] = await poll();
  await world.crm(world.change('b1', data, { googleId }));
  assert.equal((await world.events()).length, 1);
  await quiet();
});

test('the window rolls: occurrences and events come into it, one call a day whatever the number of series', async () => {
  const { world, poll, quiet, starts } = await connected();
  for (const summary of ['One', 'Two']) {
    await world.phone('anna', 'POST', '', {
      ...weekly(0, { summary }),
      recurrence: ['RRULE:FREQ=WEEKLY'],
    });
  }
  const far = MONDAY + 400 * DAY;
  await world.phone('anna', 'POST', '', {
    ...weekly(3, { summary: 'Later' }),
    start: { dateTime: new Date(far).toISOString(), timeZone: 'Europe/Zurich' },
    end: { dateTime: new Date(far + 3_600_000).toISOString(), timeZone: 'Europe/Zurich' },
  });
  await poll();
  const before = starts().length;
  world.countCalls();
  world.advance(20 * 3_600_000);
  await quiet();
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 });
  world.advance(7 * DAY);
  assert.equal((await poll()).length, 4, 'two Tuesdays of two series');
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 2 });
  assert.equal(starts().length, before + 4);
  await quiet();
  world.advance(40 * DAY);
  const told = await poll();
  assert.equal(told.filter((m) => m.data?.subject === 'Later').length, 1 + 1);
  await quiet();
  expireToken(world);
  await quiet();
});

test('C22 four zones, both changes of the clocks, all-day: wall times and dates come through unchanged', async () => {
  const zones: [zone: string, offsets: string[]][] = [
    ['Europe/Berlin', ['+01:00', '+02:00']],
    ['America/Winnipeg', ['-05:00', '-06:00']],
    ['Asia/Kolkata', ['+05:30']],
    ['Pacific/Auckland', ['+12:00', '+13:00']],
  ];
  for (const [timeZone, offsets] of zones) {
    const { world, poll, quiet, records } = await connected();
    await world.phone('anna', 'POST', '', {
      summary: 'Monthly',
      start: { dateTime: '2026-11-25T08:30:00', timeZone },
      end: { dateTime: '2026-11-25T09:30:00', timeZone },
      recurrence: ['RRULE:FREQ=MONTHLY;UNTIL=20271030T000000Z'],
    });
    await world.phone('anna', 'POST', '', {
      summary: 'Days',
      start: { date: '2026-12-30' },
      end: { date: '2027-01-02' },
      recurrence: ['RRULE:FREQ=MONTHLY;COUNT=2'],
    });
    await poll();
    const timed = [...records.values()].filter((r) => r.subject === 'Monthly');
    assert.equal(timed.length, 12);
    const starts = timed.map(startOf);
    assert.ok(starts.every((at) => at.slice(11, 19) === '08:30:00'));
    assert.deepEqual([...new Set(starts.map((at) => at.slice(19)))].sort(), offsets);
    const days = [...records].filter(([, r]) => r.subject === 'Days');
    assert.deepEqual(
      days.map(([, r]) => [r.start, r.end]),
      [
        [{ date: '2026-12-30' }, { date: '2027-01-01' }],
        [{ date: '2027-01-30' }, { date: '2027-02-01' }],
      ],
    );
    // Round and round: the CRM sends all of it back, with another subject.
    for (const subject of ['Sent', 'Sent back']) {
      await world.crm(...[...records].map(([id, data]) => world.change(id, { ...data, subject })));
      await quiet();
    }
    const items = (await world.phone('anna', 'GET', '?singleEvents=true&maxResults=2500')).items;
    assert.deepEqual([...new Set(items.map((e) => e.summary))], ['Sent back']);
    const at = items.flatMap((e) => e.start.dateTime ?? []).sort();
    assert.deepEqual(at.map(Date.parse).sort(), starts.map(Date.parse).sort());
    assert.deepEqual(
      items.flatMap((e) => (e.start.date ? [[e.start.date, e.end.date]] : [])).sort(),
      [
        ['2026-12-30', '2027-01-02'],
        ['2027-01-30', '2027-02-02'],
      ],
    );
  }
});

test('rule 4: C21 a private series is busy blocks; a colleague’s series is the colleague’s', async () => {
  const { world, poll, quiet } = await connected();
  await world.phone('anna', 'POST', '', weekly(2, { summary: 'Therapy', visibility: 'private' }));
  const told = await poll();
  assert.deepEqual(
    told.map((m) => [m.redacted, m.data?.subject]),
    [
      [true, null],
      [true, null],
    ],
  );
  assert.doesNotMatch(world.store.dump(), /Therapy/);
  await world.connect('luca');
  await world.poll('luca');
  const attendees = [{ email: 'anna@firm.example' }];
  await world.phone('luca', 'POST', '', weekly(2, { summary: 'Luca’s', attendees }));
  world.messages.length = 0;
  assert.deepEqual(await poll(), []);
  await world.poll('luca');
  const owners = world.messages.filter((m) => m.record === 'appointment').map((m) => m.userId);
  assert.deepEqual(owners, ['luca', 'luca']);
  world.messages.length = 0;
  await quiet();
});

test('series of types that are left alone are not even expanded', async () => {
  const { world, poll } = await connected();
  await world.phone('anna', 'POST', '', {
    eventType: 'workingLocation',
    visibility: 'public',
    transparency: 'transparent',
    workingLocationProperties: { type: 'homeOffice', homeOffice: {} },
    start: { date: '2026-11-24' },
    end: { date: '2026-11-25' },
    recurrence: ['RRULE:FREQ=WEEKLY'],
  });
  world.countCalls();
  assert.deepEqual(await poll(), []);
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 });
});

test('a past event that became a series: its record is not the whole series, and cannot delete it', async () => {
  const { world, poll, quiet } = await connected();
  const { recurrence: _, ...single } = weekly(0);
  const event = await world.phone('anna', 'POST', '', single);
  await poll();
  world.advance(60 * DAY);
  await quiet();
  const recurrence = ['RRULE:FREQ=WEEKLY;COUNT=20'];
  await world.phone('anna', 'PATCH', `/${event.id}`, { recurrence });
  await poll();
  const items = async () => (await world.phone('anna', 'GET', `/${event.id}/instances`)).items;
  assert.equal((await items()).length, 20);
  assert.equal(await world.crm(world.change('a1', {}, { op: 'delete' })), 'later');
  await world.poll();
  assert.deepEqual(
    world.messages.splice(0).map((m) => m.rejected?.reason),
    ['group'],
  );
  assert.equal((await items()).length, 20);
  await quiet();
});

test('rule 6: an entry that became a series far ahead before the first listing is not where it was: the CRM hears that it is gone', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, {
    ...weekly(4),
    start: zurich('2028-11-24T09:00:00'),
    end: zurich('2028-11-24T10:00:00'),
  });
  await world.poll();
  const told = world.messages.filter((m) => m.record === 'appointment');
  assert.deepEqual(
    told.map((m) => [m.op, m.crmId]),
    [['delete', 'v1']],
  );
  await world.crm(world.change('v1', {}, { op: 'delete', seen: told[0]?.changeId ?? '' }));
  const { items } = await world.phone('anna', 'GET', `/${event?.id}/instances`);
  assert.equal(items.length, 4);
});

test('rule 6: an entry that is moved far ahead, and comes back as a series while the first listing is under way, keeps its record', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  const path = `/${event?.id}`;
  const start = zurich('2028-11-24T09:00:00');
  await world.phone('anna', 'PATCH', path, { start, end: zurich('2028-11-24T10:00:00') });
  const [calendar] = world.engine.collections;
  assert.ok(calendar);
  const { list } = calendar;
  calendar.list = async (...args) => {
    const page = await list(...args);
    calendar.list = list;
    world.advance(1000);
    await world.phone('anna', 'PATCH', path, weekly(2));
    return page;
  };
  await world.poll();
  await world.poll();
  const told = world.messages.filter((m) => m.record === 'appointment');
  assert.deepEqual(
    told.map((m) => [m.op, m.crmId, startOf(m.data ?? {}).slice(0, 10)]),
    [
      ['upsert', 'v1', '2026-11-24'],
      ['upsert', undefined, '2026-12-01'],
    ],
  );
});

test('rule 1 rule 6: a past event that became a series is handed over: the series is the user’s own, and nothing is refused', async () => {
  const { world, poll, quiet } = await connected();
  await world.connect('luca');
  const { recurrence: _, ...single } = weekly(0);
  const event = await world.phone('anna', 'POST', '', single);
  await poll();
  world.advance(60 * DAY);
  const recurrence = ['RRULE:FREQ=WEEKLY;COUNT=20'];
  await world.phone('anna', 'PATCH', `/${event.id}`, { recurrence });
  await poll();
  await world.store.putIntents([world.change('a1', { subject: 'Yours' }, { userId: 'luca' })]);
  await world.poll();
  await world.poll();
  assert.deepEqual(
    world.messages.splice(0).filter((m) => m.record === 'appointment'),
    [],
  );
  const { items } = await world.phone('anna', 'GET', `/${event.id}/instances`);
  assert.equal(items.length, 20);
  assert.deepEqual(await world.store.linksByCrmId('anna', 'appointment', ['a1']), []);
  await quiet();
});

test('series of a whole team: 60 series, one commit never holds more than a chunk, one poll', async () => {
  const { world, poll, quiet, records } = await connected();
  world.workspace.quota.enabled = false;
  for (let i = 0; i < 60; i++) {
    await world.phone('anna', 'POST', '', weekly(20, { summary: `Series ${i}` }));
  }
  const sizes: number[] = [];
  const { commit } = world.store;
  world.store.commit = async (lease, content, release) => {
    sizes.push(content.links?.length ?? 0);
    return commit(lease, content, release);
  };
  const requests = world.workspace.stats.snapshot().httpRequests;
  await poll();
  assert.equal(records.size, 1200);
  assert.ok(Math.max(...sizes) <= 200);
  assert.ok(
    world.workspace.stats.snapshot().httpRequests - requests <= 4,
    'the series in two batches',
  );
  await quiet();
});

test('P17 a crash before any commit of a moved series leaves work to do again, and no second record', async () => {
  for (const at of [1, 2, 3]) {
    const { world, poll, quiet, startsById } = await connected();
    const series = await world.phone('anna', 'POST', '', {
      ...weekly(0),
      recurrence: ['RRULE:FREQ=DAILY;COUNT=300'],
    });
    await poll();
    await shift(world, series.id, '2026-11-25T11:00:00', '2026-11-25T12:00:00');
    const { commit } = world.store;
    let commits = 0;
    world.store.commit = async (...args) => {
      if (++commits === at) throw new Error('crash');
      return commit(...args);
    };
    await assert.rejects(world.poll(), /crash/);
    world.store.commit = commit;
    world.advance(300_000);
    await poll();
    await quiet();
    const times = Object.values(startsById());
    assert.equal(Object.keys(startsById()).length, 300);
    assert.equal(new Set(times).size, 300, 'each day once');
  }
});

/** What Google does for "this and following" from the third occurrence on, with a new time. */
async function cut(world: World, id: string, extendedProperties: object): Promise<void> {
  await world.phone('anna', 'PATCH', `/${id}`, {
    recurrence: ['RRULE:FREQ=WEEKLY;UNTIL=20261207T225959Z'],
  });
  await world.phone('anna', 'POST', '', {
    ...weekly(2),
    start: zurich('2026-12-08T14:00:00'),
    end: zurich('2026-12-08T15:00:00'),
    extendedProperties,
  });
}

const shift = (world: World, id: string, start: string, end: string) =>
  world.phone('anna', 'PATCH', `/${id}`, { start: zurich(start), end: zurich(end) });

/** Google forgets the sync token: the next poll lists everything. */
const expireToken = (world: World) => world.workspace.calendars.expireSyncTokens();

test('P3 an entry that became a series and was written anew, while that was in another calendar, is there once when the series is back', async () => {
  const { world, poll } = await connected();
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] });
  await poll();
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  // The CRM has not heard of it.
  await world.crm(world.change('v1', visit(1, 15)));
  await poll();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { status: 'confirmed' });
  const told = await poll();
  assert.deepEqual(
    told.filter(({ googleId }) => googleId?.endsWith('_20261124T080000Z')),
    [],
  );
  const { items } = await world.phone('anna', 'GET', `/${event?.id}/instances`);
  const times = (await world.events())
    .filter(({ recurrence }) => !recurrence)
    .concat(items)
    .map(({ start }) => start.dateTime?.slice(0, 13));
  assert.deepEqual(times.sort(), ['2026-11-24T15', '2026-11-25T09', '2026-11-26T09']);
});
