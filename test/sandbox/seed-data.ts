/** What the sandbox starts with: a firm that does not exist, its sales people and a week of their work. */
import type { Appointment, Contact, Task } from '../../functions/core/messages.ts';

/** The firm's zone. */
export const ZONE = 'Europe/Zurich';

/** Users that are connected from the start, and one who is not. */
export const PEOPLE = [
  { userId: 'anna', name: 'Anna Keller', email: 'anna.keller@brunnhof.example', connected: true },
  { userId: 'luca', name: 'Luca Moretti', email: 'luca.moretti@brunnhof.example', connected: true },
  { userId: 'mira', name: 'Mira Sutter', email: 'mira.sutter@brunnhof.example', connected: false },
] as const;

/** Monday is 0. */
export type Day = 0 | 1 | 2 | 3 | 4;
interface Plan extends Omit<Appointment, 'start' | 'end' | 'customer' | 'contactPersons'> {
  day: Day;
  from: string;
  to: string;
  at?: string;
  with?: string[];
}

/** Each user's appointments in the CRM. */
export const PLANS: { [userId: string]: Plan[] } = {
  anna: [
    {
      day: 0,
      from: '09:00',
      to: '10:00',
      kind: 'visit',
      subject: 'Annual review',
      at: 'Holzbau Egger AG',
      with: ['Martin Egger'],
      place: 'Seestrasse 14, Thalwil',
      description: 'Bring the framework agreement. He wants to talk about delivery times.',
    },
    {
      day: 0,
      from: '14:30',
      to: '15:00',
      kind: 'call',
      subject: 'Follow-up on the offer',
      at: 'Malerei Fontana',
      with: ['Giulia Fontana'],
    },
    {
      day: 1,
      from: '08:30',
      to: '09:30',
      kind: 'meeting',
      subject: 'Sales team, week ahead',
      place: 'Room Limmat',
    },
    {
      day: 1,
      from: '13:30',
      to: '15:00',
      kind: 'visit',
      subject: 'Site inspection',
      at: 'Gemeinde Stäfa',
      with: ['Beat Hauser', 'Regula Frei'],
      place: 'Schulhaus Obstgarten, Stäfa',
    },
    {
      day: 2,
      from: '10:00',
      to: '11:30',
      kind: 'visit',
      subject: 'Showroom: new facade system',
      at: 'Architekturbüro Lindt',
      with: ['Sabine Lindt'],
      place: 'Hauptsitz, Showroom',
    },
    {
      day: 2,
      from: '16:00',
      to: '16:30',
      kind: 'call',
      subject: 'Complaint, second delivery',
      at: 'Holzbau Egger AG',
      with: ['Martin Egger'],
    },
    {
      day: 3,
      from: '09:30',
      to: '12:00',
      kind: 'visit',
      subject: 'Contract negotiation',
      at: 'Wohnbau Zürisee',
      with: ['Peter Amstutz'],
      place: 'Bahnhofplatz 3, Wädenswil',
      description: 'Prices are fixed until the end of the quarter.',
    },
    {
      day: 4,
      from: '11:00',
      to: '11:45',
      kind: 'call',
      subject: 'Reference call',
      at: 'Spital Rapperswil',
      with: ['Dr. Nina Vogt'],
    },
  ],
  luca: [
    {
      day: 0,
      from: '10:30',
      to: '12:00',
      kind: 'visit',
      subject: 'First visit',
      at: 'Officina Bernasconi',
      with: ['Carlo Bernasconi'],
      place: 'Via Cantonale 8, Bellinzona',
    },
    {
      day: 1,
      from: '08:30',
      to: '09:30',
      kind: 'meeting',
      subject: 'Sales team, week ahead',
      place: 'Room Limmat',
    },
    {
      day: 1,
      from: '15:00',
      to: '16:00',
      kind: 'visit',
      subject: 'Handover of samples',
      at: 'Studio Ferrari',
      with: ['Elena Ferrari'],
      place: 'Piazza Grande 2, Locarno',
    },
    {
      day: 2,
      from: '09:00',
      to: '09:30',
      kind: 'call',
      subject: 'Open invoices',
      at: 'Hotel Miralago',
      with: ['Sara Galli'],
    },
    {
      day: 3,
      from: '13:00',
      to: '14:30',
      kind: 'visit',
      subject: 'Offer presentation',
      at: 'Hotel Miralago',
      with: ['Sara Galli', 'Ugo Conti'],
      place: 'Lungolago 21, Ascona',
    },
    {
      day: 4,
      from: '09:00',
      to: '10:00',
      kind: 'meeting',
      subject: 'Quarterly figures',
      place: 'Room Limmat',
    },
  ],
  mira: [
    {
      day: 0,
      from: '11:00',
      to: '12:00',
      kind: 'visit',
      subject: 'Introduction as the new contact',
      at: 'Bäckerei Sommer',
      with: ['Jonas Sommer'],
      place: 'Marktgasse 5, Winterthur',
    },
    {
      day: 2,
      from: '14:00',
      to: '15:00',
      kind: 'visit',
      subject: 'Needs analysis',
      at: 'Velo Hintermann',
      with: ['Ruth Hintermann'],
      place: 'Technikumstrasse 30, Winterthur',
    },
    {
      day: 3,
      from: '09:00',
      to: '09:30',
      kind: 'call',
      subject: 'Arrange a test delivery',
      at: 'Bäckerei Sommer',
      with: ['Jonas Sommer'],
    },
  ],
};

/** The user's own entries, made on the phone: the CRM learns of them, of the private one only "busy". */
export const OWN: {
  [email: string]: { day: Day; from: string; to: string; summary: string; private?: true }[];
} = {
  'anna.keller@brunnhof.example': [
    { day: 1, from: '12:00', to: '13:00', summary: 'Lunch with Tobias' },
    { day: 3, from: '17:00', to: '18:00', summary: 'Dentist', private: true },
  ],
  'luca.moretti@brunnhof.example': [
    { day: 2, from: '17:30', to: '18:30', summary: 'Train home, calls possible' },
  ],
};

/** Each user's contact persons in the CRM. */
export const CONTACTS: { [userId: string]: Contact[] } = {
  anna: [
    {
      givenName: 'Martin',
      familyName: 'Egger',
      organization: 'Holzbau Egger AG',
      title: 'Managing director',
      emails: [{ value: 'martin.egger@holzbau-egger.example', type: 'work' }],
      phones: [{ value: '+41 44 720 11 22', type: 'work' }],
    },
    {
      givenName: 'Giulia',
      familyName: 'Fontana',
      organization: 'Malerei Fontana',
      emails: [{ value: 'giulia@fontana.example', type: 'work' }],
      phones: [{ value: '+41 79 555 01 02', type: 'mobile' }],
      birthday: '--05-14',
    },
  ],
  luca: [
    {
      givenName: 'Noémie',
      familyName: 'Rochat',
      organization: 'Rochat & Fils SA',
      title: 'Purchasing',
      emails: [{ value: 'n.rochat@rochat.example', type: 'work' }],
    },
  ],
};

/** Each user's tasks in the CRM; `day` is the day of the week on which one is due. */
export const TASKS: { [userId: string]: (Omit<Task, 'due'> & { day: Day })[] } = {
  anna: [
    { title: 'Send the offer to Malerei Fontana', notes: 'With the new prices.', day: 1 },
    { title: 'Prepare the framework agreement', day: 3 },
  ],
  luca: [{ title: 'Call Ms Rochat back', day: 0 }],
};
