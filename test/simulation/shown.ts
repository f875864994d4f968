/**
 * What a calendar shows: single events, exceptions, and the occurrences that exist only through their
 * series. People pick among these, and in occurrences mode each of them is a record of the CRM.
 */
import type { Calendar, StoredEvent } from '../sandbox/google/calendar/model.ts';
import {
  instanceId,
  instanceResource,
  regularOccurrences,
  suffixOfStart,
} from '../sandbox/google/calendar/series.ts';
import type { Raw } from './history.ts';

export interface Shown {
  id: string;
  /** As it is stored, without an id. */
  resource: Raw;
  /** Number of the change that gave it its etag. */
  changed: number;
  /** The event or series that stands behind it. */
  record: StoredEvent;
  /** Of an occurrence: the series' id and the place in it. */
  series?: string;
  slot?: string;
}

/** The series that an occurrence's id names. */
export const seriesIn = (id: string): string | undefined =>
  /^(.+)_\d{8}(?:T\d{6}Z)?$/.exec(id)?.[1];

/** An occurrence's place in its series. */
export const slotIn = (id: string): string | undefined => /_(\d{8}(?:T\d{6}Z)?)$/.exec(id)?.[1];

/** Longer than any series that people make here. */
const HORIZON = Date.UTC(2028, 0, 1);

/** Everything that takes place, in the order in which it was made. */
export function shownIn(calendar: Calendar): Shown[] {
  const list: Shown[] = [];
  for (const record of calendar.events.values()) {
    const { id, resource, changed, exception } = record;
    if (resource.status === 'cancelled' || resource.eventType !== 'default') continue;
    if (resource.recurrence) {
      list.push(...regular(record));
      continue;
    }
    const place = exception && {
      series: exception.masterId,
      slot: suffixOfStart(exception.originalStartTime),
    };
    list.push({ id, resource: resource as Raw, changed, record, ...place });
  }
  return list;
}

/** A series is changed by replacing its resource, so what it shows can be kept with that. */
const expanded = new WeakMap<object, Map<string, Raw>>();

function regular(record: StoredEvent): Shown[] {
  const { resource, changed, calendar } = record;
  const known = expanded.get(resource) ?? new Map<string, Raw>();
  expanded.set(resource, known);
  return regularOccurrences(record, HORIZON).map((occurrence) => {
    const slot = occurrence.suffix;
    const shown = known.get(slot) ?? (instanceResource(resource, calendar, occurrence) as Raw);
    known.set(slot, shown);
    const id = instanceId(record.id, slot);
    return { id, resource: shown, changed, record, series: record.id, slot };
  });
}
