/**
 * What several users see, each a copy of it, is one record of the CRM: the organizer's, whichever
 * calendar is read first (design decision 3). Until the organizer connects it is the first guest's.
 */
import { type Claim, claimed } from '../core/claim.ts';
import type { Codec, CodecContext } from '../core/codec.ts';
import { liveLast } from '../core/link.ts';
import { knownGoogle } from '../core/merge.ts';
import { dueNow } from '../core/polls.ts';
import type { Link, User } from '../core/records.ts';
import type { Heir } from '../core/sides.ts';
import type { Collection } from './collection.ts';
import type { Done } from './execute.ts';
import type { Work } from './observe.ts';
import type { Store } from './ports.ts';
import type { Run } from './run.ts';

/**
 * Claims what the user sees for the first time, and steps back from what is another user's by now.
 * One read and one write for a record in its life, and only if the directory knows two of its people.
 */
export async function claimShared(run: Run, { codec }: Collection, works: Work[]): Promise<void> {
  const context = await run.directory.context([]);
  const asked = works.flatMap((work) => {
    const claim = wantedClaim(run, codec, context, work);
    return claim ? [{ work, claim }] : [];
  });
  if (asked.length === 0) return;
  const taken: Taken[] = [];
  for (const [work, holder] of await groupsFirst(run, codec, asked)) {
    if (holder.userId === run.user.userId) {
      const isNew = work.link?.claim?.key !== holder.key;
      work.claim = { key: holder.key, until: holder.expireAt };
      if (isNew && holder.before) taken.push({ work, before: holder.before });
    } else if (work.link?.state === 'live') await stepBack(run, work, holder);
    else if (work.observed) work.observed = { ...work.observed, ignored: 'colleaguesMeeting' };
  }
  // What is a record here already takes nothing over: the guest's is a second one.
  const isKnown = ({ work: { link } }: Taken) =>
    link?.state === 'live' || link?.crmId !== undefined;
  for (const { work, before } of taken.filter(isKnown)) work.former = before;
  await inherit(
    run,
    codec,
    taken.filter((one) => !isKnown(one)),
  );
}

interface Asked {
  work: Work;
  claim: Claim;
}

interface Taken {
  work: Work;
  before: NonNullable<Claim['before']>;
}

/**
 * A member goes with its group: whoever has the group as a record takes a member from a guest of that alone.
 * Who reads first must not decide, and a group that does not hold its members shows other times than Google.
 */
async function groupsFirst(run: Run, codec: Codec, asked: Asked[]): Promise<Map<Work, Claim>> {
  const groupOf = ({ work }: Asked) => codec.groups && work.observed?.group;
  const alone = asked.filter((one) => groupOf(one) === undefined);
  const holders = alone.length > 0 ? await holdersAfter(run, codec, alone) : new Map<Work, Claim>();
  const members = asked.filter((one) => groupOf(one) !== undefined);
  if (members.length === 0) return holders;
  const { userId } = run.user;
  const groups = [...new Set(members.flatMap((one) => groupOf(one) ?? []))];
  const links = await run.engine.store.linksByGoogleId(userId, codec.record, groups);
  const mine = new Set([
    ...links.flatMap((link) => (link.state === 'live' ? link.googleId : [])),
    ...[...holders.values()].flatMap((c) => (c.userId === userId ? c.googleId : [])),
  ]);
  const wanted = members.map(({ work, claim }) => ({
    work,
    claim: mine.has(work.observed?.group) ? { ...claim, own: true } : claim,
  }));
  return new Map([...holders, ...(await holdersAfter(run, codec, wanted))]);
}

/** Whose each of these is, once the user has claimed what is free. */
async function holdersAfter(run: Run, codec: Codec, asked: Asked[]): Promise<Map<Work, Claim>> {
  const holders = await heldByHosts(run, codec, asked);
  const open = asked.filter(({ work }) => !holders.has(work));
  if (open.length === 0) return holders;
  const stored = await run.engine.store.claim(open.map(({ claim }) => claim));
  for (const [i, { work, claim }] of open.entries()) holders.set(work, stored[i] ?? claim);
  return holders;
}

/**
 * What the organizer has as a record already stays that one, although nobody has claimed it: it may have
 * got its first guest while the organizer is away. Copies nearly always have the original's id; where they
 * have not, the guest steps back once the organizer is there again.
 */
