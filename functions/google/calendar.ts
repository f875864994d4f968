import { type calendar_v3, calendar as createCalendar } from '@googleapis/calendar';
import { appointmentCodec } from '../core/appointment.ts';
import { isSyncError } from '../errors.ts';
import type { Collection, CollectionWrite, GoogleSession, Result } from '../sync/collection.ts';
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
      timeMin: new Date(window.from).toISOString(),
      timeMax: new Date(window.to).toISOString(),
    }),
    async list(session, cursor, pageToken) {
      const params = listParams(cursor.params, cursor.token, pageToken);
      const call = await client.capture((o) => api.events.list(params, o));
      const page = await only(client, session, call);
      return {
        items: page.items ?? [],
        ...(page.nextPageToken && { nextPageToken: page.nextPageToken }),
        ...(page.nextSyncToken && { token: page.nextSyncToken }),
      };
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
