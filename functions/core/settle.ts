import { placeBefore, standsAlone } from './alone.ts';
import type { Codec, Observed } from './codec.ts';
import { conceal, isConcealed, originOf } from './conceal.ts';
import type { Decision, Notice } from './decision.ts';
import { isWantedAgain, sawDeletion } from './deletion.ts';
import { canonicalJson, type Fields, type Json, sameValue } from './fields.ts';
import { changeIdOf, changeNumber, linkId } from './link.ts';
import { knownGoogle, sameAs } from './merge.ts';
import type { GoogleChange } from './messages.ts';
import type { Intent, Link, Offer, Told } from './records.ts';
import { type Heir, isNew, seenChange } from './sides.ts';

/** A record with what was decided for it, and how Google answered. */
export interface Outcome {
  codec: Codec;
  userId: string;
  link: Link | undefined;
  intent: Intent | undefined;
  /** As read before the decision. */
  observed: Observed | undefined;
  /** The place in a group that the record has left: see Work. */
  left?: Observed;
  claim?: Link['claim'];
  heir?: Heir;
  /** As Google answered the write: the only source of what Google holds now (P12). */
  written: Observed | undefined;
  decision: Decision;
  /** Of a member of a group that is a record itself: the group's link. */
  parent?: Link | undefined;
  /** Number of the run. A place in a group can bear a second record, when its first has moved away. */
  fence: number;
  /** When a tombstone may be forgotten, ms since the epoch. */
  expireAt: number;
}

/** What is to be stored of the record, and told to the CRM. */
export interface Settled {
  /** The link to store; undefined: as it was. */
  link?: Link;
  /** A tombstone for what the record has left behind: nobody must take it for a new record. */
  left?: Link;
  /** Id of the link to remove for good: it is gone, or stored under another id now. */
  removed?: string;
  notice?: GoogleChange;
}

/** The link after a decision was carried out, and the message that tells the CRM. Pure. */
export function settle(given: Outcome): Settled {
  const { decision, link, codec } = given;
  const outcome = {
    ...given,
    observed: conceal(codec, link, given.observed),
    written: conceal(codec, link, given.written),
  };
  const notice = noticeOf(outcome);
  const settled: Settled = notice ? { notice } : {};
  if (decision.link === 'unchanged') return settled;
  if (decision.link === 'none') {
    const left = objectLeft(outcome);
    return { ...settled, ...(link && { removed: link.id }), ...(left && { left }) };
  }
  const next = identity(outcome, notice !== undefined && notice.op !== 'reject');
  if (link && next.id !== link.id) settled.removed = link.id;
  delete next.removing;
  delete next.inFlight;
  delete next.unborne;
  if (decision.link === 'deleted') {
    if (decision.stays) next.stays = true;
    next.state = 'deleted';
    next.deletedBy = deletedBy(outcome, notice);
    next.expireAt = outcome.expireAt;
    if (decision.rule === 'follow') keepUntilPast(next);
    else if (codec.groups && (link?.state !== 'deleted' || decision.withGroup !== undefined))
      markMember(next, outcome);
    next.crm = { ...next.crm, ...decision.agreed };
    next.offered =
      next.deletedBy === 'crm' ? unseenOf(outcome) : heardOf(outcome, withOffers(outcome, notice));
    return { ...settled, link: next };
  }
  if (decision.link === 'out') return { ...settled, link: { ...next, state: 'out' } };
  next.state = 'live';
  delete next.deletedBy;
  delete next.expireAt;
  delete next.withGroup;
  delete next.stays;
  Object.assign(next, baseAfter(outcome, notice));
  if (codec.likeness) next.likeness = codec.likeness(knownGoogle(next));
  const left = placeLeft(outcome, next) ?? objectLeft(outcome);
  return { ...settled, link: next, ...(left && { left }) };
}

