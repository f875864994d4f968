import { isHeld } from '../core/polls.ts';
import type { Link } from '../core/records.ts';
import { isSyncError, SyncError } from '../errors.ts';
import { FORMER_ACCOUNT } from './account.ts';
import type { Collection, Places } from './collection.ts';
import { commitWorks } from './commit.ts';
import { type Executed, execute } from './execute.ts';
import { alone } from './isolation.ts';
import { linkPages } from './link-pages.ts';
import { executeGrouped } from './members.ts';
import { elsewhere, isElsewhere, read, type Work } from './observe.ts';
import { granted, keepLease, type Run } from './run.ts';

/** Records that change in the old place while they move are brought up to date and tried again. */
const MAX_ROUNDS = 3;

interface Move {
  here: Collection;
  places: Places<unknown> | undefined;
  count: { moved: number; left: number };
}

/**
 * Opens the user's collections, each where its objects live (design rule 9). A place that is missing is
 * made; where it is another one than before, the records move first and the user's document changes
 * last: a crash in between is simply repeated. With `lost`, known places are looked at and forgotten
 * if they are gone.
 */
export async function settlePlaces(run: Run, lost = false): Promise<void> {
  const collections: Collection[] = [];
  run.collections = granted(run).filter(({ codec }) => !isHeld(run.user, codec.record));
  for (const collection of run.collections) {
    await alone(run, collection, async () => {
      collections.push(await settle(run, collection, lost));
    });
  }
  run.collections = collections;
  // Of a type that failed something is still to be moved.
  if (run.user.replaced === undefined || run.failing.size > 0) return;
  await run.engine.store.commit(run.lease, { user: { replaced: undefined } }, false);
  const { replaced: _, ...user } = run.user;
  run.user = user;
}

/**
 * The user's collections where their objects are known to live, without a call and without making any.
 * A place that is still to be made shows nothing.
 */
export function knownPlaces(run: Run): Collection[] {
  return granted(run).map((collection) => {
    if (!collection.places) return collection;
    const place = run.user.places?.[collection.codec.record];
    const there = collection.places.at(place);
    if (collection.places.reaches(place, run.user.scopes ?? [])) return there;
    return { ...there, list: async () => ({ items: [] }) };
  });
}

async function settle(run: Run, collection: Collection, lost: boolean): Promise<Collection> {
  const { places, codec } = collection;
  const replaced = run.user.replaced !== undefined;
  if (!places && !replaced) return collection;
  const stored = run.user.places?.[codec.record];
  const begun = run.user.moving?.[codec.record];
  const known = await theOneThere(run, places, lost, [begun, stored]);
  const place = await places?.settle(run.session, known, run.user.scopes ?? []);
  const here = !places || place === collection.place ? collection : places.at(place);
  if (place === stored && begun === undefined && !replaced) return here;
  // Or a run that dies while it moves would leave a full copy behind, and the next one make a third place.
  if (place !== undefined && place !== begun) await beginMove(run, codec.record, place);
  const move: Move = { here, places, count: { moved: 0, left: 0 } };
  await moveAll(run, move);
  await remember(run, here);
  const { userId } = run.user;
  run.engine.log('place.changed', { userId, record: codec.record, ...move.count });
  return here;
}

/** The first of the places that is not gone; without `lost` nobody has reason to look. */
async function theOneThere(
  run: Run,
  places: Places<unknown> | undefined,
  lost: boolean,
  wanted: (string | undefined)[],
): Promise<string | undefined> {
  const known = wanted.filter((place) => place !== undefined);
  if (!lost || !places) return known[0];
  for (const place of known) if (await places.exists(run.session, place)) return place;
  return undefined;
}

async function beginMove(run: Run, record: string, place: string): Promise<void> {
  const moving = { ...run.user.moving, [record]: place };
  await run.engine.store.commit(run.lease, { user: { moving } }, false);
  run.user = { ...run.user, moving };
}

/** The cursor of the old place is of no use here. */
async function remember(run: Run, here: Collection): Promise<void> {
  const { record } = here.codec;
  const { [record]: _, ...others } = run.user.places ?? {};
  const { [record]: __, ...moving } = run.user.moving ?? {};
  const places = here.place === undefined ? others : { ...others, [record]: here.place };
  const cursor = { userId: run.user.userId, record, params: here.listing(run.window) };
  await run.engine.store.commit(run.lease, { user: { places, moving }, cursor }, false);
  run.user = { ...run.user, places, moving };
}

async function moveAll(run: Run, move: Move): Promise<void> {
  const { clock, settings } = run.engine;
  const { record } = move.here.codec;
  for await (const links of linkPages(run, record)) {
    if (clock.now() - run.startedAt > settings.runMs) throw new SyncError('later', 'runTime');
    await keepLease(run);
    const there = links.filter((link) => isElsewhere(link, move.here));
    // What another account holds cannot be joined.
    const [former, within] = [true, false].map((is) =>
      there.filter((link) => (link.place === FORMER_ACCOUNT) === is),
    ) as [Link[], Link[]];
    const left = move.here.join ? [...former, ...(await joinHere(run, move, within))] : there;
    // Where groups are records, members come along with theirs.
    const isFree = (link: Link) => !move.here.codec.groups || link.group === undefined;
    const ours = left.filter((link) => link.origin === 'crm' && link.crmId && isFree(link));
    for (const [place, mine] of Map.groupBy(ours, (link) => link.place)) {
      await moveFrom(run, move, place, mine, 1);
      if (run.failing.has(record)) throw run.deferred ?? new SyncError('later', 'move');
    }
  }
}

