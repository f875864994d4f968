/** A contact's fields in canonical form, from the CRM and from a person at Google. */
import type { people_v1 } from '@googleapis/people';
import { htmlToText } from './description.ts';
import type { Fields, Json } from './fields.ts';

type Person = people_v1.Schema$Person;
type Entry = { [name: string]: Json };

/** The type of the URL that leads into the CRM. */
export const CRM_URL = 'CRM';

/** Ours ↔ Google's names of an address' parts, in the order in which they are written. */
export const addressParts = {
  type: 'type',
  street: 'streetAddress',
  extended: 'extendedAddress',
  poBox: 'poBox',
  postalCode: 'postalCode',
  city: 'city',
  region: 'region',
  country: 'country',
} as const;

/** Equal on both sides, in the order in which a name is written. */
export const nameParts = [
  'honorificPrefix',
  'givenName',
  'middleName',
  'familyName',
  'honorificSuffix',
] as const;

/** URL types that can be a person's website, the likeliest first; blogs and profiles are none. */
const websites = ['homePage', 'work', '', 'home', 'other'];

/** Trimmed; what is empty is null; an entry that says nothing, or repeats another, goes. */
export function canonicalContact(data: Fields): Fields {
  const result: Fields = {};
  for (const [name, value] of Object.entries(data)) {
    if (name === 'emails' || name === 'phones') result[name] = valued(value);
    else if (name === 'addresses') result[name] = addresses(value);
    else result[name] = typeof value === 'string' ? text(value) : value;
  }
  return result;
}

/** Line ends as Google writes them. */
export const text = (value: string | null | undefined): string | null =>
  value?.replaceAll('\r\n', '\n').trim() || null;

function valued(list: Json | undefined): Json {
  const entries = new Map<string, Entry>();
  for (const entry of entriesOf(list)) {
    const value = text(asText(entry.value));
    const type = text(asText(entry.type));
    if (value && !entries.has(value)) entries.set(value, { value, ...(type && { type }) });
  }
  return entries.size === 0 ? null : [...entries.values()];
}

function addresses(list: Json | undefined): Json {
  const entries = entriesOf(list).map((entry) => {
    const parts = Object.keys(addressParts).map((name) => [name, text(asText(entry[name]))]);
    return Object.fromEntries(parts.filter(([, value]) => value !== null)) as Entry;
  });
  const said = entries.filter((entry) => Object.keys(entry).some((name) => name !== 'type'));
  return said.length === 0 ? null : said;
}

const asText = (value: Json | undefined) => (typeof value === 'string' ? value : null);
const entriesOf = (list: Json | undefined): Entry[] =>
  (Array.isArray(list) ? list : []).filter(
    (e): e is Entry => e !== null && typeof e === 'object' && !Array.isArray(e),
  );

/** Entries of the contact itself: a profile's are its owner's. */
export function own<E extends { metadata?: people_v1.Schema$FieldMetadata }>(
  entries: E[] | undefined,
): E[] {
  return (entries ?? []).filter((e) => (e.metadata?.source?.type ?? 'CONTACT') === 'CONTACT');
}

/** All fields that Google has; null where it holds nothing. */
export function decodePerson(person: Person): Fields {
  const [name] = own(person.names);
  const [work] = own(person.organizations);
  const [note] = own(person.biographies);
  const html = note?.contentType === 'TEXT_HTML';
  return {
    ...decodeName(name),
    organization: text(work?.name),
    department: text(work?.department),
    title: text(work?.title),
    emails: valued(own(person.emailAddresses).map(pair)),
    phones: valued(own(person.phoneNumbers).map(pair)),
    addresses: addresses(own(person.addresses).map(decodeAddress)),
    birthday: decodeBirthday(own(person.birthdays)[0]?.date),
    website: text(websiteOf(own(person.urls))?.value),
    notes: text(html ? htmlToText(note?.value ?? '') : note?.value),
  };
}

/** The parts of a name. One that was never taken apart is shown whole. */
function decodeName(name: people_v1.Schema$Name | undefined): Fields {
  const parts = Object.fromEntries(nameParts.map((part) => [part, text(name?.[part])]));
  const whole = nameParts.every((part) => parts[part] === null);
  return whole ? { ...parts, givenName: text(name?.unstructuredName) } : parts;
}

const pair = ({ value, type }: people_v1.Schema$EmailAddress): Entry => ({
  value: value ?? null,
  type: type ?? null,
});

/** One address in our words; what somebody imported as one text is its street. */
export function decodeAddress(address: people_v1.Schema$Address): Entry {
  const entry: Entry = {};
  for (const [ours, theirs] of Object.entries(addressParts)) {
    const value = text(address[theirs]);
    if (value !== null) entry[ours] = value;
  }
  const empty = Object.keys(entry).every((name) => name === 'type');
  const whole = text(address.formattedValue);
  return empty && whole !== null ? { ...entry, street: whole } : entry;
}

/** YYYY-MM-DD, or --MM-DD without a year. A day that Google has as a text only is none. */
function decodeBirthday(date: people_v1.Schema$Date | undefined): Json {
  if (!date?.month || !date.day) return null;
  const two = (n: number) => String(n).padStart(2, '0');
  const year = date.year ? String(date.year).padStart(4, '0') : '-';
  return `${year}-${two(date.month)}-${two(date.day)}`;
}

/** The URL that is the person's website, by type. */
export function websiteOf(urls: people_v1.Schema$Url[]): people_v1.Schema$Url | undefined {
  for (const type of websites) {
    const found = urls.find((url) => (url.type ?? '') === type && url.value);
    if (found) return found;
  }
  return undefined;
}
