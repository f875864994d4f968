import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import type { DeadLetter } from '../core/records.ts';
import type { Store } from '../sync/ports.ts';
import { decode } from './documents.ts';
import { put } from './pages.ts';
import { deadLetterRef, partRef } from './places.ts';

/** Characters of a message in one document: Firestore takes 1 MiB, Pub/Sub 10 MB (13 MB as base64). */
const PART = 900_000;

/** deadLetters/{id}; what does not fit goes to deadLetters/{id}/parts/{1, 2 ...}. */
export function deadLetters(db: Firestore) {
  return {
    async putDeadLetter(letter) {
      const [data = '', ...parts] = letter.data.match(new RegExp(`.{1,${PART}}`, 'gs')) ?? [];
      // The letter itself last: it is there when all of it is.
      for (const [i, part] of parts.entries()) {
        await put(db, partRef(db, letter.id, i + 1), { data: part, expireAt: letter.expireAt });
      }
      await put(db, deadLetterRef(db, letter.id), { ...letter, data, parts: parts.length });
    },

    async listDeadLetters(limit) {
      const newest = db.collection('deadLetters').orderBy('receivedAt', 'desc').limit(limit);
      const letters = await Promise.all((await newest.get()).docs.map((at) => whole(db, at)));
      return letters.flatMap((letter) => letter ?? []);
    },

    async deadLettersOf(userId, limit) {
      const theirs = db.collection('deadLetters').where('userIds', 'array-contains', userId);
      const { docs } = await theirs.limit(limit).get();
      const letters = await Promise.all(docs.map((at) => whole(db, at)));
      return letters.flatMap((letter) => letter ?? []);
    },

    getDeadLetter: async (id) => whole(db, await deadLetterRef(db, id).get()),

    async deleteDeadLetter(id) {
      const letter = decode<{ parts: number }>(await deadLetterRef(db, id).get());
      const batch = db.batch();
      for (let i = 1; i <= (letter?.parts ?? 0); i++) batch.delete(partRef(db, id, i));
      await batch.delete(deadLetterRef(db, id)).commit();
    },
  } satisfies Partial<Store>;
}

async function whole(db: Firestore, at: DocumentSnapshot): Promise<DeadLetter | undefined> {
  const stored = decode<DeadLetter & { parts: number }>(at);
  if (!stored) return undefined;
  const { parts, ...letter } = stored;
  const refs = Array.from({ length: parts }, (_, i) => partRef(db, letter.id, i + 1));
  const others = refs.length === 0 ? [] : await db.getAll(...refs);
  const data = others.map((part) => decode<{ data: string }>(part)?.data ?? '');
  return { ...letter, data: letter.data + data.join('') };
}
