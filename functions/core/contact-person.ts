/**
 * What is written into a person at Google. An update replaces whole lists, so each list is made from the
 * one that is there: entries and parts of entries that are not ours stay as they are.
 */
import type { people_v1 } from '@googleapis/people';
import { byKey } from './codec.ts';
import {
  addressParts,
  CRM_URL,
  decodeAddress,
  nameParts,
  own,
  text,
  websiteOf,
} from './contact-values.ts';
import { type Fields, type Json, sameValue } from './fields.ts';

type Person = people_v1.Schema$Person;

/** Fields of a Person that we map. https://developers.google.com/people/api/rest/v1/people#Person */
export type PersonField =
  | 'names'
  | 'organizations'
  | 'emailAddresses'
  | 'phoneNumbers'
  | 'addresses'
  | 'birthdays'
  | 'urls'
  | 'biographies';

/** The given lists of a person, as they shall be; `current` is the person as it is. */
export function encodePerson(
  lists: readonly PersonField[],
  data: Fields,
  current: Person | undefined,
): Person {
  return Object.assign(
    {},
    ...lists.map((list) => ({ [list]: encoders[list](data, current ?? {}) })),
  );
}

const encoders: {
  [L in PersonField]: (data: Fields, current: Person) => NonNullable<Person[L]>;
} = {
  names(data, { names }) {
    const [old] = own(names);
    // Google makes these from the parts; together with a changed part they would contradict it.
    const { displayName, displayNameLastFirst, unstructuredName, metadata, ...kept } = old ?? {};
    const parts = Object.fromEntries(nameParts.map((part) => [part, asText(data[part])]));
    return filled({ ...kept, ...parts });
  },
  organizations(data, { organizations }) {
    const [old, ...others] = own(organizations).map(withoutMetadata);
    const next = {
      ...(old ?? { type: 'work' }),
      name: asText(data.organization),
      department: asText(data.department),
      title: asText(data.title),
    };
    return [...filled(next), ...others];
  },
  emailAddresses: (data, { emailAddresses }) => valued(data.emails, own(emailAddresses)),
  phoneNumbers: (data, { phoneNumbers }) => valued(data.phones, own(phoneNumbers)),
  addresses(data, { addresses }) {
    const old = own(addresses).map(withoutMetadata);
    const wanted = Array.isArray(data.addresses) ? data.addresses : [];
    return wanted.map((entry) => {
      const same = old.find((address) => sameValue(decodeAddress(address) as Json, entry));
      return same ?? encodeAddress(entry);
    });
  },
  birthdays: ({ birthday }) => (typeof birthday === 'string' ? [{ date: dateOf(birthday) }] : []),
  urls(data, { urls }) {
    const old = own(urls).map(withoutMetadata);
    // Without a word of the CRM on it, a URL of that type is somebody else's.
    const crm = 'url' in data ? old.find((url) => url.type === CRM_URL) : undefined;
    const site = websiteOf(old);
    const next = old.flatMap((url) => {
      if (url === crm) return filled({ ...url, value: asText(data.url) });
      return url === site ? filled({ ...url, value: asText(data.website) }) : [url];
    });
    if (!site) next.push(...filled({ type: 'homePage', value: asText(data.website) }));
    if (!crm) next.push(...filled({ type: CRM_URL, value: asText(data.url) }));
    return next;
  },
  biographies: ({ notes }) =>
    typeof notes === 'string' ? [{ value: notes, contentType: 'TEXT_PLAIN' }] : [],
};

const asText = (value: Json | undefined) => (typeof value === 'string' ? text(value) : null);

function withoutMetadata<E extends { metadata?: unknown }>(entry: E): Omit<E, 'metadata'> {
  const { metadata: _, ...rest } = entry;
  return rest;
}

/** What an entry may hold without saying anything. */
const labels = ['type', 'formattedType', 'contentType', 'current'];

/** The entry without its empty parts; none at all when nothing is left that says something. */
function filled<E extends object>(entry: E): E[] {
  const parts = Object.entries(entry).filter(([, value]) => value !== null && value !== undefined);
  const says = parts.some(([name]) => !labels.includes(name));
  return says ? [Object.fromEntries(parts) as E] : [];
}

/** Entries known by their value, each with what Google holds beside value and type. */
function valued<E extends people_v1.Schema$EmailAddress | people_v1.Schema$PhoneNumber>(
  list: Json | undefined,
  current: E[],
): E[] {
  return [...byKey(list, 'value')].flatMap(([value, wanted]): E[] => {
    const [old, ...repeated] = current.filter((entry) => text(entry.value) === value);
    if (!old) return [wanted as object as E];
    const { type: _, formattedType: __, metadata: ___, ...rest } = old;
    const type = asText(wanted.type);
    return [{ ...rest, ...(type && { type }) } as E, ...repeated];
  });
}

function encodeAddress(entry: Json): people_v1.Schema$Address {
  const given = entry as { [part: string]: Json };
  const parts = Object.entries(addressParts).map(([ours, theirs]) => [theirs, asText(given[ours])]);
  return Object.fromEntries(parts.filter(([, value]) => value !== null));
}

function dateOf(birthday: string): people_v1.Schema$Date {
  const [, year = '', month, day] = /^(\d{4}|-)-(\d{2})-(\d{2})$/.exec(birthday) ?? [];
  const date = { month: Number(month), day: Number(day) };
  return /^\d+$/.test(year) ? { year: Number(year), ...date } : date;
}
