/** Other calendars: the user moves an event there, or the admin all of them. */
import { desk, flow, phone, poll, type Step, type Theme } from './scenario.ts';

const DEDICATED = { calendar: 'dedicated' } as const;

/** The user moves an event between the primary and a calendar of his or her own. */
const move =
  (summary: string, from: 'primary' | 'other', to: 'primary' | 'other'): Step =>
  async ({ world }) => {
    const email = 'anna@firm.example';
    const { calendars } = world.workspace;
    const other = world.calendars()[0] ?? calendars.create(email, 'Other', 'Europe/Zurich', null);
    const idOf = { primary: 'primary', other: other.id };
    const event = (await world.events('anna', idOf[from])).find((e) => e.summary === summary);
    await world.phone('anna', 'POST', `/${event?.id}/move?destination=${idOf[to]}`, {}, idOf[from]);
  };

const setCalendar =
  (calendar: 'primary' | 'dedicated'): Step =>
  async ({ world }) => {
    world.setCalendar(calendar);
    const scopes = ['calendar.events.owned', 'calendar.app.created', 'calendar.freebusy'];
    await world.consent(
      'anna',
      scopes.map((s) => `https://www.googleapis.com/auth/${s}`),
    );
  };

export const places: Theme[] = [
  {
    name: 'a visit of the CRM moves to another calendar',
    given: [desk.create('Visit')],
    when: [move('Visit', 'primary', 'other'), poll],
    ends: { crm: 0, google: 1 },
  },
  {
    name: 'and comes back',
    given: [desk.create('Visit'), move('Visit', 'primary', 'other'), poll],
    when: [move('Visit', 'other', 'primary'), poll],
    ends: { crm: 1, google: 1 },
  },
  {
    name: 'dedicated: the first visits',
    options: DEDICATED,
    when: [desk.create('Visit'), desk.create('Call')],
    ends: { crm: 2, google: 2 },
  },
  {
    name: 'dedicated: the user deletes the calendar',
    options: DEDICATED,
    given: [desk.create('Visit'), desk.create('Call'), poll],
    when: [
      async ({ world }) => {
        const [calendar] = world.calendars();
        const answer = await world.workspace.handle({
          method: 'DELETE',
          url: `/calendar/v3/calendars/${encodeURIComponent(calendar?.id ?? '')}`,
          headers: { authorization: 'Bearer user:anna@firm.example' },
          body: '',
        });
        if (answer.status >= 300) throw new Error(answer.body);
      },
      poll,
    ],
    ends: { crm: 2, google: 2 },
  },
  {
    name: 'dedicated: the setting changes, and all move',
    given: [desk.create('Visit'), phone.create('Own'), poll],
    when: [setCalendar('dedicated'), poll],
    ends: { crm: 2, google: 2 },
  },
  {
    name: 'dedicated: and back',
    given: [desk.create('Visit'), setCalendar('dedicated'), poll],
    when: [setCalendar('primary'), desk.edit('Visit', { place: 'Bern' }), poll],
    ends: { crm: 1, google: 1 },
  },
  {
    name: 'dedicated: disconnect with removal, and connected again',
    options: DEDICATED,
    given: [desk.create('Visit'), desk.create('Call'), poll],
    when: [
      ({ world }) =>
        world.store.updateUser('anna', (u) => u && { ...u, leaving: 'remove', nextPollAt: 0 }),
      poll,
      flow,
      (stage) => stage.connect('anna', 'dedicated'),
    ],
    ends: { crm: 2, google: 2 },
  },
];
