/** One record's sides brought together: what goes to Google, and what the CRM is told. */
import { standsAlone } from './alone.ts';
import { byKey, type Codec, type CodecContext, type Observed, type Patch } from './codec.ts';
import { isConcealed, originOf } from './conceal.ts';
import { wholeTexts } from './cut.ts';
import { type Decision, decide, type Name, type Notice } from './decision.ts';
import { type Fields, type Json, sameValue } from './fields.ts';
import { knowsPattern } from './groups.ts';
import { adoptedId, namesMember } from './intent.ts';
import { changeNumber } from './link.ts';
import {
  heldBefore,
  knownGoogle,
  type Merged,
  merge,
  offeredFields,
  type Policy,
} from './merge.ts';
import type { Conflict, Rejection } from './messages.ts';
import type { Intent, Link } from './records.ts';
import type { Rule } from './table.ts';
import { wordOf } from './word.ts';

/** What a record keeps when it goes over from a guest to the organizer (design decision 3). */
export interface Heir {
  /** The guest. */
  userId: string;
  crmId?: string;
  crmVersion?: number;
}

/**
 * The CRM has deleted or cancelled the group that the record is one of, and how messages call that; or has handed
 * it over. `final`: nothing keeps it; it was deleted for the second time, having heard that the group lives on.
 */
export interface Along {
  field: 'deletedInCrm' | 'cancelledInCrm' | 'handedOver';
  final: boolean;
}

/** What has become of a group, that concerns members which nobody touched (sync/followers.ts). */
export type Follows = 'anew' | 'told' | 'changed' | 'given';

/** All that a decision about one record depends on. */
export interface PlanInput {
  codec: Codec;
  context: CodecContext;
  policy: Policy;
  /** The period that is synchronised, ms since the epoch; what is linked stays linked. */
  window: { from: number; to: number; aheadMs: number };
  link: Link | undefined;
  /** Pending, that is: news of the CRM. */
  intent: Intent | undefined;
  /** What was read from Google in this run. */
  observed: Observed | undefined;
  /** The record was a guest's until now. */
  heir?: Heir;
  /** It is new, and these of the user's are maybe the same. */
  alike?: Name[];
  /** It is another user's record by now, known there as crmId, if the CRM has named it. */
  yields?: { crmId?: string };
  /** Of a member of a group that is a record itself: the group's. */
  parent?: Link | undefined;
  /** Of a member: what became of its group, which takes it along. */
  follows?: Follows;
  /** Of a member: it would go along with its group. */
  along?: Along;
  /** Of a group: members that would go along hold what the CRM has not heard. */
  holdsNews?: boolean;
  /** The place in a group that the record has left: see Work. */
  left?: Observed;
  /** The link that the record had at another place, of a member that gets a new one: see Work. */
  previous?: Link;
}

/**
 * The same with canonical values, without what Google's owner hides; and with the CRM's last word on each
 * field, also where it has deleted the record since.
 */
export type Prepared = PlanInput & {
  data: Fields;
  word: Fields;
  unseen?: Fields;
  crossed?: Conflict[];
};

/** Both sides merged. `read`: Google's; undefined: not read, so it is as the link knows it. */
export function mergeWith(
  { codec, policy, link, intent, observed, data, context }: Prepared,
  read: Observed | undefined,
): Merged {
  const foreign = observed?.foreign ?? link?.foreign ?? false;
  const hides = isConcealed(link, observed);
  return merge({
    codec,
    policy,
    base: link ?? { crm: {}, google: {}, offered: {} },
    crm: intent ? data : undefined,
    google: read?.fields,
    seen: seenChange(link, intent),
    // Because the user has connected, for example.
    again: !isNew(link, intent),
    deaf: goesByFormerId(link, intent, context.userId),
    mayShow: newestShown(link, intent),
    locked: (name) =>
      (foreign && !codec.fields[name]?.own && codec.fields[name]?.flow !== 'crm') ||
      (hides && name === 'private'),
  });
}

/**
 * The CRM restored the record under another crmId, and calls the object by an id that it had before: messages
 * that bear neither name are not of it.
 */
const goesByFormerId = (
  link: Link | undefined,
  intent: Intent | undefined,
  userId: string,
): boolean =>
  intent !== undefined &&
  link?.crmId !== undefined &&
  link.crmId !== intent.crmId &&
  adoptedId(intent, userId) !== link.googleId;

