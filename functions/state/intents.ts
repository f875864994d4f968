import type { DocumentReference, Firestore, Query } from '@google-cloud/firestore';
import type { CrmChange } from '../core/messages.ts';
import type { Intent } from '../core/records.ts';
import type { IntentOutcome, Store } from '../sync/ports.ts';
import { decode, decodeAll } from './documents.ts';
import { intentRef } from './places.ts';
import { mergeChanges, wakeIntent } from './rules.ts';
import { compareAndSet, inChunks, MOST_DOCUMENTS, type Write } from './writes.ts';

/** Far below the 10 MiB of a request: the documents hold older fields besides the changes'. */
const MOST_BYTES = 2_000_000;

/** intents/{record~digest of crmId}; `idleOf` names the owner while he or she is not in pendingFor. */
export function intents(db: Firestore) {
  return {
    async putIntents(changes) {
      const outcomes: IntentOutcome[] = [];
      const batches = batchesOf(changes.map((change, index) => ({ change, index })));
      await inChunks(batches, 1, async ([batch = []]) => {
        for (const [index, outcome] of await putBatch(db, batch)) outcomes[index] = outcome;
        return [];
      });
      return outcomes;
    },

    async pendingIntents(userId, limit, records) {
      const all = pendingFor(db, userId);
      if (!records) return decodeAll<Intent>((await all.limit(limit).get()).docs);
      // Equal to one value each: served by the single-field indexes, which an `in` might not be.
      const found: Intent[] = [];
      for (const record of records) {
        const room = limit - found.length;
        if (room <= 0) break;
        const some = await all.where('record', '==', record).limit(room).get();
        found.push(...decodeAll<Intent>(some.docs));
      }
      return found;
    },

    getIntents: (record, crmIds) =>
      inChunks([...new Set(crmIds)], MOST_DOCUMENTS, async (some) =>
        decodeAll<Intent>(await db.getAll(...some.map((id) => intentRef(db, record, id)))),
      ),

    wakeIntents: (userId, now, limit, all = false) =>
      compareAndSet(db, async () => {
        const idle = db.collection('intents').where('idleOf', '==', userId);
        const query = all ? idle : idle.where('wakeAt', '<=', now);
        const { docs } = await query.limit(limit).get();
        const writes = docs.map((at) => ({ at, record: wakeIntent(decode(at) as Intent) }));
        return { writes, result: docs.length };
      }),
  } satisfies Partial<Store>;
}

/** The intents that the user's run still has to look at. */
export function pendingFor(db: Firestore, userId: string): Query {
  return db.collection('intents').where('pendingFor', 'array-contains', userId);
}

interface Item {
  change: CrmChange;
  /** Place of the change in the caller's list. */
  index: number;
}

/** Items in batches that fit into one write each; all of one crmId together, in order. */
function batchesOf(items: Item[]): Item[][][] {
  const groups = Map.groupBy(items, ({ change }) => `${change.record}/${change.crmId}`);
  const batches: Item[][][] = [];
  let room = 0;
  for (const group of groups.values()) {
    const bytes = Buffer.byteLength(JSON.stringify(group));
    if (bytes > room || (batches.at(-1)?.length ?? 0) >= MOST_DOCUMENTS) {
      batches.push([]);
      room = MOST_BYTES;
    }
    batches.at(-1)?.push(group);
    room -= bytes;
  }
  return batches;
}

function putBatch(db: Firestore, groups: Item[][]): Promise<[number, IntentOutcome][]> {
  return compareAndSet(db, async () => {
    const snapshots = await db.getAll(...groups.map((group) => refOf(db, group)));
    const writes: Write[] = [];
    const result = groups.flatMap((group, i) => {
      const at = snapshots[i];
      if (!at) return [];
      const changes = group.map(({ change }) => change);
      const { intent, outcomes } = mergeChanges(decode<Intent>(at), changes);
      if (intent) writes.push({ at, record: intent });
      return outcomes.map((outcome, k): [number, IntentOutcome] => [
        group[k]?.index ?? -1,
        outcome,
      ]);
    });
    return { writes, result };
  });
}

function refOf(db: Firestore, group: Item[]): DocumentReference {
  const { change } = group[0] as Item;
  return intentRef(db, change.record, change.crmId);
}
