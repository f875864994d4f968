/**
 * What the database must be told besides the automatic single-field indexes, in the form of
 * firestore.indexes.json. infra/ deploys it; a test holds the two together.
 */

const ascending = (...fields: string[]) =>
  fields.map((fieldPath) => ({ fieldPath, order: 'ASCENDING' }));

/** The two queries over two fields: dueUsers and wakeIntents. */
export const indexes = [
  { collectionGroup: 'users', queryScope: 'COLLECTION', fields: ascending('userId', 'dueAt') },
  { collectionGroup: 'intents', queryScope: 'COLLECTION', fields: ascending('idleOf', 'wakeAt') },
];

/** Never queried: without an index a write costs less, and rising times make no hot range. */
const unindexed: { [collectionGroup: string]: string[] } = {
  intents: ['data', 'fieldVersions', 'wiped', 'adopted', 'named', 'generations'],
  links: ['crm', 'google', 'offered', 'etag', 'word', 'unborne', 'slot', 'pattern', 'claim'],
  claims: ['own', 'googleId', 'key', 'record'],
  cursors: ['token', 'params', 'until', 'fullSyncAt', 'lastPullAt'],
  leases: ['holder', 'expiresAt', 'wroteAt', 'writes', 'outbox', 'erased'],
  channels: ['secret', 'renewAt', 'expiresAt', 'resourceId', 'place'],
  users: ['lastSyncAt', 'scopes', 'polls', 'alarmAt', 'askedAt', 'recheck', 'moving', 'rests'],
  oauthStates: ['verifier', 'nonce', 'session'],
  sessions: ['csrf'],
  deadLetters: ['data', 'reason'],
  journal: ['entries', 'userId', 'part', 'at', 'size'],
  outbox: ['messages', 'userId', 'run', 'part'],
  parts: ['data'],
};

/** Collections whose documents Firestore deletes at `expireAt`. */
const expiring = [
  'links',
  'claims',
  'channels',
  'oauthStates',
  'sessions',
  'deadLetters',
  'parts',
  'journal',
  'leases',
];

/** What Firestore is to index, or not to, and what it deletes by `expireAt`. */
export const fieldOverrides = [
  ...Object.entries(unindexed).flatMap(([collectionGroup, fields]) =>
    fields.map((fieldPath) => ({ collectionGroup, fieldPath, indexes: [] })),
  ),
  ...expiring.map((collectionGroup) => ({
    collectionGroup,
    fieldPath: 'expireAt',
    ttl: true,
    indexes: [],
  })),
];
