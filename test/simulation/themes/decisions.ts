/** What a person decides: undo, release, switch off, leave, erase. */
import type { User } from '../../../functions/core/records.ts';
import { admin, desk, flow, hour, phone, poll, type Step, type Theme } from './scenario.ts';

const set =
  (fields: Partial<User>): Step =>
  ({ world }) =>
    world.store.updateUser('anna', (user) => user && { ...user, ...fields });

/** The newest run is undone. */
const undo: Step = async (stage) => {
  const [latest] = await stage.world.store.journalRuns('anna', 1);
  stage.admin({ action: 'undo', userId: 'anna', run: latest?.run });
};

/** The CRM announces the user again, with more to say or less. */
const announce =
  (enabled: boolean): Step =>
  ({ crm }) =>
    crm.announce({
      ...{ userId: 'anna', email: 'anna@firm.example', name: 'Anna' },
      ...{ timeZone: 'Europe/Zurich', enabled },
    });

const many = Array.from({ length: 11 }, (_, i) => `Visit ${i}`);
const visits = many.map((subject, i) => desk.create(subject, hour('11-26', 6 + i)));
const given = [
  desk.create('Visit'),
  desk.create('Call', hour('11-26', 9)),
  phone.create('Own'),
  poll,
];
const erase = (entries: 'keep' | 'remove') => admin({ action: 'erase', entries });

export const decisions: Theme[] = [
  {
    name: 'undo of a creation',
    given: [desk.create('Visit')],
    when: [undo],
    ends: { crm: 0, google: 0 },
  },
  {
    name: 'undo of an edit on the phone',
    given: [desk.create('Visit'), phone.edit('Visit', { location: 'Thun' }), poll],
    when: [undo],
    ends: { crm: 1, google: 1 },
  },
  {
    name: 'undo of a deletion in the CRM',
    given: [desk.create('Visit'), desk.remove('Visit')],
    when: [undo],
    ends: { crm: 1, google: 1 },
  },
  {
    name: 'a mass deletion is held, and released',
    echo: false,
    given: [...visits, poll],
    when: [
      async ({ world }) => {
        for (const { id } of await world.events()) await world.phone('anna', 'DELETE', `/${id}`);
        world.workspace.expireSyncTokens('anna@firm.example');
      },
      poll,
      flow,
      admin({ action: 'release' }),
    ],
    ends: { crm: 0, google: 0 },
  },
  {
    name: 'paused and resumed by the admin, with edits on both sides',
    given,
    when: [
      admin({ action: 'pause' }),
      flow,
      desk.edit('Visit', { place: 'Bern' }),
      phone.edit('Call', { location: 'Thun' }),
      flow,
      admin({ action: 'resume' }),
    ],
    ends: { crm: 3, google: 3 },
  },
  {
    name: 'switched off by the CRM and on again, with edits on both sides',
    given,
    when: [
      announce(false),
      desk.edit('Visit', { place: 'Bern' }),
      phone.edit('Call', { location: 'Thun' }),
      flow,
      announce(true),
      poll,
    ],
    ends: { crm: 3, google: 3 },
  },
  {
    name: 'disconnect with removal, edited on the phone meanwhile',
    given,
    when: [set({ leaving: 'remove' }), phone.edit('Visit', { location: 'Thun' }), poll],
    ends: { crm: 3, google: 1 },
  },
  { name: 'erase', given, when: [erase('keep')], ends: { crm: 3, google: 3 } },
  { name: 'erase with removal', given, when: [erase('remove')], ends: { crm: 3, google: 1 } },
  {
    name: 'erase, and a new beginning',
    given,
    when: [
      erase('keep'),
      flow,
      (stage) => stage.connect('anna'),
      async ({ crm }) => {
        for (const { crmId } of crm.records()) await crm.edit(crmId, {});
      },
      poll,
    ],
    ends: { crm: 3, google: 3 },
  },
];
