/** What the status page shows of a user: pure. */
import type { RecordType } from '../core/fields.ts';
import type { User } from '../core/records.ts';
import { type CalendarChoice, permittedRecords, scopes } from '../google/scopes.ts';

/** What a user sees of his or her state; each has its words in every language. */
export type View =
  | 'firstSync'
  | 'active'
  | 'held'
  | 'reauthorize'
  | 'paused'
  | 'disabled'
  | 'disconnecting'
  | 'disconnected';

/** A line of the list of permissions: one scope. */
export type Permission = 'appointments' | 'ownCalendar' | 'freeBusy' | 'contacts' | 'tasks';

const permissionScopes: { [P in Permission]: { record: RecordType; scope: string } } = {
  appointments: { record: 'appointment', scope: scopes.eventsOwned },
  ownCalendar: { record: 'appointment', scope: scopes.appCreated },
  freeBusy: { record: 'appointment', scope: scopes.freeBusy },
  contacts: { record: 'contact', scope: scopes.contacts },
  tasks: { record: 'task', scope: scopes.tasks },
};

/** The state as the user is to see it: what he or she can do something about comes first. */
export function viewOf(user: User): View {
  if (user.state === 'disconnected' || user.state === 'invited') return 'disconnected';
  if (user.leaving !== undefined) return 'disconnecting';
  if (!user.enabled) return 'disabled';
  if (user.state === 'reauthorize' || user.state === 'paused') return user.state;
  if (Object.keys(user.held ?? {}).length > 0) return 'held';
  return user.firstSyncAt === undefined ? 'firstSync' : 'active';
}

/** Views that end by themselves: the page looks every second. */
export const isPassing = (view: View): boolean => view === 'firstSync' || view === 'disconnecting';

/** The permissions that the setup needs, and which of them the user has granted. */
export function permissionsOf(
  user: User,
  records: readonly RecordType[] = permittedRecords,
  calendar: CalendarChoice = 'primary',
): { permission: Permission; on: boolean }[] {
  return askedPermissions(records, calendar).map((permission) => ({
    permission,
    on: user.scopes?.includes(permissionScopes[permission].scope) ?? false,
  }));
}

/** The permissions that the setup needs, in the order in which the page names them. */
export function askedPermissions(
  records: readonly RecordType[] = permittedRecords,
  calendar: CalendarChoice = 'primary',
): Permission[] {
  const other = calendar === 'primary' ? 'ownCalendar' : 'appointments';
  return (Object.keys(permissionScopes) as Permission[]).filter(
    (permission) => permission !== other && records.includes(permissionScopes[permission].record),
  );
}
