/**
 * What to do with one record: a pure decision from the base (link), the CRM's new state (intent) and
 * Google's state (observed). Decisions are data: they can be printed, counted and tested; effects
 * happen in sync/execute.ts alone.
 */

import type { Codec, CodecContext, Observed, Patch } from './codec.ts';
import { conceal, isConcealed } from './conceal.ts';
import { type Fields, sameValue } from './fields.ts';
import { changeNumber } from './link.ts';
import { knownGoogle, type Merged, merge, type Policy } from './merge.ts';
import type { Conflict, Rejection } from './messages.ts';
import type { Intent, Link } from './records.ts';

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
}

export type Write =
  | {
      kind: 'insert';
      googleId: string | undefined;
      crmId: string;
      generation: number;
      fields: Fields;
    }
  | { kind: 'patch'; googleId: string; etag: string | undefined; patch: Patch }
  | { kind: 'delete'; googleId: string; etag: string | undefined };

/** What the CRM is told. */
export interface Notice {
  op: 'upsert' | 'delete' | 'reject';
  data?: Fields;
  changed?: string[];
  conflicts?: Conflict[];
  reason?: string;
  redacted?: boolean;
  rejected?: Rejection;
}

export interface Decision {
  /** The row of the state table that applied (ARCHITECTURE.md, "States of a link"). */
  rule: Rule | 'undo' | 'keep';
  /** Why a change is not undone (rule `keep`). */
  kept?: string;
  write?: Write;
  notice?: Notice;
  /** What becomes of the link once write and notice are done. */
  link: 'unchanged' | 'live' | 'deleted' | 'none';
  /** Values that both sides hold then, as the CRM spells them. */
  agreed: Fields;
  /** Google's values that the notice tells the CRM. */
  offers: Fields;
  /** The intent is kept until this time (ms since the epoch) because it lies outside the window. */
  wakeAt?: number;
}

/** What the CRM and Google did since the base; and what we hold. */
type CrmSide = 'silent' | 'edited' | 'removed' | 'handedOver';
type GoogleSide = 'unread' | 'live' | 'gone' | 'elsewhere';
type LinkSide = 'none' | 'live' | 'deleted';

export type Rule =
  | 'nothing'
  | 'insert'
  | 'import'
  | 'adopt'
  | 'merge'
  | 'removeAtGoogle'
  | 'removeAtCrm'
  | 'editBeatsDelete'
  | 'insertAgain'
  | 'moveHere'
  | 'insertHere'
  | 'bothGone'
  | 'reappeared'
  | 'handOver'
  | 'removeOlder'
  | 'refuse';

/** Complete by type: presence of a link × what the CRM did × what Google shows. */
const table: { [L in LinkSide]: { [C in CrmSide]: { [G in GoogleSide]: Rule } } } = {
  none: {
    silent: { unread: 'nothing', live: 'import', gone: 'nothing', elsewhere: 'nothing' },
    edited: { unread: 'insert', live: 'adopt', gone: 'insertAgain', elsewhere: 'insert' },
    removed: { unread: 'nothing', live: 'adopt', gone: 'bothGone', elsewhere: 'nothing' },
    handedOver: { unread: 'nothing', live: 'handOver', gone: 'nothing', elsewhere: 'nothing' },
  },
  live: {
    silent: { unread: 'nothing', live: 'merge', gone: 'removeAtCrm', elsewhere: 'moveHere' },
    edited: { unread: 'merge', live: 'merge', gone: 'insertAgain', elsewhere: 'insertHere' },
    removed: {
      unread: 'removeAtGoogle',
      live: 'editBeatsDelete',
      gone: 'bothGone',
      elsewhere: 'bothGone',
    },
    handedOver: { unread: 'handOver', live: 'handOver', gone: 'handOver', elsewhere: 'handOver' },
  },
  deleted: {
    silent: { unread: 'nothing', live: 'reappeared', gone: 'nothing', elsewhere: 'nothing' },
    edited: {
      unread: 'insertAgain',
      live: 'adopt',
      gone: 'insertAgain',
      elsewhere: 'insertAgain',
    },
    removed: { unread: 'nothing', live: 'editBeatsDelete', gone: 'nothing', elsewhere: 'nothing' },
    handedOver: { unread: 'handOver', live: 'handOver', gone: 'handOver', elsewhere: 'handOver' },
  },
};

