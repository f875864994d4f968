/** The permissions that users are asked for, and what each record type needs of them. */
import type { RecordType } from '../core/fields.ts';

const api = 'https://www.googleapis.com/auth/';

/** Google's names of the permissions: https://developers.google.com/identity/protocols/oauth2/scopes */
export const scopes = {
  openid: 'openid',
  email: 'email',
  eventsOwned: `${api}calendar.events.owned`,
  appCreated: `${api}calendar.app.created`,
  freeBusy: `${api}calendar.freebusy`,
  contacts: `${api}contacts`,
  tasks: `${api}tasks`,
} as const;

/** Where appointments live: the user's primary calendar, or one that the sync makes. */
export type CalendarChoice = 'primary' | 'dedicated';

/** What each record type needs; without the first one the record is off. */
const recordScopes = (
  calendar: CalendarChoice,
): Readonly<Record<RecordType, readonly [string, ...string[]]>> => ({
  appointment: [calendar === 'dedicated' ? scopes.appCreated : scopes.eventsOwned, scopes.freeBusy],
  contact: [scopes.contacts],
  task: [scopes.tasks],
});

/** The record types that users are asked to permit, as long as the setting RECORDS names no fewer. */
export const permittedRecords: readonly RecordType[] = ['appointment', 'contact', 'task'];

/** What the consent page asks for: who the user is, and what the given records need. */
export function requestedScopes(
  records: readonly RecordType[] = permittedRecords,
  calendar: CalendarChoice = 'primary',
): string[] {
  const needs = recordScopes(calendar);
  return [scopes.openid, scopes.email, ...records.flatMap((record) => needs[record])];
}

/** Whether the granted scopes let the record type be synced. */
export function recordGranted(
  record: RecordType,
  granted: readonly string[] = [],
  calendar: CalendarChoice = 'primary',
): boolean {
  return granted.includes(recordScopes(calendar)[record][0]);
}
