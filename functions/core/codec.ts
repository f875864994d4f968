import type { Fields, Json, RecordType } from './fields.ts';
import type { GoogleChange, Moment } from './messages.ts';
import type { Intent, Link } from './records.ts';

/** How the engine treats one field. */
export interface FieldSpec {
  /**
   * both: travels both ways. crm: shown at Google, never read back. google: told to the CRM, never
   * written.
   */
  flow: 'both' | 'crm' | 'google';
  /** Fields of one group are merged as one value: a start without its end makes no sense. */
  group?: string;
  /** What Google holds as long as nobody has said anything: no news for the CRM. */
  initial?: Json;
  /** Google fills it in where the CRM leaves it open: no difference, and the CRM is told (written.ts). */
  assigned?: boolean;
  /** Never leaves Google for an object whose owner hides it (design rule 4). */
  hidden?: boolean;
  /** A list merged entry by entry; the property that identifies an entry. */
  listKey?: string;
  /** A list that both sides edit freely, merged entry by entry; the property that identifies an entry. */
  entryKey?: string;
  /** May be changed by a user who is not the organizer. */
  own?: boolean;
  /** Says something of the user, not of the record: does not go over with it to another one. */
  personal?: boolean;
  /** Google keeps it for all of a group: what it is in one member is nobody's edit of that one. */
  ofGroup?: boolean;
  /** A text that Google may hold only the beginning of, and no beginning is shorter than this (cut.ts). */
  cutFrom?: number;
}

/** What a codec has to know about the user and the directory; plain data. */
export interface CodecContext {
  userId: string;
  /** The user's IANA zone. */
  timeZone: string;
  /** The user's own addresses, lower case. */
  self: readonly string[];
  /** Directory users by address (lower case); `connected` ones report their own meetings. */
  colleagues: ReadonlyMap<string, { userId: string; connected: boolean }>;
  /** Write people outside the directory as guests too. */
  inviteExternal: boolean;
}

/** A Google object as the engine sees it. */
export interface Observed {
  googleId: string;
  etag?: string;
  /**
   * gone: deleted, cancelled or not found; then only googleId is sure. elsewhere: in a place that the
   * collection no longer lives in. out: there, but the user has taken it out of what is synchronised.
   */
  state: 'live' | 'gone' | 'elsewhere' | 'out';
  fields: Fields;
  /** Ids under which it was known before, where Google changes them. */
  formerIds?: string[];
  /**
   * When this version was written, ms since the epoch by Google's clock: an older one than we have
   * written or read is a listing that lags behind (P14). Only for types whose listings do.
   */
  updatedAt?: number;
  /** Of what is gone: the values that it held at the end, where Google still shows them. */
  was?: Fields;
  /** The group that it is one of (an occurrence: its series). */
  group?: string;
  /** Its place, by which it is known in a group: a date or date-time (an occurrence: the original start). */
  slot?: string;
  /** What the places of its group follow from, where the group was read with it. */
  pattern?: string;
  /** It is a group itself: its members are the records. When it changed last, ms by Google's clock. */
  whole?: { since: number };
  /**
   * The CRM record that our own marker names, with its generation, and the word (wordOf) it was written with.
   * `origin`: it bears none, a tombstone says what the marker would, and where it was born.
   */
  marker?: { crmId: string; generation: number; word?: string; origin?: Link['origin'] };
  /**
   * Other users' copies have the same key, a digest; `own`: this user's is the original. `host`: the user
   * whose it is, where the directory knows one.
   */
  shared?: { key: string; own: boolean; host?: string };
  /** Written for a record, in this user's place or in another's: see referenceOf. */
  reference?: string;
  /** Bears our marker, and was changed at Google since it was inserted. */
  edited?: boolean;
  /** The record that the marker names lives on in another object, which was read as well. */
  spare?: boolean;
  /** Somebody else organises it. */
  foreign?: boolean;
  /** The owner hides its content: the hidden fields are not told. */
  redacted?: boolean;
  /** Not for the CRM, and why: a colleague's meeting, a type that we leave alone ... */
  ignored?: string;
}

