/**
 * Three-way merge of one record, field by field, against the base. Pure; never looks at a clock:
 * whose edit is newer by the time of day is unknowable across two machines (P6).
 *
 * The base has two spellings per field: what the CRM had (`crm`) and what Google returned for it
 * (`google`), because Google trims, drops and completes. A side has edited a field when it differs from
 * its own spelling. Offers are Google's newer values that the CRM was told and has not confirmed: a
 * CRM message that still shows the old value was written before it saw the offer, and is no edit.
 */
import { byKey, type Codec, type FieldSpec } from './codec.ts';
import { uncut } from './cut.ts';
import { type Fields, type Json, sameValue } from './fields.ts';
import type { Conflict } from './messages.ts';
import type { Link, Offer, Told } from './records.ts';

/** Who wins a field, by its name (`title`), or of one record type (`contact.title`), which goes first. */
export type Policy = { readonly [field: string]: 'crm' | 'google' };

const winnerOf = ({ policy, codec }: MergeInput, field: string): 'crm' | 'google' =>
  policy[`${codec.record}.${field}`] ?? policy[field] ?? 'crm';

/** The last values that both sides provably held, in each side's spelling, and what the CRM was offered since. */
export interface Base {
  crm: Fields;
  google: Fields;
  offered: Link['offered'];
}

/** Base, and the two sides as they are now. */
export interface MergeInput {
  codec: Codec;
  base: Base;
  /** The CRM's new state; undefined: it sent nothing. */
  crm: Fields | undefined;
  /** Google's state as read; undefined: not read, so it is what the base and the offers say. */
  google: Fields | undefined;
  /** Offers up to this number are confirmed: the CRM says that it had seen them. */
  seen: number;
  /** Its state was looked at before: it gets no second answer. */
  again?: boolean;
  /** What it was told since was about a record that it does not know to be this one. */
  deaf?: boolean;
  /** The newest offer that it can show the value of; absent: any, since it does not say what it had seen. */
  mayShow?: number | undefined;
  policy: Policy;
  /** Fields that the CRM may not change (another organizer's event, a hidden one). */
  locked: (field: string) => boolean;
}

/** What each side lacks, by field, and where they clashed. */
export interface Merged {
  /** Fields to write to Google, with their values. */
  toGoogle: Fields;
  /** Fields to tell the CRM, with their values. */
  toCrm: Fields;
  /** Fields on which both sides agree now, as the CRM spells them. */
  agreed: Fields;
  conflicts: Conflict[];
  /** Locked fields that the CRM tried to change. */
  refused: string[];
}

/** Merges one record. Deterministic: same inputs, same outcome, whatever arrived first. */
export function merge(input: MergeInput): Merged {
  const merged: Merged = { toGoogle: {}, toCrm: {}, agreed: {}, conflicts: [], refused: [] };
  for (const names of groupsOf(input.codec.fields)) mergeGroup(names, input, merged);
  return merged;
}

/** What the CRM was told of a record as a whole stands beside the offered fields, and is none. */
const words: readonly string[] = ['deletedInCrm', 'deletedInGoogle'];

/**
 * The `change` of what a member of a group was offered with the group, and not by a change of its own: those
 * are counted from 1.
 */
export const WITH_GROUP = 0;

/** The fields among what is offered. */
export const offeredFields = (offered: Link['offered']): [string, Offer][] =>
  Object.entries(offered).filter(([name]) => !words.includes(name));

/** Google's value of each field as far as we know without reading. */
export function knownGoogle(base: Base): Fields {
  const offers = offeredFields(base.offered).map(([name, offer]) => [
    name,
    offer.google ?? offer.value,
  ]);
  return { ...base.crm, ...base.google, ...Object.fromEntries(offers) };
}

function groupsOf(fields: Codec['fields']): string[][] {
  const groups = new Map<string, string[]>();
  for (const [name, spec] of Object.entries(fields)) {
    const key = spec.group ?? name;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups.values()];
}

