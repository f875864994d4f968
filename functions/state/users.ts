import type { Firestore, Query } from '@google-cloud/firestore';
import type { Lease, User } from '../core/records.ts';
import { SyncError } from '../errors.ts';
import type { Store } from '../sync/ports.ts';
import { decode, decodeAll } from './documents.ts';
import { emailRef, leaseRef, userRef } from './places.ts';
import { checkedUser, enterUser } from './rules.ts';
import { compareAndSet, type Decision, inChunks, type Write } from './writes.ts';

/** Values that one `in` filter takes. */
export const MOST_IN = 30;

/** The directory: users/{userId}, and emails/{digest}, which holds an address for one of them. */
export function users(db: Firestore) {
  const all = db.collection('users');
  return {
    getUser: async (userId) => decode<User>(await userRef(db, userId).get()),

    async usersByEmail(emails) {
      const wanted = [...new Set(emails.map((email) => email.toLowerCase()))];
      const matches = await inChunks(wanted, MOST_IN, async (some) => {
        const queries = ['email', 'googleEmail'].map((f) => all.where(f, 'in', some).get());
        return (await Promise.all(queries)).flatMap(({ docs }) => decodeAll<User>(docs));
      });
      return [...new Map(matches.map((user) => [user.userId, user])).values()];
    },

    updateUser: (userId, change) =>
      compareAndSet(db, async () => {
        const at = await userRef(db, userId).get();
        const before = decode<User>(at);
        const changed = change(decode<User>(at));
        if (!changed) return { writes: [], result: before };
        const after = checkedUser(before, changed);
        const writes = await addressWrites(db, before, after);
        if (!writes) throw new SyncError('later', 'emailTaken');
        return { writes: [{ at, record: after }, ...writes], result: after };
      }),

    putUser: (entry) =>
      compareAndSet(db, async (): Promise<Decision<Awaited<ReturnType<Store['putUser']>>>> => {
        const at = await userRef(db, entry.userId).get();
        const before = decode<User>(at);
        const lease = before ? undefined : await leaseRef(db, entry.userId).get();
        const entered = enterUser(before, lease && decode<Lease>(lease), entry);
        if (typeof entered === 'string') return { writes: [], result: entered };
        const writes = await addressWrites(db, before, entered.user);
        if (!writes) return { writes: [], result: 'emailTaken' };
        if (lease && entered.lease) writes.push({ at: lease, record: entered.lease });
        return { writes: [{ at, record: entered.user }, ...writes], result: 'stored' };
      }),

    async dueUsers(now, limit, after) {
      // dueAt is only on users that a poll may run for. A range on both fields, although any userId is
      // wanted: so the order by userId, with which pages cannot skip anybody, needs no other index.
      const due = all
        .where('userId', '>', after ?? '')
        .where('dueAt', '<=', now)
        .orderBy('userId')
        .orderBy('dueAt');
      return list(due, limit);
    },

    listUsers: (limit, after) =>
      list(all.where('userId', '>', after ?? '').orderBy('userId'), limit),
  } satisfies Partial<Store>;
}

async function list(query: Query, limit: number): Promise<User[]> {
  return decodeAll<User>((await query.limit(limit).get()).docs);
}

/** What else is to be written when the address changes; undefined when it is somebody else's. */
async function addressWrites(
  db: Firestore,
  before: User | undefined,
  after: User,
): Promise<Write[] | undefined> {
  if (before?.email === after.email) return [];
  const at = await emailRef(db, after.email).get();
  const owner = decode<{ userId: string }>(at)?.userId;
  if (owner !== undefined && owner !== after.userId) return undefined;
  const taken = { at, record: { userId: after.userId } };
  // The old address is certainly this user's as long as the user's document is as it was read.
  return before ? [taken, { at: emailRef(db, before.email) }] : [taken];
}
