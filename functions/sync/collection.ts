/** One record type at Google: how to list its changes, read and write it. The codec says what it means. */
import type { Codec } from '../core/codec.ts';
import type { Cursor } from '../core/records.ts';
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
}

/** What one call brought: its data, or why not. */
export type Result<T> = { ok: true; data: T } | { ok: false; error: SyncError };

export type CollectionWrite<Raw> =
  | { kind: 'insert'; googleId: string | undefined; body: Raw }
  | { kind: 'patch'; googleId: string; etag: string | undefined; body: Raw }
  | { kind: 'delete'; googleId: string; etag: string | undefined };

export interface Page<Raw> {
  items: Raw[];
  nextPageToken?: string;
  /** Only with the last page: where the next incremental listing starts. */
  token?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: the engine never looks into a raw resource.
export interface Collection<Raw = any> {
  codec: Codec<Raw>;
  /** The OAuth scope without which this collection is off for the user. */
  scope: string;
  /** Parameters of a new full listing over a window (ms since the epoch). */
  listing(window: { from: number; to: number }): Cursor['params'];
  /**
   * One page: of all objects (no token) or of what changed since the token. Throws SyncError;
   * `resync` when the token is no longer valid.
   */
  list(
    session: GoogleSession,
    cursor: Pick<Cursor, 'token' | 'params'>,
    pageToken?: string,
  ): Promise<Page<Raw>>;
  /** Objects by id, in the order asked; one that is not there comes as a deleted one. */
  get(session: GoogleSession, googleIds: string[]): Promise<Result<Raw>[]>;
  /** Conditional writes, each judged alone, in the order given; a delete answers undefined. */
  write(session: GoogleSession, writes: CollectionWrite<Raw>[]): Promise<Result<Raw | undefined>[]>;
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
  exists(session: GoogleSession, place: string): Promise<boolean>;
  at(place: string | undefined): Collection<Raw>;
  /** Whether the granted scopes allow reading and writing there. */
  reaches(place: string | undefined, granted: readonly string[]): boolean;
}
