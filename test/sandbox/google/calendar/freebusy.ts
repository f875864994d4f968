/** freebusy.query (google-contracts 1.7). */
import { type Answer, ApiError, type AuthorizedCall, invalid } from '../protocol.ts';
import { attendeeOf } from './guests.ts';
import type { Calendar, EventResource } from './model.ts';
import { readJson } from './request.ts';
import { regularOccurrences, spanOf } from './series.ts';
import { isZone, rfc3339 } from './zones.ts';

interface Period {
  start: number;
  end: number;
}

const MOST_MS = 90 * 86_400_000;
/** Of no organisation: strangers. */
const PERSONAL = ['gmail.com', 'googlemail.com'];

/** [I] RFC 3339 with an offset, or a bare 400: googleapis/google-api-nodejs-client#3145 */
function instant(value: unknown): number {
  if (value === undefined) throw new ApiError(400, 'required', 'Required');
  const ms = Date.parse(String(value));
  if (Number.isNaN(ms) || !/(Z|[+-]\d\d:\d\d)$/.test(String(value)))
    throw new ApiError(400, 'badRequest', 'Bad Request');
  return ms;
}

/** POST /freeBusy. */
export function freeBusy(call: AuthorizedCall): Answer {
  const store = call.workspace.calendars;
  const { timeMin, timeMax, timeZone, items, calendarExpansionMax } = readJson(call);
  const from = instant(timeMin);
  const to = instant(timeMax);
  if (to <= from) {
    throw new ApiError(400, 'timeRangeEmpty', 'The specified time range is empty.', {
      domain: 'calendar',
    });
  }
  // [I] About 90 days: https://github.com/calcom/cal.diy/pull/11962
  if (to - from > MOST_MS) {
    throw new ApiError(400, 'timeRangeTooLong', 'The requested time range is too long.', {
      domain: 'calendar',
    });
  }
  // [V] The zone of the answer is UTC by default.
  const zone = timeZone ?? 'UTC';
  if (!isZone(zone)) throw invalid('Invalid time zone.', 'timeZone');
  const list = (Array.isArray(items) ? items : []) as { id?: unknown }[];
  // [V] At most 50 calendars.
  const max = Math.min(Number(calendarExpansionMax ?? 50), 50);
  if (list.length > max) {
    throw new ApiError(400, 'tooManyCalendarsRequested', 'Too many calendars requested.', {
      domain: 'calendar',
    });
  }
  const calendars: Record<string, unknown> = {};
  for (const { id } of list) {
    const name = String(id);
    const calendar =
      name === 'primary' ? store.primary(call.identity.email) : store.find(name.toLowerCase());
    // [V] Errors are per calendar in the answer.
    calendars[name] =
      calendar && visible(calendar, call.identity.email)
        ? {
            busy: busyPeriods(calendar, from, to).map(({ start, end }) => ({
              start: rfc3339(start, zone),
              end: rfc3339(end, zone),
            })),
          }
        : { errors: [{ domain: 'global', reason: 'notFound' }], busy: [] };
  }
  return {
    status: 200,
    json: {
      kind: 'calendar#freeBusy',
      timeMin: new Date(from).toISOString(),
      timeMax: new Date(to).toISOString(),
      calendars,
    },
  };
}

/** Colleagues of one domain see each other's primary calendars as free or busy, unless one is hidden. */
function visible(calendar: Calendar, email: string): boolean {
  if (calendar.owner === email) return true;
  const domain = calendar.owner.split('@')[1] ?? '';
  if (!calendar.primary || calendar.hidden || PERSONAL.includes(domain)) return false;
  return domain === email.split('@')[1];
}

function busyPeriods(calendar: Calendar, from: number, to: number): Period[] {
  const busy: Period[] = [];
  const add = (start: number, end: number) => {
    if (end > from && start < to)
      busy.push({ start: Math.max(start, from), end: Math.min(end, to) });
  };
  for (const record of calendar.events.values()) {
    const { resource } = record;
    if (!isBusy(resource, calendar)) continue;
    const { start, end } = spanOf(resource, calendar);
    if (!resource.recurrence) {
      add(start, end);
      continue;
    }
    for (const { utc } of regularOccurrences(record, to)) add(utc, utc + end - start);
  }
  busy.sort((a, b) => a.start - b.start);
  const merged: Period[] = [];
  for (const period of busy) {
    const last = merged.at(-1);
    if (last && period.start <= last.end) last.end = Math.max(last.end, period.end);
    else merged.push({ ...period });
  }
  return merged;
}

function isBusy(resource: EventResource, calendar: Calendar): boolean {
  if (resource.status === 'cancelled' || resource.transparency === 'transparent') return false;
  return attendeeOf(resource, calendar.owner)?.responseStatus !== 'declined';
}