/**
 * Objects that have outlived their place (contacts whose label was deleted) are taken into the new one.
 * Returns the links whose objects are gone.
 */
async function joinHere(run: Run, { here, count }: Move, links: Link[]): Promise<Link[]> {
  const { place } = here;
  if (!here.join || place === undefined || links.length === 0) return links;
  const results = await here.join(
    run.session,
    links.map((link) => link.googleId ?? ''),
  );
  const context = await run.directory.context([]);
  const works = results.map((result, i): Work => {
    if (!result.ok) throw result.error;
    const observed = here.codec.decode(result.data, context);
    return { ...unread, link: links[i], observed, raw: result.data };
  });
  const [gone, alive] = [[] as Link[], [] as Work[]];
  for (const work of works) {
    if (!work.link) continue;
    if (work.observed?.state === 'gone') gone.push(work.link);
    else alive.push({ ...work, link: { ...work.link, place } });
  }
  // Where they live is stored first, whether or not there is any other news of them.
  const moved = alive.flatMap(({ link }) => link ?? []);
  await run.engine.store.commit(run.lease, { links: moved }, false);
  await commitWorks(run, here, await execute(run, here, alive), {}, false);
  count.moved += alive.length;
  return gone;
}

/** Inserted here, then taken out there. What is out of reach there stays, what is gone comes back. */
async function moveFrom(
  run: Run,
  move: Move,
  place: string | undefined,
  links: Link[],
  round: number,
): Promise<void> {
  const { here, places } = move;
  const reached = place !== FORMER_ACCOUNT && places?.reaches(place, run.user.scopes ?? []);
  const old = reached ? places?.at(place) : undefined;
  const works = links.map((link): Work => ({ link, ...unread, intent: undefined }));
  if (!old || !(await readOld(run, old, works))) {
    if (!old) move.count.left += links.length;
    const blind = links.map((link) => ({ link, ...unread, observed: elsewhere(link) }));
    const executed = await executeGrouped(run, here, blind);
    move.count.moved += executed.done.length;
    await commitWorks(run, here, executed, {}, false);
    return;
  }
  const arrived = await alreadyHere(run, here, works);
  const others = works.filter((work) => !arrived.some(({ link }) => link === work.link));
  const stale = others.filter(({ link, observed }) => observed?.etag !== link?.etag);
  const ready = others
    .filter((work) => !stale.includes(work))
    .map((w): Work => ({ ...w, ...unread, observed: elsewhere(w.link as Link), original: w.raw }));
  const executed = await executeGrouped(run, here, ready);
  await takeOut(run, old, here, executed);
  const known = await executeGrouped(run, here, arrived);
  executed.done.push(...known.done);
  executed.deferred.push(...known.deferred);
  move.count.moved += executed.done.length;
  await commitWorks(run, here, executed, {}, false);
  if (stale.length === 0) return;
  // Edited or deleted there since the last look: first told to the CRM, as ever.
  await commitWorks(run, old, await execute(run, old, stale), {}, false);
  if (round === MAX_ROUNDS) throw new SyncError('later', 'contention');
  const crmIds = stale.map(({ link }) => link?.crmId ?? '');
  const fresh = await run.engine.store.linksByCrmId(run.user.userId, here.codec.record, crmIds);
  const left = fresh.filter((link) => isElsewhere(link, here));
  if (left.length > 0) await moveFrom(run, move, place, left, round + 1);
}

const unread = { intent: undefined, observed: undefined, raw: undefined };

/** False: the old place is gone, with all that was in it. */
async function readOld(run: Run, old: Collection, works: Work[]): Promise<boolean> {
  try {
    await read(run, old, works, ({ link }) => link?.googleId ?? '');
    return true;
  } catch (error) {
    if (isSyncError(error, 'lost')) return false;
    throw error;
  }
}

/** Gone there and live here: a run died between taking out and committing. */
async function alreadyHere(run: Run, here: Collection, works: Work[]): Promise<Work[]> {
  const gone = works.filter(({ observed }) => observed?.state === 'gone');
  const looked = gone.map(({ link }): Work => ({ ...unread, link }));
  await read(run, here, looked, ({ link }) => link?.googleId ?? '');
  return looked.filter(({ observed }) => observed?.state === 'live');
}

/** Takes the originals out. Where one has just changed, its copy goes instead, and it moves later. */
async function takeOut(
  run: Run,
  old: Collection,
  here: Collection,
  executed: Executed,
): Promise<void> {
  const moved = executed.done.filter(({ decision }) => decision.link === 'live');
  if (moved.length === 0) return;
  const results = await old.write(
    run.session,
    moved.map(({ work: { link } }) => ({
      kind: 'delete' as const,
      googleId: link?.googleId ?? '',
      etag: link?.etag,
    })),
  );
  const stuck = moved.flatMap((done, i) => {
    const result = results[i];
    if (result?.ok || isSyncError(result?.error, 'gone')) return [];
    return [{ done, error: result?.error ?? new SyncError('later', 'noAnswer') }];
  });
  if (stuck.length === 0) return;
  executed.done = executed.done.filter((done) => !stuck.some((s) => s.done === done));
  for (const { done, error } of stuck) {
    const later = error.kind === 'later' ? error : new SyncError('later', error.reason);
    executed.deferred.push({ work: done.work, error: later });
  }
  await here.write(
    run.session,
    stuck.map(({ done: { written, work } }) => ({
      kind: 'delete' as const,
      googleId: (written ?? work.observed)?.googleId ?? '',
      etag: undefined,
    })),
  );
}
