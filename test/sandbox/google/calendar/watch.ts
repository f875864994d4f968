/** Push channels (google-contracts 1.6). */
import { type Answer, ApiError, type AuthorizedCall, invalid, notFound } from '../protocol.ts';
import { opaque } from '../random.ts';
import type { Channel } from './model.ts';
import { readJson } from './request.ts';
import type { CalendarStore } from './store.ts';

const WEEK = 604_800_000;

/** POST /calendars/{calendarId}/events/watch. */
export function watch(call: AuthorizedCall): Answer {
  const store = call.workspace.calendars;
  const calendar = store.resolve(call, call.params.calendarId as string);
  const body = readJson(call);
  const { id, type, address, token, expiration, params } = body;
  // [V] id unique, at most 64 characters; token at most 256.
  if (typeof id !== 'string' || !/^[A-Za-z0-9\-_+/=]{1,64}$/.test(id)) {
    throw new ApiError(400, 'channelIdInvalid', 'Channel id must be 1 to 64 characters');
  }
  if (store.channels.has(id)) {
    throw new ApiError(400, 'channelIdNotUnique', `Channel id ${id} not unique`);
  }
  if (type !== 'web_hook' && type !== 'webhook') {
    throw new ApiError(400, 'channelUnknown', 'Unknown channel type');
  }
  // [V] HTTPS with a valid certificate; a local receiver may do without.
  if (
    typeof address !== 'string' ||
    !/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(address)
  ) {
    throw new ApiError(
      400,
      'push.webhookUrlNotHttps',
      `WebHook callback must be HTTPS: ${address}`,
    );
  }
  if (token !== undefined && (typeof token !== 'string' || token.length > 256)) {
    throw invalid('Channel token must be at most 256 characters');
  }
  const now = call.workspace.now();
  // [S] Default 7 days; the stricter of the wish and Google's limit wins.
  const ttl = Number((params as { ttl?: string } | undefined)?.ttl ?? WEEK / 1000) * 1000;
  const wish = expiration === undefined ? now + ttl : Number(expiration);
  if (!Number.isFinite(wish) || wish <= now)
    throw invalid('Channel expiration must be in the future');
  const resourceUri = `https://www.googleapis.com/calendar/v3/calendars/${encodeURIComponent(calendar.id)}/events?alt=json`;
  const channel: Channel = {
    id,
    resourceId: resourceIdOf(store, calendar.id),
    resourceUri,
    address,
    token: token ?? null,
    expiration: Math.min(wish, now + WEEK),
    user: call.identity.email,
    clientId: call.identity.clientId,
    calendar,
    eventTypes: call.query.getAll('eventTypes'),
    messages: 0,
  };
  store.channels.set(id, channel);
  // [V] The sync message may arrive before this answer.
  sendMessage(store, channel, 'sync');
  return {
    status: 200,
    json: {
      kind: 'api#channel',
      id,
      resourceId: channel.resourceId,
      resourceUri,
      ...(channel.token !== null && { token: channel.token }),
      expiration: String(channel.expiration),
    },
  };
}

const resourceIds = new WeakMap<CalendarStore, Map<string, string>>();

/** One opaque id for a watched resource, the same for all its channels. */
function resourceIdOf(store: CalendarStore, calendarId: string): string {
  const ids = resourceIds.get(store) ?? new Map<string, string>();
  resourceIds.set(store, ids);
  const id = ids.get(calendarId) ?? opaque(store.workspace.random, 27);
  ids.set(calendarId, id);
  return id;
}

/** POST /channels/stop: needs id and resourceId, the same user and the same client. */
export function stop(call: AuthorizedCall): Answer {
  const { channels } = call.workspace.calendars;
  const { id, resourceId } = readJson(call);
  const channel = typeof id === 'string' ? channels.get(id) : undefined;
  if (!channel || channel.resourceId !== resourceId || channel.user !== call.identity.email) {
    throw notFound();
  }
  if (channel.clientId !== call.identity.clientId) throw notFound();
  channels.delete(channel.id);
  return { status: 204 };
}

/** Sends one message, unless the channel is over. */
export function sendMessage(
  store: CalendarStore,
  channel: Channel,
  state: 'sync' | 'exists',
): void {
  const { workspace } = store;
  if (channel.expiration <= workspace.now()) {
    store.channels.delete(channel.id);
    return;
  }
  // [V] Number 1 is the sync message; later ones rise, but not one by one.
  channel.messages += state === 'sync' ? 1 : 1 + Math.floor(workspace.random() * 3);
  workspace.notify?.(
    { id: channel.id, address: channel.address, user: channel.user },
    {
      'x-goog-channel-id': channel.id,
      'x-goog-message-number': String(channel.messages),
      'x-goog-resource-id': channel.resourceId,
      'x-goog-resource-state': state,
      'x-goog-resource-uri': channel.resourceUri,
      // [V] A date for people, not milliseconds.
      'x-goog-channel-expiration': new Date(channel.expiration).toUTCString(),
      ...(channel.token !== null && { 'x-goog-channel-token': channel.token }),
    },
  );
}
