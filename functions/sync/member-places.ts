/** Members that the CRM names: the place of each in its group as that stands now, or why it has none. */
import type { CodecContext, Observed } from '../core/codec.ts';
import { sawDeletion } from '../core/deletion.ts';
import { isWanted } from '../core/intent.ts';
import { heir, type Nowhere } from '../core/members.ts';
import type { Intent, Link } from '../core/records.ts';
import type { Collection } from './collection.ts';
import { isElsewhere, observeIntents, placed, read, unread, type Work } from './observe.ts';
import { Parents } from './parents.ts';
import { settledDeletes, yieldPlaces } from './rivals.ts';
import type { Run } from './run.ts';

/**
 * The works of members that the CRM names: each with its place, or the reason why it has none. `holders`:
 * other works of the same piece, which have theirs.
 */
export async function observeMembers(
  run: Run,
  collection: Collection,
  named: Intent[],
  parents: Parents,
  holders: Work[] = [],
): Promise<Work[]> {
  if (named.length === 0) return [];
  const works = await observeIntents(run, collection, named);
  const context = await run.directory.context([]);
  const { groups } = collection.codec;
  const { orphans, awaited } = await findParents(run, collection, works, parents);
  const open = new Map<Work, string>();
  for (const work of works) {
    const { intent, link, observed, parent } = work;
    const own = link?.state === 'live' && link.group === undefined;
    if (!groups || !intent?.member || intent.userId !== run.user.userId) continue;
    if (work.nowhere) continue;
    // In a group of the user's own nothing is another organizer's: a guest's copy of what its former owner had.
    const isNamed = intent.member.group.crmId !== undefined;
    const copy = observed?.foreign && isNamed && !parent?.foreign;
    const there = observed !== undefined && observed.state !== 'gone' && !copy;
    const left = isElsewhere(link, collection) && isHere(parent, collection);
    if (own || (there && !left) || orphans.has(work)) continue;
    const group = parent?.googleId ?? intent.member.group.googleId;
    if (group === undefined) {
      work.nowhere = awaited.has(work) ? 'awaited' : 'noGroup';
      continue;
    }
    const id = groups.memberId(group, intent.member.slot, context);
    // A deleted one needs no look to stay deleted.
    const wanted = isWanted(collection.codec, intent);
    const known = link?.googleId === id && !left && (link.state === 'live' || !wanted);
    // It went with its group, and the CRM repeats that: in a group written anew nothing is taken out.
    const repeats = !wanted && link?.withGroup === true && sawDeletion({ link, intent });
    if (!known && !repeats && !isFirstWord(link, intent)) open.set(work, id);
  }
  await findPlaces(run, collection, open);
  yieldPlaces(collection, works, holders);
  return works;
}

/**
 * The CRM takes over what has gone since it was told, and does not know that: no wish to have it in a group
 * that was written anew.
 */
const isFirstWord = (link: Link | undefined, intent: Intent) =>
  link?.state === 'deleted' &&
  link.deletedBy === 'google' &&
  link.crmId === undefined &&
  !sawDeletion({ link, intent });

/**
 * Attaches the groups' links. Resolves to the works whose group is gone; what becomes of them is decided;
 * and to those whose group the CRM has sent, and is still to be written.
 */
async function findParents(
  run: Run,
  collection: Collection,
  works: Work[],
  parents: Parents,
): Promise<{ orphans: Set<Work>; awaited: Set<Work> }> {
  await attachGroups(run, collection, works, parents);
  const orphans = new Set<Work>();
  const awaited = new Set<Work>();
  for (const work of works) {
    const { crmId } = groupOf(work);
    // What is handed over goes, whatever has become of its group.
    if (work.intent?.userId !== run.user.userId) continue;
    // One that was only imported, and that undone, is still there.
    if (work.parent && work.parent.state !== 'live' && !work.parent.stays) orphans.add(work);
    if (!work.parent && crmId !== undefined) awaited.add(work);
  }
  const asked = [...orphans, ...awaited];
  if (asked.length === 0) return { orphans, awaited };
  const context = await run.directory.context([]);
  const nameOf = (work: Work) => work.parent?.crmId ?? groupOf(work).crmId ?? '';
  const intents = await run.engine.store.getIntents(collection.codec.record, asked.map(nameOf));
  const words = new Map(intents.map((intent) => [intent.crmId, intent]));
  await findFormer(run, collection, [...awaited], words, parents);
  for (const work of orphans) orphan(run, collection, context, work, words.get(nameOf(work)));
  for (const work of awaited)
    if (!isOnItsWay(run, collection, words.get(nameOf(work)))) awaited.delete(work);
  // Another user's by now, or still: called by what it is in that calendar, it would be looked for here.
  for (const work of asked) {
    const owner = words.get(nameOf(work))?.userId ?? run.user.userId;
    if (owner !== run.user.userId) work.nowhere = 'noGroup';
  }
  return { orphans, awaited };
}

