import type { Observed } from '../core/codec.ts';
import type { Link, User } from '../core/records.ts';
import { isSyncError, SyncError } from '../errors.ts';
import { isAdrift, readGroups } from './adrift.ts';
import { stopChannels } from './channels.ts';
import { type Collection, errorOf } from './collection.ts';
import { isAttempt } from './creation.ts';
import { linkPages } from './link-pages.ts';
import { read, unread, type Work } from './observe.ts';
import { knownPlaces } from './places.ts';
import { keepLease, type Run, type RunOutcome } from './run.ts';
import { enter } from './user-state.ts';

/** Entries that the user goes on changing while they are taken out. */
const MAX_ROUNDS = 3;

/**
 * The last run of a user who disconnects: with `remove`, first takes out of Google what the sync put
 * there (design rule 11); then revokes the grant and deletes the token. A run that fails in between is
 * simply repeated.
 */
export async function leave(run: Run, how: 'keep' | 'remove'): Promise<RunOutcome> {
  const { store } = run.engine;
  const { connectedAt } = run.user;
  // Who connects anew and leaves again while the grant ends has that one's entries and grant to be seen to.
  const isIt = (user: User) => user.leaving !== undefined && user.connectedAt === connectedAt;
  if (await withdraw(run, how)) await enter(run, 'disconnected', 'byUser', isIt);
  await store.dropLease(run.lease);
  return 'done';
}

/** Takes out what is to be removed, and ends the grant; false for a user who has connected again meanwhile. */
export async function withdraw(run: Run, how: 'keep' | 'remove'): Promise<boolean> {
  const { store, access } = run.engine;
  const { userId } = run.user;
  if (how === 'remove') {
    // Whoever connects again meanwhile, and whatever he or she wishes by then, has what is taken out written anew.
    await store.updateUser(userId, (user) => user && withoutFirstSync(user));
    for (const collection of knownPlaces(run)) {
      try {
        await removeOurs(run, collection);
      } catch (error) {
        // The grant is gone already: nothing can be removed, and leaving must not fail for it.
        if (!isSyncError(error, 'reauthorize')) throw error;
      }
    }
  }
  // While there is a token to stop them with.
  await stopChannels(run);
  // Whoever connects again meanwhile stays: connecting takes `leaving` back before it seals a token.
  const user = await store.getUser(userId);
  if (!user?.leaving && !user?.erase) return false;
  // Asked for removal as well meanwhile: with the token it can still be done.
  if (how === 'keep' && user.leaving === 'remove') return withdraw(run, 'remove');
  // At once, and not by a run that has lost its lease on the way: by now another one may be removing, or the
  // token be that of a new consent.
  await access.end(userId, run.lease.expiresAt);
  return true;
}

const withoutFirstSync = ({ firstSyncAt: _, ...user }: User): User => user;

async function removeOurs(run: Run, collection: Collection): Promise<void> {
  const { store } = run.engine;
  const { record } = collection.codec;
  for await (const stored of linkPages(run, record)) {
    await keepLease(run);
    const links = await withUnanswered(run, collection, stored);
    const ours = links.filter(
      (l) => l.googleId && ((l.origin === 'crm' && l.state === 'live') || l.removing),
    );
    // Stored before anything is removed: after a crash our own deletes must not look like the user's.
    const tombstones = ours.map((link) => tombstone(run, link));
    if (tombstones.length > 0) await store.commit(run.lease, { links: tombstones }, false);
    const left: Link[] = [];
    for (const [place, mine] of Map.groupBy(tombstones, (link) => link.place))
      left.push(...(await removeAt(run, collection, place, mine)));
    const done = left.map(({ removing: _, ...link }) => link);
    if (done.length > 0) await store.commit(run.lease, { links: done }, false);
  }
}

/** What an insertion without an answer has put there goes as well. */
async function withUnanswered(run: Run, collection: Collection, links: Link[]): Promise<Link[]> {
  const { place, places, find } = collection;
  const open = links.filter((link) => link.inFlight);
  const isReached = !places || places.reaches(place, run.user.scopes ?? []);
  if (open.length === 0 || !find || !isReached) return links;
  const crmIds = open.flatMap((link) => link.crmId ?? []);
  const raws = await find(run.session, crmIds).catch((error: unknown) => {
    // The place is gone with all that was in it.
    if (isSyncError(error, 'lost')) return [];
    throw error;
  });
  const context = await run.directory.context([]);
  const found = raws.map((raw) => collection.codec.decode(raw, context));
  return links.map((link): Link => {
    const made = link.inFlight && found.find((observed) => isAttempt(observed, link));
    if (!made) return link;
    const { googleId } = made;
    return { ...link, googleId, state: 'live', origin: 'crm', ...(place && { place }) };
  });
}

