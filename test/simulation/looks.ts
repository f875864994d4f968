/** When a task looked last at what its next call changes without an etag of it, as steps of the history. */
import type { Calendar } from '../sandbox/google/calendar/model.ts';
import type { Call } from '../sandbox/google/protocol.ts';
import { seriesIn } from './shown.ts';
import type { Task } from './worker.ts';

export class Looks {
  readonly #steps = new WeakMap<Task, Map<string, number>>();

  /** Contacts are looked at one by one, the occurrences of a series by its iCalUID. */
  note(task: Task, { method, query }: Call, step: number): void {
    const series = method === 'calendar.events.list' ? query.get('iCalUID') : null;
    const what = method === 'people.people.getBatchGet' ? 'contacts' : series;
    if (what === null) return;
    const steps = this.#steps.get(task) ?? new Map<string, number>();
    this.#steps.set(task, steps.set(what, step));
  }

  /** Before a call that deletes contacts: it names no etags. */
  atContacts(task: Task | undefined, method: string): number | undefined {
    return task && /batchDelete/.test(method) ? this.#steps.get(task)?.get('contacts') : undefined;
  }

  /** Before a call that changes a series, and with it an occurrence that changes no etag of the series. */
  into(calendar: Calendar, task: Task | undefined, eventId = '', id = ''): number | undefined {
    const { iCalUID = '' } = calendar.events.get(eventId)?.resource ?? {};
    return task && seriesIn(id) === eventId ? this.#steps.get(task)?.get(iCalUID) : undefined;
  }
}