function mergeGroup(names: string[], input: MergeInput, merged: Merged): void {
  const spec = input.codec.fields[names[0] ?? ''] as FieldSpec;
  const views = names.map((name) => viewOf(name, input.codec.fields[name] ?? spec, input));
  const crmEdited = spec.flow !== 'google' && views.some((v) => v.crmEdited);
  const googleEdited = spec.flow !== 'crm' && views.some((v) => v.googleEdited);
  if (crmEdited && views.some((v) => input.locked(v.name))) {
    // Both sides become equal again by telling the CRM what Google has.
    merged.refused.push(...views.filter((v) => v.crmEdited).map((v) => v.name));
    for (const v of views) merged.toCrm[v.name] = v.google ?? null;
    return;
  }
  if (spec.listKey) {
    const list = views[0] as View;
    if (googleEdited) mergeList(list, spec.listKey, crmEdited, merged);
    else listOfCrm(list, spec.listKey, crmEdited, input, merged);
    return;
  }
  if (crmEdited && googleEdited && spec.entryKey) {
    mergeEntries(views[0] as View, spec.entryKey, input, merged);
    return;
  }
  const differ = views.filter((v) => !sameValue(v.crm, v.google));
  // That Google has filled in what the CRM leaves open is no difference where they agree on the rest.
  const leftOpen = differ.every((v) => v.leftOpen) ? differ : [];
  if (crmEdited && googleEdited && differ.length > leftOpen.length) {
    resolve(views, input, merged);
    return;
  }
  for (const v of views) {
    if (crmEdited && !leftOpen.includes(v)) takeFromCrm(v, merged);
    else if ((googleEdited && isNews(v, input)) || (isMissed(v) && !leftOpen.includes(v)))
      merged.toCrm[v.name] = v.google ?? null;
    else if (!googleEdited && v.confirmed) {
      merged.agreed[v.name] = v.google ?? null;
    }
  }
}

/**
 * Google's list is as it was. The CRM decides who is on it; names and answers of the entries are Google's. A
 * CRM that says of one what Google says otherwise, or says no more what it has said or heard, is told, once:
 * what it goes on saying after that is its own business.
 */
function listOfCrm(
  view: View,
  key: string,
  crmEdited: boolean,
  { again, seen }: MergeInput,
  merged: Merged,
): void {
  const { name, crm, said, mentioned, confirmed, offer } = view;
  const touched = isTouched(view);
  if (crmEdited) takeFromCrm(view, merged);
  // As the CRM has it: Google does not have everybody on it, nor has the CRM all that Google says.
  else if (confirmed || (!offer && touched))
    merged.agreed[name] = (mentioned ? crm : view.baseCrm) ?? null;
  // Whoever has heard of somebody, and names him or her for the first time, keeps what it names.
  const isDue = (id: string) => (offer?.change ?? 0) > seen || byKey(said, key).has(id);
  const told = [...byKey(offer?.value, key)].filter(([id]) => isDue(id)).map(([, e]) => e);
  const list = asGoogleSays(crm, view.google, key, [said, told]);
  const isNew = touched || (mentioned && confirmed && !offer?.reply && !again);
  if (!isNew || sameValue(list, crm)) return;
  merged.agreed[name] = crm ?? null;
  merged.toCrm[name] = list;
}

/** The CRM says something else than it did before. */
const isTouched = ({ crm, said }: View) => crm !== undefined && !sameValue(crm, said);

/**
 * The CRM's list with what Google says otherwise of an entry. What the CRM has no word on is no difference,
 * unless one of these lists shows that it had.
 */
export function asGoogleSays(
  list: Json | undefined,
  google: Json | undefined,
  key: string,
  before: (Json | undefined)[] = [],
): Json {
  const theirs = byKey(google, key);
  const had = before.map((known) => byKey(known, key));
  if (!Array.isArray(list)) return list ?? null;
  return [...byKey(list, key)].map(([id, entry]): Json => {
    const knows = (name: string) =>
      [entry, ...had.map((known) => known.get(id) ?? {})].some((e) => name in e);
    const other = Object.entries(theirs.get(id) ?? {}).filter(([name]) => knows(name));
    return { ...entry, ...Object.fromEntries(other) };
  });
}

/** Whether the CRM was not told that already. */
const isNews = ({ offer, shown, confirmed }: View, { deaf }: MergeInput) =>
  offer === undefined || (deaf && !confirmed) || !sameValue(offer.google ?? offer.value, shown);

/** It was told, but shows an older value and does not say what it has seen: told again. */
const isMissed = ({ stale, crm, google }: View) => stale && !sameValue(crm, google);