async function heldByHosts(run: Run, { record }: Codec, asked: Asked[]): Promise<Map<Work, Claim>> {
  const hostOf = ({ work }: Asked) => work.observed?.shared?.host ?? '';
  const holders = new Map<Work, Claim>();
  for (const [userId, mine] of Map.groupBy(asked, hostOf)) {
    if (userId === '') continue;
    const ids = mine.map(({ claim }) => claim.googleId);
    const links = await run.engine.store.linksByGoogleId(userId, record, ids);
    const live = new Set(links.filter((l) => l.state === 'live').map((l) => l.googleId));
    for (const { work, claim } of mine)
      if (live.has(claim.googleId)) holders.set(work, { ...claim, userId });
  }
  return holders;
}

function wantedClaim(
  run: Run,
  codec: Codec,
  context: CodecContext,
  { link, observed }: Work,
): Claim | undefined {
  if (observed?.state !== 'live' || !observed.shared) return undefined;
  // What we inserted says itself whose it is; not while it was away, when a guest could take it.
  if (observed.marker && link?.state !== 'deleted') return undefined;
  const period = codec.period(observed.fields, context);
  if (!period || period.to <= run.window.from || period.from >= run.window.to) return undefined;
  const { key, own } = observed.shared;
  // A series may have no end: its claim is renewed whenever it changes.
  const expireAt = Math.min(period.to, run.window.to) + run.engine.settings.tombstoneMs;
  const known = link?.state === 'live' ? link.claim : undefined;
  const sure = known?.key === key && known.until >= expireAt;
  if (observed.ignored ? link?.state !== 'live' : sure) return undefined;
  const { userId } = run.user;
  return { record: codec.record, key, userId, googleId: observed.googleId, own, expireAt };
}

/** The record goes on under its new owner; until that one's link is stored only ours knows it. */
export async function stepBack(run: Run, work: Work, holder: Claim): Promise<void> {
  const { userId, record, googleId } = holder;
  const links = await run.engine.store.linksByGoogleId(userId, record, [googleId]);
  const link = liveLast(links).at(-1);
  if (link) work.yields = link.crmId === undefined ? {} : { crmId: link.crmId };
}

/** The records that go on here under the crmId that they had with a guest. */
async function inherit(run: Run, { record }: Codec, taken: Taken[]): Promise<void> {
  for (const [userId, mine] of Map.groupBy(taken, ({ before }) => before.userId)) {
    const ids = mine.map(({ before }) => before.googleId);
    const links = await run.engine.store.linksByGoogleId(userId, record, ids);
    const live = links.filter((link) => link.state === 'live');
    const gone = await handedOver(run, record, live);
    for (const { work, before } of mine) {
      const link = live.find((l) => l.googleId === before.googleId);
      if (gone.has(link?.crmId)) continue;
      if (link) work.heir = heirOf(link);
      // Also who has claimed it only just now, and has yet to store the record.
      work.former = before;
    }
  }
}

/**
 * Crm ids of the links whose record the CRM has handed over to a third, and the guest's run has not heard of
 * it: under the same crmId it would be two users'.
 */
async function handedOver(run: Run, record: Link['record'], links: Link[]) {
  const crmIds = links.flatMap(({ crmId }) => crmId ?? []);
  if (crmIds.length === 0) return new Set();
  const owners = new Set([run.user.userId, ...links.map(({ userId }) => userId)]);
  const intents = await run.engine.store.getIntents(record, crmIds);
  return new Set(intents.filter((i) => !owners.has(i.userId)).map(({ crmId }) => crmId));
}

const heirOf = ({ userId, crmId, crmVersion }: Link): Heir => ({
  userId,
  ...(crmId !== undefined && { crmId }),
  ...(crmVersion !== undefined && { crmVersion }),
});

/** The CRM hands a record over to the user whose claim it is: the guest's copy stays as it is. */
export async function passOn(run: Run, { codec }: Collection, works: Work[]): Promise<void> {
  const left = works.filter(
    (work) => work.intent && work.intent.userId !== run.user.userId && keyOf(work) !== undefined,
  );
  if (left.length === 0) return;
  const holders = await holdersOf(run, codec, left);
  for (const work of left) {
    const holder = holders.get(keyOf(work) ?? '');
    if (work.intent && holder?.userId === work.intent.userId)
      work.yields = { crmId: work.intent.crmId };
  }
}

