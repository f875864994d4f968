/** P13: no echo, no ping-pong. */
import type { Told } from '../history.ts';
import { seriesIn } from '../shown.ts';
import { isKnown } from './knowledge.ts';
import { googleKey, type View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** P13: writes and messages are bounded by what people did. */
export function counters(view: View): Violation[] {
  const conflicts = view.told.reduce((n, t) => n + (t.message.conflicts?.length ?? 0), 0);
  const crm = view.edits.filter((e) => e.side === 'crm');
  const google = view.edits.filter((e) => e.side === 'google');
  const handOvers = crm.filter((e) => e.op === 'handOver').length;
  const removals = view.entries.filter((e) => e.kind === 'user' && e.what === 'leavingRemove');
  // Whoever has everything removed and connects again has it all written again.
  const again = 2 * removals.length * view.final.records.length;
  const writes = new Set(
    view.effects.filter((e) => e.task !== undefined && e.caller === e.user).map((e) => e.call),
  ).size;
  const restored = google.filter((e) => e.op === 'restore').length;
  const unknown = google.filter((e) => e.op === 'delete' && !isKnown(view, e)).length;
  // What the old owner still changes goes to the new one.
  const handed = new Set(crm.filter((e) => e.op === 'handOver').map((e) => view.rootOf(e)));
  const carried = google.filter((e) => handed.has(view.rootOf(e))).length;
  // What a run wrote that died before it could say so is looked at, and completed, once more.
  const dead = view.effects.filter((e) => e.task !== undefined && !view.isCommitted(e)).length;
  // A calendar, label or list that was deleted is filled again.
  const drops = view.entries.filter(
    (e) => e.kind === 'user' && ['calendarDropped', 'placeLost'].includes(e.what),
  );
  const dropped = drops.length * view.final.records.length;
  const undone = view.effects.filter((e) => view.doing(e.task) === 'undo').length;
  const untold = view.told.filter(view.isOfUndo).length;
  // An occurrence that becomes a record of its own gets that record's link into the CRM.
  const parts = view.told.filter(
    ({ message: m }) => m.op === 'upsert' && m.occurrence && m.crmId === undefined,
  ).length;
  const bound =
    2 * undone +
    parts +
    untold +
    crm.length +
    handOvers +
    conflicts +
    again +
    restored +
    unknown +
    carried +
    dead +
    dropped;
  // Who sees a series is one for all of it: the CRM hides an occurrence, and hears of the others.
  const shown = view.effects.filter(
    ({ task, caller, user, id, before, after }) =>
      task !== undefined &&
      caller === user &&
      seriesIn(id) !== undefined &&
      (before?.visibility ?? 'default') !== (after.visibility ?? 'default'),
  );
  const found: Violation[] = [];
  if (writes > bound) found.push(violation('P13', `${writes} writes at Google, bound ${bound}`));
  const told = view.told.filter((t) => t.message.record === 'appointment').length;
  const rejected = view.told.filter((t) => t.message.rejected).length;
  const strangers = 1;
  // An exception that the phone made keeps its series, and goes with it before the CRM has named it.
  const unnamed = new Set(
    view.told.flatMap(({ message: { op, crmId, googleId } }) =>
      op === 'delete' && crmId === undefined && seriesIn(googleId) !== undefined ? [googleId] : [],
    ),
  ).size;
  // What its organizer lets go of is a guest's record then (C21).
  const passedOn = new Set(
    view.told.flatMap(({ seq, message: { op, crmId, googleId, userId } }) => {
      const isEarlier = (t: Told) =>
        t.seq < seq && t.message.googleId === googleId && t.message.userId !== userId;
      const isNew = op === 'upsert' && crmId === undefined && view.told.some(isEarlier);
      return isNew ? [googleKey(userId, googleId)] : [];
    }),
  ).size;
  // Told again: whoever edits in the CRM without having seen what was told.
  const toldBound =
    google.length +
    crm.length +
    conflicts +
    rejected +
    strangers +
    unnamed +
    passedOn +
    2 * (undone + untold) +
    (view.final.recurrence === 'series' ? 0 : shown.length) +
    view.final.struck;
  if (told > toldBound) found.push(violation('P13', `${told} messages, bound ${toldBound}`));
  return found;
}
