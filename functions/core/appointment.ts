/**
 * Appointments: the CRM's contact history entries and Google Calendar events.
 * Resource: https://developers.google.com/workspace/calendar/api/v3/reference/events
 */
import type { calendar_v3 } from '@googleapis/calendar';
import {
  byKey,
  type Codec,
  type CodecContext,
  type FieldSpec,
  type Observed,
  type Patch,
} from './codec.ts';
import { composeDescription, readDescription, replaceBlock } from './description.ts';
import type { Fields, Json } from './fields.ts';
import { digest } from './link.ts';
import type { Moment } from './messages.ts';
import { addDays, canonicalMoment, instantOf } from './time.ts';

type Event = calendar_v3.Schema$Event;

const fields = {
  subject: { flow: 'both', hidden: true },
  kind: { flow: 'crm' },
  status: { flow: 'crm' },
  start: { flow: 'both', group: 'time' },
  end: { flow: 'both', group: 'time' },
  place: { flow: 'both', hidden: true },
  description: { flow: 'both', hidden: true },
  customer: { flow: 'crm' },
  contactPersons: { flow: 'crm' },
  participants: { flow: 'both', hidden: true, listKey: 'email' },
  url: { flow: 'crm' },
  private: { flow: 'both', initial: false },
  busy: { flow: 'both', initial: true },
  response: { flow: 'both', own: true, personal: true },
  conferenceUrl: { flow: 'google', hidden: true },
  reminderMinutes: { flow: 'both', own: true },
} as const satisfies { [name: string]: FieldSpec };

/** Shown in the CRM block of the description. */
const shown = ['kind', 'status', 'customer', 'contactPersons', 'url'];

/** Event types that reach the CRM: the others (birthday, fromGmail, workingLocation) are left alone. */
const blocks = ['outOfOffice', 'focusTime'];

/** What a copy in another calendar takes along: all that can be written, but no conference. */
const carried = [
  'summary',
  'location',
  'description',
  'start',
  'end',
  'visibility',
  'transparency',
  'attendees',
  'reminders',
  'colorId',
  'attachments',
  'source',
  'guestsCanModify',
  'guestsCanInviteOthers',
  'guestsCanSeeOtherGuests',
] as const satisfies (keyof Event)[];

export function isSyncedType(event: Event): boolean {
  const type = event.eventType ?? 'default';
  return type === 'default' || blocks.includes(type);
}

/** Keys of our extended properties; Google drops keys over 44 characters in silence. */
const KEY = { crmId: 'crmId', generation: 'crmGeneration', reference: 'crmReference' };

export const appointmentCodec: Codec<Event> = {
  record: 'appointment',
  fields,
  canonical,
  absent: (data) => data.status === 'cancelled',
  missing: (data) =>
    ['start', 'end'].filter((name) => data[name] === undefined || data[name] === null),
  period(data, context) {
    const [start, end] = [momentOf(data.start), momentOf(data.end)];
    if (!start || !end) return undefined;
    return {
      from: instantOf(start, context.timeZone),
      // The last day is included, and has 23 or 25 hours where clocks change.
      to: instantOf('date' in end ? { date: addDays(end.date, 1) } : end, context.timeZone),
    };
  },
  occupies(data, context) {
    // An answer does not count: until it is at Google, and in an event of one's own, the time is taken.
    const free = appointmentCodec.absent(data) || data.busy === false;
    return free ? undefined : appointmentCodec.period(data, context);
  },
  emailsOf({ fields: data, raw }) {
    const listed = [...byKey(data?.participants, 'email').keys()];
    const guests = (raw?.attendees ?? []).map((a) => a.email ?? '');
    const organizer = raw?.organizer && !raw.organizer.self ? [raw.organizer.email ?? ''] : [];
    return [...listed, ...guests, ...organizer].filter(Boolean).map((e) => e.toLowerCase());
  },
  decode,
  idOf: (event) => event.id ?? '',
  googleId: (userId, crmId, generation) => `crm${digest(userId, crmId, generation).slice(0, 40)}`,
  insert(crmId, generation, data, context) {
    return {
      ...encode(Object.keys(data), data, context),
      description: composeDescription(data.description, data),
      attendees: attendees(data, {}, context, []),
      extendedProperties: {
        private: { [KEY.crmId]: crmId, [KEY.generation]: String(generation) },
        shared: { [KEY.reference]: digest('appointment', crmId).slice(0, 32) },
      },
    };
  },
  copy: (raw, crmId, generation) => ({
    ...Object.fromEntries(carried.flatMap((n) => (raw[n] === undefined ? [] : [[n, raw[n]]]))),
    extendedProperties: {
      ...raw.extendedProperties,
      private: {
        ...raw.extendedProperties?.private,
        [KEY.crmId]: crmId,
        [KEY.generation]: String(generation),
      },
    },
  }),
  problem: ({ recurrence }, { member }) =>
    member || (Array.isArray(recurrence) && recurrence.length > 0)
      ? {
          reason: 'recurrenceOff',
          detail:
            'this installation knows no series: send each occurrence as an appointment of its own, or ask the admin for RECURRENCE=series',
        }
      : undefined,
  needsCurrent: ({ changed, adopted }) =>
    changed.includes('participants') ||
    changed.includes('response') ||
    // Only the block below the text changes: the text must stay as it is, formatting included.
    (!adopted && !changed.includes('description') && changed.some((name) => shown.includes(name))),
  patch,
};

