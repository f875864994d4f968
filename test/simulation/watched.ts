import type { User } from '../../functions/core/records.ts';
import type { Store } from '../../functions/sync/ports.ts';

/** Writes down every change of a user's state, whoever makes it. */
export function watched<S extends Store>(store: S, note: (state: object) => void): S {
  const known = new Map<string, string>();
  const look = (user: User | undefined) => {
    if (!user) return;
    const { userId, state, stateReason: reason, enabled, leaving } = user;
    const now = { user: userId, state, reason, enabled, leaving };
    if (known.get(userId) === JSON.stringify(now)) return;
    known.set(userId, JSON.stringify(now));
    note(now);
  };
  const { updateUser, putUser } = store;
  return Object.assign(store, {
    updateUser: async (userId: string, change: Parameters<Store['updateUser']>[1]) => {
      // Firestore runs a transaction again when others come in between: what was said first does not count.
      const user = await updateUser(userId, (now) => {
        change(structuredClone(now));
        return change(now);
      });
      look(user);
      return user;
    },
    putUser: async (...args: Parameters<Store['putUser']>) => {
      const outcome = await putUser(...args);
      look(await store.getUser(args[0].userId));
      return outcome;
    },
  });
}
