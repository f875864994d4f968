/** The planner alone, for contacts and tasks: what plan.test.ts holds of appointments. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { wholeTexts } from '../../functions/core/cut.ts';
import { type Fields, type Json, sameValue } from '../../functions/core/fields.ts';
import type { Policy } from '../../functions/core/merge.ts';
import { contacts, type Person, type Task, tasks } from './kinds.ts';
import { canonical, context, type Kind, Mini } from './mini.ts';

const CASES = Number(process.env.CASES ?? 5000);
type Edit = { [field: string]: Json };

/** Longer than Google takes, which a person at Google cannot enter. */
const long = (side: string, times: number) =>
  side === 'google' ? `${side} long` : `${`${side} word `.repeat(times)}end`;
const entries = (side: string) =>
  fc.subarray([
    { value: `+41 ${side} 1`, type: 'work' },
    { value: `+41 ${side} 2` },
    { value: '+41 both', type: side },
  ]);

/** Each value is of one side and one edit, so that it can be followed. */
const edits: { [record: string]: (side: string) => fc.Arbitrary<Edit> } = {
  contact: (side) =>
    fc.record(
      {
        givenName: fc.constantFrom(`${side} name`, ` ${side} 李  `),
        title: fc.constantFrom(`${side} title`, null),
        notes: fc.constantFrom(`${side}\nnotes`, null),
        birthday: fc.constantFrom(side === 'crm' ? '--02-29' : '1971-04-30', null),
        phones: entries(side),
        emails: entries(side),
      },
      { requiredKeys: [] },
    ),
  task: (side) =>
    fc.record(
      {
        title: fc.constantFrom(`${side} title`, ` ${side}  spaced `, long(side, 150)),
        notes: fc.constantFrom(`${side}\ntext`, long(side, 1500), null),
        due: fc.constantFrom(side === 'crm' ? '2026-12-01' : '2026-12-05', null),
        status: fc.constantFrom('open', 'done'),
      },
      { requiredKeys: [] },
    ),
};

/** What a person enters on the phone, written as an app writes it. */
function onPhone<R>(mini: Mini<R>, edit: Edit): void {
  const { codec } = mini.kind;
  const target = codec.canonical(edit, context);
  const body = codec.patch(
    { changed: Object.keys(edit), target, before: {}, adopted: false },
    context,
    mini.event,
  );
  if (body) mini.phone(body);
}

const policies = fc.constantFrom<Policy>(
  {},
  { title: 'google', notes: 'google', phones: 'google' },
);
const order = fc.array(fc.boolean(), { minLength: 6, maxLength: 6 });

function begin<R>(kind: Kind<R>, base: Edit, policy: Policy): Mini<R> {
  const mini = new Mini(policy, kind);
  mini.desk({ givenName: 'base', title: 'base', ...base });
  mini.applyIntent();
  return mini;
}

/** Both sides in turn, in the order that the case wants; resolves to the rounds until nothing moves. */
function settleDown<R>(mini: Mini<R>, first: boolean[]): number {
  for (let round = 0; round < 20; round++) {
    const steps = [() => mini.applyIntent(), () => mini.applyGoogle()];
    if (first[round % first.length]) steps.reverse();
    const before = mini.decisions.length;
    for (const step of steps) step();
    if (mini.decisions.length === before) return round;
  }
  return 20;
}

/** Google's values, with the whole of what it holds cut. */
const shown = <R>({ kind, shown: now, link }: Mini<R>): Fields =>
  wholeTexts(kind.codec.fields, now?.fields ?? {}, link);

function nothingLost<R>(mini: Mini<R>, typed: Fields, side: 'crm' | 'google', ends: Fields): void {
  for (const [field, value] of Object.entries(typed)) {
    const all = mini.conflicts.filter((c) => c.field === field);
    const reported = all.some((c) => sameValue(c[side], value));
    const list = Array.isArray(ends[field]) ? ends[field] : [];
    const merged =
      Array.isArray(value) && value.every((entry) => list.some((e) => sameValue(e, entry)));
    // A switch has two values, and both may have emptied a field.
    const isSwitch = ['status', 'completed'].includes(field) || value === null;
    const kept = sameValue(ends[field], value) || merged || reported || isSwitch;
    assert.ok(kept, `${field} of ${side}: ${JSON.stringify([value, ends[field]])}`);
  }
}

const news = (typed: Fields, before: Fields): Fields =>
  Object.fromEntries(Object.entries(typed).filter(([f, v]) => !sameValue(v, before[f])));

function bothEdit<R>(kind: Kind<R>): void {
  const { codec } = kind;
  const side = edits[codec.record] as (side: string) => fc.Arbitrary<Edit>;
  fc.assert(
    fc.property(
      side('base'),
      side('crm'),
      side('google'),
      policies,
      order,
      (base, crm, google, policy, first) => {
        const mini = begin(kind, base, policy);
        const before = shown(mini);
        if (Object.keys(crm).length > 0) mini.desk(crm);
        onPhone(mini, google);
        const typed = shown(mini);
        const rounds = settleDown(mini, first);
        assert.ok(rounds <= 4, `${rounds} rounds`);
        assert.equal(mini.idle().write, undefined);
        assert.equal(mini.idle().notice, undefined);
        const ends = shown(mini);
        for (const [name, value] of Object.entries(canonical(mini.crm.data, codec)))
          assert.ok(
            sameValue(value, ends[name]),
            `${name}: ${JSON.stringify([value, ends[name]])}`,
          );
        nothingLost(mini, news(canonical(crm, codec), before), 'crm', ends);
        nothingLost(mini, news(typed, before), 'google', ends);
      },
    ),
    { numRuns: CASES, seed: 1 },
  );
}

function oneDeletes<R>(kind: Kind<R>): void {
  const side = edits[kind.codec.record] as (side: string) => fc.Arbitrary<Edit>;
  const who = fc.constantFrom('crm', 'google', 'both');
  fc.assert(
    fc.property(
      side('crm'),
      side('google'),
      who,
      fc.boolean(),
      order,
      (crm, google, deleter, seen, first) => {
        const mini = begin(kind, {}, {});
        if (deleter === 'crm') onPhone(mini, google);
        if (deleter === 'google' && Object.keys(crm).length > 0) mini.desk(crm);
        if (seen) settleDown(mini, first);
        if (deleter !== 'google') mini.deskDeletes();
        if (deleter !== 'crm') mini.phoneDeletes();
        assert.ok(settleDown(mini, first) <= 5);
        const isLive = mini.shown?.state === 'live';
        assert.equal(isLive, !mini.crm.deleted, 'both sides agree');
        if (seen || deleter === 'both')
          assert.equal(isLive, false, 'whoever deletes had seen it all');
        assert.equal(mini.idle().write, undefined);
      },
    ),
    { numRuns: CASES, seed: 2 },
  );
}

test(`P1 P2 P4 P5 edits of a contact on both sides: ${CASES} cases come to rest, equal, nothing lost`, () =>
  bothEdit<Person>(contacts));
test(`P1 P2 P4 P5 edits of a task on both sides: ${CASES} cases come to rest, equal, nothing lost`, () =>
  bothEdit<Task>(tasks));
test(`P7 P8 deletes against edits of a contact: ${CASES} cases come to rest, only an unseen edit brings back`, () =>
  oneDeletes<Person>(contacts));
test(`P7 P8 deletes against edits of a task: ${CASES} cases come to rest, only an unseen edit brings back`, () =>
  oneDeletes<Task>(tasks));
