import type { Fields, Json, RecordType } from './fields.ts';
import type { Moment } from './messages.ts';

/** A CRM user as the directory knows him or her; the CRM announces users by `record: user`. */
export interface User {
  userId: string;
  /** Lower case. Unique in the directory. */
  email: string;
  name?: string;
  /** IANA zone; for values that carry no zone of their own. */
  timeZone: string;
  /** False: the CRM has switched the user off; intents are kept, nothing runs. */
  enabled: boolean;
  /** The CRM's version of the user record. */
  version: number;
  /**
   * invited: known, never connected. active: connected. reauthorize: Google refuses the token.
   * paused: by an admin. disconnected: by the user.
   */
  state: UserState;
  /** Why the state is what it is, a machine-readable word (`invalid_grant`, `byAdmin` ...). */
  stateReason?: string;
  /** The state that the CRM was told last. */
  toldState?: UserState;
  /** Google's `sub`: pinned at the first connection. */
  googleSub?: string;
  /** The account's address at Google, for display and to recognise one's own events. Lower case. */
  googleEmail?: string;
  /** Scopes that the user granted; a missing one switches its record type off. */
  scopes?: string[];
  /** Set by Disconnect: the worker revokes, deletes the token, and with `remove` first takes out what the sync made. */
  leaving?: 'keep' | 'remove';
  /** Record types that the mass-change guard holds, and since when (ms since the epoch): a person lets them go on. */
  held?: { [record: string]: number };
  /** Types that a person has released: the next full listing of each is believed, however much it lacks. */
  believeListing?: RecordType[];
  /** Wished by an admin: after leaving, everything of the user is deleted, and this document last. */
  erase?: true;
  /** When pollFanout dispatches the user next, ms since the epoch; absent: never. */
  nextPollAt?: number;
  /** Due then for something else than a poll, which no earlier poll puts off. */
  alarmAt?: number;
  /** When somebody last made everything due: a run that began before does not end that. */
  askedAt?: number;
  /** When each record type is pulled next; one that is not here: at once. */
  polls?: { [record: string]: Poll };
  connectedAt?: number;
  /** By API and way, until when Google has asked to be left alone, ms since the epoch. */
  rests?: { [apiAndWay: string]: number };
  /** When the last run ended well, ms since the epoch, and what it left behind. */
  lastSyncAt?: number;
  /** When the grant of a user for whom nothing runs was last used. */
  checkedAt?: number;
  /** First sync: finished when set. */
  firstSyncAt?: number;
  /** Entries that the first sync has worked off so far. */
  firstSyncCount?: number;
  /** The Google account is another one than before: park, then move, what was in the former one. */
  replaced?: 'park' | 'move';
  /**
   * Google ids, by record type, that the next run looks at again: organizers have taken over what is there,
   * and the user steps back from it, or have let go of it.
   */
  recheck?: { [record: string]: string[] };
  /** Record types that were on in the last run and have been listed whole. */
  records?: RecordType[];
  /** Where record types live at Google, if not in the place that is always there. */
  places?: { [record: string]: string };
  /** The places that they are moving to: made, and not everything is there yet. */
  moving?: { [record: string]: string };
}

/** Who enters and leaves each: ARCHITECTURE.md, "States of a user". */
export type UserState = 'invited' | 'active' | 'reauthorize' | 'paused' | 'disconnected';

/**
 * What the CRM wants a record to be: the newest state it sent, merged per field, kept for ever (a
 * fresh start applies it again). `pendingFor` names the users whose run still has to look at it.
 */
