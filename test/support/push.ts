/** Google's notifications in a world without sockets: collected, and handed to the real googlePush. */
import { createCrmChange } from '../../functions/triggers/crm-change.ts';
import { createGooglePush } from '../../functions/triggers/google-push.ts';
import { createMaintain } from '../../functions/triggers/maintain.ts';
import { createPollFanout } from '../../functions/triggers/poll-fanout.ts';
import { createSyncUser } from '../../functions/triggers/sync-user.ts';
import { createWorld, type WorldOptions } from './world.ts';

export const PUSH_URL = 'https://push.sync.example/';
const OFF = { PUSH_AUTH: 'off', PUSH_AUDIENCE: '', PUSH_SERVICE_ACCOUNT: '' } as const;

type Headers = Record<string, string>;
type Handler = ReturnType<typeof createGooglePush>;

/** Answers of one function to one request. */
async function call(handler: Handler, headers: Headers, body: unknown = {}): Promise<number> {
  let status = 0;
  const res = {
    status: (code: number) => {
      status = code;
      return res;
    },
    set: () => res,
    end: () => res,
  };
  const req = { method: 'POST', body, header: (name: string) => headers[name] };
  await handler(req as never, res as never);
  return status;
}

/** A world whose Google notifies. */
export function createLiveWorld(options: WorldOptions = {}) {
  const world = createWorld({ pushUrl: PUSH_URL, ...options });
  /** Notifications on their way, oldest first. */
  const sent: Headers[] = [];
  world.workspace.notify = (_, headers) => sent.push(headers);
  const { engine } = world;
  const deps = { ...engine, engine, config: OFF };
  const push = createGooglePush(deps);
  const [syncUser, crmChange] = [createSyncUser(deps), createCrmChange(deps)];
  const message = (json: unknown, publishedAt?: number) => ({
    message: {
      data: Buffer.from(JSON.stringify(json)).toString('base64'),
      ...(publishedAt !== undefined && { publishTime: new Date(publishedAt).toISOString() }),
    },
  });
  return {
    ...world,
    sent,
    /** One notification reaches googlePush. */
    notify: (headers: Headers) => call(push, headers),
    /** All that are on their way do. */
    async deliver(): Promise<void> {
      for (const headers of sent.splice(0)) await call(push, headers);
    },
    /** The messages on sync-user are handled; resolves to how many there were. */
    async work(): Promise<number> {
      const users = world.syncRequests.splice(0);
      for (const userId of users) await call(syncUser, {}, message({ userId }));
      return users.length;
    },
    /** One message of a subscription is handled; resolves to the status. */
    pushed: (name: 'syncUser' | 'crmChange', json: unknown, publishedAt: number) =>
      call({ syncUser, crmChange }[name], {}, message(json, publishedAt)),
    /** Scheduler's tick of every minute. */
    tick: () => call(createPollFanout(deps), {}, { message: {} }),
    maintain: () =>
      call(
        createMaintain({ ...deps, config: { ...OFF, NOTIFICATIONS_URL: PUSH_URL } }),
        {},
        { message: {} },
      ),
    /** The channels that Google would notify. */
    channels: () => [...world.workspace.calendars.channels.values()],
  };
}
