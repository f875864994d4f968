import assert from 'node:assert/strict';
import test from 'node:test';
import { appointmentCodec as codec } from '../../functions/core/appointment.ts';
import type { Fields } from '../../functions/core/fields.ts';
import type { Link } from '../../functions/core/records.ts';
import { withWritten, wordOf } from '../../functions/core/word.ts';

const base = (place: string, offered: Link['offered'] = {}) => ({
  crm: { place },
  google: { place },
  offered,
});

/** The place in the base, after a run has written `written` and died; by now the CRM and Google say this. */
const placeAfter = (written: Fields, crm: Fields, google: Fields, before = base('A')) =>
  withWritten(codec, before, wordOf(written), crm, google).google.place;

test('what was written is the base, as long as one side still says so', () => {
  assert.equal(placeAfter({ place: 'B' }, { place: 'B' }, { place: 'B' }), 'B');
  assert.equal(
    placeAfter({ place: 'B' }, { place: 'B' }, { place: 'D' }),
    'B',
    'edited at Google since',
  );
  assert.equal(
    placeAfter({ place: 'B' }, { place: 'C' }, { place: 'B' }),
    'B',
    'edited in the CRM since',
  );
  assert.equal(
    placeAfter({ place: 'B' }, { place: 'C' }, { place: 'D' }),
    'A',
    'edited on both sides',
  );
  assert.equal(placeAfter({ place: 'B' }, { place: null }, { place: 'B' }), 'B', 'emptied since');
  assert.equal(
    placeAfter({ place: null }, {}, { place: null }),
    null,
    'emptied by what was written',
  );
});

test('what was not written, was offered, or is stored already, stays in the base', () => {
  assert.equal(placeAfter({ subject: 'B' }, { place: 'C' }, { place: 'D' }), 'A');
  assert.equal(placeAfter({ place: 'A' }, { place: 'C' }, { place: 'A' }), 'A');
  const offer = { place: { value: 'B', change: 1, changeId: '1' } };
  assert.equal(placeAfter({ place: 'B' }, { place: 'A' }, { place: 'B' }, base('A', offer)), 'A');
  const shown = { crm: { place: 'A ' }, google: { place: 'A' }, offered: {} };
  assert.equal(withWritten(codec, shown, wordOf({ place: 'A ' }), {}, {}).google.place, 'A');
});

test('a word of another form tells nothing; the Google spelling of what only the CRM has is unknown', () => {
  assert.deepEqual(withWritten(codec, base('A'), '67216e93fded9c96', { place: 'B' }, {}), {
    crm: { place: 'A' },
    google: { place: 'A' },
  });
  const kind = withWritten(codec, base('A'), wordOf({ kind: 'call' }), { kind: 'call' }, {});
  assert.deepEqual([kind.crm.kind, kind.google.kind], ['call', undefined]);
  const before = { crm: { kind: 'call' }, google: {}, offered: {} };
  const emptied = withWritten(codec, before, wordOf({ kind: null }), { kind: null }, {});
  assert.deepEqual([emptied.crm.kind, emptied.google.kind], [null, undefined]);
});

test('a word fits into a property of an event, and shows no text', () => {
  const all = Object.fromEntries(Object.keys(codec.fields).map((name) => [name, 'x'.repeat(500)]));
  assert.ok(wordOf({ ...all, recurrence: ['RRULE:FREQ=DAILY'] }).length < 500);
  assert.ok(!wordOf(all).includes('xx'));
});
