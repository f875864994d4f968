import assert from 'node:assert/strict';
import test from 'node:test';
import { heir } from '../../functions/core/members.ts';
import { WITH_GROUP } from '../../functions/core/merge.ts';
import type { Intent, Link } from '../../functions/core/records.ts';
import { seriesCodec as codec } from '../../functions/core/series.ts';

const series: Link = {
  ...{ id: 'appointment-c-s', userId: 'anna', record: 'appointment', state: 'live' },
  ...{ origin: 'crm', crmId: 'S-1', googleId: 'crms', generation: 0, changes: 5 },
  crm: { subject: 'A', busy: true },
  google: { subject: 'A', busy: true },
  offered: {
    busy: { value: false, change: 2, changeId: 'c-2', again: { change: 5, changeId: 'c-5' } },
  },
};
const intent: Intent = {
  ...{ record: 'appointment', crmId: 'S-2', userId: 'anna', version: 1, op: 'upsert' },
  ...{ data: {}, fieldVersions: {}, floor: 0, revision: 1, pendingFor: ['anna'] },
};

test('P13 what a series was offered is an offer to its exception, but the exception’s numbers are its own', () => {
  const place = {
    googleId: 'crms_1',
    state: 'live',
    fields: { subject: 'A', busy: false },
  } as const;
  const group = { link: series, inherit: (fields: Link['crm']) => fields };
  const { busy } = heir(codec, 'anna', intent, place, group, undefined).offered;
  assert.equal(busy?.change, WITH_GROUP);
  assert.equal(busy?.again, undefined);
});
