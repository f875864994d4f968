/** Checks what a client sends for an event and brings it into the server's form. */
import { ApiError, invalid } from '../protocol.ts';
import type { Attendee, Calendar, EventTime, Properties } from './model.ts';
import { recurrenceProblem } from './recurrence.ts';
import { isZone, parseDate, rfc3339, wallToUtc } from './zones.ts';

/** Fields that only the server writes; Google ignores them in requests. */
const READ_ONLY = new Set([
  'kind',
  'etag',
  'id',
  'htmlLink',
  'created',
  'updated',
  'creator',
  'organizer',
  'recurringEventId',
  'originalStartTime',
  'iCalUID',
  'hangoutLink',
  'locked',
  'privateCopy',
  'attendeesOmitted',
  'sequence',
  'eventType',
]);

/** The writable fields in the server's form. Null and empty values are left out. */
export function normalizeFields(
  input: Record<string, unknown>,
  calendar: Calendar,
): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(input)) {
    if (READ_ONLY.has(name) || value === null || value === undefined) continue;
    fields[name] = value;
  }
  for (const name of ['summary', 'description', 'location']) {
    if (fields[name] === undefined) continue;
    if (typeof fields[name] !== 'string') throw invalid(`Invalid value for: ${name}`);
    const trimmed = fields[name].trimEnd();
    if (trimmed === '') delete fields[name];
    else fields[name] = trimmed;
  }
  oneOf(fields, 'status', ['confirmed', 'tentative', 'cancelled']);
  oneOf(fields, 'visibility', ['default', 'public', 'private', 'confidential']);
  oneOf(fields, 'transparency', ['opaque', 'transparent']);
  // Google leaves default values out of its answers.
  if (fields.visibility === 'default') delete fields.visibility;
  if (fields.transparency === 'opaque') delete fields.transparency;
  fields.status ??= 'confirmed';
  fields.reminders = normalizeReminders(fields.reminders);
  if (fields.extendedProperties !== undefined) {
    const properties = normalizeProperties(fields.extendedProperties);
    if (properties) fields.extendedProperties = properties;
    else delete fields.extendedProperties;
  }
  if (fields.attendees !== undefined) {
    const attendees = normalizeAttendees(fields.attendees);
    if (attendees.length > 0) fields.attendees = attendees;
    else delete fields.attendees;
  }
  normalizeTimes(fields, calendar);
  return fields;
}

function oneOf(fields: Record<string, unknown>, name: string, values: string[]): void {
  const value = fields[name];
  if (value !== undefined && !values.includes(value as string)) {
    throw invalid(`Invalid value for: ${String(value)} is not a valid value`, name);
  }
}

function normalizeTimes(fields: Record<string, unknown>, calendar: Calendar): void {
  const { recurrence } = fields;
  let recurring = false;
  if (recurrence !== undefined) {
    if (!Array.isArray(recurrence)) throw invalid('Invalid value for: recurrence');
    // [V] 1.2: RRULE, EXRULE, RDATE and EXDATE lines; DTSTART and DTEND are not allowed.
    const problem = recurrenceProblem(recurrence);
    if (problem) throw invalid(problem, 'recurrence');
    recurring = recurrence.length > 0;
    if (!recurring) delete fields.recurrence;
  }
  const start = normalizeTime(fields.start, 'start', calendar, recurring);
  const end = normalizeTime(fields.end, 'end', calendar, recurring);
  if ((start.date === undefined) !== (end.date === undefined)) {
    throw invalid('Start and end times must either both be date or both be dateTime.');
  }
  // [V] 1.3: start inclusive, end exclusive, so an all-day event ends on a later date.
  const empty =
    start.date !== undefined
      ? parseDate(end.date) <= parseDate(start.date)
      : Date.parse(end.dateTime as string) < Date.parse(start.dateTime as string);
  if (empty) {
    throw new ApiError(400, 'timeRangeEmpty', 'The specified time range is empty.', {
      domain: 'calendar',
      location: 'timeMax',
    });
  }
  fields.start = start;
  fields.end = end;
}

