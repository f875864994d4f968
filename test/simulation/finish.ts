/** How a simulation ends: trouble ceases, everything comes to rest, and all that happened is handed over. */
import { hasToken } from '../support/canary.ts';
import { finalOf } from './final.ts';
import type { History, Raw } from './history.ts';
import { connect } from './set-up.ts';
import { POLL, type System } from './system.ts';
import { emailOf } from './users.ts';

const HOUR = 3_600_000;
/** Longer than a creation of a contact without an answer is waited for. */
const LONG_POLL = 1_000_000;
/** Scheduler's tick, here less often than each minute: enough for what is due in hours. */
const TICK = 1_800_000;

/** Runs to the end and hands over everything that the checker needs. */
export async function finish(system: System): Promise<History> {
  const rested = await settle(system);
  const effects = system.entries.filter((e) => e.kind === 'effect').length;
  const told = system.told.size;
  const state = storedState(system);
  const sent = system.entries.filter((e) => e.kind === 'told');
  if (hasToken(system.store.dump() + JSON.stringify(sent) + system.logged))
    system.bugs.push('P35 token');
  if (rested) {
    system.scheduler.now += pauseOf(system);
    for (const userId of system.users) system.poll(userId);
    await system.drain();
  }
  const extra = {
    writes: system.entries.filter((e) => e.kind === 'effect').length - effects,
    told: system.told.size - told,
    stateChanged: storedState(system) !== state,
  };
  const planned = rested ? await stillPlanned(system) : [];
  return { entries: system.entries, final: finalOf(system, rested, { ...extra, planned }) };
}

/** Faults off, everybody connected, queues drained, polls run until two rounds bring nothing new. */
async function settle(system: System): Promise<boolean> {
  system.calm();
  const lied = () =>
    system.entries.flatMap((e) => (e.kind === 'user' && e.what === 'emptyListing' ? [e.user] : []));
  // What a listing hid that lied stays hidden until the token expires, as tokens do some day: also the one
  // that a listing brings of which a page has lied already.
  if (lied().length > 0 && !(await system.drain())) return false;
  for (const user of lied()) system.workspace.expireSyncTokens(emailOf(user));
  // Tasks have none, and are listed whole within a week.
  if (lied().length > 0 && system.records.includes('task')) await system.leap(7 * 24 * HOUR);
  if (system.notifications) await passDays(system);
  let quiet = 0;
  for (let round = 0; round < 20 && quiet < 2; round++) {
    const before = progress(system);
    if (!(await system.drain())) return false;
    for (const userId of system.users) await backToWork(system, userId);
    system.scheduler.now += pauseOf(system);
    for (const userId of system.users) system.poll(userId);
    if (!(await system.drain())) return false;
    quiet = progress(system) === before ? quiet + 1 : 0;
  }
  return quiet === 2;
}

/**
 * Time passes without trouble until each safety poll has been due: what nobody was notified of is found
 * by then, and nobody's poll is forced.
 */
async function passDays(system: System): Promise<void> {
  const pass = async (ms: number) => {
    for (const end = system.scheduler.now + ms; system.scheduler.now < end; ) {
      await system.leap(TICK);
      system.queues.publish('poll-fanout', '{}', system.scheduler.now);
      if (!(await system.drain())) return;
    }
  };
  for (let round = 0; round < 3; round++) {
    await pass(2 * TICK);
    for (const userId of system.users) await backToWork(system, userId);
  }
  // A grant that was revoked since the last word with Google is noticed by then: so long a quiet user waits.
  await pass(30 * HOUR);
  for (const userId of system.users) await backToWork(system, userId);
  system.queues.publish('maintain', '{}', system.scheduler.now);
  await pass(8 * HOUR);
  system.note('safe', {});
}

const pauseOf = (system: System) => (system.others.length > 0 ? LONG_POLL : POLL);

function progress(system: System): string {
  const news = system.entries.filter((e) => !['issue', 'task', 'lease', 'state'].includes(e.kind));
  return String(news.length);
}

async function backToWork(system: System, userId: string): Promise<void> {
  const user = await system.store.getUser(userId);
  if (user?.leaving) return;
  if (user?.enabled === false) await system.enable(userId, true);
  if (user?.held !== undefined) await system.processes.ask({ action: 'release', userId });
  if (user?.state === 'paused') await system.processes.ask({ action: 'resume', userId });
  else if (user?.state !== 'active' || system.withdrawn.has(userId)) await connect(system, userId);
}

/** What a preview of each user still plans: rules, by name. */
async function stillPlanned(system: System): Promise<string[]> {
  const rules: string[] = [];
  for (const userId of system.users) {
    system.previewed = {};
    await system.processes.ask({ action: 'preview', userId, limit: 200 });
    await system.drain();
    const records = (system.previewed.records ?? [{ rule: 'no answer' }]) as { rule: string }[];
    rules.push(...records.map(({ rule }) => rule));
  }
  return rules;
}

/** The stored state without what every cycle changes. */
function storedState(system: System): string {
  const { intents, links } = JSON.parse(system.store.dump()) as Raw;
  return JSON.stringify({ intents, links });
}
