/**
 * A whole system in memory: the real engine, codecs and Google client on the in-memory store, vault
 * and Workspace simulator, with a clock that stands still unless a test moves it. No sockets.
 */
import assert from 'node:assert/strict';
import type { RecordType } from '../../functions/core/fields.ts';
import type { CrmChange, GoogleChange } from '../../functions/core/messages.ts';
import { appointmentSchema, contactSchema, taskSchema } from '../../functions/core/messages.ts';
import type { User } from '../../functions/core/records.ts';
import { SyncError } from '../../functions/errors.ts';
import { createAccess } from '../../functions/google/access.ts';
import { type CalendarSettings, calendarCollection } from '../../functions/google/calendar.ts';
import { createApiClient } from '../../functions/google/client.ts';
import { createFreeBusy } from '../../functions/google/freebusy.ts';
import type { HttpCall } from '../../functions/google/http.ts';
import { contactCollection } from '../../functions/google/people.ts';
import { scopes } from '../../functions/google/scopes.ts';
import { taskCollection } from '../../functions/google/tasks.ts';
import type { Log } from '../../functions/log.ts';
import { createMemoryStore } from '../../functions/state/memory.ts';
import type { AvailabilityParts } from '../../functions/sync/availability.ts';
import type { Engine } from '../../functions/sync/engine.ts';
import type { RunOutcome } from '../../functions/sync/run.ts';
import { runUser } from '../../functions/sync/run-user.ts';
import { createMemoryTokenVault } from '../../functions/vault/memory.ts';
import { tasksPhone } from '../sandbox/google/tasks/phone.ts';
import { createWorkspace } from '../sandbox/google/workspace.ts';
import { atTheEnd, noToken } from './canary.ts';

const ROOT = 'https://www.googleapis.com';
export const MONDAY = Date.UTC(2026, 10, 23, 8);
/** What the consent page asks for. */
export const SCOPES = {
  primary: [scopes.eventsOwned, scopes.freeBusy],
  dedicated: [scopes.appCreated, scopes.freeBusy],
};

/** An event as the phone sees it; the fields that tests look at. */
export interface Event {
  id: string;
  etag: string;
  status: string;
  summary?: string;
  location?: string;
  description?: string;
  visibility?: string;
  transparency?: string;
  colorId?: string;
  start: { dateTime?: string; date?: string; timeZone?: string };
  end: { dateTime?: string; date?: string; timeZone?: string };
  attendees?: { email: string; responseStatus?: string }[];
  recurrence?: string[];
  extendedProperties?: object;
}

export interface WorldOptions {
  policy?: Engine['settings']['policy'];
  inviteExternal?: boolean;
  calendar?: CalendarSettings['calendar'];
  recurrence?: CalendarSettings['recurrence'];
  /** Where Google's notifications go; without one no channels are made. */
  pushUrl?: string | undefined;
  /** The record types that are on; appointments alone unless a test is about others. */
  records?: RecordType[];
}

