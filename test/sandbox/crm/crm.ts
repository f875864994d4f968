/**
 * The CRM simulator: contact history, contact persons and tasks, that publishes crm-changes and consumes google-changes the
 * way a CRM team's integration would. Knows no clock, no randomness and no network of its own, so that a
 * deterministic simulation can use it directly.
 */
import type { RecordType } from '../../../functions/core/fields.ts';
import {
  type GoogleChange,
  googleChangeSchema,
  type Moment,
  type Occurrence,
  occurrenceSchema,
} from '../../../functions/core/messages.ts';
import { changesIn, checked } from './checks.ts';
import { Outbox } from './outbox.ts';
import {
  CrmError,
  type CrmOptions,
  type CrmRecord,
  type CrmUser,
  type RecordData,
} from './types.ts';

/** How the numbers of each type begin: contact history, contact person, task. */
const PREFIX = { appointment: 'CH', contact: 'CP', task: 'T' };

/** The CRM: users, records, the messages received, and an outbox so that no message is lost. */
export class Crm {
  readonly #options: CrmOptions;
  readonly #users = new Map<string, CrmUser>();
  readonly #records = new Map<string, CrmRecord>();
  readonly #seen = new Set<string>();
  readonly #messages: GoogleChange[] = [];
  readonly #outbox: Outbox;
  /** What each record said in its versions, newest last. */
  readonly #versions = new Map<string, { version: number; data: RecordData }[]>();
  #lastNumber = 1000;

