/** The history, sorted by what belongs together: the same for every invariant. */
import type {
  Applied,
  Committed,
  Edit,
  Effect,
  Entry,
  Final,
  History,
  Raw,
  ShownEvent,
  TaskBegun,
  Told,
} from '../history.ts';
import { seriesIn } from '../shown.ts';

export class View {
  readonly final: Final;
  readonly entries: Entry[];
  readonly edits: Edit[];
  readonly effects: Effect[];
  readonly told: Told[];
  readonly applied: Applied[];
  /** Events that the engine inserted: `user/id` to the CRM's id. */
  readonly inserted = new Map<string, string>();
  /** Events that were ever private. */
  readonly hidden = new Set<string>();
  readonly #parent = new Map<string, string>();
  readonly #tasks = new Map<number, TaskBegun>();
  /** By event, in order. */
  readonly #effects = new Map<string, Effect[]>();

  constructor({ entries, final }: History) {
    this.entries = entries;
    this.final = final;
    this.edits = entries.filter((e) => e.kind === 'edit');
    this.effects = entries.filter((e) => e.kind === 'effect');
    this.told = entries.filter((e) => e.kind === 'told');
    this.applied = entries.filter((e) => e.kind === 'applied');
    for (const e of entries) if (e.kind === 'task') this.#tasks.set(e.task, e);
    for (const effect of this.effects) this.#readEffect(effect);
    if (final.recurrence === 'series') this.#joinFamilies();
    this.#joinHeirs();
    // A record goes on as another occurrence when its series moves.
    for (const { message } of this.told) {
      const { crmId, userId, googleId } = message;
      if (crmId !== undefined && googleId !== undefined && message.op === 'upsert')
        this.#join(crmKey(crmId), googleKey(userId, googleId));
    }
    for (const { message, changed } of this.applied) {
      if (message.googleId === undefined) continue;
      for (const { crmId } of changed)
        this.#join(crmKey(crmId), googleKey(message.userId, message.googleId));
    }
    for (const r of final.records) {
      if (r.googleId) this.#join(crmKey(r.crmId), googleKey(r.userId, r.googleId));
    }
    this.#joinSingles();
  }