function canonical(data: Fields, context: CodecContext): Fields {
  const result: Fields = { ...data };
  for (const name of ['start', 'end']) {
    const moment = momentOf(data[name]);
    if (moment) result[name] = canonicalMoment(moment, context.timeZone) as Json;
  }
  for (const name of ['subject', 'place', 'description'] as const) {
    const value = data[name];
    if (typeof value === 'string') result[name] = value.trim() === '' ? null : value.trim();
  }
  for (const name of ['private', 'busy'] as const) {
    if (data[name] === null) result[name] = fields[name].initial;
  }
  if (data.participants !== undefined) {
    const people = [...byKey(data.participants, 'email').values()].filter(
      (person) => !context.self.includes(String(person.email)),
    );
    people.sort((a, b) => (String(a.email) < String(b.email) ? -1 : 1));
    result.participants = people.length === 0 ? null : people;
  }
  return result;
}

function decode(event: Event, context: CodecContext): Observed {
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

/** The record that the event's properties name, if the id is the one that it was inserted as. */
export function ownerOf(event: Event, googleId: string, context: CodecContext): Observed['marker'] {
  const crmId = event.extendedProperties?.private?.[KEY.crmId];
  const generation = Number(event.extendedProperties?.private?.[KEY.generation]);
  if (!crmId || !Number.isInteger(generation)) return undefined;
  if (appointmentCodec.googleId(context.userId, crmId, generation) !== googleId) return undefined;
  return { crmId, generation };
}

/** Both times are Google's own, but `created` is in whole seconds; a move counts up `sequence` at once. */
function wasEdited({ created, updated, sequence }: Event): boolean {
  if ((sequence ?? 0) > 0) return true;
  return Date.parse(updated ?? '') - Date.parse(created ?? '') >= 1000;
}

const isPrivate = (event: Event) =>
  event.visibility === 'private' || event.visibility === 'confidential';

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

function patch(patch: Patch, context: CodecContext, current: Event | undefined): Event | undefined {
  const { changed, target, before, adopted } = patch;
  const body = encode(changed, target, context);
  if (changed.includes('description')) {
    body.description = adopted
      ? String(target.description ?? '')
      : composeDescription(target.description, target);
  } else if (!adopted && changed.some((name) => shown.includes(name))) {
    const shows = current?.description ?? '';
    const next = replaceBlock(shows, target);
    if (next !== shows) body.description = next;
  }
  if (changed.includes('participants') || changed.includes('response')) {
    body.attendees = attendees(target, before, context, current?.attendees ?? []);
  }
  return Object.keys(body).length === 0 ? undefined : body;
}

/** The plain fields, one to one. Description and attendees depend on more than their own value. */
function encode(names: string[], data: Fields, _context: CodecContext): Event {
  const body: Event = {};
  for (const name of names) {
    const value = data[name];
    if (name === 'subject') body.summary = String(value ?? '');
    else if (name === 'place') body.location = String(value ?? '');
    else if (name === 'private') body.visibility = value === true ? 'private' : 'default';
    else if (name === 'busy') body.transparency = value === false ? 'transparent' : 'opaque';
    else if (name === 'reminderMinutes') body.reminders = encodeReminder(value);
    else if (name === 'start' || name === 'end') {
      // Both, always: a patch of one could otherwise mix a date with a dateTime.
      body.start = encodeMoment(data.start, 0);
      body.end = encodeMoment(data.end, 1);
    }
  }
  return body;
}

function encodeReminder(value: Json | undefined): NonNullable<Event['reminders']> {
  // The empty list too: a patch merges objects, and Google refuses both at once.
  if (typeof value !== 'number') return { useDefault: true, overrides: [] };
  return { useDefault: false, overrides: [{ method: 'popup', minutes: value }] };
}

/** The other form is nulled: a patch merges objects, and a moment must not have both. */
function encodeMoment(
  value: Json | undefined,
  daysAfter: number,
): calendar_v3.Schema$EventDateTime {
  const moment = momentOf(value);
  if (!moment) return {};
  if ('date' in moment) {
    return { date: addDays(moment.date, daysAfter), dateTime: null, timeZone: null };
  }
  return { dateTime: moment.dateTime, timeZone: moment.timeZone ?? null, date: null };
}

/**
 * The guest list to write: everybody who is there stays as Google has him or her; invited are
 * colleagues (others only by setting); removed is who was the CRM's participant and no longer is.
 */
function attendees(
  target: Fields,
  before: Fields,
  context: CodecContext,
  current: calendar_v3.Schema$EventAttendee[],
): calendar_v3.Schema$EventAttendee[] {
  const wanted = byKey(target.participants, 'email');
  const ours = byKey(before.participants, 'email');
  const there = new Set(current.map((a) => a.email?.toLowerCase() ?? ''));
  const kept = current.filter((a) => {
    const email = a.email?.toLowerCase() ?? '';
    return a.self || wanted.has(email) || !ours.has(email);
  });
  const added = [...wanted.values()].filter((person) => {
    const email = String(person.email);
    return !there.has(email) && (context.inviteExternal || context.colleagues.has(email));
  });
  return [
    ...kept.map((a) =>
      a.self && typeof target.response === 'string' ? { ...a, responseStatus: target.response } : a,
    ),
    ...added.map((person) => ({
      email: String(person.email),
      ...(typeof person.name === 'string' ? { displayName: person.name } : {}),
    })),
  ];
}

/** ISO dates compare as texts. */
const laterOf = (a: string, b: string) => [a, b].sort()[1] as string;

const textOrNull = (text: string | null | undefined) => (text?.trim() ? text.trim() : null);

/** The value as a moment; undefined when it is none. */
function momentOf(value: Json | undefined): Moment | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  return 'date' in value || 'dateTime' in value ? (value as unknown as Moment) : undefined;
}
