/**
 * A CRM that knows recurrence, on the in-memory world: it keeps series, exceptions and cancelled
 * occurrences as the README asks a CRM to, and can say what its calendar shows.
 */
import assert from 'node:assert/strict';
import type { Fields, Json } from '../../functions/core/fields.ts';
import type { CrmChange, GoogleChange, Occurrence } from '../../functions/core/messages.ts';
import { occurrences } from '../sandbox/google/calendar/recurrence.ts';
import { rfc3339, utcToWall } from '../sandbox/google/calendar/zones.ts';
import { createWorld, MONDAY, type World, type WorldOptions } from './world.ts';

const DAY = 86_400_000;
type Time = { dateTime?: string; date?: string; timeZone?: string | undefined };

export interface SeriesRecord {
  data: Fields;
  googleId?: string;
  occurrence?: Occurrence;
  /** The last google-change applied. */
  seen?: string;
  /** The version sent last, and the one in which a person changed a field. */
  version?: number;
  edited?: { [field: string]: number };
}

export class SeriesCrm {
  readonly world: World;
  readonly records = new Map<string, SeriesRecord>();
  /** Occurrences that do not take place. */
  cancelled: Occurrence[] = [];
  readonly #heard = new Set<string>();
  /** What went with a series that the CRM deleted: it comes back with it. */
  /** Records that were deleted here. */
  readonly #gone = new Set<string>();
  readonly #bin = new Map<string, [string, SeriesRecord][]>();
  #names = 0;

  constructor(options: WorldOptions = {}) {
    this.world = createWorld({ recurrence: 'series', ...options });
  }

  async connect(): Promise<this> {
    await this.world.connect('anna');
    await this.world.poll();
    this.world.messages.length = 0;
    return this;
  }

  // ---- people in the CRM -------------------------------------------------------------------------

  /** The message that enters or changes a record. */
  edit(crmId: string, data: object, occurrence?: Occurrence): CrmChange {
    const old = this.records.get(crmId);
    const record: SeriesRecord = { ...old, data: { ...old?.data, ...data } };
    this.#gone.delete(crmId);
    if (occurrence) record.occurrence = occurrence;
    this.records.set(crmId, record);
    const change = this.#upsert(crmId, record);
    const said: Fields = { ...data };
    const fields = Object.keys(said)
      .filter((field) => !isSame(said[field], old?.data[field]))
      .map((field) => [mergedWith(field), change.version]);
    record.edited = { ...old?.edited, ...Object.fromEntries(fields) };
    return change;
  }

  /** The message that deletes a record; of a series all that hangs on it goes without a word. */
  remove(crmId: string, occurrence = this.records.get(crmId)?.occurrence): CrmChange {
    const seen = this.records.get(crmId)?.seen;
    this.#forget(crmId);
    if (occurrence) this.cancelled.push(occurrence);
    const rest = { ...(occurrence && { occurrence }), ...(seen && { seen }) };
    return this.world.change(crmId, {}, { op: 'delete', ...rest });
  }

