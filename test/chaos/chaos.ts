/**
 * The functions as bundled processes on Google's emulators, people on both sides, and somebody who kills
 * a function every second. At the end all is quiet, and both sides are compared.
 */
import { rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Conflict } from '../../functions/core/messages.ts';
import { isSyncError } from '../../functions/errors.ts';
import { type Random, seeded } from '../sandbox/google/random.ts';
import type { Host } from '../sandbox/hosts.ts';
import { type Stack, startStack } from '../sandbox/stack.ts';
import { bundled } from '../support/bundled.ts';
import { type Field, judge, Ledger, type Lost, lostKey, type Shown, type Story } from './ledger.ts';
import { emailOf, eventsOf, People, shownAtGoogle, shownInCrm } from './people.ts';

export interface ChaosOptions {
  seed: number;
  users: number;
  /** By people on both sides, spread over the time. */
  changes: number;
  seconds: number;
  /** Gets the functions' logs, for whoever looks into a violation. */
  log?: (line: string) => void;
}

/** What came out of it. */
export interface Outcome {
  /** What is not as it must be, in sentences. */
  violations: string[];
  kills: number;
  entries: number;
  /** Entries that are there at the end, on both sides. */
  left: number;
  conflicts: number;
  /** Polls until nothing happened any more, and how long it took. */
  rounds: number;
  settledMs: number;
  /** Pushes by subscription and answer; 503 is sent again. */
  pushes: { [answer: string]: number };
}

/** Who does the work; the more often named the more often killed. */
const VICTIMS = [
  'crmChange',
  'crmChange',
  'syncUser',
  'syncUser',
  'pollFanout',
  'googlePush',
  'maintain',
];
/** The shortest that the settings allow, so that a dead worker's user is soon free again. */
const SETTINGS = { LEASE_SECONDS: '10', POLL_SECONDS: '10' };
const POLL_MS = 2000;
const MAX_ROUNDS = 20;
/** Without anything acknowledged for so long, something hangs. */
const PROGRESS_MS = 60_000;

/** Runs it; `onEnd` gets what is to be closed, also after a failure. */
export async function chaos(
  options: ChaosOptions,
  onEnd: (end: () => Promise<void>) => void,
): Promise<Outcome> {
  const random = seeded(options.seed);
  const source = await bundled();
  onEnd(async () => rmSync(source, { recursive: true, force: true }));
  const stack = await startStack({
    port: 0,
    memory: false,
    processes: true,
    source,
    scheduler: false,
    env: { ...SETTINGS, LOG_LEVEL: options.log ? 'info' : 'silent' },
    ...(options.log && { log: options.log }),
  });
  onEnd(() => stack.close());
  // Quotas are another test's business: here nothing may be slowed down.
  stack.workspace.quota.enabled = false;
  const users = await connectUsers(stack, options.users);
  const pushes = countPushes(stack);
  const ledger = new Ledger();
  const people = new People(stack, ledger, random, users);
  const polling = setInterval(() => void stack.bus.publish('poll-tick', '{}'), POLL_MS);
  const killer = startKiller(stack.hosts, seeded(options.seed + 1));
  try {
    await liveThrough(people, options);
  } finally {
    clearInterval(polling);
    await killer.stop();
  }
  const began = Date.now();
  const rounds = await settle(stack, users, pushes);
  const settledMs = Date.now() - began;
  return {
    ...(await compare(stack, ledger, users)),
    kills: killer.kills(),
    rounds,
    settledMs,
    pushes: Object.fromEntries(pushes),
  };
}

async function connectUsers(stack: Stack, count: number): Promise<string[]> {
  const users = Array.from({ length: count }, (_, i) => `user${i + 1}`);
  for (const userId of users) {
    const user = { userId, name: userId, email: emailOf(userId), timeZone: 'Europe/Zurich' };
    await stack.crm.announce(user);
  }
  for (const userId of users) await stack.connect(userId);
  return users;
}

/** The people's changes, spread evenly; several may be under way at once. */
async function liveThrough(people: People, { changes, seconds }: ChaosOptions): Promise<void> {
  const began = Date.now();
  const acts: Promise<void>[] = [];
  for (let i = 0; i < changes; i++) {
    const due = began + (i * seconds * 1000) / changes;
    if (due > Date.now()) await wait(due - Date.now());
    acts.push(people.act());
  }
  await Promise.all(acts);
}

/** Kills a function that runs, every second, and starts it again at once. */
function startKiller(hosts: Map<string, Host>, random: Random) {
  let kills = 0;
  const starting = new Map<string, Promise<void>>();
  const strike = async (name: string) => {
    const host = hosts.get(name);
    if (!host || starting.has(name)) return;
    kills += 1;
    const again = host
      .kill('SIGKILL')
      .then(() => host.start())
      .finally(() => starting.delete(name));
    starting.set(name, again);
    await again;
  };
  const timer = setInterval(() => {
    const up = VICTIMS.filter((name) => !starting.has(name));
    const name = up[Math.floor(random() * up.length)];
    if (name) void strike(name);
  }, 1000);
  return {
    kills: () => kills,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(starting.values());
    },
  };
}

/** Polls until a poll changes nothing and nobody holds a user. Returns the number of polls. */
async function settle(stack: Stack, users: readonly string[], pushes: Pushes): Promise<number> {
  await untilQuiet(stack, pushes);
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    await untilFree(stack, users);
    const before = footprint(stack);
    await stack.poll();
    if (footprint(stack) === before && (await isFree(stack, users))) return round;
  }
  return MAX_ROUNDS;
}

