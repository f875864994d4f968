/** Selects what a listing of events holds. */
import type { Workspace } from '../workspace.ts';
import type { Calendar, EventResource, StoredEvent } from './model.ts';
import { presentEvent, presentInstance, tombstone, type View } from './present.ts';
import {
  horizonOf,
  instanceId,
  instantOf,
  occurrenceStart,
  occurrencesOf,
  regularOccurrences,
  spanOf,
} from './series.ts';

/** What a listing asks for. */
export interface Filter {
  /** Incremental: only what changed after this number. */
  since: number | null;
  /** Only what changed up to this number: a listing that lags. */
  until?: number;
  singleEvents: boolean;
  showDeleted: boolean;
  orderBy: string | null;
  timeMin: number | null;
  timeMax: number | null;
  /** Where the expansion of endless series stops. */
  horizon: number | null;
  updatedMin: number | null;
  iCalUID: string | null;
  q: string | null;
  eventTypes: readonly string[];
  privateProperties: readonly [string, string][];
  sharedProperties: readonly [string, string][];
  view: View;
}

/** An item of a listing: its place, and how to print it. */
export interface Item {
  key: string;
  present: () => unknown;
}

const pad = (n: number) => String(n + 1e15).padStart(17, '0');

/** All items that a filter lets through, in no order. */
export function collect(workspace: Workspace, calendar: Calendar, filter: Filter): Item[] {
  const items: Item[] = [];
  for (const record of calendar.events.values()) {
    // Most polls find nothing new: then nothing else of the event has to be looked at.
    if (filter.since !== null && record.changed <= filter.since) continue;
    if (!matches(record.resource, filter)) continue;
    if (filter.singleEvents && record.resource.recurrence) {
      items.push(...instances(workspace, record, filter));
    } else if (wanted(record, filter)) {
      items.push(itemOf(workspace, record, filter));
    }
  }
  return items;
}

function itemOf(workspace: Workspace, record: StoredEvent, filter: Filter): Item {
  const { id, resource, exception, changed, calendar } = record;
  return {
    key: keyOf(filter, record, spanOf(resource, calendar).start, id),
    present: () =>
      resource.status === 'cancelled'
        ? tombstone(id, changed, exception)
        : presentEvent(workspace, record, filter.view),
  };
}

function keyOf(filter: Filter, record: StoredEvent, start: number, id: string): string {
  if (filter.orderBy === 'startTime') return `${pad(start)} ${id}`;
  if (filter.orderBy === 'updated') return `${pad(Date.parse(record.resource.updated))} ${id}`;
  return `${pad(record.order)} ${id}`;
}

/** Whether a stored event belongs in the listing, as far as deletion and time are concerned. */
function wanted(record: StoredEvent, filter: Filter): boolean {
  const { resource, exception, calendar } = record;
  // [V] 1.1: incremental results always hold deletions, whatever the window of the first listing.
  if (filter.since !== null) {
    return record.changed > filter.since && record.changed <= (filter.until ?? record.changed);
  }
  if (resource.status === 'cancelled') {
    // [V] 1.2: with singleEvents=false cancelled instances of live series are always returned.
    const master = exception && calendar.events.get(exception.masterId);
    const live = exception !== null && master?.resource.status !== 'cancelled';
    const kept = live && !filter.singleEvents;
    if (!kept && !filter.showDeleted && filter.updatedMin === null) return false;
  }
  if (resource.recurrence) return seriesInWindow(record, filter);
  const { start, end } = spanOf(resource, calendar);
  if (inWindow(start, end, filter)) return true;
  // An exception moved out of the window still explains the gap in its series.
  if (!exception || filter.singleEvents) return false;
  const original = instantOf(exception.originalStartTime, calendar);
  return inWindow(original, original + (end - start), filter);
}

/** [V] 1.3: timeMin bounds the end, timeMax the start, both exclusive. */
function inWindow(start: number, end: number, filter: Filter): boolean {
  if (filter.timeMin !== null && end <= filter.timeMin) return false;
  return filter.timeMax === null || start < filter.timeMax;
}

