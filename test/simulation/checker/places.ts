/**
 * Rule 8: an event that a person moved to another calendar and back is the same record again. Rule 9: what
 * goes with a calendar of the sync's own is deleted nowhere else.
 */
import type { Edit, Raw, Told } from '../history.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function places(view: View): Violation[] {
  const back = view.edits.filter((e) => e.side === 'google' && e.op === 'restore');
  return [
    ...back.flatMap((edit) => secondRecords(view, edit)),
    ...view.told.flatMap((told) => goneWithItsCalendar(view, told)),
  ];
}

/** Records of the same event, deleted ones too: a second one only where the CRM itself restored it. */
function secondRecords(view: View, { user, id }: Edit): Violation[] {
  const records = view.final.records.filter((r) => r.userId === user && r.googleId === id);
  const restored = view.told.filter(
    ({ message: m }) =>
      m.googleId === id &&
      m.userId === user &&
      m.conflicts?.some((c: { field: string }) => c.field === 'deletedInCrm'),
  );
  if (records.length <= 1 + restored.length) return [];
  const names = records.map(({ crmId }) => crmId).join(', ');
  return [violation('rule 8', `${id} of ${user} left and came back, and is ${names}`)];
}

function goneWithItsCalendar(view: View, { seq, message }: Told): Violation[] {
  const { op, userId, googleId } = message;
  if (op !== 'delete' || googleId === undefined || !view.dropped(userId)) return [];
  const last = view.edits.findLast(
    (e) => e.side === 'google' && e.user === userId && e.id === googleId && e.seq < seq,
  );
  // Where the CRM knows no series, an event that has become one is its occurrences from then on.
  const isOver = ({ status, recurrence }: Raw) =>
    status === 'cancelled' || (view.final.recurrence !== 'series' && recurrence !== undefined);
  const isTaken = view.effectsOn(userId, googleId).some((e) => e.seq < seq && isOver(e.after));
  if (last?.op !== 'vanish' || isTaken) return [];
  return [violation('rule 9', `${googleId} of ${userId} went with its calendar, told as deleted`)];
}
