import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { appointmentCodec as codec } from '../../functions/core/appointment.ts';
import { contactCodec } from '../../functions/core/contact.ts';
import type { Fields } from '../../functions/core/fields.ts';
import { type MergeInput, merge } from '../../functions/core/merge.ts';
import { taskCodec } from '../../functions/core/task.ts';

const base = {
  crm: { subject: 'A', place: 'X', busy: true },
  google: { subject: 'A', place: 'X', busy: true },
  offered: {},
};
const run = (rest: Partial<MergeInput>) =>
  merge({
    codec,
    base,
    crm: undefined,
    google: undefined,
    seen: -1,
    policy: {},
    locked: () => false,
    ...rest,
  });

test('P5 C11 edits of different fields on both sides both survive', () => {
  const merged = run({
    crm: { subject: 'B', place: 'X' },
    google: { subject: 'A', place: 'Y', busy: true },
  });
  assert.deepEqual(merged.toGoogle, { subject: 'B' });
  assert.deepEqual(merged.toCrm, { place: 'Y' });
  assert.deepEqual(merged.conflicts, []);
});

test('P4 P13 the CRM says an older offer again after its own word: an edit, if it had taken that offer before', () => {
  const told = (value: string, change: number) => ({ value, change, changeId: `c-${change}` });
  const after = (since: number) =>
    run({
      base: {
        ...base,
        crm: { ...base.crm, place: 'Own' },
        offered: { place: { ...told('Own', 3), own: true, since, earlier: [told('Older', 2)] } },
      },
      crm: { place: 'Older' },
      google: { place: 'Own' },
      seen: 2,
    }).toGoogle;
  assert.deepEqual(after(2), { place: 'Older' });
  assert.deepEqual(after(1), {});
});

test('C11 the same field on both sides: the policy decides and both values are kept', () => {
  const both = { crm: { subject: 'B' }, google: { subject: 'C' } };
  const crm = run(both);
  assert.deepEqual(crm.toGoogle, { subject: 'B' });
  assert.deepEqual(crm.conflicts, [{ field: 'subject', crm: 'B', google: 'C', winner: 'crm' }]);
  const google = run({ ...both, policy: { subject: 'google' } });
  assert.deepEqual(google.toGoogle, {});
  assert.deepEqual(google.toCrm, { subject: 'C' });
  assert.equal(google.conflicts[0]?.winner, 'google');
});

test('P6 the policy of one record type goes before that of all', () => {
  const both = {
    base: { crm: { title: 'A' }, google: { title: 'A' }, offered: {} },
    crm: { title: 'B' },
    google: { title: 'C' },
    policy: { title: 'crm', 'contact.title': 'google' } as const,
  };
  const winner = (codec: MergeInput['codec']) => run({ ...both, codec }).conflicts[0]?.winner;
  assert.deepEqual([winner(contactCodec('g')), winner(taskCodec)], ['google', 'crm']);
  const plain = { ...both, policy: { title: 'google' } as const };
  assert.equal(run({ ...plain, codec: taskCodec }).conflicts[0]?.winner, 'google');
});

test('C15 a field without a word stays; a field that only the CRM knows is not read back', () => {
  const merged = run({ crm: { subject: 'B' }, google: { subject: 'A', place: 'X', busy: true } });
  assert.deepEqual(merged.toGoogle, { subject: 'B' });
  assert.deepEqual(run({ google: { kind: 'call' } }).toCrm, {});
});

test('P13 what Google normalises is compared as it returned it: no bounce', () => {
  const trimmed = { crm: { subject: 'A  b' }, google: { subject: 'A b' }, offered: {} };
  const silent = run({ base: trimmed, google: { subject: 'A b' } });
  assert.deepEqual([silent.toGoogle, silent.toCrm], [{}, {}]);
  const again = run({ base: trimmed, crm: { subject: 'A  b' } });
  assert.deepEqual([again.toGoogle, again.toCrm], [{}, {}]);
});

test('P4 a full CRM message from before Google’s edit does not take the edit back', () => {
  const offered = { place: { value: 'Y', change: 3, changeId: 'c3' } };
  const stale = run({ base: { ...base, offered }, crm: { subject: 'B', place: 'X' }, seen: 2 });
  assert.deepEqual(stale.toGoogle, { subject: 'B' });
  assert.deepEqual(stale.toCrm, {}, 'the offer is on its way');
  const unsure = run({ base: { ...base, offered }, crm: { subject: 'B', place: 'X' } });
  assert.deepEqual(
    unsure.toCrm,
    { place: 'Y' },
    'a CRM that does not say what it saw is told again',
  );
});

test('P4 once the CRM has seen Google’s edit, going back to the old value is an edit', () => {
  const offered = { place: { value: 'Y', change: 3, changeId: 'c3' } };
  const back = run({ base: { ...base, offered }, crm: { place: 'X' }, seen: 3 });
  assert.deepEqual(back.toGoogle, { place: 'X' });
  assert.deepEqual(back.conflicts, []);
});

test('start and end are one value', () => {
  const time = { start: { date: '2026-01-01' }, end: { date: '2026-01-01' } };
  const merged = run({
    base: { crm: time, google: time, offered: {} },
    crm: { start: { date: '2026-01-02' }, end: { date: '2026-01-02' } },
    google: { start: { date: '2026-01-01' }, end: { date: '2026-01-05' } },
  });
  assert.deepEqual(Object.keys(merged.toGoogle).sort(), ['end', 'start']);
  assert.deepEqual(merged.toCrm, {});
});

