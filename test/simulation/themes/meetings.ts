/** Meetings of two users of the CRM. */
import { connect, desk, hour, phone, poll, type Step, type Theme } from './scenario.ts';

const ATTENDEES = { attendees: [{ email: 'luca@firm.example' }] };
const GUESTS = {
  participants: [
    { email: 'luca@firm.example', kind: 'user', userId: 'luca', response: 'needsAction' },
  ],
};
const pollLuca: Step = (stage) => stage.poll('luca');
const both = [pollLuca, poll];

/** Anna has an account at Google and no connection of her own yet. */
const meeting = phone.create('Review', { ...hour('11-25', 10), ...ATTENDEES });

export const meetings: Theme[] = [
  {
    name: 'the CRM invites a colleague',
    given: [connect('luca')],
    when: [desk.create('Talk', GUESTS), ...both],
    ends: { crm: 1, google: 2 },
  },
  {
    name: 'the phone invites a colleague, who is read first',
    given: [connect('luca')],
    when: [meeting, ...both],
    ends: { crm: 1, google: 2 },
  },
  {
    name: 'the guest answers',
    given: [connect('luca'), meeting, ...both],
    when: [
      phone.edit(
        'Review',
        { attendees: [{ email: 'luca@firm.example', responseStatus: 'accepted' }] },
        'luca',
      ),
      ...both,
    ],
    ends: { crm: 1, google: 2 },
  },
  {
    name: 'the organizer deletes the meeting',
    given: [connect('luca'), meeting, ...both],
    when: [phone.remove('Review'), ...both],
    ends: { crm: 0, google: 0 },
  },
  {
    name: 'the CRM hands a visit over to a colleague',
    given: [connect('luca'), desk.create('Visit')],
    when: [desk.edit('Visit', { place: 'Bern' }, 'luca'), ...both],
    ends: { crm: 1, google: 1 },
  },
  {
    name: 'the organizer connects later, and takes the record over',
    given: [
      connect('luca'),
      (stage) => stage.world.store.updateUser('anna', (u) => u && { ...u, state: 'disconnected' }),
      meeting,
      pollLuca,
    ],
    when: [connect('anna'), ...both],
    ends: { crm: 1, google: 2 },
  },
];
