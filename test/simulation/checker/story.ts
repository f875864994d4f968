/** Histories written by hand, to see that the checker tells good ones from bad ones. */
import type { Edit, Entry, Final, History, Raw } from '../history.ts';

export const ANNA = 'anna';
const EMAIL = 'anna@firm.example';
/** The time of all entries: nothing here depends on it. */
export const NOW = Date.UTC(2026, 10, 24, 8);
const HOUR = 3_600_000;

/** A record in the CRM's words: an hour at 9, and whatever else it says. */
export const desk = (said: Raw = {}): Raw => ({
  subject: 'Visit',
  status: 'planned',
  start: { dateTime: '2026-11-25T09:00:00Z' },
  end: { dateTime: '2026-11-25T10:00:00Z' },
  ...said,
});

/** The same in Google's words. */
export const event = (said: Raw = {}): Raw => ({
  summary: 'Visit',
  status: 'confirmed',
  eventType: 'default',
  organizer: { email: EMAIL },
  start: { dateTime: '2026-11-25T09:00:00Z' },
  end: { dateTime: '2026-11-25T10:00:00Z' },
  ...said,
});

/** An event that bears our mark. */
export const ours = (crmId: string, said: Raw = {}): Raw =>
  event({ extendedProperties: { private: { crmId } }, ...said });

export const gone = (was: Raw): Raw => ({ ...was, status: 'cancelled' });

/** Writes a history entry by entry, of one user, and keeps what the two sides hold at its end. */
export class Story {
  readonly entries: Entry[] = [];
  readonly #records = new Map<string, Raw>();
  readonly #events = new Map<string, { etag: string; resource: Raw }>();
  #fence = 0;
  #etag = 0;
  #call = 0;

  constructor() {
    this.note({ kind: 'state', user: ANNA, state: 'active', enabled: true });
  }

  note(what: { kind: Entry['kind'] } & Raw): this {
    this.entries.push({ seq: this.entries.length, at: NOW, ...what } as Entry);
    return this;
  }

  /** Somebody in the CRM leaves the record as `after`; undefined: deleted. */
  inCrm(op: Edit['op'], crmId: string, after: Raw | undefined, user = ANNA): this {
    const before = this.recordOf(crmId);
    this.#keep(crmId, after, user);
    return this.note({ kind: 'edit', side: 'crm', op, user, id: crmId, before, after });
  }

  /** Anna's phone leaves the event as `after`. */
  onPhone(op: Edit['op'], id: string, after: Raw): this {
    const before = this.shown(id);
    this.#effect({ method: 'phone', id, after });
    const seen = (raw: Raw | undefined) => (raw?.status === 'cancelled' ? undefined : raw);
    const views = { before: seen(before), after: seen(after) };
    return this.note({ kind: 'edit', side: 'google', op, user: ANNA, id, ...views });
  }

  /** A run begins: its task and its lease. */
  run(task: number): this {
    this.note({ kind: 'task', task, what: 'sync-user' });
    return this.note({ kind: 'lease', task, user: ANNA, fence: ++this.#fence });
  }

  /** The engine leaves the event as `after`; several by one call if it is the `same` as the last one. */
  write(
    task: number,
    method: 'insert' | 'patch' | 'delete',
    id: string,
    after: Raw,
    same = false,
  ): this {
    if (!same) this.#call++;
    return this.#effect({ task, method: `calendar.events.${method}`, id, after });
  }

  /** The run stores its link to the event, with the etag it has now or another one. */
  store(task: number, googleId: string, etag = this.#events.get(googleId)?.etag): this {
    const live = this.shown(googleId)?.status !== 'cancelled';
    const links = [{ googleId, etag, state: live ? 'live' : 'deleted' }];
    return this.note({ kind: 'committed', task, user: ANNA, links, outbox: [] });
  }

  /** The run tells the CRM, which leaves the record as `after`; null: deleted, undefined: as it was. */
  tell(task: number, message: Raw, after?: Raw | null): this {
    const whole = { userId: ANNA, record: 'appointment', op: 'upsert', ...message };
    this.note({ kind: 'told', task, message: whole });
    if (after === undefined) return this;
    const crmId = message.crmId ?? 'CH-1';
    const before = this.recordOf(crmId);
    this.#keep(crmId, after ?? undefined, ANNA, message.googleId);
    const changed = [{ crmId, user: ANNA, before, after: after ?? undefined }];
    return this.note({ kind: 'applied', message: whole, changed });
  }

  shown = (id: string): Raw | undefined => this.#events.get(id)?.resource;

  recordOf(crmId: string): Raw | undefined {
    const record = this.#records.get(crmId);
    return record && !record.deleted ? record.data : undefined;
  }

  #keep(crmId: string, data: Raw | undefined, userId: string, googleId?: string): void {
    const old = this.#records.get(crmId) ?? { conflicts: [] };
    const deleted = data === undefined;
    this.#records.set(crmId, {
      ...old,
      ...{ record: 'appointment', crmId, userId, deleted, data: data ?? old.data },
      ...(googleId !== undefined && { googleId }),
    });
  }

  #effect(what: { task?: number; method: string; id: string; after: Raw }): this {
    const before = this.shown(what.id);
    const etag = `"${++this.#etag}"`;
    this.#events.set(what.id, { etag, resource: what.after });
    const fence = what.task === undefined ? undefined : this.#fence;
    const conditional = what.task !== undefined;
    const by = { caller: ANNA, user: ANNA, etag, before, fence, conditional, call: this.#call };
    return this.note({ kind: 'effect', task: undefined, ...what, ...by });
  }

  /** The history as the checker gets it. */
  end(final: Partial<Final> = {}): History {
    return {
      entries: this.entries,
      final: {
        recurrence: 'occurrences',
        users: [{ userId: ANNA, email: EMAIL, calendars: [EMAIL], timeZone: 'UTC' }],
        records: [...this.#records.values()],
        events: [...this.#events].map(([id, e]) => ({ user: ANNA, id, ...e, exception: false })),
        shown: [...this.#events]
          .filter(([, { resource }]) => resource.status !== 'cancelled')
          .map(([id, { resource }]) => ({ user: ANNA, id, resource })),
        strays: [],
        foreign: [],
        mails: 0,
        echo: true,
        policy: {},
        struck: 0,
        extra: { writes: 0, told: 0, stateChanged: false, planned: [] },
        rested: true,
        bugs: [],
        window: { from: NOW - 1000 * HOUR, to: NOW + 1000 * HOUR },
        now: NOW,
        ...final,
      },
    };
  }
}
