import type { DocumentReference, Firestore } from '@google-cloud/firestore';
import type { OAuthState, Session } from '../core/records.ts';
import type { Store } from '../sync/ports.ts';
import { decode } from './documents.ts';
import { oauthStateRef, sessionRef } from './places.ts';
import { compareAndSet, type Decision } from './writes.ts';

/** What the authorize pages keep: oauthStates/{id} and sessions/{id}. */
export function pages(db: Firestore) {
  return {
    putOAuthState: (state) => put(db, oauthStateRef(db, state.id), state),

    takeOAuthState: (id, now) =>
      compareAndSet(db, async (): Promise<Decision<OAuthState | undefined>> => {
        const at = await oauthStateRef(db, id).get();
        // Deleted only as it was read: of two callers one finds it gone, and looks again.
        return { writes: at.exists ? [{ at }] : [], result: current(decode<OAuthState>(at), now) };
      }),

    putSession: (session) => put(db, sessionRef(db, session.id), session),
    getSession: async (id, now) => current(decode<Session>(await sessionRef(db, id).get()), now),
    deleteSession: async (id) => void (await sessionRef(db, id).delete()),
  } satisfies Partial<Store>;
}

/** Firestore's TTL takes up to a day: until then an expired document is still there, and unknown. */
function current<T extends { expireAt: number }>(record: T | undefined, now: number) {
  return record && record.expireAt > now ? record : undefined;
}

/** Writes a document whose earlier version does not matter, unless newer code wrote it. */
export function put(db: Firestore, ref: DocumentReference, record: object): Promise<void> {
  return compareAndSet(db, async () => {
    const at = await ref.get();
    decode(at);
    return { writes: [{ at, record }], result: undefined };
  });
}
