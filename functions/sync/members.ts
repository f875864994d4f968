/**
 * Members of groups that are records themselves, such as the exceptions of a series. They are decided
 * after the groups: a member's place is in its group as that stands now.
 */
import type { CodecContext, Observed } from '../core/codec.ts';
import { sawDeletion } from '../core/deletion.ts';
import { heir, type Nowhere, SLEEP_MS } from '../core/members.ts';
import { knownGoogle } from '../core/merge.ts';
import type { Intent, Link } from '../core/records.ts';
import { settle } from '../core/settle.ts';
import type { Collection } from './collection.ts';
import { type Done, type Executed, execute } from './execute.ts';
import { isElsewhere, observeIntents, read, type Work } from './observe.ts';
import { CHUNK, type Run } from './run.ts';

/** Links of groups as a part of the run has left them, before they are stored. */
export class Parents {
  readonly #byGoogleId = new Map<string, Link>();
  readonly #byCrmId = new Map<string, Link>();

  add(link: Link): void {
    if (link.googleId !== undefined) this.#byGoogleId.set(link.googleId, link);
    if (link.crmId !== undefined) this.#byCrmId.set(link.crmId, link);
  }

  /** The link of a work that was carried out. */
  of({ link, observed, intent }: Work): Link | undefined {
    const crmId = intent?.crmId ?? link?.crmId;
    if (crmId !== undefined) return this.#byCrmId.get(crmId);
    return this.#byGoogleId.get(observed?.googleId ?? link?.googleId ?? '');
  }

