/**
 * Decides from the history alone whether the invariants held. It knows what the two sides store, and
 * nothing of the engine: it imports nothing from functions/. One file an invariant in checker/.
 */
import { convergence } from './checker/convergence.ts';
import { counters } from './checker/counters.ts';
import { deleteOrEdit } from './checker/delete-or-edit.ts';
import { deletionsTold } from './checker/deletions-told.ts';
import { duplicates } from './checker/duplicates.ts';
import { ending } from './checker/ending.ts';
import { fieldMerge } from './checker/field-merge.ts';
import { generations } from './checker/generations.ts';
import { guests } from './checker/guests.ts';
import { leases } from './checker/leases.ts';
import { lists } from './checker/lists.ts';
import { lostUpdates } from './checker/lost-updates.ts';
import { mappingHeld } from './checker/mapping-held.ts';
import { matching } from './checker/matching.ts';
import { meetings } from './checker/meetings.ts';
import { notices } from './checker/notices.ts';
import { organizer } from './checker/organizer.ts';
import { places } from './checker/places.ts';
import { previews } from './checker/preview.ts';
import { privacy } from './checker/privacy.ts';
import { removals, removalsOfSeries } from './checker/removals.ts';
import { resurrections } from './checker/resurrections.ts';
import { series } from './checker/series.ts';
import { singles } from './checker/singles.ts';
import { staleReads } from './checker/stale-reads.ts';
import { texts } from './checker/texts.ts';
import { truthfulBase } from './checker/truthful-base.ts';
import { undoings } from './checker/undo.ts';
import { untouched } from './checker/untouched.ts';
import { View } from './checker/view.ts';
import type { Violation } from './checker/violation.ts';
import { waiting } from './checker/waiting.ts';
import { winners } from './checker/winners.ts';
import type { History } from './history.ts';
import { translated } from './types/translated.ts';

/** All violations, of all record types; none means that the run was right. */
export const check = (history: History): Violation[] => translated(history).flatMap(checkOne);

function checkOne(history: History): Violation[] {
  const view = new View(history);
  const single = singles(view);
  return [
    ...ending(history.final),
    ...convergence(view),
    ...series(view),
    ...meetings(view),
    ...lostUpdates(view),
    ...lists(view),
    ...resurrections(view),
    ...counters(view),
    ...duplicates(view),
    ...deletionsTold(view),
    ...removalsOfSeries(view),
    ...untouched(view),
    ...leases(view),
    ...notices(view),
    ...truthfulBase(view),
    ...undoings(view),
    ...previews(view),
    ...guests(view),
    ...generations(single),
    ...places(single),
    ...matching(view),
    ...waiting(single),
    ...texts(single),
    ...removals(single),
    ...privacy(single),
    ...organizer(single),
    ...winners(single),
    ...staleReads(single),
    ...mappingHeld(single),
    ...fieldMerge(single),
    ...deleteOrEdit(single),
  ];
}
