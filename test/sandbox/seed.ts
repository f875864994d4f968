/** Fills a stack that has just started. */
import type { Crm } from './crm/crm.ts';
import type { Workspace } from './google/workspace.ts';
import { CONTACTS, type Day, OWN, PEOPLE, PLANS, TASKS, ZONE } from './seed-data.ts';

/** The parts of a stack that are filled. */
interface Seeded {
  crm: Crm;
  workspace: Workspace;
  idle(): Promise<void>;
  connect(userId: string): Promise<void>;
}

/** Enters people, their records and their own events, and connects those who are to be connected. */
export async function seedStack(stack: Seeded): Promise<void> {
  const today = new Date();
  const { workspace, crm } = stack;
  for (const { email, name } of PEOPLE) {
    workspace.oauth.createAccount({ email, name, timeZone: ZONE });
  }
  for (const { email, event } of ownEvents(today)) {
    await workspace.handle({
      method: 'POST',
      url: '/calendar/v3/calendars/primary/events',
      headers: { authorization: `Bearer user:${email}`, 'content-type': 'application/json' },
      body: JSON.stringify(event),
    });
  }
  await announcePeople(crm);
  await stack.idle();
  await enterAppointments(crm, today);
  await enterOthers(crm, today);
  await stack.idle();
  for (const { userId, connected } of PEOPLE) if (connected) await stack.connect(userId);
  workspace.stats.reset();
}

/** Announces the people; their appointments may follow once the directory knows them. */
async function announcePeople(crm: Crm): Promise<void> {
  for (const { userId, name, email } of PEOPLE) {
    await crm.announce({ userId, name, email, timeZone: ZONE });
  }
}

/** Enters the week's appointments in the CRM. */
async function enterAppointments(crm: Crm, today: Date): Promise<void> {
  for (const [userId, plans] of Object.entries(PLANS)) {
    for (const { day, from, to, at, with: people, ...fields } of plans) {
      const date = dayOfWeek(today, day);
      await crm.create(userId, {
        status: 'planned',
        busy: true,
        private: false,
        place: null,
        description: null,
        ...fields,
        start: { dateTime: `${date}T${from}:00`, timeZone: ZONE },
        end: { dateTime: `${date}T${to}:00`, timeZone: ZONE },
        customer: at === undefined ? null : { name: at },
        contactPersons: (people ?? []).map((person) => ({ name: person })),
      });
    }
  }
}

/** Enters contact persons and tasks in the CRM. */
async function enterOthers(crm: Crm, today: Date): Promise<void> {
  for (const [userId, contacts] of Object.entries(CONTACTS)) {
    for (const contact of contacts) await crm.create(userId, contact, { record: 'contact' });
  }
  for (const [userId, tasks] of Object.entries(TASKS)) {
    for (const { day, ...task } of tasks) {
      const due = dayOfWeek(today, day);
      await crm.create(userId, { status: 'open', ...task, due }, { record: 'task' });
    }
  }
}

/** Events that were in the calendars before anything was connected, as Calendar's API takes them. */
function ownEvents(today: Date): { email: string; event: object }[] {
  return Object.entries(OWN).flatMap(([email, events]) =>
    events.map(({ day, from, to, summary, private: hidden }) => {
      const date = dayOfWeek(today, day);
      const event = {
        summary,
        start: { dateTime: `${date}T${from}:00`, timeZone: ZONE },
        end: { dateTime: `${date}T${to}:00`, timeZone: ZONE },
        ...(hidden && { visibility: 'private' }),
      };
      return { email, event };
    }),
  );
}

/** Monday to Friday of this week; on weekends, of the next. */
function dayOfWeek(today: Date, day: Day): string {
  const local = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE }).format(today);
  const date = new Date(`${local}T00:00:00Z`);
  const weekday = (date.getUTCDay() + 6) % 7;
  date.setUTCDate(date.getUTCDate() - weekday + day + (weekday > 4 ? 7 : 0));
  return date.toISOString().slice(0, 10);
}