  #forget(crmId: string): void {
    const id = this.records.get(crmId)?.googleId;
    this.records.delete(crmId);
    this.#gone.add(crmId);
    const parts = [...this.records].filter(([, { occurrence }]) => {
      const series = occurrence?.series;
      return series && (series.crmId === crmId || (id !== undefined && series.googleId === id));
    });
    for (const [other] of parts) this.records.delete(other);
    if (parts.length > 0) this.#bin.set(crmId, parts);
  }

  #upsert(crmId: string, { data, occurrence, googleId, seen }: SeriesRecord): CrmChange {
    const { conferenceUrl: _, ...sent } = data;
    const rest = { ...(occurrence && { occurrence }), ...(googleId && { googleId }) };
    if (seen) Object.assign(rest, { seen });
    const change = this.world.change(crmId, sent, rest);
    const record = this.records.get(crmId);
    if (record) record.version = change.version;
    return change;
  }

  // ---- what Google tells -------------------------------------------------------------------------

  /** Takes in what was told, and answers where the CRM must. Returns the messages, with crmIds. */
  async hear(): Promise<GoogleChange[]> {
    const told = this.world.messages.splice(0).filter((m) => m.record === 'appointment');
    const fresh = told.filter((m) => !this.#heard.has(m.changeId) && this.#heard.add(m.changeId));
    const answers: CrmChange[] = [];
    const named = fresh.map((m) => {
      // Whose own record is gone may have another one by now, under what it is at Google.
      const own = m.crmId !== undefined && this.records.has(m.crmId);
      const crmId = own ? m.crmId : (this.#known(m) ?? m.crmId);
      if (m.op === 'reject') return m;
      if (m.op === 'delete') {
        // Of a deleted series each record is told. What a person has changed here since stays.
        const edits = Object.values(this.records.get(crmId ?? '')?.edited ?? {});
        const newer = Math.max(-1, ...edits) > (m.baseVersion ?? 0);
        if (crmId !== undefined && !newer) this.records.delete(crmId);
        for (const [series, parts] of this.#bin)
          this.#bin.set(
            series,
            parts.filter(([id]) => id !== crmId),
          );
        if (m.occurrence) this.cancelled.push(this.#resolved(m.occurrence));
        return { ...m, ...(crmId !== undefined && { crmId }) };
      }
      const id = crmId ?? `a${++this.#names}`;
      const restored = m.conflicts?.some((c) => c.field === 'deletedInCrm');
      // Written before Google's side knew of the deletion.
      if (this.#gone.has(id) && !this.records.has(id) && !restored) return m;
      const old = this.records.get(id);
      // Only what was lost, of one that went with its series meanwhile.
      if (!old && !m.data) return m;
      // Newer here than what Google builds on: just what really changed there.
      const newer = (old?.version ?? 0) > (m.baseVersion ?? 0);
      const asked = Object.entries((m.data ?? {}) as Fields).filter(
        ([name]) => !old || !newer || m.changed?.includes(name),
      );
      // What a person has changed here since stays, and `seen` does not say otherwise.
      const data = asked.filter(
        ([name]) => (old?.edited?.[mergedWith(name)] ?? -1) <= (m.baseVersion ?? 0),
      );
      const seen = data.length === asked.length ? m.changeId : old?.seen;
      const record: SeriesRecord = {
        ...old,
        data: { ...old?.data, ...Object.fromEntries(data) },
        ...(seen !== undefined && { seen }),
        ...(m.googleId !== undefined && { googleId: m.googleId }),
        ...(m.occurrence && { occurrence: this.#resolved(m.occurrence) }),
      };
      // An edit has beaten the delete: it takes place.
      if (restored && m.occurrence) this.cancelled = this.cancelled.filter(isNot(m.occurrence));
      if (m.instead) {
        // An appointment of its own from now on; the occurrence does not take place.
        this.cancelled.push(this.#resolved(m.instead));
        delete record.occurrence;
      }
      this.records.set(id, record);
      for (const [other, part] of (restored && this.#bin.get(id)) || [])
        if (!this.records.has(other)) this.records.set(other, part);
      if (m.crmId === undefined) answers.push(this.#upsert(id, record));
      return { ...m, crmId: id };
    });
    if (answers.length > 0) await this.world.crm(...answers);
    return named;
  }

  /** A series by the name that it has here, where it has one. */
  #resolved({ series, originalStart }: Occurrence): Occurrence {
    const known = [...this.records].find(([, r]) => r.googleId === series.googleId)?.[0];
    const crmId = series.crmId ?? known;
    return { series: { ...series, ...(crmId !== undefined && { crmId }) }, originalStart };
  }

  /** By its id at Google; an occurrence that both sides took out at once, by its place. */
  #known({ googleId, occurrence }: GoogleChange): string | undefined {
    const all = [...this.records];
    const named = all.find(([, r]) => googleId && r.googleId === googleId);
    if (named || !occurrence) return named?.[0];
    const { series, originalStart } = this.#resolved(occurrence);
    const isIt = ({ occurrence: own }: SeriesRecord) =>
      own?.series.crmId !== undefined &&
      own.series.crmId === series.crmId &&
      key(own.originalStart) === key(originalStart);
    return all.find(([, r]) => isIt(r))?.[0];
  }

  async poll(): Promise<GoogleChange[]> {
    assert.equal(await this.world.poll(), 'done');
    return this.hear();
  }

  /** Publishes messages of the CRM, all at once. */
  async publish(...changes: CrmChange[]): Promise<void> {
    assert.equal(await this.world.crm(...changes), 'done');
  }

  // ---- what the two calendars show ---------------------------------------------------------------

  /** Both sides show the same in the next months, and one more poll writes and tells nothing. */
  async same(): Promise<string[]> {
    await this.quiet();
    const [crm, google] = [this.shows(), await this.googleShows()];
    assert.deepEqual(crm, google);
    return google;
  }

  async quiet(): Promise<void> {
    const { world } = this;
    const before = world.calls.length;
    assert.deepEqual(await this.poll(), []);
    const lines = world.calls
      .slice(before)
      .flatMap(({ method, url, body }) =>
        url.includes('/batch/') ? (body?.match(/^[A-Z]+ \/\S+ HTTP/gm) ?? []) : `${method} ${url}`,
      );
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('GET') && !line.endsWith('/token')),
      [],
    );
  }

  /** Regular occurrences of the CRM's series, which have no record of their own. */
  regular(days = 60): { crmId: string; data: Fields; start: Time }[] {
    return [...this.records].flatMap(([crmId, record]) => {
      const { data } = record;
      if (!Array.isArray(data.recurrence) || data.recurrence.length === 0) return [];
      return expand(data.start as Time, data.recurrence as string[], MONDAY + days * DAY)
        .filter((start) => !this.#isOwn(crmId, record, start))
        .map((start) => ({ crmId, data, start }));
    });
  }

  /** Lines of title and start, sorted, until `days` ahead. */
  shows(days = 120): string[] {
    const lines: string[] = [];
    for (const [crmId, record] of this.records) {
      const { data } = record;
      if (data.status === 'cancelled') continue;
      if (!Array.isArray(data.recurrence) || data.recurrence.length === 0) {
        lines.push(line(data.subject, data.start as Time));
        continue;
      }
      for (const start of expand(
        data.start as Time,
        data.recurrence as string[],
        MONDAY + days * DAY,
      ))
        if (!this.#isOwn(crmId, record, start)) lines.push(line(data.subject, start));
    }
    return lines.filter((text) => isSoon(text, days)).sort();
  }

  /** The occurrence has a record of its own, or does not take place. */
  #isOwn(crmId: string, { googleId }: SeriesRecord, start: Time): boolean {
    const own = [...this.records.values()].flatMap((record) => record.occurrence ?? []);
    return [...own, ...this.cancelled].some(
      ({ series, originalStart }) =>
        (series.crmId === crmId || (googleId !== undefined && series.googleId === googleId)) &&
        key(originalStart) === key(start),
    );
  }

  async googleShows(days = 120): Promise<string[]> {
    const timeMax = new Date(MONDAY + (days + 400) * DAY).toISOString();
    const path = `?singleEvents=true&maxResults=2500&timeMax=${timeMax}`;
    const { items } = await this.world.phone('anna', 'GET', path);
    return items
      .map((event) => line(event.summary ?? null, event.start))
      .filter((text) => isSoon(text, days))
      .sort();
  }
}

const key = (time: Time) => (time.dateTime ? String(Date.parse(time.dateTime)) : String(time.date));
const line = (subject: unknown, start: Time) =>
  `${start.dateTime ? new Date(start.dateTime).toISOString() : start.date} ${subject ?? ''}`;
const isSoon = (text: string, days: number) =>
  Date.parse(text.split(' ')[0] ?? '') < MONDAY + days * DAY;

function expand(start: Time, lines: string[], until: number): Time[] {
  const zone = start.timeZone ?? 'Europe/Zurich';
  const allDay = start.date !== undefined;
  const wall = allDay
    ? Date.parse(`${start.date}T00:00:00Z`)
    : utcToWall(zone, Date.parse(start.dateTime ?? ''));
  return occurrences({ start: wall, allDay, zone, lines }, until).map(({ wall: at, utc }) =>
    allDay ? { date: new Date(at).toISOString().slice(0, 10) } : { dateTime: rfc3339(utc, zone) },
  );
}

const isNot =
  ({ series, originalStart }: Occurrence) =>
  (other: Occurrence): boolean =>
    (other.series.crmId !== series.crmId && other.series.googleId !== series.googleId) ||
    key(other.originalStart) !== key(originalStart);

/** A time that is only spelled otherwise is the same. */
function isSame(a: Json | undefined, b: Json | undefined): boolean {
  const plain = (value: Json | undefined) =>
    (value as Time | null | undefined)?.dateTime ? key(value as Time) : JSON.stringify(value);
  return plain(a) === plain(b);
}

/** Start and end are one value. */
const mergedWith = (field: string) => (field === 'end' ? 'start' : field);
