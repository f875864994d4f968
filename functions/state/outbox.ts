import type { DocumentReference, Firestore } from '@google-cloud/firestore';
import { byAge, type OutboxKey, type OutboxPage } from '../core/outbox.ts';
import type { Store } from '../sync/ports.ts';
import { decodeAll } from './documents.ts';
import { outboxOf } from './places.ts';

/** users/{userId}/outbox/{run}-{part}: written and deleted by a commit only. */
export function outbox(db: Firestore) {
  return {
    async outboxOf(userId) {
      const { docs } = await outboxOf(db, userId).get();
      return decodeAll<OutboxPage>(docs).sort(byAge);
    },
  } satisfies Partial<Store>;
}

/** One part of what a run has to tell. */
export const pieceRef = (
  db: Firestore,
  userId: string,
  { run, part }: OutboxKey,
): DocumentReference => outboxOf(db, userId).doc(`${run}-${part}`);
