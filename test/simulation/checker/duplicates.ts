/** P3: no duplicates. */

import { isMisled } from './limits.ts';
import { googleKey, type View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** P3: never two events of one record, and one record per event in the end. */
export function duplicates(view: View): Violation[] {
  const found: Violation[] = [];
  const live = new Map<string, Set<string>>();
  const restored = new Set<string>();
  const missed = new Set<string>();
  for (const { user, id, before, after, seq, task } of view.effects) {
    const crmId = view.inserted.get(googleKey(user, id));
    if (crmId === undefined) continue;
    // Restored from the bin by a person: gone again in the end, or the only one.
    if (task === undefined && before?.status === 'cancelled') restored.add(googleKey(user, id));
    if (restored.has(googleKey(user, id))) continue;
    const key = `${user} ${crmId}`;
    const ids = live.get(key) ?? new Set();
    live.set(key, ids);
    // Where the CRM knows no series, an event that has become one is its occurrences from then on.
    const isSeries = view.final.recurrence !== 'series' && after.recurrence !== undefined;
    const isGone = after.status === 'cancelled' || view.isLeftOver(user, id, seq);
    if (isGone || isSeries) ids.delete(id);
    else ids.add(id);
    if (ids.size > 1 && isMissed(view, user, [...ids], seq)) missed.add(key);
    else if (ids.size > 1) found.push(violation('P3', `${crmId} twice at ${user}, step ${seq}`));
  }
  for (const { id, user } of view.final.strays)
    found.push(violation('P3', `event ${id} of ${user} is in a calendar that nobody cares for`));
  for (const record of view.final.records) {
    if (missed.has(`${record.userId} ${record.crmId}`)) continue;
    if (!record.deleted && view.eventsOf(record).length > 1)
      found.push(violation('P3', `${record.crmId} has two events`));
  }
  for (const event of view.liveEvents()) {
    if (view.recordsOf(event).length > 1)
      found.push(violation('P3', `event ${event.id} of ${event.user} has two records`));
  }
  return found;
}

/** Known limit: inserted by a call that nobody answered, and looked for in a listing that lied. */
const isMissed = (view: View, user: string, ids: string[], end: number): boolean =>
  ids.some((id) => {
    const made = view.effectsOn(user, id).find(({ task }) => task !== undefined);
    return made !== undefined && !view.isCommitted(made) && isMisled(view, made, end);
  });