/**
 * The number of the newest of our changes that the CRM had applied; -1 when it does not say. A change
 * of which we know nothing (its run died) may have said something else under the same number: only
 * those before it are sure.
 */
export function seenChange(link: Link | undefined, intent: Intent | undefined): number {
  if (!intent?.seen || !link) return -1;
  const told = Object.values(link.offered).flatMap((offer) => [
    offer,
    ...(offer.again ? [offer.again] : []),
    ...(offer.earlier ?? []),
  ]);
  const match = told.find(({ changeId }) => changeId === intent.seen);
  return match ? match.change : Math.max(0, changeNumber(intent.seen, link.userId) - 1);
}

/** The number of the newest of our changes that may be in what the CRM says; undefined when it does not say. */
function newestShown(link: Link | undefined, intent: Intent | undefined): number | undefined {
  if (!intent?.seen || !link) return undefined;
  return Math.max(seenChange(link, intent), changeNumber(intent.seen, link.userId));
}

/** It is no message that was decided before, and is only looked at again. */
export const isNew = (link: Link | undefined, intent: Intent | undefined) =>
  intent !== undefined && intent.version > versionKnown(link, intent);

/**
 * The version of the record that the link was decided with. A link may have been another record's, which
 * this one restores: versions of two records say nothing of each other.
 */
export const versionKnown = (link: Link | undefined, { crmId }: Intent): number =>
  (link?.crmId === crmId ? link.crmVersion : undefined) ?? Number.NEGATIVE_INFINITY;

/** The decision for a record that is live on both sides: a patch, a google-change, both or nothing. */
export function mergeSides(input: Prepared, rule: Rule): Decision {
  const { codec, link, intent, observed } = input;
  const merged = mergeWith(input, observed);
  const before = link ? knownGoogle(link) : {};
  const known = { ...before, ...observed?.fields };
  const target = {
    ...known,
    ...link?.crm,
    ...forCrm(codec, known, link),
    ...input.data,
    ...merged.agreed,
    ...merged.toGoogle,
  };
  const adopted = originOf(link, observed) === 'google';
  // An adopted event carries nothing that Google has no field for (design rule 3).
  const changed = Object.keys(merged.toGoogle).filter(
    (n) => !(adopted && codec.fields[n]?.flow === 'crm'),
  );
  const googleId = observed?.googleId ?? link?.googleId;
  // A refusal repeats what the CRM knows already: that is no news which it would have to confirm.
  const news = Object.entries(merged.toCrm).filter(
    ([name, value]) => !merged.refused.includes(name) || !sameValue(value, before[name]),
  );
  const offers = Object.fromEntries(news);
  const decision = decide(rule, { link: 'live', agreed: merged.agreed, offers });
  if (changed.length > 0 && googleId) {
    const held = link ? heldBefore(link, seenChange(link, intent)) : {};
    const patch: Patch = { changed, target, before: held, adopted };
    const etag = observed?.etag ?? link?.etag;
    decision.write = { kind: 'patch', googleId, etag, patch };
    if (intent?.op === 'upsert') {
      const word = wordOf(taken(input, merged));
      if (!adopted && (observed ?? link)?.group === undefined) patch.word = word;
      // Whether an object bears words shows in the one that it bore before.
      if (!patch.word || !link?.word) decision.write.unborne = word;
    }
  }
  const notice = mergeNotice(input, merged, known);
  if (notice) decision.notice = notice;
  const quiet = !decision.write && !notice && Object.keys(merged.agreed).length === 0;
  const isVersion = link?.etag === observed?.etag && link?.googleId === googleId;
  const same = isVersion && knowsPattern(link, observed);
  if (quiet && link?.state === 'live' && !intent && same) return decide('nothing');
  return decision;
}

/** What the CRM says, but for what is not taken from it: it hears why, and until then that is its edit. */
function taken({ data, link }: Prepared, { toCrm, agreed }: Merged): Fields {
  const isTaken = (name: string) => !(name in toCrm) || name in agreed;
  const entries = Object.entries(data).map(([name, value]): [string, Json] => [
    name,
    isTaken(name) ? value : (link?.crm[name] ?? null),
  ]);
  return Object.fromEntries(entries);
}