interface View {
  name: string;
  /** The CRM has a word on it. */
  mentioned: boolean;
  crm: Json | undefined;
  /** As the CRM said it last, whatever it was told since. */
  said: Json | undefined;
  google: Json | undefined;
  /** As it stands at Google, where a long text may be cut. */
  shown: Json | undefined;
  /** The CRM's value before its edit. */
  baseCrm: Json | undefined;
  /** Google's value that both sides held last, whatever the CRM was told since. */
  baseGoogle: Json | undefined;
  crmEdited: boolean;
  googleEdited: boolean;
  offer: Offer | undefined;
  /** The offer is the common value now. */
  confirmed: boolean;
  /** The CRM may yet take the offer, also over what it says: it has not heard, or not heard again, of it. */
  underWay: boolean;
  /** The CRM still shows the value from before the offer, and does not say what it has seen. */
  stale: boolean;
  /** The CRM leaves it to Google to fill it in. */
  leftOpen: boolean;
}

function viewOf(name: string, spec: FieldSpec, input: MergeInput): View {
  const { base, mayShow = Number.POSITIVE_INFINITY } = input;
  const baseCrm = name in base.crm ? base.crm[name] : base.google[name];
  const baseGoogle = [base.google, base.crm].find((side) => name in side)?.[name] ?? spec.initial;
  const offer = base.offered[name];
  const known = offer ? (offer.google ?? offer.value) : baseGoogle;
  const shown = input.google && name in input.google ? input.google[name] : known;
  const mentioned = input.crm !== undefined && name in input.crm;
  const crm = mentioned ? input.crm?.[name] : baseCrm;

  const google = uncut(spec, shown, known, [crm, offer?.value, baseCrm]);
  const same = (a: Json | undefined, b: Json | undefined) => sameAs(spec, a, b);
  // Who says what it has seen has not seen an answer that its list does not show.
  const shows = spec.listKey && input.seen >= 0 ? sameValue : same;
  const isShown = offer !== undefined && mentioned && shows(crm, offer.value);
  const confirmed = isShown || (offer !== undefined && offer.change <= input.seen);
  // What the CRM has seen for sure is the base: only then can going back to an older value be an edit.
  const reference = confirmed ? offer.value : (lastSeen(offer, input.seen)?.value ?? baseCrm);
  // It shows what it may have been told since: no edit either, the newest offer is on its way. But where
  // that is its own word, told back to it, it has changed its mind.
  const isOld = ({ value, change }: Told) =>
    change > input.seen && change <= mayShow && same(crm, value);
  // Nor is its own value that has lost already: it was told so, and has not seen that yet.
  const lost = offer?.beaten;
  const hasLost = lost !== undefined && lost.change > input.seen && same(crm, lost.value);
  const isBehind = hasLost || (!offer?.own && offer?.earlier?.some(isOld) === true);
  const behind = !confirmed && isBehind;
  const leftOpen = spec.assigned === true && sameValue(crm, null);
  // Also back at the base: what the CRM has seen since is the common value, and it does not hear of the rest.
  const isUnheard = input.deaf === true && offer !== undefined && !same(shown, reference);
  const crmEdited = mentioned && !same(crm, reference) && !behind && !leftOpen;
  return {
    name,
    mentioned,
    crm,
    said: baseCrm,
    google,
    shown,
    baseCrm: reference,
    baseGoogle: confirmed ? known : baseGoogle,
    crmEdited,
    // Back at the base while the CRM was told something else: that is news too.
    googleEdited:
      !sameValue(shown, known) || (!confirmed && (isUnheard || !sameValue(shown, baseGoogle))),
    offer,
    confirmed,
    underWay: offer !== undefined && !isShown && (offer.again ?? offer).change > input.seen,
    stale: mentioned && offer !== undefined && !confirmed && input.seen < 0 && !input.again,
    leftOpen,
  };
}

/**
 * What the CRM was told before the offer and has confirmed. Of its own word told back to it, only what it has
 * applied since it said so: the word was newer than what it had applied before.
 */
const lastSeen = (offer: Offer | undefined, seen: number): Told | undefined =>
  offer?.earlier?.findLast(
    ({ change }) => change <= seen && (!offer.own || change > (offer.since ?? seen)),
  );

/** What the CRM held before it said something new: the base, with what it has seen of Google's since. */
export function heldBefore({ crm, offered }: Base, seen: number): Fields {
  const known = offeredFields(offered).flatMap(([name, offer]): [string, Json][] => {
    const told = offer.change <= seen ? offer : lastSeen(offer, seen);
    return told ? [[name, told.value]] : [];
  });
  return { ...crm, ...Object.fromEntries(known) };
}