/** Decides for one record. Never throws; same input, same decision. */
export function plan(given: PlanInput): Decision {
  const input = prepare(given);
  const { observed } = input;
  if (observed?.ignored && !input.link) return decide('nothing');
  // What the CRM knows as one record has become a group: to write there would change all of it.
  if (observed?.whole)
    return input.intent ? refuse(input.intent, 'group', GROUP) : decide('nothing');
  if (isOlder(input)) return handlers.removeOlder(input);
  const rule =
    table[input.link?.state ?? 'none'][crmSide(input)][
      observed === undefined ? 'unread' : observed.state
    ];
  return handlers[rule](input);
}

/** An earlier generation, restored by a person while the record lives on in a later one (P3). */
const isOlder = ({ link, observed }: Prepared) =>
  link?.state === 'live' &&
  observed?.marker !== undefined &&
  observed.googleId !== link.googleId &&
  observed.marker.generation < link.generation;

const GROUP = 'has become a series at Google that began before the window: change the series there';

type Prepared = PlanInput & { data: Fields };

/** Canonical values, without what Google's owner hides; what the CRM sends for that is ignored. */
function prepare(given: PlanInput): Prepared {
  const { codec, context, link, intent } = given;
  const observed = conceal(codec, link, given.observed);
  let data = intent?.op === 'upsert' ? codec.canonical(intent.data, context) : {};
  if (isConcealed(link, observed)) {
    data = Object.fromEntries(Object.entries(data).filter(([n]) => !codec.fields[n]?.hidden));
  }
  return { ...given, observed, data };
}

function crmSide({ intent, context, codec, data }: Prepared): CrmSide {
  if (!intent) return 'silent';
  if (intent.userId !== context.userId) return 'handedOver';
  return intent.op === 'delete' || codec.absent(data) ? 'removed' : 'edited';
}

