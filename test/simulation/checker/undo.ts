/** Undo puts back what a run changed, and only as far as nothing newer has happened. */
import type { Edit, Effect, Raw, TaskBegun, Told } from '../history.ts';
import { crmValue, FIELDS, type FieldName, googleValue, said } from '../mapping.ts';
import { isMisled, isOverrun } from './limits.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function undoings(view: View): Violation[] {
  return view.effects.flatMap((effect) => {
    const task = view.task(effect.task);
    return task?.what === 'undo' && effect.caller === effect.user ? judge(view, effect, task) : [];
  });
}

function judge(view: View, effect: Effect, undo: TaskBegun): Violation[] {
  const { user, id, seq, before, after } = effect;
  const name = `undo of run ${undo.run} of ${undo.userId}`;
  if (user !== undo.userId) return [violation('undo', `${name} changed ${id} of ${user}`)];
  const end = endOf(view, undo);
  if (end === undefined) return [];
  const root = view.rootOf({ side: 'google', user, id });
  // An earlier event of the record that is out of the bin again stays.
  const isMeant = (e: Edit) => e.op !== 'restore' || e.id === id;
  return view
    .editsOf(root)
    .filter((e) => e.side === 'google' && e.user === user && e.seq > end && e.seq < seq)
    .filter((e) => isMeant(e) && !isOverrun(view, e) && !isMisled(view, e, seq))
    .filter((e) =>
      FIELDS.some((field) => {
        const value = said('google', e.after, field);
        const typed = value !== undefined && value !== said('google', e.before, field);
        const lost = after.status === 'cancelled' || googleValue(after, field) !== value;
        return typed && lost && googleValue(before, field) === value;
      }),
    )
    .map((e) => violation('undo', `${name} took away what was newer: step ${e.seq}`));
}

/** When the run that is undone did its last deed: stored that something is to be told, it is, whoever tells it. */
function endOf(view: View, { run, userId }: TaskBegun): number | undefined {
  const began = view.entries.find(
    (e) => e.kind === 'lease' && e.user === userId && e.fence === run,
  );
  if (began?.kind !== 'lease') return undefined;
  const deeds = view.entries.filter(
    (e) =>
      (e.kind === 'effect' ||
        e.kind === 'told' ||
        (e.kind === 'committed' && e.outbox.length > 0)) &&
      e.task === began.task,
  );
  return deeds.at(-1)?.seq ?? began.seq;
}

/** Whether an undoing has touched what the root names, on either side. */
export const isUndone = (view: View, root: string): boolean =>
  view.toldOf(root).some(view.isOfUndo) ||
  view.effects.some(
    (e) => view.doing(e.task) === 'undo' && view.rootOf({ side: 'google', ...e }) === root,
  );

/** Whether an admin's undo took the value away, who had it before his eyes. */
export function isTakenByUndo(view: View, root: string, field: FieldName, value: string): boolean {
  const atGoogle = view.effects.some(
    (e) =>
      view.doing(e.task) === 'undo' &&
      view.rootOf({ side: 'google', ...e }) === root &&
      googleValue(e.before, field) === value &&
      (e.after.status === 'cancelled' || googleValue(e.after, field) !== value),
  );
  const about = view.toldOf(root);
  const isGone = ({ message }: Told) => message.op === 'delete';
  const first = about.find((t) => view.isOfUndo(t) && isGone(t))?.seq ?? Number.POSITIVE_INFINITY;
  // Said again to a CRM whose word crossed with it.
  const isIts = (t: Told) => view.isOfUndo(t) || (isGone(t) && t.seq > first);
  const undone = new Set(about.filter(isIts).map((t) => t.message.changeId));
  const inCrm = view.applied.some(
    (a) =>
      undone.has(a.message.changeId) &&
      a.changed.some(
        (c) => crmValue(c.before, field) === value && crmValue(c.after, field) !== value,
      ),
  );
  return atGoogle || inCrm;
}

/** An import or an insertion was undone: the record is gone; what was born at Google stays there. */
export const isUnimported = (view: View, record: Raw): boolean =>
  view.told.some(
    ({ message }) =>
      message.reason === 'undone' &&
      (message.crmId === record.crmId || message.googleId === record.googleId),
  );
