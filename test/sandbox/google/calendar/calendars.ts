/** calendars.get, insert and delete, and the calendar list. */
import { encodeToken } from '../opaque.ts';
import { type Answer, ApiError, type AuthorizedCall, invalid } from '../protocol.ts';
import type { Calendar } from './model.ts';
import { etagOf } from './present.ts';
import { count, readJson } from './request.ts';
import { parametersOf, readPageToken, readSyncToken, samePages } from './tokens.ts';
import { isZone } from './zones.ts';

function presentCalendar(calendar: Calendar): unknown {
  return {
    kind: 'calendar#calendar',
    etag: etagOf(calendar.changed),
    id: calendar.id,
    summary: calendar.summary,
    ...(calendar.description && { description: calendar.description }),
    timeZone: calendar.timeZone,
    conferenceProperties: { allowedConferenceSolutionTypes: ['hangoutsMeet'] },
  };
}

function presentEntry(calendar: Calendar): unknown {
  const head = {
    kind: 'calendar#calendarListEntry',
    etag: etagOf(calendar.changed),
    id: calendar.id,
  };
  if (calendar.deleted) return { ...head, deleted: true };
  return {
    ...head,
    summary: calendar.summary,
    ...(calendar.description && { description: calendar.description }),
    timeZone: calendar.timeZone,
    colorId: '14',
    selected: true,
    accessRole: 'owner',
    defaultReminders: [{ method: 'popup', minutes: 30 }],
    ...(calendar.primary && { primary: true }),
  };
}

/** GET /calendars/{calendarId}. */
export function getCalendar(call: AuthorizedCall): Answer {
  const calendar = call.workspace.calendars.resolve(call, call.params.calendarId as string);
  return { status: 200, json: presentCalendar(calendar) };
}

/** POST /calendars: a secondary calendar. */
export function insertCalendar(call: AuthorizedCall): Answer {
  const { workspace, identity } = call;
  const store = workspace.calendars;
  const { summary, description, timeZone } = readJson(call);
  if (typeof summary !== 'string' || summary === '') {
    throw new ApiError(400, 'required', 'Missing title.');
  }
  const zone = timeZone ?? store.primary(identity.email).timeZone;
  if (!isZone(zone)) throw invalid('Invalid time zone.', 'timeZone');
  const calendar = store.create(identity.email, summary, zone, identity.clientId);
  if (typeof description === 'string') calendar.description = description;
  return { status: 200, json: presentCalendar(calendar) };
}

/** DELETE /calendars/{calendarId}. */
export function deleteCalendar(call: AuthorizedCall): Answer {
  const store = call.workspace.calendars;
  const calendar = store.resolve(call, call.params.calendarId as string);
  if (calendar.primary) {
    throw new ApiError(400, 'cannotDeletePrimaryCalendar', 'Cannot delete the primary calendar.', {
      domain: 'calendar',
    });
  }
  store.remove(calendar);
  return { status: 204 };
}

/** GET /users/me/calendarList/{calendarId}. */
export function getEntry(call: AuthorizedCall): Answer {
  const calendar = call.workspace.calendars.resolve(call, call.params.calendarId as string);
  return { status: 200, json: presentEntry(calendar) };
}

/** GET /users/me/calendarList, with a sync token of its own (1.1). */
export function listCalendars(call: AuthorizedCall): Answer {
  const { workspace, query, identity } = call;
  const store = workspace.calendars;
  const collection = `calendarList ${identity.email}`;
  const { tokenEpoch } = store.primary(identity.email);
  const maxResults = count(query, 'maxResults', 100, 250);
  const syncText = query.get('syncToken');
  if (syncText !== null) {
    // [V] 1.1: not with minAccessRole or showOwnOrganizationOnly, nor showDeleted/showHidden=false.
    const clash = ['minAccessRole', 'showOwnOrganizationOnly'].filter((name) => query.has(name));
    const refused = ['showDeleted', 'showHidden'].filter((name) => query.get(name) === 'false');
    const all = [...clash, ...refused];
    if (all.length > 0)
      throw invalid(`syncToken cannot be combined with: ${all.join(', ')}`, all[0]);
  }
  const sync = syncText === null ? null : readSyncToken(syncText, collection, tokenEpoch);
  const page = query.has('pageToken')
    ? readPageToken(query.get('pageToken') as string, collection)
    : null;
  const began = page?.began ?? store.changes;
  const showDeleted = sync !== null || query.get('showDeleted') === 'true';
  const all = store
    .owned(identity.email)
    .filter((calendar) => showDeleted || !calendar.deleted)
    .filter((calendar) => sync === null || calendar.changed > sync.since);
  const parameters = parametersOf(query);
  samePages(page, parameters);
  const from = page ? Number(page.after) : 0;
  const shown = all.slice(from, from + maxResults);
  const next =
    from + maxResults < all.length
      ? {
          nextPageToken: encodeToken({
            kind: 'page',
            collection,
            after: String(from + maxResults),
            began,
            parameters,
          }),
        }
      : {
          nextSyncToken: encodeToken({
            kind: 'sync',
            collection,
            epoch: tokenEpoch,
            since: began,
            parameters: '',
            timeMin: null,
            timeMax: null,
          }),
        };
  return {
    status: 200,
    json: {
      kind: 'calendar#calendarList',
      etag: etagOf(began),
      ...next,
      items: shown.map(presentEntry),
    },
  };
}
