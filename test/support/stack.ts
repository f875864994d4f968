/** Helpers of tests that drive a whole local stack over HTTP, as a script would. */
import assert from 'node:assert/strict';
import type { GoogleChange } from '../../functions/core/messages.ts';
import { dueNow } from '../../functions/core/polls.ts';
import { firestoreClient } from '../../functions/state/client.ts';
import type { MemoryStore } from '../../functions/state/memory.ts';
import { type Stack, type StackOptions, startStack } from '../sandbox/stack.ts';
import { noToken, noTokenStored } from './canary.ts';
import type { Event } from './world.ts';

export interface Driven extends Stack {
  /** Publishes on crm-changes whatever it is given, and waits until all is quiet. */
  publish(message: unknown): Promise<void>;
  /** As the user's phone; a path below calendars/primary/events. */
  phone(
    user: string,
    method: string,
    path: string,
    body?: object,
  ): Promise<Event & { items: Event[] }>;
  events(user: string): Promise<Event[]>;
  /** Makes all record types of the user due: the next sync-user message pulls them. */
  due(user: string): Promise<void>;
  /** The google-changes that the CRM received since the last look. */
  news(): Promise<GoogleChange[]>;
}

/** A stack on the emulators with two connected users (anna and luca) and empty calendars. */
export async function driveStack(
  onEnd: (end: () => Promise<void>) => void,
  { notifications = false, ...options }: StackOptions & { notifications?: boolean } = {},
): Promise<Driven> {
  const stack = await startStack({
    port: 0,
    memory: false,
    scheduler: false,
    crm: { echo: false },
    ...options,
    events(event, fields) {
      noToken('a log', fields);
      options.events?.(event, fields);
    },
    log(line) {
      noToken('the output of a function', line);
      options.log?.(line);
    },
    // Tests of the way from Google poll when they are ready; those of notifications say so.
    env: {
      LOG_LEVEL: 'silent',
      ...(!notifications && { NOTIFICATIONS_URL: '' }),
      ...options.env,
    },
  });
  onEnd(async () => {
    try {
      await look(stack);
    } finally {
      await stack.close();
    }
  });
  let seen = 0;
  const driven: Driven = {
    ...stack,
    async publish(message) {
      const text = typeof message === 'string' ? message : JSON.stringify(message);
      const answer = await fetch(`${stack.url}/crm/changes`, { method: 'POST', body: text });
      assert.ok(answer.ok, `${answer.status}`);
      await stack.idle();
    },
    async phone(user, method, path, body) {
      const answer = await fetch(
        `${stack.url}/google/calendar/v3/calendars/primary/events${path}`,
        {
          method,
          headers: {
            authorization: `Bearer user:${user}@firm.example`,
            'content-type': 'application/json',
          },
          ...(body && { body: JSON.stringify(body) }),
        },
      );
      const text = await answer.text();
      assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
      return JSON.parse(text || '{}') as Event & { items: Event[] };
    },
    async events(user) {
      return (await driven.phone(user, 'GET', '?maxResults=2500')).items;
    },
    async due(user) {
      await stack.store.updateUser(user, (stored) => stored && dueNow(stored, Date.now()));
    },
    async news() {
      const all = (await (await fetch(`${stack.url}/crm/messages`)).json()) as GoogleChange[];
      const fresh = all.slice(seen);
      seen = all.length;
      return fresh;
    },
  };
  for (const userId of ['anna', 'luca']) {
    await stack.crm.announce({
      userId,
      email: `${userId}@firm.example`,
      name: userId,
      timeZone: 'Europe/Zurich',
    });
    await stack.idle();
    await stack.connect(userId);
  }
  await driven.news();
  return driven;
}

/** P35: no token in what was published and stored. C20: nobody was mailed. */
async function look({ crm, feed, store, env, workspace }: Stack): Promise<void> {
  assert.deepEqual(workspace.mails, [], 'C20 somebody was mailed');
  noToken('a message to the CRM', crm.messages());
  noToken('a message', feed.since(0));
  if ('dump' in store) return noToken('the store', (store as MemoryStore).dump());
  const db = firestoreClient(env.GOOGLE_CLOUD_PROJECT ?? '');
  await noTokenStored(db).finally(() => db.terminate());
}

let version = 1000;

/** A crm-changes message for an appointment. */
export function appointment(crmId: string, data: object = {}, rest: object = {}): object {
  version++;
  return {
    changeId: `c${version}`,
    userId: 'anna',
    version,
    record: 'appointment',
    op: 'upsert',
    crmId,
    data,
    ...rest,
  };
}
