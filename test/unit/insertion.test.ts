import assert from 'node:assert/strict';
import test from 'node:test';
import { lastGeneration, nextGeneration } from '../../functions/core/insertion.ts';
import type { Intent } from '../../functions/core/records.ts';
import type { Prepared } from '../../functions/core/sides.ts';

/** Of a record of Luca's by now, with what is known of it. */
const next = (generations: Intent['generations'], known: Partial<Prepared> = {}) =>
  nextGeneration({ intent: { generations }, context: { userId: 'luca' }, ...known } as Prepared);

test('P3 a record is written under a later generation than any that it had, though its link is forgotten', () => {
  assert.equal(next(undefined), 0);
  assert.equal(next({ luca: 0 }), 1);
  // What another owner had in between says nothing of it: a run that repeats an insertion needs the same id.
  assert.equal(next({ luca: 0, anna: 3 }), 1);
  assert.equal(next({ anna: 3 }), 0);
});

test('P3 of what the link, a taken id and the CRM’s word tell the latest counts', () => {
  const link = { generation: 3 } as NonNullable<Prepared['link']>;
  const marker = { crmId: 'v1', generation: 5 };
  assert.equal(next({ luca: 0 }, { link }), 4);
  const observed = { googleId: 'e1', state: 'gone', fields: {}, marker } as const;
  assert.equal(next({ luca: 0 }, { observed }), 6);
  assert.equal(next({ luca: 7 }, { link, observed }), 8);
  // The insertion on the way is the first, and nothing is there yet.
  const none = { link: { ...link, generation: -1 }, observed: undefined, intent: undefined };
  assert.equal(lastGeneration(none, 'luca'), -1);
});
