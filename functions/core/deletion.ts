/** What deleting may not take away in silence, and when it is final (design rule 10). */
import { type Decision, decide, type Notice } from './decision.ts';
import type { Fields } from './fields.ts';
import { lastTakenOff } from './intent.ts';
import { knownGoogle, offeredFields, sameAs, WITH_GROUP } from './merge.ts';
import type { Conflict } from './messages.ts';
import type { Intent, Link } from './records.ts';
import {
  type Along,
  forCrm,
  heldByCrm,
  isNew,
  mergeSides,
  mergeWith,
  type Prepared,
  seenChange,
  versionKnown,
} from './sides.ts';
import type { Rule } from './table.ts';

/** Deletes the object at Google, in the version that was read or written last. */
export function remove({ codec, link, observed }: Prepared, rule: Rule): Decision {
  const googleId = observed?.googleId ?? link?.googleId;
  const theirs = codec.keepsForeign && (observed?.foreign ?? link?.foreign);
  if (!googleId || theirs) return decide(rule, { link: 'deleted' });
  const etag = observed?.etag ?? link?.etag;
  return { ...decide(rule, { link: 'deleted' }), write: { kind: 'delete', googleId, etag } };
}

/** How messages call what the CRM has done to a record that is not to be at Google any more. */
export const fieldOf = ({ op }: Pick<Intent, 'op'>): Along['field'] =>
  op === 'delete' ? 'deletedInCrm' : 'cancelledInCrm';

/** The record lives on although the CRM deleted or cancelled it; the CRM decides again (rule 10). */
export function beatsDelete(
  decision: Decision,
  field: string,
  data: Fields,
  link?: Link,
): Decision {
  const notice: Notice = { changed: [], ...decision.notice, op: 'upsert' };
  // Of this record it has not heard that: a CRM that applies just what has changed would put it back.
  const withGroup = offeredFields(link?.offered ?? {}).filter(([, o]) => o.change === WITH_GROUP);
  const changed = new Set([...(notice.changed ?? []), ...withGroup.map(([name]) => name)]);
  return {
    ...decision,
    notice: {
      ...notice,
      changed: [...changed],
      data: { ...data, ...notice.data },
      conflicts: [...(notice.conflicts ?? []), { field, winner: 'google' }],
    },
    offers: { ...decision.offers, deletedInCrm: true },
  };
}

/** The same for a record with a link, both sides merged. */
export function livesOn(input: Prepared, link: Link, field: string): Decision {
  const { codec, observed } = input;
  const merged = mergeSides(input, 'editBeatsDelete');
  const now = { ...knownGoogle(link), ...observed?.fields };
  const held = { ...heldByCrm(link, now), ...merged.offers, ...merged.agreed };
  return beatsDelete(merged, field, forCrm(codec, held, link, now), link);
}

/** Whether somebody has edited the object at Google since it was read or written last. `said`: the CRM, of its group. */
export function isEdited(input: Prepared, said: Fields = input.word): boolean {
  const { codec, link, observed, word } = input;
  // A person restored it from the bin, or took it in again.
  if (link?.state !== 'live') return true;
  const known = knownGoogle(link);
  const now: Fields = { ...known, ...observed?.fields };
  const differs = (n: string, from: Fields) => !sameAs(codec.fields[n], now[n], from[n]);
  // What equals the CRM's own word is our write, whose answer was lost; and a guest who answers keeps
  // no meeting that its owner calls off.
  return Object.keys(now).some(
    (n) => !isOfGroup(input, n) && [known, word, said].every((from) => differs(n, from)),
  );
}

/**
 * Set in one member, be it by the CRM, it is so in all of its group: it keeps nobody from taking another one out,
 * and stays with the rest. What goes along with its group takes it along.
 */
const isOfGroup = ({ codec, link, observed, along }: Prepared, name: string) =>
  codec.fields[name]?.ofGroup === true && !along && (observed?.group ?? link?.group) !== undefined;

