/** Paired runs: the same people do the same, and only who is heard first differs. SEEDS and FROM as elsewhere. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { type Order, planOf, playOrder } from './orders.ts';

const SEEDS = Math.ceil(Number(process.env.SEEDS ?? 1000) / 10);
const FROM = Number(process.env.FROM ?? 1);

/** One worker that hears everything in order; several that hear it late, twice and in any order. */
const orders = (seed: number): Order[] => [
  { schedule: 2 * seed, workers: 1, rough: false },
  { schedule: 2 * seed + 1, workers: 3, rough: false },
  { schedule: 3 * seed + 7, workers: 3, rough: true },
];

test('P6 P15 the same edits end the same, with the same winners, whoever is heard first', async () => {
  for (let seed = FROM; seed < FROM + SEEDS; seed++) {
    const [first, ...others] = orders(seed);
    const end = await playOrder(planOf(seed), first as Order);
    for (const order of others)
      assert.deepEqual(await playOrder(planOf(seed), order), end, `seed ${seed}`);
  }
});
