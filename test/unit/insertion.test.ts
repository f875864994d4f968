import assert from 'node:assert/strict';
import test from 'node:test';
import { nextGeneration } from '../../functions/core/insertion.ts';
import type { Intent } from '../../functions/core/records.ts';
import type { Prepared } from '../../functions/core/sides.ts';

const named = (googleId: string, since: number) => ({ googleId, since, version: since });

/** Of a record of Luca's by now, with what is known of it. */
const next = (adopted: Intent['adopted'], known: Partial<Prepared> = {}) =>
  nextGeneration({ intent: { adopted }, context: { userId: 'luca' }, ...known } as Prepared);

test('P3 a record is written under a later generation than any that it had, though only its name be left', () => {
  assert.equal(next(undefined), 0);
  assert.equal(next({ luca: named('g1', 1) }), 1);
  assert.equal(next({ luca: named('g1', 1), anna: named('g2', 2) }), 1);
  // Under the new owner the CRM may still call it by the former owner's object.
  assert.equal(next({ anna: named('g1', 1), luca: named('g1', 2) }), 0);
});

test('P3 what the link and a taken id tell goes before that', () => {
  const link = { generation: 3 } as NonNullable<Prepared['link']>;
  const marker = { crmId: 'v1', generation: 5 };
  assert.equal(next({ luca: named('g1', 1) }, { link }), 4);
  const observed = { googleId: 'e1', state: 'gone', fields: {}, marker } as const;
  assert.equal(next({ luca: named('g1', 1) }, { observed }), 6);
  assert.equal(next(undefined, { link, observed }), 6);
});
