/** Appointments: the CRM's contact history entries and Google Calendar events, field by field. */
import { byKey, type Codec, type CodecContext, type FieldSpec } from './codec.ts';
import { type Event, eventId, momentOf, seriesOf } from './event.ts';
import { decode } from './event-decode.ts';
import { copy, insert, needsCurrent, patch } from './event-encode.ts';
import type { Fields, Json } from './fields.ts';
import { addDays, canonicalMoment, instantOf } from './time.ts';

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
  // A stricter visibility of one occurrence is the whole series' (Event.visibility).
  private: { flow: 'both', initial: false, ofGroup: true },
  busy: { flow: 'both', initial: true },
  response: { flow: 'both', own: true, personal: true },
  conferenceUrl: { flow: 'google', hidden: true },
  reminderMinutes: { flow: 'both', own: true },
} as const satisfies { [name: string]: FieldSpec };

/** Appointments as Google Calendar events, both ways. */
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
  googleId: eventId,
  problem: ({ recurrence }, { member }) =>
    member || (Array.isArray(recurrence) && recurrence.length > 0)
      ? {
          reason: 'recurrenceOff',
          detail:
            'this installation knows no series: send each occurrence as an appointment of its own, or ask the admin for RECURRENCE=series',
        }
      : undefined,
  groupOf: seriesOf,
  insert,
  copy,
  needsCurrent,
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
