/** Which groups a contact is in. */
import { invalidArgument } from './errors.ts';
import { type AddressBook, type Entry, OPEN_SYSTEM_GROUPS, type PersonFields } from './model.ts';
import type { Live, PeopleStore } from './store.ts';

/** Resource names of the groups that a contact is in. */
export function groupsOf(fields: PersonFields): string[] {
  return (fields.memberships ?? []).flatMap((entry) => {
    const { contactGroupMembership } = entry as {
      contactGroupMembership?: { contactGroupResourceName?: string };
    };
    const name = contactGroupMembership?.contactGroupResourceName;
    return name === undefined ? [] : [name];
  });
}

/**
 * The memberships that a write leaves behind. [V] 3: at least one; only user groups, myContacts and
 * starred can be added, any can be removed.
 */
export function checkedMemberships(
  store: PeopleStore,
  book: AddressBook,
  given: PersonFields,
  old: Live | undefined,
): readonly Entry[] {
  const before = old ? groupsOf(old.version.fields) : [];
  const wanted = [...new Set(groupsOf(given))];
  if (wanted.length === 0) {
    if (old) throw invalidArgument('At least one contact group membership must be specified.');
    wanted.push('contactGroups/myContacts');
  }
  for (const name of wanted) {
    if (before.includes(name)) continue;
    const group = store.group(book, name);
    if (group.system && !OPEN_SYSTEM_GROUPS.includes(name)) {
      throw invalidArgument(`Contacts cannot be added to ${name}.`);
    }
  }
  return wanted.map((contactGroupResourceName) => ({
    contactGroupMembership: { contactGroupResourceName },
  }));
}