/** Resolves to the links as they are then, of all whose objects the sync is done with. */
async function removeAt(
  run: Run,
  collection: Collection,
  place: string | undefined,
  ours: Link[],
): Promise<Link[]> {
  const { places } = collection;
  if (places && !places.reaches(place, run.user.scopes ?? [])) return [];
  await removeMoved(run, collection, place, ours);
  const there = places?.at(place) ?? collection;
  try {
    return await removeFrom(run, there, ours);
  } catch (error) {
    if (!isSyncError(error, 'lost')) throw error;
    // The place is gone with all that was in it; unless its objects outlive it, as contacts their label.
    return places && there.join ? removeFrom(run, places.at(undefined), ours) : ours;
  }
}

/** A run that died while the records move may have written them into the new place already. */
async function removeMoved(
  run: Run,
  { places, codec }: Collection,
  place: string | undefined,
  ours: Link[],
): Promise<void> {
  const begun = run.user.moving?.[codec.record];
  if (!places || begun === undefined || begun === place) return;
  const there = places.at(begun);
  // What outlives its place is the same object there.
  if (there.join) return;
  try {
    await removeFrom(
      run,
      there,
      ours.map(({ etag: _, ...link }) => link),
    );
  } catch (error) {
    if (!isSyncError(error, 'lost')) throw error;
  }
}

async function removeFrom(run: Run, there: Collection, ours: Link[]): Promise<Link[]> {
  const left: Link[] = [];
  let open = ours;
  for (let round = 1; open.length > 0 && round <= MAX_ROUNDS; round++) {
    const results = await deleteAll(run, there, open);
    const failed = results.find(
      (r) => !r.ok && !isSyncError(r.error, 'gone', 'park', 'precondition'),
    );
    if (failed && !failed.ok) throw failed.error;
    const refused = (kind: 'gone' | 'precondition') =>
      open.filter((_, i) => isSyncError(errorOf(results[i]), kind));
    const { done, single } = await whatBecameOf(run, there, refused('gone'));
    left.push(...open.filter((_, i) => results[i]?.ok), ...done);
    // What the user changed in an entry of ours goes with it, as he or she asked: in the version it has now.
    open = [...(await asTheyAre(run, there, refused('precondition'))), ...single];
  }
  if (open.length > 0) throw new SyncError('later', 'contention');
  return left;
}

/**
 * What is gone from its group may have gone on in it (design rule 6). `single`: as all that there is of it again, and
 * goes as that. In another place, which only a listing tells, it stays and is linked: with a tombstone it would be
 * written beside itself for who connects again.
 */
async function whatBecameOf(
  run: Run,
  there: Collection,
  gone: Link[],
): Promise<{ done: Link[]; single: Link[] }> {
  // Where groups are records nothing goes on elsewhere.
  const isMember = ({ group }: Link) => group !== undefined && !there.codec.groups;
  const done = gone.filter((link) => !isMember(link));
  const single: Link[] = [];
  const works = gone.filter(isMember).map((link) => ({ ...unread, link }) as Work & { link: Link });
  await read(run, there, works, ({ link }) => link?.googleId ?? '');
  const groups = await readGroups(
    run,
    there,
    works.map(({ link }) => link.group ?? ''),
  );
  for (const work of works) {
    const { link } = work;
    const group = groups.get(link.group ?? '');
    if (group?.state !== 'live' || (group.whole && !isAdrift(work))) done.push(link);
    else if (!group.whole && group.marker) single.push(asSingle(link, group));
    else done.push(untouched(link));
  }
  return { done, single };
}

function asSingle(link: Link, { googleId, etag }: Observed): Link {
  const { group: _, slot: __, withGroup: ___, ...rest } = link;
  return { ...rest, googleId, ...(etag !== undefined && { etag }) };
}

function deleteAll(run: Run, there: Collection, links: Link[]) {
  // Conditional, as every write: one that is late must not meet what was written since (P25).
  const writes = links.map(({ googleId = '', etag }) => ({
    kind: 'delete' as const,
    googleId,
    etag,
  }));
  return there.write(run.session, writes);
}

async function asTheyAre(run: Run, there: Collection, links: Link[]): Promise<Link[]> {
  const works = links.map(
    (link): Work => ({ link, intent: undefined, observed: undefined, raw: undefined }),
  );
  await read(run, there, works, ({ link }) => link?.googleId ?? '');
  return works.map(({ observed }, i) => {
    const link = links[i] as Link;
    return observed?.etag === undefined ? link : { ...link, etag: observed.etag };
  });
}

/** Deleted by us on the user's wish: the CRM's record lives on and is written again on reconnecting. */
function tombstone(run: Run, link: Link): Link {
  const expireAt = run.engine.clock.now() + run.engine.settings.tombstoneMs;
  const left = { ...link, state: 'deleted', deletedBy: 'crm', removing: true, expireAt } as const;
  return link.group === undefined ? left : { ...left, withGroup: true };
}

/** What a tombstone was made of. */
function untouched(tombstone: Link): Link {
  const { deletedBy: _, removing: __, expireAt: ___, withGroup: ____, ...link } = tombstone;
  return { ...link, state: 'live' };
}
