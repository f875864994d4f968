/**
 * The whole sync in simulated time: the real functions and engine on the in-memory store and the Workspace
 * simulator, the CRM simulator, and between them messages that take as long as they do in the cloud.
 */
import type { GoogleChange } from '../../../functions/core/messages.ts';
import { scopes } from '../../../functions/google/scopes.ts';
import { Crm } from '../../sandbox/crm/crm.ts';
import { seeded } from '../../sandbox/google/random.ts';
import { createLiveWorld, PUSH_URL } from '../../support/push.ts';
import { MONDAY, SCOPES } from '../../support/world.ts';
import { Timeline } from './timeline.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** How long things take, ms, uniform between the two: assumptions, which the benchmark prints. */
export const TAKES = {
  googleCall: [120, 400],
  pubsub: [30, 150],
  coldStart: [800, 2000],
  notification: [500, 5000],
} as const;
/** Deliveries that meet no warm instance. */
export const COLD = 0.02;

export type System = ReturnType<typeof createSystem>;

/** A system whose time begins at `start`; with `channels` Google notifies, otherwise it is polled. */
export function createSystem({
  seed,
  start,
  channels,
}: {
  seed: number;
  start: number;
  channels: boolean;
}) {
  const timeline = new Timeline(start);
  const random = seeded(seed * 11 + 1);
  const live = createLiveWorld({
    pushUrl: channels ? PUSH_URL : undefined,
    records: ['appointment', 'contact', 'task'],
  });
  const { engine, workspace, clock, store } = live;
  const time = () => {
    live.advance(timeline.now - clock.now());
    return timeline.now;
  };
  live.advance(start - MONDAY);
  clock.sleep = (ms) => timeline.sleep(ms).then(() => void time());
  engine.random = random;
  const between = ([from, to]: readonly [number, number]) => from + random() * (to - from);
  const count = { redelivered: 0, deadLetters: 0, notifications: 0 };

  const plan = (ms: number, run: () => unknown) =>
    timeline.after(ms, () => {
      time();
      return run();
    });

  /** As Pub/Sub: at least once, with the subscription's backoff of 10 to 600 seconds. */
  function deliver(name: 'syncUser' | 'crmChange', json: unknown): void {
    const publishedAt = timeline.now;
    const attempt = (n: number, ms: number) =>
      plan(ms + (random() < COLD ? between(TAKES.coldStart) : 0), async () => {
        const status = await live.pushed(name, json, publishedAt);
        if (status === 204) return;
        if (n === 40) return void count.deadLetters++;
        count.redelivered++;
        attempt(n + 1, Math.min(600_000, 10_000 * 2 ** (n - 1)));
      });
    attempt(1, between(TAKES.pubsub));
  }

  const crm = new Crm({
    now: () => timeline.now,
    random: seeded(seed * 11 + 2),
    publish: (message) => deliver('crmChange', message),
  });
  const told: ((change: GoogleChange) => void)[] = [];
  let crmBusyUntil = start;
  engine.publisher.syncUsers = async (userIds) => {
    for (const userId of userIds) deliver('syncUser', { userId });
  };
  engine.publisher.googleChanges = async (changes) => {
    for (const change of structuredClone(changes)) {
      // In order, as the ordering key promises.
      crmBusyUntil = Math.max(crmBusyUntil, timeline.now + between(TAKES.pubsub));
      timeline.at(crmBusyUntil, async () => {
        time();
        for (const listener of told) listener(change);
        await crm.receive(change);
      });
    }
  };
  /** Hear whose calendar a notification that arrives is about. */
  const rung: ((email: string) => void)[] = [];
  workspace.notify = ({ user }, headers) => {
    count.notifications++;
    plan(between(TAKES.notification), () => {
      if (headers['x-goog-resource-state'] === 'exists')
        for (const listener of rung) listener(user);
      return live.notify(headers);
    });
  };
  // One HTTP request takes its time, whatever the number of calls in it.
  workspace.before = async (call) => {
    if (call.client === 'sync' && (call.batch?.index ?? 0) === 0)
      await clock.sleep(between(TAKES.googleCall));
  };

  function everyMinute(): void {
    plan(MINUTE, async () => {
      everyMinute();
      await live.tick();
      // What the world keeps for tests would fill the memory.
      live.calls.length = 0;
      live.logged.length = 0;
      live.messages.length = 0;
    });
  }
  function everyNight(ms: number): void {
    plan(ms, async () => {
      everyNight(DAY);
      await live.maintain();
    });
  }
  everyMinute();
  everyNight(2 * 60 * MINUTE + 17 * MINUTE);

  return {
    ...live,
    timeline,
    crm,
    count,
    told,
    rung,
    /** The CRM announces a user, who connects. */
    async join(userId: string): Promise<void> {
      const email = `${userId}@firm.example`;
      workspace.oauth.createAccount({ email, name: userId, timeZone: 'Europe/Zurich' });
      await store.putUser({ userId, email, timeZone: 'Europe/Zurich', enabled: true, version: 0 });
      await crm.announce({ userId, email, name: userId, timeZone: 'Europe/Zurich' });
      await live.consent(userId, [...SCOPES.primary, scopes.contacts, scopes.tasks]);
      deliver('syncUser', { userId });
    },
    /** Lets time pass. */
    async until(at: number): Promise<void> {
      await timeline.runUntil(at);
      time();
    },
    plan: (at: number, run: () => unknown) => plan(at - timeline.now, run),
  };
}
