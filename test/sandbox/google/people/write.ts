/** people.createContact, updateContact and deleteContact (google-contracts 3). */
import type { Answer, AuthorizedCall } from '../protocol.ts';
import { failedPrecondition, invalidArgument, staleEtag, unknownEntity } from './errors.ts';
import { optionalMask, writeMask } from './mask.ts';
import { checkedMemberships } from './memberships.ts';
import type { AddressBook, Entry, PersonFields } from './model.ts';
import { normalizePerson } from './normalize.ts';
import { etagOf, presentPerson, sourceEtagOf } from './present.ts';
import { bookOf, readJson } from './request.ts';
import type { Live, PeopleStore } from './store.ts';

/** [S] Contacts that an account can hold. */
const MOST_CONTACTS = 25_000;

/** POST /v1/people:createContact. There is no client id: a repeated call makes a second contact. */
export function createContact(call: AuthorizedCall): Answer {
  const mask = optionalMask(call.query.get('personFields'), 'personFields');
  const { people } = call.workspace;
  const book = bookOf(call);
  const { contact, version } = people.create(book, fieldsOfNew(people, book, readJson(call)));
  return { status: 200, json: presentPerson(contact, version, mask) };
}

/** PATCH /v1/people/{id}:updateContact. */
export function updateContact(call: AuthorizedCall): Answer {
  const { query } = call;
  const paths = writeMask(query.get('updatePersonFields'), 'updatePersonFields');
  const mask = optionalMask(query.get('personFields'), 'personFields');
  const name = `people/${call.params.id}`;
  const { contact, version } = update(
    call.workspace.people,
    bookOf(call),
    name,
    readJson(call),
    paths,
  );
  return { status: 200, json: presentPerson(contact, version, mask) };
}

/** DELETE /v1/people/{id}:deleteContact. It takes no etag. */
export function deleteContact(call: AuthorizedCall): Answer {
  const { people } = call.workspace;
  const book = bookOf(call);
  const live = people.find(book, `people/${call.params.id}`);
  if (!live) throw unknownEntity();
  people.remove(book, live);
  return { status: 200, json: {} };
}

/** Reads a contact that is to be made; throws before anything is. */
export function fieldsOfNew(
  store: PeopleStore,
  book: AddressBook,
  body: Entry,
  others = 0,
): PersonFields {
  if (store.all(book).length + others >= MOST_CONTACTS) {
    throw failedPrecondition('MY_CONTACTS_OVERFLOW_COUNT');
  }
  const fields = normalizePerson(body);
  return { ...fields, memberships: checkedMemberships(store, book, fields, undefined) };
}

/** [V] The fields of the mask are replaced whole, or cleared where the body has none. */
export function update(
  store: PeopleStore,
  book: AddressBook,
  resourceName: string,
  body: Entry,
  paths: ReadonlySet<string>,
): Live {
  const live = store.find(book, resourceName);
  if (!live) throw unknownEntity();
  checkEtag(live, body);
  const given = normalizePerson(body, paths);
  const fields: Record<string, readonly Entry[]> = { ...live.version.fields };
  for (const path of paths) {
    const entries = given[path];
    if (entries) fields[path] = entries;
    else delete fields[path];
  }
  if (paths.has('memberships')) {
    fields.memberships = checkedMemberships(store, book, given, live);
  }
  return store.change(book, live, fields);
}

/** [V] A stale etag is 400 failedPrecondition, not 412; without any etag the request is refused. */
function checkEtag({ contact, version }: Live, body: Entry): void {
  const { sources = [] } = (body.metadata ?? {}) as {
    sources?: { type?: string; id?: string; etag?: string }[];
  };
  const source = sources.find(({ type, id }) => type === 'CONTACT' || id === contact.sourceId);
  if (!source?.etag && !body.etag) {
    throw invalidArgument(
      'Request must set person.etag or person.metadata.sources.etag for the source that is being updated.',
    );
  }
  if (source?.etag && source.etag !== sourceEtagOf(version)) throw staleEtag();
  if (body.etag && body.etag !== etagOf(version)) throw staleEtag();
}