test('C15 guests: what either side added stays; the CRM’s customers outlive Google’s list', () => {
  const p = (email: string) => ({ email });
  const merged = run({
    base: {
      crm: { participants: [p('a@x'), p('customer@y')] },
      google: { participants: [p('a@x')] },
      offered: {},
    },
    google: { participants: [p('a@x'), p('new@z')] },
  });
  assert.deepEqual(merged.toCrm.participants, [p('a@x'), p('customer@y'), p('new@z')]);
  assert.deepEqual(merged.toGoogle, {});
});

test('rule 10 rule 12: whom a CRM has heard of that has no word on the list since (it has deleted the record) is named when another comes', () => {
  const p = (...emails: string[]) => emails.map((email) => ({ email }));
  const merged = run({
    base: {
      crm: {},
      google: {},
      offered: { participants: { value: p('a@x'), change: 1, changeId: 'c1' } },
    },
    google: { participants: p('a@x', 'new@z') },
    seen: 1,
  });
  assert.deepEqual(merged.toCrm, { participants: p('a@x', 'new@z') });
});

test('a guest’s answer is Google’s: a CRM that says another one is corrected, once', () => {
  const p = (response: string) => [{ email: 'a@x', response }];
  const base = {
    crm: { participants: p('accepted') },
    google: { participants: p('accepted') },
    offered: {},
  };
  const first = run({ base, crm: { participants: p('declined') } });
  assert.deepEqual(first.toCrm, { participants: p('accepted') });
  assert.deepEqual(first.toGoogle, {});
  const again = { ...base, crm: { participants: first.agreed.participants ?? null } };
  assert.deepEqual(run({ base: again, crm: { participants: p('declined') } }).toCrm, {});
});

test('a CRM without a word on a guest’s answer is told it if it had one, or may not have heard it yet; once', () => {
  const p = (response?: string) => [{ email: 'a@x', ...(response && { response }) }];
  const google = { participants: p('accepted') };
  const offered = { participants: { value: p('accepted'), change: 1, changeId: 'c1' } };
  const had = { crm: google, google, offered: {} };
  const first = run({ base: had, crm: { participants: p() } });
  assert.deepEqual(first.toCrm, google);
  assert.deepEqual(first.toGoogle, {});
  const again = { ...had, crm: first.agreed };
  assert.deepEqual(run({ base: again, crm: { participants: p() } }).toCrm, {});
  // Invited on both sides at once.
  const both = { crm: {}, google: { participants: null }, offered };
  assert.deepEqual(run({ base: both, crm: { participants: p() } }).toCrm, google);
  // It has heard, and does not keep answers: that is what it says from now on.
  const heard = run({ base: both, crm: { participants: p() }, seen: 1 });
  assert.deepEqual([heard.toCrm, heard.agreed], [{}, { participants: p() }]);
});

test('P1 an answer that is lost together with another edit of the list is told again', () => {
  const luca = { email: 'luca@x', response: 'accepted' };
  const held = { participants: [luca] };
  const participants = [{ email: 'luca@x' }, { email: 'mira@x' }];
  const merged = run({ base: { crm: held, google: held, offered: {} }, crm: { participants } });
  assert.deepEqual(merged.toGoogle, { participants });
  assert.deepEqual(merged.toCrm, { participants: [luca, { email: 'mira@x' }] });
});

test('P1 a guest’s answer that crosses with an edit of the list in the CRM is told again', () => {
  const p = (response?: string) => [{ email: 'a@x', ...(response && { response }) }];
  const offer = { value: p('declined'), change: 2, changeId: 'c2' };
  const base = {
    crm: { participants: p('needsAction') },
    google: { participants: p('needsAction') },
    offered: { participants: offer },
  };
  // It had seen the first message, and keeps what a person has entered since.
  const crossed = run({ base, crm: { participants: p() }, seen: 1 });
  assert.deepEqual(crossed.toCrm, { participants: p('declined') });
  const again = { ...base, crm: { participants: p() } };
  assert.deepEqual(run({ base: again, crm: { participants: p() }, seen: 1 }).toCrm, {});
});

test('another organizer’s fields are refused and Google’s value told', () => {
  const merged = run({
    crm: { subject: 'B' },
    google: { subject: 'A' },
    locked: (f) => f === 'subject',
  });
  assert.deepEqual(merged.refused, ['subject']);
  assert.deepEqual(merged.toCrm, { subject: 'A' });
  assert.deepEqual(merged.toGoogle, {});
});

test('P6 P2 any two edits: deterministic, nothing lost, and a second round changes nothing', () => {
  const value = fc.constantFrom<Fields[string]>('A', 'B', 'C', null);
  const side = fc.record({ subject: value, place: value, description: value });
  fc.assert(
    fc.property(
      side,
      side,
      side,
      fc.constantFrom<'crm' | 'google'>('crm', 'google'),
      (agreed, crm, google, winner) => {
        const input = {
          base: { crm: agreed, google: agreed, offered: {} },
          crm,
          google,
          policy: { subject: winner },
        };
        const merged = run(input);
        assert.deepEqual(run(input), merged);
        const newCrm: Fields = { ...crm, ...merged.toCrm };
        const newGoogle: Fields = { ...google, ...merged.toGoogle };
        assert.deepEqual(newCrm, newGoogle);
        for (const field of ['subject', 'place', 'description'] as const) {
          const lost = [crm[field], google[field]].filter(
            (v) => v !== agreed[field] && v !== newCrm[field],
          );
          if (lost.length > 0)
            assert.ok(
              merged.conflicts.some((c) => c.field === field),
              field,
            );
        }
        const next = run({
          base: { crm: newCrm, google: newGoogle, offered: {} },
          crm: newCrm,
          google: newGoogle,
        });
        assert.deepEqual([next.toCrm, next.toGoogle, next.conflicts], [{}, {}, []]);
      },
    ),
    { numRuns: 1000 },
  );
});
