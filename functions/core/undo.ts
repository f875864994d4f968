/**
 * The inverse of a journalled change: both sides are put back to what they held before the run, unless
 * anything newer has happened to the record. Pure; carried out like any other decision.
 */
import type { Codec, CodecContext, Observed } from './codec.ts';
import { isConcealed } from './conceal.ts';
import type { Decision } from './decision.ts';
import { type Fields, type Json, sameValue } from './fields.ts';
import { heldBy, type JournalEntry } from './journal.ts';
import { knownGoogle } from './merge.ts';
import type { Conflict } from './messages.ts';
import type { Link } from './records.ts';
import { forCrm, heldByCrm } from './sides.ts';

/** One entry of the journal, and its record as it is now. */
export interface UndoInput {
  codec: Codec;
  context: CodecContext;
  entry: JournalEntry;
  link: Link | undefined;
  /** As Google shows it now. */
  observed: Observed | undefined;
  /** The CRM has sent something newer, which waits; or members of the group were changed since. */
  newer: boolean;
  /** What the CRM took out it has cancelled, and not deleted. */
  cancelled: boolean;
  /** What the CRM has said last, canonical. */
  said?: Fields;
  /** Its place in the group that was brought back just before. */
  seat?: Observed;
  /** Of a member of a group that is a record itself: the group's link. */
  parent?: Link | undefined;
}

/** Why a change stays as it is: a word for programs, and a sentence for people. */
export const kept = {
  nothing: 'the run left nothing to take back here',
  newer: 'it has been changed since, so what is newer stays',
  withGroup: 'what it was one of is gone, and it went along',
  handedOver: 'it went to another user: hand it back in the CRM',
  notAdopted: 'the CRM has not taken it over, so there is nothing of the CRM’s to put back',
  foreign: 'somebody else organises it: only the organizer can change it back',
  private: 'its texts are private and not in the journal: nothing could be brought back whole',
  hidden: 'its owner has made it private: only he or she can show it again',
  crmOnly: 'only fields that belong to the CRM were changed: change them there',
  tooLarge: 'it was too large for the journal, so its values are not known',
} as const;

/** Why something is not undone. */
export type Kept = keyof typeof kept;

/** Decides for one record. A decision of the rule `keep` says why in `kept`. */
export function undo(input: UndoInput): Decision {
  const { entry, link } = input;
  const why = obstacle(input);
  if (why || !link) return keep(why ?? 'newer');
  if (entry.after === null) return bringBack(input, link);
  const before = entry.before ?? inherited(input);
  if (before === null) return takeBack(entry, link);
  return putBack({ ...input, entry: { ...entry, before } }, link);
}

/** What was imported as a member of a group that the CRM knows was no more than an edit of it there. */
function inherited({ codec, context, entry, link, parent }: UndoInput): Fields | null {
  const isEdit = entry.wrote !== 'insert' && parent?.state === 'live' && codec.groups;
  if (!isEdit || !link || link.group !== parent.googleId) return null;
  return codec.groups?.inherited(knownGoogle(parent), link, context) ?? null;
}

const keep = (why: Kept): Decision => ({
  rule: 'keep',
  kept: why,
  link: 'unchanged',
  agreed: {},
  offers: {},
});

function obstacle(input: UndoInput): Kept | undefined {
  const { codec, entry, link, observed, newer } = input;
  if (entry.before === null && entry.after === null) return 'nothing';
  if (entry.before !== null && wentWithGroup(input)) return 'withGroup';
  if (['handOver', 'takeOver', 'yield'].includes(entry.rule)) return 'handedOver';
  if (entry.cut) return 'tooLarge';
  if (entry.redacted && inherited(input)) return 'private';
  if (!link || newer || !isAsLeft(codec, entry, link)) return 'newer';
  if (observed && !isShownAsLeft(entry, link, observed)) return 'newer';
  return undefined;
}

/** Its group is gone at Google, and with it the place that it would be put back into. */
const wentWithGroup = ({ link, parent, seat }: UndoInput): boolean =>
  !seat && parent?.state === 'deleted' && !parent.stays && link?.group === parent.googleId;

/** The link is as the run left it. */
function isAsLeft(codec: Codec, { after, etag, googleId }: JournalEntry, link: Link): boolean {
  if (link.etag !== etag || link.googleId !== googleId) return false;
  if (after === null) return link.state === 'deleted';
  const now = heldBy(codec, link);
  return (
    link.state === 'live' &&
    Object.entries(after).every(([n, v]) => n in now && sameValue(v, now[n]))
  );
}

/**
 * And so is what Google shows; or it is our own restoring, of which the answer got lost. That one gone
 * again, or another record's by now (the CRM restored it under a new crmId), is newer.
 */
function isShownAsLeft({ after }: JournalEntry, link: Link, observed: Observed): boolean {
  if (after !== null) return observed.state === 'live' && observed.etag === link.etag;
  return (observed.state === 'gone') !== isOurs(link, observed);
}

