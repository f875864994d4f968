/** Members that nobody touched, and that what has become of their group concerns all the same. */
import { knownGoogle } from '../core/merge.ts';
import type { Link } from '../core/records.ts';
import type { Collection } from './collection.ts';
import type { Done } from './execute.ts';
import { isElsewhere, read, unread, type Work } from './observe.ts';
import type { Parents } from './parents.ts';
import type { Run } from './run.ts';

/** What has become of a group, and which of its members that concerns though nobody touched them. */
interface Turns {
  /** Written anew: each takes its place there, also those that were taken out, or they would be back. */
  anew: Map<string, Link>;
  /** Told for the first time: so is what the CRM knows of its members (the setting was another before). */
  told: Map<string, Link>;
  /** Changed: a member that never differed from it at Google changes, or goes, without a word. */
  changed: Map<string, Link>;
  /** Was gone, and is there again: what the CRM has taken out meanwhile is still in it. */
  back: Set<string>;
  /** Handed over: its members go with it, and under the new owner they are what the CRM sends of them. */
  given: Set<string>;
}

/** By the id that each group had before. */
export function turnsOf(collection: Collection, done: Done[], parents: Parents): Turns {
  const turns: Turns = {
    anew: new Map(),
    told: new Map(),
    changed: new Map(),
    back: new Set(),
    given: new Set(),
  };
  const leads = (link: Link) => collection.codec.groups?.leads(knownGoogle(link)) === true;
  for (const { work, decision, written } of done) {
    const { link, observed } = work;
    const before = link?.googleId ?? observed?.googleId;
    // One without a link was written by a run that died, and may be a group.
    if (decision.rule === 'handOver' && (!link || leads(link))) turns.given.add(before ?? '');
    const isNews = written !== undefined || (observed && observed.etag !== link?.etag);
    const now = parents.of(work);
    if (before === undefined || now?.state !== 'live' || !(leads(now) || (link && leads(link))))
      continue;
    if (link?.state === 'deleted') turns.back.add(before);
    const moves = now.googleId !== before || isElsewhere(link, collection);
    if (link && (moves || decision.write?.kind === 'insert')) turns.anew.set(before, now);
    else if (decision.rule === 'import') turns.told.set(before, now);
    else if (isNews) turns.changed.set(before, now);
  }
  return turns;
}

/** The works of members that go along; seats of what is to be undone in `members` are put into these. */
export async function followers(
  run: Run,
  collection: Collection,
  { anew, told, changed, back, given }: Turns,
  members: Work[],
): Promise<Work[]> {
  const { groups, record } = collection.codec;
  const ids = [anew, told, changed, given].flatMap((turn) => [...turn.keys()]);
  if (!groups || ids.length === 0) return [];
  const links = await run.engine.store.linksByGroup(run.user.userId, record, ids);
  const seen = new Set(members.map(({ link }) => link?.id));
  // What one record was taken out of may be another's by now: restored, after an edit beat the delete.
  const placeOf = ({ group, slot }: Link) => `${group} ${slot}`;
  const taken = new Set(links.filter((link) => link.state === 'live').map(placeOf));
  const isOver = (link: Link) => link.state === 'deleted' && taken.has(placeOf(link));
  const isGiven = ({ group = '' }: Link) => given.has(group);
  const parts = links.filter((link) => isGiven(link) || (isPart(link) && !isOver(link)));
  const works = parts.flatMap((link): Work[] => {
    const id = link.group ?? '';
    if (isGiven(link)) return [{ link, ...unread, follows: 'given' }];
    const parent = anew.get(id) ?? told.get(id) ?? changed.get(id);
    const follows = anew.has(id) ? 'anew' : told.has(id) ? 'told' : 'changed';
    const { state } = link;
    if (follows !== 'changed') return [{ link, ...unread, parent, follows }];
    if (seen.has(link.id)) return [];
    if (state === 'live') return [{ link, ...unread, parent, follows }];
    // What was taken out of a group that was written anew, where it had no such place, may have one now.
    const isOut = parent?.generation === 0 && !back.has(id);
    return isOut ? [] : [{ link, ...unread, parent, follows: 'anew' }];
  });
  const idOf = ({ link }: Work) => {
    const group = anew.get(link?.group ?? '')?.googleId;
    return group === undefined ? (link?.googleId ?? '') : groups.idAt(group, link?.slot ?? '');
  };
  const looked = works.filter(({ follows }) => follows !== 'told' && follows !== 'given');
  await read(run, collection, looked, idOf);
  await findSeats(run, collection, members, idOf, anew);
  for (const work of works) {
    const group = anew.get(work.link?.group ?? '')?.googleId;
    const { link } = work;
    if (link?.state === 'deleted' && group !== undefined)
      work.link = { ...link, group, googleId: idOf(work) };
  }
  return works;
}

/** What the CRM knows under a name, or was taken out of the group. */
const isPart = ({ slot, state, crmId, withGroup }: Link) =>
  slot !== undefined && (state === 'live' ? crmId !== undefined : !withGroup);

/** What is to be undone in a member finds its place in the group that is back. */
async function findSeats(
  run: Run,
  collection: Collection,
  members: Work[],
  idOf: (work: Work) => string,
  moved: Map<string, Link>,
): Promise<void> {
  const undone = members.filter(
    ({ undo, link }) => undo && link?.slot && moved.has(link.group ?? ''),
  );
  const looked = undone.map(({ link }): Work => ({ link, ...unread }));
  await read(run, collection, looked, idOf);
  undone.forEach((work, i) => {
    const seat = looked[i]?.observed;
    if (work.undo && seat?.state === 'live') work.undo = { ...work.undo, seat };
  });
}
