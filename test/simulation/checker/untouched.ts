/** P10: what is not ours is not touched. */

import type { Effect, Raw } from '../history.ts';
import { seriesIn } from '../shown.ts';
import { googleKey, type View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** Fields of an event that a write of the engine may change. */
const OURS = new Set([
  'summary',
  'location',
  'description',
  'start',
  'end',
  'visibility',
  'transparency',
  'reminders',
  'attendees',
  'lists',
  'recurrence',
  'sequence',
  'updated',
]);

/** P10: foreign objects stay as they are, byte by byte, and so do fields that are not mapped. */
export function untouched(view: View): Violation[] {
  const found: Violation[] = [];
  for (const { user, id, resource } of view.final.foreign) {
    const now = view.final.events.find((e) => e.user === user && e.id === id);
    if (JSON.stringify(now?.resource) !== JSON.stringify(resource))
      found.push(violation('P10', `foreign event ${id} of ${user} was changed`));
  }
  const adopted = new Set<string>();
  const isLinked = (user: string, id: string) =>
    view.isOurs(user, id) || adopted.has(googleKey(user, id));
  // A stricter visibility of an occurrence is one of the whole series: Google's doing.
  const linkedBy = new Map<number, string>();
  // Copies of a meeting have one id: the organizer's own may be named by a record that was a guest's.
  const names = new Map<string, string[]>();
  const stored = new Set<string>();
  for (const entry of view.entries) {
    if (entry.kind === 'committed')
      for (const { googleId, state } of entry.links)
        if (googleId !== undefined && state === 'live') stored.add(googleKey(entry.user, googleId));
    if (entry.kind === 'edit' && entry.op === 'handOver')
      for (const id of names.get(entry.id) ?? []) adopted.add(googleKey(entry.user, id));
    if (entry.kind === 'applied' && entry.message.googleId !== undefined) {
      const { userId, googleId } = entry.message;
      // A message that changes nothing names it as well: the CRM hands it over under that name.
      const crmIds = [...entry.changed.map((c) => c.crmId), entry.message.crmId];
      for (const crmId of new Set(crmIds.filter((id) => id !== undefined)))
        names.set(crmId, [...(names.get(crmId) ?? []), googleId]);
      // A record goes on as another occurrence when its series moves.
      adopted
        .add(googleKey(userId, googleId))
        .add(googleKey(userId, seriesIn(googleId) ?? googleId));
    }
    if (entry.kind !== 'effect' || entry.task === undefined || entry.caller !== entry.user)
      continue;
    const { user, id, before, after, method } = entry;
    if (!before) continue;
    // A contact that was read, and that the CRM has not heard of yet, belongs into the label made anew as well.
    const isLabelled = method.endsWith('members.modify') && after.status !== 'cancelled';
    if (isLabelled && stored.has(googleKey(user, id))) continue;
    const family = seriesIn(id) ?? id;
    if (isLinked(user, id) || isLinked(user, family)) linkedBy.set(entry.call, family);
    else if (linkedBy.get(entry.call) !== family)
      found.push(violation('P10', `${method} of the unlinked event ${id} of ${user}`));
    if (after.status === 'cancelled') continue;
    const isMade = view.inserted.has(googleKey(user, family));
    const shown = (resource: Raw, name: string) =>
      JSON.stringify(isMade ? withoutWord(resource)[name] : resource[name]);
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      // An occurrence that the series has again, with what that shows by now.
      if (family !== id && (name === 'status' || isAgain(view, entry, name))) continue;
      if (!OURS.has(name) && shown(before, name) !== shown(after, name))
        found.push(violation('P10', `${method} changed ${name} of event ${id} of ${user}`));
    }
  }
  return found;
}

/** A person may have changed the entry while it was no series: its occurrence was last seen before that. */
function isAgain(view: View, { user, id, seq, before, after }: Effect, name: string): boolean {
  if (before?.status !== 'cancelled') return false;
  const series = view.effectsOn(user, seriesIn(id) ?? id).findLast((e) => e.seq < seq)?.after;
  return JSON.stringify(series?.[name]) === JSON.stringify(after[name]);
}

/** What the CRM had said, which an event of the sync's own bears: each write brings it up to date. */
function withoutWord(resource: Raw): Raw {
  const { private: own, ...others } = resource.extendedProperties ?? {};
  if (!own) return resource;
  const { crmWord: _, ...rest } = own;
  return { ...resource, extendedProperties: { ...others, private: rest } };
}