  constructor(options: CrmOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.publish);
  }

  // ---- what people do in the CRM -------------------------------------------------------------

  /** Enters or changes a user and announces it (`record: user`). */
  async announce(user: Omit<CrmUser, 'version' | 'enabled' | 'google'> & { enabled?: boolean }) {
    const old = this.#users.get(user.userId);
    const stored: CrmUser = { ...old, enabled: true, ...user, version: (old?.version ?? 0) + 1 };
    this.#users.set(user.userId, stored);
    const { userId, version, email, timeZone, enabled, name } = stored;
    const data = { email, timeZone, enabled, name };
    this.#post({ ...this.#envelope(userId, version), record: 'user', op: 'upsert', data });
    this.#changed(userId);
    await this.flush();
    return stored;
  }

  /** A new entry of the contact history, with an occurrence that one of a series; or of another type. */
  async create(
    userId: string,
    data: RecordData,
    { record = 'appointment', occurrence }: { record?: RecordType; occurrence?: Occurrence } = {},
  ): Promise<CrmRecord> {
    if (!this.#users.has(userId)) throw new CrmError(404, `no user ${userId}`);
    if (occurrence && !occurrenceSchema.safeParse(occurrence).success)
      throw new CrmError(400, 'occurrence needs series and originalStart');
    const made = this.#insert({ userId, record, origin: 'crm', data: checked(data, record) });
    if (occurrence) {
      made.occurrence = occurrence;
      made.editedFields = editedAt(1, this.#regular(occurrence, made.data), made.data);
    }
    this.#publishRecord(made);
    await this.flush();
    return made;
  }

  /** Changes fields of an entry, or hands it over to another user; a series with all its exceptions. */
  async edit(crmId: string, data: RecordData, userId?: string): Promise<CrmRecord> {
    const record = this.#live(crmId);
    if (userId !== undefined && !this.#users.has(userId)) {
      throw new CrmError(404, `no user ${userId}`);
    }
    const edited = checked(data, record.record);
    record.editedFields = editedAt(record.version + 1, record, edited);
    record.data = { ...record.data, ...edited };
    const parts = userId !== undefined && userId !== record.userId ? this.#exceptions(record) : [];
    if (userId !== undefined) passTo(record, userId);
    this.#personChanged(record);
    for (const part of parts) this.#follow(part, record);
    await this.flush();
    return record;
  }

  /** Deletes an entry. */
  async remove(crmId: string): Promise<CrmRecord> {
    const record = this.#live(crmId);
    record.deleted = true;
    record.deletedBy = 'crm';
    for (const part of this.#partsOf(record)) this.#goWith(part, record);
    this.#personChanged(record);
    await this.flush();
    return record;
  }

  /**
   * A message made elsewhere (a script, a test): published as it is, also when it is nonsense. What is
   * readable in it becomes the CRM's own state, since it speaks for the CRM.
   */
  async publishRaw(message: unknown): Promise<void> {
    for (const change of changesIn(message)) {
      const { userId, version } = change;
      if (change.record === 'user') {
        const old = this.#users.get(userId);
        if (version <= (old?.version ?? -1)) continue;
        const name = change.data.name ?? old?.name ?? userId;
        this.#users.set(userId, { ...old, ...change.data, name, userId, version });
        this.#changed(userId);
        continue;
      }
      const old = this.#records.get(change.crmId);
      if (version <= (old?.version ?? -1)) continue;
      const { crmId, googleId } = change;
      const record: CrmRecord = {
        ...(old ?? { crmId, record: change.record, origin: 'crm', conflicts: [] }),
        userId,
        version,
        editedVersion: version,
        editedFields: editedAt(version, old, change.op === 'delete' ? {} : change.data),
        data:
          change.op === 'delete'
            ? (old?.data ?? {})
            : { ...(old?.deleted ? {} : old?.data), ...(change.data as CrmRecord['data']) },
        deleted: change.op === 'delete',
        external: true,
        updatedAt: this.#options.now(),
        ...(googleId !== undefined && { googleId }),
        ...(change.occurrence && { occurrence: change.occurrence }),
      };
      if (change.op === 'delete') record.deletedBy = 'crm';
      this.#records.set(crmId, record);
      this.#changed(userId, crmId);
    }
    this.#outbox.push(message);
    await this.flush();
  }

  // ---- what Google tells ---------------------------------------------------------------------

  /** One google-change. Resolves when it is applied and what it caused is published. */
  async receive(message: unknown): Promise<void> {
    const change = googleChangeSchema.parse(message);
    if (!this.#seen.has(change.changeId)) {
      this.#seen.add(change.changeId);
      this.#messages.push(change);
      this.#apply(change);
    }
    // Also on a redelivery: the first delivery may have died between applying and publishing.
    await this.flush();
  }

  #apply(change: GoogleChange): void {
    if (change.record === 'user') {
      const user = this.#users.get(change.userId ?? '');
      if (!user) return;
      user.google = { ...user.google, ...change.data };
      this.#changed(user.userId);
      return;
    }
    const record = this.#find(change);
    if (change.occurrence && change.op === 'delete' && !record && !this.#passedOn(change))
      this.#leaveOut(change.occurrence, change);
    // The organizer of a meeting has connected: the guest's record is his or hers from now on.
    if (record && change.formerUserId === record.userId && change.userId !== undefined)
      passTo(record, change.userId);
    const isOld = record !== undefined && change.userId !== record.userId;
    if (change.instead && !isOld) this.#leaveOut(change.instead, change);
    if (record && change.rejected) record.rejected = change.rejected;
    if (record && change.conflicts) record.conflicts.push(...change.conflicts);
    if (change.op === 'upsert') this.#applyUpsert(record, change);
    else if (record && change.op === 'delete') this.#applyDelete(record, change);
    else if (record) {
      if (change.op === 'unlink') record.unlinked = true;
      this.#changed(record.userId, record.crmId);
    }
  }

  /** Live records of single occurrences of a series. */
  #partsOf(series: CrmRecord): CrmRecord[] {
    return [...this.#records.values()].filter((r) => !r.deleted && isPart(r, series));
  }

  /**
   * The records of occurrences that differ from the series, or do not take place: also where nobody has made one
   * of these yet, since the next owner's calendar knows of them only what it is told under a name.
   */
  #exceptions(series: CrmRecord): CrmRecord[] {
    const parts = [...this.#records.values()].filter((r) => isPart(r, series));
    const cancelled = series.cancelled ?? [];
    const isAt = (moment: Moment) => (part: CrmRecord) =>
      part.occurrence !== undefined && isSameMoment(part.occurrence.originalStart, moment);
    const isLeftOut = (part: CrmRecord) =>
      part.wentWith === undefined &&
      (part.deletedBy === 'crm' || cancelled.some((moment) => isAt(moment)(part)));
    const kept = parts.filter((part) => !part.deleted || isLeftOut(part));
    const unnamed = cancelled.filter((moment) => !kept.some(isAt(moment)));
    return [...kept, ...unnamed.map((moment) => this.#leftOut(series, moment))];
  }

  /** A record, deleted, of an occurrence that does not take place. */
  #leftOut({ crmId, userId, origin }: CrmRecord, originalStart: Moment): CrmRecord {
    const made = this.#insert({ userId, record: 'appointment', origin, data: {} });
    return Object.assign(made, {
      occurrence: { series: { crmId }, originalStart },
      deleted: true,
      deletedBy: 'crm',
    });
  }

  /** The exception of a series that was handed over: it calls that by the name that every user's calendar knows. */
  #follow(part: CrmRecord, { crmId, userId }: CrmRecord): void {
    if (part.occurrence) part.occurrence = { ...part.occurrence, series: { crmId } };
    passTo(part, userId);
    part.version += 1;
    this.#publishRecord(part);
  }

  /** What the series says of the occurrence: what differs from it, somebody has edited. */
  #regular({ series, originalStart }: Occurrence, { start, end }: RecordData) {
    const { data = {} } = [...this.#records.values()].find((r) => isCalled(r, series)) ?? {};
    const isMoved =
      !start || !isSameMoment(start, originalStart) || lengthOf({ start, end }) !== lengthOf(data);
    return { data: { ...data, ...(!isMoved && { start, end }) } };
  }

  /** The exceptions of a series go with it, and nothing is published about them. */
  #goWith(part: CrmRecord, series: CrmRecord): void {
    part.deleted = true;
    part.deletedBy = 'crm';
    part.wentWith = series.crmId;
    this.#changed(part.userId, part.crmId);
  }

  /** A series that came back under another number: so do the exceptions that went with it. */
  #comeBack(former: CrmRecord, { crmId, googleId }: CrmRecord): void {
    for (const part of this.#records.values()) {
      if (!part.occurrence || !isPart(part, former)) continue;
      const { originalStart } = part.occurrence;
      const series = { crmId, ...(googleId !== undefined && { googleId }) };
      part.occurrence = { series, originalStart };
      if (part.wentWith !== former.crmId) continue;
      part.deleted = false;
      delete part.deletedBy;
      delete part.wentWith;
      part.version += 1;
      this.#publishRecord(part);
    }
  }

  /** Its series, where that was deleted here, and not restored. */
  #gone(occurrence: Occurrence): CrmRecord | undefined {
    const { series } = this.#renamed(occurrence);
    const record = this.#records.get(series.crmId ?? '');
    return record?.deleted && record.deletedBy === 'crm' ? record : undefined;
  }

  /** The series of an occurrence that a user's calendar tells of, where that is another user's by now. */
  #passedOn({ occurrence, userId }: GoogleChange): CrmRecord | undefined {
    if (!occurrence) return undefined;
    const { crmId, googleId } = this.#renamed(occurrence).series;
    // Copies of one meeting have the same id in several calendars.
    const wasIts = ({ formerly = [] }: CrmRecord) =>
      formerly.some((f) => f.userId === userId && f.googleId === googleId);
    const all = [...this.#records.values()].filter((r) => !r.deleted && r.userId !== userId);
    return all.find((r) => r.crmId === crmId) ?? all.find(wasIts);
  }

  /** What crossed with a series that was restored calls it by its former number. */
  #renamed({ series, originalStart }: Occurrence): Occurrence {
    const now = this.#records.get(series.crmId ?? '')?.restoredAs;
    return now === undefined
      ? { series, originalStart }
      : this.#renamed({ series: { ...series, crmId: now }, originalStart });
  }

  /** An occurrence without a record of its own does not take place: the series knows. */
  #leaveOut({ series, originalStart }: Occurrence, { userId }: GoogleChange): void {
    // Restored under another number, the series has two by which it may be called. A guest's may have the same id.
    const named = [...this.#records.values()].filter((r) => isCalled(r, series));
    const live = named.filter(({ deleted }) => !deleted);
    const record = live.find((r) => r.userId === userId) ?? live[0] ?? named[0];
    if (!record) return;
    record.cancelled = [...(record.cancelled ?? []), originalStart];
    this.#changed(record.userId, record.crmId);
  }

  /** The record that a change is about: the live one with the Google id when its own is gone. */
  #find(change: GoogleChange): CrmRecord | undefined {
    const { crmId, googleId } = change;
    const named = crmId === undefined ? undefined : this.#records.get(crmId);
    if ((named && !named.deleted) || googleId === undefined) return named;
    // The copies of one meeting have the same id in several calendars: it names a record per user.
    const { userId, formerUserId } = change;
    const all = [...this.#records.values()];
    const wasIts = ({ formerly = [] }: CrmRecord, user?: string) =>
      formerly.some((f) => f.userId === user && f.googleId === googleId);
    const same = all.filter(
      (r) => r.googleId === googleId && [undefined, r.userId].includes(userId),
    );
    // The organizer takes it over from a guest; it may have been handed over the same way.
    const former = all.filter((r) =>
      r.userId === userId
        ? wasIts(r, formerUserId)
        : r.googleId === googleId && r.userId === formerUserId,
    );
    // Named and handed over, of which the old owner's calendar had not heard yet: no second record.
    const handed = all.filter((r) => wasIts(r, userId));
    const live = [...same, ...former, ...handed].find((record) => !record.deleted);
    if (live || crmId !== undefined) return live ?? named;
    // Both sides took the same occurrence out of its series at once.
    const part = change.occurrence && this.#partAt(change.occurrence, userId);
    if (part) return part;
    // Adopted once and deleted since: a late copy of the first message must not make a second record.
    return [...same, ...handed].at(-1);
  }

  /** The live record of an occurrence: it is known by its place before it has Google's id. */
  #partAt({ series, originalStart }: Occurrence, userId: string | undefined) {
    const all = [...this.#records.values()];
    const names = all.filter((r) => isCalled(r, series)).map(({ crmId }) => crmId);
    return all.find(
      ({ occurrence, deleted, userId: owner }) =>
        !deleted &&
        owner === userId &&
        occurrence?.series.crmId !== undefined &&
        names.includes(occurrence.series.crmId) &&
        isSameMoment(occurrence.originalStart, originalStart),
    );
  }

  #applyUpsert(record: CrmRecord | undefined, change: GoogleChange): void {
    const data = (change.data ?? {}) as RecordData;
    if (!record) {
      const { userId, record: type, occurrence } = change;
      if (userId === undefined || type === undefined || type === 'user') return;
      const passed = this.#passedOn(change);
      const { crmId } = passed ?? {};
      const place = passed && occurrence && { ...occurrence, series: { crmId } };
      // The new owner's calendar, or somebody here, has made one of it already: that is newer.
      if (place && this.#partAt(place, passed.userId)) return;
      const born = { userId, record: type, origin: 'google', data } as const;
      const adopted = this.#insert(born, change.crmId);
      if (change.conflicts) adopted.conflicts.push(...change.conflicts);
      if (change.alike) adopted.alike = change.alike;
      if (passed && change.occurrence) {
        Object.assign(adopted, { googleId: change.googleId, occurrence: change.occurrence });
        // For the new owner's calendar it is what somebody has changed here.
        adopted.editedFields = editedAt(2, this.#regular(change.occurrence, data), data);
        this.#follow(adopted, passed);
        return;
      }
      const series = change.occurrence && this.#gone(change.occurrence);
      if (series) {
        // As those that were there, and comes with these, should the series come back.
        Object.assign(adopted, { googleId: change.googleId, seen: change.changeId });
        if (change.occurrence) adopted.occurrence = change.occurrence;
        this.#goWith(adopted, series);
        return;
      }
      this.#googleChanged(adopted, change);
      return;
    }
    // It went with its series, and is an appointment of its own: it stays.
    const stays = change.instead !== undefined && record.wentWith !== undefined;
    if (record.deleted && record.deletedBy === 'crm' && !stays) {
      if (!change.conflicts?.some((c) => c.field === 'deletedInCrm')) return;
      if (record.wentWith !== undefined) {
        // So was its series, and brings it back, as Google has it.
        record.data = { ...record.data, ...data };
        record.seen = change.changeId;
        return;
      }
      if (this.#options.onDeletedInCrm === 'deleteAgain') {
        this.#personChanged(record);
        return;
      }
      const { userId, origin, record: type } = record;
      const whole = { ...record.data, ...data };
      const restored = this.#insert({ userId, record: type, origin, data: whole });
      // It holds Google's words: nobody has edited it here.
      restored.editedVersion = 0;
      restored.conflicts.push(...(change.conflicts ?? []));
      if (record.cancelled) restored.cancelled = record.cancelled;
      record.restoredAs = restored.crmId;
      this.#googleChanged(restored, change);
      this.#comeBack(record, restored);
      return;
    }
    // Somebody changed the record here since Google's view of it: only what really changed there counts.
    const base = baseVersionOf(record, change);
    const newer = base !== undefined && record.version > base;
    const only = newer && change.changed ? new Set(change.changed) : undefined;
    const asked = Object.entries(data).filter(([field]) => !only || only.has(field));
    const applied = asked.filter(([field]) => !this.#isContested(record, change, field));
    record.data = { ...record.data, ...Object.fromEntries(applied) };
    record.deleted = false;
    delete record.deletedBy;
    delete record.wentWith;
    delete record.unlinked;
    if (!change.rejected) delete record.rejected;
    this.#bump(record, change);
    const settled = [...(change.conflicts ?? []).map((c) => c.field), ...applied.map(([f]) => f)];
    const refused = asked.filter((entry) => !applied.includes(entry)).map(([field]) => field);
    const open = (record.contested ?? []).filter((field) => !settled.includes(field));
    record.contested = [...new Set([...open, ...refused])];
    this.#googleChanged(record, change, record.contested.length === 0);
  }

  /**
   * A person changed the field here since Google's view of it. The value stays, and `seen` does not name
   * this change: so the sync sees two edits, decides by its policy, and tells the conflict. Back at the
   * value that Google's view is based on is no edit.
   */
  #isContested(record: CrmRecord, change: GoogleChange, field: string) {
    const { crmId, data, editedFields } = record;
    const baseVersion = baseVersionOf(record, change);
    if (baseVersion === undefined || (change.redacted && HIDDEN.has(field))) return false;
    if ((editedFields?.[mergedWith(field)] ?? -1) <= baseVersion) return false;
    const before = this.#versions.get(crmId)?.findLast(({ version }) => version <= baseVersion);
    const name = field as keyof RecordData;
    return !before || !isSame(name, before.data[name], data[name]);
  }

  #applyDelete(record: CrmRecord, change: GoogleChange): void {
    // Another user's by now: the old owner's calendar has no say in it.
    if (record.deleted || change.userId !== record.userId) return;
    // Edit beats delete (design rule 10): the edit is on its way and brings the event back.
    const base = baseVersionOf(record, change);
    if (base !== undefined && record.editedVersion > base) return;
    record.deleted = true;
    record.deletedBy = 'google';
    if (change.occurrence) this.#leaveOut(change.occurrence, change);
    this.#bump(record, change);
    this.#googleChanged(record, change);
  }

  #googleChanged(record: CrmRecord, change: GoogleChange, whole = true): void {
    // The old owner's event is not the new one's: what crosses with a hand-over does not name it.
    if (change.googleId !== undefined && change.userId === record.userId)
      record.googleId = change.googleId;
    if (whole) record.seen = change.changeId;
    if (change.op === 'upsert') record.redacted = change.redacted === true;
    // Nor is its series, or its place.
    if (change.userId === record.userId) {
      if (change.occurrence) record.occurrence = this.#renamed(change.occurrence);
      if (change.instead) delete record.occurrence;
    }
    record.updatedAt = this.#options.now();
    this.#changed(record.userId, record.crmId);
    const echoes = this.#options.echo !== false && !record.external;
    if (echoes || mustAnswer(record, change)) this.#post(this.#message(record));
  }

  // ---- reading --------------------------------------------------------------------------------

  /** The CRM's records, oldest first; deleted ones only on request. */
  records(userId?: string, withDeleted = false): CrmRecord[] {
    return [...this.#records.values()].filter(
      (r) => (userId === undefined || r.userId === userId) && (withDeleted || !r.deleted),
    );
  }

  /** One record, deleted or not. */
  record(crmId: string): CrmRecord | undefined {
    return this.#records.get(crmId);
  }

  users(): CrmUser[] {
    return [...this.#users.values()];
  }

  /** The google-changes received, oldest first, each once. */
  messages(): GoogleChange[] {
    return this.#messages;
  }

  // ---- publishing -----------------------------------------------------------------------------

  /** Publishes what waits in the outbox, in order. Rejects when the topic does: call it again later. */
  flush(): Promise<void> {
    return this.#outbox.flush();
  }

  #post(message: unknown): void {
    this.#outbox.push(message);
  }

  #publishRecord(record: CrmRecord): void {
    record.updatedAt = this.#options.now();
    this.#post(this.#message(record));
    this.#changed(record.userId, record.crmId);
  }

  #personChanged(record: CrmRecord): void {
    record.version += 1;
    record.editedVersion = record.version;
    delete record.rejected;
    this.#publishRecord(record);
  }

  /** A script that publishes for a record counts its versions itself: ours would collide with them. */
  #bump(record: CrmRecord, change: GoogleChange): void {
    if (!record.external || mustAnswer(record, change)) record.version += 1;
  }

  #message(record: CrmRecord): object {
    const { crmId, userId, version, seen, occurrence } = record;
    const googleId = idAtGoogle(record);
    const { conferenceUrl: _readOnly, ...data } = record.data;
    return {
      ...this.#envelope(userId, version),
      record: record.record,
      op: record.deleted ? 'delete' : 'upsert',
      crmId,
      ...(googleId !== undefined && { googleId }),
      ...(seen !== undefined && { seen }),
      ...(occurrence && { occurrence }),
      ...(!record.deleted && { data }),
    };
  }

  #envelope(userId: string, version: number) {
    const random = Math.floor(this.#options.random() * 2 ** 48).toString(36);
    return { specVersion: '1', changeId: `crm-${random}`, userId, version };
  }

  #insert(
    fields: Pick<CrmRecord, 'userId' | 'record' | 'origin' | 'data'>,
    crmId = `${PREFIX[fields.record]}-${++this.#lastNumber}`,
  ): CrmRecord {
    const url = this.#options.recordUrl?.(crmId);
    const record: CrmRecord = {
      ...fields,
      data: { ...fields.data, ...(url !== undefined && { url }) },
      crmId,
      version: 1,
      editedVersion: fields.origin === 'crm' ? 1 : 0,
      deleted: false,
      conflicts: [],
      updatedAt: this.#options.now(),
    };
    this.#records.set(crmId, record);
    return record;
  }

  #live(crmId: string): CrmRecord {
    const record = this.#records.get(crmId);
    if (!record || record.deleted) throw new CrmError(404, `no record ${crmId}`);
    return record;
  }

  #changed(userId: string, crmId?: string): void {
    const record = this.#records.get(crmId ?? '');
    if (record) {
      const { version, data } = record;
      this.#versions.set(record.crmId, [
        ...(this.#versions.get(record.crmId) ?? []),
        { version, data },
      ]);
    }
    this.#options.changed?.({ userId, ...(crmId !== undefined && { crmId }) });
  }
}

