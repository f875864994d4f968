/**
 * What the fields of contacts and tasks say on either side, and by which field of an appointment the
 * checker knows them. Nothing of the engine.
 */
import type { Raw } from '../history.ts';

export interface Kind {
  record: 'contact' | 'task';
  /** By field of an appointment, the name that the field has in the CRM's messages. */
  names: { [field: string]: string };
  /** The same for what the two sides say. Undefined: no word on it. */
  inCrm(data: Raw, field: string): unknown;
  atGoogle(resource: Raw, field: string): unknown;
  /** Fields that are lists, which both sides may add to. */
  lists: readonly string[];
  /** What they hold, in the CRM's words. */
  listsAtGoogle(resource: Raw): { [name: string]: Raw[] };
  /** The record that it was inserted for, as its mark says. */
  crmIdOf(resource: Raw): string | undefined;
  /** Fields at Google that a write of the engine may change, and those that Google changes by itself. */
  ours: ReadonlySet<string>;
}

const entry = ({ value, type }: Raw): Raw => ({ value, ...(type && { type }) });

const contact: Kind = {
  record: 'contact',
  names: { subject: 'givenName', place: 'title', description: 'notes', reminder: 'birthday' },
  inCrm: (data, field) => data[contact.names[field] ?? ''],
  atGoogle(person, field) {
    switch (field) {
      case 'subject':
        return person.names?.[0]?.givenName;
      case 'place':
        return person.organizations?.[0]?.title;
      case 'description':
        return person.biographies?.[0]?.value;
      default: {
        const { year = '-', month, day } = person.birthdays?.[0]?.date ?? {};
        const two = (n: number) => String(n).padStart(2, '0');
        return month ? `${year}-${two(month)}-${two(day)}` : undefined;
      }
    }
  },
  lists: ['emails', 'phones', 'addresses'],
  listsAtGoogle: ({ emailAddresses = [], phoneNumbers = [], addresses = [] }) => ({
    emails: emailAddresses.map(entry),
    phones: phoneNumbers.map(entry),
    addresses: addresses.map(({ type, streetAddress: street, city }: Raw) => ({
      ...(type && { type }),
      ...(street && { street }),
      ...(city && { city }),
    })),
  }),
  crmIdOf: ({ clientData }) => clientData?.find(({ key }: Raw) => key === 'crmSyncId')?.value,
  ours: new Set([
    'names',
    'organizations',
    'biographies',
    'birthdays',
    'emailAddresses',
    'phoneNumbers',
    'addresses',
    'urls',
    'memberships',
    'etag',
    'metadata',
    'resourceName',
  ]),
};

const MARK = /^— CRM(?: (\S+?)(?: · \d+)?)? —$/m;

const task: Kind = {
  record: 'task',
  names: { subject: 'title', description: 'notes', reminder: 'due', busy: 'status' },
  inCrm(data, field) {
    const value = data[task.names[field] ?? ''];
    return field === 'busy' && value !== undefined ? value !== 'done' : value;
  },
  atGoogle(resource, field) {
    if (field === 'subject') return resource.title;
    if (field === 'reminder') return resource.due?.slice(0, 10);
    if (field === 'busy') return resource.status !== 'completed';
    const [above = '', ...rest] = String(resource.notes ?? '').split(/^— CRM.*—$/m);
    const below = rest.join('\n').replace(/^\nhttps:\/\/\S+/, '');
    return [above, below]
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .join('\n');
  },
  lists: [],
  listsAtGoogle: () => ({}),
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
    'selfLink',
  ]),
};

export const kinds: readonly Kind[] = [contact, task];
