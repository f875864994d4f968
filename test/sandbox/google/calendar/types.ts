/** Rules of the event types (google-contracts 1.8), conference data and attachments (1.4). */
import { type AuthorizedCall, invalid } from '../protocol.ts';
import { base32hex } from '../random.ts';
import type { Calendar } from './model.ts';
import { flag } from './request.ts';
import { parseDate } from './zones.ts';

const TYPES = ['default', 'birthday', 'focusTime', 'fromGmail', 'outOfOffice', 'workingLocation'];

/** The type of a new event. [V] fromGmail cannot be created. */
export function typeOfNew(value: unknown): string {
  const type = value ?? 'default';
  if (typeof type !== 'string' || !TYPES.includes(type))
    throw invalid('Invalid value for: eventType');
  if (type === 'fromGmail')
    throw invalid('Events of type fromGmail cannot be created.', 'eventType');
  return type;
}

/** Checks what a status event or a birthday must hold, and fills in what follows from it. */
export function checkType(
  type: string,
  fields: Record<string, unknown>,
  calendar: Calendar,
  call: AuthorizedCall,
): void {
  if (type === 'default' || type === 'fromGmail') return;
  const start = fields.start as { date?: string };
  const end = fields.end as { date?: string };
  const days = (parseDate(end.date) - parseDate(start.date)) / 86_400_000;
  if (type === 'birthday') {
    // [V] All-day, one day, every year.
    const yearly = (fields.recurrence as string[] | undefined)?.some((line) =>
      /FREQ=YEARLY/i.test(line),
    );
    if (days !== 1 || !yearly) throw invalid('A birthday is an all-day event that recurs yearly.');
    fields.visibility = 'private';
    fields.transparency = 'transparent';
    fields.birthdayProperties ??= { type: 'birthday' };
    return;
  }
  // [V] Status events live on primary calendars only.
  if (!calendar.primary) throw invalid(`Events of type ${type} need the primary calendar.`);
  if (fields[`${type}Properties`] === undefined) throw invalid(`Missing ${type}Properties.`);
  if (type === 'workingLocation') {
    // [V] Writing them through the batch endpoint is not supported.
    if (call.batch) throw invalid('Working location events are not supported in batch requests.');
    if (fields.visibility !== 'public' || fields.transparency !== 'transparent') {
      throw invalid('A working location event must be public and transparent.');
    }
    if (start.date !== undefined && days !== 1) {
      throw invalid('An all-day working location event must span exactly one day.');
    }
    return;
  }
  // [V] focusTime and outOfOffice are timed and opaque.
  if (start.date !== undefined) throw invalid(`Events of type ${type} cannot be all-day.`);
  if (fields.transparency === 'transparent')
    throw invalid(`Events of type ${type} must be opaque.`);
}

/**
 * [V] 1.4: conferenceData needs conferenceDataVersion=1 and attachments supportsAttachments=true;
 * a client that does not say so can neither set nor lose them.
 */
export function guardedFields(
  call: AuthorizedCall,
  fields: Record<string, unknown>,
  old: Record<string, unknown>,
): void {
  if (call.query.get('conferenceDataVersion') !== '1') {
    keep(fields, old, 'conferenceData');
  } else if (isCreateRequest(fields.conferenceData)) {
    fields.conferenceData = newMeet(call, fields.conferenceData);
  }
  const meet = (fields.conferenceData as { entryPoints?: { uri: string }[] } | undefined)
    ?.entryPoints?.[0]?.uri;
  if (meet) fields.hangoutLink = meet;
  else delete fields.hangoutLink;
  if (!flag(call.query, 'supportsAttachments')) keep(fields, old, 'attachments');
  guardLabel(call, fields, old);
  const { attachments } = fields;
  if (Array.isArray(attachments) && attachments.length > 25) throw invalid('Too many attachments.');
}

/**
 * [V] 1.4: eventLabelId needs eventLabelVersion=1 and then supersedes colorId. [R] An update by a client
 * that does not know it loses it.
 */
function guardLabel(
  call: AuthorizedCall,
  fields: Record<string, unknown>,
  old: Record<string, unknown>,
): void {
  if (call.query.get('eventLabelVersion') === '1') {
    if (fields.eventLabelId !== undefined) keep(fields, old, 'colorId');
  } else if (call.method.endsWith('events.update')) {
    delete fields.eventLabelId;
  } else {
    keep(fields, old, 'eventLabelId');
  }
}

function keep(fields: Record<string, unknown>, old: Record<string, unknown>, name: string): void {
  if (old[name] === undefined) delete fields[name];
  else fields[name] = old[name];
}

function isCreateRequest(value: unknown): value is { createRequest: { requestId: string } } {
  const { createRequest, conferenceId } = (value ?? {}) as Record<string, unknown>;
  return Boolean(createRequest) && !conferenceId;
}

function newMeet(
  call: AuthorizedCall,
  { createRequest }: { createRequest: { requestId: string } },
): unknown {
  const letters = base32hex(call.workspace.random, 10).replace(
    /\d/g,
    (d) => 'wxyzwxyzwx'[Number(d)] as string,
  );
  const code = `${letters.slice(0, 3)}-${letters.slice(3, 7)}-${letters.slice(7)}`;
  return {
    createRequest: {
      ...createRequest,
      conferenceSolutionKey: { type: 'hangoutsMeet' },
      status: { statusCode: 'success' },
    },
    entryPoints: [
      {
        entryPointType: 'video',
        uri: `https://meet.google.com/${code}`,
        label: `meet.google.com/${code}`,
      },
    ],
    conferenceSolution: { key: { type: 'hangoutsMeet' }, name: 'Google Meet' },
    conferenceId: code,
  };
}
