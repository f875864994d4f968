/** When a value that somebody typed may be gone: it is reported, or nobody could know of it. */
import type { Applied, Edit, Effect, Raw, Told } from '../history.ts';
import { crmNames, crmValue, type FieldName, HIDDEN } from '../mapping.ts';
import { seriesIn, slotIn } from '../shown.ts';
import { isKnown } from './knowledge.ts';
import { isMisled } from './limits.ts';
import { isTakenByUndo } from './undo.ts';
import type { View } from './view.ts';

export function isExcused(view: View, edit: Edit, field: FieldName, value: string): boolean {
  const root = view.rootOf(edit);
  const about = view.toldOf(root);
  // The CRM moved or cut the series: Google drops the exceptions whose place is no more.
  const isMove = (e: Edit) =>
    e.side === 'crm' && view.rootOf(e) === root && e.slot === undefined && movesSeries(e);
  if (edit.slot !== undefined && view.edits.some(isMove)) return true;
  // Or has taken that over from the phone of whom it had handed the series over from.
  if (edit.slot !== undefined && about.some((told) => isFormersMove(view, root, told))) return true;
  if (isReported(view, root, field, value)) return true;
  if (isTakenByUndo(view, root, field, value)) return true;
  if (edit.side === 'google') {
    if (seriesIn(edit.id) !== undefined && view.edits.some(isMove)) return true;
    const removed = view.entries.some(
      (e) => e.kind === 'user' && e.user === edit.user && e.what === 'leavingRemove',
    );
    // Inserted, but the run died before it knew: there is no base to see an edit against.
    const known = isKnown(view, edit) || isOfKnown(view, edit);
    // Restored by a person although the record lives on in another event, or with another owner.
    if (view.edits.some((e) => e.op === 'restore' && e.id === edit.id)) return true;
    // What its owner hides the CRM can move and delete, but never report.
    if (HIDDEN.has(field) && view.isHidden(edit.user, edit.id)) return true;
    if (!known && view.isOurs(edit.user, edit.id)) return true;
    if (!known && edit.op === 'edit' && isTakenOff(view, root)) return true;
    // The look into its series, before that was taken off, was lied to.
    const ends = view.effectsOn(edit.user, edit.id).filter((e) => e.task !== undefined);
    if (ends.some((e) => isGone(e) && isMisled(view, edit, e.seq))) return true;
    const isLeft = (told: Told) => isLeftToCrm(view, edit, told, field, value);
    return removed || about.some((told) => isOffered(told, field, value) || isLeft(told));
  }
  // Texts that the CRM sends for what its owner hides are ignored (design rule 4).
  if (HIDDEN.has(field) && view.isHiddenAt(root)) return true;
  return about.some(
    ({ seq, message }) => seq > edit.seq && message.rejected?.reason === 'notOrganizer',
  );
}

/** The former owner's phone moved or cut a series that had been handed over by then. */
const isFormersMove = (view: View, root: string, { message }: Told) =>
  message.occurrence === undefined &&
  ['start', 'recurrence'].some((field) => message.changed?.includes(field)) &&
  view.edits.some(
    ({ op, slot, user, ...e }) =>
      op === 'handOver' &&
      slot === undefined &&
      user !== message.userId &&
      view.rootOf({ ...e, user }) === root,
  );

/**
 * Where series are records: one of a series that the engine knew needs no link, the series is its base. What comes
 * with an edit of the whole series is the series'.
 */
function isOfKnown(view: View, { seq, id, at, user }: Edit): boolean {
  const series = view.final.recurrence === 'series' ? seriesIn(id) : undefined;
  if (series === undefined || !isKnown(view, { seq, id: series })) return false;
  return !view.edits.some((e) => e.id === series && e.user === user && e.at === at);
}

/** Where series are records: whether its occurrences have other places than before. */
function movesSeries({ before, after }: Edit): boolean {
  // One that is deleted takes along what nobody has edited unseen.
  if (!before || !after) return false;
  if (before.recurrence && before.status !== after.status) return true;
  return ['start', 'recurrence'].some(
    (f) => JSON.stringify(before[f]) !== JSON.stringify(after[f]),
  );
}
/** Whether the CRM was told the value as one of the two of a conflict. */
export const isReported = (view: View, root: string, field: FieldName, value: string): boolean =>
  view
    .toldOf(root)
    .some(({ message }) => message.conflicts?.some((c: Raw) => holds(c, field, value)));

const isGone = ({ id, after }: Effect) =>
  seriesIn(id) !== undefined && after.status === 'cancelled';

/** Whether the CRM has deleted, cancelled or handed over something of what the root stands for. */
const isTakenOff = (view: View, root: string) =>
  view.edits.some(
    (e) => ['handOver', 'delete', 'cancel'].includes(e.op) && view.rootOf(e) === root,
  );

/**
 * An exception that the phone had made of a series which the CRM took off, or handed over: told, it is a record of
 * the CRM's to make, under the new owner, whose calendar has nothing to compare it with, or to leave.
 */
function isLeftToCrm(view: View, edit: Edit, told: Told, field: FieldName, value: string): boolean {
  const { message } = told;
  if (message.userId !== edit.user || message.crmId !== undefined || !message.occurrence)
    return false;
  if (message.googleId !== edit.id || crmValue(message.data, field) !== value) return false;
  const taken = view.applied.find(
    (a) =>
      a.message.changeId === message.changeId &&
      a.changed.some(({ after }) => crmValue(after ?? {}, field) === value),
  );
  if (taken) return isTakenOut(view, edit, taken);
  return isTakenOff(view, view.rootOf(edit));
}

/** Taken in, and then out, as the new owner did on his phone: the CRM has heard of both, and decides. */
const isTakenOut = (view: View, { user, id }: Edit, { seq, changed }: Applied): boolean =>
  view.applied.some(
    (a) =>
      a.seq > seq &&
      a.message.op === 'delete' &&
      a.message.userId !== user &&
      a.changed.some(({ crmId }) => crmId === changed[0]?.crmId) &&
      view.edits.some(
        (e) =>
          e.side === 'google' &&
          e.op === 'delete' &&
          e.user === a.message.userId &&
          slotIn(e.id) === slotIn(id),
      ),
  );

/** Edit beats delete: the CRM was told that the record lives on, and with which values. */
const isOffered = ({ message }: Told, field: FieldName, value: string) =>
  message.conflicts?.some((c: Raw) => /^(deleted|cancelled)InCrm$/.test(c.field)) &&
  crmValue(message.data, field) === value;

/** A conflict record that holds the value as the one that lost, or as one of the two. */
function holds(conflict: Raw, field: FieldName, value: string): boolean {
  if (!crmNames(field).includes(conflict.field)) return false;
  return [conflict.crm, conflict.google].some((v) => {
    const part = crmValue({ start: v, end: v, [conflict.field]: v }, field);
    if (field !== 'time') return part === value;
    const [start, end] = (part ?? '').split('|');
    return (
      value.split('|')[conflict.field === 'start' ? 0 : 1] ===
      (conflict.field === 'start' ? start : end)
    );
  });
}
