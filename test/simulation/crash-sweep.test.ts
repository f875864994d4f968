/**
 * P16: a crash at every step of every scenario, at three positions; with PAIRS=1 (`npm run test:pairs`),
 * every two of them for the most important: minutes, too long for every run.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { scenarios as ofAppointments } from './scenarios.ts';
import { type Place, POSITIONS, type Position, sweep } from './sweep.ts';
import { typeScenarios } from './types/scenarios.ts';

const scenarios = [...ofAppointments, ...typeScenarios];
const names = Object.keys(POSITIONS) as Position[];
let points = 0;
let pairs = 0;
let failures = 0;

async function tryAt(scenario: (typeof scenarios)[number], places: Place[]) {
  const { calls, violations } = await sweep(scenario, places);
  if (violations.length > 0) failures += 1;
  const where = places.map(({ call, position }) => `${position} call ${call}`).join(', then ');
  return { calls, problems: violations.map((v) => `${scenario.name}, crash ${where}: ${v}`) };
}

for (const scenario of scenarios) {
  test(`P16 crash at every step: ${scenario.name}`, async () => {
    const undisturbed = await tryAt(scenario, []);
    assert.deepEqual(undisturbed.problems, []);
    const problems: string[] = [];
    for (let call = 0; call < undisturbed.calls; call++) {
      for (const position of names) {
        points += 1;
        problems.push(...(await tryAt(scenario, [{ call, position }])).problems);
      }
    }
    assert.deepEqual(problems, []);
  });
}

for (const scenario of process.env.PAIRS ? scenarios.filter((s) => s.pairs) : []) {
  test(`P16 every two crashes: ${scenario.name}`, async () => {
    const { calls } = await sweep(scenario, []);
    const problems: string[] = [];
    for (let call = 0; call < calls; call++) {
      for (const position of ['before', 'after'] as const) {
        const first: Place = { call, position };
        const recovery = await sweep(scenario, [first]);
        for (let next = call + 1; next < recovery.calls; next++) {
          for (const then of ['before', 'after'] as const) {
            pairs += 1;
            const places = [first, { call: next, position: then }];
            problems.push(...(await tryAt(scenario, places)).problems);
          }
        }
      }
    }
    assert.deepEqual(problems, []);
  });
}

test('the sweep in figures', (t) => {
  assert.ok(scenarios.length >= 100);
  t.diagnostic(
    `${scenarios.length} scenarios × ${points} points, ${pairs} pairs, ${failures} failures`,
  );
});
