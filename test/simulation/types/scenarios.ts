/** Scenarios of contacts and tasks, each type alone and all at once, for the crash sweep. */
import type { Scenario } from '../scenarios.ts';
import type { Action } from '../script.ts';
import type { OtherType } from './values.ts';

type RecordType = OtherType | 'appointment';

const ANNA = 0;
const LUCA = 1;
const ALL: RecordType[] = ['appointment', 'contact', 'task'];

type What = Extract<Action, { do: 'type' }>['what'];

/** What people do with one record type. */
const does = (record: OtherType) => {
  const act = (what: What, n: number, fields: string[] = [], pick = 0): Action => ({
    ...{ do: 'type', record, what, user: ANNA, pick, n, fields, to: LUCA },
  });
  return {
    desk: {
      create: (n: number, fields: string[]) => act('crm.create', n, fields),
      edit: (n: number, fields: string[]) => act('crm.edit', n, fields),
      delete: () => act('crm.delete', 90),
      recreate: (n: number) => act('crm.recreate', n),
      handOver: (n: number, fields: string[]) => act('crm.handOver', n, fields),
    },
    phone: {
      create: (n: number, fields: string[]) => act('phone.create', n, fields),
      edit: (n: number, fields: string[], pick = 0) => act('phone.edit', n, fields, pick),
      do: (
        what: 'delete' | 'restore' | 'unlabel' | 'label' | 'relink' | 'renamePlace' | 'deletePlace',
      ) => act(`phone.${what}`, 80),
    },
  };
};

const appointments = {
  create: (n: number): Action => ({
    ...{ do: 'crm.create', user: ANNA, n, fields: ['subject', 'time'] },
  }),
  edit: (n: number): Action => ({
    ...{ do: 'crm.edit', user: ANNA, pick: 0, n, fields: ['subject'] },
  }),
  onPhone: (n: number): Action => ({
    ...{ do: 'phone.edit', user: ANNA, pick: 0, n, fields: ['place'] },
  }),
  deleteOnPhone: { do: 'phone.delete', user: ANNA, pick: 0, n: 80 } as Action,
};

const poll: Action = { do: 'poll', user: ANNA };
/** Longer than a write of a contact stays out of listings. */
const wait: Action = { do: 'wait', ms: 240_000 };
const expireSync: Action = { do: 'expireSync', user: ANNA };
const leave = (how: 'keep' | 'remove'): Action => ({ do: 'leave', user: ANNA, how });

/** What both types have in common; `one` and `two` are fields of it, `all` every one. */
function common(record: OtherType, one: string, two: string, all: string[]): Scenario[] {
  const { desk, phone } = does(record);
  const made = [desk.create(1, [one, two]), wait, poll];
  const born = [poll, phone.create(1, [one, two]), wait, poll];
  return [
    // The first two while the label or the list is not there yet.
    { name: 'create', pairs: true, when: [desk.create(1, all)] },
    { name: 'create three at once', when: [1, 2, 3].map((n) => desk.create(n, [one])) },
    { name: 'create, connected before', given: [poll], when: [desk.create(1, [one])] },
    {
      name: 'create and delete at once',
      given: [poll],
      when: [desk.create(1, [one]), desk.delete()],
    },
    { name: 'edit in the CRM', given: made, when: [desk.edit(2, all)] },
    { name: 'edit on the phone', given: made, when: [phone.edit(2, [one]), wait, poll] },
    {
      name: 'edit on the phone, a CRM without echo',
      given: made,
      when: [phone.edit(2, [one, two]), wait, poll],
      options: { echo: false },
    },
    {
      name: 'different fields on both sides',
      given: made,
      when: [phone.edit(2, [two]), desk.edit(3, [one])],
    },
    {
      name: 'update with conflict',
      pairs: true,
      given: made,
      when: [phone.edit(2, [one, two]), desk.edit(3, [one, two])],
    },
    { name: 'delete', pairs: true, given: made, when: [desk.delete()] },
    { name: 'delete on the phone', given: made, when: [phone.do('delete'), wait, poll] },
    {
      name: 'delete on both sides',
      given: made,
      when: [phone.do('delete'), desk.delete(), wait, poll],
    },
    {
      name: 'delete in the CRM, edited on the phone: restored',
      given: made,
      when: [phone.edit(2, [one]), desk.delete()],
    },
    {
      name: 'delete in the CRM, edited on the phone: deleted again',
      given: made,
      when: [phone.edit(2, [one]), desk.delete()],
      options: { onDeletedInCrm: 'deleteAgain' },
    },
    {
      name: 'delete on the phone, edited in the CRM',
      given: made,
      when: [phone.do('delete'), desk.edit(2, [one])],
    },
    {
      name: 'entered anew after a delete',
      given: [...made, desk.delete()],
      when: [desk.recreate(2)],
    },
    { name: 'hand-over', given: made, when: [desk.handOver(2, [one])] },
    { name: 'one of the user’s own', given: [poll], when: [phone.create(1, all), wait, poll] },
    { name: 'an own one edited in the CRM', given: born, when: [desk.edit(2, [one])] },
    { name: 'an own one deleted in the CRM', given: born, when: [desk.delete()] },
    {
      name: 'an own one deleted on the phone',
      given: born,
      when: [phone.do('delete'), wait, poll],
    },
    {
      name: 'full resync',
      pairs: true,
      given: [...made, phone.create(2, [one]), wait, poll],
      when: [phone.do('delete'), phone.edit(3, [two], 1), wait, expireSync, poll],
    },
    {
      name: 'the label or the list is renamed',
      given: made,
      when: [phone.do('renamePlace'), desk.create(2, [one]), phone.create(3, [one]), wait, poll],
    },
    {
      name: 'the label or the list is deleted',
      pairs: true,
      given: made,
      when: [phone.do('deletePlace'), wait, poll],
    },
    {
      name: 'the label or the list is deleted while the CRM edits and creates',
      given: made,
      when: [phone.do('deletePlace'), desk.edit(2, [one]), desk.create(3, [one])],
    },
    {
      name: 'disconnect with removal',
      given: [...made, phone.create(2, [one])],
      when: [leave('remove')],
    },
    {
      name: 'disconnect with removal, and connected again at once',
      given: made,
      when: [leave('remove'), { do: 'connect', user: ANNA }, poll],
    },
  ];
}

