/** What the sync calls at Google; people's phones do not count. */
import { countReasons } from './reasons.ts';
import type { System } from './system.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

export interface Calls {
  byMethod: Map<string, number>;
  byStatus: Map<string, number>;
  /** Keys: user, day (from 0), API. */
  byUserDay: Map<string, number>;
  /** Listings from their first page on: user, day, method. */
  polls: Map<string, number>;
  /** The most Calendar calls of one user in one minute. */
  busiestMinute: number;
  httpRequests: number;
  /** Calendar calls by why they were made. */
  reasons: Map<string, number>;
}

/** Counts from now on; the day of `start` (ms since the epoch) is day 0. */
export function countCalls(system: System, start: number): Calls {
  const { workspace } = system;
  const calls: Calls = {
    byMethod: new Map(),
    byStatus: new Map(),
    byUserDay: new Map(),
    polls: new Map(),
    busiestMinute: 0,
    httpRequests: 0,
    reasons: countReasons(system),
  };
  const { before } = workspace;
  const ofPhones = new Set<number>();
  workspace.before = async (call) => {
    if (call.client === 'phone') ofPhones.add(call.httpRequest);
    await before?.(call);
  };
  const minutes = new Map<string, { minute: number; calls: number }>();
  workspace.stats.onCall(({ at, user, method, status, httpRequest, batch }) => {
    if (ofPhones.delete(httpRequest)) return;
    if ((batch?.index ?? 0) === 0) calls.httpRequests++;
    add(calls.byMethod, method);
    if (method.startsWith('oauth')) return;
    add(calls.byStatus, String(status));
    const [name = '', day] = [user?.split('@')[0], Math.floor((at - start) / DAY)];
    const api = method.split('.')[0];
    add(calls.byUserDay, `${name} ${day} ${api}`);
    if (/connections\.list$|tasks\.list$/.test(method)) add(calls.polls, `${name} ${day} ${api}`);
    if (api !== 'calendar') return;
    const minute = Math.floor(at / MINUTE);
    const last = minutes.get(name);
    const now = { minute, calls: last?.minute === minute ? last.calls + 1 : 1 };
    minutes.set(name, now);
    calls.busiestMinute = Math.max(calls.busiestMinute, now.calls);
  });
  return calls;
}

/**
 * Calendar calls of the busiest day of a user without a change that day. The first day, on which
 * everybody connects, and what follows on the last are left out.
 */
export function busiestIdleDay({ byUserDay }: Calls, busy: ReadonlySet<string>, days: number) {
  let most = 0;
  for (const [key, calls] of byUserDay) {
    const [user, day = '', api] = key.split(' ');
    const counts = Number(day) > 0 && Number(day) < days && api === 'calendar';
    if (counts && !busy.has(`${user} ${day}`)) most = Math.max(most, calls);
  }
  return most;
}

export interface PollsOfDays {
  /** Of one user on one working day. */
  mean: number;
  most: number;
  /** Calls of all users on the busiest day. */
  allCalls: number;
}

/** Polls of an API that cannot be watched. */
export function pollsOf(
  api: string,
  { polls, byUserDay }: Calls,
  users: number,
  workdays: number[],
) {
  const result: PollsOfDays = { mean: 0, most: 0, allCalls: 0 };
  for (const [key, count] of polls) {
    const [, day, of] = key.split(' ');
    if (of !== api || !workdays.includes(Number(day))) continue;
    result.mean += count / (users * workdays.length);
    result.most = Math.max(result.most, count);
  }
  const all = new Map<string, number>();
  for (const [key, count] of byUserDay) {
    const [, day = '', of] = key.split(' ');
    if (of === api) add(all, day, count);
  }
  result.allCalls = Math.max(0, ...all.values());
  return result;
}

export function add(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
