/**
 * The planner alone (after CanopyCheck): make a record that both sides hold, change it on both sides at
 * once, let the steps come in any order and succeed, and see it come to rest with nothing lost.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { appointmentCodec as codec } from '../../functions/core/appointment.ts';
import { type Fields, type Json, sameValue } from '../../functions/core/fields.ts';
import type { Policy } from '../../functions/core/merge.ts';
import { appointments, canonical, context, type Event, Mini } from './mini.ts';

const CASES = Number(process.env.CASES ?? 10_000);

/** Each value is of one side and one edit, so that it can be followed. */
const sides = (side: string) =>
  fc.record(
    {
      subject: fc.constantFrom(`${side} subject`, ` ${side}  spaced `, ''),
      place: fc.constantFrom(`${side} place`, null),
      description: fc.constantFrom(`${side}\ntext <& more`, null),
      start: fc.constant(null),
      private: fc.boolean(),
      busy: fc.boolean(),
      reminderMinutes: fc.constantFrom(side === 'crm' ? 15 : 45, null),
    },
    { requiredKeys: [] },
  );

type Values = { [field: string]: Json };

const times: { [side: string]: { start: Json; end: Json } } = {
  base: { start: { date: '2026-12-01' }, end: { date: '2026-12-02' } },
  crm: {
    start: { dateTime: '2026-12-03T09:00:00+01:00', timeZone: 'Europe/Zurich' },
    end: { dateTime: '2026-12-03T10:00:00+01:00', timeZone: 'Europe/Zurich' },
  },
  google: { start: { date: '2026-12-05' }, end: { date: '2026-12-05' } },
};

function forCrm(values: Values, side: string): Fields {
  const { start, ...rest } = values;
  return { ...rest, ...(start !== undefined && times[side]) };
}

/** The same in Google's words. */
function forGoogle(values: Values): Event {
  const body: Event = {};
  if ('subject' in values) body.summary = String(values.subject ?? '');
  if ('place' in values) body.location = String(values.place ?? '');
  if ('description' in values) body.description = String(values.description ?? '');
  if ('private' in values) body.visibility = values.private ? 'private' : 'default';
  if ('busy' in values) body.transparency = values.busy ? 'opaque' : 'transparent';
  if ('reminderMinutes' in values) {
    const minutes = values.reminderMinutes;
    body.reminders =
      typeof minutes === 'number'
        ? { useDefault: false, overrides: [{ method: 'popup', minutes }] }
        : { useDefault: true, overrides: [] };
  }
  if ('start' in values) {
    body.start = { date: '2026-12-05', dateTime: null, timeZone: null };
    body.end = { date: '2026-12-06', dateTime: null, timeZone: null };
  }
  return body;
}

const policies = fc.constantFrom<Policy>(
  {},
  { subject: 'google', start: 'google', place: 'google' },
);
const order = fc.array(fc.boolean(), { minLength: 6, maxLength: 6 });

function begin(base: Values, policy: Policy): Mini {
  const mini = new Mini(policy, appointments);
  mini.desk({ subject: 'base', ...forCrm(base, 'base'), ...times.base });
  mini.applyIntent();
  return mini;
}

/** Both sides in turn, in the order that the case wants; resolves to the rounds until nothing moves. */
function settleDown(mini: Mini, first: boolean[]): number {
  for (let round = 0; round < 20; round++) {
    const steps = [() => mini.applyIntent(), () => mini.applyGoogle()];
    if (first[round % first.length]) steps.reverse();
    const before = mini.decisions.length;
    for (const step of steps) step();
    if (mini.decisions.length === before) return round;
  }
  return 20;
}

test(`P1 P2 P4 P5 edits on both sides: ${CASES} cases come to rest, equal, with nothing lost`, () => {
  const values = fc.tuple(sides('base'), sides('crm'), sides('google'), policies, order);
  fc.assert(
    fc.property(values, ([base, crm, google, policy, first]) => {
      const mini = begin(base, policy);
      if (Object.keys(crm).length > 0) mini.desk(forCrm(crm, 'crm'));
      const before = codec.decode(mini.event as Event, context).fields;
      mini.phone(forGoogle(google));
      const typed = codec.decode(mini.event as Event, context).fields;
      const rounds = settleDown(mini, first);
      assert.ok(rounds <= 4, `${rounds} rounds`);
      assert.equal(mini.idle().write, undefined);
      assert.equal(mini.idle().notice, undefined);
      const ends = codec.decode(mini.event as Event, context).fields;
      for (const [name, value] of Object.entries(canonical(mini.crm.data)))
        assert.ok(sameValue(value, ends[name]), `${name}: ${JSON.stringify([value, ends[name]])}`);
      const said = Object.entries(canonical(forCrm(crm, 'crm')));
      const news = said.filter(([f, v]) => !sameValue(v, before[f]));
      nothingLost(mini, Object.fromEntries(news), 'crm', ends);
      const changed = Object.entries(typed).filter(([f, v]) => !sameValue(v, before[f]));
      nothingLost(mini, Object.fromEntries(changed), 'google', ends);
    }),
    { numRuns: CASES, seed: 1 },
  );
});

function nothingLost(mini: Mini, typed: Fields, side: 'crm' | 'google', ends: Fields): void {
  for (const [field, value] of Object.entries(typed)) {
    const reported = mini.conflicts.some((c) => c.field === field && sameValue(c[side], value));
    // A switch has two values: the other side may just have meant the one that was there.
    const isSwitch = typeof value === 'boolean';
    assert.ok(
      sameValue(ends[field], value) || reported || isSwitch,
      `${field} of ${side}: ${JSON.stringify(value)}`,
    );
  }
}

test(`P7 P8 deletes against edits: ${CASES} cases come to rest, and only an unseen edit brings back`, () => {
  const who = fc.constantFrom('crm', 'google', 'both');
  const values = fc.tuple(sides('crm'), sides('google'), who, fc.boolean(), order);
  fc.assert(
    fc.property(values, ([crm, google, deleter, seen, first]) => {
      const mini = begin({}, {});
      const edits = deleter === 'crm' ? forGoogle(google) : forCrm(crm, 'crm');
      if (deleter === 'crm') mini.phone(edits as Event);
      if (deleter === 'google' && Object.keys(edits).length > 0) mini.desk(edits as Fields);
      if (seen) settleDown(mini, first);
      if (deleter !== 'google') mini.deskDeletes();
      if (deleter !== 'crm') mini.phoneDeletes();
      assert.ok(settleDown(mini, first) <= 5);
      const isLive = mini.event !== undefined && mini.event.status !== 'cancelled';
      assert.equal(isLive, !mini.crm.deleted, 'both sides agree');
      if (seen || deleter === 'both')
        assert.equal(isLive, false, 'whoever deletes had seen it all');
      assert.equal(mini.idle().write, undefined);
    }),
    { numRuns: CASES, seed: 2 },
  );
});

test('P6 the same situation gives the same decision, however often it is asked', () => {
  fc.assert(
    fc.property(sides('crm'), sides('google'), (crm, google) => {
      const mini = begin({}, {});
      mini.desk(forCrm(crm, 'crm'));
      mini.phone(forGoogle(google));
      assert.deepEqual(mini.idle(), mini.idle());
    }),
    { numRuns: 1000, seed: 3 },
  );
});