/** The place in a group that a record leaves which is written as an object of its own, or was already. */
const placeOut = (outcome: Outcome) =>
  outcome.decision.write?.kind === 'insert' ||
  (outcome.decision.link === 'live' && standsAlone(outcome))
    ? placeBefore(outcome)
    : undefined;

/** That place stays empty, also if the group is written anew. */
function placeLeft(outcome: Outcome, next: Link): Link | undefined {
  const before = placeOut(outcome);
  if (!before || next.group !== undefined) return undefined;
  const { group, googleId, slot } = before;
  const expireAt = Math.max(outcome.expireAt, Date.parse(slot) || 0);
  return { ...tombstone(outcome, googleId), group, slot, expireAt };
}

/**
 * The deleted object of a record that is inserted anew, or handed over. One of ours tells by its marker
 * whose it was, should a person restore it; one born at Google bears none, nor does a member of a group: handed
 * over before its group is, its place must not look as if the user had taken it out.
 */
function objectLeft(outcome: Outcome): Link | undefined {
  const { decision, link, observed, codec } = outcome;
  const from = link ?? observed;
  const isGiven = decision.rule === 'handOver';
  const isPlace = isGiven && codec.groups !== undefined && from?.group !== undefined;
  const isLeft = decision.rule === 'insertAgain' || (isGiven && decision.write?.kind === 'delete');
  if ((!isLeft && !isPlace) || from?.googleId === undefined) return undefined;
  const origin = originOf(link, observed);
  if (origin === 'crm' && from.group === undefined) return undefined;
  const left = tombstone(outcome, from.googleId);
  // A place in a group is looked for with that, should it be there again.
  if (from.group !== undefined) left.group = from.group;
  if (isPlace && from.slot !== undefined) left.slot = from.slot;
  // Older than whatever we have inserted, or will.
  return { ...left, origin, formerOf: crmIdOf(outcome), generation: -1 };
}

/** Not under the id of a link that was born in this very run: the record goes on under that one. */
const tombstone = ({ codec, userId, fence, expireAt }: Outcome, googleId: string): Link => ({
  id: linkId(codec.record, { googleId: `${googleId}~${fence}~left` }),
  ...{ userId, record: codec.record, googleId, generation: 0 },
  state: 'deleted',
  deletedBy: 'google',
  origin: 'google',
  crm: {},
  google: {},
  offered: {},
  changes: 0,
  expireAt,
});

/**
 * A member that was taken out of its group stays known until its day is past: the group, written anew,
 * must not bring it back. One that went with its group comes back with it.
 */
function markMember(next: Link, { decision, observed, parent }: Outcome): void {
  if (next.group === undefined) return;
  const byCrm = decision.rule === 'bothGone';
  const alone = observed?.group !== undefined && (parent?.state === 'live' || byCrm);
  delete next.withGroup;
  if (decision.withGroup ?? (!alone && decision.write?.kind !== 'delete')) next.withGroup = true;
  else keepUntilPast(next);
}

function keepUntilPast(next: Link): void {
  next.expireAt = Math.max(next.expireAt ?? 0, Date.parse(next.slot ?? '') || 0);
}

const crmIdOf = ({ intent, link, heir, observed }: Outcome) =>
  intent?.crmId ?? link?.crmId ?? heir?.crmId ?? observed?.marker?.crmId;

/** Whoever is told of a deletion did not do it, nor does one who then deletes what is gone anyway. */
function deletedBy(
  { link, intent }: Outcome,
  notice: GoogleChange | undefined,
): NonNullable<Link['deletedBy']> {
  if (notice?.op === 'delete') return 'google';
  const isOwn = intent && (!sawDeletion({ link, intent }) || isOnceMore(link, intent));
  return isOwn ? 'crm' : (link?.deletedBy ?? 'crm');
}

/** It had heard of the deletion and said so: it has made the record anew since, and taken that off as well. */
const isOnceMore = (link: Link | undefined, intent: Intent): boolean =>
  isNew(link, intent) && link?.offered.deletedInGoogle?.heard === seenChange(link, intent);

