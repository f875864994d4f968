/** What the calendar of a CRM that knows series shows: single appointments and each occurrence. */
import { type Occurrence, occurrences } from '../sandbox/google/calendar/recurrence.ts';
import { dateText, parseDate, rfc3339, utcToWall } from '../sandbox/google/calendar/zones.ts';
import type { Raw } from './history.ts';

export interface CrmItem {
  /** The record that says what it is: its own, or the series'. */
  record: Raw;
  /** With the time of the occurrence. */
  data: Raw;
  /** Of an occurrence: the series, and the original start as in Google's ids. */
  series?: Raw;
  slot?: string;
}

const HORIZON = Date.UTC(2028, 0, 1);

/** Everything of a user's records that takes place. `zone` is where series without one recur. */
export function crmShown(records: readonly Raw[], zone: string): CrmItem[] {
  const live = records.filter((r) => !r.deleted && r.data.status !== 'cancelled');
  return live.flatMap((record): CrmItem[] => {
    if (isSeries(record)) return regular(record, records, zone);
    const { data, occurrence } = record;
    if (!occurrence) return [{ record, data }];
    // Restored under another number, it has two by which it may be called.
    const named = records.filter((r) => isNamed(r, occurrence.series));
    const series = named.find((r) => !r.deleted) ?? named[0];
    return [{ record, data, slot: slotOf(occurrence.originalStart), ...(series && { series }) }];
  });
}

export const isSeries = ({ data }: Raw) =>
  Array.isArray(data.recurrence) && data.recurrence.length > 0;

/** Whether the record is the series that an occurrence names. */
export const isNamed = ({ crmId, googleId }: Raw, name: Raw) =>
  name.crmId === crmId || (googleId !== undefined && name.googleId === googleId);

/** `20261201` or `20261201T080000Z`. */
export function slotOf({ date, dateTime }: Raw): string {
  if (date !== undefined) return date.replaceAll('-', '');
  return `${new Date(dateTime).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/** Occurrences that have no record of their own and are not left out. */
function regular(series: Raw, records: readonly Raw[], zone: string): CrmItem[] {
  const parts = records.filter((r) => r.occurrence && isNamed(series, r.occurrence.series));
  const own = parts.filter(
    (r) => !r.deleted || (r.deletedBy === 'crm' && r.wentWith === undefined),
  );
  const taken = new Set([
    ...own.map((r) => slotOf(r.occurrence.originalStart)),
    ...(series.cancelled ?? []).map(slotOf),
  ]);
  return expand(series.data, zone)
    .filter(({ suffix }) => !taken.has(suffix))
    .map((one) => ({ record: series, data: dataAt(series.data, one), series, slot: one.suffix }));
}

function expand({ start, recurrence }: Raw, zone: string): Occurrence[] {
  const own = start.timeZone ?? zone;
  const wall =
    start.date === undefined ? utcToWall(own, Date.parse(start.dateTime)) : parseDate(start.date);
  const allDay = start.date !== undefined;
  return occurrences({ start: wall, allDay, zone: own, lines: recurrence }, HORIZON);
}

/** What a series says of one occurrence: the length is the series'. */
function dataAt({ recurrence: _, ...data }: Raw, { wall, utc }: Occurrence): Raw {
  const { start, end } = data;
  if (start.date !== undefined) {
    const length = parseDate(end.date) - parseDate(start.date);
    return { ...data, start: { date: dateText(wall) }, end: { date: dateText(wall + length) } };
  }
  const at = (like: Raw, instant: number) => ({
    ...like,
    dateTime: rfc3339(instant, like.timeZone ?? 'UTC'),
  });
  const length = Date.parse(end.dateTime) - Date.parse(start.dateTime);
  return { ...data, start: at(start, utc), end: at(end, utc + length) };
}
