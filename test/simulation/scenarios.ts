/** Named scenarios for the crash sweep: what was there and is settled, and what happens then. */
import type { Action } from './script.ts';
import type { SystemOptions } from './system.ts';
import type { Field } from './values.ts';

export interface Scenario {
  name: string;
  /** All pairs of crash points are tried as well. */
  pairs?: true;
  given?: Action[];
  when: Action[];
  options?: Partial<SystemOptions>;
}

const ANNA = 0;
const LUCA = 1;

const desk = {
  create: (n: number, fields: Field[] = ['subject', 'time'], user = ANNA): Action => ({
    do: 'crm.create',
    user,
    n,
    fields,
  }),
  edit: (n: number, fields: Field[], pick = 0): Action => ({
    do: 'crm.edit',
    user: ANNA,
    pick,
    n,
    fields,
  }),
  do: (what: 'delete' | 'cancel' | 'replan' | 'recreate', n = 90): Action => ({
    do: `crm.${what}`,
    user: ANNA,
    pick: 0,
    n,
  }),
  handOver: (n: number, fields: Field[] = [], user = ANNA, to = LUCA): Action => ({
    do: 'crm.handOver',
    user,
    pick: 0,
    to,
    n,
    fields,
  }),
};

const phone = {
  create: (n: number, fields: Field[] = ['subject', 'time']): Action => ({
    do: 'phone.create',
    user: ANNA,
    n,
    fields,
  }),
  edit: (n: number, fields: Field[]): Action => ({
    do: 'phone.edit',
    user: ANNA,
    pick: 0,
    n,
    fields,
  }),
  do: (what: 'delete' | 'restore' | 'copy' | 'colour', n = 80): Action => ({
    do: `phone.${what}`,
    user: ANNA,
    pick: 0,
    n,
  }),
};

const poll: Action = { do: 'poll', user: ANNA };
const user = (what: 'expireSync' | 'expireAccess' | 'revoke' | 'connect' | 'pause' | 'resume') =>
  ({ do: what, user: ANNA }) as const;
const leave = (how: 'keep' | 'remove'): Action => ({ do: 'leave', user: ANNA, how });
const ALL: Field[] = ['subject', 'place', 'description', 'time', 'private', 'busy', 'reminder'];

