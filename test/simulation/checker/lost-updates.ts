/** P4: no lost update. */
import type { Edit } from '../history.ts';
import { partsOf } from '../kinds.ts';
import { isExcused } from './excuses.ts';
import { isReplaced } from './knowledge.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** P4: every value that somebody typed is there, was replaced by somebody who saw it, or is reported. */
export function lostUpdates(view: View): Violation[] {
  const found: Violation[] = [];
  for (const edit of view.edits) {
    if (!edit.after || edit.op === 'restore' || edit.op === 'takeIn') continue;
    for (const field of view.kind.fields.filter((f) => view.kind.unique.has(f))) {
      const before = partsOf(view.said(edit.side, edit.before, field));
      for (const value of partsOf(view.said(edit.side, edit.after, field))) {
        if (value === '' || before.includes(value)) continue;
        if (survives(view, edit, field, value) || isExcused(view, edit, field, value)) continue;
        found.push(
          violation('P4', `${edit.side} ${edit.op} ${edit.id}: ${field} ${value} is lost`),
        );
      }
    }
  }
  return found;
}

function survives(view: View, edit: Edit, field: string, value: string): boolean {
  const { crmValue, googleValue, isGone } = view.kind;
  const root = view.rootOf(edit);
  const inCrm = view
    .recordsAt(root)
    .some((r) => !r.deleted && partsOf(crmValue(r.data, field)).includes(value));
  const atGoogle = view.final.events.some(
    (e) =>
      !isGone(e.resource) &&
      !e.exception &&
      view.rootOf({ side: 'google', ...e }) === root &&
      partsOf(googleValue(e.resource, field)).includes(value),
  );
  return inCrm || atGoogle || isReplaced(view, edit, field, value);
}
