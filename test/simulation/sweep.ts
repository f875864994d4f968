/** Crashes everywhere: every call of a scenario, at every position, each followed by redelivery and polls. */
import { check } from './checker.ts';
import type { Fault } from './faults.ts';
import { finish } from './finish.ts';
import { act } from './people.ts';
import type { Scenario } from './scenarios.ts';
import { setUp } from './set-up.ts';
import { System } from './system.ts';

/**
 * Before the effect; after it, with the answer lost on a process that lives on; after the answer, which
 * nobody has acted on yet.
 */
export const POSITIONS = {
  before: { when: 'before', strike: { kind: 'crash' } },
  lost: { when: 'after', strike: { kind: 'lost' } },
  after: { when: 'after', strike: { kind: 'crash' } },
} as const;
export type Position = keyof typeof POSITIONS;

/** A place to strike: the number of the call, counted from the scenario's beginning. */
export interface Place {
  call: number;
  position: Position;
}

export interface SweepRun {
  /** Calls from the scenario's beginning until nothing was under way. */
  calls: number;
  violations: string[];
}

/** Plays a scenario with faults at the places, lets everything recover, and checks all invariants. */
export async function sweep(scenario: Scenario, places: Place[]): Promise<SweepRun> {
  const system = new System({
    seed: 5,
    users: 2,
    workers: 2,
    rough: false,
    echo: true,
    onDeletedInCrm: 'restore',
    policy: {},
    meeting: false,
    ...scenario.options,
  });
  await setUp(system);
  for (const user of system.users) system.poll(user);
  await system.drain();
  for (const action of scenario.given ?? []) {
    await act(system, action);
    await system.drain();
  }
  const first = system.ports.length;
  system.faults.armed = places.map(({ call, position }): Fault => {
    return { ...POSITIONS[position], at: first + call, skip: 0, count: 1 };
  });
  for (const action of scenario.when) await act(system, action);
  await system.drain();
  const calls = system.ports.length - first;
  const history = await finish(system);
  const violations = check(history).map((v) => `${v.invariant}: ${v.detail}`);
  return { calls, violations };
}
