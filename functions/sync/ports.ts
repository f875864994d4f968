/**
 * What the engine needs from the world, with the guarantees it relies on. Every implementation of a
 * port passes the same contract tests (test/contract). Times are ms since the epoch, UTC, and come in
 * as arguments: no implementation reads a clock.
 */
import type { Claim } from '../core/claim.ts';
import type { RecordType } from '../core/fields.ts';
import type { JournalPage } from '../core/journal.ts';
import type { CrmChange, GoogleChange } from '../core/messages.ts';
import type { OutboxKey, OutboxPage } from '../core/outbox.ts';
import type { PollStep } from '../core/polls.ts';
import type {
  Channel,
  Cursor,
  DeadLetter,
  Intent,
  Lease,
  Link,
  OAuthState,
  Session,
  User,
} from '../core/records.ts';

/** Time in ms since the epoch. */
export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** Uniform in [0, 1). Injected so that a run can be replayed. */
export type Random = () => number;

/** What became of one CRM change. */
export type IntentOutcome = 'stored' | 'stale';

/** All that one step of a run changes, applied in one transaction or not at all. */
export interface Commit {
  links?: Link[];
  /** Link ids to remove for good. */
  removedLinks?: string[];
  /**
   * Consumed intents: the user is taken off pendingFor if the revision is still the one read. The
   * revision stays, so that both owners of a hand-over can consume what they read. `generation`, of a link
   * that is forgotten, goes into `generations` in any revision.
   */
  consumed?: (Pick<Intent, 'record' | 'crmId' | 'revision' | 'wakeAt'> & { generation?: number })[];
  cursor?: Cursor;
  /** Fields of the user document to overwrite; `undefined` values delete the field. */
  user?: { [K in keyof User]?: User[K] | undefined };
  /** Steps of the polling of record types, applied to the user as stored. */
  polls?: { [record: string]: PollStep };
  /** Watch channels, made or changed. */
  channels?: Channel[];
  /** Ids of channels that are forgotten. */
  removedChannels?: string[];
  /** What this step changed, for the journal. */
  journal?: JournalPage[];
  /** What the CRM is to be told of it. With these, or with `sent`, the lease is stored as it is given. */
  outbox?: OutboxPage[];
  /** Pieces of the outbox that have been told. */
  sent?: OutboxKey[];
}

/** A run that changed something. */
export type JournalRun = Pick<JournalPage, 'run' | 'at' | 'size'>;

/**
 * Durable state. Guarantees:
 * - every method is atomic; reads are strongly consistent with the last finished write;
 * - what a method returned as done survives a crash;
 * - a method that throws has either done all or nothing, and repeating it is harmless;
 * - errors are SyncErrors of kind `later`, except programming mistakes.
 */
export interface Store {
  getUser(userId: string): Promise<User | undefined>;
  /** By addresses (any case), against `email` and `googleEmail`; unknown ones are left out. */
  usersByEmail(emails: string[]): Promise<User[]>;
  /**
   * Reads, applies the pure function and writes, atomically; the function may run several times.
   * Returning undefined leaves the document as it is. Resolves to the user as stored.
   */
  updateUser(
    userId: string,
    change: (user: User | undefined) => User | undefined,
  ): Promise<User | undefined>;
  /**
   * Enters a directory user. Older or equal versions are stale. `emailTaken`: another user has the
   * address; nothing is stored. `erased`: the user is being erased, or was and this version was known
   * then; a newer one is a new beginning.
   */
  putUser(
    user: Pick<User, 'userId' | 'email' | 'timeZone' | 'enabled' | 'version'> & { name?: string },
  ): Promise<IntentOutcome | 'emailTaken' | 'erased'>;
  /** Active, enabled users with nextPollAt <= now, in order of userId, after the given one. */
  dueUsers(now: number, limit: number, after?: string): Promise<User[]>;
  /** All users in order of userId, after the given one (the sandbox's and the admin's list). */
  listUsers(limit: number, after?: string): Promise<User[]>;

  /**
   * Stores record changes as intents (mergeIntent decides what a message adds), each atomically by
   * its crmId, and answers in the same order. When it returns, all are durable.
   */
  putIntents(changes: CrmChange[]): Promise<IntentOutcome[]>;
  /** Intents whose pendingFor holds the user, at most `limit`, any order; of all types or just these. */
  pendingIntents(userId: string, limit: number, records?: readonly RecordType[]): Promise<Intent[]>;
  /** Owned intents by crmId, pending or not; unknown ones are left out. */
  getIntents(record: RecordType, crmIds: string[]): Promise<Intent[]>;
  /**
   * Makes intents of the user pending again, at most `limit` a call: those with wakeAt <= now, or with
   * `all`, everything the user owns (a fresh start). Returns how many it woke: 0 when none is left.
   */
  wakeIntents(userId: string, now: number, limit: number, all?: boolean): Promise<number>;