const DATE_TIME =
  /^(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?$/;

function normalizeTime(
  value: unknown,
  name: 'start' | 'end',
  calendar: Calendar,
  recurring: boolean,
): EventTime {
  const missing = () => new ApiError(400, 'required', `Missing ${name} time.`);
  if (value === undefined || value === null || typeof value !== 'object') throw missing();
  const { date, dateTime, timeZone } = value as Record<string, unknown>;
  const hasDate = date !== undefined && date !== null;
  const hasDateTime = dateTime !== undefined && dateTime !== null;
  if (!hasDate && !hasDateTime) throw missing();
  if (hasDate && hasDateTime) throw invalid(`Invalid ${name} time.`);
  if (timeZone !== undefined && timeZone !== null && !isZone(timeZone)) {
    throw invalid(`Invalid time zone definition for ${name} time.`);
  }
  if (hasDate) {
    if (Number.isNaN(parseDate(date))) throw invalid(`Invalid ${name} time.`);
    return { date: date as string };
  }
  const match = typeof dateTime === 'string' ? DATE_TIME.exec(dateTime) : null;
  const day = parseDate(match?.[1]);
  if (!match || Number.isNaN(day)) throw invalid(`Invalid ${name} time.`);
  const [, , hours, minutes, seconds = '0', offset] = match;
  const wall = day + (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  // [V] 1.3: a dateTime needs an offset unless timeZone is given, which a series needs anyway.
  const zone = typeof timeZone === 'string' ? timeZone : undefined;
  if (!zone && (!offset || recurring)) {
    throw new ApiError(400, 'required', `Missing time zone definition for ${name} time.`);
  }
  const own = zone ?? calendar.timeZone;
  const utc = offset ? wall - offsetMs(offset) : wallToUtc(own, wall);
  return { dateTime: rfc3339(utc, own), timeZone: own };
}

function offsetMs(offset: string): number {
  if (/^z$/i.test(offset)) return 0;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000;
}

function normalizeReminders(value: unknown): unknown {
  if (value === undefined) return { useDefault: true };
  const { useDefault, overrides } = value as { useDefault?: boolean; overrides?: unknown };
  const list = Array.isArray(overrides) ? overrides : [];
  if (useDefault && list.length > 0) {
    throw new ApiError(
      400,
      'cannotUseDefaultRemindersAndSpecifyOverride',
      'Cannot specify both default reminders and overrides at the same time.',
      { domain: 'calendar' },
    );
  }
  if (list.length > 5) throw invalid('Too many reminder overrides.');
  for (const reminder of list as { method?: string; minutes?: number }[]) {
    const minutes = reminder.minutes ?? -1;
    if (!['email', 'popup'].includes(reminder.method ?? '') || minutes < 0 || minutes > 40_320) {
      throw invalid('Invalid reminder override.');
    }
  }
  return { useDefault: Boolean(useDefault), ...(list.length > 0 && { overrides: list }) };
}

/** [V] 1.5: long keys are dropped and long values cut without a word. */
function normalizeProperties(
  value: unknown,
): { private?: Properties; shared?: Properties } | undefined {
  if (typeof value !== 'object' || value === null) {
    throw invalid('Invalid value for: extendedProperties');
  }
  const result: { private?: Properties; shared?: Properties } = {};
  let number = 0;
  let bytes = 0;
  for (const side of ['private', 'shared'] as const) {
    const given = (value as Record<string, unknown>)[side];
    if (given === undefined || given === null) continue;
    const kept: Properties = {};
    for (const [key, raw] of Object.entries(given as Record<string, unknown>)) {
      if (raw === null) continue;
      if (typeof raw !== 'string') throw invalid(`Invalid value for: extendedProperties.${side}`);
      if (key.length > 44) continue;
      kept[key] = raw.slice(0, 1024);
      number += 1;
      bytes += Buffer.byteLength(key) + Buffer.byteLength(kept[key] as string);
    }
    if (Object.keys(kept).length > 0) result[side] = kept;
  }
  // [V] 1.5: 300 properties and 32 kB in all.
  if (number > 300 || bytes > 32_768) throw invalid('Extended properties limit exceeded.');
  return number > 0 ? result : undefined;
}

const RESPONSES = ['needsAction', 'declined', 'tentative', 'accepted'];

function normalizeAttendees(value: unknown): Attendee[] {
  if (!Array.isArray(value)) throw invalid('Invalid value for: attendees');
  const seen = new Set<string>();
  const list: Attendee[] = [];
  for (const raw of value) {
    const { self: _, organizer: __, ...attendee } = (raw ?? {}) as Record<string, unknown>;
    const { email } = attendee;
    if (typeof email !== 'string' || !/^[^@\s]+@[^@\s]+$/.test(email)) {
      throw invalid('Invalid attendee email.');
    }
    const responseStatus = (attendee.responseStatus as string | undefined) ?? 'needsAction';
    if (!RESPONSES.includes(responseStatus)) throw invalid('Invalid value for: responseStatus');
    if (seen.has(email.toLowerCase())) continue;
    seen.add(email.toLowerCase());
    list.push({ ...attendee, email, responseStatus });
  }
  return list;
}
