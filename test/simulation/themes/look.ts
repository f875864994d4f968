/** What people see when all has come to rest, without the ids that depend on the order of things. */
import type { Crm } from '../../sandbox/crm/crm.ts';
import type { CrmRecord } from '../../sandbox/crm/types.ts';
import type { World } from '../../support/world.ts';

// biome-ignore lint/suspicious/noExplicitAny: an event as Google stores it.
type Raw = { [field: string]: any };

/** A line for each record and event that is there, and for what must be empty; sorted. */
export async function lookOf(world: World, crm: Crm, users: string[]): Promise<string[]> {
  const dump = JSON.parse(world.store.dump()) as { deadLetters: object[] };
  const lines = [
    ...crm.records().map((record) => `crm ${ofRecord(record)}`),
    ...users.flatMap((userId) => ofCalendars(world, userId)),
    `mails ${world.workspace.mails.length}, dead letters ${dump.deadLetters.length}`,
  ];
  for (const userId of users) {
    const user = await world.store.getUser(userId);
    const pending = await world.store.pendingIntents(userId, 100);
    const vault = world.vault.userIds().includes(userId) ? 'has a token' : 'has no token';
    lines.push(`user ${userId} ${user?.state ?? 'unknown'} ${vault}, ${pending.length} pending`);
  }
  return lines.sort();
}

function ofRecord({ userId, data, occurrence, cancelled = [], unlinked }: CrmRecord): string {
  const { conferenceUrl: _, ...said } = data;
  const places = cancelled.map((moment) => JSON.stringify(moment)).sort();
  const more = { at: occurrence?.originalStart, without: [...new Set(places)], unlinked };
  return `${userId} ${json(said)} ${json(more)}`;
}

function ofCalendars(world: World, userId: string): string[] {
  const email = `${userId}@firm.example`;
  return world.workspace.calendars
    .owned(email)
    .filter((calendar) => !calendar.deleted)
    .flatMap(({ events, primary }) => {
      const isLive = (id: string) => events.get(id)?.resource.status !== 'cancelled';
      return [...events.values()]
        .filter(({ id, exception }) => isLive(exception?.masterId ?? id))
        .map(({ resource, exception }) => {
          const where = primary ? 'primary' : 'secondary';
          const place = exception?.originalStartTime;
          return `google ${userId} ${where} ${ofEvent(resource as Raw, place)}`;
        });
    });
}

function ofEvent(event: Raw, place: object | undefined): string {
  const { summary, start, end, location, description, recurrence, status, visibility } = event;
  const guests = (event.attendees ?? []).map((a: Raw) => `${a.email} ${a.responseStatus}`).sort();
  // Of an occurrence that does not take place nothing but its place is anybody's business.
  if (status === 'cancelled') return json({ status, place });
  const { transparency } = event;
  const texts = { summary, location, description, recurrence, visibility, transparency };
  return json({ ...texts, start, end, guests, place });
}

/** Keys in order; what is empty is not there. */
const json = (value: object): string =>
  JSON.stringify(value, (_, v: unknown) => {
    if (v === null || v === '') return undefined;
    if (typeof v !== 'object' || Array.isArray(v)) return v;
    return Object.fromEntries(Object.entries(v as object).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
