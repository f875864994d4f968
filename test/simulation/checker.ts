/**
 * Decides from the history alone whether the invariants held. It knows what the two sides store, and
 * nothing of the engine: it imports nothing from functions/. One file an invariant in checker/.
 */
import { convergence } from './checker/convergence.ts';
import { counters } from './checker/counters.ts';
import { deletionsTold } from './checker/deletions-told.ts';
import { duplicates } from './checker/duplicates.ts';
import { ending } from './checker/ending.ts';
import { leases } from './checker/leases.ts';
import { lostUpdates } from './checker/lost-updates.ts';
import { resurrections } from './checker/resurrections.ts';
import { series } from './checker/series.ts';
import { truthfulBase } from './checker/truthful-base.ts';
import { untouched } from './checker/untouched.ts';
import { View } from './checker/view.ts';
import type { Violation } from './checker/violation.ts';
import type { History } from './history.ts';

/** All violations; none means that the run was right. */
export function check(history: History): Violation[] {
  const view = new View(history);
  return [
    ...ending(history.final),
    ...convergence(view),
    ...series(view),
    ...lostUpdates(view),
    ...resurrections(view),
    ...counters(view),
    ...duplicates(view),
    ...deletionsTold(view),
    ...untouched(view),
    ...leases(view),
    ...truthfulBase(view),
  ];
}
