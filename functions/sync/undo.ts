/** Takes back what a run changed, as far as nothing newer has happened. */
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
        const touched = await groupsTouched(run, collection, mine);
        for (let i = 0; i < mine.length; i += CHUNK)
          await undoSome(run, collection, mine.slice(i, i + CHUNK), touched, report);
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

/**
 * Ids of groups that the run made, and of which somebody has changed a member since: that changes nothing of
 * the group itself, and would go with it.
 */
async function groupsTouched(
  { engine, user }: Run,
  { codec }: Collection,
  entries: JournalEntry[],
): Promise<Set<string>> {
  const made = entries.filter(({ before, wrote }) => before === null && wrote === 'insert');
  const ids = made.flatMap(({ googleId }) => googleId ?? []);
  if (!codec.groups || ids.length === 0) return new Set();
  const members = await engine.store.linksByGroup(user.userId, codec.record, ids);
  const left = new Map(entries.map(({ linkId, etag }) => [linkId, etag ?? null]));
  const touched = members.filter(({ id, etag }) => left.get(id) !== (etag ?? null));
  return new Set(touched.flatMap(({ group }) => group ?? []));
}

async function undoSome(
  run: Run,
  collection: Collection,
  entries: JournalEntry[],
  touched: Set<string>,
  report: UndoReport,
): Promise<void> {
  await keepLease(run);
  const works = await worksOf(run, collection, entries, touched);
  // What was changed on the phone since the last poll is newer as well.
  const there = works.filter((work) => work.link?.googleId !== undefined);
  await read(run, collection, there, (work) => work.link?.googleId ?? '');
  const executed = await executeGrouped(run, collection, works);
  await commitWorks(run, collection, executed, {}, false);
  tell(executed, report);
}

async function worksOf(
  run: Run,
  collection: Collection,
  entries: JournalEntry[],
  touched: Set<string>,
): Promise<Work[]> {
  const { store } = run.engine;
  const { userId } = run.user;
  const links = await linksOf(store, userId, collection, entries);
  const crmIds = [...links.values()].flatMap((link) => link.crmId ?? []);
  const intents = await store.getIntents(collection.codec.record, crmIds);
  const waiting = new Set(
    intents.filter((i) => i.pendingFor.includes(userId) || i.userId !== userId).map((i) => i.crmId),
  );
  return entries.map((entry) => {
    const link = links.get(entry.linkId);
    const newer =
      (link?.crmId !== undefined && waiting.has(link.crmId)) || touched.has(entry.googleId ?? '');
    return {
      link,
      intent: undefined,
      observed: undefined,
      raw: undefined,
      undo: { entry, newer },
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
