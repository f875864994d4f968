/** P1 to P3, P7, P10, P16 over appointments, contacts and tasks of one user, all at once. */
import test from 'node:test';
import { playMixed } from './mixed.ts';

const SEEDS = Number(process.env.SEEDS ?? 40);
const FIRST = Number(process.env.SEED ?? 1);

test(`mixed record types: ${SEEDS} histories from seed ${FIRST}`, async () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    await playMixed(seed).catch((error: Error) => {
      error.message = `SEED=${seed} SEEDS=1 node --test test/simulation/mixed.test.ts\n${error.message}`;
      throw error;
    });
  }
});
