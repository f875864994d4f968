import type {
  DocumentReference,
  DocumentSnapshot,
  Firestore,
  Query,
} from '@google-cloud/firestore';
import type { Claim } from '../core/claim.ts';
import type { Intent, Lease, User } from '../core/records.ts';
import type { Store } from '../sync/ports.ts';
import { decode, encode } from './documents.ts';
import { emailRef, leaseRef, userRef } from './places.ts';
import { claimWithout, erasedLease, intentWithout, mayErase } from './rules.ts';

/**
 * What is stored of a user goes. Found by plain queries, then deleted in a transaction that reads the
 * user's document: whoever has begun anew meanwhile keeps everything.
 */
export function erasing(db: Firestore) {
  return {
    async eraseSome(userId, limit) {
      const found = await documentsOf(db, userId, limit);
      if (found.length === 0) return 0;
      return db.runTransaction(async (tx) => {
        const [at, ...documents] = await tx.getAll(userRef(db, userId), ...found);
        if (!mayErase(at && decode<User>(at))) return 0;
        for (const document of documents) {
          const rest = leftOf(document, userId);
          if (rest) tx.set(document.ref, encode(document.ref, rest));
          else tx.delete(document.ref);
        }
        return documents.length;
      });
    },

    eraseUser: (userId, now, expireAt) =>
      db.runTransaction(async (tx) => {
        const [at, leaseAt] = await tx.getAll(userRef(db, userId), leaseRef(db, userId));
        const user = at && decode<User>(at);
        if (!user?.erase) return;
        const lease = erasedLease(user, leaseAt && decode<Lease>(leaseAt), now, expireAt);
        tx.delete(userRef(db, userId));
        tx.delete(emailRef(db, user.email));
        tx.set(leaseRef(db, userId), encode(leaseRef(db, userId), lease));
      }),
  } satisfies Partial<Store>;
}

async function documentsOf(db: Firestore, userId: string, limit: number) {
  const user = userRef(db, userId);
  const all = (collection: string) => db.collection(collection);
  const queries: Query[] = [
    ...['links', 'cursors', 'journal', 'outbox'].map((name) => user.collection(name)),
    all('intents').where('userId', '==', userId),
    all('intents').where('owners', 'array-contains', userId),
    all('intents').where('pendingFor', 'array-contains', userId),
    all('claims').where('userId', '==', userId),
    all('claims').where('before.userId', '==', userId),
    all('channels').where('userId', '==', userId),
    all('sessions').where('userId', '==', userId),
  ];
  const found = new Map<string, DocumentReference>();
  for (const query of queries) {
    if (found.size >= limit) break;
    const { docs } = await query
      .select()
      .limit(limit - found.size)
      .get();
    for (const { ref } of docs) found.set(ref.path, ref);
  }
  return [...found.values()];
}

/** What another user keeps of a document; undefined: nothing. */
function leftOf(document: DocumentSnapshot, userId: string): object | undefined {
  if (!document.exists) return undefined;
  switch (document.ref.parent.id) {
    case 'intents':
      return intentWithout(decode(document) as Intent, userId);
    case 'claims':
      return claimWithout(decode(document) as Claim, userId);
    default:
      return undefined;
  }
}
