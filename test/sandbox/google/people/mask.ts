/** Field masks of the People API: which fields are asked for, which are written. */
import { invalidArgument } from './errors.ts';

/** [V] The fields that a contact can be written with (updateContact). */
export const WRITABLE: readonly string[] = [
  'addresses',
  'biographies',
  'birthdays',
  'calendarUrls',
  'clientData',
  'emailAddresses',
  'events',
  'externalIds',
  'genders',
  'imClients',
  'interests',
  'locales',
  'locations',
  'memberships',
  'miscKeywords',
  'names',
  'nicknames',
  'occupations',
  'organizations',
  'phoneNumbers',
  'relations',
  'sipAddresses',
  'urls',
  'userDefined',
];

const READABLE: readonly string[] = [
  ...WRITABLE,
  'ageRanges',
  'coverPhotos',
  'metadata',
  'photos',
  'skills',
];

/** Reads a mask. `name` is the parameter's, for the message. */
export function readMask(text: string | null, name: string): ReadonlySet<string> {
  return parse(text, name, READABLE);
}

/** Reads the mask of an update. */
export function writeMask(text: string | null, name: string): ReadonlySet<string> {
  return parse(text, name, WRITABLE);
}

/** A mask that may be left out, which stands for all fields. */
export function optionalMask(text: string | null, name: string): ReadonlySet<string> {
  return text ? readMask(text, name) : new Set(READABLE);
}

function parse(text: string | null, name: string, valid: readonly string[]): ReadonlySet<string> {
  const paths = (text ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter(Boolean);
  const help = `Valid paths are: [${valid.join(', ')}].`;
  if (paths.length === 0) {
    throw invalidArgument(
      `${name} mask is required. Please specify one or more valid paths. ${help}`,
    );
  }
  for (const path of paths) {
    if (!valid.includes(path)) {
      throw invalidArgument(`Invalid ${name} mask path: "${path}". ${help}`);
    }
  }
  return new Set(paths);
}
