/** From an appointment to what is written into its Google Calendar event. */
import type { calendar_v3 } from '@googleapis/calendar';
import { byKey, type CodecContext, type Patch } from './codec.ts';
import { composeDescription, replaceBlock } from './description.ts';
import { type Event, KEY, momentOf } from './event.ts';
import { type Fields, type Json, sameValue } from './fields.ts';
import { referenceOf } from './link.ts';
import { addDays } from './time.ts';
import { wordOf } from './word.ts';

/** Shown in the CRM block of the description. */
const shown = ['kind', 'status', 'customer', 'contactPersons', 'url'];

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

/** The whole event of a record that is written for the first time, or anew. */
export function insert(
  crmId: string,
  generation: number,
  data: Fields,
  context: CodecContext,
): Event {
  return {
    ...encode(Object.keys(data), data),
    description: composeDescription(data.description, data),
    attendees: attendees(data, {}, context, []),
    extendedProperties: {
      private: {
        [KEY.crmId]: crmId,
        [KEY.generation]: String(generation),
        [KEY.word]: wordOf(data),
      },
      shared: { [KEY.reference]: referenceOf('appointment', crmId) },
    },
  };
}

/** The event in another calendar: all that can be written, with our properties of the new generation. */
export const copy = (raw: Event, crmId: string, generation: number): Event => ({
  ...Object.fromEntries(carried.flatMap((n) => (raw[n] === undefined ? [] : [[n, raw[n]]]))),
  extendedProperties: {
    ...raw.extendedProperties,
    private: {
      ...raw.extendedProperties?.private,
      [KEY.crmId]: crmId,
      [KEY.generation]: String(generation),
    },
  },
});

/** Whether the patch depends on what is in the event now. */
export const needsCurrent = ({ changed, adopted }: Patch): boolean =>
  changed.includes('participants') ||
  changed.includes('response') ||
  // Only the block below the text changes: the text must stay as it is, formatting included.
  (!adopted && !changed.includes('description') && changed.some((name) => shown.includes(name)));

/** What to write of the fields that changed; undefined when Google has all of it already. */
export function patch(
  patch: Patch,
  context: CodecContext,
  current: Event | undefined,
): Event | undefined {
  const { changed, target, before, adopted, word } = patch;
  const body = encode(changed, target);
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
    const there = current?.attendees ?? [];
    const next = attendees(target, before, context, there);
    // Both sides invited the same, or we did and lost the answer: written again it is a change to no one's use.
    if (!sameValue(next as Json, there as Json)) body.attendees = next;
  }
  if (Object.keys(body).length === 0) return undefined;
  // A patch merges objects: the other properties stay.
  if (word !== undefined) body.extendedProperties = { private: { [KEY.word]: word } };
  return body;
}

/** The plain fields, one to one. Description and attendees depend on more than their own value. */
function encode(names: string[], data: Fields): Event {
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
