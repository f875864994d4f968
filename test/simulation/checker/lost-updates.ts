/** P4: no lost update. */
import type { Edit } from '../history.ts';
import { crmValue, FIELDS, type FieldName, googleValue, said } from '../mapping.ts';
import { seriesIn } from '../shown.ts';
import { isExcused } from './excuses.ts';
import { isReplaced } from './knowledge.ts';
import { isOverrun } from './limits.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** P4: every value that somebody typed is there, was replaced by somebody who saw it, or is reported. */
export function lostUpdates(view: View): Violation[] {
  const found: Violation[] = [];
  for (const edit of view.edits) {
    if (!edit.after || edit.op === 'restore' || isOverrun(view, edit)) continue;
    for (const field of FIELDS) {
      // Whoever makes a series says when it begins; the rest follows.
      if (field === 'time' && isDerived(view, edit)) continue;
      const value = said(edit.side, edit.after, field);
      if (!isUnique(field, value) || value === said(edit.side, edit.before, field)) continue;
      if (survives(view, edit, field, value) || isExcused(view, edit, field, value)) continue;
      found.push(violation('P4', `${edit.side} ${edit.op} ${edit.id}: ${field} ${value} is lost`));
    }
  }
  return found;
}

/** Where series are records: an occurrence that came with its series. */
const isDerived = (view: View, { op, id }: Edit) =>
  op === 'create' && view.final.recurrence === 'series' && seriesIn(id) !== undefined;

/** Values that only one edit can have made. */
const isUnique = (field: FieldName, value: string | undefined): value is string =>
  value !== undefined && value !== '' && field !== 'private' && field !== 'busy';

function survives(view: View, edit: Edit, field: FieldName, value: string): boolean {
  const root = view.rootOf(edit);
  const inCrm = view.final.records.some(
    (r) =>
      !r.deleted &&
      view.rootOf({ side: 'crm', user: r.userId, id: r.crmId }) === root &&
      crmValue(r.data, field) === value,
  );
  const atGoogle = view
    .visible()
    .some(
      (e) =>
        view.rootOf({ side: 'google', ...e }) === root && googleValue(e.resource, field) === value,
    );
  return inCrm || atGoogle || isReplaced(view, edit, field, value);
}
