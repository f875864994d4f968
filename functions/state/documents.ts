/** How records become Firestore documents and back. */
import {
  type DocumentData,
  type DocumentReference,
  type DocumentSnapshot,
  Timestamp,
} from '@google-cloud/firestore';
import { digest } from '../core/link.ts';
import type { Intent, User } from '../core/records.ts';
import { SyncError } from '../errors.ts';
import { dueAt, isIdle } from './rules.ts';

/** Written into every document. Raise it when older code must not touch the documents any more. */
export const SCHEMA_VERSION = 1;

/**
 * Fields whose content is the CRM's or Google's to choose are kept as JSON text. Firestore's own maps
 * and texts refuse arrays in arrays, names such as `__x__`, and half an emoji (what a CRM leaves when it
 * cuts a text at a fixed length); one such record would fail again and again.
 */
const jsonFields: { [collection: string]: string[] } = {
  intents: ['data', 'fieldVersions', 'wiped', 'adopted', 'named', 'generations'],
  links: ['crm', 'google', 'offered'],
  cursors: ['params'],
  journal: ['entries'],
  outbox: ['messages'],
};

/** Fields that exist for queries only, per collection: a query cannot ask for an absent field. */
const queryFields: { [collection: string]: (record: never) => DocumentData } = {
  users: (user: User) => ({ dueAt: dueAt(user) }),
  intents: (intent: Intent) => ({ idleOf: isIdle(intent) ? intent.userId : undefined }),
};
const notOfTheRecord = new Set(['schemaVersion', 'dueAt', 'idleOf']);

/** The document for a record. Undefined fields are left out, whatever the client's settings are. */
export function encode(ref: DocumentReference, record: object): DocumentData {
  const collection = ref.parent.id;
  const json = jsonFields[collection] ?? [];
  const fields = { ...record, ...queryFields[collection]?.(record as never) };
  const document: DocumentData = { schemaVersion: SCHEMA_VERSION };
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    document[name] = json.includes(name) ? JSON.stringify(value) : plain(name, value);
  }
  return document;
}

function plain(name: string, value: unknown): unknown {
  // Firestore's TTL only looks at timestamps.
  if (name === 'expireAt') return Timestamp.fromMillis(value as number);
  return typeof value === 'string' ? value.toWellFormed() : value;
}

/** The record in a document; undefined when there is no document. */
export function decode<T>(snapshot: DocumentSnapshot): T | undefined {
  const document = snapshot.data();
  return document && (decodeData(snapshot.ref.parent.id, document) as T);
}

/** The records of those documents that exist. */
export function decodeAll<T>(snapshots: DocumentSnapshot[]): T[] {
  return snapshots.flatMap((snapshot) => decode<T>(snapshot) ?? []);
}

function decodeData(collection: string, document: DocumentData): object {
  // Newer code is being rolled out: whoever reads this must neither misread nor overwrite it.
  if (document.schemaVersion > SCHEMA_VERSION) throw new SyncError('later', 'newerSchema');
  const json = jsonFields[collection] ?? [];
  const fields = Object.entries(document).filter(([name]) => !notOfTheRecord.has(name));
  return Object.fromEntries(
    fields.map(([name, value]) => {
      if (value instanceof Timestamp) return [name, value.toMillis()];
      return [name, json.includes(name) ? JSON.parse(value) : value];
    }),
  );
}

/** Firestore allows 1,500 bytes; 200 characters may need 1,800 once they are escaped. */
const LONGEST_ID = 400;

/**
 * Any text as a document id: readable where it can be, a digest where it would be too long. Texts that
 * differ give ids that differ. `/` would be a path; `.`, `..` and `__x__` are reserved.
 */
export function docId(text: string): string {
  // encodeURIComponent throws on half a surrogate pair.
  const id = text.isWellFormed() ? encodeURIComponent(text) : undefined;
  if (id === undefined || id.length > LONGEST_ID) return `~${digest(text)}`;
  return id.replaceAll('.', '%2E').replaceAll('~', '%7E').replace(/^__/, '%5F_');
}
