/** P11: what the codec writes it reads back the same, and what it does not map stays as it was. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { appointmentCodec as codec } from '../../functions/core/appointment.ts';
import { type Fields, sameValue } from '../../functions/core/fields.ts';
import { appointmentSchema } from '../../functions/core/messages.ts';
import { lineProblem } from '../../functions/core/recurrence.ts';
import { seriesCodec } from '../../functions/core/series.ts';
import { addDays, instantOf, isoInZone, wallToInstant } from '../../functions/core/time.ts';
import { wordOf } from '../../functions/core/word.ts';
import { canonical, context, type Event, stored } from './mini.ts';

const ZONES = ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'];

/** Texts that have broken somebody's sync: other scripts, emoji, markup, our own marker, long ones. */
const awkward = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom(
    'Zoë & Søren <noreply>',
    '打合せ 👩‍👩‍👧‍👦 اجتماع',
    'a < b && c > d',
    '   ',
    '\u00a0nbsp\u00a0',
    'x'.repeat(1024),
    'line\n\n\nbreaks\n',
    'é vs e\u0301',
    '"quotes" \\ back',
  ),
);
const text = fc.option(awkward, { nil: null });

const timed = fc
  .record({
    zone: fc.constantFrom(...ZONES),
    minute: fc.integer({ min: 0, max: 525_600 }),
    length: fc.integer({ min: 0, max: 3000 }),
  })
  .map(({ zone, minute, length }) => {
    const start = Date.UTC(2026, 0, 1) + minute * 60_000;
    const moment = (at: number) => ({ dateTime: isoInZone(zone, at), timeZone: zone });
    return { start: moment(start), end: moment(start + length * 60_000) };
  });
const days = fc
  .record({ day: fc.integer({ min: 0, max: 700 }), length: fc.integer({ min: 0, max: 20 }) })
  .map(({ day, length }) => {
    const start = addDays('2026-01-01', day);
    return { start: { date: start }, end: { date: addDays(start, length) } };
  });