function seriesInWindow(record: StoredEvent, filter: Filter): boolean {
  if (filter.timeMin === null && filter.timeMax === null) return true;
  const { resource, calendar } = record;
  const { start, end } = spanOf(resource, calendar);
  const length = end - start;
  const until = filter.timeMax ?? Math.max(filter.timeMin ?? 0, start) + 366 * 86_400_000;
  return occurrencesOf(resource, calendar, until).some(({ utc }) =>
    inWindow(utc, utc + length, filter),
  );
}

/** The occurrences of a series that have no record of their own. */
function instances(workspace: Workspace, record: StoredEvent, filter: Filter): Item[] {
  const { resource, calendar, changed } = record;
  if (filter.since !== null && changed <= filter.since) return [];
  if (filter.until !== undefined && changed > filter.until) return [];
  const horizon = filter.horizon ?? horizonOf(resource, calendar, workspace.now());
  const items: Item[] = [];
  if (filter.since !== null) items.push(...vanished(record, filter, filter.since, horizon));
  // [V] 1.2: with showDeleted only single deleted instances come, not deleted series.
  if (resource.status === 'cancelled') return items;
  const { start, end } = spanOf(resource, calendar);
  for (const occurrence of regularOccurrences(record, horizon)) {
    if (!inWindow(occurrence.utc, occurrence.utc + end - start, filter)) continue;
    const id = instanceId(record.id, occurrence.suffix);
    items.push({
      key: keyOf(filter, record, occurrence.utc, id),
      present: () => presentInstance(workspace, record, occurrence, filter.view),
    });
  }
  return items;
}

/** Occurrences that a series had since a token and has no more. */
function vanished(record: StoredEvent, filter: Filter, since: number, horizon: number): Item[] {
  const { resource, calendar, changed } = record;
  const alive = new Set(
    resource.status === 'cancelled'
      ? []
      : occurrencesOf(resource, calendar, horizon).map(({ suffix }) => suffix),
  );
  const items = new Map<string, Item>();
  const shapes = record.former
    .filter((shape) => shape.changed > since)
    .map((shape) => shape.resource);
  if (resource.status === 'cancelled') shapes.push(resource);
  for (const shape of shapes) {
    for (const occurrence of occurrencesOf(shape, calendar, horizon)) {
      const id = instanceId(record.id, occurrence.suffix);
      if (alive.has(occurrence.suffix) || calendar.events.has(id) || items.has(id)) continue;
      const originalStartTime = occurrenceStart(shape, occurrence);
      items.set(id, {
        key: keyOf(filter, record, occurrence.utc, id),
        present: () => tombstone(id, changed, { masterId: record.id, originalStartTime }),
      });
    }
  }
  return [...items.values()];
}

function matches(resource: EventResource, filter: Filter): boolean {
  const { eventTypes, iCalUID, updatedMin, q } = filter;
  if (eventTypes.length > 0 && !eventTypes.includes(resource.eventType)) return false;
  if (iCalUID !== null && resource.iCalUID !== iCalUID) return false;
  if (updatedMin !== null && Date.parse(resource.updated) < updatedMin) return false;
  const { private: own, shared } = resource.extendedProperties ?? {};
  // [V] 1.5: documents contradict each other on repeats; here all of them must match.
  if (!filter.privateProperties.every(([name, value]) => own?.[name] === value)) return false;
  if (!filter.sharedProperties.every(([name, value]) => shared?.[name] === value)) return false;
  if (q === null) return true;
  const text = [
    resource.summary,
    resource.description,
    resource.location,
    resource.organizer.email,
    ...(resource.attendees ?? []).flatMap(({ email, displayName }) => [email, displayName]),
  ];
  const all = text
    .filter((part) => typeof part === 'string')
    .join(' ')
    .toLowerCase();
  return q.split(/\s+/).every((word) => all.includes(word));
}
