import { type calendar_v3, calendar as createCalendar } from '@googleapis/calendar';
import { appointmentCodec } from '../core/appointment.ts';
import { isSyncedType } from '../core/event.ts';
import { patternOf } from '../core/recurrence.ts';
import { seriesCodec } from '../core/series.ts';
import { isSyncError, SyncError } from '../errors.ts';
import type {
  Collection,
  CollectionWrite,
  GoogleSession,
  Group,
  Page,
  Places,
  Result,
  Window,
} from '../sync/collection.ts';
import type { ApiClient, TypedCall } from './client.ts';
import { type CalendarChoice, scopes } from './scopes.ts';

type Event = calendar_v3.Schema$Event;

/** Fewer pages than the default 250, and a page still fits in memory many times over. */
const PAGE_SIZE = '1000';
/** Nobody is mailed by accident (design decision 4). */
const QUIET = { sendUpdates: 'none' } as const;
/** In the description of a calendar that the sync made: how it is found again. */
const MARK = '[crm-google-sync]';
/** Scopes that allow listing the user's calendars. None is asked for; an earlier grant may hold one. */
const LISTING = ['calendar', 'calendar.readonly', 'calendar.calendarlist.readonly'].map(
  (name) => `https://www.googleapis.com/auth/${name}`,
);

/** What the admin decides about appointments at Google. */
export interface CalendarSettings {
  calendar: CalendarChoice;
  /** Title of a calendar that is made. */
  name: string;
  /** What a series is for the CRM: one appointment an occurrence (default), or a record of its own. */
  recurrence?: 'occurrences' | 'series';
}

/** The user's appointments: in the primary calendar, or in one that the sync makes for them. */
export function calendarCollection(
  client: ApiClient,
  settings: CalendarSettings = { calendar: 'primary', name: 'CRM' },
): Collection<Event> {
  const { calendar, name } = settings;
  const api = createCalendar('v3');
  const [scope, formerScope] =
    calendar === 'dedicated'
      ? [scopes.appCreated, scopes.eventsOwned]
      : [scopes.eventsOwned, scopes.appCreated];
  const exists = async (session: GoogleSession, calendarId: string) => {
    // Not calendars.get: only this one is allowed by either scope.
    const call = await client.capture((o) => api.events.list({ calendarId, maxResults: 1 }, o));
    const [result] = await client.perform(session, [call]);
    if (result?.ok) return true;
    if (isSyncError(result?.error, 'gone')) return false;
    throw result?.error ?? new Error('no result');
  };
  const at = (place: string | undefined): Collection<Event> => ({
    ...eventsOf(client, api, place, settings.recurrence === 'series', exists),
    scope,
    formerScope,
    places,
  });
  const places: Places<Event> = {
    exists,
    at,
    async settle(session, known, granted) {
      if (calendar === 'primary' || known !== undefined)
        return calendar === 'primary' ? undefined : known;
      const mayList = LISTING.some((s) => granted.includes(s));
      return (
        (mayList ? await findCalendar(client, api, session) : undefined) ??
        (await makeCalendar(client, api, session, name))
      );
    },
    settled: (known) => (calendar === 'dedicated') === (known !== undefined),
    // What the app made belongs to the user, so both scopes reach it.
    reaches: (place, granted) =>
      granted.includes(scopes.eventsOwned) ||
      (place !== undefined && granted.includes(scopes.appCreated)),
  };
  return at(undefined);
}

async function findCalendar(
  client: ApiClient,
  api: calendar_v3.Calendar,
  session: GoogleSession,
): Promise<string | undefined> {
  let pageToken: string | undefined;
  do {
    const params = { maxResults: 250, ...(pageToken && { pageToken }) };
    const call = await client.capture((o) => api.calendarList.list(params, o));
    const page = await only(client, session, call);
    const ours = page.items?.find((entry) => entry.description?.includes(MARK));
    if (ours?.id) return ours.id;
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined);
  return undefined;
}

