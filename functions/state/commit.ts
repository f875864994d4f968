import type {
  DocumentReference,
  DocumentSnapshot,
  Firestore,
  Transaction,
} from '@google-cloud/firestore';
import type { Intent, Lease, User } from '../core/records.ts';
import { SyncError } from '../errors.ts';
import type { Commit } from '../sync/ports.ts';
import { decode, encode } from './documents.ts';
import { pendingFor } from './intents.ts';
import { pieceRef } from './outbox.ts';
import {
  channelRef,
  cursorRef,
  intentRef,
  journalOf,
  leaseRef,
  linkRef,
  userRef,
} from './places.ts';
import {
  changesLease,
  changesUser,
  consumeIntent,
  givenBack,
  isNewest,
  patchUser,
} from './rules.ts';

/** What a commit reads before it writes. */
interface Read {
  lease: Lease | undefined;
  user: User | undefined;
  /** By path: the consumed intents, and with a release at least one that is not, if there is any. */
  intents: Map<string, Intent>;
  /** Paths of intents that are pending for the user. */
  pending: string[];
}

/**
 * The one real transaction of the store. Its locks on the query's range make sure that an intent stored
 * meanwhile is either seen here or stored after the lease is free; conditional writes could not.
 *
 * Links and the cursor are written without being read: the lease, which newer code marks with its
 * schema version like any document, keeps older code away from them.
 */
export function commitRun(db: Firestore, lease: Lease, commit: Commit, release: boolean) {
  return db.runTransaction(async (tx) => {
    const read = await readAll(db, tx, lease, commit, release);
    if (!isNewest(read.lease, lease)) throw new SyncError('later', 'leaseLost');

    const consumed = consume(db, lease.userId, commit, read.intents);
    const isDone = (path: string) =>
      consumed.get(path)?.pendingFor.includes(lease.userId) === false;
    const released = release && read.pending.every(isDone);
    for (const { ref, record } of writesOf(db, lease.userId, commit, read.user)) {
      if (record) tx.set(ref, encode(ref, record));
      else tx.delete(ref);
    }
    for (const [path, intent] of consumed) tx.set(db.doc(path), encode(db.doc(path), intent));
    if (released || changesLease(commit)) {
      const ref = leaseRef(db, lease.userId);
      tx.set(ref, encode(ref, released ? givenBack(lease) : lease));
    }
    return { released };
  });
}

async function readAll(
  db: Firestore,
  tx: Transaction,
  lease: Lease,
  commit: Commit,
  release: boolean,
): Promise<Read> {
  const consumed = refsOf(db, commit);
  // One more than are consumed here: if the query finds as many, there is other work as well.
  const query = pendingFor(db, lease.userId).limit(consumed.length + 1);
  const found = release ? (await tx.get(query)).docs : [];
  const known = new Set(found.map(({ ref }) => ref.path));
  // Fewer than asked for: the query has found all, and what it has not found is not pending any more. A
  // generation is kept all the same.
  const counts = commit.consumed?.some(({ generation }) => generation !== undefined);
  const complete = release && !counts && found.length <= consumed.length;
  const missing = complete ? [] : consumed.filter((ref) => !known.has(ref.path));

  const [leaseAt, ...others] = await tx.getAll(
    leaseRef(db, lease.userId),
    ...(changesUser(commit) ? [userRef(db, lease.userId)] : []),
    ...missing,
  );
  const userAt = changesUser(commit) ? others.shift() : undefined;
  return {
    lease: leaseAt && decode<Lease>(leaseAt),
    user: userAt && decode<User>(userAt),
    intents: new Map([...found, ...others].flatMap(entry)),
    pending: [...known],
  };
}

function entry(snapshot: DocumentSnapshot): [string, Intent][] {
  const intent = decode<Intent>(snapshot);
  return intent ? [[snapshot.ref.path, intent]] : [];
}

function refsOf(db: Firestore, { consumed = [] }: Commit): DocumentReference[] {
  return consumed.map(({ record, crmId }) => intentRef(db, record, crmId));
}

function consume(db: Firestore, userId: string, commit: Commit, intents: Map<string, Intent>) {
  const changed = new Map<string, Intent>();
  for (const one of commit.consumed ?? []) {
    const { path } = intentRef(db, one.record, one.crmId);
    const intent = consumeIntent(intents.get(path), userId, one);
    if (intent) changed.set(path, intent);
  }
  return changed;
}

function writesOf(db: Firestore, userId: string, commit: Commit, user: User | undefined) {
  const { removedLinks = [], links = [], cursor, journal = [], outbox = [], sent = [] } = commit;
  const { channels = [], removedChannels = [] } = commit;
  const writes: { ref: DocumentReference; record?: object }[] = [
    ...removedLinks.map((id) => ({ ref: linkRef(db, userId, id) })),
    ...links.map((link) => ({ ref: linkRef(db, userId, link.id), record: link })),
    ...journal.map((page) => ({
      ref: journalOf(db, userId).doc(`${page.run}-${page.part}`),
      record: page,
    })),
    ...outbox.map((page) => ({ ref: pieceRef(db, userId, page), record: page })),
    ...sent.map((key) => ({ ref: pieceRef(db, userId, key) })),
  ];
  writes.push(...removedChannels.map((id) => ({ ref: channelRef(db, id) })));
  writes.push(...channels.map((channel) => ({ ref: channelRef(db, channel.id), record: channel })));
  if (cursor) writes.push({ ref: cursorRef(db, userId, cursor.record), record: cursor });
  if (changesUser(commit)) {
    writes.push({ ref: userRef(db, userId), record: patchUser(user, commit) });
  }
  return writes;
}
