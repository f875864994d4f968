/** P14: what a run tells as news it saw itself: an old view of an event is no edit. */
import type { Told } from '../history.ts';
import { crmNames, crmValue, FIELDS, googleValue, HIDDEN, sameText } from '../mapping.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function staleReads(view: View): Violation[] {
  return view.told.flatMap((told) =>
    // Undo tells what was before.
    isAboutEvent(told) && view.doing(told.task) !== 'undo' ? stale(view, told) : [],
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
      return value !== undefined && !shown.some((raw) => sameText(googleValue(raw, field), value));
    })
    .map((field) =>
      violation(
        'P14',
        `told ${field} ${crmValue(data, field)} of ${googleId}, which it did not show then`,
      ),
    );
}
