/** Rule 4: what its owner hides at Google never reaches the CRM, and the CRM's texts never cover it. */
import type { Effect, Raw, Told } from '../history.ts';
import { crmNames, crmValue, type FieldName, googleValue, HIDDEN } from '../mapping.ts';
import { seriesIn } from '../shown.ts';
import { googleKey, type View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function privacy(view: View): Violation[] {
  return [
    ...view.told.flatMap((told) => leaks(view, told)),
    ...view.effects.flatMap((effect) => covered(view, effect)),
  ];
}

const isPrivate = (raw: Raw | undefined) => raw?.visibility === 'private';

/** An event of the CRM's that became a series goes on as one of the occurrences: it is the CRM's still. */
function isHeir(view: View, user: string, id: string, crmId: string | undefined): boolean {
  const series = seriesIn(id);
  if (series === undefined || crmId === undefined) return false;
  const inserted = view.inserted.get(googleKey(user, series));
  // Restored under another name it is the same record.
  const rootOf = (id: string) => view.rootOf({ side: 'crm', user, id });
  return inserted !== undefined && rootOf(inserted) === rootOf(crmId);
}

function leaks(view: View, told: Told): Violation[] {
  const { userId, crmId, googleId, data, conflicts = [] } = told.message;
  if (googleId === undefined || view.inserted.has(googleKey(userId, googleId))) return [];
  if (isHeir(view, userId, googleId, crmId)) return [];
  const begin = view.decidedFrom(told);
  if (begin === undefined) return [];
  // Turned private while the run was under way: it had read the text before.
  const shown = view.shownDuring(userId, googleId, begin, told.seq);
  if (shown.length === 0 || !shown.every(isPrivate)) return [];
  // What the CRM was told before and is told again by a run that has not read the event is no news to it.
  const last = view.told.findLast(
    ({ seq, message }) => seq < told.seq && message.googleId === googleId,
  );
  const isNews = (field: FieldName, text: string | null | undefined) =>
    text !== undefined &&
    text !== null &&
    text !== '' &&
    text !== crmValue(last?.message.data, field);
  const leaked = [...HIDDEN].some((field) =>
    [
      crmValue(data, field),
      ...conflicts.filter((c: Raw) => crmNames(field).includes(c.field)).map((c: Raw) => c.google),
    ].some((text) => isNews(field, text)),
  );
  return leaked
    ? [violation('rule 4', `texts of the private event ${googleId} of ${userId} were told`)]
    : [];
}

function covered(
  view: View,
  { task, caller, user, id, method, before, after }: Effect,
): Violation[] {
  if (task === undefined || caller !== user || view.inserted.has(googleKey(user, id))) return [];
  if (!isPrivate(before) || after.status === 'cancelled') return [];
  const heirs = view.told.filter(
    ({ message }) => message.userId === user && message.googleId === id,
  );
  if (heirs.some(({ message }) => isHeir(view, user, id, message.crmId))) return [];
  // Nobody needs to tell the CRM on which occurrence its record goes on.
  const series = seriesIn(id);
  if (heirs.length === 0 && series !== undefined && view.inserted.has(googleKey(user, series)))
    return [];
  const changed = [...HIDDEN].filter((f) => googleValue(before, f) !== googleValue(after, f));
  if (changed.length === 0 && isPrivate(after)) return [];
  return [violation('rule 4', `${method} changed ${changed.join(', ')} of the private ${id}`)];
}