export interface Intent {
  record: RecordType;
  crmId: string;
  /** The owner. A higher version under another user is a hand-over (design rule 1). */
  userId: string;
  /** The highest version seen. */
  version: number;
  op: 'upsert' | 'delete';
  data: Fields;
  /** Version in which each field was last mentioned; makes the result independent of arrival order. */
  fieldVersions: { [field: string]: number };
  /** Fields older than this were wiped by a delete. */
  floor: number;
  /** The newest version in which it was cancelled: planned again since, it still has been off in between. */
  cancelled?: number;
  /** The last word on each of them before: by it our own writes are known, should their runs have died. */
  wiped?: { [field: string]: { value: Json; version: number } };
  /** The Google-born object that this record adopts. */
  googleId?: string;
  /** The version that named it. */
  googleIdVersion?: number;
  /** The record is one of a group: which group, and its place there for good. */
  member?: Member;
  /** The version that named it. */
  memberVersion?: number;
  /** What messages under each owner named: after a hand-over the new owner's object has another id. */
  adopted?: { [userId: string]: { googleId: string; version: number } };
  /** Of each object that it was ever named by: the first version that did, whose it was, and what it had seen. */
  named?: { [googleId: string]: { userId: string; version: number; seen?: string } };
  /** By owner, the last generation of that user's objects when the record's link was forgotten (handed over). */
  generations?: { [userId: string]: number };
  /** changeId of the last google-change that the CRM had applied when it made this version. */
  seen?: string;
  /** Rises with every stored change of this document: a commit consumes exactly the revision it read. */
  revision: number;
  pendingFor: string[];
  /** Whoever owned the record at some time, sorted: a message that comes late makes known one more. */
  owners?: string[];
  /** Outside the window, or of a group that is not there yet: becomes pending again at this time (ms since the epoch). */
  wakeAt?: number;
  /** The `wakeAt` of its last sleep; something else may have woken it before that. */
  sleptUntil?: number;
}

/** A record's place in a group of the CRM's (an occurrence: the series and the original start). */
export interface Member {
  group: { crmId?: string | undefined; googleId?: string | undefined };
  slot: Moment;
}

/** One CRM record and one Google object, tied together, and the last values both sides provably held. */
export interface Link {
  /** Stable id of the document: see linkId(). */
  id: string;
  userId: string;
  record: RecordType;
  /** out: the user took the object out of what is synchronised; both sides keep it, nothing travels. */
  state: 'live' | 'deleted' | 'out';
  origin: 'crm' | 'google';
  crmId?: string;
  googleId?: string;
  /** Where the object lives; absent: the place that is always there (the primary calendar). */
  place?: string;
  /** The group at Google that the object is one of: the series of an occurrence. */
  group?: string;
  /** The object's place in its group, for good: an occurrence's original start (date or date-time). */
  slot?: string;
  /** What the places of its group followed from when that was read last: another one may leave places out. */
  pattern?: string;
  /** What others of the user's may have in common with it (Codec.likeness). */
  likeness?: string[];
  /** Other users see copies of it: the claim on the record (claim.ts), and until when it is known to last. */
  claim?: { key: string; until: number };
  /** Tombstones: the crmId of the record that had this object, and lives on in another one. */
  formerOf?: string | undefined;
  /** Tombstones: the object was left at Google. */
  stays?: true;
  /** Tombstones: it went with its group, and was not taken out of it. */
  withGroup?: boolean;
  /** Counts insertions under the same crmId: a deleted Google id stays taken for ever. */
  generation: number;
  /** Google's etag of the version that `google` was read from or written as. */
  etag?: string;
  /** What the CRM had said by then, as the object bears it (wordOf): another one there is of a run that died. */
  word?: string;
  /** The same of a write that has not been answered, where the object bears nothing. */
  unborne?: string;
  /** By Google's clock, when that version was written (ms since the epoch): what is older is no news. */
  updatedAt?: number;
  /** By our clock, when an insertion without an id of ours began; listings may not show it for a while. */
  insertedAt?: number;
  /** That insertion has not been answered: the object may be there, or come yet (P3). */
  inFlight?: true;
  /** The base, as the CRM spells it. */
  crm: Fields;
  /** The base, as Google returned it (trimmed text, dropped fields ...): compared as returned. */
  google: Fields;
  /** Google's newer values that were told to the CRM and not confirmed yet, per field. */
  offered: { [field: string]: Offer };
  /** Number of google-changes sent for this link: makes their changeId derivable. */
  changes: number;
  /** Somebody else organises it: only the own answer is ours to change (design rule 7). */
  foreign?: boolean;
  /** The CRM version that the base comes from. */
  crmVersion?: number;
  /** It leaves the user (disconnected, handed over): whether its object at Google is gone is not known. */
  removing?: boolean;
  /** Who deleted, when state is deleted. */
  deletedBy?: 'crm' | 'google';
  /** Tombstones only: when Firestore's TTL may remove the document (ms since the epoch). */
  expireAt?: number;
}

