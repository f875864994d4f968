import { DAY_MS } from '../core/time.ts';
import type { Clock, Publisher, Store } from '../sync/ports.ts';
import { type PushDeps, type PushHandler, pushFunction } from './push.ts';

const PAGE = 200;
/** Deletions of one run: what is left waits for tomorrow, or for Firestore's TTL. */
const MOST_SWEPT = 50_000;

export interface MaintainDeps extends PushDeps {
  store: Pick<Store, 'listUsers' | 'sweep' | 'getLease' | 'pendingIntents'>;
  publisher: Pick<Publisher, 'syncUsers'>;
  clock: Pick<Clock, 'now'>;
}

/**
 * Push of topic maintain, once a day: deletes what has expired, and sends those users to a run whom
 * everything else has passed by: with work that nobody holds, or not synced for a day. Repeatable.
 */
export function createMaintain(deps: MaintainDeps): PushHandler {
  return pushFunction('maintain', deps, async () => {
    const swept = await sweep(deps);
    const users = await dispatch(deps);
    deps.log('maintain.done', { swept, users });
    return 'done';
  });
}

async function sweep({ store, clock }: MaintainDeps): Promise<number> {
  let swept = 0;
  for (let last = PAGE; last === PAGE && swept < MOST_SWEPT; swept += last) {
    last = await store.sweep(clock.now(), PAGE);
  }
  return swept;
}

async function dispatch({ store, publisher, clock }: MaintainDeps): Promise<number> {
  const now = clock.now();
  let count = 0;
  for (let after: string | undefined; ; ) {
    const users = await store.listUsers(PAGE, after);
    const missed: string[] = [];
    for (const user of users) {
      if (user.state !== 'active' || !user.enabled) continue;
      const stale = now - (user.lastSyncAt ?? 0) > DAY_MS;
      if (stale || (await isLeft(store, user.userId, now))) missed.push(user.userId);
    }
    if (missed.length > 0) await publisher.syncUsers(missed);
    count += missed.length;
    if (users.length < PAGE) return count;
    after = users.at(-1)?.userId;
  }
}

/** Work is waiting, and no run is there that would find it. */
async function isLeft(store: MaintainDeps['store'], userId: string, now: number): Promise<boolean> {
  if ((await store.pendingIntents(userId, 1)).length === 0) return false;
  const lease = await store.getLease(userId);
  return lease === undefined || lease.expiresAt <= now;
}
