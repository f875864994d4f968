/** Runs scripts one after the other; what fails is shrunk, kept and told with the command that replays it. */
import { keep } from './regressions.ts';
import type { Script } from './script.ts';
import { shrink } from './shrink.ts';
import { type Outcome, simulate } from './simulate.ts';
import { scriptNamed } from './swarm.ts';

export interface Tally {
  seeds: number;
  turns: number;
  edits: number;
  struck: number;
  failures: string[];
}

export const emptyTally = (): Tally => ({ seeds: 0, turns: 0, edits: 0, struck: 0, failures: [] });

/** Plays the script of that name (see scriptNamed). */
export async function hunt(name: string, tally: Tally): Promise<void> {
  const script = scriptNamed(name);
  const outcome = await simulate(script);
  tally.seeds += 1;
  tally.turns += outcome.turns;
  tally.edits += outcome.edits;
  tally.struck += outcome.struck;
  if (outcome.violations.length > 0) tally.failures.push(await explain(name, script, outcome));
}

async function explain(name: string, script: Script, outcome: Outcome): Promise<string> {
  const invariants = new Set(outcome.violations.map((v) => v.invariant));
  const small = await shrink(script, invariants);
  const path = keep(small, invariants);
  return [
    `seed ${name} violates:`,
    ...outcome.violations.map((v) => `  ${v.invariant}: ${v.detail}`),
    `  replay: npx node test/simulation/replay.ts ${name}`,
    `  shrunk to ${small.steps.length} steps: npx node test/simulation/replay.ts ${path}`,
  ].join('\n');
}

/** One line about what was run, for people. */
export function summary({ seeds, turns, edits, struck, failures }: Tally, ms: number): string {
  const secs = (ms / 1000).toFixed(1);
  return `${seeds} seeds, ${turns} steps, ${edits} edits by people, ${struck} faults, ${failures.length} violating seeds, ${secs} s`;
}