/** The deletion that was told, with what the CRM had applied of ours when it said that it has heard of it. */
function heardOf({ link, intent }: Outcome, offered: Link['offered']): Link['offered'] {
  const { deletedInGoogle } = offered;
  if (!deletedInGoogle || !intent || !sawDeletion({ link, intent })) return offered;
  return { ...offered, deletedInGoogle: { ...deletedInGoogle, heard: seenChange(link, intent) } };
}

/** What the CRM deleted without knowing it: it may still take it over, and plan the record again. */
function unseenOf({ codec, link, intent }: Outcome): Link['offered'] {
  const seen = seenChange(link, intent);
  const offers = Object.entries(link?.offered ?? {});
  return Object.fromEntries(offers.filter(([n, o]) => codec.fields[n] && o.change > seen));
}

/** Who the link ties together. */
function identity(outcome: Outcome, told: boolean): Link {
  const { link, intent, observed, written, decision, codec, userId, fence } = outcome;
  const seen = written ?? observed;
  const crmId = crmIdOf(outcome);
  const googleId = idFor(link, crmId, seen?.googleId);
  const place = seen?.group === undefined ? googleId : `${googleId}~${fence}`;
  const born = crmId !== undefined ? { crmId } : { googleId: place ?? '' };
  const inserted = decision.write?.kind === 'insert' ? decision.write.generation : undefined;
  const next: Link = {
    ...(link ?? {
      id: linkId(codec.record, born),
      userId,
      record: codec.record,
      state: 'live',
      origin: isOfOurs(outcome) ? 'crm' : originOf(undefined, observed),
      crm: {},
      google: {},
      offered: {},
    }),
    generation: inserted ?? seen?.marker?.generation ?? link?.generation ?? 0,
    changes: toldBefore(outcome) + (told ? 1 : 0),
  };
  if (crmId !== undefined) next.crmId = crmId;
  // Restored under another crmId: the id is left to its former record, which may come back as well.
  if (crmId !== undefined && link?.crmId !== undefined && crmId !== link.crmId)
    next.id = linkId(codec.record, { crmId });
  if (googleId !== undefined) next.googleId = googleId;
  if (seen?.etag !== undefined) next.etag = seen.etag;
  if (seen?.marker?.word !== undefined) next.word = seen.marker.word;
  if (seen?.updatedAt !== undefined) next.updatedAt = seen.updatedAt;
  // Of what is gone only its place in a group is sure, and not even that everywhere.
  if (seen?.state === 'live' || (seen?.group !== undefined && codec.groups)) {
    delete next.group;
    if (seen.group !== undefined) next.group = seen.group;
    if (seen.slot !== undefined) next.slot = seen.slot;
    if (observed?.pattern !== undefined) next.pattern = observed.pattern;
  }
  if (outcome.claim) next.claim = outcome.claim;
  if (intent) next.crmVersion = intent.version;
  if (inserted !== undefined) next.origin = 'crm';
  if (seen?.foreign) next.foreign = true;
  else if (seen?.state === 'live') delete next.foreign;
  return next;
}

/** A member of a group that the CRM made is the CRM's, whoever took it out of the group. */
const isOfOurs = ({ parent, observed }: Outcome) =>
  parent?.origin === 'crm' && observed?.group !== undefined && parent.googleId === observed.group;

/** Until the CRM has named the record, it knows it by the id that it was told first, and answers with it. */
const idFor = (link: Link | undefined, crmId: string | undefined, seen: string | undefined) =>
  link && crmId === undefined ? (link.googleId ?? seen) : (seen ?? link?.googleId);

