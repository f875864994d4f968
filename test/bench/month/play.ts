/** Plays a group of users through the month, in a world of its own: the worker of `groups.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { add, busiestIdleDay, countCalls } from './calls.ts';
import { compare, compareOthers } from './compare.ts';
import { others } from './others.ts';
import { type Plan, people } from './people.ts';
import type { OfType, Result } from './result.ts';
import { createSystem } from './system.ts';

/** Which users, and how they are kept up to date. */
export interface Group {
  seed: number;
  /** The number of the first user, and how many there are. */
  first: number;
  size: number;
  channels: boolean;
}

const DAY = 86_400_000;
/** November 2026 in Zurich: 30 days, 21 of them working days. */
const START = Date.parse('2026-11-01T00:00:00+01:00');
const DAYS = 30;
/** The reference figures, of 350 users. */
const CHANGES = 8300;
const USERS = 350;
/** After the last day: for what is on its way, also to the slowest poll. */
const AFTERWARDS = 6 * 3_600_000;

/** The month of users; each has draws of its own. */
export const monthOf = (users: string[], seed: number): Plan => ({
  users,
  start: START,
  days: DAYS,
  seed,
});

async function play({ seed, first, size, channels }: Group): Promise<Result> {
  const system = createSystem({ seed: seed + first, start: START, channels });
  const users = Array.from({ length: size }, (_, i) => `u${String(first + i).padStart(3, '0')}`);
  const outcomes = new Map<string, number>();
  const { log } = system.engine;
  system.engine.log = (event, fields) => {
    log(event, fields);
    if (event !== 'sync.run') return;
    const { outcome, reason } = fields as { outcome: string; reason?: string };
    add(outcomes, reason === undefined ? outcome : `${outcome} ${reason}`);
  };
  // They connect in the first night, one after the other; their first sync counts as well.
  for (const [i, user] of users.entries())
    system.plan(START + (first + i) * 60_000, () => system.join(user));
  const calls = countCalls(system, START);
  const plan = monthOf(users, seed + first);
  const { meter, busy } = people(system, plan, Math.round((CHANGES * size) / USERS));
  const meters = [
    { record: 'contact', api: 'people', meter: others(system, 'contact', plan) },
    { record: 'task', api: 'tasks', meter: others(system, 'task', plan) },
  ] as const;
  await system.until(START + DAYS * DAY + AFTERWARDS);
  return {
    users: size,
    figures: meter.figures,
    compared: await compare(system, users),
    calls,
    idleDay: busiestIdleDay(calls, busy, DAYS),
    others: meters.map(
      ({ record, api, meter: { figures } }): OfType => ({
        ...{ record, api, figures },
        compared: compareOthers(system, record, users),
      }),
    ),
    count: system.count,
    outcomes,
    seconds: process.threadCpuUsage().user / 1e6,
  };
}

if (parentPort) parentPort.postMessage(await play(workerData as Group));
