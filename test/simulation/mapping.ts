/** What a field says, as one text that can be compared, whichever side stores it. */
import type { Raw } from './history.ts';

export type FieldName =
  | 'subject'
  | 'place'
  | 'description'
  | 'time'
  | 'private'
  | 'busy'
  | 'reminder';
export const FIELDS: readonly FieldName[] = [
  'subject',
  'place',
  'description',
  'time',
  'private',
  'busy',
  'reminder',
];

/** What the CRM never sees of an event that its owner hides. */
export const HIDDEN: ReadonlySet<FieldName> = new Set(['subject', 'place', 'description']);

const DAY = 86_400_000;

/** Undefined: the record has no word on the field, or there is no record. */
export function crmValue(data: Raw | undefined, field: FieldName): string | undefined {
  if (!data) return undefined;
  if (field === 'time') {
    if (!data.start || !data.end) return undefined;
    return `${moment(data.start, 0)}|${moment(data.end, 0)}`;
  }
  const value = data[field === 'reminder' ? 'reminderMinutes' : field];
  if (value === undefined) return undefined;
  return value === null ? '' : String(value).trim();
}

export function googleValue(event: Raw | undefined, field: FieldName): string | undefined {
  if (!event) return undefined;
  switch (field) {
    case 'subject':
      return (event.summary ?? '').trim();
    case 'place':
      return (event.location ?? '').trim();
    case 'description':
      return plain(event.description ?? '');
    case 'time':
      // Contacts and tasks have none; of what a person replaced, only the rest is kept.
      if (!event.start) return undefined;
      // Google's last day is the day after.
      return `${moment(event.start, 0)}|${moment(event.end, event.end.date ? -1 : 0)}`;
    case 'private':
      return String(event.visibility === 'private' || event.visibility === 'confidential');
    case 'busy':
      return String(event.transparency !== 'transparent');
    case 'reminder':
      return String(event.reminders?.overrides?.[0]?.minutes ?? '');
  }
}

/** What an event says on a field that nobody has entered: the same as no word of the CRM's. */
export const initial = (field: FieldName): string => (field === 'busy' ? 'true' : '');

export const said = (side: 'crm' | 'google', raw: Raw | undefined, field: FieldName) =>
  side === 'crm' ? crmValue(raw, field) : googleValue(raw, field);

/** What the CRM calls a field in its messages. */
export const crmNames = (field: FieldName): string[] =>
  (
    ({ time: ['start', 'end'], reminder: ['reminderMinutes'] }) as Partial<
      Record<FieldName, string[]>
    >
  )[field] ?? [field];

/** The field that the CRM calls so; undefined: none that is compared. */
export const fieldNamed = (name: string) => FIELDS.find((field) => crmNames(field).includes(name));

/** Nothing and an empty text are the same; so are nothing and a switch that is off. */
export const sameText = (a: string | undefined, b: string | undefined) => empty(a) === empty(b);
const empty = (text: string | undefined) => (text === 'false' ? '' : (text ?? ''));

function moment(value: Raw, days: number): string {
  if (value.dateTime) return new Date(Date.parse(value.dateTime)).toISOString();
  return new Date(Date.parse(value.date) + days * DAY).toISOString().slice(0, 10);
}

/** The text above the CRM's block, without Google's formatting. */
function plain(description: string): string {
  const html = /<(b|br)>/.test(description);
  const text = html
    ? description
        .replace(/<br>/g, '\n')
        .replace(/<\/?b>/g, '')
        .replaceAll('&amp;', '&')
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
    : description;
  return (text.split('— CRM —')[0] ?? '').trim();
}
