/**
 * What tells whose a Google Calendar event is, and of which kind.
 * Resource: https://developers.google.com/workspace/calendar/api/v3/reference/events
 */
import type { calendar_v3 } from '@googleapis/calendar';
import type { CodecContext, Observed } from './codec.ts';
import type { Json } from './fields.ts';
import { digest } from './link.ts';
import type { Moment } from './messages.ts';

/** Google's event, as its client library types it. */
export type Event = calendar_v3.Schema$Event;

/** Event types that reach the CRM: the others (birthday, fromGmail, workingLocation) are left alone. */
export const blocks = ['outOfOffice', 'focusTime'];

/** Whether events of this type are appointments; the others are left alone. */
export function isSyncedType(event: Event): boolean {
  const type = event.eventType ?? 'default';
  return type === 'default' || blocks.includes(type);
}

/** Whether others see of the event only that the user is busy. */
export const isPrivate = (event: Event) =>
  event.visibility === 'private' || event.visibility === 'confidential';

/** Keys of our extended properties; Google drops keys over 44 characters in silence. */
export const KEY = {
  crmId: 'crmId',
  generation: 'crmGeneration',
  word: 'crmWord',
  reference: 'crmReference',
};

/** The id that a record's event is inserted under: base32hex as Google demands, 5 to 1024 characters. */
export const eventId = (userId: string, crmId: string, generation: number) =>
  `crm${digest(userId, crmId, generation).slice(0, 40)}`;

/**
 * The id of the series whose occurrence has this id: Google adds the original start in UTC, or its day.
 * https://developers.google.com/workspace/calendar/api/guides/recurringevents
 */
export const seriesOf = (googleId: string): string | undefined =>
  /^(.+)_\d{8}(?:T\d{6}Z)?$/.exec(googleId)?.[1];

/** The record that the event's properties name, if the id is the one that it was inserted as. */
export function ownerOf(event: Event, googleId: string, context: CodecContext): Observed['marker'] {
  const crmId = event.extendedProperties?.private?.[KEY.crmId];
  const generation = Number(event.extendedProperties?.private?.[KEY.generation]);
  if (!crmId || !Number.isInteger(generation)) return undefined;
  if (eventId(context.userId, crmId, generation) !== googleId) return undefined;
  const word = event.extendedProperties?.private?.[KEY.word];
  return { crmId, generation, ...(word && { word }) };
}

/** The value as a moment; undefined when it is none. */
export function momentOf(value: Json | undefined): Moment | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  return 'date' in value || 'dateTime' in value ? (value as unknown as Moment) : undefined;
}
