import { unseen } from '../errors.ts';
import { holdersOf, stepBack } from './claims.ts';
import type { Collection } from './collection.ts';
import { commitWorks } from './commit.ts';
import { alone } from './isolation.ts';
import { executeGrouped, membersLast, unlistedMembers } from './members.ts';
import { observePage, type Work } from './observe.ts';
import { CHUNK, type Run } from './run.ts';

/** Steps back from the records that organizers took over since the last run, and takes what they let go of. */
export async function recheckAsked(run: Run): Promise<void> {
  for (const collection of run.collections) {
    const { record } = collection.codec;
    const all = run.user.recheck?.[record] ?? [];
    for (let at = 0; at < all.length; at += CHUNK) {
      const some = all.slice(at, at + CHUNK);
      if (!(await alone(run, collection, () => recheckSome(run, collection, some)))) break;
    }
  }
}

async function recheckSome(run: Run, collection: Collection, googleIds: string[]): Promise<void> {
  const { store } = run.engine;
  const { userId } = run.user;
  const { record } = collection.codec;
  const links = await store.linksByGoogleId(userId, record, googleIds);
  const works = links
    .filter((link) => link.state === 'live' && link.claim)
    .map((link): Work => ({ link, intent: undefined, observed: undefined, raw: undefined }));
  const holders = await holdersOf(run, collection.codec, works);
  for (const work of works) {
    const holder = holders.get(work.link?.claim?.key ?? '');
    if (holder && holder.userId !== userId) await stepBack(run, work, holder);
  }
  const linked = new Set(links.flatMap((link) => (link.state === 'live' ? link.googleId : [])));
  const free = await readFree(
    run,
    collection,
    googleIds.filter((id) => !linked.has(id)),
  );
  const open = [...works.filter((work) => work.yields), ...free];
  const executed = await executeGrouped(run, collection, membersLast(collection, open));
  await commitWorks(run, collection, executed, {}, false);
  await store.updateUser(userId, (user) => {
    if (!user?.recheck) return undefined;
    const left = user.recheck[record]?.filter((id) => !googleIds.includes(id)) ?? [];
    const { [record]: _, ...others } = user.recheck;
    const { recheck: __, ...rest } = user;
    const recheck = left.length > 0 ? { ...others, [record]: left } : others;
    return Object.keys(recheck).length > 0 ? { ...rest, recheck } : rest;
  });
}

/** Objects that are no record here yet, as a listing would show them if they had changed. */
async function readFree(run: Run, collection: Collection, googleIds: string[]): Promise<Work[]> {
  if (googleIds.length === 0) return [];
  const results = await collection.get(run.session, googleIds);
  const items = results.map((result) => {
    // They stay asked for until Google has answered.
    if (!result.ok) throw unseen(result.error);
    return result.data;
  });
  const works = await observePage(run, collection, { items });
  return [...works, ...(await unlistedMembers(run, collection, works))];
}