/** What the old owner changed at Google and the CRM has not heard of: it goes, but not in silence. */
function unheard(input: Prepared, link: Link): Conflict[] {
  const told = Object.entries(link.offered).filter(([name]) => isUnseen(input, link, name));
  const offers = Object.fromEntries(told.map(([name, offer]) => [name, offer.value]));
  return lostWith(input, link, { ...offers, ...untold(input) });
}

/**
 * The delete is final. Of what the CRM had decided to delete already, and heard that it lives on, what was
 * edited since goes as well, but not in silence. `again`: it heard so of the record, or of its group.
 */
export function removeForGood(
  input: Prepared,
  again = input.link?.offered.deletedInCrm !== undefined,
): Decision {
  const { link, observed } = input;
  const removed = remove(input, 'removeAtGoogle');
  if (link?.state !== 'live' || !again) return removed;
  const news = { ...crossed(input, link), ...(observed && untold(input)) };
  return aloud(removed, lostWith(input, link, news));
}

/**
 * What the CRM was told after it had heard that the record lives on, and had not seen when it decided: it
 * passes over news of what it has deleted, so it has to be said aloud.
 */
function crossed(input: Prepared, link: Link): Fields {
  const asked = link.offered.deletedInCrm?.change ?? Number.POSITIVE_INFINITY;
  const later = Object.entries(link.offered).filter(
    ([name, { change }]) => change > asked && isUnseen(input, link, name),
  );
  return Object.fromEntries(later.map(([name, { value }]) => [name, value]));
}

/** Google's values as read that the CRM was never told. */
const untold = (input: Prepared): Fields =>
  mergeSides({ ...input, intent: undefined, data: {} }, 'merge').offers;

const lostWith = ({ data }: Prepared, link: Link, news: Fields): Conflict[] =>
  Object.entries(news).map(([field, google]) => ({
    field,
    crm: data[field] ?? link.crm[field] ?? null,
    google: google ?? null,
    winner: 'crm',
  }));

/** Deletes what is handed over, or was when its run died, and says what is lost with it. */
export const removeAloud = (input: Prepared, link: Link, rule: Rule): Decision =>
  aloud(remove(input, rule), unheard(input, link));

const aloud = (decision: Decision, conflicts: Conflict[]): Decision =>
  conflicts.length === 0
    ? decision
    : { ...decision, notice: { op: 'upsert', changed: [], conflicts } };

/**
 * Names of what the intent says that differs from the base, and from what was deleted. What the CRM adds of
 * its own when it takes a record over is no edit yet.
 */
export function newsOf(input: Prepared): string[] {
  const { toGoogle } = mergeWith(input, undefined);
  const seen = heldAtTheEnd(input);
  return Object.keys(toGoogle).filter(
    (n) => (isNamed(input) || input.codec.fields[n]?.flow !== 'crm') && !(n in seen),
  );
}

/**
 * What the CRM has said, and goes with an object that was deleted at Google, but not in silence: what loses against
 * Google's newer values, and what it edited of the user's own in another organizer's object.
 */
export function lostWithObject(input: Prepared): Conflict[] {
  const { link, data } = input;
  const held = heldAtTheEnd(input);
  const beaten = mergeWith(input, undefined).conflicts.filter(
    ({ field, winner }) => winner === 'google' && !(field in held),
  );
  if (!link?.foreign) return beaten;
  const google = knownGoogle(link);
  const own = newsOf(input).map(
    (field): Conflict => ({
      field,
      crm: data[field] ?? null,
      google: google[field] ?? null,
      winner: 'google',
    }),
  );
  return [...beaten, ...own];
}

/**
 * Whether the CRM knew the record by this name before. Restored under another one (rule 10) it is taken over
 * as if it were born at Google, and has a link into the CRM and the like that nobody has edited.
 */
const isNamed = ({ link, intent }: Prepared) =>
  link?.crmId !== undefined && link.crmId === intent?.crmId;

/**
 * What the CRM wants and the deleted object held: our own write, by a run that died before it knew.
 * Whoever deleted the object saw it.
 */
export function heldAtTheEnd({ observed, data, codec }: Prepared): Fields {
  const { was = {} } = observed ?? {};
  return Object.fromEntries(
    Object.entries(data).filter(([n, v]) => n in was && sameAs(codec.fields[n], v, was[n])),
  );
}

