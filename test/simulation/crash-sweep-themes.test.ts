/**
 * P16: a crash at every call of every scenario, at three positions; the end is what it is without. Series
 * in both modes, meetings, other calendars, and what a person decides.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { decisions } from './themes/decisions.ts';
import { meetings } from './themes/meetings.ts';
import { places } from './themes/places.ts';
import { play } from './themes/scenario.ts';
import { series } from './themes/series.ts';
import { POSITIONS } from './themes/stage.ts';

const scenarios = [...series, ...meetings, ...places, ...decisions];
let points = 0;

const countOf = (look: string[], side: string) =>
  look.filter((line) => line.startsWith(`${side} `)).length;

for (const scenario of scenarios) {
  test(`P16 the same end after a crash: ${scenario.name}`, async () => {
    const { calls, look } = await play(scenario);
    const ends = { crm: countOf(look, 'crm'), google: countOf(look, 'google') };
    assert.deepEqual(ends, scenario.ends, look.join('\n'));
    for (let call = 0; call < calls; call++)
      for (const position of POSITIONS) {
        points += 1;
        const after = await play(scenario, { call, position });
        assert.deepEqual(after.look, look, `crash ${position} call ${call}`);
      }
  });
}

test('the sweep of themes in figures', (t) => {
  t.diagnostic(`${scenarios.length} scenarios, ${points} points`);
});
