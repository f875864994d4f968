import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { counterparts } from '../../functions/core/groups.ts';

const slots = (...days: number[]) =>
  days.map((day) => ({ slot: new Date(Date.UTC(2026, 10, day, 9)).toISOString() }));
const day = ({ slot }: { slot: string }) => new Date(slot).getTime() / 86_400_000 - 20758.375 + 1;
const pairs = (
  lost: number[],
  fresh: number[],
  cancelled: number[] = [],
  changed = lost.length > 0,
) =>
  counterparts(slots(...lost), slots(...cancelled), slots(...fresh), changed)
    .map(([a, b]) => [Math.round(day(a)), Math.round(day(b))] as const)
    .sort(([a], [b]) => a - b);

test('rule 6: first by date, then in order', () => {
  assert.deepEqual(pairs([3, 10, 17], [7, 14, 21]), [
    [3, 7],
    [10, 14],
    [17, 21],
  ]);
  assert.deepEqual(pairs([3, 10], [10, 12]), [
    [3, 12],
    [10, 10],
  ]);
  assert.deepEqual(pairs([3, 10], []), []);
  assert.deepEqual(pairs([], [3]), []);
});

test('rule 6: a surplus lies where the distances are least, at a border or in the middle', () => {
  assert.deepEqual(pairs([10, 17], [4, 11, 18]), [
    [10, 11],
    [17, 18],
  ]);
  assert.deepEqual(pairs([3, 17], [4, 11, 18]), [
    [3, 4],
    [17, 18],
  ]);
  assert.deepEqual(pairs([3, 10, 17], [4, 18]), [
    [3, 4],
    [17, 18],
  ]);
});

test('rule 6: what a person took out follows only a group that changed, or to its very day', () => {
  assert.deepEqual(pairs([], [11], [10]), []);
  assert.deepEqual(pairs([], [10], [10]), [[10, 10]]);
  assert.deepEqual(pairs([3], [4, 11], [10]), [
    [3, 4],
    [10, 11],
  ]);
});

test('rule 6: an exception that went with its place follows its group, whoever else found a place by date', () => {
  assert.deepEqual(pairs([4, 5], [4, 5, 6], [3]), [
    [3, 6],
    [4, 4],
    [5, 5],
  ]);
  assert.deepEqual(pairs([], [4, 11], [3, 10], true), [
    [3, 4],
    [10, 11],
  ]);
});

test('rule 6: as many pairs as there can be, nobody twice, in order on both sides', () => {
  const days = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 12 });
  fc.assert(
    fc.property(days, days, (lost, fresh) => {
      const found = pairs(lost, fresh);
      assert.equal(found.length, Math.min(lost.length, fresh.length));
      assert.equal(new Set(found.map(([a]) => a)).size, found.length);
      assert.equal(new Set(found.map(([, b]) => b)).size, found.length);
      const moved = found.filter(([a, b]) => a !== b).map(([, b]) => b);
      assert.deepEqual(
        moved,
        moved.toSorted((a, b) => a - b),
      );
    }),
  );
});
