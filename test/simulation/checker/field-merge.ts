/** P5: edits of different fields both survive. */
import type { Edit, Raw } from '../history.ts';
import {
  crmValue,
  FIELDS,
  type FieldName,
  googleValue,
  HIDDEN,
  initial,
  said,
  sameText,
} from '../mapping.ts';
import { isStrange } from './convergence.ts';
import { hasNoBase } from './limits.ts';
import { isUndone } from './undo.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** What only one side edits ends as that side left it, on both sides, and is no conflict. */
export function fieldMerge(view: View): Violation[] {
  return view.roots.flatMap((root) => {
    const edits = view.editsOf(root);
    if (!isPlain(view, root, edits)) return [];
    return FIELDS.flatMap((field) => oneSided(view, root, edits, field));
  });
}

/** A record that people only made and edited: what deletes, moves or hides has rules of its own. */
function isPlain(view: View, root: string, edits: Edit[]): boolean {
  if (
    hasNoBase(view, root) ||
    isUndone(view, root) ||
    !edits.every((e) => e.op === 'create' || e.op === 'edit')
  )
    return false;
  const users = new Set(edits.map((e) => e.user));
  return ![...users].some((user) => view.hasLeft(user));
}

function oneSided(view: View, root: string, edits: Edit[], field: FieldName): Violation[] {
  const word = (e: Edit, raw: Raw | undefined) => said(e.side, raw, field) ?? initial(field);
  const changes = edits.filter((e) => !sameText(word(e, e.before), word(e, e.after)));
  const sides = new Set(changes.filter((e) => e.op === 'edit').map((e) => e.side));
  const last = changes.at(-1);
  if (!last || sides.size > 1) return [];
  // What its owner hides does not travel (rule 4), and what somebody else organises is not ours (rule 7).
  if (HIDDEN.has(field) && view.isHiddenAt(root)) return [];
  if (view.toldOf(root).some((t) => t.message.rejected)) return [];
  const value = word(last, last.after);
  const name = `${field} of ${last.id}, edited on one side only,`;
  const found: Violation[] = [];
  for (const r of view.recordsAt(root))
    if (!r.deleted && !sameText(crmValue(r.data, field) ?? initial(field), value))
      found.push(violation('P5', `${name} is ${crmValue(r.data, field)} in the CRM`));
  // A guest's copy has a reminder of its own.
  for (const e of view.eventsAt(root).filter((event) => !isStrange(view, event)))
    if (!sameText(googleValue(e.resource, field), value))
      found.push(violation('P5', `${name} is ${googleValue(e.resource, field)} at Google`));
  return found;
}
