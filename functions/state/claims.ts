import type { Firestore } from '@google-cloud/firestore';
import { type Claim, claimed } from '../core/claim.ts';
import type { Store } from '../sync/ports.ts';
import { decode, decodeAll } from './documents.ts';
import { claimRef } from './places.ts';
import { chunks, compareAndSet, inChunks, MOST_DOCUMENTS } from './writes.ts';

/** claims/{record~key}: top level, since every user asks for the same one. */
export function claims(db: Firestore) {
  return {
    getClaims: (record, keys) =>
      inChunks([...new Set(keys)], MOST_DOCUMENTS, async (some) =>
        decodeAll<Claim>(await db.getAll(...some.map((key) => claimRef(db, record, key)))),
      ),

    claim: (wanted) =>
      inChunks(wanted, MOST_DOCUMENTS, (some) =>
        compareAndSet(db, async () => {
          const snapshots = await db.getAll(...some.map((c) => claimRef(db, c.record, c.key)));
          const result = some.map((one, i) => claimed(decode<Claim>(snapshots[i] as never), one));
          const writes = result.flatMap((record, i) => {
            const at = snapshots[i];
            return at && record.userId === some[i]?.userId ? [{ at, record }] : [];
          });
          return { writes, result };
        }),
      ),

    async unclaim(record, userId, keys) {
      for (const some of chunks([...new Set(keys)], MOST_DOCUMENTS))
        await compareAndSet(db, async () => {
          const snapshots = await db.getAll(...some.map((key) => claimRef(db, record, key)));
          const mine = snapshots.filter((at) => decode<Claim>(at)?.userId === userId);
          return { writes: mine.map((at) => ({ at })), result: undefined };
        });
    },
  } satisfies Partial<Store>;
}
