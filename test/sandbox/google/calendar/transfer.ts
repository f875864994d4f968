/** events.import and events.move. */
import { type Answer, ApiError, type AuthorizedCall, invalid, notFound } from '../protocol.ts';
import { base32hex } from '../random.ts';
import { exceptionsOf, reconcile } from './exceptions.ts';
import { fanOut, noteMails } from './guests.ts';
import { checkIfMatch, findEvent } from './lookup.ts';
import type { Calendar, EventResource, StoredEvent } from './model.ts';
import { normalizeFields } from './normalize.ts';
import { readJson } from './request.ts';
import { guardedFields, typeOfNew } from './types.ts';
import { eventAnswer, organizerOf, stamp } from './write.ts';

/** POST /calendars/{calendarId}/events/import: a private copy of an event from elsewhere. */
export function importEvent(call: AuthorizedCall): Answer {
  const store = call.workspace.calendars;
  const calendar = store.resolve(call, call.params.calendarId as string);
  const body = readJson(call);
  const { iCalUID, organizer } = body;
  // [V] 1.4: needs iCalUID, only default events, organizer writable.
  if (typeof iCalUID !== 'string' || iCalUID === '') {
    throw new ApiError(400, 'required', 'Missing iCalUID.');
  }
  if (typeOfNew(body.eventType) !== 'default')
    throw invalid('Only default events can be imported.');
  const fields = normalizeFields(body, calendar);
  const old = [...calendar.events.values()].find(
    (record) => record.resource.iCalUID === iCalUID && !record.exception,
  );
  guardedFields(call, fields, old?.resource ?? {});
  const now = stamp(call);
  const given = organizer as EventResource['organizer'] | undefined;
  const by = typeof given?.email === 'string' ? given : organizerOf(calendar);
  const resource = {
    ...fields,
    created: old?.resource.created ?? now,
    updated: now,
    creator: { email: call.identity.email },
    organizer: by,
    iCalUID,
    sequence: Number(body.sequence ?? 0),
    eventType: 'default',
  } as unknown as EventResource;
  if (old) {
    const before = old.resource;
    store.setResource(old, resource);
    if (before.recurrence) reconcile(store, old, before, now);
    return eventAnswer(call, old);
  }
  const own = by.email.toLowerCase() === calendar.id;
  const id = base32hex(call.workspace.random, 26);
  return eventAnswer(call, store.addEvent(calendar, id, resource, own ? calendar.id : null));
}

/** POST /calendars/{calendarId}/events/{eventId}/move: to another calendar of the same user. */
export function move(call: AuthorizedCall): Answer {
  const store = call.workspace.calendars;
  const from = store.resolve(call, call.params.calendarId as string);
  const destination = call.query.get('destination');
  if (!destination)
    throw new ApiError(400, 'required', 'Required parameter: destination', {
      location: 'destination',
    });
  const to = store.resolve(call, destination);
  const found = findEvent(from, call.params.eventId as string);
  checkIfMatch(call, found);
  // [V] 1.4: only default events; a whole series, never an instance.
  if (found.kind === 'occurrence' || found.record.exception) {
    throw new ApiError(
      400,
      'cannotChangeOrganizerOfInstance',
      'Cannot change the organizer of an instance.',
      { domain: 'calendar' },
    );
  }
  const { record } = found;
  if (record.resource.status === 'cancelled') throw notFound();
  if (record.resource.eventType !== 'default') throw invalid('Only default events can be moved.');
  if (record.organizerCalendar !== from.id) {
    throw new ApiError(403, 'forbiddenForNonOrganizer', 'Only the organizer can move an event.', {
      domain: 'calendar',
    });
  }
  if (from === to) throw invalid('The destination is the calendar of the event.', 'destination');
  const exceptions = exceptionsOf(record);
  const moved = transfer(call, record, to);
  for (const exception of exceptions) transfer(call, exception, to);
  noteMails(call, moved, 'update');
  return eventAnswer(call, moved);
}

function transfer(call: AuthorizedCall, record: StoredEvent, to: Calendar): StoredEvent {
  const store = call.workspace.calendars;
  const updated = stamp(call);
  const { resource, id, exception, calendar: from } = record;
  const next = { ...resource, organizer: organizerOf(to), updated };
  const there = to.events.get(id);
  let moved: StoredEvent;
  if (there) {
    store.setResource(there, next);
    there.organizerCalendar = to.id;
    moved = there;
  } else {
    moved = store.addEvent(to, id, next, to.id, exception);
  }
  for (const email of record.copies) {
    const copy = store.primary(email).events.get(id);
    if (copy?.organizerCalendar !== from.id) continue;
    copy.organizerCalendar = to.id;
    moved.copies.add(email);
  }
  record.copies.clear();
  // [V] 1.2: a cancelled stub is left behind.
  store.setResource(record, { ...resource, status: 'cancelled', updated });
  fanOut(store, moved);
  return moved;
}