/** Google takes no id from us: after a lost answer an empty calendar may stay beside the second one. */
async function makeCalendar(
  client: ApiClient,
  api: calendar_v3.Calendar,
  session: GoogleSession,
  summary: string,
): Promise<string> {
  const description = `Appointments of the CRM, kept equal by the CRM sync. ${MARK}`;
  const call = await client.capture((o) =>
    api.calendars.insert({ requestBody: { summary, description } }, o),
  );
  const { id } = await only(client, session, call);
  if (!id) throw new SyncError('later', 'noCalendarId');
  return id;
}

/** One calendar, and how its calls are performed. */
interface EventCalendar {
  client: ApiClient;
  api: calendar_v3.Calendar;
  calendarId: string;
  perform: ApiClient['perform'];
}

/** The events of one calendar; without a place, of the primary one. */
function eventsOf(
  client: ApiClient,
  api: calendar_v3.Calendar,
  place: string | undefined,
  wholeSeries: boolean,
  exists: Places<Event>['exists'],
): Omit<Collection<Event>, 'scope'> {
  const calendarId = place ?? 'primary';
  /** A 404 is news of an event only while its calendar is there. */
  async function perform<T>(session: GoogleSession, calls: TypedCall<T>[]): Promise<Result<T>[]> {
    const results = await client.perform(session, calls);
    const missing = results.some(
      (r) => !r.ok && isSyncError(r.error, 'gone') && r.error.status === 404,
    );
    if (missing && place !== undefined && !(await exists(session, place)))
      throw new SyncError('lost', 'placeGone');
    return results;
  }
  const here: EventCalendar = { client, api, calendarId, perform };
  return {
    codec: wholeSeries ? seriesCodec : appointmentCodec,
    ...(place !== undefined && { place }),
    listing: (window) => ({
      // Series are read as series: an occurrence that moves must not look like a new event.
      singleEvents: 'false',
      maxResults: PAGE_SIZE,
      ...(wholeSeries && { wholeSeries: 'true' }),
      ...bounds(window),
    }),
    async list(session, cursor, window, pageToken) {
      // Of the other mode (the admin changed it): what a series is has to be read anew.
      if (cursor.token && (cursor.params.wholeSeries === 'true') !== wholeSeries)
        throw new SyncError('resync', 'otherRecurrence');
      const params = listParams(cursor.params, cursor.token, pageToken);
      const call = await client.capture((o) => api.events.list({ ...params, calendarId }, o));
      const page = pageOf(first(await perform(session, [call])));
      if (!wholeSeries) return { ...page, ...(await expanded(here, session, page.items, window)) };
      // A full listing holds what lies in the window; of what has changed nobody says where it lies.
      const outside = cursor.token ? await lyingOutside(here, session, page.items, window) : [];
      return { ...page, groups: singles(page.items), outside };
    },
    async entering(session, part, pageToken) {
      const params = {
        calendarId,
        singleEvents: !wholeSeries,
        maxResults: Number(PAGE_SIZE),
        ...bounds(part),
        ...(pageToken && { pageToken }),
      };
      const call = await client.capture((o) => api.events.list(params, o));
      return pageOf(first(await perform(session, [call])));
    },
    async watch(session, { id, token, address, expiresAt }) {
      const requestBody = { id, token, address, type: 'web_hook', expiration: String(expiresAt) };
      const call = await client.capture((o) => api.events.watch({ calendarId, requestBody }, o));
      const { resourceId, expiration } = first(await perform(session, [call]));
      if (!resourceId || !expiration) throw new SyncError('later', 'noChannel');
      return { resourceId, expiresAt: Number(expiration) };
    },
    async stop(session, { id, resourceId }) {
      const requestBody = { id, resourceId };
      const call = await client.capture((o) => api.channels.stop({ requestBody }, o));
      first(await client.perform<unknown>(session, [call]));
    },
    async get(session, googleIds) {
      const calls = await Promise.all(
        googleIds.map((eventId) =>
          client.capture((o) => api.events.get({ calendarId, eventId }, o)),
        ),
      );
      const results = await perform(session, calls);
      return results.map(
        (result, i): Result<Event> =>
          !result.ok && isSyncError(result.error, 'gone')
            ? { ok: true, data: { id: googleIds[i] ?? '', status: 'cancelled' } }
            : result,
      );
    },
    ...(wholeSeries && {
      exceptions: (session, series, later) => exceptionsOf(here, session, series, later),
    }),
    async write(session, writes) {
      const calls = await Promise.all(
        writes.map((write) => capture(client, api, calendarId, write)),
      );
      return perform(session, calls);
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
  here: EventCalendar,
  session: GoogleSession,
  items: Event[],
  window: Window,
): Promise<Required<Pick<Page<Event>, 'items' | 'groups'>>> {
  const isSeries = (e: Event) => e.status !== 'cancelled' && e.recurrence && isSyncedType(e);
  const series = new Map(items.filter(isSeries).map((event) => [event.id ?? '', event]));
  const occurrences = await instancesOf(here, session, [...series.keys()], window);
  const inSeries = new Set([...occurrences.values()].flat().map((event) => event.id));
  return {
    items: [
      ...items.filter((event) => !isSeries(event) && !inSeries.has(event.id)),
      ...[...occurrences.values()].flat(),
    ],
    groups: [
      ...singles(items),
      ...[...series]
        .filter(([id]) => occurrences.has(id))
        .map(([id, event]) => ({ id, window, pattern: patternOf(event) })),
    ],
  };
}

/** An event that is no series (any more) is all there is of it; a deleted one leaves nothing at all. */
const singles = (items: Event[]): Group[] =>
  items
    .filter((event) => !event.recurrence && !event.recurringEventId)
    .map((event) => ({ id: event.id ?? '' }));

/**
 * The series among the items that have no occurrence in the window: asked for where the first one lies
 * before it, one call each, 50 in one request.
 */
async function lyingOutside(
  here: EventCalendar,
  session: GoogleSession,
  items: Event[],
  window: Window,
): Promise<string[]> {
  const firstEnd = (e: Event) => Date.parse(e.end?.dateTime ?? `${e.end?.date}T00:00:00Z`);
  const old = items.filter(
    (e) =>
      e.status !== 'cancelled' && e.recurrence && isSyncedType(e) && firstEnd(e) <= window.from,
  );
  const ids = old.map((event) => event.id ?? '');
  const found = await instancesOf(here, session, ids, window, 1);
  return ids.filter((id) => found.get(id)?.length === 0);
}

/** By series. One that was deleted or stopped recurring meanwhile is left out: the next listing has it. */
async function instancesOf(
  { client, api, calendarId, perform }: EventCalendar,
  session: GoogleSession,
  series: string[],
  window: Window,
  most = Number.POSITIVE_INFINITY,
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
              calendarId,
              ...part,
              ...bounds(window),
              showDeleted: true,
              maxResults: Math.min(most, 2500),
            },
            o,
          ),
        ),
      ),
    );
    const results = await perform(session, calls);
    const next: typeof open = [];
    for (const [i, { eventId }] of open.entries()) {
      const result = results[i];
      if (!result?.ok && isSyncError(result?.error, 'gone', 'park')) continue;
      if (!result?.ok) throw result?.error ?? new Error('no result');
      found.set(eventId, [...(found.get(eventId) ?? []), ...(result.data.items ?? [])]);
      const pageToken = result.data.nextPageToken;
      if (pageToken && (found.get(eventId)?.length ?? 0) < most) next.push({ eventId, pageToken });
    }
    open = next;
  }
  return found;
}

