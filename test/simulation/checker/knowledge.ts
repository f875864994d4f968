/** What a person had seen, and what the engine had stored, at a moment of the history. */
import type { Edit } from '../history.ts';
import { partsOf } from '../kinds.ts';
import type { View } from './view.ts';

/** Somebody who saw the value replaced it, deleted or cancelled the record. */
export function isReplaced(view: View, edit: Edit, field: string, value: string): boolean {
  const root = view.rootOf(edit);
  return view.edits.some(
    (e) =>
      e.seq > edit.seq &&
      view.rootOf(e) === root &&
      partsOf(view.said(e.side, e.before, field)).includes(value) &&
      (e.op === 'cancel' || !partsOf(view.said(e.side, e.after, field)).includes(value)),
  );
}

/** Whether the engine had stored a link to the event when the person edited it. */
export const isKnown = (view: View, edit: Pick<Edit, 'seq' | 'id'>) =>
  view.entries.some(
    (e) =>
      e.kind === 'committed' &&
      e.seq < edit.seq &&
      e.links.some((l) => view.isSame(e.user, l.googleId, edit.id)),
  );
