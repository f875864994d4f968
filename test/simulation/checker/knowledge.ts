/** What a person had seen, and what the engine had stored, at a moment of the history. */
import type { Edit } from '../history.ts';
import { type FieldName, said } from '../mapping.ts';
import { slotIn } from '../shown.ts';
import type { View } from './view.ts';

/** Somebody who saw the value replaced it, deleted or cancelled the record. */
export function isReplaced(view: View, edit: Edit, field: FieldName, value: string): boolean {
  const root = view.rootOf(edit);
  return view.edits.some(
    (e) =>
      e.seq > edit.seq &&
      view.rootOf(e) === root &&
      !isPartOf(e, edit) &&
      said(e.side, e.before, field) === value &&
      (e.op === 'cancel' || said(e.side, e.after, field) !== value),
  );
}

/** Of one occurrence of what the edit says as a whole: left out, or changed, it takes nothing from its series. */
const isPartOf = ({ slot, id }: Edit, edit: Edit): boolean =>
  (slot ?? slotIn(id)) !== undefined && (edit.after?.recurrence ?? []).length > 0;

/** Whether the engine had stored a link to the event when the person edited it. */
export const isKnown = (view: View, edit: Pick<Edit, 'seq' | 'id'>) => isStored(view, edit, -1);

/** Whether it stored after `since`, when a person got the event back, that it is there. */
export const isKnownBack = (view: View, edit: Pick<Edit, 'seq' | 'id'>, since: number) =>
  isStored(view, edit, since, 'live');

const isStored = (
  view: View,
  { seq, id }: Pick<Edit, 'seq' | 'id'>,
  since: number,
  state?: string,
) =>
  view.entries.some(
    (e) =>
      e.kind === 'committed' &&
      e.seq > since &&
      e.seq < seq &&
      e.links.some((l) => l.googleId === id && (state ?? l.state) === l.state),
  );
