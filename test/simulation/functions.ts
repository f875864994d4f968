/** The deployed functions behind their subscriptions, and what reaches them over HTTP. */
import type { Engine } from '../../functions/sync/engine.ts';
import { createCrmChange } from '../../functions/triggers/crm-change.ts';
import { createGooglePush } from '../../functions/triggers/google-push.ts';
import { createMaintain } from '../../functions/triggers/maintain.ts';
import { createPollFanout } from '../../functions/triggers/poll-fanout.ts';
import { createSyncUser } from '../../functions/triggers/sync-user.ts';
import type { Notification } from './notifications.ts';

const creators = {
  'crm-change': createCrmChange,
  'sync-user': createSyncUser,
  'poll-fanout': createPollFanout,
  'google-push': createGooglePush,
  maintain: createMaintain,
};

/** Hands one message to its function; resolves to the HTTP status. */
export async function call(
  engine: Engine,
  subscription: string,
  id: number,
  data: string,
): Promise<number> {
  const { pushUrl } = engine.settings;
  const config = {
    PUSH_AUTH: 'off' as const,
    PUSH_AUDIENCE: '',
    PUSH_SERVICE_ACCOUNT: '',
    NOTIFICATIONS_URL: pushUrl,
  };
  const { store, publisher, clock, log } = engine;
  const create = creators[subscription as keyof typeof creators];
  if (!create) throw new Error(`no subscription ${subscription}`);
  const handler = create({ config, engine, store, publisher, clock, log });
  let status = 0;
  const answer = {
    status(code: number) {
      status = code;
      return answer;
    },
    set: () => answer,
    end: () => answer,
  };
  await handler(requestOf(subscription, id, data) as never, answer as never);
  return status;
}

function requestOf(subscription: string, id: number, data: string): object {
  if (subscription === 'google-push') {
    const { headers } = JSON.parse(data) as Notification;
    return { method: 'POST', body: {}, header: (name: string) => headers[name] };
  }
  const message = { data: Buffer.from(data).toString('base64'), messageId: String(id) };
  return { method: 'POST', body: { message, subscription }, header: () => undefined };
}
