/** What the Workspace simulator stores of contacts and tasks, for the history. */
import { WRITABLE } from '../../sandbox/google/people/mask.ts';
import { groupsOf } from '../../sandbox/google/people/memberships.ts';
import { presentPerson, sourceEtagOf } from '../../sandbox/google/people/present.ts';
import type { PeopleStore } from '../../sandbox/google/people/store.ts';
import { etagOf, presentTask } from '../../sandbox/google/tasks/present.ts';
import type { TaskStore } from '../../sandbox/google/tasks/store.ts';
import type { Raw } from '../history.ts';

/** One contact or task as it stands. */
export interface Stored {
  /** Stays the same for good. */
  id: string;
  /** By which the API knows it now. */
  name: string;
  etag: string;
  changed: number;
  resource: Raw;
  /** It has the label, it is in the list; said by the resource as well, as `inPlace`. */
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
    const place = fields !== null && label !== undefined && groupsOf(fields).includes(label);
    const said: Raw = fields ? presentPerson(contact, version, ALL) : { deleted: true };
    const resource = { ...said, inPlace: place };
    return {
      id: contact.sourceId,
      name: resourceName,
      etag: sourceEtagOf(version),
      changed,
      resource,
      place,
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
      const { position: _, ...said } = presentTask(list, task) as Raw;
      const place = list.title.startsWith('CRM');
      const resource = { ...said, inPlace: place };
      return {
        id: task.id,
        name: task.id,
        etag: etagOf(task.changed),
        changed: task.changed,
        resource,
        place,
      };
    }),
  );
}

/** Contacts and tasks of all users as they were seen last, and what has changed since. */
export class TypeEffects {
  readonly #seen = new Map<string, number>();
  readonly #shadow = new Map<string, Raw>();

  since(record: 'contact' | 'task', user: string, stored: Stored[]) {
    const key = `${record} ${user}`;
    const seen = this.#seen.get(key) ?? 0;
    const news = stored.filter(({ changed }) => changed > seen);
    this.#seen.set(key, Math.max(seen, ...news.map(({ changed }) => changed)));
    const there = new Set(stored.map(({ id }) => `${key} ${id}`));
    // A list that is deleted takes its tasks along.
    const lost = [...this.#shadow].filter(
      ([name]) => name.startsWith(`${key} `) && !there.has(name),
    );
    const changes = [
      ...news.map(({ id, etag, resource }) => ({ id, etag, after: resource })),
      ...lost.map(([name, was]) => ({
        id: name.slice(key.length + 1),
        etag: '',
        after: { ...was, inPlace: false },
      })),
    ];
    return changes.map(({ id, etag, after }) => {
      const before = this.#shadow.get(`${key} ${id}`);
      if (there.has(`${key} ${id}`)) this.#shadow.set(`${key} ${id}`, after);
      else this.#shadow.delete(`${key} ${id}`);
      return { record, user, id, etag, before, after };
    });
  }
}
