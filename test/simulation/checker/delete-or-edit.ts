/** P8, rule 10: of a delete on one side and an edit on the other that did not know of each other the edit wins. */
import type { Committed, Edit, Entry } from '../history.ts';
import { crmValue, FIELDS, HIDDEN, initial, said, sameText } from '../mapping.ts';
import { isReported } from './excuses.ts';
import { isKnown, isReplaced } from './knowledge.ts';
import { isOverrun } from './limits.ts';
import { isUndone } from './undo.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

const isDelete = ({ op }: Edit) => op === 'delete' || op === 'cancel';

export function deleteOrEdit(view: View): Violation[] {
  return view.roots.flatMap((root) => {
    const edits = view.editsOf(root);
    if (isUndone(view, root) || edits.some((e) => e.op === 'handOver' || e.op === 'restore'))
      return [];
    const last = edits.filter(isDelete).at(-1);
    if (!last || edits.some((e) => e.side === last.side && e.seq > last.seq)) return [];
    const unseen = edits.find((e) => e.side !== last.side && isUnseen(view, e, last));
    return unseen ? outcome(view, root, last, unseen) : [];
  });
}

/** An edit on the other side that said something new which the deleter had not before his eyes. */
function isUnseen(view: View, edit: Edit, last: Edit): boolean {
  if (edit.op !== 'edit' || view.hasLeft(edit.user) || isOverrun(view, edit)) return false;
  // An edit of what stays cancelled asks for nothing.
  if (edit.side === 'crm' && edit.after?.status === 'cancelled') return false;
  if (edit.side === 'google' && !isKnown(view, edit)) return false;
  if (edit.side === 'crm' && !isKnown(view, last)) return false;
  // What its owner hides the sync does not keep, so it cannot see that it was edited; and what the CRM says
  // for it is nobody's word (rule 4).
  const hidden =
    edit.side === 'google'
      ? view.isHidden(edit.user, edit.id)
      : edit.redacted || wasHidden(view, edit, last);
  return FIELDS.some((field) => {
    const value = said(edit.side, edit.after, field);
    // A switch that is set as it was without anybody's word says nothing new.
    const before = said(edit.side, edit.before, field) ?? initial(field);
    if (value === undefined || sameText(value, before)) return false;
    if (hidden && (HIDDEN.has(field) || field === 'private')) return false;
    if (isReported(view, view.rootOf(edit), field, value)) return false;
    // Emptied, where the deleter never had a word on it, is what he sees.
    const held = said(last.side, last.before, field) ?? initial(field);
    return held !== value && !isReplaced(view, edit, field, value);
  });
}

/**
 * The owner had hidden the event before the sync had dealt with the CRM's edit: the CRM did not know that yet, and all
 * the same its texts are not written. Hidden only later, the event should hold them.
 */
function wasHidden(view: View, edit: Edit, { user, id, seq }: Edit): boolean {
  if (view.isOurs(user, id)) return false;
  const isOf = (e: Entry): e is Committed =>
    e.kind === 'committed' && e.user === user && e.links.some((l) => l.googleId === id);
  const commits = view.entries.filter(isOf);
  // What a run stores of it before its last commit is only that it is about to write.
  const isLast = ({ task, seq: at }: Committed) =>
    !commits.some((e) => e.task === task && e.seq > at);
  const stored = commits.find((e) => e.seq > edit.seq && isLast(e));
  const shown = view.shownDuring(user, id, edit.seq, Math.min(stored?.seq ?? seq, seq));
  return shown.some(({ visibility }) => visibility === 'private');
}

/** Deleted in the CRM: it is told, and decides. Deleted at Google: it is there again. */
function outcome(view: View, root: string, last: Edit, edit: Edit): Violation[] {
  const what = `${last.op} of ${last.id} meets the unseen edit of ${edit.id}`;
  if (last.side === 'google') {
    const lives = view.eventsAt(root).length > 0 && view.recordsAt(root).some((r) => !r.deleted);
    return lives ? [] : [violation('P8', `${what}: it is gone`)];
  }
  const told = view
    .toldOf(root)
    .some(({ message }) =>
      message.conflicts?.some((c: { field: string }) => /^(deleted|cancelled)InCrm$/.test(c.field)),
    );
  return told || isTaken(view, root, edit)
    ? []
    : [violation('P8', `${what}: the CRM was not told`)];
}

/** The CRM took the edit over although it has cancelled the record: it knows, and leaves it at that. */
const isTaken = (view: View, root: string, edit: Edit) =>
  FIELDS.every((field) => {
    const value = said(edit.side, edit.after, field);
    if (value === said(edit.side, edit.before, field)) return true;
    if (value !== undefined && isReported(view, root, field, value)) return true;
    // The same side has said something else since.
    if (value !== undefined && isReplaced(view, edit, field, value)) return true;
    return view.recordsAt(root).some((r) => crmValue(r.data, field) === value);
  });