  linksByCrmId(userId: string, record: RecordType, crmIds: string[]): Promise<Link[]>;
  linksByGoogleId(userId: string, record: RecordType, googleIds: string[]): Promise<Link[]>;
  /** By the group at Google that the object is one of, tombstones too. */
  linksByGroup(userId: string, record: RecordType, groups: string[]): Promise<Link[]>;
  /** Links that have one of these in common with what is looked for (Link.likeness), tombstones too. */
  linksByLikeness(userId: string, record: RecordType, values: string[]): Promise<Link[]>;
  /** Links of a user and type in order of id, after the given one. */
  listLinks(userId: string, record: RecordType, limit: number, after?: string): Promise<Link[]>;
  getCursor(userId: string, record: RecordType): Promise<Cursor | undefined>;

  /** The claims on these keys; unknown ones are left out. */
  getClaims(record: RecordType, keys: string[]): Promise<Claim[]>;
  /**
   * Claims what several users see, each atomically (claimed() decides); answers each as it is stored
   * then, in the same order. Distinct keys; repeating it is harmless.
   */
  claim(wanted: Claim[]): Promise<Claim[]>;
  /** Gives up those of these claims that are the user's. */
  unclaim(record: RecordType, userId: string, keys: string[]): Promise<void>;
  getChannel(id: string): Promise<Channel | undefined>;
  /** All that are stored of the user, also stopped and expired ones. */
  channelsOf(userId: string): Promise<Channel[]>;

  /** The lease as stored, live or expired. */
  getLease(userId: string): Promise<Lease | undefined>;
  /**
   * Takes the user's lease if nobody holds a live one; the fence rises. Undefined: somebody does, be it
   * under the same name: holder names are unique per run.
   */
  acquireLease(
    userId: string,
    holder: string,
    now: number,
    ttlMs: number,
  ): Promise<Lease | undefined>;
  /** Prolongs; false when the lease was lost (another fence). */
  renewLease(lease: Lease, now: number, ttlMs: number): Promise<boolean>;
  /**
   * Applies a commit if the lease's fence is still the newest, otherwise throws SyncError
   * `later`/`leaseLost` and applies nothing. With `release`, the same transaction looks for pending
   * intents of the user beyond the consumed ones: if there are any the lease is kept and `released`
   * is false, so no wake-up is lost (an intent is committed before anybody looks at the lease).
   */
  commit(lease: Lease, commit: Commit, release: boolean): Promise<{ released: boolean }>;
  /** Gives the lease back without looking for work (after a failure). No-op when it was lost. */
  dropLease(lease: Lease): Promise<void>;

  putOAuthState(state: OAuthState): Promise<void>;
  /** Returns and deletes: of two callers exactly one gets it. Expired ones count as unknown. */
  takeOAuthState(id: string, now: number): Promise<OAuthState | undefined>;

  putSession(session: Session): Promise<void>;
  /** Expired ones count as unknown. */
  getSession(id: string, now: number): Promise<Session | undefined>;
  deleteSession(id: string): Promise<void>;

  /**
   * Deletes what is stored of a user who is to be erased (User.erase), or is not there: links, cursors,
   * journal, intents, claims, channels, sessions; and takes him or her out of records that are another
   * user's by now. Some of it a call; resolves to how many documents, 0 when nothing is left. The user's
   * own document stays, and so does everything of a user who is there to stay.
   */
  eraseSome(userId: string, limit: number): Promise<number>;
  /**
   * The last step: a user with User.erase is gone, the address is free, and the lease tells that it was
   * so (Lease.erased, until `expireAt`). No-op for anybody else.
   */
  eraseUser(userId: string, now: number, expireAt: number): Promise<void>;

  /** Same id: overwritten (redelivery). */
  putDeadLetter(letter: DeadLetter): Promise<void>;
  /** Newest first. */
  listDeadLetters(limit: number): Promise<DeadLetter[]>;
  /** Those that name the user (DeadLetter.userIds), any order. */
  deadLettersOf(userId: string, limit: number): Promise<DeadLetter[]>;
  getDeadLetter(id: string): Promise<DeadLetter | undefined>;
  deleteDeadLetter(id: string): Promise<void>;

  /** What is stored for the CRM and not noted as told, in the order in which it was written. */
  outboxOf(userId: string): Promise<OutboxPage[]>;

  /** The user's runs that changed something, newest first, at most `limit`. */
  journalRuns(userId: string, limit: number): Promise<JournalRun[]>;
  /** The pieces of one run's journal, in order; none for a run that is unknown or long past. */
  journalOf(userId: string, run: number): Promise<JournalPage[]>;

  /** Deletes documents whose expireAt has passed, at most `limit`; for stores without a TTL. */
  sweep(now: number, limit: number): Promise<number>;
}

/** Outgoing messages. Resolves when Pub/Sub has them: at least once. Errors are SyncErrors `later`. */
export interface Publisher {
  googleChanges(changes: GoogleChange[]): Promise<void>;
  syncUsers(userIds: string[]): Promise<void>;
}
