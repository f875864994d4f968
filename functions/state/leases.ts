import type { Firestore } from '@google-cloud/firestore';
import type { Lease } from '../core/records.ts';
import type { Store } from '../sync/ports.ts';
import { decode } from './documents.ts';
import { leaseRef } from './places.ts';
import { givenBack, isHeld, takeLease } from './rules.ts';
import { compareAndSet, type Decision } from './writes.ts';

/** leases/{userId}. A thousand callers that find a live lease cost a thousand reads and no lock. */
export function leases(db: Firestore) {
  return {
    getLease: async (userId) => decode<Lease>(await leaseRef(db, userId).get()),

    async acquireLease(userId, holder, now, ttlMs) {
      let tried: Lease | undefined;
      return compareAndSet(db, async (): Promise<Decision<Lease | undefined>> => {
        const at = await leaseRef(db, userId).get();
        const stored = decode<Lease>(at);
        // The client repeats a write whose answer got lost: the lease that is in the way is then our own.
        if (tried && stored && isHeld(stored, tried)) return { writes: [], result: tried };
        tried = takeLease(stored, { userId, holder }, now, ttlMs);
        return { writes: tried ? [{ at, record: tried }] : [], result: tried };
      });
    },

    renewLease: (lease, now, ttlMs) =>
      compareAndSet(db, async () => {
        const at = await leaseRef(db, lease.userId).get();
        if (!isHeld(decode<Lease>(at), lease)) return { writes: [], result: false };
        return { writes: [{ at, record: { ...lease, expiresAt: now + ttlMs } }], result: true };
      }),

    dropLease: (lease) =>
      compareAndSet(db, async () => {
        const at = await leaseRef(db, lease.userId).get();
        const held = isHeld(decode<Lease>(at), lease);
        return { writes: held ? [{ at, record: givenBack(lease) }] : [], result: undefined };
      }),
  } satisfies Partial<Store>;
}
