/** Whose calendar is which: where the sync writes, and what a user has beside it. */
import type { Calendar } from '../sandbox/google/calendar/model.ts';
import type { CalendarStore } from '../sandbox/google/calendar/store.ts';
import { emailOf, zoneOf } from './users.ts';

export class Calendars {
  readonly #store: CalendarStore;
  readonly #dedicated: boolean;
  /** By user: the calendar that the sync has made, and one that the user has. */
  readonly #homes = new Map<string, string>();
  readonly #aside = new Map<string, Calendar>();

  /** With `dedicated`, the sync makes calendars of its own. */
  constructor(store: CalendarStore, dedicated: boolean) {
    this.#store = store;
    this.#dedicated = dedicated;
  }

  /** The sync has made a calendar for the user. */
  made(userId: string, calendarId: string): void {
    this.#homes.set(userId, calendarId);
  }

  /** Where the user's entries live; a calendar of its own, once the sync has made it. */
  home(userId: string): Calendar | undefined {
    if (!this.#dedicated) return this.#store.primary(emailOf(userId));
    return this.#store.find(this.#homes.get(userId) ?? '');
  }

  /** Another calendar of the user's, which is none of the sync's business. */
  aside(userId: string): Calendar {
    const made = this.#aside.get(userId);
    const aside = made ?? this.#store.create(emailOf(userId), 'Own', zoneOf(userId), null);
    this.#aside.set(userId, aside);
    return aside;
  }

  /** Whether the event lives in that other calendar: then it is in no bin, though it has left this one. */
  isAside(userId: string, id: string): boolean {
    const status = this.#aside.get(userId)?.events.get(id)?.resource.status;
    return status !== undefined && status !== 'cancelled';
  }

  /** Calendars in which the sync writes: one of its own from the moment that it is made. */
  written(userId: string): Calendar[] {
    const all = this.#store.owned(emailOf(userId));
    return this.#dedicated ? all.filter((c) => c.createdBy) : all.slice(0, 1);
  }
}
