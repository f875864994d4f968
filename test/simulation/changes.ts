/** Writes down what has changed at Google since the last look, and by whom. */
import type { Calendar } from '../sandbox/google/calendar/model.ts';
import type { Call } from '../sandbox/google/protocol.ts';
import { Effects } from './effects.ts';
import { Looks } from './looks.ts';
import type { System } from './system.ts';
import { TypeEffects } from './types/objects.ts';
import type { Task } from './worker.ts';

export class Changes {
  readonly #system: System;
  readonly #events = new Effects();
  readonly #types = new TypeEffects();
  readonly #looks = new Looks();
  #seen = 0;

  constructor(system: System) {
    this.#system = system;
  }

  /** The task has read something. */
  looked(task: Task, call: Call): void {
    this.#looks.note(task, call, this.#system.entries.length);
  }

  /** What changed in the calendars since the last look. */
  note(
    task: Task | undefined,
    method: string,
    caller: string,
    conditional = false,
    eventId?: string,
  ): void {
    const { workspace, users, calendars: owned } = this.#system;
    const { calendars } = workspace;
    this.#noteOthers(task, method, caller, conditional);
    if (calendars.changes === this.#seen) return;
    const by = { task: task?.id, method, caller: caller.split('@')[0] };
    const guard = { fence: task?.lease?.fence, conditional, call: calendars.changes };
    for (const user of users) {
      for (const calendar of owned.written(user))
        for (const change of this.#events.since(this.#seen, user, calendar)) {
          const looked = this.#looks.into(calendar, task, eventId, change.id);
          const since = looked !== undefined && { looked };
          this.#system.note('effect', { ...by, ...change, ...guard, ...since });
        }
    }
    this.#seen = calendars.changes;
  }

  #noteOthers(task: Task | undefined, method: string, caller: string, conditional: boolean): void {
    const looked = this.#looks.atContacts(task, method);
    const by = {
      ...{ task: task?.id, method, caller: caller.split('@')[0] },
      ...(looked !== undefined && { looked }),
    };
    const { users, others, entries } = this.#system;
    for (const user of users)
      for (const record of others) {
        // Each change of one object is a write of its own.
        for (const change of this.#types.since(record, user, this.#system.stored(record, user)))
          this.#system.note('effect', {
            ...by,
            ...change,
            ...{ fence: task?.lease?.fence, conditional, call: entries.length },
          });
      }
  }

  /** The user's calendar goes, with all that is in it. */
  dropped(user: string, calendar: Calendar): void {
    const { changes } = this.#system.workspace.calendars;
    const by = { task: undefined, method: 'phone drop', caller: user, conditional: false };
    for (const change of this.#events.dropped(user, calendar, changes))
      this.#system.note('effect', { ...by, ...change });
  }
}
