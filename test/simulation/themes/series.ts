/** Series: for a CRM that knows them, and as single occurrences. */
import { connect, desk, flow, hour, phone, poll, type Theme, WEEKLY } from './scenario.ts';

const SERIES = { recurrence: 'series' } as const;
const round = desk.create('Round', { ...hour('11-24', 10), ...WEEKLY });
const special = { subject: 'Special', ...hour('12-03', 14) };
const own = phone.create('Own', { ...hour('11-24', 10), ...WEEKLY });
const later = { ...hour('12-09', 10), recurrence: ['RRULE:FREQ=WEEKLY;COUNT=2'] };

const asRecords: Theme[] = [
  { name: 'a series of the CRM', when: [round], ends: { crm: 1, google: 1 } },
  {
    name: 'a series with an exception and a cancelled occurrence at once',
    when: [
      round,
      desk.occurrence('Round', '12-01', special),
      desk.occurrence('Round', '12-08', undefined),
    ],
    ends: { crm: 2, google: 3 },
  },
  {
    name: 'the CRM moves its series',
    given: [round, desk.occurrence('Round', '12-01', special)],
    when: [desk.edit('Round', hour('11-24', 15))],
    // Of the exception, whose place is no more, Google keeps that it is cancelled.
    ends: { crm: 1, google: 2 },
  },
  {
    name: 'the CRM deletes an exception',
    given: [round, desk.occurrence('Round', '12-01', special)],
    when: [desk.remove('Special')],
    ends: { crm: 1, google: 2 },
  },
  {
    name: 'the CRM deletes a series and its exception',
    given: [round, desk.occurrence('Round', '12-01', special)],
    when: [desk.remove('Special'), desk.remove('Round')],
    ends: { crm: 0, google: 0 },
  },
  {
    name: 'the CRM deletes a series of which the phone has edited one exception and made another',
    given: [round, desk.occurrence('Round', '12-01', special)],
    when: [
      phone.editOne('Round', 1, { location: 'Phone' }),
      phone.editOne('Round', 2, { summary: 'Phone' }),
      desk.remove('Round'),
    ],
    ends: { crm: 3, google: 3 },
  },
  {
    name: 'the CRM hands a series over of which the phone has edited one exception and made another',
    given: [
      connect('luca'),
      round,
      desk.occurrence('Round', '12-01', special),
      desk.occurrence('Round', '12-15', undefined),
    ],
    when: [
      phone.editOne('Round', 1, { location: 'Phone' }),
      phone.editOne('Round', 2, { summary: 'Phone' }),
      desk.edit('Round', {}, 'luca'),
      (stage) => stage.poll('luca'),
      poll,
    ],
    ends: { crm: 3, google: 4 },
  },
  { name: 'a series of the user’s own', when: [own, poll], ends: { crm: 1, google: 1 } },
  {
    name: 'the phone moves one occurrence and takes another out',
    given: [round],
    when: [
      phone.editOne('Round', 1, { ...hour('12-02', 8), summary: 'Early' }),
      phone.removeOne('Round', 2),
      poll,
    ],
    ends: { crm: 2, google: 3 },
  },
  {
    name: 'the phone deletes the series with its exception',
    given: [round, desk.occurrence('Round', '12-01', special)],
    when: [phone.remove('Round'), poll],
    ends: { crm: 0, google: 0 },
  },
  {
    name: 'this and following on the phone',
    given: [own, poll],
    when: [phone.cut('Own', '20261207T000000Z', later), poll],
    ends: { crm: 2, google: 2 },
  },
  {
    name: 'both sides edit a series',
    given: [round],
    when: [phone.edit('Round', { location: 'Thun' }), desk.edit('Round', { subject: 'Rounds' })],
    ends: { crm: 1, google: 1 },
  },
];

const asOccurrences: Theme[] = [
  { name: 'a series of the user’s own', when: [own, poll], ends: { crm: 4, google: 1 } },
  {
    name: 'the phone moves the whole series',
    given: [own, poll],
    when: [phone.edit('Own', hour('11-24', 15)), poll],
    ends: { crm: 4, google: 1 },
  },
  {
    name: 'the CRM moves one occurrence, the phone takes another out',
    given: [own, poll],
    when: [desk.edit('Own', hour('12-16', 8)), phone.removeOne('Own', 1), poll],
    ends: { crm: 3, google: 3 },
  },
  {
    name: 'the CRM deletes one occurrence',
    given: [own, poll],
    when: [desk.remove('Own')],
    ends: { crm: 3, google: 2 },
  },
  {
    name: 'the phone deletes the series',
    given: [own, poll],
    when: [phone.remove('Own'), poll],
    ends: { crm: 0, google: 0 },
  },
  {
    name: 'this and following on the phone',
    given: [own, poll],
    when: [phone.cut('Own', '20261207T000000Z', later), poll],
    ends: { crm: 4, google: 2 },
  },
  {
    name: 'a single event of the CRM becomes a series, and one again',
    given: [desk.create('Visit', hour('11-24', 10))],
    when: [phone.edit('Visit', WEEKLY), poll, flow, phone.edit('Visit', { recurrence: [] }), poll],
    ends: { crm: 1, google: 1 },
  },
];

export const series: Theme[] = [
  ...asRecords.map((s) => ({ ...s, name: `series: ${s.name}`, options: SERIES })),
  ...asOccurrences.map((s) => ({ ...s, name: `occurrences: ${s.name}` })),
];