/**
 * A listing of series is them and their exceptions, cancelled ones too, and these share an iCalUID
 * (google-contracts 1.2). Which came later Google's clock says of both; of a cancelled one only a second
 * listing, of what has changed since.
 */
async function exceptionsOf(
  here: EventCalendar,
  session: GoogleSession,
  series: Event[],
  later: boolean,
): Promise<Event[][]> {
  const bounds = [undefined, ...(later ? [secondAfter] : [])];
  const asked = bounds.flatMap((bound) =>
    series.map((event) => ({
      iCalUID: event.iCalUID ?? '',
      singleEvents: false,
      ...(bound && { updatedMin: bound(event) }),
    })),
  );
  const results = await listedWhole(here, session, asked);
  return series.map((event, i) => {
    const items = first(results.slice(i));
    // An answer that lacks the series itself says nothing of its exceptions either.
    if (!items.some(({ id }) => id === event.id)) throw new SyncError('later', 'seriesMissing');
    const exceptions = items.filter((e) => e.recurringEventId === event.id);
    if (!later) return exceptions;
    const since = changedSince(results[series.length + i]);
    return exceptions.filter(({ id, status, updated }) =>
      status === 'cancelled' ? since(id) : (updated ?? '') > (event.updated ?? ''),
    );
  });
}

