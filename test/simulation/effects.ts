/** What changes in the calendars, call by call: stored events, and the occurrences that a series shows. */
import type { Calendar } from '../sandbox/google/calendar/model.ts';
import type { Effect, Raw } from './history.ts';
import { type Shown, shownIn } from './shown.ts';

export type Change = Pick<Effect, 'user' | 'id' | 'etag' | 'before' | 'after'>;

export const etagOf = (changed: number) => `"${3_400_000_000_000_000 + changed * 2}"`;

export class Effects {
  /** What was seen last, by user and id. */
  readonly #shadow = new Map<string, Raw>();
  /** By calendar: occurrences that exist only through their series, as they were seen last. */
  readonly #regular = new Map<string, Map<string, Shown>>();

  /** All that has changed in the user's calendar since the change with this number. */
  since(seen: number, user: string, calendar: Calendar): Change[] {
    const changes: Change[] = [];
    const note = (id: string, changed: number, after: Raw) => {
      const key = `${user} ${id}`;
      const before = this.#shadow.get(key);
      changes.push({ user, id, etag: etagOf(changed), before, after });
      this.#shadow.set(key, after);
    };
    for (const { id, changed, resource } of calendar.events.values())
      if (changed > seen) note(id, changed, resource as Raw);
    if (changes.length > 0) this.#occurrences(calendar, note);
    return changes;
  }

  /** The calendar is gone with all that was in it. */
  dropped(user: string, calendar: Calendar, changed: number): Change[] {
    const changes: Change[] = [];
    const series = [...calendar.events.values()].filter(
      ({ resource }) => resource.status !== 'cancelled' && resource.recurrence,
    );
    for (const { id, resource } of [...shownIn(calendar), ...series]) {
      const after = { ...resource, status: 'cancelled' };
      const key = `${user} ${id}`;
      changes.push({ user, id, etag: etagOf(changed), before: this.#shadow.get(key), after });
    }
    // The ids are free again: in the next calendar they are other events.
    for (const key of [...this.#shadow.keys()])
      if (key.startsWith(`${user} `)) this.#shadow.delete(key);
    this.#regular.delete(calendar.id);
    return changes;
  }

  #occurrences(calendar: Calendar, note: (id: string, changed: number, after: Raw) => void): void {
    const regular = shownIn(calendar).filter(({ record }) => record.resource.recurrence);
    const now = new Map(regular.map((shown) => [shown.id, shown]));
    const before = this.#regular.get(calendar.id) ?? new Map<string, Shown>();
    this.#regular.set(calendar.id, now);
    for (const { id, changed, resource } of regular)
      if (before.get(id)?.changed !== changed) note(id, changed, resource);
    for (const { id, resource, record } of before.values()) {
      // One that became an exception is stored, and was noted with what is stored.
      if (now.has(id) || calendar.events.has(id)) continue;
      note(id, record.changed, { ...resource, status: 'cancelled' });
    }
  }
}
