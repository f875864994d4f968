/** The month's figures, for people. */
import type { Calls, PollsOfDays } from './calls.ts';
import type { Compared } from './compare.ts';
import type { Meter } from './meter.ts';
import { OTHERS, type Other } from './others.ts';

export interface OfType {
  record: Other;
  api: string;
  meter: Meter;
  compared: Compared;
  polls: PollsOfDays;
}

export interface Result {
  meter: Meter;
  compared: Compared;
  calls: Calls;
  idleDay: number;
  others: OfType[];
  count: { redelivered: number; deadLetters: number; notifications: number };
  outcomes: Map<string, number>;
  seconds: number;
}

/** `scale`: the users stand for so many times as many. */
export function print(name: string, users: number, scale: number, result: Result): void {
  const { meter, compared, calls, count } = result;
  const scaled = (n: number) => Math.round(n * scale).toLocaleString('en-US');
  const calendar = [...calls.byMethod].filter(([method]) => method.startsWith('calendar.'));
  const total = calendar.reduce((sum, [, n]) => sum + n, 0);
  console.log(`\n${name}: ${users} users${scale === 1 ? '' : `, times ${scale}`}`);
  console.log(`  changes in calendars: ${changes(meter, scaled)}`);
  console.log(
    `  Calendar calls: ${scaled(total)}, ${(total / meter.changes).toFixed(1)} a change; HTTP requests: ${scaled(calls.httpRequests.size)}`,
  );
  for (const [method, n] of [...calls.byMethod].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`    ${method.padEnd(34)} ${scaled(n).padStart(12)}`);
  console.log(
    `  an idle user: at most ${result.idleDay} Calendar calls a day; any user: at most ${calls.busiestMinute} a minute, of 600`,
  );
  console.log(`  CRM to Google: ${latencies(meter.toGoogle)}`);
  console.log(`  Google to CRM: ${latencies(meter.toCrm)}`);
  console.log(`  at the end: ${judged(compared, meter)}`);
  for (const other of result.others) printOther(other, scaled);
  console.log(
    `  notifications: ${scaled(count.notifications)}; runs:`,
    Object.fromEntries(result.outcomes),
  );
  console.log(
    '  answers of Google:',
    Object.fromEntries(calls.byStatus),
    `redelivered messages: ${count.redelivered}, dead letters: ${count.deadLetters}`,
  );
  for (const { lost, duplicated } of [compared, ...result.others.map((o) => o.compared)])
    for (const line of [...lost, ...duplicated].slice(0, 10)) console.log(`    ${line}`);
  console.log(`  (${result.seconds.toFixed(0)} s)`);
}

function printOther(
  { record, api, meter, compared, polls }: OfType,
  scaled: (n: number) => string,
): void {
  const quota = api === 'tasks' ? ', of 50,000' : '';
  console.log(
    `  ${record}s, which cannot be watched: ${changes(meter, scaled)}; one user in ${OTHERS.busyOneIn} edits one every ${OTHERS.busyEveryMinutes} minutes`,
  );
  console.log(
    `    polls a working day and user: ${polls.mean.toFixed(1)} on average, at most ${polls.most}; calls of all users a day: at most ${scaled(polls.allCalls)}${quota}`,
  );
  console.log(`    CRM to Google: ${latencies(meter.toGoogle)}`);
  console.log(`    Google to CRM: ${latencies(meter.toCrm)}`);
  console.log(`    at the end: ${judged(compared, meter)}`);
}

const changes = ({ done, changes }: Meter, scaled: (n: number) => string) =>
  `${scaled(changes)} (${scaled(done.new)} new, ${scaled(done.edit)} edits, ${scaled(done.delete)} deletions)`;

const judged = ({ entries, lost, duplicated }: Compared, { waiting }: Meter) =>
  `${entries} entries on both sides, ${lost.length} lost, ${duplicated.length} duplicated, ${waiting.size} overtaken by a later change`;

function latencies(taken: number[]): string {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (p: number) =>
    ((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0) / 1000).toFixed(1);
  return `p50 ${at(0.5)} s, p95 ${at(0.95)} s, p99 ${at(0.99)} s, most ${at(1)} s (${taken.length} changes)`;
}
