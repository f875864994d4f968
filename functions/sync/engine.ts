import type { Policy } from '../core/merge.ts';
import type { Log } from '../log.ts';
import type { Collection, GoogleSession } from './collection.ts';
import type { Clock, Publisher, Random, Store } from './ports.ts';

/** Opens a user's Google access, and ends it. */
export interface Access {
  /**
   * Makes no call yet: the token is fetched when it is first needed. A token that was fetched for another
   * account of the user is not used.
   */
  session(userId: string, account?: string): GoogleSession;
  /**
   * Revokes the grant at Google and deletes the stored token; harmless when repeated. Like every call under a
   * lease it does not begin after `until`, ms: it throws `later`/`leaseLost`.
   */
  end(userId: string, until?: number): Promise<void>;
}

/** Times are in ms. */
export interface EngineSettings {
  windowDaysBack: number;
  windowDaysAhead: number;
  /** Between two polls of what is not watched. */
  pollMs: number;
  /** Between two polls of what is watched, after activity; twice that in quiet times. */
  safetyMs: number;
  /** Address of googlePush; undefined: no channels are made. */
  pushUrl?: string | undefined;
  leaseMs: number;
  /** After this a run takes no new work and leaves the rest to the next one. */
  runMs: number;
  tombstoneMs: number;
  inviteExternal: boolean;
  policy: Policy;
}

/** What a run is made of: the ports, and the settings. */
export interface Engine {
  store: Store;
  publisher: Publisher;
  access: Access;
  collections: Collection[];
  clock: Clock;
  random: Random;
  /** Name of this run as a lease holder; a new one each time. */
  holder: () => string;
  /** An unguessable word, at most 64 characters of A-Z a-z 0-9 - _. */
  secret: () => string;
  log: Log;
  settings: EngineSettings;
}