/** Of a list the CRM decides only who is on it; names and answers of the entries are Google's. */
export function sameAs(
  spec: FieldSpec | undefined,
  a: Json | undefined,
  b: Json | undefined,
): boolean {
  const key = spec?.listKey;
  if (!key) return sameValue(a, b);
  const keys = (list: Json | undefined) => [...byKey(list, key).keys()].sort();
  return sameValue(keys(a), keys(b));
}

/**
 * Google's list changed: what it added, removed or answered is applied to the CRM's list, which may
 * hold people whom Google never had (customers are not invited by default) and they stay.
 */
function mergeList(view: View, key: string, crmEdited: boolean, merged: Merged): void {
  // Without a word on it (it has deleted the record) the CRM holds what it has heard of.
  const held = view.mentioned ? view.crm : view.baseCrm;
  const result = byKey(held, key);
  const google = byKey(view.google, key);
  const before = byKey(view.baseGoogle, key);
  for (const [id, entry] of google) {
    if (result.has(id) || !before.has(id)) result.set(id, { ...result.get(id), ...entry });
  }
  for (const id of before.keys()) if (!google.has(id)) result.delete(id);
  const list: Json = [...result.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, e]) => e);
  const isOffered = view.offer !== undefined && sameValue(view.offer.value, list);
  // A CRM that has edited the list since does not take what it was told: it waits to hear what counts.
  const isNews = !sameValue(list, held) && (!isOffered || isTouched(view) || view.stale);
  if (isNews) merged.toCrm[view.name] = list;
  // What Google adds to it is an offer, and no common value yet: the CRM that repeats its own takes nobody off.
  if (isNews && (crmEdited || isTouched(view))) merged.agreed[view.name] = view.crm ?? null;
  else if (crmEdited) merged.agreed[view.name] = list;
  if (!crmEdited) return;
  merged.toGoogle[view.name] = list;
}

/**
 * Both sides changed the same list: what one side added, changed or removed is applied to what the other
 * has; only an entry that both touched is a conflict.
 */
function mergeEntries(view: View, key: string, input: MergeInput, merged: Merged): void {
  const [crm, google] = [byKey(view.crm, key), byKey(view.google, key)];
  const [crmWas, googleWas] = [byKey(view.baseCrm, key), byKey(view.baseGoogle, key)];
  const winner = winnerOf(input, view.name);
  const list: Json[] = [];
  let clash = false;
  for (const id of new Set([...google.keys(), ...crm.keys()])) {
    const [mine, theirs] = [crm.get(id), google.get(id)];
    const crmTouched = !sameValue(mine, crmWas.get(id));
    const both = crmTouched && !sameValue(theirs, googleWas.get(id)) && !sameValue(mine, theirs);
    clash ||= both;
    const entry = crmTouched && !(both && winner === 'google') ? mine : theirs;
    if (entry !== undefined) list.push(entry);
  }
  const { name, crm: said = null, google: shown = null } = view;
  const value: Json = list.length === 0 ? null : list;
  if (clash) merged.conflicts.push({ field: name, crm: said, google: shown, winner });
  // As far as the CRM knows: what Google adds to it is an offer, and no common value yet.
  merged.agreed[name] = said;
  if (!sameValue(value, shown)) merged.toGoogle[name] = value;
  if (!sameValue(value, said)) merged.toCrm[name] = value;
}

function resolve(views: View[], input: MergeInput, merged: Merged): void {
  const name = views[0]?.name ?? '';
  const winner = winnerOf(input, name);
  for (const v of views) {
    if (!sameValue(v.crm, v.google)) {
      merged.conflicts.push({
        field: v.name,
        crm: v.crm ?? null,
        google: v.google ?? null,
        winner,
      });
    }
    if (winner === 'google') {
      merged.toCrm[v.name] = v.google ?? null;
      continue;
    }
    takeFromCrm(v, merged);
  }
}

function takeFromCrm(v: View, merged: Merged): void {
  const value = v.crm ?? null;
  merged.agreed[v.name] = value;
  if (!sameValue(v.crm, v.google)) merged.toGoogle[v.name] = value;
  // The CRM may have taken the offer meanwhile: it hears that its own value stands.
  if (v.underWay) merged.toCrm[v.name] = value;
}
