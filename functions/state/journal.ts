import type { Firestore, Query, QuerySnapshot } from '@google-cloud/firestore';
import type { JournalPage } from '../core/journal.ts';
import type { JournalRun, Store } from '../sync/ports.ts';
import { decodeAll } from './documents.ts';
import { journalOf } from './places.ts';
import { runsOf } from './rules.ts';

/** Pieces of runs that are listed at a time, without their entries. */
const PAGE = 100;

/** users/{userId}/journal/{run}-{part}: written by a commit only, deleted by the TTL. */
export function journal(db: Firestore) {
  return {
    async journalRuns(userId, limit) {
      const newest = journalOf(db, userId)
        .select('schemaVersion', 'run', 'at', 'size')
        .orderBy('run', 'desc');
      const pages: JournalRun[] = [];
      for (let query: Query = newest; ; ) {
        const { docs }: QuerySnapshot = await query.limit(PAGE).get();
        pages.push(...decodeAll<JournalRun>(docs));
        // One more than asked for: only then is the last one complete.
        if (docs.length < PAGE || runsOf(pages).length > limit) break;
        query = newest.startAfter(docs.at(-1));
      }
      return runsOf(pages).slice(0, limit);
    },

    async journalOf(userId, run) {
      const { docs } = await journalOf(db, userId).where('run', '==', run).get();
      return decodeAll<JournalPage>(docs).sort((a, b) => a.part - b.part);
    },
  } satisfies Partial<Store>;
}