/** All pages of each of these listings. */
async function listedWhole(
  { client, api, calendarId, perform }: EventCalendar,
  session: GoogleSession,
  asked: ListParams[],
): Promise<Result<Event[]>[]> {
  const lists: Result<Event[]>[] = asked.map(() => ({ ok: true, data: [] }));
  let open = asked.map((params, at) => ({ params, at }));
  while (open.length > 0) {
    const calls = await Promise.all(
      open.map(({ params }) =>
        client.capture((o) => api.events.list({ calendarId, ...params, maxResults: 2500 }, o)),
      ),
    );
    const results = await perform(session, calls);
    const next: typeof open = [];
    for (const [i, { params, at }] of open.entries()) {
      const [page, list] = [results[i], lists[at]];
      if (!page?.ok) lists[at] = page ?? { ok: false, error: new SyncError('later', 'noAnswer') };
      else if (list?.ok) list.data.push(...(page.data.items ?? []));
      const pageToken = page?.ok && page.data.nextPageToken;
      if (pageToken) next.push({ params: { ...params, pageToken }, at });
    }
    open = next;
  }
  return lists;
}

/** What the event's own change took out bears its time, and bounds may count by seconds. */
const secondAfter = ({ updated }: Event) =>
  new Date(Math.floor(Date.parse(updated ?? '') / 1000 + 1) * 1000).toISOString();

/** Too long ago for Google to know (410): for all it knows, all have. */
function changedSince(result: Result<Event[]> | undefined) {
  if (result?.ok === false && isSyncError(result.error, 'resync')) return () => true;
  const ids = new Set(first(result ? [result] : []).map(({ id }) => id));
  return (id: string | null | undefined) => ids.has(id);
}

type ListParams = Omit<calendar_v3.Params$Resource$Events$List, 'calendarId'>;

/** With a sync token the bounds of the initial listing are forbidden; the rest must stay the same. */
function listParams(
  params: { [name: string]: string },
  syncToken: string | undefined,
  pageToken: string | undefined,
): ListParams {
  const { timeMin, timeMax, singleEvents, maxResults } = params;
  return {
    singleEvents: singleEvents === 'true',
    maxResults: Number(maxResults),
    ...(syncToken ? { syncToken } : { ...(timeMin && { timeMin }), ...(timeMax && { timeMax }) }),
    ...(pageToken && { pageToken }),
  };
}

async function capture(
  client: ApiClient,
  api: calendar_v3.Calendar,
  calendarId: string,
  write: CollectionWrite<Event>,
): Promise<TypedCall<Event>> {
  if (write.kind === 'insert') {
    const requestBody: Event = { ...write.body, ...(write.googleId && { id: write.googleId }) };
    return client.capture((o) => api.events.insert({ ...QUIET, calendarId, requestBody }, o));
  }
  const target = { ...QUIET, calendarId, eventId: write.googleId };
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
  return first(await client.perform(session, [call]));
}

function first<T>([result]: Result<T>[]): T {
  if (!result?.ok) throw result?.error ?? new Error('no result');
  return result.data;
}
