/** The month's figures, for people. */
import { pollsOf } from './calls.ts';
import type { Compared } from './compare.ts';
import { changesOf, type Figures } from './meter.ts';
import { OTHERS } from './others.ts';
import { momentsOf } from './people.ts';
import { monthOf } from './play.ts';
import type { OfType, Result } from './result.ts';

/** Prints what a month brought and cost. */
export function print(name: string, result: Result): void {
  const { users, figures, compared, calls, count } = result;
  const calendar = [...calls.byMethod].filter(([method]) => method.startsWith('calendar.'));
  const total = calendar.reduce((sum, [, n]) => sum + n, 0);
  console.log(`\n${name}: ${users} users`);
  console.log(`  changes in calendars: ${changes(figures)}`);
  console.log(
    `  Calendar calls: ${text(total)}, ${(total / changesOf(figures)).toFixed(1)} a change; HTTP requests to all APIs: ${text(calls.httpRequests)}`,
  );
  console.log('  Calendar calls by reason:');
  for (const [reason, n] of [...calls.reasons].sort(([, a], [, b]) => b - a)) line(reason, n);
  console.log('  calls by method:');
  for (const [method, n] of [...calls.byMethod].sort(([a], [b]) => (a < b ? -1 : 1)))
    line(method, n);
  console.log(
    `  an idle user: at most ${result.idleDay} Calendar calls a day; any user: at most ${calls.busiestMinute} a minute, of 600`,
  );
  console.log(`  CRM to Google: ${latencies(figures.toGoogle)}`);
  console.log(`  Google to CRM: ${latencies(figures.toCrm)}`);
  console.log(`  at the end: ${judged(compared, figures)}`);
  for (const other of result.others) printOther(other, result);
  console.log(
    `  notifications: ${text(count.notifications)}; runs:`,
    Object.fromEntries(result.outcomes),
  );
  console.log(
    '  answers of Google:',
    Object.fromEntries(calls.byStatus),
    `redelivered messages: ${count.redelivered}, dead letters: ${count.deadLetters}`,
  );
  for (const { lost, duplicated } of [compared, ...result.others.map((o) => o.compared)])
    for (const line of [...lost, ...duplicated].slice(0, 10)) console.log(`    ${line}`);
  console.log(`  (${text(result.seconds)} s of one core)`);
}

const text = (n: number) => Math.round(n).toLocaleString('en-US');
const line = (what: string, n: number) =>
  console.log(`    ${what.padEnd(38)} ${text(n).padStart(12)}`);

function printOther({ record, api, figures, compared }: OfType, { calls, users }: Result): void {
  const { workdays } = momentsOf(monthOf([], 0), Math.random);
  const polls = pollsOf(api, calls, users, workdays);
  const quota = api === 'tasks' ? ', of 50,000' : '';
  console.log(
    `  ${record}s, which cannot be watched: ${changes(figures)}; one user in ${OTHERS.busyOneIn} edits one every ${OTHERS.busyEveryMinutes} minutes`,
  );
  console.log(
    `    polls a working day and user: ${polls.mean.toFixed(1)} on average, at most ${polls.most}; calls of all users a day: at most ${text(polls.allCalls)}${quota}`,
  );
  console.log(`    CRM to Google: ${latencies(figures.toGoogle)}`);
  console.log(`    Google to CRM: ${latencies(figures.toCrm)}`);
  console.log(`    at the end: ${judged(compared, figures)}`);
}

const changes = (figures: Figures) =>
  `${text(changesOf(figures))} (${text(figures.done.new)} new, ${text(figures.done.edit)} edits, ${text(figures.done.delete)} deletions)`;

const judged = ({ entries, lost, duplicated }: Compared, { waiting }: Figures) =>
  `${entries} entries on both sides, ${lost.length} lost, ${duplicated.length} duplicated, ${waiting} overtaken by a later change`;

function latencies(taken: number[]): string {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (p: number) =>
    ((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0) / 1000).toFixed(1);
  return `p50 ${at(0.5)} s, p95 ${at(0.95)} s, p99 ${at(0.99)} s, most ${at(1)} s (${taken.length} changes)`;
}
