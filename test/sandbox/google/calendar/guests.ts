/** Guests: copies of an event in the calendars of invited accounts, answers, and mails (1.4, 1.5). */
import { ApiError, type AuthorizedCall, invalid } from '../protocol.ts';
import { findEvent, materialize } from './lookup.ts';
import type { Attendee, EventResource, StoredEvent } from './model.ts';
import { sameJson } from './request.ts';
import type { CalendarStore } from './store.ts';

/** Fields that belong to each copy alone. */
const OWN = ['reminders', 'transparency', 'visibility', 'colorId'] as const;

/**
 * Brings every guest's copy in line with the organizer's event: invited accounts get a copy with
 * the same id and iCalUID, those no longer invited see theirs cancelled.
 */
export function fanOut(store: CalendarStore, record: StoredEvent): void {
  const { calendar, resource, exception } = record;
  if (record.organizerCalendar !== calendar.id) return;
  const cancelled = resource.status === 'cancelled';
  const invited = new Set<string>();
  for (const { email } of resource.attendees ?? []) {
    const account = store.workspace.oauth.account(email);
    if (account && account.email !== calendar.id) invited.add(account.email);
  }
  const master = exception ? calendar.events.get(exception.masterId) : undefined;
  for (const email of new Set([...invited, ...record.copies, ...(master?.copies ?? [])])) {
    const home = store.primary(email);
    const copy = home.events.get(record.id);
    if (copy && copy.organizerCalendar !== calendar.id) continue;
    const next = copyFor(resource, copy?.resource);
    if (cancelled || !invited.has(email)) {
      const gone = { ...next, status: 'cancelled' };
      if (copy && copy.resource.status !== 'cancelled') store.setResource(copy, gone);
      else if (!copy && exception && home.events.has(exception.masterId)) {
        store.addEvent(home, record.id, gone, calendar.id, exception);
        record.copies.add(email);
      }
      continue;
    }
    if (!copy) {
      store.addEvent(home, record.id, next, calendar.id, exception);
      record.copies.add(email);
      continue;
    }
    // A guest who deleted the event has declined it; it does not come back by itself.
    const answer = attendeeOf(resource, email)?.responseStatus;
    if (copy.resource.status === 'cancelled' && answer === 'declined') continue;
    if (!sameContent(copy.resource, next)) store.setResource(copy, next);
  }
}

function copyFor(resource: EventResource, own: EventResource | undefined): EventResource {
  const next: EventResource = { ...resource };
  // [V] 1.5: private properties belong to one copy, shared ones to all.
  const shared = resource.extendedProperties?.shared;
  const mine = own?.extendedProperties?.private;
  delete next.extendedProperties;
  if (shared || mine) {
    next.extendedProperties = { ...(mine && { private: mine }), ...(shared && { shared }) };
  }
  if (!own) {
    delete next.colorId;
    return { ...next, reminders: { useDefault: true } };
  }
  const kept: Record<string, unknown> = next;
  for (const name of OWN) {
    if (own[name] === undefined) delete kept[name];
    else kept[name] = own[name];
  }
  return next;
}

function sameContent(a: EventResource, b: EventResource): boolean {
  return sameJson({ ...a, updated: '', sequence: 0 }, { ...b, updated: '', sequence: 0 });
}

/** The entry of an address in the guest list. */
export function attendeeOf(resource: EventResource, email: string): Attendee | undefined {
  return resource.attendees?.find((attendee) => attendee.email.toLowerCase() === email);
}

/** Fields that a guest may send back changed or unchanged without touching the event itself. */
const GUEST_FIELDS = new Set<string>([
  ...OWN,
  'eventLabelId',
  'extendedProperties',
  'attendees',
  'sequence',
  'updated',
]);

/** [V] 1.9: shared properties of an event can only be changed by the organizer. */
export function checkGuestChange(old: EventResource, next: EventResource, email: string): void {
  const others = (resource: EventResource) =>
    (resource.attendees ?? []).filter((attendee) => attendee.email.toLowerCase() !== email);
  const names = new Set([...Object.keys(old), ...Object.keys(next)]);
  const foreign = [...names].some(
    (name) => !GUEST_FIELDS.has(name) && !sameJson(old[name], next[name]),
  );
  if (!foreign && sameJson(others(old), others(next))) return;
  throw new ApiError(
    403,
    'forbiddenForNonOrganizer',
    'Shared properties can only be changed by the organizer of the event.',
    { domain: 'calendar' },
  );
}

/** Carries a guest's answer and the shared properties from a copy to the organizer's event. */
export function propagate(store: CalendarStore, copy: StoredEvent, whole: boolean): void {
  const { calendar, resource } = copy;
  const home = copy.organizerCalendar && store.find(copy.organizerCalendar);
  if (!home || home === calendar) return;
  let original: StoredEvent;
  try {
    original = materialize(store, findEvent(home, copy.id));
  } catch {
    return;
  }
  if (original.organizerCalendar !== home.id || original.resource.status === 'cancelled') return;
  const mine = attendeeOf(resource, calendar.owner);
  const old = original.resource;
  const next: EventResource = whole ? { ...old, ...sharedFields(resource) } : { ...old };
  if (mine && old.attendees) {
    next.attendees = old.attendees.map((attendee) =>
      attendee.email.toLowerCase() === calendar.owner ? mine : attendee,
    );
  }
  const shared = resource.extendedProperties?.shared;
  const own = old.extendedProperties?.private;
  delete next.extendedProperties;
  if (shared || own) {
    next.extendedProperties = { ...(own && { private: own }), ...(shared && { shared }) };
  }
  if (!sameContent(old, next)) {
    store.setResource(original, { ...next, updated: resource.updated });
  }
  fanOut(store, original);
}

function sharedFields(resource: EventResource): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...resource };
  for (const name of [...OWN, 'extendedProperties', 'organizer', 'creator']) delete fields[name];
  return fields;
}

/** Notes the mails that sendUpdates asks for. [S] The default is none. */
export function noteMails(
  call: AuthorizedCall,
  record: StoredEvent,
  kind: 'invitation' | 'update' | 'cancellation' | 'response',
): void {
  const { workspace, identity } = call;
  const wish = sendUpdates(call);
  if (wish === 'none') return;
  const { resource } = record;
  const guests =
    kind === 'response'
      ? [resource.organizer.email]
      : (resource.attendees ?? []).map((attendee) => attendee.email);
  for (const to of guests) {
    if (to.toLowerCase() === identity.email) continue;
    // externalOnly: guests without Google Calendar.
    if (wish === 'externalOnly' && workspace.oauth.account(to)) continue;
    workspace.mails.push({ to, eventId: record.id, kind });
  }
}

function sendUpdates(call: AuthorizedCall): string {
  const wish = call.query.get('sendUpdates');
  if (wish === null) return call.query.get('sendNotifications') === 'true' ? 'all' : 'none';
  if (!['all', 'externalOnly', 'none'].includes(wish)) {
    throw invalid(`Invalid value '${wish}'.`, 'sendUpdates');
  }
  return wish;
}
