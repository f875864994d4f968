/** One record type at Google: how to list its changes, read and write it. The codec says what it means. */
import type { Codec } from '../core/codec.ts';
import type { Channel, Cursor } from '../core/records.ts';
import type { SyncError } from '../errors.ts';

/** A user's access: the token lives in memory only. */
export interface GoogleSession {
  userId: string;
  /** A valid access token. Throws SyncError `reauthorize` when the grant is gone. */
  accessToken(): Promise<string>;
  /** Google refused the token: get a new one next time. */
  invalidate(): void;
  /** Repetitions that this run may still spend. */
  retriesLeft: number;
  /** The end of the run's lease (ms since the epoch): no call begins after it (P25). */
  until: number;
  /** By API and way, until when no call begins since Google asked for that: also in the runs to come. */
  rests: Rests;
}

/** ms since the epoch. */
export type Rests = { [apiAndWay: string]: number };

/** What one call brought: its data, or why not. */
export type Result<T> = { ok: true; data: T } | { ok: false; error: SyncError };

/** Why the call failed; undefined when it did not, or was not made. */
export const errorOf = (result: Result<unknown> | undefined): SyncError | undefined =>
  result && !result.ok ? result.error : undefined;

/** One write as the adapter sends it; `etag` goes into If-Match. */
export type CollectionWrite<Raw> =
  | { kind: 'insert'; googleId: string | undefined; body: Raw }
  | { kind: 'patch'; googleId: string; etag: string | undefined; body: Raw }
  | { kind: 'delete'; googleId: string; etag: string | undefined };

/** A period, ms since the epoch. */
export interface Window {
  from: number;
  to: number;
}

/** A group of which a page holds all members: those in the window, or without one all there are. */
export interface Group {
  /** The id of the parent at Google; the parent itself may be the only member. */
  id: string;
  window?: Window;
  /** What its places follow from: while it is the same, the group can only become longer or shorter. */
  pattern?: string;
}

/** A page of a listing. */
export interface Page<Raw> {
  items: Raw[];
  /** Linked members of these that are not among the items have moved within the group, or are gone. */
  groups?: Group[];
  /** Ids of items that are of no interest while they are not linked: nothing of them is in the window. */
  outside?: string[];
  nextPageToken?: string;
  /** Only with the last page: where the next incremental listing starts. */
  token?: string;
}

/** One record type at Google: how changes are listed, how objects are read and written, the codec. */
// biome-ignore lint/suspicious/noExplicitAny: the engine never looks into a raw resource.
export interface Collection<Raw = any> {
  codec: Codec<Raw>;
  /** The OAuth scope without which this collection is off for the user. */
  scope: string;
  /** Parameters of a new full listing over a window (ms since the epoch). */
  listing(window: Window): Cursor['params'];
  /**
   * One page: of all objects (no token) or of what changed since the token; groups with their members
   * in the window. Throws SyncError; `resync` when the token is no longer valid.
   */
  list(
    session: GoogleSession,
    cursor: Pick<Cursor, 'token' | 'params'>,
    window: Window,
    pageToken?: string,
  ): Promise<Page<Raw>>;
  /**
   * One page of all objects in a part of the window that was not read before; members of groups singly,
   * where the members are the records.
   * Only for records that lie in time.
   */
  entering?(session: GoogleSession, part: Window, pageToken?: string): Promise<Page<Raw>>;
  /** Objects by id, in the order asked; one that is not there comes as a deleted one. */
  get(session: GoogleSession, googleIds: string[]): Promise<Result<Raw>[]>;
  /**
   * The members of each of these groups that somebody has changed apart from it, or taken out of it. For
   * types whose groups are records: nothing in a group tells of them. `later`: only who is known to have
   * changed since the group itself did.
   */
  exceptions?(session: GoogleSession, groups: Raw[], later: boolean): Promise<Raw[][]>;
  /** Conditional writes, each judged alone; answers in the order given, a delete's is undefined. */
  write(session: GoogleSession, writes: CollectionWrite<Raw>[]): Promise<Result<Raw | undefined>[]>;
  /**
   * Makes a watch channel to the address, which must be HTTPS; for types that Google can watch. Resolves
   * to what Google answered. The channel may send its first message before that.
   */
  watch?(
    session: GoogleSession,
    wish: { id: string; token: string; address: string; expiresAt: number },
  ): Promise<Pick<Channel, 'resourceId' | 'expiresAt'>>;
  /** Ends a channel, wherever it watches; only the user and the OAuth client that made it may. */
  stop?(session: GoogleSession, channel: Pick<Channel, 'id' | 'resourceId'>): Promise<void>;
  /** Records that are worked off together, where the API's batches take more than the usual number. */
  chunk?: number;
  /**
   * For types whose objects take no id from us: all objects that carry our mark of these records. What
   * was inserted without an answer is looked for here before it is inserted again (P3).
   */
  find?(session: GoogleSession, crmIds: string[]): Promise<Raw[]>;
  /** After this time (ms) a write shows in `find` and in listings for sure. Default: at once. */
  settlesMs?: number;
  /** Google may change an object's id; only an incremental listing tells which one it had. */
  renames?: boolean;
  /** How long (ms) a token lives, counted from the full listing that it goes back to. */
  tokenLifeMs?: number;
  /** Takes objects that have outlived their place into this one; in the order asked. */
  join?(session: GoogleSession, googleIds: string[]): Promise<Result<Raw>[]>;
  /** The scope of another setting: whoever granted this one and not `scope` has to connect again. */
  formerScope?: string;
  /** Where the objects live; undefined: the place that is always there. */
  place?: string;
  /** For a type whose place has to be made, can be lost and can change with the settings. */
  places?: Places<Raw>;
}

/**
 * Places of a collection, a calendar for example. The calls of a collection in a place that is gone
 * throw SyncError `lost`: that its objects are missing then says nothing about them.
 */
export interface Places<Raw> {
  /** Where the objects shall live: `known`, or a place that is found or made. */
  settle(
    session: GoogleSession,
    known: string | undefined,
    granted: readonly string[],
  ): Promise<string | undefined>;
  /** Whether they shall live where they do; no call. False: they are moved with the next run. */
  settled(known: string | undefined): boolean;
  exists(session: GoogleSession, place: string): Promise<boolean>;
  at(place: string | undefined): Collection<Raw>;
  /** Whether the granted scopes allow reading and writing there. */
  reaches(place: string | undefined, granted: readonly string[]): boolean;
}
