/** P14: what a run tells as news it saw itself: an old view of an event is no edit. */
import type { Told } from '../history.ts';
import {
  crmNames,
  crmValue,
  FIELDS,
  type FieldName,
  googleValue,
  HIDDEN,
  sameText,
} from '../mapping.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function staleReads(view: View): Violation[] {
  return view.told.flatMap((told) =>
    // Undo tells what was before.
    isAboutEvent(told) && !view.isOfUndo(told) ? stale(view, told) : [],
  );
}

/**
 * Where Google's listings are late, a run sees what was there a while before it. Nobody can know that it is
 * late, unless the sync has seen or written something newer before.
 */
function listedSince(view: View, { message: { userId, googleId } }: Told, begin: number): number {
  const { lagMs = {} } = view.final;
  const at = (view.entries.find(({ seq }) => seq === begin)?.at ?? 0) - (lagMs.appointment ?? 0);
  const listed = view.entries.findLast((e) => e.seq <= begin && e.at <= at)?.seq ?? 0;
  return Math.max(listed, view.knownBefore(userId, googleId, begin));
}

const isAboutEvent = ({ message }: Told) =>
  message.record === 'appointment' && message.googleId !== undefined && message.op === 'upsert';

function stale(view: View, told: Told): Violation[] {
  const { userId, googleId, data, changed = [] } = told.message;
  const begin = view.decidedFrom(told);
  if (begin === undefined) return [];
  const shown = view.shownDuring(userId, googleId, listedSince(view, told, begin), told.seq);
  const declined = data?.response === 'declined';
  const open = FIELDS.filter(
    (field) => !(told.message.redacted && HIDDEN.has(field)) && !(declined && field === 'busy'),
  );
  return open
    .filter((field) => crmNames(field).some((name) => changed.includes(name)))
    .filter((field) => {
      const value = crmValue(data, field);
      if (value === undefined || shown.some((raw) => sameText(googleValue(raw, field), value)))
        return false;
      return !isRepeated(view, told, field, value);
    })
    .map((field) =>
      violation(
        'P14',
        `told ${field} ${crmValue(data, field)} of ${googleId}, which it did not show then`,
      ),
    );
}

/**
 * A CRM that does not say what it has seen is told again what it was told last, and nothing is read for
 * that. What it wrote itself in between would be overwritten by an old view, though.
 */
function isRepeated(view: View, { seq, message }: Told, field: FieldName, value: string): boolean {
  const { userId, googleId } = message;
  const last = view.told.findLast(
    (t) =>
      t.seq < seq &&
      isAboutEvent(t) &&
      t.message.userId === userId &&
      t.message.googleId === googleId &&
      crmNames(field).some((name) => t.message.changed?.includes(name)),
  );
  if (!last || crmValue(last.message.data, field) !== value) return false;
  return !view
    .effectsOn(userId, googleId)
    .some(
      (e) =>
        e.task !== undefined &&
        e.seq > last.seq &&
        e.seq < seq &&
        googleValue(e.before, field) !== googleValue(e.after, field),
    );
}
