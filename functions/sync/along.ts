/**
 * What would go along with groups that the CRM deletes, cancels or hands over, and that it has not heard. An edit of
 * a member leaves its group's etag as it was, so no If-Match would keep it: it is looked for before.
 */
import { keepsGroup } from '../core/along.ts';
import type { CodecContext } from '../core/codec.ts';
import type { Decision } from '../core/decision.ts';
import { fieldOf, isAnswered } from '../core/deletion.ts';
import type { Fields } from '../core/fields.ts';
import { isWanted, lastWords } from '../core/intent.ts';
import { heir } from '../core/members.ts';
import { knownGoogle, offeredFields } from '../core/merge.ts';
import type { Intent, Link } from '../core/records.ts';
import type { Collection } from './collection.ts';
import { knowWritten } from './dead-runs.ts';
import { type Done, decide } from './execute.ts';
import { observePage, read, unread, type Work } from './observe.ts';
import type { Run } from './run.ts';
import { takeUp, waitingMembers } from './waiting.ts';

/** Groups that the CRM takes off, and of their members those of which there is something to tell. */
interface Along {
  /** What a piece decides before members, with groups that are to be decided together with these. */
  groups: Work[];
  /** Should their groups live on. What was edited keeps its group, which is marked (`holdsNews`). */
  told: Work[];
  /**
   * Their groups are handed over, or taken off by a CRM that has heard that they live on: they go, but not in
   * silence. What nobody has heard of them is told before they are gone.
   */
  lost: { work: Work; decision: Decision }[];
}

/** Looks into the groups among these that the CRM takes off; of no others there is a call. */
export async function lookAlong(
  run: Run,
  collection: Collection,
  works: Work[],
  members: Work[],
): Promise<Along> {
  const groups = await withWaiting(run, collection, works, members);
  const off = groups.filter((work) => takesAlong(collection, work));
  const open = off.filter(({ raw }) => raw === undefined);
  await read(run, collection, open, ({ link }) => link?.googleId ?? '');
  const live = off.filter(
    ({ observed }) => observed?.state === 'live' && collection.codec.groups?.leads(observed.fields),
  );
  const news = await newsIn(run, collection, live);
  const context = await run.directory.context([]);
  knowWritten(run, collection, context, news);
  const planned = news.map((work) => {
    return { work, decision: decide(run, collection, context, work) };
  });
  const lost = planned.filter(({ work }) => work.along?.final);
  const told = planned.filter((one) => !lost.includes(one) && one.decision.notice);
  const kept = told.filter(({ decision }) => keepsGroup(decision));
  const keeping = new Set(kept.map(({ work }) => work.parent?.id));
  for (const work of live) if (keeping.has(work.link?.id)) work.holdsNews = true;
  return { groups, told: told.map(({ work }) => work), lost };
}

/**
 * With the groups of members that a page shows, where the CRM takes these off in a message that waits: told first
 * what is new in the member, it would pass that over, having deleted it with its group.
 */
async function withWaiting(
  run: Run,
  collection: Collection,
  works: Work[],
  members: Work[],
): Promise<Work[]> {
  const shown = members.filter(({ observed, undo }) => observed?.state === 'live' && !undo);
  if (!collection.exceptions || shown.length === 0) return works;
  const ids = [...new Set(shown.flatMap(({ observed }) => observed?.group ?? []))];
  const { store } = run.engine;
  const links = await store.linksByGoogleId(run.user.userId, collection.codec.record, ids);
  const groups = links.map((link): Work => ({ link, ...unread }));
  await takeUp(run, collection, groups);
  const off = groups.filter((work) => takesAlong(collection, work));
  const taken = new Set(off.map(({ link }) => link?.id));
  return [...works.filter(({ link }) => !taken.has(link?.id)), ...off];
}

/** The members of a piece with those that live on with their groups, without those that went with them. */
export function withTold(
  members: Work[],
  { told, lost }: Along,
  done: Pick<Done, 'work' | 'decision'>[],
): Work[] {
  const beaten = done.filter(({ decision }) => decision.rule === 'editBeatsDelete');
  const alive = new Set(beaten.map(({ work }) => work.link?.id));
  const also = told.filter(({ parent }) => alive.has(parent?.id));
  const idOf = ({ link, observed }: Work) => observed?.googleId ?? link?.googleId;
  const ids = new Set([...also, ...lost.map(({ work }) => work)].map(idOf));
  return [...members.filter((work) => !ids.has(idOf(work))), ...also];
}

/**
 * The CRM's word takes the group out at Google, as far as is known without a look. What is handed over may have
 * become one unseen, and goes all the same.
 */