const groupOf = (work: Work) => work.intent?.member?.group ?? {};

/** Puts the link of the group that the CRM names into each member's work. */
async function attachGroups(
  run: Run,
  collection: Collection,
  works: Work[],
  parents: Parents,
): Promise<void> {
  const ids = (key: 'crmId' | 'googleId') => [
    ...new Set(works.flatMap((work) => groupOf(work)[key] ?? [])),
  ];
  const byCrmId = await parents.byCrmId(run, collection, ids('crmId'));
  const byGoogleId = await newest(run, collection, ids('googleId'), parents);
  for (const work of works) {
    const { crmId, googleId } = groupOf(work);
    work.parent = byCrmId.get(crmId ?? '') ?? byGoogleId.get(googleId ?? '');
  }
}

/**
 * The groups' links by the ids that the CRM calls them by. What a group was called at Google before it was
 * written anew leads to what it is now.
 */
async function newest(
  run: Run,
  collection: Collection,
  ids: string[],
  parents: Parents,
): Promise<Map<string, Link>> {
  const named = await parents.byGoogleId(run, collection, ids);
  const nameOf = ({ crmId, formerOf }: Link) => crmId ?? formerOf ?? '';
  const records = [...named.values()].map(nameOf).filter((crmId) => crmId !== '');
  const now = await parents.byCrmId(run, collection, [...new Set(records)]);
  return new Map([...named].map(([id, link]) => [id, now.get(nameOf(link)) ?? link]));
}

/**
 * A group that the CRM has restored under another name since, and calls by its former one: what is tied to a member
 * of it is in the same group as ever.
 */
async function findFormer(
  run: Run,
  collection: Collection,
  works: Work[],
  words: Map<string, Intent>,
  parents: Parents,
): Promise<void> {
  const isOver = ({ intent }: Work) =>
    words.get(intent?.member?.group.crmId ?? '')?.op === 'delete';
  const former = works.filter((work) => work.link?.state === 'live' && isOver(work));
  const ids = new Set(former.flatMap(({ link }) => link?.group ?? []));
  const groups = await parents.byGoogleId(run, collection, [...ids]);
  for (const work of former) work.parent = groups.get(work.link?.group ?? '');
}

/** The CRM wants it, and the user's runs have not dealt with that yet. */
const isOnItsWay = (run: Run, collection: Collection, word: Intent | undefined) =>
  word !== undefined &&
  isWanted(collection.codec, word) &&
  word.pendingFor.includes(run.user.userId);

/** A member whose group is gone: by whom decides. */
function orphan(
  run: Run,
  collection: Collection,
  context: CodecContext,
  work: Work,
  word: Intent | undefined,
): void {
  const { link, parent } = work;
  // What is an event of its own by now does not depend on the group.
  if (link?.state === 'live' && link.group === undefined) return;
  // A CRM that only repeats what it was told of the group has not deleted its members.
  const repeats = word !== undefined && sawDeletion({ link: parent, intent: word });
  const wanted = word === undefined || isWanted(collection.codec, word);
  if (!wanted && !repeats) work.nowhere = 'withGroup';
  // On its way back (also after a fresh start).
  else if (isOnItsWay(run, collection, word)) work.nowhere = 'awaited';
  else if (wanted && parent?.deletedBy === 'crm') work.nowhere = 'noGroup';
  const waits = work.nowhere !== undefined && work.nowhere !== 'withGroup';
  if (!waits && work.observed?.state !== 'live') work.observed = placeIn(collection, work, context);
}