/**
 * Google does not know the record's crmId, so without an answer the two sides would never be linked; or
 * the record has been handed over since, and maybe back: what is written for its owner now does not know
 * what the old owner changed.
 */
function mustAnswer(record: CrmRecord, change: GoogleChange): boolean {
  return (
    change.crmId !== record.crmId ||
    change.userId !== record.userId ||
    change.formerUserId !== undefined ||
    (change.baseVersion ?? 0) < (record.ownedSince ?? 0)
  );
}

/**
 * The version of ours that a change builds on. Versions are counted per crmId: of a record that was
 * restored under another one (design rule 10), a change that still names the first builds on none.
 */
const baseVersionOf = ({ crmId }: CrmRecord, change: GoogleChange) =>
  change.crmId === undefined || change.crmId === crmId ? change.baseVersion : 0;

/** The version in which a person edited each field last. */
function editedAt(
  version: number,
  { data: old = {}, editedFields }: Partial<CrmRecord> = {},
  edited: object,
): NonNullable<CrmRecord['editedFields']> {
  const data: RecordData = edited;
  const names = Object.keys(data) as (keyof RecordData)[];
  const changed = names.filter((name) => !isSame(name, data[name], old[name]));
  return {
    ...editedFields,
    ...Object.fromEntries(changed.map((name) => [mergedWith(name), version])),
  };
}

