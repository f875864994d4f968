/** The contacts app: what a person does by hand, without the API. For tests and the sandbox page. */
import { WRITABLE } from './mask.ts';
import { groupsOf } from './memberships.ts';
import type { Entry } from './model.ts';
import { normalizePerson } from './normalize.ts';
import { presentGroup, presentPerson } from './present.ts';
import type { Live, PeopleStore } from './store.ts';

const ALL = new Set([...WRITABLE, 'metadata']);
const GROUP_FIELDS = new Set(['clientData', 'groupType', 'memberCount', 'metadata', 'name']);

/** A contact as the person sees it. */
export interface Person {
  resourceName: string;
  etag: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever field they are about.
  [field: string]: any;
}

export interface ContactsPhone {
  /** All contacts, oldest first. */
  contacts(): Person[];
  contact(resourceName: string): Person | undefined;
  /** Adds a contact, with labels by name (made when they are new). */
  add(fields: Entry, ...labels: string[]): Person;
  /** Replaces the given fields; an empty list clears one. */
  edit(resourceName: string, fields: Entry): Person;
  remove(resourceName: string): void;
  /** Gives the contact a label, by its name. */
  label(resourceName: string, label: string): void;
  unlabel(resourceName: string, label: string): void;
  /** Labels of a contact, by name. */
  labelsOf(resourceName: string): string[];
  /** Own labels, not the system's. */
  labels(): { resourceName: string; name: string; memberCount?: number }[];
  renameLabel(from: string, to: string): void;
  deleteLabel(name: string, withContacts?: boolean): void;
  /** The contact is joined with a profile: its resource name changes. Returns the new one. */
  relink(resourceName: string): string;
}

/** The phone of an account. */
export function contactsPhone(store: PeopleStore, email: string): ContactsPhone {
  const book = store.book(email);
  const live = (resourceName: string): Live => {
    const found = store.find(book, resourceName);
    if (!found) throw new Error(`no contact ${resourceName}`);
    return found;
  };
  const show = ({ contact, version }: Live) => presentPerson(contact, version, ALL) as Person;
  const named = (name: string) =>
    store.groups(book).find((group) => group.name === name) ?? undefined;
  const label = (name: string) => named(name) ?? store.createGroup(book, name);
  const known = (name: string) => {
    const group = named(name);
    if (!group) throw new Error(`no label ${name}`);
    return group;
  };
  return {
    contacts: () => store.all(book).map(show),
    contact: (resourceName) => {
      const found = store.find(book, resourceName);
      return found && show(found);
    },
    add(fields, ...labels) {
      const made = store.create(book, normalizePerson(fields));
      const names = labels.map((name) => label(name).resourceName);
      return show(store.setGroups(book, made, ['contactGroups/myContacts', ...names]));
    },
    edit(resourceName, fields) {
      const old = live(resourceName);
      const kept = Object.fromEntries(
        Object.entries(old.version.fields).filter(([name]) => !(name in fields)),
      );
      return show(store.change(book, old, { ...kept, ...normalizePerson(fields) }));
    },
    remove: (resourceName) => store.remove(book, live(resourceName)),
    label(resourceName, name) {
      const old = live(resourceName);
      const names = [...groupsOf(old.version.fields), label(name).resourceName];
      store.setGroups(book, old, [...new Set(names)]);
    },
    unlabel(resourceName, name) {
      const old = live(resourceName);
      const gone = known(name).resourceName;
      store.setGroups(
        book,
        old,
        groupsOf(old.version.fields).filter((other) => other !== gone),
      );
    },
    labelsOf: (resourceName) =>
      groupsOf(live(resourceName).version.fields).map(
        (name) => book.groups.get(name)?.name ?? name,
      ),
    labels: () =>
      store
        .groups(book)
        .filter(({ system }) => !system)
        .map(
          (group) =>
            presentGroup(group, store.members(book, group.resourceName), GROUP_FIELDS) as {
              resourceName: string;
              name: string;
              memberCount?: number;
            },
        ),
    renameLabel(from, to) {
      const group = known(from);
      store.refuseDouble(book, to, group);
      group.name = to;
      store.touchGroup(group);
    },
    deleteLabel: (name, withContacts = false) => store.removeGroup(book, known(name), withContacts),
    relink: (resourceName) => store.rename(book, live(resourceName)).version.resourceName,
  };
}
