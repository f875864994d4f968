/**
 * Zone arithmetic on values, through Intl's own tables. Canonical form of a timed moment:
 * `{dateTime: '2026-11-24T09:00:00+01:00', timeZone: 'Europe/Zurich'}`: the wall time in its zone, with
 * the offset, so that an hour that happens twice in autumn stays unambiguous.
 */
import type { Moment } from './messages.ts';

/** A day of 24 hours, in ms; days in a zone may have 23 or 25. */
export const DAY_MS = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(timeZone: string): Intl.DateTimeFormat {
  let found = formats.get(timeZone);
  if (!found) {
    found = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(timeZone, found);
  }
  return found;
}

/** The zone's offset from UTC at an instant (ms since the epoch), in ms; east is positive. */
export function offsetAt(timeZone: string, instant: number): number {
  const parts: { [type: string]: number } = {};
  for (const { type, value } of format(timeZone).formatToParts(instant))
    parts[type] = Number(value);
  const wall = Date.UTC(
    parts.year ?? 0,
    (parts.month ?? 1) - 1,
    parts.day,
    parts.hour,
    parts.minute,
    parts.second,
  );
  return wall - Math.floor(instant / 1000) * 1000;
}

/**
 * The instant of a wall time (given as if it were UTC, in ms) in a zone. A time that the clocks skip
 * in spring moves forward by the gap; of one that happens twice in autumn the first is meant.
 */
export function wallToInstant(timeZone: string, wall: number): number {
  const before = offsetAt(timeZone, wall - DAY_MS);
  const after = offsetAt(timeZone, wall + DAY_MS);
  for (const offset of [before, after]) {
    if (offsetAt(timeZone, wall - offset) === offset) return wall - offset;
  }
  return wall - before;
}

/** `2026-11-24T09:00:00+01:00` for an instant in a zone (whole seconds). */
export function isoInZone(timeZone: string, instant: number): string {
  const offset = offsetAt(timeZone, instant);
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const two = (n: number) => String(n).padStart(2, '0');
  const sign = offset < 0 ? '-' : '+';
  const local = new Date(instant + offset).toISOString().slice(0, 19);
  return `${local}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Brings a moment into canonical form; a timed one without a zone is in `defaultZone`. */
export function canonicalMoment(moment: Moment, defaultZone: string): Moment {
  if ('date' in moment) return { date: moment.date };
  const timeZone = moment.timeZone ?? defaultZone;
  const hasOffset = /(Z|[+-]\d{2}:\d{2})$/.test(moment.dateTime);
  const instant = hasOffset
    ? Date.parse(moment.dateTime)
    : wallToInstant(timeZone, Date.parse(`${moment.dateTime}Z`));
  return { dateTime: isoInZone(timeZone, instant), timeZone };
}

/** The instant of a moment, ms since the epoch; an all-day date counts from midnight in the zone. */
export function instantOf(moment: Moment, defaultZone: string): number {
  if ('date' in moment) return wallToInstant(defaultZone, Date.parse(`${moment.date}T00:00:00Z`));
  return Date.parse((canonicalMoment(moment, defaultZone) as { dateTime: string }).dateTime);
}

/** Adds days to a `YYYY-MM-DD` date. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}
