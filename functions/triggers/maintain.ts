import type { Config } from '../config.ts';
import type { User } from '../core/records.ts';
import { DAY_MS } from '../core/time.ts';
import { isUnseen } from '../sync/check.ts';
import type { Clock, Publisher, Store } from '../sync/ports.ts';
import { type PushDeps, type PushHandler, pushFunction } from './push.ts';

const PAGE = 200;
/** Deletions of one run: what is left waits for tomorrow, or for Firestore's TTL. */
const MOST_SWEPT = 50_000;

/** What the daily upkeep needs. */
export interface MaintainDeps extends PushDeps {
  config: PushDeps['config'] & Pick<Config, 'NOTIFICATIONS_URL'>;
  store: Pick<Store, 'listUsers' | 'sweep' | 'getLease' | 'pendingIntents' | 'channelsOf'>;
  publisher: Pick<Publisher, 'syncUsers'>;
  clock: Pick<Clock, 'now'>;
}

/**
 * Push of topic maintain, once a day: deletes what has expired, and sends those users to a run who need
 * one for another reason than a poll: a watch channel that ends soon, work that nobody holds, a day
 * without the poll that was due, a grant that nobody has used for long. What the rolling window gains
 * is read by the first pull after it is due (sync/pull.ts). Repeatable.
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

async function dispatch(deps: MaintainDeps): Promise<number> {
  const { store, publisher } = deps;
  let count = 0;
  for (let after: string | undefined; ; ) {
    const users = await store.listUsers(PAGE, after);
    const sent: string[] = [];
    for (const user of users) if (await needsRun(deps, user)) sent.push(user.userId);
    if (sent.length > 0) await publisher.syncUsers(sent);
    count += sent.length;
    if (users.length < PAGE) return count;
    after = users.at(-1)?.userId;
  }
}

async function needsRun({ config, store, clock }: MaintainDeps, user: User): Promise<boolean> {
  const now = clock.now();
  if (user.state !== 'active' || !user.enabled) return isUnseen(user, now);
  const missed = (user.nextPollAt ?? 0) <= now && now - (user.lastSyncAt ?? 0) > DAY_MS;
  return (
    missed ||
    (config.NOTIFICATIONS_URL !== undefined && (await isEnding(store, user.userId, now))) ||
    (await isLeft(store, user.userId, now))
  );
}

/** A channel is to be renewed, and its successor is not there. */
async function isEnding(store: MaintainDeps['store'], userId: string, now: number) {
  const channels = (await store.channelsOf(userId)).filter((c) => !c.stopped);
  const lasting = new Set(channels.filter((c) => c.renewAt > now).map((c) => c.record));
  return channels.some((c) => !lasting.has(c.record));
}

/** Work is waiting, and no run is there that would find it. */
async function isLeft(store: MaintainDeps['store'], userId: string, now: number): Promise<boolean> {
  if ((await store.pendingIntents(userId, 1)).length === 0) return false;
  const lease = await store.getLease(userId);
  return lease === undefined || lease.expiresAt <= now;
}
