/**
 * Runs on and on with fresh seeds, each also as a swarm: `npm run soak -- --minutes 60`. Stops with 1 if anything was
 * violated.
 */
import { parseArgs } from 'node:util';
import { emptyTally, hunt, summary } from './hunt.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, from: { type: 'string' } },
});
const began = Date.now();
const until = began + Number(values.minutes) * 60_000;
// Fresh seeds each time, beyond those that the test runs.
let seed = Number(values.from ?? 1_000_000 + (began % 1_000_000_000));
const tally = emptyTally();
let reported = began;
console.log(`from seed ${seed}`);
while (Date.now() < until) {
  const known = tally.failures.length;
  for (const name of [`${seed}`, `swarm:${seed}`]) await hunt(name, tally);
  seed += 1;
  for (const failure of tally.failures.slice(known)) console.log(failure);
  if (Date.now() - reported > 60_000) {
    reported = Date.now();
    console.log(summary(tally, reported - began));
  }
}
console.log(`to seed ${seed - 1}: ${summary(tally, Date.now() - began)}`);
process.exitCode = tally.failures.length > 0 ? 1 : 0;
