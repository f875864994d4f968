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
    (
      field: 'crmId' | 'googleId' | 'group' | 'likeness',
      operator: 'in' | 'array-contains-any' = 'in',
    ) =>
    async (userId: string, record: RecordType, values: string[]) => {
      const found = await inChunks([...new Set(values)], MOST_IN, async (some) => {
        const { docs } = await linksOf(db, userId).where(field, operator, some).get();
        // Filtered here: two types rarely share an id, and a second filter would need a second index.
        return decodeAll<Link>(docs).filter((link) => link.record === record);
      });
      // What has several of the values is found by each piece of them.
      return [...new Map(found.map((link) => [link.id, link])).values()];
    };
  return {
    linksByCrmId: by('crmId'),
    linksByGoogleId: by('googleId'),
    linksByGroup: by('group'),
    linksByLikeness: by('likeness', 'array-contains-any'),

    async listLinks(userId, record, limit, after) {
      const all = linksOf(db, userId).where('record', '==', record).orderBy(FieldPath.documentId());
      const rest = after === undefined ? all : all.startAfter(docId(after));
      return decodeAll<Link>((await rest.limit(limit).get()).docs);
    },

    getCursor: async (userId, record) => decode<Cursor>(await cursorRef(db, userId, record).get()),
  } satisfies Partial<Store>;
}