const takesAlong = ({ codec, exceptions, place }: Collection, { link, intent, undo }: Work) =>
  exceptions !== undefined &&
  intent !== undefined &&
  undo === undefined &&
  link?.state === 'live' &&
  link.place === place &&
  !isAnswered({ link, intent }) &&
  (isHandedOver({ link, intent }) ||
    (!link.removing &&
      !isWanted(codec, intent) &&
      codec.groups?.leads(knownGoogle(link)) === true));

const isHandedOver = ({ link, intent }: Pick<Work, 'link' | 'intent'>) =>
  intent !== undefined && link !== undefined && intent.userId !== link.userId;

/** Of the members of these groups, which have been read, those with news, as far as the CRM's word is sure. */
async function newsIn(run: Run, collection: Collection, groups: Work[]): Promise<Work[]> {
  if (groups.length === 0) return [];
  const { codec } = collection;
  const context = await run.directory.context([]);
  const found = await changedOrUnheard(run, collection, groups);
  const members = found.flatMap((work): Work[] => {
    const at = work.observed?.group ?? work.link?.group;
    const group = groups.find(({ link }) => link?.googleId === at);
    if (!group?.intent || !group.link) return [];
    const { link, intent } = group;
    // Also what a run has written of it that died: it stands in its members.
    const said = codec.canonical(intent.op === 'delete' ? lastWords(intent) : intent.data, context);
    const parent = { ...link, crm: { ...link.crm, ...said } };
    if (isHandedOver(group))
      return [{ ...work, parent, along: { field: 'handedOver', final: true } }];
    const final = link.offered.deletedInCrm !== undefined;
    return [{ ...work, parent, along: { field: fieldOf(intent), final } }];
  });
  await takeUp(run, collection, members);
  const named = await namedPlaces(run, collection, groups, members);
  for (const work of members) {
    const intent = named.get(work.observed?.googleId ?? '');
    if (!intent) continue;
    tie(run, collection, context, work, intent);
    work.intent ??= intent;
  }
  const { userId } = run.user;
  return members.filter(
    ({ intent, along }) => along?.field === 'handedOver' || (intent?.userId ?? userId) === userId,
  );
}

/** To the record that the CRM has for its place: the base is what both sides held of the group. */
function tie(
  run: Run,
  { codec }: Collection,
  context: CodecContext,
  work: Work,
  intent: Intent,
): void {
  const { observed, parent: link } = work;
  if (!observed) return;
  const inherit = (fields: Fields) => codec.groups?.inherited(fields, observed, context) ?? fields;
  work.link ??= heir(codec, run.user.userId, intent, observed, { link, inherit }, undefined);
}

/**
 * Members that were changed at Google since they were linked, or never were; and those of which the CRM was told
 * what it has not confirmed.
 */
async function changedOrUnheard(run: Run, collection: Collection, groups: Work[]): Promise<Work[]> {
  const raws = groups.map(({ raw }) => raw);
  const found = (await collection.exceptions?.(run.session, raws, false)) ?? [];
  const seen = await observePage(run, collection, { items: found.flat() });
  const { record } = collection.codec;
  const ids = groups.flatMap(({ link }) => link?.googleId ?? []);
  const links = await run.engine.store.linksByGroup(run.user.userId, record, ids);
  const known = new Set(seen.map(({ link }) => link?.id));
  const unheard = links.filter((link) => !known.has(link.id) && isUnconfirmed(link));
  return [
    ...seen.filter(({ observed }) => observed?.state === 'live'),
    ...unheard.map((link): Work => ({ link, ...unread })),
  ];
}

/** It has a name in the CRM, which deletes it with its group, and passes over what it hears of it then. */
const isUnconfirmed = ({ state, crmId, offered }: Link) =>
  state === 'live' && crmId !== undefined && offeredFields(offered).length > 0;

/** What the CRM says of members that have no name of its own yet, and that waits; by the member's id. */
async function namedPlaces(
  run: Run,
  collection: Collection,
  groups: Work[],
  members: Work[],
): Promise<Map<string, Intent>> {
  if (members.every(({ link }) => link?.crmId !== undefined)) return new Map();
  const context = await run.directory.context([]);
  const links = groups.flatMap(({ link }) => link ?? []);
  const waiting = await waitingMembers(run, collection);
  return new Map(
    waiting.flatMap((intent) => {
      const { group, slot } = intent.member ?? {};
      const link = links.find((l) => l.crmId === group?.crmId || l.googleId === group?.googleId);
      if (!link?.googleId || !slot) return [];
      const id = collection.codec.groups?.memberId(link.googleId, slot, context);
      return id === undefined ? [] : [[id, intent] as const];
    }),
  );
}
