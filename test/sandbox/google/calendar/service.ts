/** Calendar API v3: its methods, their scopes and their cost. */
import type { Route, Service } from '../protocol.ts';
import {
  deleteCalendar,
  getCalendar,
  getEntry,
  insertCalendar,
  listCalendars,
} from './calendars.ts';
import { freeBusy } from './freebusy.ts';
import { list } from './list.ts';
import { get, instances } from './read.ts';
import { importEvent, move } from './transfer.ts';
import { stop, watch } from './watch.ts';
import { insert, patch, remove, update } from './write.ts';

// [P] 5: the scopes that the reference lists for each method, of which any one is enough.
const WRITE = ['calendar', 'calendar.app.created', 'calendar.events', 'calendar.events.owned'];
const READ = [
  ...WRITE,
  'calendar.events.owned.readonly',
  'calendar.events.readonly',
  'calendar.readonly',
];
const MOVE = ['calendar', 'calendar.events', 'calendar.events.owned'];
const CALENDARS = ['calendar', 'calendar.app.created', 'calendar.calendars'];
const CALENDARS_READ = [...CALENDARS, 'calendar.calendars.readonly', 'calendar.readonly'];
const LIST = [
  'calendar',
  'calendar.calendarlist',
  'calendar.calendarlist.readonly',
  'calendar.readonly',
];
// [P] 1.7: calendar.events does not allow freebusy.query.
const FREE_BUSY = [
  'calendar',
  'calendar.events.freebusy',
  'calendar.freebusy',
  'calendar.readonly',
];

function route(
  http: string,
  path: string,
  name: string,
  scopes: readonly string[],
  handle: Route['handle'],
  units = 1,
): Route {
  return { http, path, name, scopes, units, handle };
}

const EVENTS = '/calendars/{calendarId}/events';
const EVENT = `${EVENTS}/{eventId}`;
const CALENDAR_LIST = '/users/me/calendarList';

export const calendarService: Service = {
  name: 'calendar',
  base: '/calendar/v3',
  batch: ['/batch/calendar/v3'],
  lags: true,
  meanwhile: {
    touch: ({ calendars }, { user }) => user !== null && calendars.touchAll(user),
    expireSync: (workspace, { user }) => workspace.expireSyncTokens(user ?? undefined),
  },
  routes: [
    route('GET', EVENTS, 'events.list', READ, list),
    route('POST', EVENTS, 'events.insert', WRITE, insert),
    route('POST', `${EVENTS}/import`, 'events.import', WRITE, importEvent),
    route('POST', `${EVENTS}/watch`, 'events.watch', READ, watch),
    route('GET', EVENT, 'events.get', READ, get),
    route('PUT', EVENT, 'events.update', WRITE, update),
    // [V] 1.4: a patch costs three quota units.
    route('PATCH', EVENT, 'events.patch', WRITE, patch, 3),
    route('DELETE', EVENT, 'events.delete', WRITE, remove),
    route('GET', `${EVENT}/instances`, 'events.instances', READ, instances),
    route('POST', `${EVENT}/move`, 'events.move', MOVE, move),
    route('POST', '/channels/stop', 'channels.stop', [...READ, ...LIST], stop),
    route('POST', '/freeBusy', 'freebusy.query', FREE_BUSY, freeBusy),
    route('POST', '/calendars', 'calendars.insert', CALENDARS, insertCalendar),
    route('GET', '/calendars/{calendarId}', 'calendars.get', CALENDARS_READ, getCalendar),
    route('DELETE', '/calendars/{calendarId}', 'calendars.delete', CALENDARS, deleteCalendar),
    route('GET', CALENDAR_LIST, 'calendarList.list', LIST, listCalendars),
    route(
      'GET',
      `${CALENDAR_LIST}/{calendarId}`,
      'calendarList.get',
      [...LIST, 'calendar.app.created'],
      getEntry,
    ),
  ],
};
