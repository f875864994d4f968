/** Contacts and contact groups of every account, with the delay in which listings see them. */
import { digits } from '../random.ts';
import type { Workspace } from '../workspace.ts';
import { alreadyExists, unknownEntity } from './errors.ts';
import { groupsOf } from './memberships.ts';
import type { AddressBook, Contact, ContactGroup, PersonFields, Version } from './model.ts';

/** [V] 3: "several minutes". */
const DELAY_MS = 180_000;

const SYSTEM_GROUPS = ['myContacts', 'starred', 'friends', 'family', 'coworkers', 'blocked', 'all'];

export class PeopleStore {
  readonly workspace: Workspace;
  /** How long a write stays out of listings, in ms; 0: it shows at once. */
  delayMs = DELAY_MS;
  readonly #books = new Map<string, AddressBook>();
  #changes = 0;

  constructor(workspace: Workspace) {
    this.workspace = workspace;
  }

  /** The address book of an account, made when first needed. */
  book(email: string): AddressBook {
    const account = this.workspace.oauth.accountFor(email);
    let book = this.#books.get(account.email);
    if (!book) {
      book = {
        email: account.email,
        contacts: new Map(),
        names: new Map(),
        groups: new Map(),
        changes: [],
        tokenEpoch: 0,
      };
      this.#books.set(account.email, book);
      for (const name of SYSTEM_GROUPS) this.#addGroup(book, `contactGroups/${name}`, name, true);
    }
    return book;
  }

  /** The present version of a contact; undefined: unknown or deleted. Former names are known too. */
  find(book: AddressBook, resourceName: string): Live | undefined {
    const contact = book.contacts.get(book.names.get(resourceName) ?? '');
    const version = contact?.versions.at(-1);
    if (!contact || !version?.fields) return undefined;
    return { contact, version: version as LiveVersion };
  }

  /** All living contacts, oldest first. */
  all(book: AddressBook): Live[] {
    return [...book.contacts.values()].flatMap((contact) => {
      const version = contact.versions.at(-1);
      return version?.fields ? [{ contact, version: version as LiveVersion }] : [];
    });
  }

  /** What listings show at a time: the newest visible version of each contact, and up to which change. */
  listed(
    book: AddressBook,
    now: number,
  ): { versions: { contact: Contact; version: Version }[]; upTo: number } {
    const versions = [...book.contacts.values()].flatMap((contact) => {
      const version = contact.versions.findLast(({ visibleAt }) => visibleAt <= now);
      return version ? [{ contact, version }] : [];
    });
    const upTo = book.changes.findLast(({ visibleAt }) => visibleAt <= now)?.changed ?? 0;
    return { versions, upTo };
  }

  create(book: AddressBook, fields: PersonFields): Live {
    const sourceId = digits(this.workspace.random, 16);
    const contact: Contact = { sourceId, versions: [] };
    book.contacts.set(sourceId, contact);
    return this.#append(book, contact, `people/c${digits(this.workspace.random, 19)}`, [], fields);
  }

  /** Gives a contact new fields, hence a new etag. */
  change(book: AddressBook, { contact, version }: Live, fields: PersonFields): Live {
    return this.#append(book, contact, version.resourceName, version.formerNames, fields);
  }

  /** Gives every contact of an account a new etag, without a change of content. */
  touchAll(email: string): void {
    const book = this.book(email);
    for (const live of this.all(book)) this.change(book, live, live.version.fields);
  }

  remove(book: AddressBook, { contact, version }: Live): void {
    this.#append(book, contact, version.resourceName, version.formerNames, null);
  }

  /** [V] 3: a resource name changes when an address links the contact to a profile. */
  rename(book: AddressBook, { contact, version }: Live): Live {
    const formerNames = [...version.formerNames, version.resourceName];
    const name = `people/c${digits(this.workspace.random, 19)}`;
    return this.#append(book, contact, name, formerNames, version.fields);
  }

