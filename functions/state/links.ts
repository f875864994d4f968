import { FieldPath, type Firestore } from '@google-cloud/firestore';
import type { RecordType } from '../core/fields.ts';
import type { Cursor, Link } from '../core/records.ts';
import type { Store } from '../sync/ports.ts';
import { decode, decodeAll, docId } from './documents.ts';
import { cursorRef, linksOf } from './places.ts';
import { MOST_IN } from './users.ts';
import { inChunks } from './writes.ts';

/** users/{userId}/links and users/{userId}/cursors: read here, written by a commit only. */
export function links(db: Firestore) {
  const by =
    (field: 'crmId' | 'googleId' | 'group') =>
    (userId: string, record: RecordType, values: string[]) =>
      inChunks([...new Set(values)], MOST_IN, async (some) => {
        const { docs } = await linksOf(db, userId).where(field, 'in', some).get();
        // Filtered here: two types rarely share an id, and a second filter would need a second index.
        return decodeAll<Link>(docs).filter((link) => link.record === record);
      });
  return {
    linksByCrmId: by('crmId'),
    linksByGoogleId: by('googleId'),
    linksByGroup: by('group'),

    async listLinks(userId, record, limit, after) {
      const all = linksOf(db, userId).where('record', '==', record).orderBy(FieldPath.documentId());
      const rest = after === undefined ? all : all.startAfter(docId(after));
      return decodeAll<Link>((await rest.limit(limit).get()).docs);
    },

    getCursor: async (userId, record) => decode<Cursor>(await cursorRef(db, userId, record).get()),
  } satisfies Partial<Store>;
}