export const scenarios: Scenario[] = [
  { name: 'create', pairs: true, when: [desk.create(1)] },
  { name: 'create with every field', when: [desk.create(1, ALL)] },
  { name: 'create three at once', when: [desk.create(1), desk.create(2), desk.create(3)] },
  { name: 'create for two users', when: [desk.create(1), desk.create(2, ['time'], LUCA)] },
  { name: 'create and delete at once', when: [desk.create(1), desk.do('delete')] },
  { name: 'edit in the CRM', given: [desk.create(1)], when: [desk.edit(2, ['subject', 'time'])] },
  { name: 'edit every field', given: [desk.create(1)], when: [desk.edit(2, ALL)] },
  { name: 'edit on the phone', given: [desk.create(1)], when: [phone.edit(2, ['time']), poll] },
  {
    name: 'edit on the phone, a CRM without echo',
    given: [desk.create(1)],
    when: [phone.edit(2, ['time', 'place']), poll],
    options: { echo: false },
  },
  {
    name: 'two edits on the phone in a row',
    given: [desk.create(1)],
    when: [phone.edit(2, ['subject']), poll, phone.edit(3, ['subject']), poll],
  },
  {
    name: 'different fields on both sides',
    given: [desk.create(1)],
    when: [phone.edit(2, ['place']), desk.edit(3, ['subject'])],
  },
  {
    name: 'update with conflict',
    pairs: true,
    given: [desk.create(1)],
    when: [phone.edit(2, ['subject', 'time']), desk.edit(3, ['subject', 'time'])],
  },
  {
    name: 'update with conflict, Google wins',
    given: [desk.create(1)],
    when: [phone.edit(2, ['subject', 'time']), desk.edit(3, ['subject', 'time'])],
    options: { policy: { subject: 'google', start: 'google' } },
  },
  { name: 'delete', pairs: true, given: [desk.create(1)], when: [desk.do('delete')] },
  { name: 'delete on the phone', given: [desk.create(1)], when: [phone.do('delete'), poll] },
  {
    name: 'delete in the CRM, edited on the phone: restored',
    given: [desk.create(1)],
    when: [phone.edit(2, ['subject']), desk.do('delete')],
  },
  {
    name: 'delete in the CRM, edited on the phone: deleted again',
    given: [desk.create(1)],
    when: [phone.edit(2, ['subject']), desk.do('delete')],
    options: { onDeletedInCrm: 'deleteAgain' },
  },
  {
    name: 'delete on the phone, edited in the CRM',
    given: [desk.create(1)],
    when: [phone.do('delete'), desk.edit(2, ['subject'])],
  },
  {
    name: 'delete on both sides',
    given: [desk.create(1)],
    when: [phone.do('delete'), desk.do('delete'), poll],
  },
  { name: 'cancel', given: [desk.create(1)], when: [desk.do('cancel')] },
  { name: 'plan again', given: [desk.create(1), desk.do('cancel')], when: [desk.do('replan')] },
  {
    name: 'cancel, edited on the phone',
    given: [desk.create(1)],
    when: [phone.edit(2, ['place']), desk.do('cancel')],
  },
  {
    name: 'restored from the bin after the CRM cancelled it',
    given: [desk.create(1), desk.do('cancel')],
    when: [phone.do('restore'), poll],
  },
  {
    name: 'entered anew after a delete',
    given: [desk.create(1), desk.do('delete')],
    when: [desk.do('recreate', 2)],
  },
  { name: 'hand-over', given: [desk.create(1)], when: [desk.handOver(2, ['subject'])] },
  { name: 'created and handed over at once', when: [desk.create(1), desk.handOver(2)] },
  {
    name: 'hand-over, edited on the phone',
    given: [desk.create(1)],
    when: [phone.edit(2, ['place']), desk.handOver(3)],
  },
  {
    name: 'hand-over and back',
    given: [desk.create(1)],
    when: [desk.handOver(2), desk.handOver(3, [], LUCA, ANNA)],
  },
  { name: 'an own event', when: [phone.create(1), poll] },
  { name: 'an own private event', when: [phone.create(2, ['subject', 'time', 'private']), poll] },
  {
    name: 'an own event turns private',
    given: [phone.create(1), poll],
    when: [phone.edit(2, ['private']), poll],
  },
  {
    name: 'an own event edited in the CRM',
    given: [phone.create(1), poll],
    when: [desk.edit(2, ['time'])],
  },
  {
    name: 'an own event deleted on the phone',
    given: [phone.create(1), poll],
    when: [phone.do('delete'), poll],
  },
  { name: 'a copy of ours', given: [desk.create(1)], when: [phone.do('copy'), poll] },
  { name: 'a field that is not mapped', given: [desk.create(1)], when: [phone.do('colour'), poll] },
  {
    name: 'somebody else’s meeting edited in the CRM',
    given: [poll],
    when: [desk.edit(2, ['time', 'reminder'])],
    options: { meeting: true },
  },
  {
    name: 'full resync',
    pairs: true,
    given: [desk.create(1), phone.create(2), poll],
    when: [phone.do('delete'), phone.edit(3, ['place']), user('expireSync'), poll],
  },
  {
    name: 'full resync with news in the CRM',
    given: [desk.create(1), poll],
    when: [user('expireSync'), desk.edit(2, ['subject']), phone.edit(3, ['subject']), poll],
  },
  {
    name: 'token refresh',
    pairs: true,
    given: [desk.create(1)],
    when: [user('expireAccess'), desk.edit(2, ['subject'])],
  },
  {
    name: 'revoked, and connected again',
    given: [desk.create(1)],
    when: [user('revoke'), desk.edit(2, ['subject']), phone.edit(3, ['place']), user('connect')],
  },
  {
    name: 'paused, and resumed',
    given: [desk.create(1)],
    when: [
      user('pause'),
      desk.edit(2, ['subject']),
      phone.edit(3, ['place']),
      user('resume'),
      poll,
    ],
  },
  { name: 'disconnect', given: [desk.create(1), poll], when: [leave('keep')] },
  {
    name: 'disconnect with removal',
    given: [desk.create(1), desk.create(2), phone.create(3), poll],
    when: [leave('remove')],
  },
  {
    name: 'disconnect with removal, and connected again at once',
    given: [desk.create(1), desk.create(2), poll],
    when: [leave('remove'), user('connect'), poll],
  },
  {
    name: 'the fan-out',
    given: [desk.create(1), poll, { do: 'wait', ms: 400_000 }],
    when: [phone.edit(2, ['time']), { do: 'tick' }],
  },
  {
    name: 'an edit that Google notifies of',
    options: { channels: true },
    given: [desk.create(1), poll],
    when: [phone.edit(2, ['time'])],
  },
  {
    name: 'a channel is renewed, and an edit rings both',
    options: { channels: true },
    given: [desk.create(1), poll, { do: 'wait', ms: 6 * 24 * 3_600_000 }],
    when: [{ do: 'maintain' }, phone.edit(2, ['place'])],
  },
];
