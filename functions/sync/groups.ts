/** Groups of objects that were read as a whole, such as the occurrences of a series in the window. */
import type { Codec, CodecContext } from '../core/codec.ts';
import { counterparts } from '../core/groups.ts';
import { knownGoogle } from '../core/merge.ts';
import type { Link } from '../core/records.ts';
import type { Collection, Group } from './collection.ts';
import { read, type Work } from './observe.ts';
import type { Run } from './run.ts';

/** What is stored of the groups that a page names. */
export interface KnownGroups {
  groups: Group[];
  /** Of the groups and of their parents: a single object that became a group is linked as the parent. */
  links: Link[];
}

/** What is stored of the groups of a page. */
export async function knownGroups(
  run: Run,
  { codec }: Collection,
  groups: Group[],
): Promise<KnownGroups> {
  if (groups.length === 0) return { groups, links: [] };
  const { userId } = run.user;
  const { store } = run.engine;
  const idsOf = (list: Group[]) => list.map((group) => group.id);
  const parents = await store.linksByGoogleId(userId, codec.record, idsOf(groups));
  // Objects that were single and still are: most of a listing, and there is nothing to ask for.
  const leads = (link: Link) => codec.groups?.leads(knownGoogle(link)) === true;
  const single = new Set(
    parents.filter((l) => l.state === 'live' && !l.group && !leads(l)).map((l) => l.googleId),
  );
  const open = groups.filter((group) => group.window || !single.has(group.id));
  if (open.length === 0) return { groups: open, links: parents };
  const members = await store.linksByGroup(userId, codec.record, idsOf(open));
  return { groups: open, links: [...parents, ...members] };
}

/**
 * Gives the records of the groups whose place is gone the place that they have now (design rule 6), and
 * returns the works of those that have none any more. Members from `until` on have only just come into
 * the window: they are nobody's new place.
 */
export async function placeGroups(
  run: Run,
  collection: Collection,
  { groups, links }: KnownGroups,
  works: Work[],
  until: number,
): Promise<Work[]> {
  const context = await run.directory.context([]);
  const gone: Work[] = [];
  const doubted: Work[] = [];
  for (const group of groups) {
    const lost = place(collection.codec, context, group, links, works, until);
    for (const link of lost) {
      const sure = group.window === undefined || link.googleId === group.id;
      const work: Work = { link, intent: undefined, observed: undefined, raw: undefined };
      if (sure) work.observed = { googleId: link.googleId ?? '', state: 'gone', fields: {} };
      (sure ? gone : doubted).push(work);
    }
  }
  // As with any absence (C02): only Google's word on the very object counts as a deletion.
  await read(run, collection, doubted, (work) => work.link?.googleId ?? '');
  return [...gone, ...doubted];
}

/** Places one group's records; returns the links that are left without a place. */
function place(
  codec: Codec,
  context: CodecContext,
  group: Group,
  links: Link[],
  works: Work[],
  until: number,
): Link[] {
  const members = works.filter(
    ({ observed }) => observed?.group === group.id || observed?.googleId === group.id,
  );
  const claimed = new Set(members.map((work) => work.link?.id));
  const lost = links.filter(
    (link) =>
      (link.group === group.id || link.googleId === group.id) &&
      link.state === 'live' &&
      !claimed.has(link.id) &&
      isCovered(codec, context, group, link),
  );
  const isNew = ({ link, observed }: Work) =>
    (!link || link.formerOf !== undefined) && observed?.state === 'live' && !observed.ignored;
  const entered = ({ observed }: Work) =>
    (codec.period(observed?.fields ?? {}, context)?.from ?? 0) >= until;
  const fresh = members
    .filter((work) => isNew(work) && !entered(work))
    .map((work) => ({ work, slot: work.observed?.slot ?? '' }));
  const cancelled = members
    .filter(({ observed }) => observed?.state === 'gone')
    .flatMap(({ link }) => (link?.state === 'live' ? [placeOf(link)] : []));
  const pairs = counterparts(
    lost.map(placeOf).filter(isAdopted),
    cancelled.filter(isAdopted),
    fresh,
    lost.length > 0 || !hasItsPattern(group, members),
  );
  notePattern(group, members);
  const placed = new Set<Link>();
  for (const [{ link }, { work }] of pairs) {
    for (const former of members) if (former.link === link) former.link = undefined;
    work.link = link;
    placed.add(link);
  }
  return lost.filter((link) => !placed.has(link));
}

/**
 * Whether the group can only have become longer or shorter since it was read last: then who was taken out was
 * so by a person. Those who stayed tell; where nobody did, it more likely had another pattern in between.
 */
const hasItsPattern = ({ pattern }: Group, members: Work[]) =>
  members.some(
    ({ link, observed }) =>
      observed?.state === 'live' && link?.state === 'live' && link.pattern === pattern,
  );

function notePattern({ pattern }: Group, members: Work[]): void {
  if (pattern === undefined) return;
  for (const { observed } of members) if (observed?.state === 'live') observed.pattern = pattern;
}

/** Whether the group, as it was read, would have shown the record. */
function isCovered(codec: Codec, context: CodecContext, { window }: Group, link: Link): boolean {
  if (!window) return true;
  const period = codec.period(knownGoogle(link), context);
  return period !== undefined && period.to > window.from && period.from < window.to;
}

const placeOf = (link: Link) => ({ link, slot: link.slot ?? '' });
/** What the CRM has given no name yet cannot go on under it. */
const isAdopted = ({ link }: { link: Link }) => link.crmId !== undefined;
