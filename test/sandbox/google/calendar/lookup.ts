/** Finds the event that an id names, and checks the etag of conditional requests. */
import { ApiError, type AuthorizedCall, notFound } from '../protocol.ts';
import type { Calendar, EventResource, StoredEvent } from './model.ts';
import { etagOf } from './present.ts';
import type { Occurrence } from './recurrence.ts';
import {
  instanceId,
  instanceResource,
  occurrenceAt,
  occurrenceStart,
  splitInstanceId,
} from './series.ts';
import type { CalendarStore } from './store.ts';

/** A stored event, or an occurrence that exists only through its series. */
export type Found =
  | { kind: 'stored'; record: StoredEvent }
  | { kind: 'occurrence'; master: StoredEvent; occurrence: Occurrence };

/** The event of an id, or 404. */
export function findEvent(calendar: Calendar, id: string): Found {
  const record = calendar.events.get(id);
  if (record) return { kind: 'stored', record };
  const split = splitInstanceId(id);
  const master = split && calendar.events.get(split.masterId);
  if (split && master?.resource.recurrence) {
    const occurrence = occurrenceAt(master.resource, calendar, split.suffix);
    if (occurrence) return { kind: 'occurrence', master, occurrence };
  }
  throw notFound();
}

export function resourceOf(found: Found): EventResource {
  if (found.kind === 'stored') return found.record.resource;
  return instanceResource(found.master.resource, found.master.calendar, found.occurrence);
}

export function etagOfFound(found: Found): string {
  return etagOf(found.kind === 'stored' ? found.record.changed : found.master.changed);
}

/** [V] 1.4: If-Match with an etag; 412 when the event has changed. */
export function checkIfMatch(call: AuthorizedCall, found: Found): void {
  const wanted = call.headers['if-match'];
  if (wanted === undefined || wanted === '*' || wanted === etagOfFound(found)) return;
  throw new ApiError(412, 'conditionNotMet', 'Precondition Failed', {
    location: 'If-Match',
    locationType: 'header',
  });
}

/** Gives an occurrence a record of its own: an exception of its series. */
export function materialize(store: CalendarStore, found: Found): StoredEvent {
  if (found.kind === 'stored') return found.record;
  const { master, occurrence } = found;
  const { calendar } = master;
  return store.addEvent(
    calendar,
    instanceId(master.id, occurrence.suffix),
    instanceResource(master.resource, calendar, occurrence),
    master.organizerCalendar,
    {
      masterId: master.id,
      originalStartTime: occurrenceStart(master.resource, occurrence),
    },
  );
}