const appointment = fc
  .tuple(
    fc.oneof(timed, days),
    fc.record(
      {
        subject: text,
        place: text,
        description: text,
        private: fc.boolean(),
        busy: fc.boolean(),
        reminderMinutes: fc.option(fc.integer({ min: 0, max: 40_320 }), { nil: null }),
        kind: fc.constantFrom('visit', 'call', null),
        status: fc.constantFrom('planned', 'held', null),
        customer: fc.constantFrom({ name: 'Muster AG' }, { id: 'c1', name: 'Zoë <&> Co' }, null),
        url: fc.constantFrom('https://crm.example/1', null),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([time, rest]) => ({ ...rest, ...time }) as Fields);

/** A text that a marker, markup or spaces of every kind cannot be told from formatting. */
const isPlain = (data: Fields) => !/<|—|&/.test(String(data.description ?? ''));

test('P11 insert and read back: every mapped field is as it was (5,000 cases)', () => {
  fc.assert(
    fc.property(appointment, (data) => {
      appointmentSchema.parse(data);
      const wanted = canonical(data);
      const asked = codec.canonical(data, context);
      const body = codec.insert('CH-1', 0, asked, context);
      const id = codec.googleId('anna', 'CH-1', 0) ?? '';
      const read = codec.decode(stored({ id }, body, 1), context);
      assert.deepEqual(read.marker, { crmId: 'CH-1', generation: 0, word: wordOf(asked) });
      for (const [name, value] of Object.entries(wanted)) {
        if (name === 'description' && !isPlain(data)) continue;
        assert.ok(
          sameValue(value, read.fields[name]),
          `${name}: ${JSON.stringify([value, read.fields[name]])}`,
        );
      }
    }),
    { numRuns: 5000, seed: 4 },
  );
});

test('P11 a patch changes what it names and nothing else (5,000 cases)', () => {
  const strange = { colorId: '7', attachments: [{ fileUrl: 'x' }], guestsCanModify: true } as Event;
  fc.assert(
    fc.property(appointment, appointment, (first, second) => {
      const [before, after] = [first, second].map((d) => codec.canonical(d, context)) as [
        Fields,
        Fields,
      ];
      const id = codec.googleId('anna', 'CH-1', 0) ?? '';
      const body = codec.insert('CH-1', 0, before, context);
      const event = stored({ id, ...strange }, body, 1);
      const was = codec.decode(event, context).fields;
      const changed = Object.keys(after).filter((n) => !sameValue(after[n], was[n]));
      const target = { ...before, ...after };
      const patch = codec.patch({ changed, target, before, adopted: false }, context, event);
      const next = patch ? stored(event, patch, 2) : event;
      const is = codec.decode(next, context).fields;
      for (const name of Object.keys(strange) as (keyof Event)[])
        assert.deepEqual(next[name], strange[name]);
      assert.deepEqual(next.extendedProperties, event.extendedProperties);
      for (const [name, value] of Object.entries(canonical(target))) {
        if (name === 'description' && !(isPlain(first) && isPlain(second))) continue;
        const wanted = name in after ? value : was[name];
        assert.ok(sameValue(wanted, is[name]), `${name}: ${JSON.stringify([wanted, is[name]])}`);
      }
    }),
    { numRuns: 5000, seed: 5 },
  );
});

test('P11 an empty text and no word are two things: the one clears, the other keeps', () => {
  const body = (data: Fields) => codec.canonical(data, context);
  assert.deepEqual(body({ subject: '  ' }), { subject: null });
  assert.deepEqual(body({}), {});
});

test('P11 DST: the hour that is skipped and the hour that comes twice, in four zones', () => {
  for (const [zone, skipped, twice] of [
    ['Europe/Zurich', '2026-03-29T02:30:00', '2026-10-25T02:30:00'],
    ['America/New_York', '2026-03-08T02:30:00', '2026-11-01T01:30:00'],
    ['Australia/Lord_Howe', '2026-10-04T02:15:00', '2026-04-05T01:45:00'],
    ['America/Santiago', '2026-09-06T00:30:00', '2026-04-04T23:30:00'],
  ] as const) {
    const wall = (iso: string) => Date.parse(`${iso}Z`);
    const gap = isoInZone(zone, wallToInstant(zone, wall(skipped)));
    assert.ok(gap.slice(0, 19) > skipped, `${zone}: ${gap} lies after the gap`);
    const first = wallToInstant(zone, wall(twice));
    const second = [30, 60]
      .map((minutes) => first + minutes * 60_000)
      .find((at) => isoInZone(zone, at).slice(0, 19) === twice);
    assert.ok(second, `${zone}: ${twice} comes twice`);
    for (const at of [first, second]) {
      const moment = { dateTime: isoInZone(zone, at), timeZone: zone };
      const read = codec.canonical({ start: moment }, context).start as typeof moment;
      assert.equal(instantOf(read, zone), at, `${zone}: the offset tells them apart`);
    }
  }
});

test('P11 all-day entries over several days: the last day is included in the CRM, not at Google', () => {
  const data = { start: { date: '2026-12-24' }, end: { date: '2026-12-31' } };
  const body = codec.insert('CH-1', 0, data, context);
  assert.deepEqual([body.start?.date, body.end?.date], ['2026-12-24', '2027-01-01']);
});

/** Rules as they stand in real calendars: Google's own, Outlook's, Apple's and iCalendar imports. */
const REAL = [
  ['RRULE:FREQ=WEEKLY;BYDAY=TU'],
  ['RRULE:FREQ=WEEKLY;WKST=SU;INTERVAL=2;BYDAY=MO,WE,FR'],
  ['RRULE:FREQ=WEEKLY;WKST=MO;UNTIL=20270630T215959Z;BYDAY=FR,MO,TH,TU,WE'],
  ['RRULE:FREQ=DAILY;COUNT=10'],
  ['RRULE:FREQ=DAILY;UNTIL=20261231'],
  ['RRULE:FREQ=MONTHLY;BYDAY=-1FR'],
  ['RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'],
  ['RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;INTERVAL=3'],
  ['RRULE:FREQ=MONTHLY;BYSETPOS=2;BYDAY=TU;COUNT=12'],
  ['RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29'],
  ['RRULE:FREQ=YEARLY;BYDAY=1MO;BYMONTH=9;WKST=SU'],
  ['RRULE:FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO'],
  ['RRULE:FREQ=YEARLY;BYYEARDAY=1,100,200'],
  ['EXDATE;TZID=Europe/Zurich:20261201T090000,20261208T090000', 'RRULE:FREQ=WEEKLY'],
  ['EXDATE;VALUE=DATE:20261224,20261231', 'RRULE:FREQ=WEEKLY;BYDAY=TH'],
  ['RRULE:FREQ=WEEKLY', 'RDATE;TZID=America/New_York:20261203T090000'],
  ['RDATE;VALUE=DATE:20261203,20270104'],
  ['RDATE;TZID="Europe/Zurich":20261203T090000'],
  ['RRULE:FREQ=WEEKLY;COUNT=30', 'EXRULE:FREQ=MONTHLY;BYDAY=1TU'],
  ['rrule:freq=weekly;byday=mo'],
];
const rules = fc.oneof(
  fc.constantFrom(...REAL),
  fc
    .record({
      FREQ: fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
      INTERVAL: fc.option(fc.integer({ min: 1, max: 99 })),
      end: fc.constantFrom('', ';COUNT=7', ';UNTIL=20281231T225959Z', ';UNTIL=20281231'),
      BYDAY: fc.option(fc.subarray(['MO', '2TU', '-1WE', '+1TH', 'SU'], { minLength: 1 })),
      BYMONTH: fc.option(fc.subarray([1, 2, 11, 12], { minLength: 1 })),
      WKST: fc.option(fc.constantFrom('MO', 'SU')),
    })
    .map(({ FREQ, end, ...rest }) => {
      const parts = Object.entries(rest).filter(([, v]) => v !== null);
      return [`RRULE:FREQ=${FREQ}${end}${parts.map(([n, v]) => `;${n}=${v}`).join('')}`];
    }),
);

test('P11 series: what is inserted or patched reads back the same, rule, zone and dates (2,000 cases)', () => {
  fc.assert(
    fc.property(appointment, rules, fc.option(rules, { nil: null }), (data, first, second) => {
      const before = { ...data, recurrence: first };
      appointmentSchema.parse(before);
      const wanted = seriesCodec.canonical(before, context);
      const id = codec.googleId('anna', 'CH-1', 0) ?? '';
      const body = seriesCodec.insert('CH-1', 0, wanted, context);
      const event = stored({ id }, body, 1);
      const read = seriesCodec.decode(event, context);
      for (const name of ['start', 'end', 'recurrence'])
        assert.ok(sameValue(wanted[name], read.fields[name]), name);
      assert.deepEqual(read.marker, { crmId: 'CH-1', generation: 0, word: wordOf(wanted) });
      assert.ok(!read.whole && !read.ignored);
      const target = { ...wanted, recurrence: second };
      const changed = ['recurrence'];
      const patch = seriesCodec.patch(
        { changed, target, before: wanted, adopted: false },
        context,
        event,
      );
      assert.deepEqual(Object.keys(patch ?? {}), ['recurrence'], 'the time stays as it is');
      const again = seriesCodec.decode(stored(event, patch as Event, 2), context).fields;
      assert.ok(sameValue(again.recurrence, second));
      for (const name of Object.keys(read.fields))
        if (name !== 'recurrence') assert.ok(sameValue(again[name], read.fields[name]), name);
    }),
    { numRuns: 2000, seed: 6 },
  );
});

test('P11 places in a series: the id of an occurrence in its zone, and of a date', () => {
  const idOf = (slot: Parameters<NonNullable<typeof seriesCodec.groups>['memberId']>[1]) =>
    seriesCodec.groups?.memberId('s', slot, context);
  assert.equal(idOf({ date: '2026-12-01' }), 's_20261201');
  assert.equal(idOf({ dateTime: '2026-12-01T09:00:00' }), 's_20261201T080000Z');
  assert.equal(idOf({ dateTime: '2026-12-01T09:00:00+01:00' }), 's_20261201T080000Z');
  assert.equal(
    idOf({ dateTime: '2026-07-01T09:00', timeZone: 'America/Winnipeg' }),
    's_20260701T140000Z',
  );
  assert.equal(
    idOf({ dateTime: '2026-12-01T05:00:00', timeZone: 'Pacific/Auckland' }),
    's_20261130T160000Z',
  );
});

test('bad lines are refused with a sentence that says what to do, and without their text', () => {
  for (const line of REAL.flat()) assert.equal(lineProblem(line), undefined, line);
  const bad: [string, RegExp][] = [
    ['every Tuesday', /RRULE:FREQ=WEEKLY/],
    ['FREQ=WEEKLY', /RRULE/],
    ['', /RRULE/],
    ['DTSTART;TZID=Europe/Zurich:20261201T090000', /DTSTART.*data\.start/],
    ['DTEND:20261201T090000Z', /DTEND/],
    ['SUMMARY:Secret visit', /begin with one of/],
    ['RRULE:COUNT=3', /FREQ/],
    ['RRULE:FREQ=FORTNIGHTLY', /FREQ does not allow/],
    ['RRULE:FREQ=DAILY;COUNT=0', /COUNT does not allow/],
    ['RRULE:FREQ=DAILY;COUNT=3;UNTIL=20270101', /leave one out/],
    ['RRULE:FREQ=DAILY;UNTIL=2027-01-01', /UNTIL/],
    ['RRULE:FREQ=DAILY;BYDAY=XX', /BYDAY/],
    ['RRULE:FREQ=DAILY;FREQ=WEEKLY', /twice/],
    ['RRULE:FREQ=DAILY;BYEASTER=0', /RFC 5545/],
    ['EXDATE:tomorrow', /dates such as/],
    ['RDATE;VALUE=PERIOD:20261201T090000Z/PT1H', /dates such as/],
  ];
  for (const [line, sentence] of bad) {
    assert.match(lineProblem(line) ?? '', sentence, line);
    assert.doesNotMatch(lineProblem(line) ?? '', /Secret|tomorrow|FORTNIGHTLY/);
  }
});

test('a single event without a zone gets one with its first rule: only then it can recur', () => {
  const event = stored(
    { id: 'e' },
    {
      start: { dateTime: '2026-12-01T09:00:00+01:00' },
      end: { dateTime: '2026-12-01T10:00:00+01:00' },
    },
    1,
  );
  const before = seriesCodec.decode(event, context).fields;
  const target = { ...before, recurrence: ['RRULE:FREQ=DAILY'] };
  const patch = { changed: ['recurrence'], target, before, adopted: true };
  assert.ok(seriesCodec.needsCurrent(patch));
  const body = seriesCodec.patch(patch, context, event);
  assert.deepEqual(body?.start, {
    dateTime: '2026-12-01T09:00:00+01:00',
    timeZone: 'Europe/Zurich',
  });
  const after = seriesCodec.decode(stored(event, body as Event, 2), context).fields;
  assert.deepEqual(after, { ...before, recurrence: ['RRULE:FREQ=DAILY'] });
});
