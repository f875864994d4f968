/** events.insert, update, patch and delete (google-contracts 1.4). */
import { type Answer, ApiError, type AuthorizedCall, invalid } from '../protocol.ts';
import { base32hex } from '../random.ts';
import { cancel, reconcile } from './exceptions.ts';
import { attendeeOf, checkGuestChange, fanOut, noteMails, propagate } from './guests.ts';
import { checkIfMatch, type Found, findEvent, materialize, resourceOf } from './lookup.ts';
import type { Calendar, EventResource, StoredEvent } from './model.ts';
import { normalizeFields } from './normalize.ts';
import { etagOf, presentEvent } from './present.ts';
import { readJson, sameJson } from './request.ts';
import { checkType, guardedFields, typeOfNew } from './types.ts';

/** Answers with an event and its etag. */
export function eventAnswer(call: AuthorizedCall, record: StoredEvent): Answer {
  const max = Number(call.query.get('maxAttendees') ?? Number.NaN);
  return {
    status: 200,
    headers: { etag: etagOf(record.changed) },
    json: presentEvent(call.workspace, record, Number.isNaN(max) ? {} : { maxAttendees: max }),
  };
}

/** The time of a write as Google prints it. */
export function stamp(call: AuthorizedCall): string {
  return new Date(call.workspace.now()).toISOString();
}

/** POST /calendars/{calendarId}/events. */
export function insert(call: AuthorizedCall): Answer {
  const store = call.workspace.calendars;
  const calendar = store.resolve(call, call.params.calendarId as string);
  const body = readJson(call);
  const id = newId(call, calendar, body);
  const type = typeOfNew(body.eventType);
  const fields = normalizeFields(body, calendar);
  if (fields.status === 'cancelled') throw invalid('Invalid value for: status');
  checkType(type, fields, calendar, call);
  guardedFields(call, fields, {});
  const now = stamp(call);
  const resource = {
    ...fields,
    created: now,
    updated: now,
    creator: { email: call.identity.email },
    organizer: organizerOf(calendar),
    iCalUID: typeof body.iCalUID === 'string' ? body.iCalUID : `${id}@google.com`,
    sequence: 0,
    eventType: type,
  } as unknown as EventResource;
  const record = store.addEvent(calendar, id, resource, calendar.id);
  noteMails(call, record, 'invitation');
  fanOut(store, record);
  return eventAnswer(call, record);
}

/** How a calendar appears as organizer. */
export function organizerOf(calendar: Calendar): { email: string; displayName?: string } {
  return calendar.primary
    ? { email: calendar.id }
    : { email: calendar.id, displayName: calendar.summary };
}

function newId(call: AuthorizedCall, calendar: Calendar, body: Record<string, unknown>): string {
  const { id, iCalUID } = body;
  const duplicate = () =>
    new ApiError(409, 'duplicate', 'The requested identifier already exists.');
  if (iCalUID !== undefined) {
    // [V] 1.2: supply iCalUID or id at creation, not both.
    if (id !== undefined) throw invalid('Specify either id or iCalUID, not both.', 'id');
    for (const { resource } of calendar.events.values()) {
      if (resource.iCalUID === iCalUID) throw duplicate();
    }
  }
  if (id === undefined || id === null || id === '') return base32hex(call.workspace.random, 26);
  // [V] 1.4: base32hex alphabet in lower case, 5 to 1024 characters.
  if (typeof id !== 'string' || !/^[a-v0-9]{5,1024}$/.test(id)) {
    throw invalid('Invalid resource id value.', 'resourceId');
  }
  // [I] 1.4: an id stays taken after deletion.
  if (calendar.events.has(id)) throw duplicate();
  return id;
}

/** PUT: replaces the whole event. */
export function update(call: AuthorizedCall): Answer {
  return change(call, (_, body) => body);
}

/** PATCH: merges objects, replaces arrays, null deletes. */
export function patch(call: AuthorizedCall): Answer {
  return change(call, (old, body) => mergePatch(old, body));
}

