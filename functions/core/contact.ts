/**
 * Contact persons: the CRM's and Google's contacts that carry our label.
 * Resource: https://developers.google.com/people/api/rest/v1/people#Person
 */
import type { people_v1 } from '@googleapis/people';
import { byKey, type Codec, type FieldSpec, type Observed, type Patch } from './codec.ts';
import { encodePerson, type PersonField } from './contact-person.ts';
import { canonicalContact, decodePerson } from './contact-values.ts';
import { wordOf } from './word.ts';

type Person = people_v1.Schema$Person;

const fields = {
  honorificPrefix: { flow: 'both' },
  givenName: { flow: 'both' },
  middleName: { flow: 'both' },
  familyName: { flow: 'both' },
  honorificSuffix: { flow: 'both' },
  organization: { flow: 'both' },
  department: { flow: 'both' },
  title: { flow: 'both' },
  emails: { flow: 'both', entryKey: 'value' },
  phones: { flow: 'both', entryKey: 'value' },
  addresses: { flow: 'both' },
  birthday: { flow: 'both' },
  website: { flow: 'both' },
  notes: { flow: 'both' },
  url: { flow: 'crm' },
} as const satisfies { [name: string]: FieldSpec };

/** Which list of a person holds which of our fields: an update names exactly these. */
const heldBy: { [name in keyof typeof fields]: PersonField } = {
  honorificPrefix: 'names',
  givenName: 'names',
  middleName: 'names',
  familyName: 'names',
  honorificSuffix: 'names',
  organization: 'organizations',
  department: 'organizations',
  title: 'organizations',
  emails: 'emailAddresses',
  phones: 'phoneNumbers',
  addresses: 'addresses',
  birthday: 'birthdays',
  website: 'urls',
  notes: 'biographies',
  url: 'urls',
};

/** One of these makes a contact that a person can recognise. */
const telling = ['givenName', 'familyName', 'organization', 'emails', 'phones'];

/** Keys of our client data, which no app shows. */
const KEY = { crmId: 'crmSyncId', generation: 'crmSyncGeneration', word: 'crmSyncWord' };

/** Whoever is in this group is in the address book that phones show. */
export const MY_CONTACTS = 'contactGroups/myContacts';

/** Contacts of one contact group; without one, all contacts are out of reach. */
export function contactCodec(group: string | undefined): Codec<Person> {
  return {
    record: 'contact',
    fields,
    canonical: canonicalContact,
    absent: () => false,
    missing: (data) =>
      telling.some((name) => (data[name] ?? null) !== null) ? [] : ['familyName'],
    likeness: ({ emails }) =>
      [...byKey(emails, 'value').keys()].map((email) => email.toLowerCase()),
    period: () => undefined,
    emailsOf: () => [],
    decode: (person) => decode(person, group),
    idOf: (person) => person.resourceName ?? '',
    googleId: () => undefined,
    insert: (crmId, generation, data) => ({
      ...encodePerson(listsOf(Object.keys(data)), data, undefined),
      clientData: [
        { key: KEY.crmId, value: crmId },
        { key: KEY.generation, value: String(generation) },
        { key: KEY.word, value: wordOf(data) },
      ],
      memberships: [MY_CONTACTS, ...(group === undefined ? [] : [group])].map(membership),
    }),
    // A list is replaced whole: what others wrote beside ours has to be written along.
    needsCurrent: () => true,
    patch,
  };
}

const membership = (contactGroupResourceName: string): people_v1.Schema$Membership => ({
  contactGroupMembership: { contactGroupResourceName },
});

const sourceOf = ({ metadata }: Person) =>
  metadata?.sources?.find(({ type }) => type === 'CONTACT');

/** The etag that an update has to name: the contact source's, not the person's. */
export const etagOf = (person: Person) => sourceOf(person)?.etag ?? person.etag ?? undefined;

function decode(person: Person, group: string | undefined): Observed {
  const googleId = person.resourceName ?? '';
  const formerIds = person.metadata?.previousResourceNames ?? [];
  const former = formerIds.length > 0 ? { formerIds } : {};
  if (person.metadata?.deleted) return { googleId, state: 'gone', fields: {}, ...former };
  const etag = etagOf(person);
  const updatedAt = Date.parse(sourceOf(person)?.updateTime ?? '');
  const marker = markerOf(person);
  return {
    googleId,
    state: group !== undefined && isMember(person, group) ? 'live' : 'out',
    fields: decodePerson(person),
    ...(etag && { etag }),
    ...(!Number.isNaN(updatedAt) && { updatedAt }),
    ...former,
    ...(marker && { marker }),
  };
}

/** Whether the contact carries the label. */
export const isMember = ({ memberships = [] }: Person, group: string) =>
  memberships.some((m) => m.contactGroupMembership?.contactGroupResourceName === group);

/**
 * The CRM record that a contact was made for. Two contacts that a person has merged into one carry two:
 * then none counts.
 */
export function markerOf({ clientData = [] }: Person): Observed['marker'] {
  const valuesOf = (key: string) => clientData.filter((d) => d.key === key).map((d) => d.value);
  const [crmId, another] = valuesOf(KEY.crmId);
  const generation = Number(valuesOf(KEY.generation)[0] ?? 0);
  if (!crmId || another || !Number.isInteger(generation)) return undefined;
  const [word] = valuesOf(KEY.word);
  return { crmId, generation, ...(word && { word }) };
}

function patch({ changed, target, adopted, word }: Patch, _: unknown, current?: Person) {
  // An adopted contact carries nothing that Google has no field for (design rule 3).
  const names = changed.filter((name) => !(adopted && name === 'url'));
  if (names.length === 0) return undefined;
  // Beside a changed field a list holds others: these stay as Google has them.
  const now = decodePerson(current ?? {});
  const wanted = Object.fromEntries(names.map((name) => [name, target[name] ?? null]));
  const body = encodePerson(listsOf(names), { ...now, ...wanted }, current);
  return { ...body, ...(word !== undefined && { clientData: withWord(current, word) }) };
}

/** Client data is replaced whole, and other programs may keep some there as well. */
const withWord = ({ clientData = [] }: Person = {}, word: string) => [
  ...clientData
    .filter(({ key }) => key !== KEY.word)
    .map(({ key = null, value = null }) => ({ key, value })),
  { key: KEY.word, value: word },
];

const listsOf = (names: string[]): PersonField[] => [
  ...new Set(names.flatMap((name) => heldBy[name as keyof typeof fields] ?? [])),
];
