import { type calendar_v3, calendar as createCalendar } from '@googleapis/calendar';
import { appointmentCodec, isSyncedType } from '../core/appointment.ts';
import { isSyncError } from '../errors.ts';
import type {
  Collection,
  CollectionWrite,
  GoogleSession,
  Group,
  Page,
  Result,
  Window,
} from '../sync/collection.ts';
import type { ApiClient, TypedCall } from './client.ts';

type Event = calendar_v3.Schema$Event;

const CALENDAR_ID = 'primary';
/** Fewer pages than the default 250, and a page still fits in memory many times over. */
const PAGE_SIZE = '1000';
/** Nobody is mailed by accident (design decision 4). */
const QUIET = { calendarId: CALENDAR_ID, sendUpdates: 'none' } as const;

/** The user's primary calendar as a collection of appointments. */
export function calendarCollection(client: ApiClient): Collection<Event> {
  const api = createCalendar('v3');
  return {
    codec: appointmentCodec,
    scope: 'https://www.googleapis.com/auth/calendar.events.owned',
    listing: (window) => ({
      // Series are read as series: an occurrence that moves must not look like a new event.
      singleEvents: 'false',
      maxResults: PAGE_SIZE,
      ...bounds(window),
    }),
    async list(session, cursor, window, pageToken) {
      const params = listParams(cursor.params, cursor.token, pageToken);
      const call = await client.capture((o) => api.events.list(params, o));
      const page = await only(client, session, call);
      return {
        ...pageOf(page),
        ...(await expanded(client, api, session, page.items ?? [], window)),
      };
    },
    async entering(session, part, pageToken) {
      const params = {
        calendarId: CALENDAR_ID,
        singleEvents: true,
        maxResults: Number(PAGE_SIZE),
        ...bounds(part),
        ...(pageToken && { pageToken }),
      };
      const call = await client.capture((o) => api.events.list(params, o));
      return pageOf(await only(client, session, call));
    },
    async get(session, googleIds) {
      const calls = await Promise.all(
        googleIds.map((eventId) =>
          client.capture((o) => api.events.get({ calendarId: CALENDAR_ID, eventId }, o)),
        ),
      );
      const results = await client.perform(session, calls);
      return results.map(
        (result, i): Result<Event> =>
          !result.ok && isSyncError(result.error, 'gone')
            ? { ok: true, data: { id: googleIds[i] ?? '', status: 'cancelled' } }
            : result,
      );
    },
    async write(session, writes) {
      const calls = await Promise.all(writes.map((write) => capture(client, api, write)));
      return client.perform(session, calls);
    },
  };
}

const bounds = ({ from, to }: Window) => ({
  timeMin: new Date(from).toISOString(),
  timeMax: new Date(to).toISOString(),
});

const pageOf = (page: calendar_v3.Schema$Events): Page<Event> => ({
  items: page.items ?? [],
  ...(page.nextPageToken && { nextPageToken: page.nextPageToken }),
  ...(page.nextSyncToken && { token: page.nextSyncToken }),
});

/**
 * Each series replaced by its occurrences in the window. Google expands them: RRULE, EXDATE, zones and
 * exceptions are its matter. Calls: one a series that changed, of the types that are synchronised, 50 in
 * one request; a second one for a series with more than 2,500 occurrences in the window (there is none
 * with one a day).
 */
async function expanded(
  client: ApiClient,
  api: calendar_v3.Calendar,
  session: GoogleSession,
  items: Event[],
  window: Window,
): Promise<Required<Pick<Page<Event>, 'items' | 'groups'>>> {
  const isSeries = (e: Event) => e.status !== 'cancelled' && e.recurrence && isSyncedType(e);
  const series = items.filter(isSeries).map((event) => event.id ?? '');
  const occurrences = await instancesOf(client, api, session, series, window);
  const inSeries = new Set([...occurrences.values()].flat().map((event) => event.id));
  // An event that is no series (any more) is all there is of it; a deleted one leaves nothing at all.
  const groups: Group[] = items
    .filter((event) => !event.recurrence && !event.recurringEventId)
    .map((event) => ({ id: event.id ?? '' }));
  return {
    items: [
      ...items.filter((event) => !isSeries(event) && !inSeries.has(event.id)),
      ...[...occurrences.values()].flat(),
    ],
    groups: [...groups, ...[...occurrences.keys()].map((id) => ({ id, window }))],
  };
}

/** By series. One that was deleted or stopped recurring meanwhile is left out: the next listing has it. */
async function instancesOf(
  client: ApiClient,
  api: calendar_v3.Calendar,
  session: GoogleSession,
  series: string[],
  window: Window,
): Promise<Map<string, Event[]>> {
  const found = new Map<string, Event[]>();
  let open = series.map((eventId): { eventId: string; pageToken?: string } => ({ eventId }));
  while (open.length > 0) {
    const calls = await Promise.all(
      open.map((part) =>
        client.capture((o) =>
          api.events.instances(
            // With the deleted ones: what a person took out is told apart from what a rule left out.
            {
              calendarId: CALENDAR_ID,
              ...part,
              ...bounds(window),
              showDeleted: true,
              maxResults: 2500,
            },
            o,
          ),
        ),
      ),
    );
    const results = await client.perform(session, calls);
    const next: typeof open = [];
    for (const [i, { eventId }] of open.entries()) {
      const result = results[i];
      if (!result?.ok && isSyncError(result?.error, 'gone', 'park')) continue;
      if (!result?.ok) throw result?.error ?? new Error('no result');
      found.set(eventId, [...(found.get(eventId) ?? []), ...(result.data.items ?? [])]);
      const pageToken = result.data.nextPageToken;
      if (pageToken) next.push({ eventId, pageToken });
    }
    open = next;
  }
  return found;
}

/** With a sync token the bounds of the initial listing are forbidden; the rest must stay the same. */
function listParams(
  params: { [name: string]: string },
  syncToken: string | undefined,
  pageToken: string | undefined,
): calendar_v3.Params$Resource$Events$List {
  const { timeMin, timeMax, singleEvents, maxResults } = params;
  return {
    calendarId: CALENDAR_ID,
    singleEvents: singleEvents === 'true',
    maxResults: Number(maxResults),
    ...(syncToken ? { syncToken } : { ...(timeMin && { timeMin }), ...(timeMax && { timeMax }) }),
    ...(pageToken && { pageToken }),
  };
}

async function capture(
  client: ApiClient,
  api: calendar_v3.Calendar,
  write: CollectionWrite<Event>,
): Promise<TypedCall<Event>> {
  if (write.kind === 'insert') {
    const requestBody: Event = { ...write.body, ...(write.googleId && { id: write.googleId }) };
    return client.capture((o) => api.events.insert({ ...QUIET, requestBody }, o));
  }
  const target = { ...QUIET, eventId: write.googleId };
  const headers: Record<string, string> = write.etag ? { 'If-Match': write.etag } : {};
  if (write.kind === 'delete') {
    const call = await client.capture((o) => api.events.delete(target, { ...o, headers }));
    return { call: call.call };
  }
  return client.capture((o) =>
    api.events.patch({ ...target, requestBody: write.body }, { ...o, headers }),
  );
}

/** The data of a single call; throws its error. */
async function only<T>(client: ApiClient, session: GoogleSession, call: TypedCall<T>): Promise<T> {
  const [result] = await client.perform(session, [call]);
  if (!result?.ok) throw result?.error ?? new Error('no result');
  return result.data;
}
