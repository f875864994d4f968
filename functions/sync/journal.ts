import { type JournalEntry, shown } from '../core/journal.ts';
import type { Link } from '../core/records.ts';
import type { Collection } from './collection.ts';
import type { Engine } from './engine.ts';
import type { Store } from './ports.ts';

/** What a run changed, as it may be shown today; empty for a run that is unknown or long past. */
export async function readJournal(
  { store, collections }: Pick<Engine, 'store' | 'collections'>,
  userId: string,
  run: number,
): Promise<{ at: number | undefined; entries: JournalEntry[] }> {
  const pages = await store.journalOf(userId, run);
  const entries = pages.flatMap((page) => page.entries);
  const shownEntries: JournalEntry[] = [];
  for (const collection of collections) {
    const { codec } = collection;
    const mine = entries.filter((entry) => entry.record === codec.record);
    const links = await linksOf(store, userId, collection, mine);
    shownEntries.push(...mine.map((entry) => shown(codec, links.get(entry.linkId), entry)));
  }
  return { at: pages[0]?.at, entries: shownEntries };
}

/** The links that entries are about, by id, as far as they are still there. */
export async function linksOf(
  store: Store,
  userId: string,
  { codec: { record } }: Collection,
  entries: JournalEntry[],
): Promise<Map<string, Link>> {
  const googleIds = entries.flatMap((entry) => entry.googleId ?? []);
  const crmIds = entries.flatMap((entry) => entry.crmId ?? []);
  const links = [
    ...(googleIds.length > 0 ? await store.linksByGoogleId(userId, record, googleIds) : []),
    ...(crmIds.length > 0 ? await store.linksByCrmId(userId, record, crmIds) : []),
  ];
  return new Map(links.map((link) => [link.id, link]));
}

/** A record on which both sides had news, as a run decided it. */
export interface DecidedConflicts
  extends Pick<JournalEntry, 'record' | 'crmId' | 'googleId' | 'rule' | 'redacted'> {
  run: number;
  /** ms since the epoch. */
  at: number;
  conflicts: NonNullable<JournalEntry['conflicts']>;
}

/** The conflicts of the user's newest runs, newest first, both values with each; at most `runs` are read. */
export async function readConflicts(
  engine: Pick<Engine, 'store' | 'collections'>,
  userId: string,
  runs: number,
): Promise<DecidedConflicts[]> {
  const found: DecidedConflicts[] = [];
  for (const { run } of await engine.store.journalRuns(userId, runs)) {
    const { at = 0, entries } = await readJournal(engine, userId, run);
    for (const { record, crmId, googleId, rule, redacted, conflicts = [] } of entries) {
      if (conflicts.length === 0) continue;
      found.push({
        run,
        at,
        record,
        ...(crmId !== undefined && { crmId }),
        ...(googleId !== undefined && { googleId }),
        rule,
        conflicts,
        ...(redacted && { redacted }),
      });
    }
  }
  return found;
}
