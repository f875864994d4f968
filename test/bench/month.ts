/**
 * The reference month in quick motion: 350 users, 8,300 changes in the calendar, on the real functions in
 * simulated time. With watch channels, and beside it by polling alone.
 */
import { type Compared, compare } from './month/compare.ts';
import { type Measured, people } from './month/people.ts';
import { COLD, createSystem, TAKES } from './month/system.ts';

const DAY = 86_400_000;
/** November 2026 in Zurich: 30 days, 21 of them working days. */
const START = Date.parse('2026-11-01T00:00:00+01:00');
const DAYS = 30;
/** The reference figures, of 350 users. */
const CHANGES = 8300;
const USERS = 350;
/** After the last change: for what is on its way. */
const AFTERWARDS = 3 * 3_600_000;

interface Options {
  seed: number;
  users: number;
  /** Of the month by polling, which is a hundred times the work: its calls are scaled up. */
  polledUsers: number;
}

interface Result {
  measured: Measured;
  compared: Compared;
  byMethod: Map<string, number>;
  byStatus: Map<string, number>;
  httpRequests: number;
  /** Calendar calls of the busiest day of a user without a change that day, after the first day. */
  idleDay: number;
  /** Calls of the other APIs: by API, the most of one user on one day. */
  otherDays: Map<string, number>;
  count: { redelivered: number; deadLetters: number; notifications: number };
  outcomes: Map<string, number>;
  seconds: number;
}

/** Runs the month twice and prints what it cost. */
export async function month({ seed, users, polledUsers }: Options): Promise<void> {
  console.log(`The reference month: seed ${seed}; assumed, in ms:`, TAKES, `cold starts ${COLD}`);
  print('with watch channels', users, 1, await play(seed, users, true));
  print(
    'by polling every 5 minutes',
    polledUsers,
    users / polledUsers,
    await play(seed, polledUsers, false),
  );
}

async function play(seed: number, size: number, channels: boolean): Promise<Result> {
  const began = performance.now();
  const system = createSystem({ seed, start: START, channels });
  const users = Array.from({ length: size }, (_, i) => `u${String(i).padStart(3, '0')}`);
  const outcomes = new Map<string, number>();
  const { log } = system.engine;
  system.engine.log = (event, fields) => {
    log(event, fields);
    if (event !== 'sync.run') return;
    const { outcome, reason } = fields as { outcome: string; reason?: string };
    add(outcomes, reason === undefined ? outcome : `${outcome} ${reason}`);
  };
  // They connect in the first night, one after the other; their first sync counts as well.
  for (const [i, user] of users.entries()) system.plan(START + i * 60_000, () => system.join(user));
  const calls = countCalls(system);
  const changes = Math.round((CHANGES * size) / USERS);
  const measured = people(system, { users, changes, start: START, days: DAYS, seed });
  await system.until(START + DAYS * DAY + AFTERWARDS);
  const { httpRequests } = calls;
  const compared = await compare(system, users);
  return {
    measured,
    compared,
    ...calls,
    httpRequests: httpRequests.size,
    idleDay: busiestIdleDay(calls.byUserDay, measured.busy),
    otherDays: busiestDays(calls.byUserDay),
    count: system.count,
    outcomes,
    seconds: (performance.now() - began) / 1000,
  };
}

/** What the sync calls; people's phones do not count. */
function countCalls({ workspace }: ReturnType<typeof createSystem>) {
  const byMethod = new Map<string, number>();
  const byStatus = new Map<string, number>();
  const byUserDay = new Map<string, number>();
  const httpRequests = new Set<number>();
  const { before } = workspace;
  const ofPhones = new Set<number>();
  workspace.before = async (call) => {
    if (/^Bearer user:/.test(call.headers.authorization ?? '')) ofPhones.add(call.httpRequest);
    await before?.(call);
  };
  workspace.stats.onCall(({ at, user, method, status, httpRequest }) => {
    if (ofPhones.delete(httpRequest)) return;
    httpRequests.add(httpRequest);
    add(byMethod, method);
    if (method.startsWith('oauth')) return;
    add(byStatus, String(status));
    const day = Math.floor((at - START) / DAY);
    add(byUserDay, `${user?.split('@')[0]} ${day} ${method.split('.')[0]}`);
  });
  return { byMethod, byStatus, byUserDay, httpRequests };
}

/** The first day, on which everybody connects, and what follows on the last are left out. */
function busiestIdleDay(byUserDay: Map<string, number>, busy: ReadonlySet<string>): number {
  let most = 0;
  for (const [key, calls] of byUserDay) {
    const [user, day = '', api] = key.split(' ');
    const counts = Number(day) > 0 && Number(day) < DAYS && api === 'calendar';
    if (counts && !busy.has(`${user} ${day}`)) most = Math.max(most, calls);
  }
  return most;
}

/** Without the first day, on which the first sync makes groups and lists. */
function busiestDays(byUserDay: Map<string, number>): Map<string, number> {
  const most = new Map<string, number>();
  for (const [key, calls] of byUserDay) {
    const [, day, api = ''] = key.split(' ');
    if (day !== '0' && api !== 'calendar') most.set(api, Math.max(most.get(api) ?? 0, calls));
  }
  return most;
}

function print(name: string, users: number, scale: number, result: Result): void {
  const { measured, compared, byMethod, count } = result;
  const scaled = (n: number) => Math.round(n * scale).toLocaleString('en-US');
  const calendar = [...byMethod].filter(([method]) => method.startsWith('calendar.'));
  const total = calendar.reduce((sum, [, n]) => sum + n, 0);
  const { done } = measured;
  const changes = done.new + done.edit + done.delete;
  console.log(`\n${name}: ${users} users${scale === 1 ? '' : `, times ${scale}`}`);
  console.log(
    `  changes: ${scaled(changes)} (${done.new} new, ${done.edit} edits, ${done.delete} deletions)`,
  );
  console.log(
    `  Calendar calls: ${scaled(total)}, ${(total / changes).toFixed(1)} a change; HTTP requests: ${scaled(result.httpRequests)}`,
  );
  for (const [method, n] of [...byMethod].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`    ${method.padEnd(34)} ${scaled(n).padStart(12)}`);
  console.log(`  an idle user: at most ${result.idleDay} calls a day`);
  for (const [api, calls] of result.otherDays)
    console.log(`  ${api}, which cannot be watched: at most ${calls} calls a day and user`);
  console.log(`  CRM to Google: ${latencies(measured.toGoogle)}`);
  console.log(`  Google to CRM: ${latencies(measured.toCrm)}`);
  console.log(
    `  notifications: ${scaled(count.notifications)}; runs:`,
    Object.fromEntries(result.outcomes),
  );
  console.log(
    '  answers of Google:',
    Object.fromEntries(result.byStatus),
    `redelivered messages: ${count.redelivered}, dead letters: ${count.deadLetters}`,
  );
  console.log(
    `  at the end: ${compared.entries} entries on both sides, ${compared.lost.length} lost, ${compared.duplicated.length} duplicated, ${measured.waiting.size} overtaken by a later change`,
  );
  for (const line of [...compared.lost, ...compared.duplicated].slice(0, 10))
    console.log(`    ${line}`);
  console.log(`  (${result.seconds.toFixed(0)} s)`);
}

function latencies(taken: number[]): string {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (p: number) =>
    ((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0) / 1000).toFixed(1);
  return `p50 ${at(0.5)} s, p95 ${at(0.95)} s, p99 ${at(0.99)} s, most ${at(1)} s (${taken.length} changes)`;
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
