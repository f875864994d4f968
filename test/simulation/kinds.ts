/**
 * What the checker has to know of a record type: what its fields say on either side, and what it means at
 * Google to be there. Nothing of the engine.
 */
import type { Final, Raw } from './history.ts';
import { crmNames, crmValue, FIELDS, type FieldName, googleValue, HIDDEN } from './mapping.ts';

export interface Kind {
  record: 'appointment' | 'contact' | 'task';
  fields: readonly string[];
  /** What the CRM never sees of an object that its owner hides. */
  hidden: ReadonlySet<string>;
  /** Undefined: the record has no word on the field, or there is no record. Parts of a list stand between tabs. */
  crmValue(data: Raw | undefined, field: string): string | undefined;
  googleValue(resource: Raw | undefined, field: string): string | undefined;
  /** The names that a field has in the CRM's messages. */
  names(field: string): string[];
  /** Fields whose values only one edit can have made. */
  unique: ReadonlySet<string>;
  isGone(resource: Raw): boolean;
  /** Whether a record of the CRM may stand for it. */
  isKept(object: Final['events'][number]): boolean;
  /** The record that it was inserted for, as its mark says. */
  crmIdOf(resource: Raw): string | undefined;
  /** Fields at Google that a write of the engine may change, and those that Google changes by itself. */
  ours: ReadonlySet<string>;
  /** Google takes ids from us: there are no two objects of one record, at no time. */
  strict: boolean;
}

const ours: Kind['ours'] = new Set([
  'summary',
  'location',
  'description',
  'start',
  'end',
  'visibility',
  'transparency',
  'reminders',
  'attendees',
  'sequence',
  'updated',
]);

const appointments: Kind = {
  record: 'appointment',
  fields: FIELDS,
  hidden: HIDDEN as ReadonlySet<string>,
  crmValue: (data, field) => crmValue(data, field as FieldName),
  googleValue: (event, field) => googleValue(event, field as FieldName),
  names: (field) => crmNames(field as FieldName),
  unique: new Set(['subject', 'place', 'description', 'time', 'reminder']),
  isGone: ({ status }) => status === 'cancelled',
  isKept: ({ resource, exception }) =>
    resource.status !== 'cancelled' && !exception && !resource.recurrence,
  crmIdOf: ({ extendedProperties }) => extendedProperties?.private?.crmId,
  ours,
  strict: true,
};

const text = (value: unknown) => (value === null ? '' : String(value ?? '').trim());
const joined = (list: Raw[] | null | undefined) =>
  (list ?? [])
    .map(({ value }) => text(value))
    .sort()
    .join('\t');

const contacts: Kind = {
  record: 'contact',
  fields: ['name', 'title', 'notes', 'birthday', 'phones'],
  hidden: new Set(),
  crmValue(data, field) {
    const value = data?.[field === 'name' ? 'givenName' : field];
    if (value === undefined) return undefined;
    return field === 'phones' ? joined(value) : text(value);
  },
  googleValue(person, field) {
    if (!person) return undefined;
    switch (field) {
      case 'name':
        return text(person.names?.[0]?.givenName);
      case 'title':
        return text(person.organizations?.[0]?.title);
      case 'notes':
        return text(person.biographies?.[0]?.value);
      case 'phones':
        return joined(person.phoneNumbers);
      default: {
        const { year = '-', month, day } = person.birthdays?.[0]?.date ?? {};
        const two = (n: number) => String(n).padStart(2, '0');
        return month ? `${year}-${two(month)}-${two(day)}` : '';
      }
    }
  },
  names: (field) => [field === 'name' ? 'givenName' : field],
  unique: new Set(['name', 'title', 'notes', 'birthday', 'phones']),
  isGone: ({ deleted }) => deleted === true,
  isKept: ({ resource, place }) => !resource.deleted && place === true,
  crmIdOf: ({ clientData }) =>
    clientData?.find(({ key }: Raw) => key === 'crmSyncId')?.value as string | undefined,
  ours: new Set([
    'names',
    'organizations',
    'biographies',
    'birthdays',
    'phoneNumbers',
    'urls',
    'memberships',
    'etag',
    'metadata',
    'resourceName',
  ]),
  strict: false,
};

const MARK = /^— CRM(?: (\S+?)(?: · \d+)?)? —$/m;

const tasks: Kind = {
  record: 'task',
  fields: ['title', 'notes', 'due', 'done'],
  hidden: new Set(),
  crmValue(data, field) {
    const value = data?.[field === 'done' ? 'status' : field];
    if (value === undefined) return undefined;
    return field === 'done' ? String(value === 'done') : text(value);
  },
  googleValue(task, field) {
    if (!task) return undefined;
    if (field === 'title') return text(task.title);
    if (field === 'due') return text(task.due?.slice(0, 10));
    if (field === 'done') return String(task.status === 'completed');
    const [above = '', ...rest] = String(task.notes ?? '').split(/^— CRM.*—$/m);
    const below = rest.join('\n').replace(/^\nhttps:\/\/\S+/, '');
    return [above, below]
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .join('\n');
  },
  names: (field) => [field === 'done' ? 'status' : field],
  unique: new Set(['title', 'notes', 'due']),
  isGone: ({ deleted }) => deleted === true,
  isKept: ({ resource, place }) => !resource.deleted && place === true,
  crmIdOf: ({ notes }) => MARK.exec(notes ?? '')?.[1],
  ours: new Set([
    'title',
    'notes',
    'due',
    'status',
    'completed',
    'hidden',
    'etag',
    'updated',
    'position',
    'deleted',
  ]),
  strict: false,
};

export const kinds: readonly Kind[] = [appointments, contacts, tasks];

/** The entries of a list, or the one value that there is. */
export const partsOf = (value: string | undefined): string[] => (value ?? '').split('\t');