const handlers: { [R in Rule]: (input: Prepared) => Decision } = {
  nothing: ({ link, intent }) =>
    // The CRM deletes what is already a tombstone: remember the version, write nothing.
    decide('nothing', link && intent ? { link: link.state } : {}),
  insert: (input) => insert(input, 'insert', input.link?.generation ?? 0, []),
  insertAgain(input) {
    const { link, intent, observed } = input;
    // A CRM message that crossed with the deletion and edits nothing must not bring the event back.
    const byGoogle = link?.state === 'live' || link?.deletedBy === 'google';
    if (byGoogle && !hasNews(input) && !sawDeletion(input)) return handlers.removeAtCrm(input);
    // An id stays taken after deletion: the next generation. A cancelled or deleted record that the
    // CRM plans again is no conflict; one that vanished at Google while the CRM changed it is.
    const taken = Math.max(link?.generation ?? -1, observed?.marker?.generation ?? -1);
    const vanished = link?.state === 'live' && observed?.state === 'gone';
    const conflicts: Conflict[] = vanished ? [{ field: 'deletedInGoogle', winner: 'crm' }] : [];
    return insert(
      input,
      intent?.googleId && !link ? 'insert' : 'insertAgain',
      taken + 1,
      conflicts,
    );
  },
  moveHere(input) {
    // What the CRM wants comes along, as both sides know it; the user's own objects stay where they are.
    const { link, codec, context } = input;
    if (!link?.crmId || link.origin !== 'crm') return decide('nothing');
    const generation = generationHere(input);
    const googleId = codec.googleId(context.userId, link.crmId, generation);
    const fields = knownGoogle(link);
    return {
      ...decide('moveHere', { link: 'live' }),
      write: { kind: 'insert', googleId, crmId: link.crmId, generation, fields },
    };
  },
  insertHere: (input) => insert(input, 'insertHere', generationHere(input), []),
  import(input) {
    const { observed, codec, context, window } = input;
    if (!observed) return decide('nothing');
    const period = codec.period(observed.fields, context);
    if (!period || period.to <= window.from || period.from >= window.to) return decide('nothing');
    // Ours, but we know of no wish of the CRM: its intent or our link comes with another message.
    if (observed.marker) return decide('nothing');
    return tell(input, 'import', observed.fields);
  },
  adopt: (input) => {
    if (crmSide(input) !== 'removed') return mergeSides(input, 'adopt');
    return remove(input, 'removeAtGoogle');
  },
  merge: (input) => mergeSides(input, 'merge'),
  removeAtGoogle(input) {
    if (isAnswered(input)) return decide('nothing');
    return hasUnseenOffers(input)
      ? handlers.editBeatsDelete(input)
      : remove(input, 'removeAtGoogle');
  },
  removeAtCrm: () => ({
    ...decide('removeAtCrm', { link: 'deleted', offers: { deletedInGoogle: true } }),
    notice: { op: 'delete', reason: 'movedOrDeleted' },
  }),
  editBeatsDelete(input) {
    const { link, observed, intent, codec, data } = input;
    if (!link) return remove(input, 'removeAtGoogle');
    // The version that we deleted: an old answer.
    // Of ours for sure: not known to be removed, or inserted by a run that died before it knew.
    const newer = (observed?.marker?.generation ?? -1) > link.generation;
    if (link.removing || newer) return remove(input, 'removeAtGoogle');
    if (isAnswered(input)) return decide('nothing');
    if (link.state === 'deleted' && link.etag === observed?.etag) return decide('nothing');
    const known = knownGoogle(link);
    const now = { ...known, ...observed?.fields };
    const edited =
      link.state === 'deleted' || // a person restored it from the bin
      hasUnseenOffers(input) ||
      // What equals the CRM's own word is our write, whose answer was lost.
      Object.keys(now).some((n) => !sameValue(now[n], known[n]) && !sameValue(now[n], data[n]));
    // Nothing was edited, or the CRM has seen the edit (it deletes again): the delete is final.
    if (!edited || link.offered.deletedInCrm) return remove(input, 'removeAtGoogle');
    const field = intent?.op === 'delete' ? 'deletedInCrm' : 'cancelledInCrm';
    const merged = mergeSides(input, 'editBeatsDelete');
    return beatsDelete(merged, field, forCrm(codec, { ...now, ...merged.agreed }));
  },
  bothGone: ({ link }) => decide('bothGone', link ? { link: 'deleted' } : {}),
  reappeared(input) {
    // It came back (moved away and back, or restored from the bin): the same link again.
    const { link, observed } = input;
    if (!observed || link?.etag === observed.etag) return decide('nothing');
    return tell(input, 'reappeared', observed.fields);
  },
  handOver(input) {
    const { link, observed, intent } = input;
    const ours = observed?.marker ?? (observed && observed.googleId === intent?.googleId);
    if (!link && !ours) return decide('nothing');
    if (link?.state === 'deleted' || observed?.state === 'gone' || observed?.state === 'elsewhere')
      return decide('handOver', { link: 'none' });
    const conflicts = link ? unheard(input, link) : [];
    return {
      ...remove(input, 'handOver'),
      link: 'none',
      ...(conflicts.length > 0 && { notice: { op: 'upsert', changed: [], conflicts } }),
    };
  },
  removeOlder: (input) => ({ ...remove(input, 'removeOlder'), link: 'unchanged' }),
  refuse: () => decide('refuse'),
};

/** The record lives on although the CRM deleted or cancelled it; the CRM decides again (rule 10). */
function beatsDelete(decision: Decision, field: string, data: Fields): Decision {
  const notice: Notice = { changed: [], ...decision.notice, op: 'upsert' };
  return {
    ...decision,
    notice: {
      ...notice,
      data: { ...data, ...notice.data },
      conflicts: [...(notice.conflicts ?? []), { field, winner: 'google' }],
    },
    offers: { ...decision.offers, deletedInCrm: true },
  };
}

/** What the old owner changed at Google and the CRM has not heard of: it goes, but not in silence. */
function unheard(input: Prepared, link: Link): Conflict[] {
  const told = Object.entries(link.offered).filter(([name]) => isUnseen(input, link, name));
  const news = {
    ...Object.fromEntries(told.map(([name, offer]) => [name, offer.value])),
    ...mergeSides({ ...input, intent: undefined, data: {} }, 'merge').offers,
  };
  return Object.entries(news).map(([field, google]) => ({
    field,
    crm: input.data[field] ?? link.crm[field] ?? null,
    google,
    winner: 'crm',
  }));
}