/** The base: values that both sides provably hold, each in its own spelling; and what was told. */
function baseAfter(
  outcome: Outcome,
  notice: GoogleChange | undefined,
): Pick<Link, 'crm' | 'google' | 'offered'> {
  const { decision, link, codec } = outcome;
  // Moved: another object, the same agreement.
  const inserted = decision.write?.kind === 'insert' && decision.rule !== 'moveHere';
  const google = atGoogle(outcome);
  const offered = withOffers(outcome, notice);
  // Once the CRM wants the record again, the older word on a deletion is over.
  const wanted = inserted || (isWantedAgain(outcome) && decision.rule !== 'editBeatsDelete');
  const agreed = (name: string) => name in decision.agreed && !(name in decision.offers);
  const isOld = (name: string) => !codec.fields[name] && !(name in decision.offers);
  const over = (name: string) => agreed(name) || (wanted && isOld(name));
  for (const name of Object.keys(offered).filter(over)) delete offered[name];
  const kept = (fields: Fields = {}) =>
    inserted
      ? Object.fromEntries(Object.entries(fields).filter(([name]) => name in offered))
      : fields;
  const base: Pick<Link, 'crm' | 'google' | 'offered'> = {
    crm: { ...kept(link?.crm), ...decision.agreed },
    google: { ...kept(link?.google) },
    offered,
  };
  for (const [name, value] of Object.entries(google)) {
    // The CRM has yet to hear what Google says of those on a list: who is on it, both hold.
    const isOpen = name in offered && !isReply(outcome, name);
    if (codec.fields[name]?.flow === 'crm' || isOpen) continue;
    if (name in decision.agreed || !(name in base.google)) base.google[name] = value;
    // An edit at Google that is not offered equals what the CRM had anyway.
    else if (!sameValue(value, base.google[name])) base.google[name] = value;
  }
  return base;
}

/** What Google holds by now: as written, as read, or else as we knew it. */
const atGoogle = ({ link, observed, written }: Outcome): Fields => ({
  ...(link ? knownGoogle(link) : {}),
  ...(observed?.state === 'live' ? observed.fields : {}),
  ...(written?.state === 'live' ? written.fields : {}),
});

/** The CRM is told a list in which it names the same people itself, and says something else of them. */
function isReply({ codec, decision: { agreed, offers } }: Outcome, name: string): boolean {
  const spec = codec.fields[name];
  const isTold = spec?.listKey !== undefined && name in agreed && name in offers;
  const [said, told] = [agreed[name], offers[name]];
  return isTold && sameAs(spec, said, told) && !sameValue(said, told);
}

/** A record that was handed over and back has a new link: what the CRM saw of the old one is none of its. */
function toldBefore({ link, intent, userId }: Outcome): number {
  return link?.changes ?? changeNumber(intent?.seen ?? '', userId);
}

/** Values of one field that may be on their way to the CRM at the same time. */
const EARLIER = 5;

function withOffers(outcome: Outcome, notice: GoogleChange | undefined): Link['offered'] {
  const { link, decision } = outcome;
  const offered: Link['offered'] = { ...link?.offered };
  if (!notice) return offered;
  const google = atGoogle(outcome);
  const change = toldBefore(outcome) + 1;
  for (const [name, value] of Object.entries(decision.offers)) {
    const before = offered[name];
    const reply = isReply(outcome, name);
    // Told again: whoever saw it the first time knows it, unless it is told because of that.
    const same = before !== undefined && sameValue(before.value, value ?? null) && !reply;
    const now = { change, changeId: notice.changeId };
    const first = same ? before : now;
    const offer: Offer = { value: value ?? null, change: first.change, changeId: first.changeId };
    if (same) offer.again = now;
    if (name in decision.agreed && sameValue(decision.agreed[name], value))
      Object.assign(offer, { own: true, since: seenChange(link, outcome.intent) });
    if (before) {
      const { value: was, change: at, changeId, again } = before;
      const told: Told[] = [...(before.earlier ?? []), { value: was, change: at, changeId }];
      if (again) told.push({ value: was, ...again });
      offer.earlier = told.slice(-EARLIER).filter((old) => !sameValue(old.value, offer.value));
    }
    const lost = notice.conflicts?.find((c) => c.field === name && c.winner === 'google');
    const beaten = lost?.crm === undefined ? before?.beaten : { value: lost.crm, change };
    if (beaten) offer.beaten = beaten;
    if (reply) offer.reply = true;
    if (name in google && !sameValue(google[name], value)) offer.google = google[name] ?? null;
    offered[name] = offer;
  }
  return offered;
}

