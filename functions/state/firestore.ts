/** State in Firestore: the layout is in places.ts, what a document looks like in documents.ts. */
import type { Firestore } from '@google-cloud/firestore';
import { SyncError } from '../errors.ts';
import type { Store } from '../sync/ports.ts';
import { channels } from './channels.ts';
import { claims } from './claims.ts';
import { commitRun } from './commit.ts';
import { deadLetters } from './deadLetters.ts';
import { erasing } from './erase.ts';
import { asSyncError } from './failures.ts';
import { intents } from './intents.ts';
import { journal } from './journal.ts';
import { leases } from './leases.ts';
import { links } from './links.ts';
import { outbox } from './outbox.ts';
import { pages } from './pages.ts';
import { sweep } from './sweep.ts';
import { users } from './users.ts';

/** A Firestore that does not answer is retried by the client for 40 s, a transaction for minutes. */
const GIVE_UP_MS = 30_000;

/** The store on a Firestore client, see client.ts. It keeps nothing in memory. */
export function createFirestoreStore(db: Firestore, giveUpMs = GIVE_UP_MS): Store {
  const store: Store = {
    ...users(db),
    ...intents(db),
    ...links(db),
    ...claims(db),
    ...leases(db),
    ...channels(db),
    commit: (lease, commit, release) => commitRun(db, lease, commit, release),
    ...pages(db),
    ...erasing(db),
    ...deadLetters(db),
    ...journal(db),
    ...outbox(db),
    sweep: (now, limit) => sweep(db, now, limit),
  };
  return guarded(store, giveUpMs);
}

/** Firestore's errors do not cross the port, and no call hangs: see failures.ts. */
function guarded(store: Store, giveUpMs: number): Store {
  const methods = Object.entries(store) as [string, (...args: unknown[]) => Promise<unknown>][];
  const wrapped = methods.map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await within(giveUpMs, method(...args));
      } catch (error) {
        throw asSyncError(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as Store;
}

/** After this, as after any lost answer, the call may or may not have been carried out. */
async function within<T>(ms: number, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SyncError('later', 'deadline')), ms);
  });
  return Promise.race([call, late]).finally(() => clearTimeout(timer));
}
