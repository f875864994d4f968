/** Takes back what a run changed, as far as nothing newer has happened. */
import type { Groups, Observed } from '../core/codec.ts';
import { sameValue } from '../core/fields.ts';
import { byRecord, type JournalEntry } from '../core/journal.ts';
import type { User } from '../core/records.ts';
import { type Kept, kept } from '../core/undo.ts';
import type { Collection } from './collection.ts';
import { commitWorks } from './commit.ts';
import type { Engine } from './engine.ts';
import type { Executed } from './execute.ts';
import { alone } from './isolation.ts';
import { linksOf } from './journal.ts';
import { executeGrouped } from './members.ts';
import { read, type Work } from './observe.ts';
import { settlePlaces } from './places.ts';
import { CHUNK, keepLease, type Run, type RunOutcome } from './run.ts';
import { underLease } from './run-user.ts';
import { waitingMembers } from './waiting.ts';

type About = Pick<JournalEntry, 'record' | 'crmId' | 'googleId' | 'rule'>;

/** What an undo has come to. */
export interface UndoReport {
  /** `busy`: another run is at work, come back. `unknownRun`: never was, or longer ago than is kept. */
  outcome: RunOutcome | 'unknownRun';
  /** What was put back, and on which side; `left` names fields that could not be. */
  undone: (About & { wrote?: string; told?: string; left?: string[] })[];
  /** What stays as it is, and why. */
  kept: (About & { reason: string; detail: string })[];
}

/**
 * Undoes a run of the user, record by record, the newest first. The undoing is a run itself, with a
 * journal of its own, so it can be undone as well.
 */
export async function undoRun(engine: Engine, userId: string, runId: number): Promise<UndoReport> {
  const report: UndoReport = { outcome: 'unknownRun', undone: [], kept: [] };
  const pages = await engine.store.journalOf(userId, runId);
  const entries = byRecord(pages.flatMap((page) => page.entries)).reverse();
  if (pages.length === 0) return report;
  const user = await engine.store.getUser(userId);
  if (!user || !isReachable(user)) return { ...report, outcome: 'notActive' };
  const outcome = await underLease(engine, userId, isReachable, async (run) => {
    // What is held can be undone as well: that is when a person looks.
    const { held: _, ...user } = run.user;
    run.user = user;
    await settlePlaces(run);
    for (const collection of run.collections) {
      const mine = entries.filter((entry) => entry.record === collection.codec.record);
      await alone(run, collection, async () => {
        for (let i = 0; i < mine.length; i += CHUNK)
          await undoSome(run, collection, mine.slice(i, i + CHUNK), mine, report);
      });
    }
    await giveBack(run);
    return run.deferred ? 'later' : 'done';
  });
  return { ...report, outcome };
}

/** Who is paused can be undone for: that is when a person looks. */
const isReachable = (user: User) =>
  user.leaving === undefined && (user.state === 'active' || user.state === 'paused');

async function undoSome(
  run: Run,
  collection: Collection,
  entries: JournalEntry[],
  all: JournalEntry[],
  report: UndoReport,
): Promise<void> {
  await keepLease(run);
  const works = await worksOf(run, collection, entries);
  // What was changed on the phone since the last poll is newer as well.
  const there = works.filter((work) => work.link?.googleId !== undefined);
  await read(run, collection, there, (work) => work.link?.googleId ?? '');
  await lookIntoGroups(run, collection, works, all);
  const executed = await executeGrouped(run, collection, works);
  await commitWorks(run, collection, executed, {}, false);
  tell(executed, report);
}

/**
 * What the run inserted as a group goes with all its members; where it gets its former places back, others
 * go. Its etag says nothing of what was changed in these since.
 */
async function lookIntoGroups(
  run: Run,
  collection: Collection,
  works: Work[],
  all: JournalEntry[],
): Promise<void> {
  const { groups } = collection.codec;
  if (!groups) return;
  const whole = works.filter(
    ({ undo, observed }) => undo && observed?.state === 'live' && groups.leads(observed.fields),
  );
  const inserted = whole.filter(
    ({ undo: u }) => u?.entry.before === null && u.entry.wrote === 'insert',
  );
  const moved = whole.filter(({ undo }) => undo && isMoved(groups, undo.entry));
  await markAwaited(run, collection, [...inserted, ...moved]);
  await markTouched(run, collection, inserted, all, false);
  await markTouched(run, collection, moved, all, true);
}