/** What a form shows of a field that nobody has filled in. */
const UNFILLED: RecordData = { busy: true, private: false };

/** Whether two values of a field say the same: white space at the ends of a text is no edit, nor an empty list. */
function isSame(field: keyof RecordData, a: unknown, b: unknown): boolean {
  const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;
  const plain = (value: unknown) =>
    typeof value === 'string' ? value.trim() || null : isEmpty(value) ? null : value;
  const shown = (value: unknown) => JSON.stringify(plain(value) ?? UNFILLED[field] ?? null);
  return shown(a) === shown(b);
}

/** Another user's from now on: an id at Google is one user's, and stays the former owner's. */
function passTo(record: CrmRecord, userId: string): void {
  const { userId: before, googleId, formerly = [] } = record;
  if (before === userId) return;
  const own = formerly.findLast((f) => f.userId === userId)?.googleId;
  if (googleId !== undefined) record.formerly = [...formerly, { userId: before, googleId }];
  delete record.googleId;
  record.ownedSince = record.version + 1;
  Object.assign(record, { userId, ...(own !== undefined && { googleId: own }) });
}

/** What it is called at Google: just handed over, what it was under its former owner. */
const idAtGoogle = ({ googleId, formerly = [] }: CrmRecord) =>
  googleId ?? formerly.at(-1)?.googleId;

