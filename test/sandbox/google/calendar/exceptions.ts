/** What a change or the end of a series means for its exceptions. */
import { fanOut } from './guests.ts';
import type { EventResource, StoredEvent } from './model.ts';
import { sameJson } from './request.ts';
import { instanceResource, occurrenceAt, suffixOfStart } from './series.ts';
import type { CalendarStore } from './store.ts';

/** Marks an event as deleted, a series with all its exceptions. */
export function cancel(
  store: CalendarStore,
  record: StoredEvent,
  now: string,
  answer: string | null = null,
): void {
  const { resource, calendar } = record;
  if (resource.status !== 'cancelled' || answer) {
    const next = {
      ...resource,
      status: 'cancelled',
      updated: now,
      sequence: resource.sequence + 1,
    };
    if (answer && resource.attendees) {
      next.attendees = resource.attendees.map((attendee) =>
        attendee.email.toLowerCase() === calendar.owner
          ? { ...attendee, responseStatus: answer }
          : attendee,
      );
    }
    store.setResource(record, next);
  }
  if (!resource.recurrence) return;
  for (const exception of exceptionsOf(record)) {
    if (exception.resource.status === 'cancelled') continue;
    cancel(store, exception, now, answer);
    fanOut(store, exception);
  }
}

/** The exceptions of a series in the same calendar. */
export function exceptionsOf(master: StoredEvent): StoredEvent[] {
  const prefix = `${master.id}_`;
  return [...master.calendar.events.values()].filter(
    (record) => record.exception?.masterId === master.id && record.id.startsWith(prefix),
  );
}

/** Fields that an exception never takes over from its series. */
const NEVER = new Set(['recurrence', 'created', 'updated', 'sequence', 'status']);

/**
 * Lets the exceptions follow a changed series: what they had not changed themselves takes the new
 * value, and those whose occurrence is gone are cancelled.
 */
export function reconcile(
  store: CalendarStore,
  master: StoredEvent,
  old: EventResource,
  now: string,
): void {
  const { calendar, resource } = master;
  for (const exception of exceptionsOf(master)) {
    if (exception.resource.status === 'cancelled') continue;
    const suffix = suffixOfStart(exception.exception?.originalStartTime ?? {});
    const before = old.recurrence && occurrenceAt(old, calendar, suffix);
    const after = resource.recurrence && occurrenceAt(resource, calendar, suffix);
    if (!after) {
      cancel(store, exception, now);
      fanOut(store, exception);
      continue;
    }
    if (!before) continue;
    const was = instanceResource(old, calendar, before);
    const is = instanceResource(resource, calendar, after);
    const next: EventResource = { ...exception.resource };
    let changed = false;
    for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
      if (NEVER.has(name) || sameJson(was[name], is[name])) continue;
      if (!sameJson(next[name], was[name])) continue;
      if (is[name] === undefined) delete next[name];
      else next[name] = is[name];
      changed = true;
    }
    if (!changed) continue;
    store.setResource(exception, { ...next, updated: now });
    fanOut(store, exception);
  }
}