/**
 * Members that a run has written as objects of their own, since their group was gone, and that died before it said
 * so: each with the place that it has left, of which the CRM is told.
 */
export async function recallPlaces(run: Run, collection: Collection, works: Work[]): Promise<void> {
  const isAlone = ({ intent, observed, link }: Work) =>
    intent?.member && observed?.marker && observed.group === undefined && link?.state !== 'live';
  const alone = works.filter(isAlone);
  if (alone.length === 0) return;
  const context = await run.directory.context([]);
  await attachGroups(run, collection, alone, new Parents());
  for (const work of alone) if (work.parent) work.left = placeIn(collection, work, context);
}

/** A place in a group that is gone. */
function placeIn({ codec }: Collection, work: Work, context: CodecContext): Observed {
  const group = work.parent?.googleId ?? '';
  const slot = work.intent?.member?.slot ?? { date: '' };
  const googleId = codec.groups?.memberId(group, slot, context) ?? '';
  const at = work.link?.slot ?? codec.groups?.slotOf(slot, context);
  return { googleId, state: 'gone', fields: {}, group, ...(at !== undefined && { slot: at }) };
}

/** Its object lives in the place that the collection writes into. */
const isHere = (link: Link | undefined, collection: Collection): boolean =>
  link?.state === 'live' && !isElsewhere(link, collection);

/**
 * A place that is gone was taken out, as long as its group is there: with the group it may come back, and what was
 * written in its stead would be there twice.
 */
async function missGroups(run: Run, collection: Collection, works: Work[]): Promise<void> {
  const isGone = ({ nowhere, observed }: Work) =>
    !nowhere && observed?.state === 'gone' && observed.group !== undefined;
  const gone = works.filter((work) => isGone(work) && isHere(work.parent, collection));
  const links = new Map(gone.flatMap(({ parent }) => (parent ? [[parent.id, parent]] : [])));
  const groups = [...links.values()].map((link): Work => ({ link, ...unread }));
  await read(run, collection, groups, ({ link }) => link?.googleId ?? '');
  // Changed since it was stored, it may have been away when its place was looked at.
  const missed = groups.filter(
    ({ link, observed }) => observed?.state !== 'live' || observed.etag !== link?.etag,
  );
  const ids = new Set(missed.map(({ link }) => link?.id));
  for (const work of gone) if (ids.has(work.parent?.id)) work.missesGroup = true;
}

/** Looks at the members' places, and ties the records to what is there. */
async function findPlaces(
  run: Run,
  collection: Collection,
  open: Map<Work, string>,
): Promise<void> {
  if (open.size === 0) return;
  const { record } = collection.codec;
  const { userId } = run.user;
  const ids = [...new Set(open.values())];
  const links = await run.engine.store.linksByGoogleId(userId, record, ids);
  const works = [...open.keys()];
  await read(run, collection, works, (work) => open.get(work) ?? '');
  const context = await run.directory.context([]);
  const settled = await settledDeletes(run, collection, context, works);
  for (const work of works) {
    const { intent, observed } = work;
    const there = links.filter((l) => l.googleId === open.get(work));
    const other = there.find((l) => l.state === 'live' && l.crmId && l.crmId !== intent?.crmId);
    if (!intent || !observed) continue;
    if (other || settled.has(work)) work.nowhere = 'taken';
    else if (observed.state === 'live') {
      // One in the place that the group has moved away from says nothing of the one here.
      const born = there.find((l) => isHere(l, collection) && l.crmId === undefined);
      const own = work.link;
      work.link = born ?? bequeath(run, collection, work, intent, observed);
      if (own && !born) work.previous = own;
    } else if (observed.group === undefined) work.nowhere = 'noPlace' satisfies Nowhere;
  }
  await missGroups(run, collection, works);

  function bequeath(r: Run, c: Collection, work: Work, intent: Intent, at: Observed): Link {
    const inherit = (fields: Link['crm']) =>
      c.codec.groups?.inherited(fields, at, context) ?? fields;
    const group = { link: work.parent, inherit };
    // It is stored before the write: a run that dies then must find it where it was.
    return placed(heir(c.codec, r.user.userId, intent, at, group, work.link), c, at);
  }
}
