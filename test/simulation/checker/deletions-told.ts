/** P9: no deletion is inferred. */

import { isUnimported } from './undo.ts';
import { googleKey, type View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** Whether somebody deleted or cancelled something of what the record belongs to, in the CRM. */
const hasTakenOut = (view: View, crmId: string) =>
  view.edits.some(
    (e) =>
      e.side === 'crm' &&
      (e.op === 'delete' || e.op === 'cancel') &&
      view.rootOf(e) === view.rootOf({ side: 'crm', user: e.user, id: crmId }),
  );

/** P9: the CRM is told of a deletion only if the event was really gone. */
export function deletionsTold(view: View): Violation[] {
  const found: Violation[] = [];
  const gone = new Set<string>();
  for (const entry of view.entries) {
    if (entry.kind === 'effect' && entry.after.status === 'cancelled')
      gone.add(googleKey(entry.user, entry.id));
    if (entry.kind !== 'told' || entry.message.op !== 'delete') continue;
    const { userId, googleId, crmId, reason } = entry.message;
    // A guest's record gives way to the organizer's: nothing is gone.
    if (reason === 'colleaguesMeeting') continue;
    // An import that is undone, and the CRM's answer to it: the event stays where it was born.
    if (isUnimported(view, entry.message)) continue;
    // An occurrence that never was at Google goes with its series, which the CRM has taken out.
    if (googleId === undefined && hasTakenOut(view, crmId)) continue;
    if (!gone.has(googleKey(userId, googleId)))
      found.push(violation('P9', `${crmId} told as deleted, but ${googleId} never was`));
  }
  return found;
}
