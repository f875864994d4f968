/** P9: no deletion is inferred. */

import type { Raw, Told } from '../history.ts';
import { seriesIn, slotIn } from '../shown.ts';
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
  /** Series that were told as deleted, by what they belong to. */
  const without = new Set<string | undefined>();
  for (const entry of view.entries) {
    if (entry.kind === 'effect' && isGone(view, entry.after))
      gone.add(googleKey(entry.user, entry.id));
    if (entry.kind !== 'told' || entry.message.op !== 'delete') continue;
    const { userId, googleId, crmId, reason } = entry.message;
    const root = view.rootOfMessage(entry.message);
    if (googleId !== undefined && seriesIn(googleId) === undefined) without.add(root);
    // A guest's record gives way to the organizer's: nothing is gone. Named by the CRM meanwhile, it is told again.
    if (reason === 'colleaguesMeeting' || isYielded(view, entry)) continue;
    // An import that is undone, and the CRM's answer to it: the event stays where it was born.
    if (isUnimported(view, entry.message)) continue;
    // An occurrence that never was at Google goes with its series.
    const was = view.effectsOn(userId, googleId ?? '').some((e) => e.seq < entry.seq);
    const series = googleId === undefined ? undefined : seriesIn(googleId);
    const neverWas = googleId === undefined || (series !== undefined && !was);
    if (neverWas && (hasTakenOut(view, crmId) || without.has(root))) continue;
    if (neverWas && series !== undefined && hasLostItsPlace(view, entry.message, series, gone))
      continue;
    if (!gone.has(googleKey(userId, googleId)))
      found.push(violation('P9', `${crmId} told as deleted, but ${googleId} never was`));
  }
  return found;
}

/** What was told last of the object was that the record gives way to a colleague's. */
function isYielded(view: View, { seq, message: { userId, googleId } }: Told): boolean {
  const before = view.told.findLast(
    (t) => t.seq < seq && t.message.userId === userId && t.message.googleId === googleId,
  );
  return before?.message.reason === 'colleaguesMeeting';
}

/** Where the CRM knows no series, an event that has become one is its occurrences from then on. */
const isGone = ({ final }: View, { status, recurrence }: Raw): boolean =>
  status === 'cancelled' || (final.recurrence !== 'series' && recurrence !== undefined);

/** A series was written anew, at other times: the occurrence went with the former one, and has no place. */
function hasLostItsPlace(
  view: View,
  { userId, googleId }: Raw,
  series: string,
  gone: ReadonlySet<string>,
): boolean {
  if (!view.inserted.has(googleKey(userId, series))) return false;
  // The former one may have been born at Google.
  const rootOf = (id: string) => view.rootOf({ side: 'google', user: userId, id });
  // Of the place itself, which never was, nobody knows whose it is.
  const isFormer = (id = '') => slotIn(id) === slotIn(googleId) && rootOf(id) === rootOf(series);
  return [...gone].some((key) => key.startsWith(`${userId}/`) && isFormer(key.split('/')[1]));
}
