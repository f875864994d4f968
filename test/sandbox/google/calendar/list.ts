/** events.list: full and incremental (google-contracts 1.1). */
import { encodeToken } from '../opaque.ts';
import { type Answer, ApiError, type AuthorizedCall, invalid } from '../protocol.ts';
import { collect, type Filter } from './collect.ts';
import type { Calendar } from './model.ts';
import { etagOf } from './present.ts';
import { count, flag, instant } from './request.ts';
import {
  differing,
  parametersOf,
  readPageToken,
  readSyncToken,
  type SyncToken,
  samePages,
} from './tokens.ts';
import { isZone } from './zones.ts';

/** [V] Forbidden together with syncToken. */
const FORBIDDEN = [
  'iCalUID',
  'orderBy',
  'privateExtendedProperty',
  'q',
  'sharedExtendedProperty',
  'timeMin',
  'timeMax',
  'updatedMin',
];

/** Listings with one of these carry no sync token: it could not be used consistently. */
const NO_TOKEN = FORBIDDEN.filter((name) => !name.startsWith('time'));

/** showDeleted is implied by syncToken, so it may differ. */
const MAY_DIFFER = [...FORBIDDEN, 'syncToken', 'showDeleted'];

const UPDATED_MIN_DAYS = 28;

/** GET /calendars/{calendarId}/events. */
export function list(call: AuthorizedCall): Answer {
  const { workspace, query } = call;
  const store = workspace.calendars;
  const calendar = store.resolve(call, call.params.calendarId as string);
  // [V] 250 by default, at most 2500.
  const maxResults = Math.min(count(query, 'maxResults', 250, 2500), workspace.mostOnPage);
  const sync = incremental(query, calendar);
  const filter = filterOf(call, sync);
  const parameters = parametersOf(query);
  const pageText = query.get('pageToken');
  const page = pageText === null ? null : readPageToken(pageText, calendar.id);
  samePages(page, parameters);
  // A listing that lags knows nothing of what is younger; its token stays behind as well.
  const known = sync && call.lagMs ? store.changesAt(workspace.now() - call.lagMs) : store.changes;
  const began = page?.began ?? Math.max(known, sync?.since ?? 0);
  if (sync && call.lagMs) filter.until = began;
  const items = collect(workspace, calendar, filter).sort((a, b) => (a.key < b.key ? -1 : 1));
  const first = page ? items.findIndex((item) => item.key > page.after) : 0;
  // [V] A page can be short or even empty and still have a next one.
  const size = workspace.raggedPages
    ? Math.floor(workspace.random() * (maxResults + 1))
    : maxResults;
  const shown = first < 0 ? [] : items.slice(first, first + size);
  const more = first >= 0 && first + size < items.length;
  const last = shown.at(-1)?.key ?? page?.after ?? '';
  const next = more
    ? {
        nextPageToken: encodeToken({
          kind: 'page',
          collection: calendar.id,
          after: last,
          began,
          parameters,
        }),
      }
    : // [V] nextSyncToken appears only on the last page; what changed while paging lies after it.
      syncTokenFor(query, calendar, began, sync, filter);
  return {
    status: 200,
    json: {
      kind: 'calendar#events',
      etag: etagOf(calendar.changed + began),
      summary: calendar.summary,
      description: calendar.description ?? '',
      updated: new Date(workspace.now()).toISOString(),
      timeZone: filter.view.timeZone ?? calendar.timeZone,
      accessRole: 'owner',
      defaultReminders: [{ method: 'popup', minutes: 30 }],
      ...next,
      items: shown.map((item) => item.present()),
    },
  };
}