  #readEffect(effect: Effect): void {
    const { task, method, user, caller, id, before, after } = effect;
    const key = googleKey(user, id);
    this.#effects.set(key, [...this.effectsOn(user, id), effect]);
    if (after.visibility === 'private') this.hidden.add(key);
    const crmId = after.extendedProperties?.private?.crmId;
    if (task === undefined || before || caller !== user || !crmId) return;
    // The occurrences of a series that was inserted carry its marks as well.
    if (!method.endsWith('insert') || seriesIn(id) !== undefined) return;
    this.inserted.set(key, crmId);
    this.#join(crmKey(crmId), key);
  }

  /** Where series are records, a series and all that belongs to it are one thing. */
  #joinFamilies(): void {
    for (const { user, id } of [...this.effects, ...this.final.shown]) {
      const series = seriesIn(id);
      if (series !== undefined) this.#join(googleKey(user, id), googleKey(user, series));
    }
    for (const { userId, crmId, occurrence } of this.final.records) {
      if (!occurrence) continue;
      const { series } = occurrence;
      if (series.crmId) this.#join(crmKey(crmId), crmKey(series.crmId));
      if (series.googleId) this.#join(crmKey(crmId), googleKey(userId, series.googleId));
    }
  }

  /** An event of the CRM's that became a series goes on as the occurrence that is no other record. */
  #joinHeirs(): void {
    for (const r of this.final.records)
      for (const { user, id } of r.deleted ? [] : this.#heirsOf(r))
        this.#join(crmKey(r.crmId), googleKey(user, id));
    const named = new Set(this.told.map(({ message: m }) => googleKey(m.userId, m.googleId)));
    for (const { task, caller, user, id } of this.effects) {
      const crmId = this.inserted.get(googleKey(user, seriesIn(id) ?? ''));
      if (task === undefined || caller !== user || crmId === undefined) continue;
      if (!named.has(googleKey(user, id))) this.#join(crmKey(crmId), googleKey(user, id));
    }
  }

  /** A series that became a single event goes on as the one record that is left of it, and no message says so. */
  #joinSingles(): void {
    const named = new Set(this.told.map(({ message: m }) => googleKey(m.userId, m.googleId)));
    for (const { task, caller, user, id, seq } of this.effects) {
      const key = googleKey(user, id);
      if (task === undefined || caller !== user || named.has(key) || this.inserted.has(key))
        continue;
      const last = new Map<string | undefined, string>();
      for (const { message, ...told } of this.told) {
        const isOne = message.userId === user && seriesIn(message.googleId ?? '') === id;
        // What the run tells of the others comes after what it writes.
        if (isOne && (told.seq < seq || told.task === task))
          last.set(this.rootOfMessage(message), message.op);
      }
      const left = [...last].flatMap(([root, op]) => (op === 'delete' ? [] : (root ?? [])));
      if (left.length === 1) this.#join(key, left[0] as string);
    }
  }

  #find(key: string): string {
    const parent = this.#parent.get(key);
    return parent === undefined ? key : this.#find(parent);
  }

  #join(a: string, b: string): void {
    const [x, y] = [this.#find(a), this.#find(b)];
    if (x !== y) this.#parent.set(x, y);
  }

  /** What an edit, or an effect, belongs to: the same for a record and all the events it ever had. */
  rootOf({ side, user, id }: { side: 'crm' | 'google'; user: string; id: string }): string {
    return this.#find(side === 'crm' ? crmKey(id) : googleKey(user, id));
  }

  /** Whether the run that had the effect took the lease after the edit. */
  beganAfter({ task }: Effect, edit: Edit): boolean {
    return this.entries.some((e) => e.kind === 'lease' && e.task === task && e.seq > edit.seq);
  }

  /** What a message is about. */
  rootOfMessage({ crmId, userId, googleId }: Raw): string | undefined {
    if (crmId !== undefined) return this.#find(crmKey(crmId));
    return googleId === undefined ? undefined : this.#find(googleKey(userId, googleId));
  }

  /** What records of the CRM stand for: all that takes place, or series instead of their occurrences. */
  liveEvents(user?: string): ShownEvent[] {
    const { recurrence, shown } = this.final;
    const all =
      recurrence === 'series'
        ? [...shown.filter((e) => e.series === undefined), ...this.liveSeries()]
        : shown;
    return all.filter((e) => user === undefined || e.user === user);
  }

  liveSeries(): ShownEvent[] {
    return this.final.events.filter(
      ({ resource }) =>
        resource.status !== 'cancelled' && resource.recurrence && resource.eventType === 'default',
    );
  }

  /** All that a person can look at: occurrences, and series where they are records. */
  visible(): ShownEvent[] {
    return this.final.recurrence === 'series'
      ? [...this.final.shown, ...this.liveSeries()]
      : this.final.shown;
  }

  /** Whether the user has deleted the calendar that the sync had made, after a step. */
  dropped(user: string, after = 0): boolean {
    return this.entries.some(
      (e) => e.kind === 'user' && e.user === user && e.what === 'calendarDropped' && e.seq > after,
    );
  }

  /** Whether it was made by the engine: of an occurrence, whether its series was. */
  isOurs(user: string, id: string): boolean {
    const series = this.final.recurrence === 'series' ? seriesIn(id) : undefined;
    return this.inserted.has(googleKey(user, series ?? id));
  }

  /** Live events that a record of the CRM stands for. */
  eventsOf(record: Raw) {
    const ours = (e: { user: string; id: string }) =>
      this.inserted.get(googleKey(e.user, e.id)) === record.crmId &&
      !this.#hasGivenUp(record, e.id);
    const named = this.#isPassedOn(record) ? undefined : record.googleId;
    const own = this.liveEvents(record.userId).filter((e) => ours(e) || e.id === named);
    return own.length > 0 ? own : this.#heirsOf(record);
  }

  /** Written alone since its place was gone, it is not called by that any more: another record has the place. */
  #isPassedOn({ crmId, userId, googleId }: Raw): boolean {
    if (seriesIn(googleId ?? '') === undefined) return false;
    const last = this.told.findLast(
      ({ message: m }) => m.op === 'upsert' && m.userId === userId && m.googleId === googleId,
    );
    const heir = last?.message.crmId;
    return heir !== undefined && heir !== crmId && [...this.inserted.values()].includes(crmId);
  }

  /**
   * A series by then, of which the sync took the record's own occurrence out, as its user had asked in leaving: what
   * a person leaves of it later, as a single event, is that of the other ones (design rule 6).
   */
  isLeftOver(user: string, id: string, until = Number.POSITIVE_INFINITY): boolean {
    const isLeaving = (effect: Effect) => {
      const begin = this.beginOf(effect) ?? 0;
      const said = this.entries.findLast(
        (e) =>
          e.kind === 'user' &&
          e.user === user &&
          e.seq < begin &&
          /^(leaving|connected)/.test(e.what),
      );
      return said?.kind === 'user' && said.what === 'leavingRemove';
    };
    return this.effects.some(
      (e) =>
        e.user === user &&
        e.seq < until &&
        e.task !== undefined &&
        e.after.status === 'cancelled' &&
        seriesIn(e.id) === id &&
        this.final.recurrence !== 'series' &&
        isLeaving(e),
    );
  }

  /**
   * Taken off in the CRM, or out by the user's leaving, while the event that was written for it was a series at
   * Google: single again, that goes on in the record of another one of its occurrences (design rule 6).
   */
  #hasGivenUp({ crmId, userId, deleted, data }: Raw, id: string): boolean {
    if (!deleted && data.status !== 'cancelled' && !this.isLeftOver(userId, id)) return false;
    const last = this.told.findLast(
      ({ message: m }) => m.op === 'upsert' && m.userId === userId && m.googleId === id,
    );
    const heir = last?.message.crmId;
    const wasPart = this.applied.some(
      ({ message: m, changed }) =>
        m.userId === userId &&
        seriesIn(m.googleId ?? '') === id &&
        changed.some((c) => c.crmId === heir),
    );
    return heir !== undefined && heir !== crmId && wasPart;
  }

  /**
   * A single event that became a series goes on as one of the occurrences (design rule 6), a series that
   * became a single event as that, and nobody needs to tell the CRM which: no other record stands for it, nor
   * has one whose import was undone, since that leaves its occurrence to the user. What the sync has written
   * for the record goes before what is left of a series that it was of until then.
   */
  #heirsOf(record: Raw): ShownEvent[] {
    if (this.final.recurrence === 'series') return [];
    const heirs = this.liveEvents(record.userId).filter((event) => {
      const { id } = event;
      return (
        this.#wasIts(record, event) &&
        !this.staysUndone(event) &&
        !this.final.records.some((r) => !r.deleted && r.googleId === id)
      );
    });
    const written = heirs.filter(
      ({ user, id }) => this.inserted.get(googleKey(user, seriesIn(id) ?? id)) === record.crmId,
    );
    return written.length > 0 ? written : heirs;
  }

  #wasIts({ crmId, googleId }: Raw, { user, id }: { user: string; id: string }): boolean {
    const series = seriesIn(id);
    const made = this.inserted.get(googleKey(user, series ?? id));
    // Written by the sync, it is the record's for which it was.
    if (series === undefined)
      return seriesIn(googleId ?? '') === id && [undefined, crmId].includes(made);
    return googleId === series || made === crmId;
  }

  /** Its import was undone: no record stands for it any more, nor any that it was a part of. */
  staysUndone({ user, id }: { user: string; id: string }): boolean {
    return this.told.some(
      ({ message }) =>
        message.reason === 'undone' && message.userId === user && message.googleId === id,
    );
  }

  /** Live records of the CRM that an event stands for. */
  recordsOf(event: { user: string; id: string }): Raw[] {
    const crmId = this.inserted.get(googleKey(event.user, event.id));
    const live = this.final.records.filter((r) => !r.deleted && r.userId === event.user);
    const isNamed = (r: Raw) => r.googleId === event.id && !this.#isPassedOn(r);
    const isIts = (r: Raw) => r.crmId === crmId && !this.#hasGivenUp(r, event.id);
    const named = live.filter((r) => isNamed(r) || isIts(r));
    if (named.length > 0) return named;
    return live.filter(
      (r) => this.#wasIts(r, event) && this.eventsOf(r).some(({ id }) => id === event.id),
    );
  }

  /** The task with this number, as it began. */
  task(id: number | undefined): TaskBegun | undefined {
    return id === undefined ? undefined : this.#tasks.get(id);
  }

  /** What a task is for: a subscription, or an admin's action. */
  doing = (id: number | undefined): string | undefined => this.task(id)?.what;

  /** Everything that changed one event, in order. */
  effectsOn(user: string, id: string): Effect[] {
    return this.#effects.get(googleKey(user, id)) ?? [];
  }

  /** When the run began in which a task did something: where it took the lease. */
  beginOf({ task, seq }: { task: number | undefined; seq: number }): number | undefined {
    const lease = this.entries.findLast(
      (e) => e.kind === 'lease' && e.task === task && e.seq < seq,
    );
    return lease?.seq;
  }

  /** What the run began with that decided to tell this; another one may have sent it. */
  decidedFrom(told: Told): number | undefined {
    return this.beginOf(this.storedWith(told) ?? told);
  }

  /** Whether an undoing decided to tell this: one that dies before it does leaves that to the next run. */
  isOfUndo = (told: Told): boolean => this.doing((this.storedWith(told) ?? told).task) === 'undo';

  /** The commit that stored that this is to be told. */
  storedWith({ message: { changeId } }: Told): Committed | undefined {
    const isOf = (e: Entry): e is Committed =>
      e.kind === 'committed' && e.outbox.includes(changeId);
    return this.entries.find(isOf);
  }

  /** What an event looked like during a part of the history, oldest first; none if it never was. */
  shownDuring(user: string, id: string, from: number, to: number): Raw[] {
    const all = this.effectsOn(user, id).filter((e) => e.seq < to);
    const at = all.findLastIndex((e) => e.seq <= from);
    return all.slice(Math.max(at, 0)).map((e) => e.after);
  }

  /** The newest change of an event that the sync had stored before a step; -1 if none. */
  knownBefore(user: string, id: string, before: number): number {
    const stored = this.entries.filter(
      (e) => e.kind === 'committed' && e.user === user && e.seq < before,
    );
    const etags = stored.flatMap((e) =>
      e.kind === 'committed' ? e.links.filter((l) => l.googleId === id).map((l) => l.etag) : [],
    );
    return this.effectsOn(user, id).findLast((e) => etags.includes(e.etag))?.seq ?? -1;
  }

  /** What people did to a record and the events it ever had, in order. */
  editsOf(root: string): Edit[] {
    return this.#byRoot().get(root) ?? [];
  }

  #edits: Map<string, Edit[]> | undefined;

  #byRoot(): Map<string, Edit[]> {
    this.#edits ??= Map.groupBy(this.edits, (e) => this.rootOf(e));
    return this.#edits;
  }

  get roots(): string[] {
    return [...this.#byRoot().keys()];
  }

  /** Records of the CRM that stand for what the root names, deleted ones too. */
  recordsAt(root: string): Raw[] {
    return this.final.records.filter(
      (r) => this.rootOf({ side: 'crm', user: r.userId, id: r.crmId }) === root,
    );
  }

  /** Live events of the root, in whosever calendar. */
  eventsAt(root: string) {
    return this.liveEvents().filter((e) => this.rootOf({ side: 'google', ...e }) === root);
  }

  /** Messages about the root, in order. */
  toldOf(root: string): Told[] {
    return this.told.filter((t) => this.rootOfMessage(t.message) === root);
  }

  /** Whether the run that wrote this stored it. */
  isCommitted(effect: Effect): boolean {
    return this.entries.some(
      (e) =>
        e.kind === 'committed' &&
        e.task === effect.task &&
        e.links.some((link) => link.etag === effect.etag),
    );
  }

  /** Whether the record had another live event when a person touched this one. */
  livesElsewhere({ seq, user, id }: Edit): boolean {
    const root = this.rootOf({ side: 'google', user, id });
    const live = new Set<string>();
    for (const e of this.effects) {
      if (e.seq > seq || e.id === id || this.rootOf({ side: 'google', ...e }) !== root) continue;
      if (e.after.status === 'cancelled') live.delete(googleKey(e.user, e.id));
      else live.add(googleKey(e.user, e.id));
    }
    return live.size > 0;
  }

  /** Whether the user ever left and had removed what the sync made: then that goes, edited or not. */
  hasLeft(user: string): boolean {
    return this.entries.some(
      (e) => e.kind === 'user' && e.user === user && e.what === 'leavingRemove',
    );
  }

  /** Whether the owner of one of its events ever hid it. */
  isHiddenAt(root: string): boolean {
    const all = [...this.final.events, ...this.final.shown];
    const events = all.filter((e) => this.rootOf({ side: 'google', ...e }) === root);
    return events.some((e) => this.isHidden(e.user, e.id));
  }

  isHidden(user: string, id: string): boolean {
    return !this.isOurs(user, id) && this.hidden.has(googleKey(user, id));
  }
}

const crmKey = (crmId: string) => `c:${crmId}`;
export const googleKey = (user: string, id: string) => `${user}/${id}`;
