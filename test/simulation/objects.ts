/** What the Workspace simulator stores of contacts and tasks, for the history. */
import { WRITABLE } from '../sandbox/google/people/mask.ts';
import { groupsOf } from '../sandbox/google/people/memberships.ts';
import { presentPerson, sourceEtagOf } from '../sandbox/google/people/present.ts';
import type { PeopleStore } from '../sandbox/google/people/store.ts';
import { etagOf, presentTask } from '../sandbox/google/tasks/present.ts';
import type { TaskStore } from '../sandbox/google/tasks/store.ts';
import type { Raw } from './history.ts';

/** One contact or task as it stands. */
export interface Stored {
  /** Stays the same for good. */
  id: string;
  /** By which the API knows it now. */
  name: string;
  etag: string;
  changed: number;
  resource: Raw;
  /** It has the label, it is in the list. */
  place: boolean;
}

const ALL = new Set([...WRITABLE, 'metadata']);

export function storedContacts(people: PeopleStore, email: string): Stored[] {
  const book = people.book(email);
  const label = people
    .groups(book)
    .find(({ name, system }) => !system && name.startsWith('CRM'))?.resourceName;
  return [...book.contacts.values()].flatMap((contact) => {
    const version = contact.versions.at(-1);
    if (!version) return [];
    const { fields, resourceName, changed } = version;
    const resource: Raw = fields ? presentPerson(contact, version, ALL) : { deleted: true };
    return {
      id: contact.sourceId,
      name: resourceName,
      etag: sourceEtagOf(version),
      changed,
      resource,
      place: fields !== null && label !== undefined && groupsOf(fields).includes(label),
    };
  });
}

/** Every name that a contact has or had, by `user/name`, and the key of the contact. */
export function contactNames(people: PeopleStore, user: string, email: string) {
  const names = [...people.book(email).names];
  return Object.fromEntries(names.map(([name, id]) => [`${user}/${name}`, `${user}/${id}`]));
}

export function storedTasks(tasks: TaskStore, email: string): Stored[] {
  return tasks.lists(email).flatMap((list) =>
    [...list.tasks.values()].map((task) => {
      const { position: _, ...resource } = presentTask(list, task) as Raw;
      return {
        id: task.id,
        name: task.id,
        etag: etagOf(task.changed),
        changed: task.changed,
        resource,
        place: list.title.startsWith('CRM'),
      };
    }),
  );
}
