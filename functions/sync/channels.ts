/** Watch channels: Google says at once that something changed, and the poll is only a safety net. */
import { hashOf, renewAt, WISHED_MS } from '../core/channel.ts';
import type { Channel } from '../core/records.ts';
import { DAY_MS } from '../core/time.ts';
import { isSyncError } from '../errors.ts';
import type { Collection, GoogleSession } from './collection.ts';
import type { Run } from './run.ts';

/** By record type: the live channel of each collection that has one. */
export type Channels = ReadonlyMap<string, Channel>;

/**
 * Gives each collection that can be watched its channel: kept, renewed before it ends, or made anew where
 * its objects live now; what is left over is stopped. Without one the collection is simply polled. To be
 * called before a pull: what changes until the channel is there, the pull finds.
 */
export async function keepChannels(run: Run): Promise<Channels> {
  const kept = new Map<string, Channel>();
  if (run.engine.settings.pushUrl === undefined) return kept;
  const stored = await run.engine.store.channelsOf(run.user.userId);
  for (const collection of run.collections) {
    const { record } = collection.codec;
    const mine = stored.filter((c) => c.record === record);
    const channel = await keepOne(run, collection, mine);
    if (channel) kept.set(record, channel);
  }
  const old = stored.filter((c) => !c.stopped && kept.get(c.record)?.id !== c.id);
  for (const channel of old) {
    await stop(run.session, run.engine.collections, channel);
    // Still known: what it told before it was stopped may be on its way.
    const commit = { channels: [{ ...channel, stopped: true as const }] };
    await run.engine.store.commit(run.lease, commit, false);
  }
  return kept;
}

async function keepOne(
  run: Run,
  collection: Collection,
  stored: Channel[],
): Promise<Channel | undefined> {
  const now = run.engine.clock.now();
  // One of an earlier consent may have died with it, or watch another account.
  const since = run.user.connectedAt ?? 0;
  const live = stored
    .filter((c) => !c.stopped && c.place === collection.place)
    .filter((c) => c.expiresAt > now && c.madeAt >= since)
    .sort((a, b) => b.expiresAt - a.expiresAt)[0];
  if (live && live.renewAt > now) return live;
  const until = run.user.polls?.[collection.codec.record]?.unwatchedUntil ?? 0;
  return (until <= now ? await make(run, collection) : undefined) ?? live;
}

async function make(run: Run, collection: Collection): Promise<Channel | undefined> {
  const { store, clock, settings, secret, log } = run.engine;
  const { userId } = run.user;
  const { record } = collection.codec;
  if (!collection.watch || settings.pushUrl === undefined) return undefined;
  const [id, token] = [secret(), secret()];
  const now = clock.now();
  try {
    const wish = { id, token, address: settings.pushUrl, expiresAt: now + WISHED_MS };
    const { resourceId, expiresAt } = await collection.watch(run.session, wish);
    const channel: Channel = {
      id,
      userId,
      record,
      ...(collection.place !== undefined && { place: collection.place }),
      resourceId,
      secret: hashOf(token),
      madeAt: now,
      renewAt: renewAt(now, expiresAt),
      expiresAt,
      expireAt: expiresAt + DAY_MS,
    };
    await store.commit(run.lease, { channels: [channel] }, false);
    return channel;
  } catch (error) {
    // No reason to keep the user from being synced; a grant that is gone, the listing finds as well.
    if (!isSyncError(error) || error.kind === 'lost' || error.reason === 'leaseLost') throw error;
    log('channel.failed', { userId, record, reason: error.reason });
    const polls = { [record]: { step: 'unwatched' as const, until: now + DAY_MS } };
    await store.commit(run.lease, { polls }, false);
    return undefined;
  }
}

/** Ends all channels of a user who leaves. */
export async function stopChannels(run: Run): Promise<void> {
  const { store, collections } = run.engine;
  const stored = await store.channelsOf(run.user.userId);
  if (stored.length === 0) return;
  for (const channel of stored) {
    if (!channel.stopped) await stop(run.session, collections, channel);
  }
  await store.commit(run.lease, { removedChannels: stored.map((c) => c.id) }, false);
}

/** As well as it goes: what is not stopped ends by itself, and is not listened to. */
async function stop(
  session: GoogleSession,
  collections: Collection[],
  channel: Channel,
): Promise<void> {
  const collection = collections.find((c) => c.codec.record === channel.record);
  try {
    await collection?.stop?.(session, channel);
  } catch (error) {
    if (!isSyncError(error)) throw error;
  }
}
