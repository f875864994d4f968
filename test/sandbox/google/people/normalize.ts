/** What Google makes of the fields that it is given. */
import { invalidArgument } from './errors.ts';
import { WRITABLE } from './mask.ts';
import type { Entry, PersonFields } from './model.ts';

/** [V] 3: singletons of contact sources. */
const SINGLETONS = ['biographies', 'birthdays', 'genders', 'names'];

/** Added by Google; what a request says there is ignored. */
const OUTPUT_ONLY = [
  'metadata',
  'formattedType',
  'canonicalForm',
  'displayNameLastFirst',
  'formattedProtocol',
];

/** Fields whose entries say nothing when only a type is left. */
const LABELS = ['type', 'contentType', 'current'];

/** Reads the writable fields of a person in a request body. */
export function normalizePerson(body: Entry, names: Iterable<string> = WRITABLE): PersonFields {
  const fields: Record<string, readonly Entry[]> = {};
  for (const name of names) {
    const given = body[name];
    if (given === undefined || given === null) continue;
    if (!Array.isArray(given)) throw invalidArgument(`Invalid value at 'person.${name}'`);
    if (SINGLETONS.includes(name) && given.length > 1) {
      throw invalidArgument(`Only one person.${name} can be specified.`);
    }
    const entries = given.map((entry) => normalizeEntry(name, entry)).filter((e) => e !== null);
    if (entries.length > 0) fields[name] = entries;
  }
  return fields;
}

function normalizeEntry(name: string, given: unknown): Entry | null {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    throw invalidArgument(`Invalid value at 'person.${name}'`);
  }
  const entry: Entry = {};
  for (const [key, value] of Object.entries(given as Entry)) {
    if (OUTPUT_ONLY.includes(key) || value === null || value === undefined) continue;
    if (typeof value !== 'string') entry[key] = value;
    else if (value.trim() !== '') entry[key] = value.replaceAll('\r\n', '\n').trim();
  }
  const said = Object.keys(entry).filter((key) => !LABELS.includes(key));
  if (said.length === 0) return null;
  return SHAPES[name]?.(entry) ?? entry;
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');

const SHAPES: Record<string, (entry: Entry) => Entry> = {
  names: nameOf,
  emailAddresses: typed,
  phoneNumbers: (entry) => {
    const canonicalForm = canonicalPhone(text(entry.value));
    return typed({ ...entry, ...(canonicalForm && { canonicalForm }) });
  },
  addresses: (entry) => typed({ formattedValue: formattedAddress(entry), ...entry }),
  organizations: typed,
  urls: typed,
  relations: typed,
  birthdays: birthdayOf,
  events: (entry) => typed({ ...entry, ...checkedDate(entry) }),
  biographies: (entry) => ({ contentType: 'TEXT_PLAIN', ...entry }),
  memberships: (entry) => entry,
};

/** displayName is made by Google; a name given only as one text is taken apart. */
function nameOf(given: Entry): Entry {
  const { displayName: _, unstructuredName, ...parts } = given;
  const structured = Object.keys(parts).some((key) => !key.startsWith('phonetic'));
  if (!structured) {
    const words = text(unstructuredName).split(/\s+/).filter(Boolean);
    const familyName = words.length > 1 ? words.pop() : undefined;
    Object.assign(parts, { givenName: words.join(' '), ...(familyName && { familyName }) });
  }
  const { honorificPrefix, givenName, middleName, familyName, honorificSuffix } = parts;
  const join = (list: unknown[]) => list.map(text).filter(Boolean).join(' ');
  const main = join([honorificPrefix, givenName, middleName, familyName]);
  const displayName = [main, text(honorificSuffix)].filter(Boolean).join(', ');
  const rest = join([givenName, middleName]);
  return {
    displayName,
    ...parts,
    displayNameLastFirst: [text(familyName), rest].filter(Boolean).join(', '),
    unstructuredName: displayName,
  };
}

function typed(entry: Entry): Entry {
  const type = text(entry.type);
  if (!type) return entry;
  return { ...entry, formattedType: FORMATTED[type] ?? type };
}

const FORMATTED: Record<string, string> = {
  home: 'Home',
  work: 'Work',
  other: 'Other',
  mobile: 'Mobile',
  main: 'Main',
  homeFax: 'Home Fax',
  workFax: 'Work Fax',
  otherFax: 'Other Fax',
  pager: 'Pager',
  workMobile: 'Work Mobile',
  workPager: 'Work Pager',
  googleVoice: 'Google Voice',
  homePage: 'Home Page',
  blog: 'Blog',
  profile: 'Profile',
};

/** E.164, only where the number carries its country: Google knows more, nobody may rely on it. */
function canonicalPhone(value: string): string | undefined {
  const bare = value.replace(/[\s()./-]/g, '');
  return /^\+\d{7,15}$/.test(bare) ? bare : undefined;
}

function formattedAddress(entry: Entry): string {
  const lines = [
    text(entry.poBox),
    text(entry.streetAddress),
    text(entry.extendedAddress),
    [text(entry.postalCode), text(entry.city), text(entry.region)].filter(Boolean).join(' '),
    text(entry.country),
  ];
  return lines.filter(Boolean).join('\n');
}

function birthdayOf(entry: Entry): Entry {
  return { ...entry, ...checkedDate(entry) };
}

/** [V] google.type.Date: a part that is 0 is left out. */
function checkedDate(entry: Entry): Entry {
  if (entry.date === undefined) return {};
  const { year = 0, month = 0, day = 0 } = entry.date as { [part: string]: number };
  const leap = new Date(Date.UTC(year || 2000, month - 1, day));
  const valid =
    [year, month, day].every(Number.isInteger) &&
    year >= 0 &&
    year <= 9999 &&
    (month === 0 ? day === 0 && year > 0 : month >= 1 && month <= 12) &&
    (day === 0 || leap.getUTCDate() === day);
  if (!valid) throw invalidArgument('Invalid date.');
  return { date: { ...(year && { year }), ...(month && { month }), ...(day && { day }) } };
}
