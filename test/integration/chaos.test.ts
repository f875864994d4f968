/**
 * The real parts under fire: bundled functions as processes on the emulators, people on both sides,
 * `kill -9` of a function every second. Short here; `npm run test:chaos` is the long one: 20 users, 2,000
 * changes, two minutes. SEED=7 repeats what the people do; the timing is the machine's.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos } from '../chaos/chaos.ts';
import { requireEmulators } from '../support/emulators.ts';

const LONG = { users: 20, changes: 2000, seconds: 120 };
const SHORT = { users: 5, changes: 120, seconds: 8 };

test('P1 P3 P4 P7 P16 P20 C20 both sides are equal after kill -9 of functions every second', {
  skip: requireEmulators(),
  timeout: 900_000,
}, async (t) => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
  const size = process.env.CHAOS === 'long' ? LONG : SHORT;
  t.diagnostic(`SEED=${seed} ${JSON.stringify(size)}`);
  const { violations, ...outcome } = await chaos({ seed, ...size }, (end) => t.after(end));
  t.diagnostic(JSON.stringify(outcome));
  assert.deepEqual(violations, [], `SEED=${seed}`);
  assert.ok(outcome.kills >= size.seconds / 3, `${outcome.kills} kills are no chaos`);
});
