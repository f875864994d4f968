import type { Request } from '@google-cloud/functions-framework';
import { isTokenOf } from '../core/channel.ts';
import { isDue, isLive, rung } from '../core/polls.ts';
import { isSyncError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Clock, Publisher, Store } from '../sync/ports.ts';
import { nameOf } from './caller.ts';
import type { PushHandler } from './push.ts';

/** What a notification needs: nothing of the user but the channel. */
export interface GooglePushDeps {
  store: Pick<Store, 'getChannel' | 'getLease' | 'updateUser'>;
  publisher: Pick<Publisher, 'syncUsers'>;
  clock: Pick<Clock, 'now'>;
  log: Log;
}

/**
 * Google's notifications of watch channels; public. A notification says that something changed and no
 * more: the record type becomes due, and a sync-user message goes out unless one is on its way. 204 to
 * everybody, so that nobody learns which channels there are; 503 when it could not be noted, which
 * Google repeats. https://developers.google.com/workspace/calendar/api/guides/push
 */
export function createGooglePush(deps: GooglePushDeps): PushHandler {
  return async (req, res) => {
    if (req.method !== 'POST') return void res.status(405).set('Allow', 'POST').end();
    try {
      // `sync` only says that the channel is there.
      if (req.header('x-goog-resource-state') !== 'sync') await ring(deps, req);
      res.status(204).end();
    } catch (error) {
      const kind = isSyncError(error) ? error.kind : 'bug';
      const reason = isSyncError(error) ? error.reason : nameOf(error);
      deps.log('function.failed', { function: 'googlePush', kind, reason });
      res.status(503).end();
    }
  };
}

async function ring({ store, publisher, clock, log }: GooglePushDeps, req: Request): Promise<void> {
  const id = req.header('x-goog-channel-id') ?? '';
  const channel = /^[\w-]{1,64}$/.test(id) ? await store.getChannel(id) : undefined;
  const now = clock.now();
  if (!channel || channel.expiresAt <= now) return;
  const { userId, record } = channel;
  if (!isTokenOf(channel, req.header('x-goog-channel-token') ?? ''))
    return log('push.refused', { userId, record });
  const lease = await store.getLease(userId);
  let due = false;
  await store.updateUser(userId, (user) => {
    const next = user && rung(user, record, now, lease);
    // During a run it is the run that looks, or the next tick: a message would find the user busy.
    due = next !== undefined && !isLive(lease, now) && isDue(next, record, now);
    return next;
  });
  // Due later, as an echo is: the poll tick sends the message then, and so it does for one that gets lost.
  if (due) await publisher.syncUsers([userId]);
}