export function createWorld(options: WorldOptions = {}) {
  let now = MONDAY;
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      now += ms;
    },
  };
  let skew = 0;
  const workspace = createWorkspace({
    now: () => now + skew,
    clientId: 'client',
    clientSecret: 'secret',
    redirectUris: ['https://sync.example/callback'],
  });
  const store = createMemoryStore();
  const vault = createMemoryTokenVault();
  const messages: GoogleChange[] = [];
  const syncRequests: string[] = [];
  const calls: HttpCall[] = [];
  const logged: { event: string; fields: object }[] = [];
  const log: Log = (event, fields) => {
    noToken('a log', fields);
    logged.push({ event, fields });
  };
  const { dump } = store;
  atTheEnd(() => {
    noToken('the store', dump());
    assert.deepEqual(workspace.mails, [], 'C20 somebody was mailed');
  });
  let holders = 0;
  let version = 0;

  const send = async (call: HttpCall) => {
    calls.push(call);
    const { pathname, search } = new URL(call.url);
    try {
      return await workspace.handle({
        method: call.method,
        url: pathname + search,
        headers: call.headers,
        body: call.body ?? '',
      });
    } catch {
      throw new SyncError('retry', 'network');
    }
  };
  const clientOf = (root: string, batchPath: string) =>
    createApiClient({ name: root, root, batchPath, send, clock, random: () => 0.5, log });
  const client = clientOf(ROOT, '/batch/calendar/v3');
  const people = clientOf('https://people.googleapis.com', '/batch');
  const tasks = createApiClient({
    name: 'tasks',
    ...{ root: 'https://tasks.googleapis.com', batchPath: '/batch', batchMayLack: true },
    ...{ send, clock, random: () => 0.5, log },
  });
  const { calendar = 'primary', recurrence = 'occurrences' } = options;
  const records = options.records ?? ['appointment'];
  const asked = [
    ...(records.includes('appointment') ? SCOPES[calendar] : []),
    ...(records.includes('contact') ? [scopes.contacts] : []),
    ...(records.includes('task') ? [scopes.tasks] : []),
  ];
  /** As a process that has just started has it. */
  const openAccess = () =>
    createAccess({
      vault,
      clock,
      oauth: async () => ({
        refresh: async (refreshToken) => {
          const answer = await send({
            method: 'POST',
            url: `${ROOT}/token`,
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: String(
              new URLSearchParams({
                grant_type: 'refresh_token',
                client_id: 'client',
                client_secret: 'secret',
                refresh_token: refreshToken,
              }),
            ),
          });
          const body = JSON.parse(answer.body) as {
            access_token: string;
            expires_in: number;
            error?: string;
          };
          if (body.error) throw new SyncError('reauthorize', body.error);
          return {
            accessToken: body.access_token,
            expiresAt: now + body.expires_in * 1000,
            scopes: [],
          };
        },
        revoke: async (token) => {
          await send({
            method: 'POST',
            url: `${ROOT}/revoke`,
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: `token=${token}`,
          });
        },
      }),
    });
  const engine: Engine = {
    store,
    publisher: {
      async googleChanges(changes) {
        noToken('a message', changes);
        messages.push(...structuredClone(changes));
      },
      syncUsers: async (userIds) => void syncRequests.push(...userIds),
    },
    access: openAccess(),
    collections: [
      calendarCollection(client, { calendar, name: 'CRM', recurrence }),
      contactCollection(people, { name: 'CRM' }),
      taskCollection(tasks, { name: 'CRM', clock }),
    ].filter(({ codec }) => records.includes(codec.record)),
    clock,
    random: () => 0.5,
    holder: () => `run-${++holders}`,
    secret: () => `secret-${++holders}`,
    log,
    settings: {
      windowDaysBack: 30,
      windowDaysAhead: 365,
      pollMs: 300_000,
      safetyMs: 43_200_000,
      pushUrl: options.pushUrl,
      leaseMs: 120_000,
      runMs: 240_000,
      tombstoneMs: 90 * 86_400_000,
      inviteExternal: options.inviteExternal ?? false,
      policy: options.policy ?? {},
    },
  };

  async function connect(
    userId: string,
    email = `${userId}@firm.example`,
    granted: string[] = asked,
  ): Promise<void> {
    workspace.oauth.createAccount({ email, name: userId, timeZone: 'Europe/Zurich' });
    await store.putUser({
      userId,
      email,
      timeZone: 'Europe/Zurich',
      enabled: true,
      version: ++version,
    });
    await consent(userId, granted, email);
  }

  /** The user goes through the consent page, for the first time or again. */
  async function consent(
    userId: string,
    granted: string[],
    email = `${userId}@firm.example`,
  ): Promise<void> {
    const grant = workspace.oauth.grant(email, granted);
    await vault.seal(userId, grant.refresh_token);
    await store.updateUser(userId, (user) => ({
      ...(user as User),
      state: 'active',
      googleEmail: email,
      googleSub: email,
      scopes: granted,
      connectedAt: now,
      nextPollAt: now,
    }));
  }

  /** The user's phone: any Calendar call with all rights. */
  async function phone(
    userId: string,
    method: string,
    path: string,
    body?: object,
    calendarId = 'primary',
  ): Promise<Event & { items: Event[] }> {
    const answer = await workspace.handle({
      method,
      url: `/calendar/v3/calendars/${encodeURIComponent(calendarId)}/events${path}`,
      headers: {
        authorization: `Bearer user:${userId}@firm.example`,
        'content-type': 'application/json',
      },
      body: body ? JSON.stringify(body) : '',
    });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body || '{}') as Event & { items: Event[] };
  }

  const change = (crmId: string, data: object, rest: Partial<CrmChange> = {}): CrmChange => ({
    specVersion: '1',
    changeId: `c${++version}`,
    userId: 'anna',
    version,
    record: 'appointment',
    op: 'upsert',
    crmId,
    data: schemas[rest.record ?? 'appointment'].parse(data),
    ...rest,
  });

  return {
    engine,
    openAccess,
    /** What the availability function is made of. */
    availability: (): AvailabilityParts => ({ ...engine, freeBusy: createFreeBusy(client, clock) }),
    store,
    vault,
    workspace,
    messages,
    syncRequests,
    calls,
    logged,
    clock,
    change,
    connect,
    consent,
    /** The admin changes the setting CALENDAR. */
    setCalendar(setting: CalendarSettings['calendar']) {
      engine.collections = [
        calendarCollection(client, { calendar: setting, name: 'CRM', recurrence }),
      ];
    },
    /** The admin changes the setting RECURRENCE. */
    setRecurrence(setting: 'occurrences' | 'series') {
      engine.collections = [
        calendarCollection(client, { calendar, name: 'CRM', recurrence: setting }),
      ];
    },
    /** The live secondary calendars of the user, by id. */
    calendars: (userId = 'anna') =>
      workspace.calendars.owned(`${userId}@firm.example`).filter((c) => !c.primary && !c.deleted),
    phone,
    /** The user moves an event into another calendar, of which the sync knows nothing. */
    async moveAway(userId: string, id: string): Promise<void> {
      const email = `${userId}@firm.example`;
      const { calendars } = workspace;
      const own = calendars.owned(email).find((c) => !c.primary && !c.deleted);
      const aside = own ?? calendars.create(email, 'Aside', 'Europe/Zurich', null);
      await phone(userId, 'POST', `/${id}/move?destination=${encodeURIComponent(aside.id)}`);
    },
    /** The user's Tasks app. */
    tasks: (userId = 'anna') => tasksPhone(workspace.tasks, `${userId}@firm.example`),
    advance: (ms: number) => {
      now += ms;
    },
    /** From now on Google's clock differs from ours by so much. */
    skewGoogle: (ms: number) => {
      skew = ms;
    },
    /** The CRM publishes changes; resolves to the outcome of the last user's run. */
    async crm(...changes: CrmChange[]): Promise<RunOutcome> {
      await store.putIntents(changes);
      let outcome: RunOutcome = 'done';
      for (const userId of new Set(changes.map((c) => c.userId)))
        outcome = await runUser(engine, userId, { pull: false });
      return outcome;
    },
    poll: (userId = 'anna') => runUser(engine, userId, { pull: true }),
    /** The user's live events, as the phone sees them. */
    async events(userId = 'anna', calendarId = 'primary'): Promise<Event[]> {
      const { items } = await phone(userId, 'GET', '?maxResults=2500', undefined, calendarId);
      const key = (e: Event) => String(e.start.dateTime ?? e.start.date);
      return items
        .filter((e) => e.status !== 'cancelled')
        .sort((a, b) => (key(a) < key(b) ? -1 : 1));
    },
    /** Calls at Google since the last time, by name. */
    countCalls(): { [method: string]: number } {
      const counts = workspace.stats.snapshot().byMethod;
      delete counts['oauth.token'];
      workspace.stats.reset();
      return counts;
    },
  };
}

