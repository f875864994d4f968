import type { Clock, Publisher, Store } from '../sync/ports.ts';
import { type PushDeps, type PushHandler, pushFunction } from './push.ts';

const PAGE = 200;

/** What finding the users who are due needs. */
export interface PollFanoutDeps extends PushDeps {
  store: Pick<Store, 'dueUsers'>;
  publisher: Pick<Publisher, 'syncUsers'>;
  clock: Pick<Clock, 'now'>;
}

/**
 * Push of topic poll-tick: one sync-user message for each user who is due. A crash in the middle is
 * repeated from the start: a user who is sent twice is synced once (P31).
 */
export function createPollFanout(deps: PollFanoutDeps): PushHandler {
  return pushFunction('pollFanout', deps, async () => {
    const now = deps.clock.now();
    let count = 0;
    for (let after: string | undefined; ; ) {
      const users = await deps.store.dueUsers(now, PAGE, after);
      if (users.length > 0) await deps.publisher.syncUsers(users.map((u) => u.userId));
      count += users.length;
      if (users.length < PAGE) break;
      after = users.at(-1)?.userId;
    }
    deps.log('poll.fanout', { users: count });
    return 'done';
  });
}
