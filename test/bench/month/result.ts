/** What a month brought; and the sum of several groups of users, each with a world of its own. */
import { add, type Calls } from './calls.ts';
import type { Compared } from './compare.ts';
import type { Figures } from './meter.ts';
import type { Other } from './others.ts';

/** Of contacts or tasks. */
export interface OfType {
  record: Other;
  api: string;
  figures: Figures;
  compared: Compared;
}

/** Of all record types; plain data, as it can leave a worker. */
export interface Result {
  users: number;
  figures: Figures;
  compared: Compared;
  calls: Calls;
  /** Calendar calls of the busiest day of a user without a change. */
  idleDay: number;
  others: OfType[];
  count: { redelivered: number; deadLetters: number; notifications: number };
  outcomes: Map<string, number>;
  /** Of one core. */
  seconds: number;
}

/** One result of all groups: sums, and the most where the most of one user counts. */
export function sum(results: Result[]): Result {
  const [first, ...more] = results;
  if (!first) throw new Error('no group');
  return more.reduce(plus, first);
}

function plus(a: Result, b: Result): Result {
  return {
    users: a.users + b.users,
    figures: figures(a.figures, b.figures),
    compared: compared(a.compared, b.compared),
    calls: calls(a.calls, b.calls),
    idleDay: Math.max(a.idleDay, b.idleDay),
    others: a.others.map((other, i) => {
      const same = b.others[i] as OfType;
      return {
        ...other,
        figures: figures(other.figures, same.figures),
        compared: compared(other.compared, same.compared),
      };
    }),
    count: {
      redelivered: a.count.redelivered + b.count.redelivered,
      deadLetters: a.count.deadLetters + b.count.deadLetters,
      notifications: a.count.notifications + b.count.notifications,
    },
    outcomes: counts(a.outcomes, b.outcomes),
    seconds: a.seconds + b.seconds,
  };
}

const figures = (a: Figures, b: Figures): Figures => ({
  toGoogle: [...a.toGoogle, ...b.toGoogle],
  toCrm: [...a.toCrm, ...b.toCrm],
  done: {
    new: a.done.new + b.done.new,
    edit: a.done.edit + b.done.edit,
    delete: a.done.delete + b.done.delete,
  },
  waiting: a.waiting + b.waiting,
});

const compared = (a: Compared, b: Compared): Compared => ({
  entries: a.entries + b.entries,
  lost: [...a.lost, ...b.lost],
  duplicated: [...a.duplicated, ...b.duplicated],
});

const calls = (a: Calls, b: Calls): Calls => ({
  byMethod: counts(a.byMethod, b.byMethod),
  byStatus: counts(a.byStatus, b.byStatus),
  byUserDay: counts(a.byUserDay, b.byUserDay),
  polls: counts(a.polls, b.polls),
  reasons: counts(a.reasons, b.reasons),
  busiestMinute: Math.max(a.busiestMinute, b.busiestMinute),
  httpRequests: a.httpRequests + b.httpRequests,
});

function counts(a: Map<string, number>, b: Map<string, number>): Map<string, number> {
  const all = new Map(a);
  for (const [key, count] of b) add(all, key, count);
  return all;
}