/** What the CRM has sent of a member, and waits, is newer as well. */
async function markAwaited(run: Run, collection: Collection, groups: Work[]): Promise<void> {
  if (groups.length === 0) return;
  const waiting = await waitingMembers(run, collection);
  const crmIds = new Set(waiting.flatMap(({ member }) => member?.group.crmId ?? []));
  const googleIds = new Set(waiting.flatMap(({ member }) => member?.group.googleId ?? []));
  for (const work of groups) {
    const { crmId = '', googleId = '' } = work.link ?? {};
    if (work.undo && (crmIds.has(crmId) || googleIds.has(googleId))) work.undo.newer = true;
  }
}

const isMoved = ({ shape }: Groups, { before, after }: JournalEntry): boolean =>
  before !== null && shape.some((name) => !sameValue(before[name], after?.[name]));

async function markTouched(
  run: Run,
  collection: Collection,
  groups: Work[],
  all: JournalEntry[],
  later: boolean,
): Promise<void> {
  if (groups.length === 0 || !collection.exceptions) return;
  const raws = groups.map(({ raw }) => raw);
  const found = await collection.exceptions(run.session, raws, later);
  const context = await run.directory.context([]);
  // What the run itself did to a member is undone with the group; one that it left there has gone since.
  const isOfRun = ({ googleId, etag, state }: Observed) =>
    all.some((e) => e.googleId === googleId && (state === 'gone' ? !e.after : e.etag === etag));
  groups.forEach((work, i) => {
    const members = (found[i] ?? []).map((raw) => collection.codec.decode(raw, context));
    const newer = members.some((member) => !isOfRun(member));
    if (work.undo && newer) work.undo = { ...work.undo, newer };
  });
}

async function worksOf(run: Run, collection: Collection, entries: JournalEntry[]): Promise<Work[]> {
  const { store } = run.engine;
  const { userId } = run.user;
  const links = await linksOf(store, userId, collection, entries);
  const crmIds = [...links.values()].flatMap((link) => link.crmId ?? []);
  const intents = await store.getIntents(collection.codec.record, crmIds);
  const { codec } = collection;
  const emails = intents.flatMap(({ data }) => codec.emailsOf({ fields: data }));
  const context = await run.directory.context(emails);
  const waiting = new Set(
    intents.filter((i) => i.pendingFor.includes(userId) || i.userId !== userId).map((i) => i.crmId),
  );
  return entries.map((entry) => {
    const link = links.get(entry.linkId);
    const newer = link?.crmId !== undefined && waiting.has(link.crmId);
    const intent = intents.find(({ crmId }) => crmId === link?.crmId);
    const cancelled = intent?.op === 'upsert';
    const said = intent && codec.canonical(intent.data, context);
    return {
      link,
      intent: undefined,
      observed: undefined,
      raw: undefined,
      undo: { entry, newer, cancelled, ...(said && { said }) },
    };
  });
}

/** What came in meanwhile was told that somebody is at work: it gets a run of its own. */
async function giveBack(run: Run): Promise<void> {
  const { store, publisher } = run.engine;
  const { released } = await store.commit(run.lease, {}, true);
  if (released) return;
  await store.dropLease(run.lease);
  await publisher.syncUsers([run.user.userId]);
}

function tell({ done, deferred }: Executed, report: UndoReport): void {
  for (const { work, decision } of done) {
    const entry = work.undo?.entry;
    if (!entry) continue;
    if (decision.rule === 'undo') {
      const { write, notice } = decision;
      const put = new Set(notice?.changed ?? []);
      const left = entry.after && Object.keys(entry.before ?? {}).filter((name) => !put.has(name));
      report.undone.push({
        ...about(entry),
        ...(write && { wrote: write.kind }),
        ...(notice && { told: notice.op }),
        ...(left && left.length > 0 && { left }),
      });
      continue;
    }
    const refused = decision.notice?.rejected;
    const reason = refused?.reason ?? decision.kept ?? 'newer';
    const detail = refused?.detail ?? kept[reason as Kept];
    report.kept.push({ ...about(entry), reason, detail });
  }
  for (const { work, error } of deferred) {
    if (!work.undo) continue;
    const detail = 'Google did not take it now: undo the run again';
    report.kept.push({ ...about(work.undo.entry), reason: error.reason, detail });
  }
}

const about = ({ record, crmId, googleId, rule }: JournalEntry): About => ({
  record,
  rule,
  ...(crmId !== undefined && { crmId }),
  ...(googleId !== undefined && { googleId }),
});
