/** Occurrences of stored series, spans of events, and the resources of single occurrences. */
import type { Calendar, EventResource, EventTime, StoredEvent } from './model.ts';
import { type Occurrence, occurrences, type Series, suffixOf } from './recurrence.ts';
import { dateText, parseDate, rfc3339, utcToWall, wallToUtc } from './zones.ts';

/** The instant of a start or end; dates begin at midnight of the calendar's zone. */
export function instantOf(time: EventTime, calendar: Calendar): number {
  if (time.date !== undefined) return wallToUtc(calendar.timeZone, parseDate(time.date));
  return Date.parse(time.dateTime as string);
}

/** First and last instant of an event (of a series: of its first occurrence). */
export function spanOf(
  resource: EventResource,
  calendar: Calendar,
): { start: number; end: number } {
  return {
    start: instantOf(resource.start, calendar),
    end: instantOf(resource.end, calendar),
  };
}

function seriesOf(resource: EventResource, calendar: Calendar): Series {
  const { start } = resource;
  if (start.date !== undefined) {
    const zone = calendar.timeZone;
    return { start: parseDate(start.date), allDay: true, zone, lines: resource.recurrence ?? [] };
  }
  const zone = start.timeZone ?? calendar.timeZone;
  const wall = utcToWall(zone, Date.parse(start.dateTime as string));
  return { start: wall, allDay: false, zone, lines: resource.recurrence ?? [] };
}

/** Resources are never changed in place, so what was expanded stays true. */
const expanded = new WeakMap<EventResource, { until: number; zone: string; list: Occurrence[] }>();

/** Starts of a series up to an instant. */
export function occurrencesOf(
  resource: EventResource,
  calendar: Calendar,
  until: number,
): Occurrence[] {
  let cached = expanded.get(resource);
  if (!cached || cached.until < until || cached.zone !== calendar.timeZone) {
    const list = occurrences(seriesOf(resource, calendar), until);
    cached = { until, zone: calendar.timeZone, list };
    expanded.set(resource, cached);
  }
  if (cached.until === until) return cached.list;
  return cached.list.filter((occurrence) => occurrence.utc <= until);
}

/** The occurrence that an instance id names, if the series has it. */
export function occurrenceAt(
  resource: EventResource,
  calendar: Calendar,
  suffix: string,
): Occurrence | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z)?$/.exec(suffix);
  if (!match) return undefined;
  const [, year, month, day, hours = '23', minutes = '59', seconds = '59'] = match;
  const at = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  if (Number.isNaN(at)) return undefined;
  // A day more: a date begins later than UTC's in western zones.
  const until = at + 86_400_000;
  return occurrencesOf(resource, calendar, until).find((one) => one.suffix === suffix);
}

/** How far an endless series is expanded when the caller sets no end: two years. */
export function horizonOf(resource: EventResource, calendar: Calendar, now: number): number {
  return Math.max(now, spanOf(resource, calendar).start) + 2 * 366 * 86_400_000;
}

/** Start of an occurrence in the form of the series' start. */
export function occurrenceStart(resource: EventResource, occurrence: Occurrence): EventTime {
  const { start } = resource;
  if (start.date !== undefined) return { date: dateText(occurrence.wall) };
  const timeZone = start.timeZone as string;
  return { dateTime: rfc3339(occurrence.utc, timeZone), timeZone };
}

/** The resource of one occurrence, as its series has it. */
export function instanceResource(
  master: EventResource,
  calendar: Calendar,
  occurrence: Occurrence,
): EventResource {
  const { recurrence: _, ...rest } = master;
  const start = occurrenceStart(master, occurrence);
  if (master.start.date !== undefined) {
    const length = parseDate(master.end.date) - parseDate(master.start.date);
    return { ...rest, start, end: { date: dateText(occurrence.wall + length) } };
  }
  const span = spanOf(master, calendar);
  const timeZone = master.end.timeZone as string;
  const end = { dateTime: rfc3339(occurrence.utc + span.end - span.start, timeZone), timeZone };
  return { ...rest, start, end };
}

/** Suffix of the id that belongs to an original start. */
export function suffixOfStart(time: EventTime): string {
  if (time.date !== undefined) return suffixOf(parseDate(time.date), true);
  return suffixOf(Date.parse(time.dateTime as string), false);
}

/** Id of an instance. */
export function instanceId(masterId: string, suffix: string): string {
  return `${masterId}_${suffix}`;
}

/** Splits an instance id; null for the ids of other events. */
export function splitInstanceId(id: string): { masterId: string; suffix: string } | null {
  const match = /^(.+)_(\d{8}(?:T\d{6}Z)?)$/.exec(id);
  return match ? { masterId: match[1] as string, suffix: match[2] as string } : null;
}

/** Occurrences of a series that have no exception of their own. */
export function regularOccurrences(record: StoredEvent, until: number): Occurrence[] {
  return occurrencesOf(record.resource, record.calendar, until).filter(
    ({ suffix }) => !record.calendar.events.has(instanceId(record.id, suffix)),
  );
}
