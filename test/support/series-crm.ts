/**
 * A CRM that knows recurrence, on the in-memory world: it keeps series, exceptions and cancelled
 * occurrences as the README asks a CRM to, and can say what its calendar shows.
 */
import assert from 'node:assert/strict';
import type { Fields } from '../../functions/core/fields.ts';
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
  /** The version sent last. */
  version?: number;
}

export class SeriesCrm {
  readonly world: World;
  readonly records = new Map<string, SeriesRecord>();
  /** Occurrences that do not take place. */
  readonly cancelled: Occurrence[] = [];
  readonly #heard = new Set<string>();
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
    if (occurrence) record.occurrence = occurrence;
    this.records.set(crmId, record);
    return this.#upsert(crmId, record);
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
    for (const [other, { occurrence }] of this.records) {
      const series = occurrence?.series;
      if (series && (series.crmId === crmId || (id && series.googleId === id))) {
        this.records.delete(other);
      }
    }
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
      const crmId = m.crmId ?? this.#known(m);
      if (m.op === 'reject') return m;
      if (m.op === 'delete') {
        if (crmId !== undefined) this.#forget(crmId);
        if (m.occurrence) this.cancelled.push(m.occurrence);
        return { ...m, ...(crmId !== undefined && { crmId }) };
      }
      const id = crmId ?? `a${++this.#names}`;
      const old = this.records.get(id);
      // Newer here than what Google builds on: just what really changed there.
      const newer = (old?.version ?? 0) > (m.baseVersion ?? 0);
      const data = Object.entries((m.data ?? {}) as Fields).filter(
        ([name]) => !old || !newer || m.changed?.includes(name),
      );
      const record: SeriesRecord = {
        ...old,
        data: { ...old?.data, ...Object.fromEntries(data) },
        seen: m.changeId,
        ...(m.googleId !== undefined && { googleId: m.googleId }),
        ...(m.occurrence && { occurrence: m.occurrence }),
      };
      this.records.set(id, record);
      if (m.crmId === undefined) answers.push(this.#upsert(id, record));
      return { ...m, crmId: id };
    });
    if (answers.length > 0) assert.equal(await this.world.crm(...answers), 'done');
    return named;
  }

  #known({ googleId }: GoogleChange): string | undefined {
    return [...this.records].find(([, r]) => googleId && r.googleId === googleId)?.[0];
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