function mergePatch(old: Record<string, unknown>, given: Record<string, unknown>) {
  const merged: Record<string, unknown> = { ...old };
  for (const [name, value] of Object.entries(given)) {
    const before = merged[name];
    merged[name] = isObject(value) && isObject(before) ? mergePatch(before, value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function change(
  call: AuthorizedCall,
  merge: (old: EventResource, body: Record<string, unknown>) => Record<string, unknown>,
): Answer {
  const store = call.workspace.calendars;
  const calendar = store.resolve(call, call.params.calendarId as string);
  const found = findEvent(calendar, call.params.eventId as string);
  checkIfMatch(call, found);
  const body = readJson(call);
  const old = resourceOf(found);
  checkRevival(old, body);
  if (body.eventType !== undefined && body.eventType !== old.eventType) {
    throw invalid('The event type cannot be changed.', 'eventType');
  }
  // [V] 1.2: the field is absent on instances.
  if (isInstance(found) && Array.isArray(body.recurrence) && body.recurrence.length > 0) {
    throw invalid('An instance of a series cannot recur.', 'recurrence');
  }
  const fields = normalizeFields(merge(old, body), calendar);
  checkType(old.eventType, fields, calendar, call);
  guardedFields(call, fields, old);
  const next = {
    ...fields,
    created: old.created,
    updated: old.updated,
    creator: old.creator,
    organizer: old.organizer,
    iCalUID: old.iCalUID,
    sequence: old.sequence,
    eventType: old.eventType,
  } as unknown as EventResource;
  const record = commit(call, found, old, next);
  return eventAnswer(call, record);
}

function isInstance(found: Found): boolean {
  return found.kind === 'occurrence' || found.record.exception !== null;
}

/**
 * [R] 1.4: a deleted event comes back by an update with status confirmed; [I] other updates of it
 * are refused with 403.
 */
function checkRevival(old: EventResource, body: Record<string, unknown>): void {
  if (old.status !== 'cancelled') return;
  if (body.status === 'confirmed' || body.status === 'tentative') return;
  throw new ApiError(403, 'forbidden', 'Forbidden');
}

function commit(
  call: AuthorizedCall,
  found: Found,
  old: EventResource,
  next: EventResource,
): StoredEvent {
  const store = call.workspace.calendars;
  const { email } = call.identity;
  const now = stamp(call);
  const holder = found.kind === 'stored' ? found.record : found.master;
  const guest =
    holder.organizerCalendar !== null && holder.organizerCalendar !== holder.calendar.id;
  const whole = guest && old.guestsCanModify === true;
  if (guest && !whole) checkGuestChange(old, next, email);
  const significant = ['start', 'end', 'recurrence', 'location', 'status'].some(
    (name) => !sameJson(old[name], next[name]),
  );
  if (significant) next.sequence = old.sequence + 1;
  // [V] 1.2: reminders do not change `updated`.
  const { reminders: _, ...content } = old;
  const { reminders: __, ...nextContent } = next;
  const onlyReminders = sameJson(content, nextContent) && !sameJson(old.reminders, next.reminders);
  if (!onlyReminders) next.updated = now;
  const record = materialize(store, found);
  restrictSeries(call, record, old, next);
  store.setResource(record, next);
  if (guest) {
    propagate(store, record, whole);
    const answered = !sameJson(attendeeOf(old, email), attendeeOf(next, email));
    if (answered) noteMails(call, record, 'response');
    return record;
  }
  if (next.status === 'cancelled') cancel(store, record, now);
  else if (old.recurrence || next.recurrence) reconcile(store, record, old, now);
  noteMails(call, record, next.status === 'cancelled' ? 'cancellation' : 'update');
  fanOut(store, record);
  return record;
}

/**
 * [V] 1.2: a stricter visibility of one instance changes the whole series; a looser one is
 * ignored.
 */
function restrictSeries(
  call: AuthorizedCall,
  record: StoredEvent,
  old: EventResource,
  next: EventResource,
): void {
  if (!record.exception || sameJson(old.visibility, next.visibility)) return;
  const strict = (resource: EventResource) =>
    resource.visibility === 'private' || resource.visibility === 'confidential';
  const master = record.calendar.events.get(record.exception.masterId);
  if (!strict(next) || !next.visibility) {
    if (old.visibility === undefined) delete next.visibility;
    else next.visibility = old.visibility;
    return;
  }
  if (!master || strict(master.resource)) return;
  const before = master.resource;
  const { calendars } = call.workspace;
  calendars.setResource(master, { ...before, visibility: next.visibility, updated: stamp(call) });
  reconcile(calendars, master, before, stamp(call));
}

/** DELETE: leaves a tombstone; for a guest it means to decline. */
export function remove(call: AuthorizedCall): Answer {
  const store = call.workspace.calendars;
  const calendar = store.resolve(call, call.params.calendarId as string);
  const found = findEvent(calendar, call.params.eventId as string);
  // [V] 1.1: deleting what is already deleted is the third kind of 410.
  if (resourceOf(found).status === 'cancelled') {
    throw new ApiError(410, 'deleted', 'Resource has been deleted');
  }
  checkIfMatch(call, found);
  const now = stamp(call);
  const record = materialize(store, found);
  noteMails(call, record, 'cancellation');
  const mine = attendeeOf(record.resource, calendar.owner);
  cancel(store, record, now, mine && record.organizerCalendar !== calendar.id ? 'declined' : null);
  if (record.organizerCalendar === calendar.id) fanOut(store, record);
  else propagate(store, record, false);
  return { status: 204 };
}