/** However long it takes, as long as something is acknowledged. */
async function untilQuiet(stack: Stack, pushes: Pushes): Promise<void> {
  for (let before = -1; ; ) {
    try {
      return await stack.idle(PROGRESS_MS);
    } catch (error) {
      const now = acknowledged(pushes);
      if (now === before) throw new Error(JSON.stringify([...pushes]), { cause: error });
      before = now;
    }
  }
}

/** Pushes so far, by subscription and answer. */
type Pushes = Map<string, number>;

function countPushes(stack: Stack): Pushes {
  const pushes: Pushes = new Map();
  stack.feed.listen((entry) => {
    if (entry.kind !== 'run') return;
    const key = `${entry.subscription} ${entry.status}`;
    pushes.set(key, (pushes.get(key) ?? 0) + 1);
  });
  return pushes;
}

const acknowledged = (pushes: Pushes) =>
  [...pushes].reduce((sum, [key, count]) => sum + (key.endsWith(' 204') ? count : 0), 0);

/** What grows with every effect: writes at Google, and messages at the CRM. */
function footprint(stack: Stack): string {
  return `${stack.workspace.calendars.changes} ${stack.crm.messages().length}`;
}

/**
 * The emulator keeps what a killed worker's transaction had locked until that times out, and an answer may
 * take longer than the store waits: `later` means that one asks again.
 */
async function patiently<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (attempt === 5 || !isSyncError(error, 'later')) throw error;
    }
  }
}

async function isFree(stack: Stack, users: readonly string[]): Promise<boolean> {
  const leases = await Promise.all(
    users.map((userId) => patiently(() => stack.store.getLease(userId))),
  );
  return leases.every((lease) => lease === undefined || lease.expiresAt <= Date.now());
}

/** A worker that was killed holds its user until the lease is over. */
async function untilFree(stack: Stack, users: readonly string[]): Promise<void> {
  while (!(await isFree(stack, users))) await wait(200);
}

/** Both sides, entry by entry, against what people did; and what must not be left over. */
async function compare(stack: Stack, ledger: Ledger, users: readonly string[]) {
  const violations: string[] = [];
  const crm = new Map<string, Shown[]>();
  const google = new Map<string, Shown[]>();
  const add = (side: typeof crm, userId: string, token: string, shown: Shown) => {
    const story = ledger.stories.get(token);
    if (story?.userId !== userId) violations.push(`${token} is ${userId}'s, who did not write it`);
    side.set(token, [...(side.get(token) ?? []), shown]);
  };
  for (const userId of users) {
    for (const record of stack.crm.records(userId)) {
      add(crm, userId, record.data.place ?? '', shownInCrm(record));
      if (record.rejected) violations.push(`${record.crmId}: ${record.rejected.detail}`);
    }
    for (const event of await eventsOf(stack, userId)) {
      add(google, userId, event.location ?? '', shownAtGoogle(event));
    }
    const pending = await patiently(() => stack.store.pendingIntents(userId, 10));
    if (pending.length > 0) violations.push(`${userId}: ${pending.length} intents are pending`);
  }
  const lost = lostValues(stack);
  for (const story of ledger.stories.values()) {
    const { token } = story;
    const wrong = judge(story, crm.get(token) ?? [], google.get(token) ?? [], lost);
    if (wrong.length > 0) violations.push(...wrong, `${token}: ${evidence(stack, story)}`);
  }
  const letters = await patiently(() => stack.store.listDeadLetters(10));
  violations.push(...letters.map((letter) => `dead letter: ${letter.reason}`));
  violations.push(...stack.workspace.mails.map(({ kind }) => `a mail: ${kind}`));
  return { violations, entries: ledger.stories.size, left: crm.size, conflicts: lost.size };
}

/** What people did to an entry and what was said about it, for whoever looks into a violation. */
function evidence(stack: Stack, story: Story): string {
  const records = stack.crm.records(undefined, true).filter((r) => r.data.place === story.token);
  const ids = new Set(records.flatMap(({ crmId, googleId }) => [crmId, googleId ?? crmId]));
  const said = stack.crm
    .messages()
    .filter(({ crmId, googleId }) => ids.has(crmId ?? '') || ids.has(googleId ?? ''));
  return JSON.stringify({ story, records, said }, null, 1);
}

/** The values that lost in a conflict, as the CRM was told. */
function lostValues(stack: Stack): Lost {
  const lost: Lost = new Set();
  for (const { conflicts = [], crmId, googleId } of stack.crm.messages()) {
    const record =
      stack.crm.record(crmId ?? '') ??
      stack.crm.records(undefined, true).find((r) => r.googleId === googleId);
    for (const conflict of conflicts) {
      for (const [field, value] of loser(conflict)) {
        lost.add(lostKey(record?.data.place ?? '', field, value));
      }
    }
  }
  return lost;
}

function loser({ field, winner, crm, google }: Conflict): [Field, string | null][] {
  const value = winner === 'crm' ? google : crm;
  if (field === 'subject' || field === 'description') return [[field, value as string | null]];
  if (field !== 'start') return [];
  const start = Date.parse((value as { dateTime?: string } | null)?.dateTime ?? '');
  // People's entries are an hour long.
  return [['time', `${start}-${start + 3_600_000}`]];
}