/** Google's newer value of one field, told to the CRM and not confirmed by it yet. */
export interface Offer {
  /** As the CRM was told. */
  value: Json;
  /** As Google has it, where that differs (a guest list without the CRM's own people). */
  google?: Json;
  /** Of a deletion: the newest of our changes that the CRM had applied when it said that it has heard of it. */
  heard?: number;
  /** It is what the CRM itself said: told because it may have taken an earlier offer meanwhile. */
  own?: true;
  /** Of its own word: the newest of our changes that the CRM had applied when it said so (-1: it does not say). */
  since?: number;
  /** Of a list: it names whom the CRM names itself, and is not told once more to one that says less of them. */
  reply?: true;
  /** What the CRM was told before and may still show; newest last. */
  earlier?: Told[];
  /** The CRM's own value that it won over, and the change that said so. */
  beaten?: Told;
  /** Which of the link's google-changes carried it first: who has applied that one knows it. */
  change: number;
  changeId: string;
  /** Which carried it last, where it was told again: it may be taken over what was said in the knowledge of the first. */
  again?: Pick<Offer, 'change' | 'changeId'>;
}

/** A value that the CRM was told, and by which google-change. */
export type Told = Pick<Offer, 'value' | 'change'> & Partial<Pick<Offer, 'changeId'>>;

/** Where a collection's reading stands, with the parameters the token is bound to. */
export interface Cursor {
  userId: string;
  record: RecordType;
  /** Absent: a full sync is due. */
  token?: string;
  /** The parameters of the initial listing; a token is valid with exactly these. */
  params: { [name: string]: string };
  /** The end of the window up to which everything has been read, ms since the epoch. */
  until?: number;
  fullSyncAt?: number;
  lastPullAt?: number;
}

/** When one of a user's record types is pulled. Times are ms since the epoch. */
export interface Poll {
  /** Due from then on. */
  at: number;
  /** When a notification came that no pull has begun after yet. */
  rungAt?: number;
  /** Notifications that were taken for echoes, counted on from Lease.writes at the last pull's begin. */
  echoes?: number;
  /** The present interval, ms: it grows in quiet times. */
  every?: number;
  /** Google made no channel: not asked again before. */
  unwatchedUntil?: number;
}

/** A watch channel: Google notifies googlePush of changes in one place. Times are ms since the epoch. */
export interface Channel {
  /** Ours, random. */
  id: string;
  userId: string;
  record: RecordType;
  /** As Link.place: what it watches. */
  place?: string;
  /** Google's name of what is watched: needed to stop it. */
  resourceId: string;
  /** SHA-256 of the token that every notification carries. */
  secret: string;
  madeAt: number;
  /** When the next one is made. */
  renewAt: number;
  /** As Google answered. */
  expiresAt: number;
  /** Stopped at Google. What it had sent by then may arrive late, and still counts. */
  stopped?: true;
  /** When Firestore's TTL may remove the document. */
  expireAt: number;
}

/** The right to be the one worker of a user, until it ends. */
export interface Lease {
  userId: string;
  holder: string;
  /** Rises with every acquisition: a holder whose fence is not the newest cannot commit. */
  fence: number;
  /** ms since the epoch. */
  expiresAt: number;
  /** When a holder last wrote what Google notifies us of, ms since the epoch, and how often in all. */
  wroteAt?: number;
  writes?: number;
  /** Something may be in the outbox: to be told before anything newer. */
  outbox?: true;
  /** All that is left of an erased user: nobody can take the lease until a new beginning, or `expireAt`. */
  erased?: Erased;
  /** Of an erased user's: when Firestore's TTL may remove the document (ms since the epoch). */
  expireAt?: number;
}

/** When a user was erased, and the last version of the CRM's that was known then: a newer one is a new beginning. */
export interface Erased {
  version: number;
  /** ms since the epoch. */
  at: number;
}

/** One started OAuth flow; single use. */
export interface OAuthState {
  /** SHA-256 of the state parameter: the value itself is only in the browser. */
  id: string;
  /** SHA-256 of the browser's cookie. */
  session: string;
  verifier: string;
  nonce: string;
  /** The person wants to replace the account that was connected at first. */
  replace?: true;
  expireAt: number;
}

/** A signed-in browser of the authorize pages. */
export interface Session {
  /** SHA-256 of the cookie's value. */
  id: string;
  userId: string;
  /** Token that forms must carry. */
  csrf: string;
  expireAt: number;
}

/** A message that could not be processed: kept, visible, can be replayed. */
export interface DeadLetter {
  id: string;
  topic: string;
  /** Why, and where in the message. */
  reason: string;
  /** The message as it came, base64. */
  data: string;
  /** The users whom it is about, as far as it can be read. */
  userIds?: string[];
  receivedAt: number;
  expireAt: number;
}