  /** By the ids at Google; what is not known here comes from the store. */
  async byGoogleId(run: Run, { codec }: Collection, ids: string[]): Promise<Map<string, Link>> {
    const open = ids.filter((id) => !this.#byGoogleId.has(id));
    const { userId } = run.user;
    const stored =
      open.length === 0 ? [] : await run.engine.store.linksByGoogleId(userId, codec.record, open);
    return indexed(stored, this.#byGoogleId, (link) => link.googleId);
  }

  async byCrmId(run: Run, { codec }: Collection, ids: string[]): Promise<Map<string, Link>> {
    const open = ids.filter((id) => !this.#byCrmId.has(id));
    const { userId } = run.user;
    const stored =
      open.length === 0 ? [] : await run.engine.store.linksByCrmId(userId, codec.record, open);
    return indexed(stored, this.#byCrmId, (link) => link.crmId);
  }
}

/** Of two links the live one counts. */
function indexed(
  stored: Link[],
  known: Map<string, Link>,
  key: (link: Link) => string | undefined,
): Map<string, Link> {
  const sorted = stored.toSorted((a, b) => Number(a.state === 'live') - Number(b.state === 'live'));
  return new Map([...sorted.map((link) => [key(link) ?? '', link] as const), ...known]);
}

/** Whether the intent's record is one of a group, and groups are records here. */
export const isNamed = ({ codec }: Collection, intent: Intent) =>
  codec.groups !== undefined && intent.member !== undefined;

/** Observes pending intents, and carries them out. */
export async function executeIntents(
  run: Run,
  collection: Collection,
  intents: Intent[],
): Promise<Executed> {
  const named = intents.filter((intent) => isNamed(collection, intent));
  const alone = intents.filter((intent) => !named.includes(intent));
  const works = await observeIntents(run, collection, alone);
  return executeGrouped(run, collection, works, named);
}

/**
 * As `execute`, for works in any order and intents of members. A group that was inserted anew takes its
 * members along; both are stored in one commit, so a crash in between leaves both to do again.
 */
export async function executeGrouped(
  run: Run,
  collection: Collection,
  works: Work[],
  named: Intent[] = [],
): Promise<Executed> {
  if (!collection.codec.groups) return execute(run, collection, works);
  const members = works.filter(isMember);
  const first = await execute(
    run,
    collection,
    works.filter((work) => !isMember(work)),
  );
  const parents = parentsAfter(run, collection, first.done);
  const turns = turnsOf(collection, first.done, parents);
  const following = await followers(run, collection, turns, members);
  const taken = new Set(following.map((work) => work.link?.id));
  const isFree = (work: Work) => work.link === undefined || !taken.has(work.link.id);
  const others = members.filter(isFree);
  await attachParents(run, collection, others, parents);
  // One that follows its group stays pending, and is looked at again when that is stored.
  const placed = (await observeMembers(run, collection, named, parents)).filter(isFree);
  await wakeWaiting(run, collection, first.done);
  const second = await execute(run, collection, [...following, ...others, ...placed]);
  return {
    done: [...first.done, ...second.done],
    deferred: [...first.deferred, ...second.deferred],
  };
}

/** Groups first: what a page says of a member can depend on what it says of the group. */
export const membersLast = ({ codec }: Collection, works: Work[]) =>
  codec.groups ? works.toSorted((a, b) => Number(isMember(a)) - Number(isMember(b))) : works;

/** An object that is one of a group, or was when it was last seen. */
export const isMember = ({ link, observed }: Work) =>
  observed?.state === 'live'
    ? observed.group !== undefined
    : (observed?.group ?? link?.group) !== undefined;

/** A member that never was a record, taken out: what that means only its group can tell. */
export const isLeftOut = ({ codec }: Collection, { link, observed }: Work) =>
  codec.groups !== undefined && !link && observed?.state === 'gone' && observed.group !== undefined;

/** The links as they will be stored. */
export function parentsAfter(
  run: Run,
  { codec }: Collection,
  done: Pick<Done, 'work' | 'decision' | 'written'>[],
): Parents {
  const parents = new Parents();
  const { userId } = run.user;
  for (const { work, decision, written } of done) {
    const outcome = { codec, userId, ...work, decision, written, fence: run.lease.fence };
    const { link } = settle({ ...outcome, expireAt: 0 });
    if (link) parents.add(link);
  }
  return parents;
}

/** Puts the link of its group into each member's work. */
export async function attachParents(
  run: Run,
  collection: Collection,
  works: Work[],
  parents: Parents,
): Promise<void> {
  if (!collection.codec.groups || works.length === 0) return;
  const groupOf = ({ link, observed }: Work) => observed?.group ?? link?.group ?? '';
  const links = await parents.byGoogleId(run, collection, [...new Set(works.map(groupOf))]);
  for (const work of works) work.parent = links.get(groupOf(work));
}

/** What has become of a group, and which of its members that concerns though nobody touched them. */
interface Turns {
  /** Written anew: each takes its place there, also those that were taken out, or they would be back. */
  anew: Map<string, Link>;
  /** Told for the first time: so is what the CRM knows of its members (the setting was another before). */
  told: Map<string, Link>;
  /** Changed: a member that never differed from it at Google changes, or goes, without a word. */
  changed: Map<string, Link>;
}

function turnsOf(collection: Collection, done: Done[], parents: Parents): Turns {
  const turns: Turns = { anew: new Map(), told: new Map(), changed: new Map() };
  const leads = (link: Link) => collection.codec.groups?.leads(knownGoogle(link)) === true;
  for (const { work, decision, written } of done) {
    const { link, observed } = work;
    const before = link?.googleId ?? observed?.googleId;
    const isNews = written !== undefined || (observed && observed.etag !== link?.etag);
    const now = parents.of(work);
    if (before === undefined || now?.state !== 'live' || !(leads(now) || (link && leads(link))))
      continue;
    const moves = now.googleId !== before || isElsewhere(link, collection);
    if (link && (moves || decision.write?.kind === 'insert')) turns.anew.set(before, now);
    else if (decision.rule === 'import') turns.told.set(before, now);
    else if (isNews) turns.changed.set(before, now);
  }
  return turns;
}

async function followers(
  run: Run,
  collection: Collection,
  { anew, told, changed }: Turns,
  members: Work[],
): Promise<Work[]> {
  const { groups, record } = collection.codec;
  const ids = [...anew.keys(), ...told.keys(), ...changed.keys()];
  if (!groups || ids.length === 0) return [];
  const links = await run.engine.store.linksByGroup(run.user.userId, record, ids);
  const seen = new Set(members.map(({ link }) => link?.id));
  const works = links.filter(isPart).flatMap((link): Work[] => {
    const id = link.group ?? '';
    const parent = anew.get(id) ?? told.get(id) ?? changed.get(id);
    const follows = anew.has(id) ? 'anew' : told.has(id) ? 'told' : 'changed';
    if (follows === 'changed' && (link.state !== 'live' || seen.has(link.id))) return [];
    return [{ link, intent: undefined, ...unread, parent, follows }];
  });
  const idOf = ({ link, follows }: Work) =>
    follows === 'changed'
      ? (link?.googleId ?? '')
      : groups.idAt(anew.get(link?.group ?? '')?.googleId ?? '', link?.slot ?? '');
  const looked = works.filter((work) => work.follows !== 'told');
  await read(run, collection, looked, idOf);
  await findSeats(run, collection, members, idOf, anew);
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
  const looked = undone.map(({ link }): Work => ({ link, intent: undefined, ...unread }));
  await read(run, collection, looked, idOf);
  undone.forEach((work, i) => {
    const seat = looked[i]?.observed;
    if (work.undo && seat?.state === 'live') work.undo = { ...work.undo, seat };
  });
}

const unread = { observed: undefined, raw: undefined };

/** The works of members that the CRM names: each with its place, or the reason why it has none. */
export async function observeMembers(
  run: Run,
  collection: Collection,
  named: Intent[],
  parents: Parents,
): Promise<Work[]> {
  if (named.length === 0) return [];
  const works = await observeIntents(run, collection, named);
  const context = await run.directory.context([]);
  const { groups } = collection.codec;
  const orphans = await findParents(run, collection, works, parents);
  const open = new Map<Work, string>();
  for (const work of works) {
    const { intent, link, observed, parent } = work;
    const own = link?.state === 'live' && link.group === undefined;
    if (!groups || !intent?.member || intent.userId !== run.user.userId) continue;
    const there = observed !== undefined && observed.state !== 'gone';
    if (own || there || orphans.has(work)) continue;
    const group = parent?.googleId ?? intent.member.group.googleId;
    if (group === undefined) {
      work.nowhere = 'noGroup';
      continue;
    }
    const id = groups.memberId(group, intent.member.slot, context);
    // A deleted one needs no look to stay deleted.
    const wanted = isWanted(collection, intent);
    const known = link?.googleId === id && (link.state === 'live' || !wanted);
    // It went with its group, and the CRM repeats that: in a group written anew nothing is taken out.
    const repeats = !wanted && link?.withGroup === true && sawDeletion({ link, intent });
    if (!known && !repeats) open.set(work, id);
  }
  await findPlaces(run, collection, open);
  return works;
}

/** Attaches the groups' links. Resolves to the works whose group is gone; what becomes of them is decided. */
async function findParents(
  run: Run,
  collection: Collection,
  works: Work[],
  parents: Parents,
): Promise<Set<Work>> {
  const groupOf = (work: Work) => work.intent?.member?.group ?? {};
  const ids = (key: 'crmId' | 'googleId') => [
    ...new Set(works.flatMap((work) => groupOf(work)[key] ?? [])),
  ];
  const byCrmId = await parents.byCrmId(run, collection, ids('crmId'));
  const byGoogleId = await parents.byGoogleId(run, collection, ids('googleId'));
  const dead = new Set<Work>();
  for (const work of works) {
    const { crmId, googleId } = groupOf(work);
    work.parent = byCrmId.get(crmId ?? '') ?? byGoogleId.get(googleId ?? '');
    if (work.parent && work.parent.state !== 'live') dead.add(work);
  }
  if (dead.size === 0) return dead;
  const context = await run.directory.context([]);
  const crmIds = [...dead].map(({ parent }) => parent?.crmId ?? '');
  const intents = await run.engine.store.getIntents(collection.codec.record, crmIds);
  const words = new Map(intents.map((intent) => [intent.crmId, intent]));
  for (const work of dead)
    orphan(run, collection, context, work, words.get(work.parent?.crmId ?? ''));
  return dead;
}

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
  const wanted = word === undefined || isWanted(collection, word);
  if (!wanted && !repeats) work.nowhere = 'withGroup';
  // On its way back (also after a fresh start).
  else if (wanted && (word?.pendingFor.includes(run.user.userId) || parent?.deletedBy === 'crm'))
    work.nowhere = 'noGroup';
  else if (work.observed?.state !== 'live') work.observed = placeIn(collection, work, context);
}

/** A place in a group that is gone. */
function placeIn({ codec }: Collection, work: Work, context: CodecContext): Observed {
  const group = work.parent?.googleId ?? '';
  const slot = work.intent?.member?.slot ?? { date: '' };
  const googleId = codec.groups?.memberId(group, slot, context) ?? '';
  const at = work.link?.slot ?? codec.groups?.slotOf(slot, context);
  return { googleId, state: 'gone', fields: {}, group, ...(at !== undefined && { slot: at }) };
}

function isWanted({ codec }: Collection, intent: Intent): boolean {
  return intent.op === 'upsert' && !codec.absent(intent.data);
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
  for (const work of works) {
    const { intent, observed } = work;
    const there = links.filter((l) => l.googleId === open.get(work));
    const other = there.find((l) => l.state === 'live' && l.crmId && l.crmId !== intent?.crmId);
    if (!intent || !observed) continue;
    if (other) work.nowhere = 'taken';
    else if (observed.state === 'live') {
      const born = there.find((l) => l.state === 'live' && l.crmId === undefined);
      work.link = born ?? bequeath(run, collection, work, intent, observed);
    } else if (observed.group === undefined) work.nowhere = 'noPlace' satisfies Nowhere;
  }

  function bequeath(r: Run, c: Collection, work: Work, intent: Intent, at: Observed): Link {
    const inherit = (fields: Link['crm']) =>
      c.codec.groups?.inherited(fields, at, context) ?? fields;
    return heir(c.codec, r.user.userId, intent, at, { link: work.parent, inherit }, work.link);
  }
}

/**
 * Members that wait for a group, or for a place in it, are looked at again when a group has changed.
 * Before the commit: a crash must not leave them asleep.
 */
async function wakeWaiting(run: Run, { codec }: Collection, done: Done[]): Promise<void> {
  const changed = done.some(({ work, decision, written }) => {
    const fields = { ...(work.link && knownGoogle(work.link)), ...work.observed?.fields };
    const now = { ...fields, ...work.intent?.data, ...written?.fields };
    return decision.link === 'live' && codec.groups?.leads(now);
  });
  if (!changed) return;
  const { store } = run.engine;
  const latest = run.startedAt + SLEEP_MS;
  while ((await store.wakeIntents(run.user.userId, latest, CHUNK)) === CHUNK);
}