const schemas = { appointment: appointmentSchema, contact: contactSchema, task: taskSchema };

export type World = ReturnType<typeof createWorld>;

/** An hour's visit on a day (offset from Monday, 23 November 2026) in Zurich. */
export function visit(day = 1, hour = 9, more: object = {}): object {
  const at = (h: number) => ({
    dateTime: `2026-11-${String(23 + day).padStart(2, '0')}T${String(h).padStart(2, '0')}:00:00+01:00`,
    timeZone: 'Europe/Zurich',
  });
  return {
    subject: 'Visit at Muster AG',
    kind: 'visit',
    status: 'planned',
    start: at(hour),
    end: at(hour + 1),
    ...more,
  };
}

/** Somebody outside of the firm invites the user; resolves to the event's id. */
export async function invite(world: World, user: string): Promise<string> {
  world.workspace.createAccount({ email: 'boss@else.example' });
  const invited = await world.workspace.handle({
    method: 'POST',
    url: '/calendar/v3/calendars/primary/events',
    headers: { authorization: 'Bearer user:boss@else.example', 'content-type': 'application/json' },
    body: JSON.stringify({
      summary: 'Invitation',
      start: { date: '2026-11-27' },
      end: { date: '2026-11-28' },
      attendees: [{ email: `${user}@firm.example` }],
    }),
  });
  return JSON.parse(invited.body).id;
}