/** Whether it is the series; an occurrence of the phone's may know that by Google's name alone. */
const isCalled = (record: CrmRecord, { crmId, googleId }: Occurrence['series']) =>
  record.crmId === crmId || (googleId !== undefined && idAtGoogle(record) === googleId);

/** Whether the record is an occurrence of the series. */
const isPart = ({ occurrence }: CrmRecord, series: CrmRecord) =>
  occurrence !== undefined && isCalled(series, occurrence.series);

const isSameMoment = (a: Moment, b: Moment) =>
  'date' in a || 'date' in b
    ? 'date' in a && 'date' in b && a.date === b.date
    : Date.parse(a.dateTime) === Date.parse(b.dateTime);

/** In ms; not a number where a time is missing. */
const lengthOf = ({ start, end }: RecordData): number => instantOf(end) - instantOf(start);
const instantOf = (moment: Moment | null | undefined): number =>
  moment ? Date.parse('date' in moment ? moment.date : moment.dateTime) : Number.NaN;

/** What a redacted change asks to forget. */
const HIDDEN: ReadonlySet<string> = new Set([
  'subject',
  'place',
  'description',
  'participants',
  'conferenceUrl',
]);

/** Start and end are one value, and so are the state of a task and the day on which it was done. */
const mergedWith = (field: string) => ({ end: 'start', completed: 'status' })[field] ?? field;
