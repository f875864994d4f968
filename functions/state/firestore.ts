/** State in Firestore: the layout is in places.ts, what a document looks like in documents.ts. */
import type { Firestore } from '@google-cloud/firestore';
import type { Store } from '../sync/ports.ts';
import { commitRun } from './commit.ts';
import { deadLetters } from './deadLetters.ts';
import { asSyncError } from './failures.ts';
import { intents } from './intents.ts';
import { leases } from './leases.ts';
import { links } from './links.ts';
import { pages } from './pages.ts';
import { sweep } from './sweep.ts';
import { users } from './users.ts';

/** The store on a Firestore client, see client.ts. It keeps nothing in memory. */
export function createFirestoreStore(db: Firestore): Store {
  return withSyncErrors({
    ...users(db),
    ...intents(db),
    ...links(db),
    ...leases(db),
    commit: (lease, commit, release) => commitRun(db, lease, commit, release),
    ...pages(db),
    ...deadLetters(db),
    sweep: (now, limit) => sweep(db, now, limit),
  });
}

/** Firestore's errors do not cross the port: see failures.ts. */
function withSyncErrors(store: Store): Store {
  const methods = Object.entries(store) as [string, (...args: unknown[]) => Promise<unknown>][];
  const guarded = methods.map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await method(...args);
      } catch (error) {
        throw asSyncError(error);
      }
    },
  ]);
  return Object.fromEntries(guarded) as Store;
}
