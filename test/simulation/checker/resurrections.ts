/** P7: no resurrection. */

import { slotOf } from '../crm-calendar.ts';
import type { Edit, Entry, Raw } from '../history.ts';
import { FIELDS, said, sameText } from '../mapping.ts';
import { slotIn } from '../shown.ts';
import { isKnown, isReplaced } from './knowledge.ts';
import { sawLists } from './lists.ts';
import { isUndone } from './undo.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** P7: what somebody deleted who knew all that there was to know stays deleted. */
export function resurrections(view: View): Violation[] {
  const found: Violation[] = [];
  const roots = Map.groupBy(view.edits, (e) => view.rootOf(e));
  for (const [root, edits] of roots) {
    const last = edits.at(-1);
    if (!last || (last.op !== 'delete' && last.op !== 'cancel')) continue;
    if (isUndone(view, root) || !sawAll(view, last, edits)) continue;
    // Of two events of one record (a person restored the older one) only one was deleted.
    if (last.side === 'google' && view.livesElsewhere(last)) continue;
    if (last.side === 'google' && wasOut(view, root, edits)) continue;
    // Whoever leaves with removal and connects again gets all that the CRM has.
    const left = (e: Entry) =>
      e.kind === 'user' && e.user === last.user && e.what === 'leavingRemove';
    if (last.side === 'google' && view.entries.some(left)) continue;
    // Whoever deletes the calendar gets it filled again with what the sync knew.
    if (last.side === 'google' && view.dropped(last.user, last.seq)) continue;
    // Where series are records, one occurrence can be deleted without the others.
    const slot = view.final.recurrence === 'series' ? (last.slot ?? slotIn(last.id)) : undefined;
    const record = view.final.records.find(
      (r) =>
        !r.deleted &&
        r.data.status !== 'cancelled' &&
        !(r.occurrence && r.rejected) &&
        view.rootOf({ side: 'crm', user: r.userId, id: r.crmId }) === root &&
        (slot === undefined || (r.occurrence && slotOf(r.occurrence.originalStart) === slot)),
    );
    const event = (slot === undefined ? view.liveEvents() : view.final.shown).find(
      (e) =>
        view.rootOf({ side: 'google', ...e }) === root && (slot === undefined || e.slot === slot),
    );
    if (record) found.push(violation('P7', `${record.crmId} is back in the CRM`));
    if (event) found.push(violation('P7', `event ${event.id} of ${event.user} is back`));
  }
  return found;
}

/**
 * Taken out by a person, as the CRM was told, and nothing told since: both sides keep what they have, and
 * that it was taken in once more just before nobody has read.
 */
const wasOut = (view: View, root: string, edits: Edit[]): boolean =>
  view.toldOf(root).at(-1)?.message.op === 'unlink' &&
  edits.some(({ side, op }) => side === 'google' && op === 'handOver');

/** Whether the last edit was made in the knowledge of all that the other side had done. */
function sawAll(view: View, last: Edit, edits: Edit[]): boolean {
  // A colleague who had the record before works in another calendar.
  const others = edits.filter(
    (e) => e.side !== last.side || (last.side === 'google' && e.user !== last.user),
  );
  // Made or written by a run that died before it knew: there is nothing to see a deletion against.
  if (last.side === 'google' && !isKnown(view, last)) return false;
  const root = view.rootOf(last);
  // A write whose answer was lost looks like somebody's edit, and in doubt nothing is thrown away.
  const doubt = view.effects.some(
    (e) =>
      e.task !== undefined &&
      e.after.status !== 'cancelled' &&
      view.rootOf({ side: 'google', user: e.user, id: e.id }) === root &&
      !view.isCommitted(e),
  );
  // The CRM restored what the last one deletes: its answer was still on its way.
  const restored = view.applied.some(
    ({ seq, message, changed }) =>
      changed.length > 0 &&
      message.conflicts?.some((c: Raw) => c.field === 'deletedInCrm') &&
      view.rootOf({ side: 'crm', user: message.userId, id: message.crmId }) === root &&
      !view.entries.some(
        (e) =>
          e.kind === 'committed' &&
          e.seq > seq &&
          e.seq < last.seq &&
          e.links.some((link) => link.googleId === message.googleId),
      ),
  );
  if (restored || doubt) return false;
  return others.every((e) => {
    // The old owner cannot know.
    if (e.op === 'handOver' && e.user !== last.user) return false;
    const acted = view.entries.some(
      (x) =>
        x.seq > e.seq &&
        x.seq < last.seq &&
        // Planned again: what a run writes that began before that still says that it is cancelled.
        (e.op !== 'replan' || (x.kind === 'effect' && view.beganAfter(x, e))) &&
        ((x.kind === 'effect' &&
          x.task !== undefined &&
          view.rootOf({ side: 'google', user: x.user, id: x.id }) === root) ||
          (x.kind === 'applied' &&
            x.changed.some(
              (c) => view.rootOf({ side: 'crm', user: c.user, id: c.crmId }) === root,
            ))),
    );
    if (!acted || !sawGuests(e, last) || !sawRule(others, e, last)) return false;
    if (!sawLists(others, e, last)) return false;
    return FIELDS.every((field) => {
      const value = said(e.side, e.after, field);
      if (value === undefined || value === said(e.side, e.before, field)) return true;
      const now = said(last.side, last.before, field);
      return sameText(now, value) || isReplaced(view, e, field, value);
    });
  });
}

/** Nor by which rule it recurs since, or that it does not recur any more. */
function sawRule(others: Edit[], edit: Edit, last: Edit): boolean {
  const now = rulesOf(edit.after);
  const isReplacement = (e: Edit) => e.seq > edit.seq && rulesOf(e.after) !== now;
  return [rulesOf(edit.before), rulesOf(last.before)].includes(now) || others.some(isReplacement);
}

const rulesOf = (raw: Raw | undefined): string => [...(raw?.recurrence ?? [])].sort().join('\n');

/** Whoever cancels a meeting may not know yet whom the other side has invited, or taken off, since. */
function sawGuests(edit: Edit, last: Edit): boolean {
  const was = guestsOf(edit.side, edit.before);
  const now = guestsOf(edit.side, edit.after);
  const seen = guestsOf(last.side, last.before);
  const isSeen = (guest: string) => seen.includes(guest) === now.includes(guest);
  return [...was, ...now].filter((g) => was.includes(g) !== now.includes(g)).every(isSeen);
}

const guestsOf = (side: Edit['side'], raw: Raw | undefined): string[] =>
  ((side === 'crm' ? raw?.participants : raw?.attendees) ?? [])
    .map((guest: Raw) => guest?.email)
    .filter((email: string) => email !== raw?.organizer?.email);