function decide(rule: Rule, rest: Partial<Decision> = {}): Decision {
  return { rule, link: 'unchanged', agreed: {}, offers: {}, ...rest };
}

/** Each place has ids of its own: the same one again, until one turns out to be taken there. */
function generationHere({ link, observed }: Prepared): number {
  const taken = observed?.marker?.generation;
  return taken === undefined ? (link?.generation ?? 0) : taken + 1;
}

/** Whether the intent says anything that differs from the base. */
function hasNews(input: Prepared): boolean {
  const merged = mergeWith(input, undefined);
  return Object.keys(merged.toGoogle).length > 0;
}

/** The same delete again, after the CRM was told that the record lives on: only a newer one is final. */
const isAnswered = ({ link, intent }: Prepared) =>
  link?.state === 'live' &&
  link.offered.deletedInCrm !== undefined &&
  link.crmId === intent?.crmId &&
  (intent?.version ?? 0) <= (link.crmVersion ?? -1);

/** Google's newer values are on their way to the CRM, which deleted the record before it saw them. */
function hasUnseenOffers(input: Prepared): boolean {
  const { link } = input;
  if (link?.state !== 'live' || link.offered.deletedInCrm) return false;
  return Object.keys(link.offered).some((name) => isUnseen(input, link, name));
}

function isUnseen({ codec, intent }: Prepared, link: Link, name: string): boolean {
  const offer = link.offered[name];
  if (!offer || !codec.fields[name]) return false;
  return offer.change > seenChange(link, intent) && !sameValue(offer.value, link.google[name]);
}

/** The CRM restores the record although it knows that it was deleted at Google. */
function sawDeletion({ link, intent }: Prepared): boolean {
  const offer = link?.offered.deletedInGoogle;
  return offer !== undefined && seenChange(link, intent) >= offer.change;
}

function insert(input: Prepared, rule: Rule, generation: number, conflicts: Conflict[]): Decision {
  const { codec, context, window, intent, link, data } = input;
  if (!intent) return decide('nothing');
  const unseen = unseenOffers(input);
  // What is inserted again comes back whole, with the fields that only the base still knows.
  const fields = { ...(link ? knownGoogle(link) : {}), ...link?.crm, ...data, ...unseen };
  const missing = codec.missing(fields);
  if (missing.length > 0) {
    return refuse(
      intent,
      'incomplete',
      `data lacks ${missing.join(' and ')}: send the record again with it`,
    );
  }
  const period = codec.period(fields, context);
  if (period && period.to < period.from) {
    return refuse(
      intent,
      'invalid',
      'data.end lies before data.start: send the record again corrected',
    );
  }
  if (period && period.to <= window.from) return decide('nothing');
  if (period && period.from >= window.to)
    return decide('nothing', { wakeAt: period.from - window.aheadMs });
  const googleId = codec.googleId(context.userId, intent.crmId, generation);
  const agreed = Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in unseen)));
  // The deleted object may have held edits that crossed with the CRM's: decided, and told, here too.
  const crossed = link ? mergeWith(input, undefined).conflicts : [];
  const lost = crossed.filter((c) => c.winner === 'google' && c.field in unseen);
  const offers = Object.fromEntries(lost.map((c) => [c.field, unseen[c.field] ?? null]));
  const all = [...conflicts, ...crossed];
  const changed = Object.keys(offers);
  return {
    ...decide(rule, { link: 'live', agreed, offers }),
    write: { kind: 'insert', googleId, crmId: intent.crmId, generation, fields },
    ...(all.length > 0 && { notice: { op: 'upsert', data: fields, changed, conflicts: all } }),
  };
}

/** What Google had newer and told, where the CRM did not know it and has not edited the field itself. */
function unseenOffers(input: Prepared): Fields {
  const { link, intent, codec } = input;
  if (!link || !intent) return {};
  const seen = seenChange(link, intent);
  const { agreed } = mergeWith(input, undefined);
  const unseen = Object.entries(link.offered).filter(
    ([name, offer]) => codec.fields[name] && offer.change > seen && !(name in agreed),
  );
  return Object.fromEntries(unseen.map(([name, offer]) => [name, offer.value]));
}