/** What a patch has to achieve. */
export interface Patch {
  /** Names of the fields that change. */
  changed: string[];
  /** All fields as they shall be. */
  target: Fields;
  /** The CRM's side of the base: tells which list entries were ours. */
  before: Fields;
  /** Born at Google: it gets no marker and no CRM block. */
  adopted: boolean;
  /** What the CRM has said of it (wordOf), to be kept in an object that bears our marker. */
  word?: string;
}

/** Pure translation of one record type between the CRM's canonical fields and Google's resource. */
export interface Codec<Raw = unknown> {
  record: RecordType;
  fields: { readonly [name: string]: FieldSpec };
  /** Brings data of the CRM into canonical form; leaves absent what is absent. */
  canonical(data: Fields, context: CodecContext): Fields;
  /** True when the CRM's state means that Google shall hold nothing (a cancelled appointment). */
  absent(fields: Fields): boolean;
  /**
   * What two records of one user have in common that are maybe the same; absent: nothing tells. They are
   * never merged, the CRM hears of it (C08).
   */
  likeness?(fields: Fields): string[];
  /** To delete what somebody else organises would take it from them: it stays, and is let go. */
  keepsForeign?: true;
  /** Names of the fields without which nothing can be inserted. */
  missing(fields: Fields): string[];
  /** The period in which the record lies, ms since the epoch; undefined when it has none. */
  period(fields: Fields, context: CodecContext): { from: number; to: number } | undefined;
  /** The period in which the record makes its user busy; undefined: it does not. Absent: none does. */
  occupies?(fields: Fields, context: CodecContext): { from: number; to: number } | undefined;
  /** Addresses on which the directory has to be asked before encoding or decoding. */
  emailsOf(input: { fields?: Fields; raw?: Raw }): string[];
  decode(raw: Raw, context: CodecContext): Observed;
  /** Google's id of a resource. */
  idOf(raw: Raw): string;
  /** The id to insert under; undefined where Google takes none from us. */
  googleId(userId: string, crmId: string, generation: number): string | undefined;
  /** The id of the group that a member's id is derived from; undefined: it is no member's. */
  groupOf?(googleId: string): string | undefined;
  insert(crmId: string, generation: number, fields: Fields, context: CodecContext): Raw;
  /** The object for another place, with what other programs wrote into it; for types that have places. */
  copy?(raw: Raw, crmId: string, generation: number): Raw;
  /** Why the CRM's wish cannot be carried out whatever Google holds; undefined: it can. */
  problem?(fields: Fields, intent: Intent): { reason: string; detail: string } | undefined;
  /** For types whose groups are records themselves, with members that are records beside them. */
  groups?: Groups;
  /** True when the patch can only be written on top of the object as it is now. */
  needsCurrent(patch: Patch): boolean;
  /** Undefined: nothing to write. */
  patch(patch: Patch, context: CodecContext, current: Raw | undefined): Raw | undefined;
}

/** What the engine has to know of groups that are records (a series, and its exceptions). */
export interface Groups {
  /** Fields that decide which places a group has: changed, some members have none any more. */
  shape: readonly string[];
  /** The record is a group: members of it may be records too. */
  leads(fields: Fields): boolean;
  /** The id of the member with this place in a group. */
  memberId(groupId: string, slot: Moment, context: CodecContext): string;
  /** The place as `Observed` and links have it, and the id by that. */
  slotOf(slot: Moment, context: CodecContext): string;
  idAt(groupId: string, slot: string): string;
  /** What the member holds as long as nobody has changed it apart from its group. */
  inherited(group: Fields, member: Pick<Observed, 'slot'>, context: CodecContext): Fields;
  /** How messages name a member. */
  named(group: { googleId: string; crmId?: string }, slot: string): GoogleChange['occurrence'];
}

/** Entries of a list field by their key. */
export function byKey(list: Json | undefined, key: string): Map<string, { [k: string]: Json }> {
  const entries = new Map<string, { [k: string]: Json }>();
  for (const entry of Array.isArray(list) ? list : []) {
    if (entry !== null && typeof entry === 'object' && !Array.isArray(entry)) {
      entries.set(String(entry[key]), entry);
    }
  }
  return entries;
}