const isOurs = (link: Link, { marker }: Observed) =>
  marker?.crmId === link.crmId && marker?.generation === link.generation + 1;

/** The record was not there before: it goes again. What was born at Google stays there, untold. */
function takeBack(entry: JournalEntry, link: Link): Decision {
  const { googleId = '', etag } = link;
  return {
    rule: 'undo',
    link: 'deleted',
    agreed: {},
    offers: { deletedInGoogle: true },
    ...(entry.wrote === 'insert' ? { write: { kind: 'delete', googleId, etag } } : { stays: true }),
    notice: { op: 'delete', reason: 'undone' },
  };
}

/** The record was deleted: it is inserted again under the next id, and the CRM told that it lives. */
function bringBack(input: UndoInput, link: Link): Decision {
  const { codec, entry, observed, seat, cancelled, said = {} } = input;
  const { crmId } = link;
  if (crmId === undefined) return keep('notAdopted');
  if (link.foreign) return keep('foreign');
  if (entry.redacted) return keep('private');
  const fields: Fields = entry.before ?? {};
  if (codec.missing(fields).length > 0) return keep('tooLarge');
  const generation = link.generation + 1;
  const googleId = codec.googleId(link.userId, crmId, generation);
  const data = forCrm(codec, fields);
  const field = cancelled ? 'cancelledInCrm' : 'deletedInCrm';
  const conflicts: Conflict[] = link.deletedBy === 'crm' ? [{ field, winner: 'google' }] : [];
  const restored = observed?.state === 'live' && isOurs(link, observed);
  const again = restored
    ? undefined
    : seat
      ? seatAgain(codec, link, fields, seat)
      : ({ kind: 'insert', googleId, crmId, generation, fields } as const);
  // The CRM's own word on it, said again before it has heard of the undoing, is no edit.
  const isOvercome = ([name, value]: [string, Json]) =>
    mayPutBack(codec, link, name) && name in said && !sameValue(value, said[name]);
  const offers = Object.fromEntries(Object.entries(fields).filter(isOvercome));
  const words = Object.fromEntries(Object.keys(offers).map((name) => [name, said[name] ?? null]));
  return {
    rule: 'undo',
    link: 'live',
    agreed: { ...fields, ...words },
    offers: { ...offers, deletedInGoogle: false },
    ...(again && { write: again }),
    notice: {
      op: 'upsert',
      data,
      changed: Object.keys(data),
      ...(conflicts.length > 0 && { conflicts }),
    },
  };
}

/** A member of a group that is back already becomes what it was there. */
function seatAgain(
  codec: Codec,
  link: Link,
  fields: Fields,
  { googleId, etag, fields: shown }: Observed,
): Decision['write'] {
  const changed = Object.keys(fields).filter(
    (n) => codec.fields[n]?.flow === 'both' && !sameValue(fields[n], shown[n]),
  );
  const patch = { changed, target: { ...shown, ...fields }, before: link.crm, adopted: false };
  return { kind: 'patch', googleId, etag, patch: { ...patch, adopted: link.origin === 'google' } };
}

/** Fields that travel both ways; of another organizer's event only the user's own. */
function mayPutBack(codec: Codec, link: Link, name: string): boolean {
  const spec = codec.fields[name];
  return spec?.flow === 'both' && (!link.foreign || spec.own === true);
}

/**
 * Fields were changed: they get their values back, at Google and in the CRM. What the CRM has not named is
 * the user's alone: nothing of it is changed at Google (P10).
 */
function putBack({ codec, entry, observed }: UndoInput, link: Link): Decision {
  if (link.crmId === undefined) return keep('notAdopted');
  const before = entry.before ?? {};
  const names = Object.keys(before).filter((n) => !sameValue(before[n], entry.after?.[n]));
  // What its owner has hidden, only he or she may show again.
  const isHidden = (name: string) => name === 'private' && isConcealed(link, observed);
  const changed = names.filter((name) => mayPutBack(codec, link, name) && !isHidden(name));
  if (changed.length === 0) {
    if (names.some(isHidden)) return keep('hidden');
    return keep(names.length === 0 ? 'nothing' : link.foreign ? 'foreign' : 'crmOnly');
  }
  const values = Object.fromEntries(changed.map((name) => [name, before[name] ?? null]));
  const known = { ...knownGoogle(link), ...observed?.fields };
  const target = { ...known, ...values };
  return {
    rule: 'undo',
    link: 'live',
    agreed: {},
    offers: values,
    write: {
      kind: 'patch',
      googleId: link.googleId ?? '',
      etag: link.etag,
      patch: {
        changed,
        target,
        // Guests that the run added are the ones to take off again, whoever had added them.
        before: { ...link.crm, ...entry.after },
        adopted: link.origin === 'google',
      },
    },
    notice: {
      op: 'upsert',
      data: { ...forCrm(codec, heldByCrm(link, known), link, known), ...values },
      changed,
    },
  };
}
