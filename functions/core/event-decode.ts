/** From a Google Calendar event to an appointment as it is observed. */
import type { calendar_v3 } from '@googleapis/calendar';
import type { CodecContext, Observed } from './codec.ts';
import { readDescription } from './description.ts';
import { blocks, type Event, isPrivate, isSyncedType, KEY, ownerOf } from './event.ts';
import type { Fields, Json } from './fields.ts';
import { digest } from './link.ts';
import { addDays, canonicalMoment } from './time.ts';

/** What the event says. Of a `redacted` one too: what is told to the CRM leaves the texts out. */
export function decode(event: Event, context: CodecContext): Observed {
  const googleId = event.id ?? '';
  if (event.status === 'cancelled') {
    // Of a cancelled occurrence Google gives the place in its series, of other events only the id is sure.
    // Read singly, the organizer's copy still shows what it was (google-contracts 1.2).
    const was = event.start ? decodeFields(event, context, undefined) : undefined;
    return { googleId, state: 'gone', fields: {}, ...(was && { was }), ...placeOf(event, context) };
  }
  const own = event.attendees?.find((a) => a.self);
  const type = event.eventType ?? 'default';
  const organizer = event.organizer?.email?.toLowerCase() ?? '';
  const foreign = event.organizer?.self !== true && !context.self.includes(organizer);
  const marker = readMarker(event, context);
  const hide = blocks.includes(type) || (!marker && isPrivate(event));
  const observed: Observed = {
    googleId,
    state: 'live',
    fields: decodeFields(event, context, own?.responseStatus ?? undefined),
    foreign: foreign || type !== 'default',
    ...placeOf(event, context),
  };
  if (event.recurrence) observed.whole = { since: Date.parse(event.updated ?? '') || 0 };
  if (event.etag) observed.etag = event.etag;
  if (marker) observed.marker = marker;
  if (marker && wasEdited(event)) observed.edited = true;
  if (hide) observed.redacted = true;
  const reference = event.extendedProperties?.shared?.[KEY.reference];
  if (reference) observed.reference = reference;
  const shared = sharedOf(event, context, foreign);
  if (shared) observed.shared = shared;
  const ignored = whyIgnored(event, context, foreign, organizer);
  if (ignored) observed.ignored = ignored;
  return observed;
}

/** The series that an occurrence is of, and the original start by which it is known there for good. */
function placeOf(event: Event, context: CodecContext): Pick<Observed, 'group' | 'slot'> {
  const at = event.recurringEventId ? event.originalStartTime : event.start;
  const dateTime =
    at?.dateTime &&
    canonicalMoment(
      { dateTime: at.dateTime, ...(at.timeZone ? { timeZone: at.timeZone } : {}) },
      context.timeZone,
    );
  const slot = dateTime && 'dateTime' in dateTime ? dateTime.dateTime : at?.date;
  return {
    ...(event.recurringEventId && { group: event.recurringEventId }),
    ...(slot && { slot }),
  };
}

function whyIgnored(
  event: Event,
  context: CodecContext,
  foreign: boolean,
  organizer: string,
): string | undefined {
  if (!isSyncedType(event)) return 'eventType';
  // Its occurrences are the appointments (design decision 2).
  if (event.recurrence) return 'series';
  // The organizer's user owns a meeting, whichever calendar is read first (design decision 3).
  const colleague = foreign ? context.colleagues.get(organizer) : undefined;
  // What the CRM has entered for the organizer it knows, connected or not.
  const known = event.extendedProperties?.shared?.[KEY.reference] !== undefined;
  if (colleague?.connected || (colleague && known)) return 'colleaguesMeeting';
  if (!event.start || !event.end) return 'noTime';
  return undefined;
}

/**
 * What all copies of a meeting have in common: Google's ids of copies can differ. Only where the
 * directory knows another one of its people, whom the owner of the record can see.
 */
function sharedOf(event: Event, context: CodecContext, foreign: boolean): Observed['shared'] {
  const { iCalUID, organizer, attendees = [], originalStartTime: start } = event;
  if (!iCalUID || event.recurrence || event.guestsCanSeeOtherGuests === false) return undefined;
  const people = [organizer?.email, ...attendees.map((a) => a.email)];
  if (!people.some((email) => context.colleagues.has(email?.toLowerCase() ?? ''))) return undefined;
  // An occurrence is known by its original start, in whatever zone a calendar shows it.
  const slot = start?.dateTime ? Date.parse(start.dateTime) : (start?.date ?? '');
  const key = digest(iCalUID, slot).slice(0, 40);
  const host = foreign && context.colleagues.get(organizer?.email?.toLowerCase() ?? '')?.userId;
  return { key, own: !foreign, ...(host && { host }) };
}

/** Our marker counts only under the id it was inserted as: a copied event carries it as well. */
const readMarker = (event: Event, context: CodecContext) => ownerOf(event, event.id ?? '', context);

/** Both times are Google's own, but `created` is in whole seconds; a move counts up `sequence` at once. */
function wasEdited({ created, updated, sequence }: Event): boolean {
  if ((sequence ?? 0) > 0) return true;
  return Date.parse(updated ?? '') - Date.parse(created ?? '') >= 1000;
}

function decodeFields(event: Event, context: CodecContext, response: string | undefined): Fields {
  const reminder =
    event.reminders?.useDefault === false ? event.reminders.overrides?.[0] : undefined;
  return {
    subject: textOrNull(event.summary),
    ...decodeTime(event, context),
    place: textOrNull(event.location),
    description: readDescription(event.description),
    participants: decodeParticipants(event, context),
    private: isPrivate(event),
    busy: event.transparency !== 'transparent' && response !== 'declined',
    response: response ?? null,
    conferenceUrl: event.hangoutLink ?? null,
    reminderMinutes: reminder?.minutes ?? null,
  };
}

function decodeTime(event: Event, context: CodecContext): Fields {
  const { start, end } = event;
  if (start?.date && end?.date) {
    // Google's end is the day after the last one; the CRM's is the last day. Events 1.3.
    const last = addDays(end.date, -1);
    return { start: { date: start.date }, end: { date: laterOf(start.date, last) } };
  }
  const moment = (m: calendar_v3.Schema$EventDateTime | undefined): Json =>
    m?.dateTime
      ? (canonicalMoment(
          { dateTime: m.dateTime, ...(m.timeZone ? { timeZone: m.timeZone } : {}) },
          context.timeZone,
        ) as Json)
      : null;
  return { start: moment(start), end: moment(end) };
}

function decodeParticipants(event: Event, context: CodecContext): Json {
  const people = (event.attendees ?? [])
    .filter((a) => !a.self && a.email && !context.self.includes(a.email.toLowerCase()))
    .map((a) => {
      const email = (a.email ?? '').toLowerCase();
      const colleague = context.colleagues.get(email);
      return {
        email,
        ...(a.displayName ? { name: a.displayName } : {}),
        response: a.responseStatus ?? 'needsAction',
        kind: a.resource ? 'resource' : colleague ? 'user' : 'external',
        ...(colleague ? { userId: colleague.userId } : {}),
      };
    });
  people.sort((a, b) => (a.email < b.email ? -1 : 1));
  return people.length === 0 ? null : people;
}

/** ISO dates compare as texts. */
const laterOf = (a: string, b: string) => [a, b].sort()[1] as string;

const textOrNull = (text: string | null | undefined) => (text?.trim() ? text.trim() : null);
