/** What the checker sees when all is at rest: both sides, and what a round more of polls has still done. */
import type { Calendar } from '../sandbox/google/calendar/model.ts';
import { etagOf } from './effects.ts';
import type { Final, Raw } from './history.ts';
import { shownIn } from './shown.ts';
import type { System } from './system.ts';
import { contactNames } from './types/objects.ts';
import { emailOf, zoneOf } from './users.ts';
import { DAY_MS, MONDAY } from './values.ts';

export function finalOf(system: System, rested: boolean, extra: Final['extra']): Final {
  const { calendars } = system.workspace;
  const calendarsOf = (user: string) =>
    new Set(
      [calendars.primary(emailOf(user)), system.calendars.home(user)].filter(
        (c) => c !== undefined,
      ),
    );
  // Beside what lives where the sync does, what it must leave alone.
  const stored = (user: string) =>
    [...calendarsOf(user)]
      .flatMap((calendar) => [...calendar.events.values()])
      .filter(
        (e) => e.calendar === system.calendars.home(user) || e.resource.eventType !== 'default',
      );
  const events = system.users.flatMap((user) =>
    stored(user).map((record) => ({
      user,
      id: record.id,
      etag: etagOf(record.changed),
      resource: record.resource as Raw,
      exception: record.exception !== null,
    })),
  );
  const others = system.users.flatMap((user) =>
    system.others.flatMap((record) =>
      system.stored(record, user).map(({ id, etag, resource }) => ({
        ...{ record, user, id, etag, resource },
      })),
    ),
  );
  const names = system.users.map((user) =>
    contactNames(system.workspace.people, user, emailOf(user)),
  );
  const shownOf = (user: string, calendar: Calendar | undefined) =>
    (calendar ? shownIn(calendar) : []).map(({ id, resource, series, slot }) => ({
      user,
      id,
      resource,
      ...(series !== undefined && { series, slot }),
    }));
  const shown = system.users.flatMap((user) => shownOf(user, system.calendars.home(user)));
  // Calendars that the sync has made and lives in no more.
  const strays = system.users.flatMap((user) =>
    calendars
      .owned(emailOf(user))
      .filter((c) => c.createdBy !== null && !c.deleted && c !== system.calendars.home(user))
      .flatMap((calendar) => shownOf(user, calendar)),
  );
  return {
    recurrence: system.options.recurrence ?? 'occurrences',
    shown,
    strays,
    others,
    lagMs: { contact: system.workspace.people.delayMs },
    aliases: Object.assign({}, ...names),
    users: system.users.map((userId) => ({
      userId,
      email: emailOf(userId),
      calendars: system.calendars.written(userId).map(({ id }) => id),
      timeZone: zoneOf(userId),
    })),
    records: structuredClone(system.crm.records(undefined, true)) as Raw[],
    events,
    foreign: system.foreign,
    mails: system.workspace.mails.length,
    struck: system.faults.struck,
    echo: system.options.echo,
    policy: system.options.policy,
    extra,
    rested,
    bugs: system.bugs,
    window: { from: MONDAY - 28 * DAY_MS, to: MONDAY + 364 * DAY_MS },
    now: system.scheduler.now,
  };
}
