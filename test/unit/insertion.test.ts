import assert from 'node:assert/strict';
import test from 'node:test';
import { nextGeneration } from '../../functions/core/insertion.ts';
import type { Intent } from '../../functions/core/records.ts';
import type { Prepared } from '../../functions/core/sides.ts';

/** Of a record of Luca's by now, with what is known of it. */
const next = (named: Intent['named'], known: Partial<Prepared> = {}) =>
  nextGeneration({ intent: { named }, context: { userId: 'luca' }, ...known } as Prepared);

const g1 = { userId: 'luca', version: 1 };

test('P3 a record is written under a later generation than any that it had, though only its name be left', () => {
  assert.equal(next(undefined), 0);
  assert.equal(next({ g1 }), 1);
  // What another owner had in between says nothing of it, whoever the CRM says it to.
  const g2 = { userId: 'anna', version: 2 };
  assert.equal(next({ g1, g2 }), 1);
  assert.equal(next({ g2 }), 0);
});

test('P3 what the link and a taken id tell goes before that', () => {
  const link = { generation: 3 } as NonNullable<Prepared['link']>;
  const marker = { crmId: 'v1', generation: 5 };
  assert.equal(next({ g1 }, { link }), 4);
  const observed = { googleId: 'e1', state: 'gone', fields: {}, marker } as const;
  assert.equal(next({ g1 }, { observed }), 6);
  assert.equal(next(undefined, { link, observed }), 6);
});
