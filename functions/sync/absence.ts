import type { Observed } from '../core/codec.ts';
import { knownGoogle } from '../core/merge.ts';
import type { Link } from '../core/records.ts';
import { SyncError } from '../errors.ts';
import { isYounger } from './adrift.ts';
import type { Collection } from './collection.ts';
import { linkPages } from './link-pages.ts';
import { read, type Work } from './observe.ts';
import type { Run } from './run.ts';
import { hold } from './user-state.ts';

/** More missing records than this, or this share, are not believed (design decision 5). */
const ALWAYS_BELIEVED = 10;
const BELIEVED_SHARE = 0.2;

/**
 * The linked records that a full listing should have shown and did not, each confirmed by reading it
 * singly (C02). When suspiciously many are missing nobody's record is deleted: the type is held for a
 * person to look at (C03), and `park`/`massChange` ends its part of the run. A person who has looked may
 * let it through once.
 */
export async function missingAtGoogle(
  run: Run,
  collection: Collection,
  seen: Set<string>,
): Promise<Work[]> {
  const { missing, unshown, believed } = await lookForMissing(run, collection, seen);
  const { record } = collection.codec;
  if (!believed && !run.user.believeListing?.includes(record)) {
    await hold(run, record);
    throw new SyncError('park', 'massChange');
  }
  return [...unshown, ...(await confirmed(run, collection, missing))];
}

/**
 * What a full listing lacks, and whether so much may be missing. `unshown`: it is there, as read, and a listing
 * may rightly lack it.
 */
export async function lookForMissing(
  run: Run,
  collection: Collection,
  seen: Set<string>,
): Promise<{ missing: Link[]; unshown: Work[]; believed: boolean }> {
  const expected = await expectedLinks(run, collection);
  const unseen = expected.filter((link) => !seen.has(link.googleId ?? ''));
  const unshown = await liveGroups(run, collection, unseen);
  const there = new Set(unshown.map(({ link }) => link));
  const missing = unseen.filter((link) => !there.has(link));
  const most = Math.max(ALWAYS_BELIEVED, countOf(expected) * BELIEVED_SHARE);
  const suspicious = missing.filter((link) => !isFresh(run, collection, link));
  return { missing, unshown, believed: countOf(suspicious) <= most };
}

/**
 * Where groups are records, a listing may rightly lack them: only Google knows whether a group reaches
 * into the window, and a member that equals its group again is none that it shows. They are read before
 * anybody is alarmed, and what has changed in them is news as any other.
 */
async function liveGroups(run: Run, collection: Collection, unseen: Link[]): Promise<Work[]> {
  const { groups } = collection.codec;
  const doubtful = unseen.filter((l) => groups && (l.group || groups.leads(knownGoogle(l))));
  if (doubtful.length === 0) return [];
  const works = await confirmed(run, collection, doubtful);
  return works.filter(({ observed }) => observed?.state === 'live');
}

/** Listings do not have to show it yet: read singly, but nothing to be alarmed at. */
const isFresh = (run: Run, { settlesMs = 0 }: Collection, { insertedAt }: Link) =>
  insertedAt !== undefined && run.engine.clock.now() - insertedAt <= settlesMs;

/** Each read singly. */
export async function confirmed(
  run: Run,
  collection: Collection,
  missing: Link[],
): Promise<Work[]> {
  const groups = await goneGroups(run, collection, missing);
  const works = missing.map(
    (link): Work => ({
      link,
      intent: undefined,
      observed: groups.has(link.group ?? '') ? gone(link) : undefined,
      raw: undefined,
    }),
  );
  const doubted = works.filter((work) => work.observed === undefined);
  await read(run, collection, doubted, (work) => work.link?.googleId ?? '');
  for (const work of doubted) if (hasGrownUnlisted(run, work)) work.observed = gone(work.link);
  return works;
}

/** It is a group by now that the listing does not show: no member of it is where the record was. */
const hasGrownUnlisted = (run: Run, work: Work) =>
  work.observed?.whole !== undefined && !isYounger(run, work);

const gone = (link: Link | undefined): Observed => ({
  googleId: link?.googleId ?? '',
  state: 'gone',
  fields: {},
});

/** A group counts once: to delete a series is one step of a person. */
const countOf = (links: Link[]) => new Set(links.map((link) => link.group ?? link.id)).size;

/** Groups of these links that are gone as a whole: one call each, instead of one a member. */
async function goneGroups(run: Run, collection: Collection, links: Link[]): Promise<Set<string>> {
  const ids = [...new Set(links.flatMap((link) => link.group ?? []))];
  if (ids.length === 0) return new Set();
  const context = await run.directory.context([]);
  const results = await collection.get(run.session, ids);
  return new Set(
    ids.filter((_, i) => {
      const result = results[i];
      return result?.ok && collection.codec.decode(result.data, context).state === 'gone';
    }),
  );
}

/** Live links whose record lies wholly inside the listed window, if it lies in time at all. */
async function expectedLinks(run: Run, collection: Collection): Promise<Link[]> {
  const { codec } = collection;
  const context = await run.directory.context([]);
  const expected: Link[] = [];
  for await (const links of linkPages(run, codec.record)) {
    for (const link of links) {
      const period = codec.period(knownGoogle(link), context);
      const whole = codec.groups?.leads(knownGoogle(link));
      const inside = !period || (whole ? meets(period, run.window) : liesIn(period, run.window));
      const here = link.state === 'live' && link.place === collection.place;
      if (here && link.googleId && inside) expected.push(link);
    }
  }
  return expected;
}

type Period = { from: number; to: number };
const liesIn = (period: Period, { from, to }: Period) => period.from > from && period.to < to;
const meets = (period: Period, { from, to }: Period) => period.to > from && period.from < to;
