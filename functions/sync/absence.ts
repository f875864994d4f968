import { knownGoogle } from '../core/merge.ts';
import type { Link } from '../core/records.ts';
import { SyncError } from '../errors.ts';
import type { Collection } from './collection.ts';
import { read, type Work } from './observe.ts';
import type { Run } from './run.ts';
import { hold } from './user-state.ts';

const PAGE = 500;
/** More missing records than this, or this share, are not believed (design decision 5). */
const ALWAYS_BELIEVED = 10;
const BELIEVED_SHARE = 0.2;

/**
 * The linked records that a full listing should have shown and did not, each confirmed by reading it
 * singly (C02). When suspiciously many are missing nobody's record is deleted: the user is held for a
 * person to look at (C03), and the run ends with `later`/`massChange`. A person who has looked may let
 * it through once.
 */
export async function missingAtGoogle(
  run: Run,
  collection: Collection,
  seen: Set<string>,
): Promise<Work[]> {
  const { missing, believed } = await lookForMissing(run, collection, seen);
  if (!believed && !run.user.believeListing) {
    await hold(run, 'massChange');
    throw new SyncError('later', 'massChange');
  }
  return confirmed(run, collection, missing);
}

/** What a full listing lacks, and whether so much may be missing. */
export async function lookForMissing(
  run: Run,
  collection: Collection,
  seen: Set<string>,
): Promise<{ missing: Link[]; believed: boolean }> {
  const expected = await expectedLinks(run, collection);
  const missing = expected.filter((link) => !seen.has(link.googleId ?? ''));
  const most = Math.max(ALWAYS_BELIEVED, expected.length * BELIEVED_SHARE);
  return { missing, believed: missing.length <= most };
}

/** Each read singly. */
export async function confirmed(
  run: Run,
  collection: Collection,
  missing: Link[],
): Promise<Work[]> {
  const works = missing.map(
    (link): Work => ({ link, intent: undefined, observed: undefined, raw: undefined }),
  );
  await read(run, collection, works, (work) => work.link?.googleId ?? '');
  return works;
}

/** Live links whose record lies wholly inside the listed window. */
async function expectedLinks(run: Run, collection: Collection): Promise<Link[]> {
  const { store } = run.engine;
  const { codec } = collection;
  const context = await run.directory.context([]);
  const expected: Link[] = [];
  for (let after: string | undefined; ; ) {
    const links = await store.listLinks(run.user.userId, codec.record, PAGE, after);
    for (const link of links) {
      const period = codec.period(knownGoogle(link), context);
      const inside = period && period.from > run.window.from && period.to < run.window.to;
      const here = link.state === 'live' && link.place === collection.place;
      if (here && link.googleId && inside) expected.push(link);
    }
    if (links.length < PAGE) return expected;
    after = links.at(-1)?.id;
  }
}