const { desk: people, phone: contacts } = does('contact');
const { desk: work, phone: tasks } = does('task');
const labelled = [people.create(1, ['name', 'phones']), wait, poll];

const contactScenarios: Scenario[] = [
  {
    name: 'the label is taken off',
    pairs: true,
    given: labelled,
    when: [contacts.do('unlabel'), wait, poll],
  },
  {
    name: 'the label is taken off, edited in the CRM',
    given: labelled,
    when: [contacts.do('unlabel'), people.edit(2, ['name'])],
  },
  {
    name: 'the label is taken off, deleted in the CRM',
    given: labelled,
    when: [contacts.do('unlabel'), people.delete()],
  },
  {
    name: 'the label is given again, edited on both sides meanwhile',
    given: [...labelled, contacts.do('unlabel'), wait, poll],
    when: [
      contacts.edit(2, ['phones']),
      people.edit(3, ['name']),
      contacts.do('label'),
      wait,
      poll,
    ],
  },
  {
    name: 'the resource name changes',
    given: labelled,
    when: [contacts.do('relink'), contacts.edit(2, ['name']), wait, poll],
  },
  {
    name: 'the resource name changes while the CRM edits',
    given: labelled,
    when: [contacts.do('relink'), people.edit(2, ['phones'])],
  },
  {
    name: 'entries of a list on both sides',
    given: labelled,
    when: [contacts.edit(2, ['phones']), people.edit(3, ['phones', 'title'])],
  },
  {
    name: 'phones, e-mails and addresses on both sides',
    given: labelled,
    when: [contacts.edit(10, ['phones']), people.edit(20, ['phones']), wait, poll],
  },
];

const taskScenarios: Scenario[] = [
  {
    name: 'done in the CRM',
    given: [work.create(1, ['title', 'due']), poll],
    when: [work.edit(2, ['done'])],
  },
  {
    name: 'done on the phone, edited in the CRM',
    given: [work.create(1, ['title', 'due']), poll],
    when: [tasks.edit(2, ['done']), work.edit(3, ['title'])],
  },
  {
    name: 'restored on the phone after a delete in the CRM',
    given: [work.create(1, ['title']), poll, work.delete()],
    when: [tasks.do('restore'), poll],
  },
];

const oneOfEach = [
  appointments.create(1),
  people.create(2, ['name', 'phones']),
  work.create(3, ['title', 'due']),
];

const mixedScenarios: Scenario[] = [
  { name: 'one of each is created', when: oneOfEach },
  {
    name: 'one of each is edited on both sides',
    given: [...oneOfEach, wait, poll],
    when: [
      appointments.onPhone(4),
      contacts.edit(5, ['name']),
      tasks.edit(6, ['title']),
      appointments.edit(7),
      people.edit(8, ['phones']),
      work.edit(9, ['title']),
    ],
  },
  {
    name: 'one of each is deleted, on either side',
    given: [...oneOfEach, wait, poll],
    when: [appointments.deleteOnPhone, people.delete(), work.delete(), wait, poll],
  },
  {
    name: 'full resync of all types, the list is gone',
    given: [...oneOfEach, wait, poll],
    when: [
      expireSync,
      tasks.do('deletePlace'),
      contacts.edit(4, ['title']),
      appointments.edit(5),
      wait,
      poll,
    ],
  },
];

const named = (name: string, records: RecordType[], list: Scenario[]): Scenario[] =>
  list.map((scenario) => {
    const users = scenario.when.some((a) => a.do === 'type' && a.what === 'crm.handOver') ? 2 : 1;
    const options = { ...scenario.options, users, records };
    return { ...scenario, name: `${name}: ${scenario.name}`, options };
  });

/** Contacts and tasks, alone and mixed. */
export const typeScenarios: Scenario[] = [
  ...named(
    'contact',
    ['contact'],
    [
      ...common('contact', 'name', 'phones', ['name', 'title', 'notes', 'birthday', 'phones']),
      ...contactScenarios,
    ],
  ),
  ...named(
    'task',
    ['task'],
    [...common('task', 'title', 'due', ['title', 'notes', 'due', 'done']), ...taskScenarios],
  ),
  ...named('all', ALL, mixedScenarios),
];
