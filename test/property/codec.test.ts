/** P11: what the codec writes it reads back the same, and what it does not map stays as it was. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { appointmentCodec as codec } from '../../functions/core/appointment.ts';
import { type Fields, sameValue } from '../../functions/core/fields.ts';
import { appointmentSchema } from '../../functions/core/messages.ts';
import { addDays, instantOf, isoInZone, wallToInstant } from '../../functions/core/time.ts';
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
      const body = codec.insert('CH-1', 0, codec.canonical(data, context), context);
      const id = codec.googleId('anna', 'CH-1', 0) ?? '';
      const read = codec.decode(stored({ id }, body, 1), context);
      assert.deepEqual(read.marker, { crmId: 'CH-1', generation: 0 });
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
