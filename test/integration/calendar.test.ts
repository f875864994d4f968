/** What a calendar holds besides plain appointments: kinds of events, visibility, days, other calendars. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Json } from '../../functions/core/fields.ts';
import { createWorld, type Event, visit, type World } from '../support/world.ts';

const DAY = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
const HOUR = {
  start: { dateTime: '2026-11-26T10:00:00+01:00', timeZone: 'Europe/Zurich' },
  end: { dateTime: '2026-11-26T11:00:00+01:00', timeZone: 'Europe/Zurich' },
};

async function connected(): Promise<World> {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  world.messages.length = 0;
  return world;
}

const told = (world: World) => world.messages.filter((m) => m.record === 'appointment');

test('transparency and visibility travel both ways, and a tentative event stays tentative', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit(1, 9, { busy: false, private: true })));
  const [event] = (await world.events()) as (Event & { transparency?: string })[];
  assert.deepEqual([event?.transparency, event?.visibility], ['transparent', 'private']);
  await world.poll();
  assert.deepEqual(told(world), [], 'an echo');
  await world.phone('anna', 'PATCH', `/${event?.id}`, {
    transparency: 'opaque',
    visibility: 'default',
    status: 'tentative',
  });
  await world.poll();
  const { data, changed } = told(world).at(-1) ?? {};
  assert.deepEqual([data?.busy, data?.private, changed], [true, false, ['private', 'busy']]);
  assert.equal(data?.subject, 'Visit at Muster AG', 'what the CRM made is never hidden from it');
  await world.crm(world.change('v1', visit(1, 14, { busy: true, private: false })));
  const [after] = await world.events();
  assert.deepEqual([after?.status, after?.start.dateTime?.slice(11, 13)], ['tentative', '14']);
});

test('event types by allow-list: out of office and focus time are busy blocks, the others are left alone', async () => {
  const world = await connected();
  for (const [type, properties] of [
    ['outOfOffice', 'outOfOfficeProperties'],
    ['focusTime', 'focusTimeProperties'],
  ])
    await world.phone('anna', 'POST', '', {
      summary: 'Secret reason',
      eventType: type,
      ...HOUR,
      [String(properties)]: {},
    });
  await world.phone('anna', 'POST', '', {
    summary: 'Birthday',
    eventType: 'birthday',
    ...DAY,
    visibility: 'private',
    transparency: 'transparent',
    recurrence: ['RRULE:FREQ=YEARLY'],
  });
  await world.phone('anna', 'POST', '', {
    summary: 'Home',
    eventType: 'workingLocation',
    ...DAY,
    visibility: 'public',
    transparency: 'transparent',
    workingLocationProperties: { type: 'homeOffice', homeOffice: {} },
  });
  const mail = await world.phone('anna', 'POST', '', { summary: 'Flight', ...HOUR });
  const stored = world.workspace.calendars.primary('anna@firm.example').events.get(mail.id);
  assert.ok(stored);
  // Google's own: no client can make one.
  world.workspace.calendars.setResource(stored, { ...stored.resource, eventType: 'fromGmail' });
  await world.poll();
  assert.deepEqual(
    told(world).map((m) => [m.redacted, m.data?.subject, m.data?.busy]),
    [
      [true, null, true],
      [true, null, true],
    ],
  );
  assert.doesNotMatch(JSON.stringify(world.messages) + world.store.dump(), /Secret reason|Flight/);
  // The CRM cannot move what Google lets nobody else write.
  const [block] = told(world);
  const googleId = block?.googleId ?? '';
  await world.crm(world.change('o1', { ...block?.data, ...DAY }, { googleId }));
  assert.equal(told(world).at(-1)?.rejected?.reason, 'notOrganizer');
});

test('C22 an all-day entry of several days: the last day is included in the CRM only, both ways, twice', async () => {
  const world = await connected();
  const days = { start: { date: '2026-11-30' }, end: { date: '2026-12-02' } };
  await world.crm(world.change('v1', { ...visit(), ...days }));
  for (let i = 0; i < 2; i++) {
    const [event] = await world.events();
    assert.deepEqual([event?.start.date, event?.end.date], ['2026-11-30', '2026-12-03']);
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: `Room ${i}` });
    await world.poll();
    const { data } = told(world).at(-1) ?? {};
    assert.deepEqual([data?.start, data?.end], [days.start, days.end]);
    await world.crm(world.change('v1', { ...data, subject: `Fair ${i}` }));
  }
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, {
    start: { dateTime: '2026-11-30T09:00:00', timeZone: 'Pacific/Auckland', date: null },
    end: { dateTime: '2026-11-30T10:00:00', timeZone: 'Pacific/Auckland', date: null },
  });
  await world.poll();
  const timed = { dateTime: '2026-11-30T09:00:00+13:00', timeZone: 'Pacific/Auckland' };
  assert.deepEqual(told(world).at(-1)?.data?.start, timed as Json, 'and no longer all day');
  await world.crm(
    world.change('v1', { ...visit(), ...days }, { seen: told(world).at(-1)?.changeId ?? '' }),
  );
  assert.deepEqual((await world.events())[0]?.start, { date: '2026-11-30' });
});

test('rule 8: moved to another calendar of the user it has left; when it comes back it is the same link', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  await world.poll();
  const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...DAY });
  await world.poll();
  const { data } = told(world).at(-1) ?? {};
  await world.crm(world.change('g1', { ...data, kind: 'call' }, { googleId: own.id }));
  const [ours] = (await world.events()).filter((e) => e.id !== own.id);
  const before = (await world.store.listLinks('anna', 'appointment', 10)).map((l) => l.id);
  const other = world.workspace.calendars.create(
    'anna@firm.example',
    'Other',
    'Europe/Zurich',
    null,
  );
  world.messages.length = 0;
  for (const id of [ours?.id, own.id])
    await world.phone('anna', 'POST', `/${id}/move?destination=${encodeURIComponent(other.id)}`);
  await world.poll();
  assert.deepEqual(
    told(world).map((m) => [m.op, m.reason, m.crmId]),
    [
      ['delete', 'movedOrDeleted', 'v1'],
      ['delete', 'movedOrDeleted', 'g1'],
    ],
  );
  world.messages.length = 0;
  world.countCalls();
  for (const id of [ours?.id, own.id])
    await world.phone(
      'anna',
      'POST',
      `/${id}/move?destination=${encodeURIComponent('anna@firm.example')}`,
      undefined,
      other.id,
    );
  await world.poll();
  assert.deepEqual(
    told(world).map((m) => [m.op, m.crmId, m.data?.subject]),
    [
      ['upsert', 'v1', 'Visit at Muster AG'],
      ['upsert', 'g1', 'Own'],
    ],
  );
  const after = (await world.store.listLinks('anna', 'appointment', 10)).map((l) => l.id);
  assert.deepEqual(after, before, 'no second record');
  world.countCalls();
  await world.crm(world.change('v1', visit(1, 9, { place: 'Thun' })));
  await world.crm(world.change('g1', { subject: 'Own again' }));
  assert.deepEqual(world.countCalls(), { 'calendar.events.patch': 2 });
});

test('C13 a page with a series and an occurrence of it: the occurrence’s own change is applied as well', async () => {
  const world = await connected();
  const { id } = await world.phone('anna', 'POST', '', {
    summary: 'Weekly',
    start: { dateTime: '2026-11-24T09:00:00', timeZone: 'Europe/Zurich' },
    end: { dateTime: '2026-11-24T10:00:00', timeZone: 'Europe/Zurich' },
    recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'],
  });
  await world.poll();
  for (const [i, m] of told(world).entries())
    await world.crm(world.change(`s${i}`, { ...m.data }, { googleId: m.googleId ?? '' }));
  world.messages.length = 0;
  const { items } = await world.phone('anna', 'GET', `/${id}/instances`);
  await world.phone('anna', 'PATCH', `/${items[1]?.id}`, { location: 'Thun' });
  await world.phone('anna', 'PATCH', `/${id}`, { summary: 'Weekly, renamed' });
  await world.poll();
  const heard = told(world).map((m) => [m.crmId, m.data?.place]);
  assert.deepEqual(heard.sort(), [
    ['s0', null],
    ['s1', 'Thun'],
    ['s2', null],
  ]);
});

test('P3 a copy that the user makes of the CRM’s entry is an appointment of its own, whatever it carries', async () => {
  const world = await connected();
  await world.crm(world.change('v1', visit()));
  const [ours] = await world.events();
  assert.ok(ours?.extendedProperties, 'the mark of what we inserted');
  const { summary, start, end, extendedProperties } = ours;
  const copy = await world.phone('anna', 'POST', '', { summary, start, end, extendedProperties });
  await world.poll();
  const heard = told(world).map(({ op, crmId, googleId }) => [op, crmId, googleId]);
  assert.deepEqual(heard, [['upsert', undefined, copy.id]]);
  await world.crm(world.change('g1', { ...told(world)[0]?.data }, { googleId: copy.id }));
  // Each goes its own way.
  await world.phone('anna', 'PATCH', `/${copy.id}`, { location: 'Thun' });
  await world.crm(world.change('v1', visit(1, 15)));
  await world.poll();
  const shown = (await world.events()).map((e) => [e.id === copy.id, e.location, e.start.dateTime]);
  assert.deepEqual(shown, [
    [true, 'Thun', start.dateTime],
    [false, undefined, '2026-11-24T15:00:00+01:00'],
  ]);
  assert.deepEqual([told(world).at(-1)?.crmId, told(world).at(-1)?.changed], ['g1', ['place']]);
});