/**
 * The CRM may have known a text before it, or the owner, made the event private: it is asked to forget
 * it, and no message repeats it (design rule 4).
 */
function redacted(codec: Codec, notice: Notice): Notice {
  if (!notice.data) return notice;
  const shown = Object.entries(notice.data).map(([name, value]) => [
    name,
    codec.fields[name]?.hidden ? null : value,
  ]);
  return { ...notice, data: Object.fromEntries(shown), redacted: true };
}

/**
 * The message for the CRM. Its changeId is derived from the link, the number of the change and the
 * content: a run that died after publishing and is repeated sends the same id again.
 */
function noticeOf(outcome: Outcome): GoogleChange | undefined {
  const { decision, link, intent, heir, observed, written, codec, userId } = outcome;
  const { notice } = decision;
  if (!notice) return undefined;
  const crmId = crmIdOf(outcome);
  const googleId = idFor(link, crmId, written?.googleId ?? observed?.googleId);
  const { rejected, ...rest } = isConcealed(link, written ?? observed)
    ? redacted(codec, notice)
    : notice;
  const body: Omit<GoogleChange, 'changeId'> = {
    specVersion: '1',
    userId,
    record: codec.record,
    ...rest,
    ...(crmId !== undefined && { crmId }),
    ...(googleId !== undefined && { googleId }),
    // 0: none yet. Whatever the CRM changed in a record that we do not know of is newer.
    baseVersion: intent?.version ?? link?.crmVersion ?? heir?.crmVersion ?? 0,
    ...placeOf(outcome),
    ...(rejected && { rejected }),
  };
  const born = link?.id ?? crmId ?? googleId ?? '';
  const number = toldBefore(outcome) + 1;
  // The version read: what a person restored from the bin is told anew, word for word.
  const version = observed?.etag ?? '';
  const content = losesOnly(notice) ? { ...body, baseVersion: undefined } : body;
  return {
    ...body,
    changeId: changeIdOf(number, userId, born, version, canonicalJson(content as Json)),
  };
}

/**
 * Nothing changes but what is lost. It is told before each attempt to write: a CRM that answers has another
 * version at the next, and under another id each answer would bring a message, for as long as Google refuses.
 */
const losesOnly = ({ op, changed, conflicts = [] }: Notice): boolean =>
  op === 'upsert' && changed?.length === 0 && conflicts.length > 0;

/**
 * The member of a group that the message is about. Of a deleted one only while the group lives: then it
 * was taken out; otherwise it went with the group, or the group has no such place any more.
 */
function placeOf(outcome: Outcome): Pick<GoogleChange, 'occurrence' | 'instead'> {
  const { codec, decision, written, observed, link, parent } = outcome;
  const name = (group: string, slot: string) => {
    const crmId = parent?.googleId === group ? parent.crmId : undefined;
    return codec.groups?.named({ googleId: group, ...(crmId !== undefined && { crmId }) }, slot);
  };
  const before = placeOut(outcome);
  if (before) return { instead: name(before.group, before.slot) };
  const now = [written, observed].find((seen) => seen?.state === 'live');
  const { group, slot } = now ?? (observed?.group !== undefined ? observed : link) ?? {};
  if (!codec.groups || group === undefined || slot === undefined) return {};
  const lives = parent?.state === 'live' && parent.googleId === group;
  const alone = observed?.group !== undefined || decision.rule === 'follow';
  if (decision.notice?.op === 'delete' && !(lives && alone)) return {};
  return { occurrence: name(group, slot) };
}
