/** What flows through the stack, as a live stream: kept for a while, so that a page opened later sees it. */

/** One change inside a message, as far as the live view names it. */
export interface ChangeSummary {
  userId?: string;
  record?: string;
  op?: string;
  crmId?: string;
  googleId?: string;
  version?: number;
}

/** An event of the live view. `at` is in ms since the epoch. */
export type FeedEvent =
  | {
      /** A message entered a topic. */
      kind: 'message';
      topic: string;
      messageId: string;
      /** How many changes it carries, and the first few. */
      count: number;
      changes: ChangeSummary[];
      /** The message, cut when it is long. */
      body: string;
    }
  | {
      /** A function (or the CRM) answered a push. */
      kind: 'run';
      subscription: string;
      messageId: string;
      users: string[];
      attempt: number;
      status: number;
      ms: number;
    }
  | {
      /** One HTTP request at Google; a batch holds several calls. */
      kind: 'call';
      client: 'sync' | 'phone' | 'browser';
      user: string | null;
      request: string;
      status: number;
      ms: number;
      calls: { method: string; status: number }[];
    }
  | {
      /** Google notified a watch channel; 0 when nobody answered. */
      kind: 'notification';
      user: string;
      state: string;
      status: number;
      ms: number;
    }
  /** A record or user of the CRM changed: time to read it again. */
  | { kind: 'crm'; userId: string; crmId?: string };

/** An event with its number and time. */
export type FeedEntry = FeedEvent & { id: number; at: number };

const KEPT = 300;
const BODY_LIMIT = 4000;

/** The stream. */
export class Feed {
  readonly #entries: FeedEntry[] = [];
  readonly #listeners = new Set<(entry: FeedEntry) => void>();
  #lastId = 0;

  /** Adds an event and tells the listeners. */
  add(event: FeedEvent): void {
    const entry: FeedEntry = { ...event, id: ++this.#lastId, at: Date.now() };
    // A signal is only for pages that are open; the others are the history.
    if (entry.kind !== 'crm') {
      this.#entries.push(entry);
      if (this.#entries.length > KEPT) this.#entries.shift();
    }
    for (const listener of this.#listeners) listener(entry);
  }

  /** The kept events after the given number, oldest first. */
  since(id: number): FeedEntry[] {
    return this.#entries.filter((entry) => entry.id > id);
  }

  /** Listens; returns a function that ends it. */
  listen(listener: (entry: FeedEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The part of a message event that comes from its text; any text will do. */
export function describe(text: string): { count: number; changes: ChangeSummary[]; body: string } {
  const body = text.length > BODY_LIMIT ? `${text.slice(0, BODY_LIMIT)} …` : text;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { count: 0, changes: [], body };
  }
  const list = (parsed as { changes?: unknown } | null)?.changes ?? [parsed];
  if (!Array.isArray(list)) return { count: 0, changes: [], body };
  return { count: list.length, changes: list.slice(0, 5).map(summary), body };
}

function summary(change: unknown): ChangeSummary {
  if (typeof change !== 'object' || change === null) return {};
  const source = change as Record<string, unknown>;
  const found: Record<string, unknown> = {};
  for (const key of ['userId', 'record', 'op', 'crmId', 'googleId']) {
    if (typeof source[key] === 'string') found[key] = source[key];
  }
  if (typeof source.version === 'number') found.version = source.version;
  return found;
}