/** Once the new owner's link is stored under the record's id, only the object itself tells. */
const keyOf = ({ link, observed }: Work): string | undefined =>
  link ? (link.state === 'live' ? link.claim?.key : undefined) : observed?.shared?.key;

/** The claims on what these works are linked to, or are a copy of, by key. */
export async function holdersOf(
  run: Run,
  { record }: Codec,
  works: Work[],
): Promise<Map<string, Claim>> {
  const keys = works.flatMap((work) => keyOf(work) ?? []);
  const claims = await run.engine.store.getClaims(record, keys);
  return new Map(claims.map((claim) => [claim.key, claim]));
}

/**
 * Before a commit: what is gone is nobody's any more, and may be a guest's next. Their runs are asked once it
 * is stored; should this one die before it asks, they look when they run next.
 */
export async function releaseClaims(run: Run, { codec }: Collection, done: Done[]): Promise<void> {
  const lost = lostOf(done);
  const gone = lost.flatMap(({ work }) => work.link?.claim?.key ?? []);
  if (gone.length > 0) await run.engine.store.unclaim(codec.record, run.user.userId, gone);
  await lookAgain(run, codec, await guestsOf(run, codec, lost), (user) => user);
}

/** After a commit: whom a record was taken from has to step back, and guests of what is gone have a look. */
export async function settleClaims(run: Run, { codec }: Collection, done: Done[]): Promise<void> {
  const { publisher, clock } = run.engine;
  const isHeld = ({ work, decision }: Done) =>
    decision.link === 'live' || (decision.link === 'unchanged' && work.link?.state === 'live');
  const taken = done.filter(isHeld).flatMap(({ work }) => work.former ?? []);
  const asked = [...taken, ...(await guestsOf(run, codec, lostOf(done)))];
  // Due as well: the message may get lost.
  await lookAgain(run, codec, asked, (user) =>
    user.state === 'active' ? dueNow(user, clock.now()) : user,
  );
  const userIds = [...new Set(asked.map(({ userId }) => userId))];
  if (userIds.length > 0) await publisher.syncUsers(userIds);
}

const lostOf = (done: Done[]) =>
  done.filter(({ decision }) => ['deleted', 'none'].includes(decision.link));

/**
 * Copies of what has gone from its organizer's calendar: moved to another one of the organizer's, it is still
 * there for the guests, and the runs that read it before ours have passed it over.
 */
async function guestsOf(run: Run, codec: Codec, lost: Done[]): Promise<Copy[]> {
  const works = lost.map(({ work }) => work).filter((w) => w.observed?.state === 'gone');
  return (
    await Promise.all(
      works.map(async ({ link }) => {
        if (!link?.claim) return [];
        const emails = codec.emailsOf({ fields: knownGoogle(link) });
        const { colleagues } = await run.directory.context(emails);
        const guests = emails.flatMap((email) => colleagues.get(email)?.userId ?? []);
        const { googleId = '' } = link;
        return [...new Set(guests)].map((userId) => ({ userId, googleId }));
      }),
    )
  ).flat();
}

type Copy = NonNullable<Claim['before']>;

/** Has the next run of each user look at these objects; `then`: what else becomes of the user. */
async function lookAgain(
  run: Run,
  { record }: Codec,
  copies: Copy[],
  then: (user: User) => User,
): Promise<void> {
  for (const [userId, mine] of Map.groupBy(copies, (copy) => copy.userId)) {
    const googleIds = mine.map(({ googleId }) => googleId);
    await run.engine.store.updateUser(userId, (user) => {
      if (!user) return undefined;
      const known = user.recheck?.[record] ?? [];
      const recheck = { ...user.recheck, [record]: [...new Set([...known, ...googleIds])] };
      return then({ ...user, recheck });
    });
  }
}

/** What claiming would answer, without doing it (a preview). */
export function claimsAsRead(store: Pick<Store, 'getClaims'>): Pick<Store, 'claim'> {
  return {
    async claim(wanted) {
      const [first] = wanted;
      if (!first) return [];
      const keys = wanted.map(({ key }) => key);
      const stored = await store.getClaims(first.record, keys);
      return wanted.map((one) =>
        claimed(
          stored.find(({ key }) => key === one.key),
          one,
        ),
      );
    },
  };
}
