/** Calendars, change numbers and watch channels of the workspace. */
import { insufficient, SCOPE_PREFIX } from '../access.ts';
import { type AuthorizedCall, notFound } from '../protocol.ts';
import { base32hex } from '../random.ts';
import type { Workspace } from '../workspace.ts';
import type { Calendar, Channel, EventResource, ExceptionOf, StoredEvent } from './model.ts';
import { sendMessage } from './watch.ts';

/** Changes whose time is remembered, for listings that lag. */
const HISTORY = 5000;

export class CalendarStore {
  readonly workspace: Workspace;
  readonly #calendars = new Map<string, Calendar>();
  readonly channels = new Map<string, Channel>();
  readonly #dirty = new Map<Calendar, Set<string>>();
  readonly #history: { at: number; changes: number }[] = [];
  #changes = 0;

  constructor(workspace: Workspace) {
    this.workspace = workspace;
  }

  /** The number of the latest change. */
  get changes(): number {
    return this.#changes;
  }

  /** The primary calendar of an account, made when first needed. */
  primary(email: string): Calendar {
    const account = this.workspace.oauth.accountFor(email);
    const found = this.#calendars.get(account.email);
    if (found) return found;
    return this.#add({
      id: account.email,
      owner: account.email,
      primary: true,
      summary: account.email,
      timeZone: account.timeZone,
      createdBy: null,
    });
  }

  /** Makes a secondary calendar. */
  create(owner: string, summary: string, timeZone: string, createdBy: string | null): Calendar {
    const id = `c_${base32hex(this.workspace.random, 52)}@group.calendar.google.com`;
    return this.#add({ id, owner, primary: false, summary, timeZone, createdBy });
  }

  #add(calendar: Omit<Calendar, 'deleted' | 'changed' | 'events' | 'tokenEpoch'>): Calendar {
    this.#changes += 1;
    const made: Calendar = {
      ...calendar,
      deleted: false,
      changed: this.#changes,
      events: new Map(),
      tokenEpoch: 0,
    };
    this.#calendars.set(made.id, made);
    return made;
  }

  /** Deletes a secondary calendar with its events and channels. */
  remove(calendar: Calendar): void {
    this.touchCalendar(calendar);
    calendar.deleted = true;
    calendar.events.clear();
    for (const [id, channel] of this.channels) {
      if (channel.calendar === calendar) this.channels.delete(id);
    }
  }

  touchCalendar(calendar: Calendar): void {
    this.#changes += 1;
    calendar.changed = this.#changes;
  }

  /** Calendars of an account, the primary first; deleted ones too. */
  owned(email: string): Calendar[] {
    const primary = this.primary(email);
    const rest = [...this.#calendars.values()].filter(
      (calendar) => calendar.owner === primary.owner && calendar !== primary,
    );
    return [primary, ...rest];
  }

  /** A calendar by id, whoever asks. */
  find(id: string): Calendar | undefined {
    const calendar =
      this.#calendars.get(id) ?? (this.workspace.oauth.account(id) ? this.primary(id) : undefined);
    return calendar?.deleted ? undefined : calendar;
  }

  /** The calendar that a call names; `primary` and the address are the same. */
  resolve(call: AuthorizedCall, id: string): Calendar {
    const { identity } = call;
    const calendar = id === 'primary' ? this.primary(identity.email) : this.find(id.toLowerCase());
    // [V] 1.9: 404 also stands for no access; calendars are not shared here.
    if (!calendar || calendar.owner !== identity.email) throw notFound();
    // [V] 5: calendar.app.created gives full rights, but only in what the app has made.
    if (identity.scopes !== 'all') {
      const granted = identity.scopes;
      const broad = call.allowed.filter((scope) => scope !== 'calendar.app.created');
      const everywhere = broad.some((scope) => granted.has(SCOPE_PREFIX + scope));
      if (!everywhere && calendar.createdBy !== identity.clientId) throw insufficient(broad);
    }
    return calendar;
  }

  /** Adds an event, series or exception. */
  addEvent(
    calendar: Calendar,
    id: string,
    resource: EventResource,
    organizerCalendar: string | null,
    exception: ExceptionOf | null = null,
  ): StoredEvent {
    const record: StoredEvent = {
      id,
      calendar,
      resource,
      exception,
      order: this.#changes + 1,
      changed: 0,
      organizerCalendar,
      copies: new Set(),
      former: [],
    };
    calendar.events.set(id, record);
    this.touch(record);
    return record;
  }

  /** Replaces what an event says. */
  setResource(record: StoredEvent, resource: EventResource): void {
    const old = record.resource;
    this.touch(record);
    if (old.recurrence) record.former.push({ changed: record.changed, resource: old });
    record.resource = resource;
  }

  /** Gives the event a new change number, hence a new etag. */
  touch(record: StoredEvent): void {
    this.#changes += 1;
    this.#remember();
    record.changed = this.#changes;
    const types = this.#dirty.get(record.calendar) ?? new Set();
    types.add(record.resource.eventType);
    this.#dirty.set(record.calendar, types);
  }

  /** Every event of a user gets a new etag; what it says stays. */
  touchAll(email: string): void {
    for (const calendar of this.owned(email)) {
      for (const record of calendar.events.values()) this.touch(record);
    }
  }

  /** The number of the latest change at a time (ms); as far back as is remembered. */
  changesAt(time: number): number {
    return this.#history.findLast(({ at }) => at <= time)?.changes ?? 0;
  }

  /** Ends all sync tokens of a user's calendars (or of all): the next use gets 410. */
  expireSyncTokens(email?: string): void {
    for (const calendar of this.#calendars.values()) {
      if (!email || calendar.owner === email.toLowerCase()) calendar.tokenEpoch += 1;
    }
  }

  #remember(): void {
    this.#history.push({ at: this.workspace.now(), changes: this.#changes });
    if (this.#history.length > 2 * HISTORY) this.#history.splice(0, HISTORY);
  }

  /** Notifies the channels of every calendar that changed since the last flush. */
  flush(): void {
    if (this.#dirty.size === 0) return;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const [calendar, types] of dirty) {
      for (const channel of [...this.channels.values()]) {
        if (channel.calendar !== calendar) continue;
        if (channel.eventTypes.length && !channel.eventTypes.some((type) => types.has(type))) {
          continue;
        }
        sendMessage(this, channel, 'exists');
      }
    }
  }
}