/**
 * What the CRM holds of an object that went while it was adopted: its first word is no edit, and saying
 * the same again is none either. Nothing for a record that the CRM had named before.
 */
export function adoptedWith(input: Prepared): Fields {
  const { link, data, codec } = input;
  if (isNamed(input)) return {};
  if (!link) return data;
  return Object.fromEntries(Object.entries(data).filter(([n]) => codec.fields[n]?.flow === 'crm'));
}

/** The same delete again, after the CRM was told that the record lives on: only a newer one is final. */
export const isAnswered = ({ link, intent }: Pick<Prepared, 'link' | 'intent'>) =>
  link?.state === 'live' &&
  link.offered.deletedInCrm !== undefined &&
  link.crmId === intent?.crmId &&
  (intent?.version ?? 0) <= (link.crmVersion ?? -1);

/** Google's newer values are on their way to the CRM, which deleted the record before it saw them. */
export function hasUnseenOffers(input: Prepared): boolean {
  const { link } = input;
  if (link?.state !== 'live' || link.offered.deletedInCrm) return false;
  if (isBackUnseen(input)) return true;
  // Who takes one out of a group does not lose what is new in all of them.
  return Object.entries(link.offered).some(
    ([name, { change }]) =>
      change !== WITH_GROUP && !isOfGroup(input, name) && isUnseen(input, link, name),
  );
}

/** A deletion that the CRM was told was taken back since: it may have applied that one just now. */
const isBackUnseen = ({ link, intent }: Pick<Prepared, 'link' | 'intent'>): boolean => {
  const word = link?.offered.deletedInGoogle;
  return word?.value === false && word.change > seenChange(link, intent);
};

/**
 * Whether the CRM wants the record in spite of what it was told of a deletion. Neither what is only looked at again
 * says so, nor what was sent before it heard that the deletion was taken back: its echo of that may come yet.
 */
export function isWantedAgain(input: Pick<Prepared, 'link' | 'intent'>): boolean {
  const { link, intent } = input;
  if (!intent || !isBackUnseen(input)) return intent !== undefined;
  return intent.seen === undefined && isNew(link, intent);
}

function isUnseen({ codec, intent, data, parent }: Prepared, link: Link, name: string): boolean {
  const offer = link.offered[name];
  const spec = codec.fields[name];
  if (!offer || !spec) return false;
  // No word on a field is not the word that it was emptied.
  if (name in data && sameAs(spec, data[name], offer.value)) return false;
  // Google back at what both sides held, or the CRM's own word told back to it, is nobody's edit. Nor is its
  // word on the whole group; but that it left a field empty there may be a person's, who emptied it here.
  const said = parent?.crm[name] ?? undefined;
  const words = [link.google[name], link.crm[name], ...(said === undefined ? [] : [said])];
  const held = words.some((value) => sameAs(spec, offer.value, value));
  return offer.change > seenChange(link, intent) && !held;
}

/** The CRM was told of the deletion and has said nothing since: its last word is only looked at again. */
export const toldDeletion = ({ link, intent }: Prepared): boolean =>
  link?.offered.deletedInGoogle?.value === true &&
  intent !== undefined &&
  intent.version <= versionKnown(link, intent);

/** What the CRM wants it wants in the knowledge that the object was deleted at Google. */
export function sawDeletion({ link, intent }: Pick<Prepared, 'link' | 'intent'>): boolean {
  const offer = link?.offered.deletedInGoogle;
  return offer?.value === true && seenChange(link, intent) >= offer.change;
}

/**
 * The CRM took the record off and planned it again since it was last decided: its object may have been taken
 * out by a run that died before it said so, and is not missed (rule 2).
 */
export function wasOff({ link, intent }: Pick<Prepared, 'link' | 'intent'>): boolean {
  if (!intent || link?.state !== 'live' || link.foreign) return false;
  const version = lastTakenOff(intent);
  return version !== undefined && version > versionKnown(link, intent);
}
