import assert from 'node:assert/strict';
import test from 'node:test';
import { lostWithObject } from '../../functions/core/deletion.ts';
import type { Fields } from '../../functions/core/fields.ts';
import type { Link } from '../../functions/core/records.ts';
import { seriesCodec as codec } from '../../functions/core/series.ts';
import type { Prepared } from '../../functions/core/sides.ts';

const link: Link = {
  ...{ id: 'appointment-c-v1', userId: 'anna', record: 'appointment', state: 'live' },
  ...{ origin: 'crm', crmId: 'v1', googleId: 'e1', generation: 0, changes: 1, crmVersion: 1 },
  crm: { subject: 'Visit', reminderMinutes: null },
  google: { subject: 'Visit', reminderMinutes: null },
  offered: {
    subject: { value: 'Phone', change: 1, changeId: 'c-1' },
    reminderMinutes: { value: 5, change: 1, changeId: 'c-1' },
  },
};

/** Of an event that is gone, with what the CRM says before it has heard of the offer. */
const lost = (data: Fields, more: Partial<Prepared> = {}) =>
  lostWithObject({
    ...{ codec, link, data, policy: { subject: 'google', reminderMinutes: 'google' } },
    context: { userId: 'anna' },
    intent: { crmId: 'v1', userId: 'anna', version: 2, op: 'upsert', data },
    observed: { googleId: 'e1', state: 'gone', fields: {} },
    ...more,
  } as Prepared);

const desk = { field: 'subject', crm: 'Desk', google: 'Phone', winner: 'google' };

test('P4 what the CRM says and loses goes with a deleted event, but is told', () => {
  assert.deepEqual(lost({ subject: 'Desk' }), [desk]);
  // It shows what it had before it has heard, or what it has heard: no edit.
  for (const subject of ['Visit', 'Phone']) assert.deepEqual(lost({ subject }), []);
  assert.deepEqual(lost({ subject: 'Desk' }, { intent: undefined }), []);
});

test('P16 what the event held when it was deleted is not lost', () => {
  const observed = { googleId: 'e1', state: 'gone', fields: {}, was: { subject: 'Desk' } } as const;
  assert.deepEqual(lost({ subject: 'Desk' }, { observed }), []);
});

test('P6 of another organizer’s event each field is told once, whoever would win', () => {
  const foreign = { link: { ...link, foreign: true } };
  for (const winner of ['crm', 'google'] as const) {
    const told = lost({ reminderMinutes: 30 }, { ...foreign, policy: { reminderMinutes: winner } });
    const own = { field: 'reminderMinutes', crm: 30, google: 5, winner: 'google' };
    assert.deepEqual(told, [own], winner);
  }
});
