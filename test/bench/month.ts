/**
 * The reference month in quick motion: 350 users, 8,300 changes in the calendar, and contacts and tasks
 * beside them, on the real functions in simulated time. With watch channels, and beside it by polling alone.
 */
import { add, busiestIdleDay, countCalls, pollsOf } from './month/calls.ts';
import { compare, compareOthers } from './month/compare.ts';
import { others } from './month/others.ts';
import { momentsOf, type Plan, people } from './month/people.ts';
import { type OfType, print, type Result } from './month/print.ts';
import { COLD, createSystem, TAKES } from './month/system.ts';

const DAY = 86_400_000;
/** November 2026 in Zurich: 30 days, 21 of them working days. */
const START = Date.parse('2026-11-01T00:00:00+01:00');
const DAYS = 30;
/** The reference figures, of 350 users. */
const CHANGES = 8300;
const USERS = 350;
/** After the last day: for what is on its way, also to the slowest poll. */
const AFTERWARDS = 6 * 3_600_000;

interface Options {
  seed: number;
  users: number;
  /** Of the month by polling, which is a hundred times the work: its calls are scaled up. */
  polledUsers: number;
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
  const calls = countCalls(system, START);
  const plan: Plan = { users, start: START, days: DAYS, seed };
  const { meter, busy } = people(system, plan, Math.round((CHANGES * size) / USERS));
  const meters = [
    { record: 'contact', api: 'people', meter: others(system, 'contact', plan) },
    { record: 'task', api: 'tasks', meter: others(system, 'task', plan) },
  ] as const;
  await system.until(START + DAYS * DAY + AFTERWARDS);
  const { workdays } = momentsOf(plan, Math.random);
  return {
    meter,
    compared: await compare(system, users),
    calls,
    idleDay: busiestIdleDay(calls, busy, DAYS),
    others: meters.map(
      (other): OfType => ({
        ...other,
        compared: compareOthers(system, other.record, users),
        polls: pollsOf(other.api, calls, size, workdays),
      }),
    ),
    count: system.count,
    outcomes,
    seconds: (performance.now() - began) / 1000,
  };
}