function incremental(query: URLSearchParams, calendar: Calendar): SyncToken | null {
  const text = query.get('syncToken');
  if (text === null) return null;
  const clash = FORBIDDEN.filter((name) => query.has(name));
  if (clash.length > 0) {
    throw invalid(`syncToken cannot be combined with: ${clash.join(', ')}`, clash[0]);
  }
  // [V] showDeleted=false is not allowed: incremental results always hold deletions.
  if (query.get('showDeleted') === 'false') {
    throw invalid('syncToken cannot be combined with showDeleted=false', 'showDeleted');
  }
  const token = readSyncToken(text, calendar.id, calendar.tokenEpoch);
  // [V] All other parameters must equal those of the initial sync; Google leaves undefined what
  // happens otherwise, the simulator refuses.
  const parameters = parametersOf(query, MAY_DIFFER);
  if (parameters !== token.parameters) {
    throw invalid(
      `Parameters differ from those of the initial sync: ${differing(parameters, token.parameters)}`,
      'syncToken',
    );
  }
  return token;
}

function syncTokenFor(
  query: URLSearchParams,
  calendar: Calendar,
  began: number,
  sync: SyncToken | null,
  filter: Filter,
): { nextSyncToken?: string } {
  if (!sync && NO_TOKEN.some((name) => query.has(name))) return {};
  return {
    nextSyncToken: encodeToken({
      kind: 'sync',
      collection: calendar.id,
      epoch: calendar.tokenEpoch,
      since: began,
      parameters: parametersOf(query, MAY_DIFFER),
      timeMin: sync ? sync.timeMin : filter.timeMin,
      timeMax: sync ? sync.timeMax : filter.timeMax,
    }),
  };
}

function filterOf(call: AuthorizedCall, sync: SyncToken | null): Filter {
  const { query } = call;
  const singleEvents = flag(query, 'singleEvents');
  const orderBy = query.get('orderBy');
  if (orderBy !== null && orderBy !== 'startTime' && orderBy !== 'updated') {
    throw invalid(`Invalid value '${orderBy}'.`, 'orderBy');
  }
  if (orderBy === 'startTime' && !singleEvents) {
    throw new ApiError(
      400,
      'badRequest',
      'The requested ordering is not available for the particular query.',
      { location: 'orderBy' },
    );
  }
  const timeMin = instant(query, 'timeMin');
  const timeMax = instant(query, 'timeMax');
  if (timeMin !== null && timeMax !== null && timeMax <= timeMin) {
    throw new ApiError(400, 'timeRangeEmpty', 'The specified time range is empty.', {
      domain: 'calendar',
      location: 'timeMax',
    });
  }
  const updatedMin = instant(query, 'updatedMin');
  // [V] 410 updatedMinTooLongAgo.
  if (updatedMin !== null && updatedMin < call.workspace.now() - UPDATED_MIN_DAYS * 86_400_000) {
    throw new ApiError(
      410,
      'updatedMinTooLongAgo',
      'The requested minimum modification time lies too far in the past.',
      { domain: 'calendar', location: 'updatedMin' },
    );
  }
  const timeZone = query.get('timeZone') ?? undefined;
  if (timeZone !== undefined && !isZone(timeZone)) throw invalid('Invalid time zone.', 'timeZone');
  return {
    since: sync?.since ?? null,
    singleEvents,
    showDeleted: flag(query, 'showDeleted'),
    orderBy,
    timeMin,
    timeMax,
    horizon: sync?.timeMax ?? timeMax,
    updatedMin,
    iCalUID: query.get('iCalUID'),
    q: query.get('q')?.toLowerCase() ?? null,
    eventTypes: query.getAll('eventTypes'),
    privateProperties: constraints(query, 'privateExtendedProperty'),
    sharedProperties: constraints(query, 'sharedExtendedProperty'),
    view: {
      maxAttendees: query.has('maxAttendees') ? count(query, 'maxAttendees', 1, 10_000) : undefined,
      timeZone,
    },
  };
}

function constraints(query: URLSearchParams, name: string): [string, string][] {
  return query.getAll(name).map((text) => {
    const mark = text.indexOf('=');
    if (mark <= 0) throw invalid(`Invalid value '${text}'.`, name);
    return [text.slice(0, mark), text.slice(mark + 1)];
  });
}
