/** How a simulation begins: users whom the CRM has announced, connected, with calendars that are not empty. */
import { dueNow } from '../../functions/core/polls.ts';
import type { User } from '../../functions/core/records.ts';
import { contactsPhone } from '../sandbox/google/people/phone.ts';
import { tasksPhone } from '../sandbox/google/tasks/phone.ts';
import type { System } from './system.ts';
import { emailOf, zoneOf } from './users.ts';

const SCOPES = {
  primary: ['calendar.events.owned', 'calendar.freebusy'],
  dedicated: ['calendar.app.created', 'calendar.freebusy'],
  contact: ['contacts'],
  task: ['tasks'],
};

export async function setUp(system: System): Promise<void> {
  for (const userId of system.users) {
    const email = emailOf(userId);
    const timeZone = zoneOf(userId);
    system.workspace.createAccount({ email, name: userId, timeZone });
    await system.store.putUser({
      userId,
      email,
      timeZone,
      enabled: true,
      version: 1,
    });
    await system.crm.announce({ userId, email, name: userId, timeZone });
    await strangers(system, userId);
    await connect(system, userId);
  }
}

/** What is in a calendar and is none of the sync's business. */
async function strangers(system: System, userId: string): Promise<void> {
  const at = (hour: number) => ({
    dateTime: `2026-11-24T${String(hour).padStart(2, '0')}:30:00Z`,
    timeZone: 'Europe/Zurich',
  });
  const office = {
    summary: 'Office',
    eventType: 'workingLocation',
    visibility: 'public',
    transparency: 'transparent',
    workingLocationProperties: { type: 'homeOffice', homeOffice: {} },
    start: at(9),
    end: at(10),
  };
  const birthday = {
    summary: 'Birthday',
    eventType: 'birthday',
    start: { date: '2026-12-01' },
    end: { date: '2026-12-02' },
    recurrence: ['RRULE:FREQ=YEARLY'],
  };
  for (const body of [office, birthday]) await system.phone(userId, 'POST', '', body);
  if (userId === 'anna' && system.options.meeting !== false) {
    const organizer = { email: 'boss@else.example' };
    const meeting = { summary: 'Board', start: at(14), end: at(15), iCalUID: 'board', organizer };
    await system.phone(userId, 'POST', '/import', meeting);
  }
  for (const record of system.workspace.calendars.primary(emailOf(userId)).events.values()) {
    if (record.resource.eventType !== 'default')
      system.foreign.push({ user: userId, id: record.id, resource: record.resource });
  }
  const { people, tasks } = system.workspace;
  for (const record of system.others) {
    if (record === 'task') tasksPhone(tasks, emailOf(userId)).add('My Tasks', { title: 'Milk' });
    else contactsPhone(people, emailOf(userId)).add({ names: [{ givenName: 'Mom' }] }, 'Family');
    for (const { id, resource } of system.stored(record, userId))
      system.foreign.push({ record, user: userId, id, resource });
  }
  system.changes.note(undefined, 'phone', userId);
}

/** The user connects (again), as the authorize function leaves things. */
export async function connect(system: System, userId: string): Promise<void> {
  const email = emailOf(userId);
  const { now } = system.scheduler;
  const names = [
    ...SCOPES[system.options.calendar ?? 'primary'],
    ...system.others.flatMap((record) => SCOPES[record]),
  ];
  const scopes = names.map((name) => `https://www.googleapis.com/auth/${name}`);
  const grant = system.workspace.oauth.grant(email, scopes);
  await system.vault.seal(userId, grant.refresh_token);
  await system.store.updateUser(userId, (user) => {
    const { leaving, stateReason, firstSyncAt, ...kept } = user as User;
    const again = kept.state === 'disconnected' || leaving === 'remove';
    const paused = kept.state === 'paused';
    const connected: User = {
      ...kept,
      ...(firstSyncAt !== undefined && !again && { firstSyncAt }),
      ...(paused && stateReason !== undefined && { stateReason }),
      state: paused ? 'paused' : 'active',
      googleEmail: email,
      googleSub: email,
      scopes,
      connectedAt: now,
    };
    return dueNow(connected, now);
  });
  system.withdrawn.delete(userId);
  system.happened(userId, 'connected');
}
