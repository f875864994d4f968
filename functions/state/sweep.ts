import { type Firestore, type Query, Timestamp } from '@google-cloud/firestore';
import { chunks, MOST_DOCUMENTS } from './writes.ts';

/**
 * Deletes what has expired. For the emulator, which has no TTL: in production the TTL does it, and
 * `expireAt` has no index that this could use.
 */
export async function sweep(db: Firestore, now: number, limit: number): Promise<number> {
  let left = limit;
  for (const group of [
    'links',
    'claims',
    'channels',
    'oauthStates',
    'sessions',
    'deadLetters',
    'journal',
    'leases',
  ]) {
    left -= await deleteExpired(db, db.collectionGroup(group), now, left);
  }
  // They belong to a letter that expires with them, and count with it.
  await deleteExpired(db, db.collectionGroup('parts'), now, limit);
  return limit - left;
}

async function deleteExpired(db: Firestore, group: Query, now: number, limit: number) {
  if (limit <= 0) return 0;
  const expired = group.where('expireAt', '<=', Timestamp.fromMillis(now)).limit(limit);
  const { docs } = await expired.get();
  for (const some of chunks(docs, MOST_DOCUMENTS)) {
    const batch = db.batch();
    for (const { ref } of some) batch.delete(ref);
    await batch.commit();
  }
  return docs.length;
}
