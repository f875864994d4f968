import type { Codec, Observed } from './codec.ts';
import { conceal } from './conceal.ts';
import type { Decision } from './decision.ts';
import { canonicalJson, type Fields, type Json, sameValue } from './fields.ts';
import { changeIdOf, linkId } from './link.ts';
import { knownGoogle } from './merge.ts';
import type { GoogleChange } from './messages.ts';
import type { Intent, Link, Offer } from './records.ts';

export interface Outcome {
  codec: Codec;
  userId: string;
  link: Link | undefined;
  intent: Intent | undefined;
  /** As read before the decision. */
  observed: Observed | undefined;
  /** As Google answered the write: the only source of what Google holds now (P12). */
  written: Observed | undefined;
  decision: Decision;
  /** Number of the run. A place in a group can bear a second record, when its first has moved away. */
  fence: number;
  /** When a tombstone may be forgotten, ms since the epoch. */
  expireAt: number;
}

export interface Settled {
  /** The link to store; undefined: as it was. */
  link?: Link;
  /** Id of the link to remove for good. */
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
  if (decision.link === 'none') return link ? { ...settled, removed: link.id } : settled;
  const next = identity(outcome, notice !== undefined && notice.op !== 'reject');
  delete next.removing;
  delete next.inFlight;
  if (decision.link === 'deleted') {
    next.state = 'deleted';
    // Whoever is told of the deletion did not do it.
    next.deletedBy = notice?.op === 'delete' ? 'google' : (link?.deletedBy ?? 'crm');
    next.expireAt = outcome.expireAt;
    // What the CRM deleted in the knowledge of all offers is over.
    next.offered = next.deletedBy === 'crm' ? {} : withOffers(outcome, notice);
    return { ...settled, link: next };
  }
  if (decision.link === 'out') return { ...settled, link: { ...next, state: 'out' } };
  next.state = 'live';
  delete next.deletedBy;
  delete next.expireAt;
  Object.assign(next, baseAfter(outcome, notice));
  return { ...settled, link: next };
}

/** Who the link ties together. */
function identity(outcome: Outcome, told: boolean): Link {
  const { link, intent, observed, written, decision, codec, userId, fence } = outcome;
  const seen = written ?? observed;
  const crmId = intent?.crmId ?? link?.crmId ?? observed?.marker?.crmId;
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
      origin: inserted !== undefined || observed?.marker ? 'crm' : 'google',
      crm: {},
      google: {},
      offered: {},
    }),
    generation: inserted ?? seen?.marker?.generation ?? link?.generation ?? 0,
    changes: (link?.changes ?? 0) + (told ? 1 : 0),
  };
  if (crmId !== undefined) next.crmId = crmId;
  if (googleId !== undefined) next.googleId = googleId;
  if (seen?.etag !== undefined) next.etag = seen.etag;
  if (seen?.updatedAt !== undefined) next.updatedAt = seen.updatedAt;
  if (seen?.state === 'live') {
    delete next.group;
    if (seen.group !== undefined) next.group = seen.group;
    if (seen.slot !== undefined) next.slot = seen.slot;
  }
  if (intent) next.crmVersion = intent.version;
  if (inserted !== undefined) next.origin = 'crm';
  if (seen?.foreign) next.foreign = true;
  else if (seen?.state === 'live') delete next.foreign;
  return next;
}

/** Until the CRM has named the record, it knows it by the id that it was told first, and answers with it. */
const idFor = (link: Link | undefined, crmId: string | undefined, seen: string | undefined) =>
  link && crmId === undefined ? (link.googleId ?? seen) : (seen ?? link?.googleId);

/** The base: values that both sides provably hold, each in its own spelling; and what was told. */
function baseAfter(
  outcome: Outcome,
  notice: GoogleChange | undefined,
): Pick<Link, 'crm' | 'google' | 'offered'> {
  const { decision, link, observed, written, codec } = outcome;
  // Moved: another object, the same agreement.
  const inserted = decision.write?.kind === 'insert' && decision.rule !== 'moveHere';
  const google = {
    ...(link ? knownGoogle(link) : {}),
    ...(observed?.state === 'live' ? observed.fields : {}),
    ...(written?.state === 'live' ? written.fields : {}),
  };
  const offered = withOffers(outcome, notice);
  // Once the CRM wants the record again, the word on a deletion is over.
  const wanted = inserted || (outcome.intent && decision.rule !== 'editBeatsDelete');
  const agreed = (name: string) => name in decision.agreed && !(name in decision.offers);
  const over = (name: string) => agreed(name) || (wanted && !codec.fields[name]);
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
    if (codec.fields[name]?.flow === 'crm' || name in offered) continue;
    if (name in decision.agreed || !(name in base.google)) base.google[name] = value;
    // An edit at Google that is not offered equals what the CRM had anyway.
    else if (!sameValue(value, base.google[name])) base.google[name] = value;
  }
  return base;
}

/** Values of one field that may be on their way to the CRM at the same time. */
const EARLIER = 5;

function withOffers(outcome: Outcome, notice: GoogleChange | undefined): Link['offered'] {
  const { link, decision, observed, written } = outcome;
  const offered: Link['offered'] = { ...link?.offered };
  if (!notice) return offered;
  const google: Fields = { ...observed?.fields, ...written?.fields };
  const change = (link?.changes ?? 0) + 1;
  for (const [name, value] of Object.entries(decision.offers)) {
    const offer: Offer = { value: value ?? null, change, changeId: notice.changeId };
    const before = offered[name];
    if (before) {
      const told = [...(before.earlier ?? []), before.value].slice(-EARLIER);
      offer.earlier = told.filter((old) => !sameValue(old, offer.value));
    }
    const atGoogle: Json | undefined = google[name];
    if (name in google && !sameValue(atGoogle, value)) offer.google = atGoogle ?? null;
    offered[name] = offer;
  }
  return offered;
}

/**
 * The message for the CRM. Its changeId is derived from the link, the number of the change and the
 * content: a run that died after publishing and is repeated sends the same id again.
 */
function noticeOf(outcome: Outcome): GoogleChange | undefined {
  const { decision, link, intent, observed, written, codec, userId } = outcome;
  const { notice } = decision;
  if (!notice) return undefined;
  const crmId = intent?.crmId ?? link?.crmId ?? observed?.marker?.crmId;
  const googleId = idFor(link, crmId, written?.googleId ?? observed?.googleId);
  const { rejected, ...rest } = notice;
  const body: Omit<GoogleChange, 'changeId'> = {
    specVersion: '1',
    userId,
    record: codec.record,
    ...rest,
    ...(crmId !== undefined && { crmId }),
    ...(googleId !== undefined && { googleId }),
    // 0: none yet. Whatever the CRM changed in a record that we do not know of is newer.
    baseVersion: intent?.version ?? link?.crmVersion ?? 0,
    ...(rejected && { rejected }),
  };
  const born = link?.id ?? crmId ?? googleId ?? '';
  const number = (link?.changes ?? 0) + 1;
  return { ...body, changeId: changeIdOf(number, userId, born, canonicalJson(body as Json)) };
}