function refuse(intent: Intent, reason: string, detail: string): Decision {
  return {
    ...decide('refuse'),
    notice: {
      op: 'reject',
      rejected: { reason, detail: `${intent.record} ${intent.crmId}: ${detail}` },
    },
  };
}

function remove({ link, observed }: Prepared, rule: Rule): Decision {
  const googleId = observed?.googleId ?? link?.googleId;
  if (!googleId) return decide(rule, { link: 'deleted' });
  const etag = observed?.etag ?? link?.etag;
  return { ...decide(rule, { link: 'deleted' }), write: { kind: 'delete', googleId, etag } };
}

/** Google's state for the CRM: all that Google knows, with the names of what really changed. */
function tell({ codec, observed }: Prepared, rule: Rule, values: Fields): Decision {
  const data = forCrm(codec, values);
  return {
    ...decide(rule, { link: 'live', offers: data }),
    notice: {
      op: 'upsert',
      data,
      changed: Object.keys(data).filter((name) => !sameValue(data[name], null)),
      ...(observed?.redacted && observed.marker === undefined && { redacted: true }),
    },
  };
}

/** The fields that the CRM is told. */
export const forCrm = (codec: Codec, values: Fields): Fields =>
  Object.fromEntries(
    Object.entries(values).filter(([n]) => codec.fields[n] && codec.fields[n]?.flow !== 'crm'),
  );

function mergeWith(
  { codec, policy, link, intent, observed, data }: Prepared,
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
    locked: (name) =>
      (foreign && !codec.fields[name]?.own && codec.fields[name]?.flow !== 'crm') ||
      (hides && name === 'private'),
  });
}

/**
 * The number of the newest of our changes that the CRM had applied; -1 when it does not say. A change
 * of which we know nothing (its run died) may have said something else under the same number: only
 * those before it are sure.
 */
function seenChange(link: Link | undefined, intent: Intent | undefined): number {
  if (!intent?.seen || !link) return -1;
  const match = Object.values(link.offered).find((offer) => offer.changeId === intent.seen);
  return match ? match.change : Math.max(0, changeNumber(intent.seen) - 1);
}

function mergeSides(input: Prepared, rule: Rule): Decision {
  const { codec, link, intent, observed } = input;
  const merged = mergeWith(input, observed);
  const before = link ? knownGoogle(link) : {};
  const known = { ...before, ...observed?.fields };
  const target = {
    ...known,
    ...link?.crm,
    ...forCrm(codec, known),
    ...input.data,
    ...merged.agreed,
    ...merged.toGoogle,
  };
  const adopted = link ? link.origin === 'google' : observed?.marker === undefined;
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
    const patch: Patch = { changed, target, before: link?.crm ?? {}, adopted };
    decision.write = { kind: 'patch', googleId, etag: observed?.etag ?? link?.etag, patch };
  }
  const notice = mergeNotice(input, merged, { ...known, ...merged.toGoogle, ...merged.toCrm });
  if (notice) decision.notice = notice;
  const quiet = !decision.write && !notice && Object.keys(merged.agreed).length === 0;
  if (quiet && link?.state === 'live' && !intent && link.etag === observed?.etag)
    return decide('nothing');
  return decision;
}

function mergeNotice(input: Prepared, merged: Merged, values: Fields): Notice | undefined {
  const { codec, observed, intent } = input;
  const changed = Object.keys(merged.toCrm);
  if (changed.length === 0 && merged.conflicts.length === 0) return undefined;
  const rejected: Rejection | undefined =
    merged.refused.length > 0 && intent
      ? {
          reason: observed?.foreign || input.link?.foreign ? 'notOrganizer' : 'hidden',
          detail: `${intent.record} ${intent.crmId}: ${merged.refused.join(', ')} can only be changed by the event's owner in Google; Google's values are in data`,
        }
      : undefined;
  return {
    op: 'upsert',
    data: forCrm(codec, values),
    changed,
    ...(merged.conflicts.length > 0 && { conflicts: merged.conflicts }),
    ...(rejected && { rejected }),
    ...(observed?.redacted && observed.marker === undefined && { redacted: true }),
  };
}
