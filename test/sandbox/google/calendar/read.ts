/** events.get and events.instances. */
import { encodeToken } from '../opaque.ts';
import { type Answer, type AuthorizedCall, invalid } from '../protocol.ts';
import { etagOfFound, findEvent } from './lookup.ts';
import type { StoredEvent } from './model.ts';
import { etagOf, presentEvent, presentInstance, type View } from './present.ts';
import { count, flag, instant } from './request.ts';
import { horizonOf, instantOf, regularOccurrences, spanOf } from './series.ts';
import { parametersOf, readPageToken, samePages } from './tokens.ts';

function viewOf(query: URLSearchParams): View {
  return {
    maxAttendees: query.has('maxAttendees') ? count(query, 'maxAttendees', 1, 10_000) : undefined,
    timeZone: query.get('timeZone') ?? undefined,
  };
}

/** GET /calendars/{calendarId}/events/{eventId}: cancelled events too. */
export function get(call: AuthorizedCall): Answer {
  const { workspace, params, query } = call;
  const calendar = workspace.calendars.resolve(call, params.calendarId as string);
  const found = findEvent(calendar, params.eventId as string);
  const etag = etagOfFound(found);
  // [V] 1.4: If-None-Match for conditional reads.
  if (call.headers['if-none-match'] === etag) return { status: 304, headers: { etag } };
  const json =
    found.kind === 'stored'
      ? presentEvent(workspace, found.record, viewOf(query))
      : presentInstance(workspace, found.master, found.occurrence, viewOf(query));
  return { status: 200, headers: { etag }, json };
}

/** GET /calendars/{calendarId}/events/{eventId}/instances. */
export function instances(call: AuthorizedCall): Answer {
  const { workspace, params, query } = call;
  const calendar = workspace.calendars.resolve(call, params.calendarId as string);
  const found = findEvent(calendar, params.eventId as string);
  if (found.kind !== 'stored' || !found.record.resource.recurrence) {
    throw invalid('The event is not a recurring one.', 'eventId');
  }
  const master = found.record;
  const view = viewOf(query);
  const showDeleted = flag(query, 'showDeleted');
  const timeMin = instant(query, 'timeMin');
  const timeMax = instant(query, 'timeMax');
  const inWindow = (start: number, end: number) =>
    (timeMin === null || end > timeMin) && (timeMax === null || start < timeMax);
  const horizon = timeMax ?? horizonOf(master.resource, calendar, workspace.now());
  const first = spanOf(master.resource, calendar);
  const all: { original: number; id: string; present: () => unknown }[] = [];
  if (master.resource.status !== 'cancelled') {
    for (const occurrence of regularOccurrences(master, horizon)) {
      if (!inWindow(occurrence.utc, occurrence.utc + first.end - first.start)) continue;
      all.push({
        original: occurrence.utc,
        id: `${master.id}_${occurrence.suffix}`,
        present: () => presentInstance(workspace, master, occurrence, view),
      });
    }
  }
  for (const record of exceptionRecords(master)) {
    const { start, end } = spanOf(record.resource, calendar);
    const original = instantOf(record.exception?.originalStartTime ?? {}, calendar);
    if (record.resource.status === 'cancelled' && !showDeleted) continue;
    if (!inWindow(start, end)) continue;
    all.push({ original, id: record.id, present: () => presentEvent(workspace, record, view) });
  }
  const originalStart = query.get('originalStart');
  const wanted = originalStart === null ? null : Date.parse(originalStart);
  const items = all
    .filter((item) => wanted === null || item.original === wanted)
    .map((item) => ({
      ...item,
      key: `${String(item.original + 1e15).padStart(17, '0')} ${item.id}`,
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const collection = `${calendar.id} ${master.id}`;
  const maxResults = Math.min(count(query, 'maxResults', 250, 2500), workspace.mostOnPage);
  const page = query.has('pageToken')
    ? readPageToken(query.get('pageToken') as string, collection)
    : null;
  samePages(page, parametersOf(query));
  const rest = page ? items.filter((item) => item.key > page.after) : items;
  const shown = rest.slice(0, maxResults);
  const last = shown.at(-1);
  return {
    status: 200,
    json: {
      kind: 'calendar#events',
      etag: etagOf(master.changed),
      summary: calendar.summary,
      updated: master.resource.updated,
      timeZone: view.timeZone ?? calendar.timeZone,
      accessRole: 'owner',
      defaultReminders: [],
      ...(rest.length > shown.length &&
        last && {
          nextPageToken: encodeToken({
            kind: 'page',
            collection,
            after: last.key,
            began: 0,
            parameters: parametersOf(query),
          }),
        }),
      items: shown.map((item) => item.present()),
    },
  };
}

function exceptionRecords(master: StoredEvent): StoredEvent[] {
  return [...master.calendar.events.values()].filter(
    (record) => record.exception?.masterId === master.id,
  );
}