/**
 * What the CRM holds once it has applied what it was told: its own spelling where Google's is no news. A
 * CRM that applies a whole message must not lose what Google never had (C15).
 */
export function heldByCrm(link: Link | undefined, known: Fields): Fields {
  const told = offeredFields(link?.offered ?? {}).map(([name, { value }]) => [name, value]);
  return { ...known, ...link?.crm, ...Object.fromEntries(told) };
}

function mergeNotice(input: Prepared, merged: Merged, known: Fields): Notice | undefined {
  const { codec, observed, link } = input;
  const changed = Object.keys(merged.toCrm);
  const isSaid = changed.length + merged.conflicts.length > 0;
  const isNews = isSaid || standsAlone(input) || isRenamed(input, observed?.googleId);
  if (!isNews) return undefined;
  const values = {
    ...heldByCrm(link, known),
    ...merged.agreed,
    ...merged.toGoogle,
    ...merged.toCrm,
  };
  const rejected = rejection(input, merged.refused, "Google's values are in data");
  return {
    op: 'upsert',
    data: forCrm(codec, values, link, known),
    changed,
    ...(merged.conflicts.length > 0 && { conflicts: merged.conflicts }),
    ...(rejected && { rejected }),
    ...(observed?.redacted && isConcealed(link, observed) && { redacted: true }),
  };
}

/**
 * Whether the CRM calls the record in this user's place by another object's id, as the former owner's from
 * before a hand-over: the user may have a copy of that, and what is told of it would be taken for the record's.
 */
export function isRenamed(
  { codec, link, intent, context }: Prepared,
  googleId: string | undefined,
) {
  const named = intent?.adopted?.[context.userId]?.googleId;
  if (!intent || named === undefined || named === googleId) return false;
  // A member of a group is known by its place. Without a version it was written by a run that died then.
  return (
    !namesMember(codec, intent) &&
    (!link || (link.origin === 'crm' && link.crmVersion === undefined))
  );
}

/** Tells which of the CRM's changes are the owner's to make; undefined when there is none. */
export function rejection(
  { observed, link, intent }: Prepared,
  refused: string[],
  instead: string,
): Rejection | undefined {
  if (refused.length === 0 || !intent) return undefined;
  return {
    reason: observed?.foreign || link?.foreign ? 'notOrganizer' : 'hidden',
    detail: `${intent.record} ${intent.crmId}: ${refused.join(', ')} can only be changed by its owner in Google; ${instead}`,
  };
}

/** Google's state for the CRM: all that Google knows, with the names of what really changed. */
export function tell(
  { codec, observed, link, heir, alike }: Prepared,
  rule: Rule,
  values: Fields,
): Decision {
  const data = forCrm(codec, values, link);
  // What is back may be an older object, which does not hold what was said since. And what a guest has of his or
  // her own, as the answer, does not go over.
  const before = link ? knownGoogle(link) : {};
  const isLost = (name: string) =>
    !sameValue(before[name] ?? null, null) ||
    (heir !== undefined && codec.fields[name]?.personal === true);
  const isNews = (name: string) => !sameValue(data[name], null) || isLost(name);
  return {
    ...decide(rule, { link: 'live', offers: data }),
    notice: {
      op: 'upsert',
      data,
      changed: Object.keys(data).filter(isNews),
      ...(heir && { formerUserId: heir.userId }),
      ...(alike && { alike }),
      ...(observed?.redacted && isConcealed(link, observed) && { redacted: true }),
    },
  };
}

/**
 * The fields that the CRM is told; texts that Google holds only the beginning of are told whole, and lists
 * with what Google (as it is now) says of their entries: the CRM may send none of that, and show it.
 */
export const forCrm = (codec: Codec, values: Fields, link?: Link, google: Fields = {}): Fields =>
  Object.fromEntries(
    Object.entries(wholeTexts(codec.fields, values, link))
      .filter(([n]) => codec.fields[n] && codec.fields[n]?.flow !== 'crm')
      .map(([n, value]) => [n, withEntries(codec.fields[n]?.listKey, value, google[n])]),
  );

function withEntries(key: string | undefined, list: Json, google: Json | undefined): Json {
  if (!key || !Array.isArray(list)) return list;
  const theirs = byKey(google, key);
  return [...byKey(list, key)].map(([id, entry]): Json => ({ ...theirs.get(id), ...entry }));
}
