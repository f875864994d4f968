/** Events as they go over the wire. */
import type { Workspace } from '../workspace.ts';
import type { Attendee, Calendar, EventResource, EventTime, StoredEvent } from './model.ts';
import type { Occurrence } from './recurrence.ts';
import { instanceId, instanceResource, occurrenceStart } from './series.ts';
import { rfc3339 } from './zones.ts';

/** Parameters that shape the answer, not the event. */
export interface View {
  maxAttendees?: number | undefined;
  timeZone?: string | undefined;
}

/** The etag of a change number: a quoted string. */
export function etagOf(changed: number): string {
  return `"${(3_400_000_000_000_000 + changed * 2).toString()}"`;
}

/** A stored event. */
export function presentEvent(workspace: Workspace, record: StoredEvent, view: View = {}): unknown {
  const { id, calendar, resource, exception, changed } = record;
  return present(workspace, calendar, id, etagOf(changed), resource, view, exception ?? undefined);
}

/** An occurrence that has no record of its own; it shares the etag of its series. */
export function presentInstance(
  workspace: Workspace,
  master: StoredEvent,
  occurrence: Occurrence,
  view: View = {},
): unknown {
  const resource = instanceResource(master.resource, master.calendar, occurrence);
  const id = instanceId(master.id, occurrence.suffix);
  const exception = {
    masterId: master.id,
    originalStartTime: occurrenceStart(master.resource, occurrence),
  };
  const etag = etagOf(master.changed);
  return present(workspace, master.calendar, id, etag, resource, view, exception);
}

/**
 * What is left of a deleted event in listings: only id is sure, and for a cancelled exception
 * recurringEventId and originalStartTime ([V] 1.2).
 */
export function tombstone(
  id: string,
  changed: number,
  exception: { masterId: string; originalStartTime: EventTime } | null,
): unknown {
  return {
    kind: 'calendar#event',
    etag: etagOf(changed),
    id,
    status: 'cancelled',
    ...(exception && {
      recurringEventId: exception.masterId,
      originalStartTime: exception.originalStartTime,
    }),
  };
}

function present(
  workspace: Workspace,
  calendar: Calendar,
  id: string,
  etag: string,
  resource: EventResource,
  view: View,
  exception: { masterId: string; originalStartTime: EventTime } | undefined,
): unknown {
  const { attendees, creator, organizer, start, end, ...rest } = resource;
  const self = (email: string) => email.toLowerCase() === calendar.id.toLowerCase();
  const base = workspace.options.publicUrl ?? 'https://www.google.com';
  const eid = Buffer.from(`${id} ${calendar.id}`).toString('base64url');
  return {
    kind: 'calendar#event',
    etag,
    id,
    htmlLink: `${base}/calendar/event?eid=${eid}`,
    ...rest,
    creator: { ...creator, ...(creator.email === calendar.owner && { self: true }) },
    organizer: { ...organizer, ...(self(organizer.email) && { self: true }) },
    start: inZone(start, view.timeZone),
    end: inZone(end, view.timeZone),
    ...(exception && {
      recurringEventId: exception.masterId,
      originalStartTime: inZone(exception.originalStartTime, view.timeZone),
    }),
    ...guests(attendees, organizer.email, calendar, view.maxAttendees),
  };
}

/** [V] 1.4: with maxAttendees only the caller is left, and attendeesOmitted says so. */
function guests(
  attendees: Attendee[] | undefined,
  organizer: string,
  calendar: Calendar,
  max: number | undefined,
): Record<string, unknown> {
  if (!attendees || attendees.length === 0) return {};
  const shown = attendees.map((attendee) => ({
    ...attendee,
    ...(attendee.email.toLowerCase() === organizer.toLowerCase() && { organizer: true }),
    ...(attendee.email.toLowerCase() === calendar.owner && { self: true }),
  }));
  if (max === undefined || shown.length <= max) return { attendees: shown };
  return {
    attendees: shown.filter(({ email }) => email.toLowerCase() === calendar.owner),
    attendeesOmitted: true,
  };
}

function inZone(time: EventTime, zone: string | undefined): EventTime {
  if (!zone || time.dateTime === undefined) return time;
  return { ...time, dateTime: rfc3339(Date.parse(time.dateTime), zone) };
}
