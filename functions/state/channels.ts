import type { Firestore } from '@google-cloud/firestore';
import type { Channel } from '../core/records.ts';
import type { Store } from '../sync/ports.ts';
import { decode, decodeAll } from './documents.ts';
import { channelRef } from './places.ts';

/** channels/{id}: written by a commit only, deleted by the TTL after they have ended. */
export function channels(db: Firestore) {
  return {
    getChannel: async (id) => decode<Channel>(await channelRef(db, id).get()),
    async channelsOf(userId) {
      const { docs } = await db.collection('channels').where('userId', '==', userId).get();
      return decodeAll<Channel>(docs);
    },
  } satisfies Partial<Store>;
}