  #append(
    book: AddressBook,
    contact: Contact,
    resourceName: string,
    formerNames: readonly string[],
    fields: PersonFields | null,
  ): Live {
    this.#changes += 1;
    // However Google's clock goes, no later version bears an earlier time.
    const at = Math.max(this.workspace.now(), contact.versions.at(-1)?.at ?? 0);
    // Never before an earlier change: a sync token must not pass over what it has not shown.
    const visibleAt = Math.max(at + this.delayMs, book.changes.at(-1)?.visibleAt ?? 0);
    const version = { changed: this.#changes, at, visibleAt, fields, resourceName, formerNames };
    const listed = contact.versions.findLastIndex((old) => old.visibleAt <= at);
    contact.versions = [...contact.versions.slice(Math.max(0, listed)), version];
    book.changes.push({ changed: version.changed, visibleAt });
    book.names.set(resourceName, contact.sourceId);
    return { contact, version: version as LiveVersion };
  }

  /** Groups that are not deleted, system groups first. */
  groups(book: AddressBook): ContactGroup[] {
    return [...book.groups.values()].filter(({ deleted }) => !deleted);
  }

  group(book: AddressBook, resourceName: string): ContactGroup {
    const found = book.groups.get(resourceName);
    if (!found || found.deleted) throw unknownEntity();
    return found;
  }

  createGroup(
    book: AddressBook,
    name: string,
    clientData: ContactGroup['clientData'] = [],
  ): ContactGroup {
    this.refuseDouble(book, name);
    const id = Number(digits(this.workspace.random, 15)).toString(16);
    const group = this.#addGroup(book, `contactGroups/${id}`, name, false);
    group.clientData = clientData;
    return group;
  }

  /** [V] 3: names are unique, else 409. */
  refuseDouble(book: AddressBook, name: string, except?: ContactGroup): void {
    const taken = this.groups(book).some((other) => other !== except && other.name === name);
    if (taken) throw alreadyExists('Contact group name already exists.');
  }

  touchGroup(group: ContactGroup): void {
    this.#changes += 1;
    group.changed = this.#changes;
    group.updatedAt = this.workspace.now();
  }

  /** Deletes a group; its members stay contacts, without the label. */
  removeGroup(book: AddressBook, group: ContactGroup, withContacts: boolean): void {
    this.touchGroup(group);
    group.deleted = true;
    for (const live of this.members(book, group.resourceName)) {
      if (withContacts) this.remove(book, live);
      else
        this.setGroups(
          book,
          live,
          groupsOf(live.version.fields).filter((name) => name !== group.resourceName),
        );
    }
  }

  members(book: AddressBook, resourceName: string): Live[] {
    return this.all(book).filter(({ version }) => groupsOf(version.fields).includes(resourceName));
  }

  /** Puts a contact into exactly these groups; without any, into myContacts. */
  setGroups(book: AddressBook, live: Live, names: readonly string[]): Live {
    const kept = names.length > 0 ? names : ['contactGroups/myContacts'];
    const memberships = kept.map((contactGroupResourceName) => ({
      contactGroupMembership: { contactGroupResourceName },
    }));
    return this.change(book, live, { ...live.version.fields, memberships });
  }

  #addGroup(book: AddressBook, resourceName: string, name: string, system: boolean): ContactGroup {
    this.#changes += 1;
    const updatedAt = this.workspace.now();
    const group: ContactGroup = {
      resourceName,
      name,
      system,
      clientData: [],
      changed: this.#changes,
      updatedAt,
      deleted: false,
    };
    book.groups.set(resourceName, group);
    return group;
  }

  /** Ends the sync tokens of a user, or of all. */
  expireSyncTokens(email?: string): void {
    for (const book of this.#books.values()) {
      if (!email || book.email === email.toLowerCase()) book.tokenEpoch += 1;
    }
  }
}

type LiveVersion = Version & { fields: PersonFields };

/** A contact that is not deleted. */
export interface Live {
  contact: Contact;
  version: LiveVersion;
}
