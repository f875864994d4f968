/** One simulation from a script: the history, what the checker says, and the trace's hash. */
import type { Violation } from './checker/violation.ts';
import { check } from './checker.ts';
import { finish } from './finish.ts';
import { play } from './people.ts';
import type { Script } from './script.ts';
import { setUp } from './set-up.ts';
import { System } from './system.ts';

export interface Outcome {
  violations: Violation[];
  /** SHA-256 of everything that happened, in order. */
  hash: string;
  /** Turns of the scheduler: calls through a port, before and after their effect. */
  turns: number;
  /** Faults that struck, and edits by people. */
  struck: number;
  edits: number;
  lines: string[];
}

/** Runs a script to the end and checks it. With `lines`, keeps the trace for a person to read. */
export async function simulate(
  script: Script,
  options: { lines?: boolean } = {},
): Promise<Outcome> {
  const system = new System(script);
  if (options.lines) system.lines = [];
  await setUp(system);
  await play(system, script.steps);
  const history = await finish(system);
  return {
    violations: check(history),
    hash: system.trace.digest('hex'),
    turns: system.scheduler.turns,
    struck: system.faults.struck,
    edits: history.entries.filter((e) => e.kind === 'edit').length,
    lines: system.lines ?? [],
  };
}
