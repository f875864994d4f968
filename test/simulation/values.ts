/**
 * Values for edits. Each edit's number makes its values unique, so that the checker can follow a value
 * from the person who typed it to where it ended.
 */
const DAY_MS = 86_400_000;

export const MONDAY = Date.UTC(2026, 10, 23, 8);
const ZONES = ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', 'UTC'];

export type RecordType = 'appointment' | 'contact' | 'task';
/** Fields by the names that the checker has for them. */
export type Field = string;
export const FIELDS_OF: { [record in RecordType]: readonly Field[] } = {
  appointment: ['subject', 'place', 'description', 'time', 'private', 'busy', 'reminder'],
  contact: ['name', 'title', 'notes', 'birthday', 'phones'],
  task: ['title', 'notes', 'due', 'done'],
};
export const FIELDS = FIELDS_OF.appointment;

const day = (n: number) => new Date(MONDAY + n * DAY_MS).toISOString().slice(0, 10);

/** A start and an end that no other number has: timed, every fifth over whole days. */
function times(n: number) {
  if (n % 5 === 0) return { first: day(n % 300), last: day((n % 300) + (n % 3)) };
  const start = MONDAY + DAY_MS + n * 47 * 60_000;
  const iso = (at: number) => new Date(at).toISOString().replace('.000', '');
  return {
    start: iso(start),
    end: iso(start + 3_600_000),
    timeZone: ZONES[n % ZONES.length] ?? '',
  };
}

/** The fields of an edit in the CRM's words. */
export function crmFields(
  fields: readonly Field[],
  n: number,
  record: RecordType = 'appointment',
): object {
  if (record === 'contact') return crmContact(fields, n);
  if (record === 'task') return crmTask(fields, n);
  const data: { [name: string]: unknown } = {};
  for (const field of fields) {
    if (field === 'subject') data.subject = n % 7 === 0 ? `  subject ${n} ` : `subject ${n}`;
    else if (field === 'place') data.place = n % 11 === 0 ? null : `place ${n}`;
    else if (field === 'description') data.description = `Text ${n}\nsecond <line> & more`;
    else if (field === 'private') data.private = n % 2 === 0;
    else if (field === 'busy') data.busy = n % 2 === 1;
    else if (field === 'reminder') data.reminderMinutes = n;
    else Object.assign(data, crmTimes(n));
  }
  return data;
}

function crmTimes(n: number): object {
  const t = times(n);
  if (t.first !== undefined) return { start: { date: t.first }, end: { date: t.last } };
  const { timeZone } = t;
  return { start: { dateTime: t.start, timeZone }, end: { dateTime: t.end, timeZone } };
}

const birthday = (n: number) =>
  new Date(Date.UTC(1950, 0, 1) + n * DAY_MS).toISOString().slice(0, 10);

function crmContact(fields: readonly Field[], n: number): object {
  const data: { [name: string]: unknown } = {};
  for (const field of fields) {
    if (field === 'name') data.givenName = n % 7 === 0 ? ` name ${n} ` : `name ${n}`;
    else if (field === 'title') data.title = n % 11 === 0 ? null : `title ${n}`;
    else if (field === 'notes') data.notes = `Notes ${n}\nsecond line`;
    else if (field === 'birthday') data.birthday = birthday(n);
    else data.phones = [{ value: `+41 ${n}`, type: 'work' }];
  }
  return data;
}

function crmTask(fields: readonly Field[], n: number): object {
  const data: { [name: string]: unknown } = {};
  for (const field of fields) {
    if (field === 'title') data.title = n % 7 === 0 ? ` title ${n} ` : `title ${n}`;
    else if (field === 'notes') data.notes = n % 11 === 0 ? null : `Notes ${n}\nsecond line`;
    else if (field === 'due') data.due = day(n % 300);
    else data.status = n % 2 === 0 ? 'done' : 'open';
  }
  return data;
}

/** The fields of an edit of a contact in Google's words. */
export function personFields(fields: readonly Field[], n: number): { [name: string]: unknown[] } {
  const body: { [name: string]: unknown[] } = {};
  for (const field of fields) {
    const [year = 0, month = 0, date = 0] = birthday(n).split('-').map(Number);
    if (field === 'name') body.names = [{ givenName: `name ${n}` }];
    else if (field === 'title') body.organizations = [{ title: `title ${n}` }];
    else if (field === 'notes') body.biographies = [{ value: `Notes ${n}\nmore` }];
    else if (field === 'birthday') body.birthdays = [{ date: { year, month, day: date } }];
    else body.phoneNumbers = [{ value: `+41 ${n}`, type: 'mobile' }];
  }
  return body;
}

/** What a person types into a task: `done` is a button of its own. */
export function typedFields(
  fields: readonly Field[],
  n: number,
): { title?: string; notes?: string; due?: string } {
  return {
    ...(fields.includes('title') && { title: `title ${n} ` }),
    ...(fields.includes('notes') && { notes: `Notes ${n}\nmore` }),
    ...(fields.includes('due') && { due: day(n % 300) }),
  };
}

/** The fields of an edit of an event in Google's words. */
export function googleFields(fields: readonly Field[], n: number): object {
  const body: { [name: string]: unknown } = {};
  for (const field of fields) {
    if (field === 'subject') body.summary = `subject ${n}`;
    else if (field === 'place') body.location = n % 11 === 0 ? '' : `place ${n} `;
    else if (field === 'description')
      body.description = n % 3 === 0 ? `<b>Text ${n}</b><br>more &amp; more` : `Text ${n}\nmore`;
    else if (field === 'private') body.visibility = n % 2 === 0 ? 'private' : 'default';
    else if (field === 'busy') body.transparency = n % 2 === 1 ? 'opaque' : 'transparent';
    else if (field === 'reminder')
      body.reminders = { useDefault: false, overrides: [{ method: 'popup', minutes: n }] };
    else Object.assign(body, googleTimes(n));
  }
  return body;
}

function googleTimes(n: number): object {
  const t = times(n);
  if (t.first !== undefined) {
    const end = new Date(Date.parse(t.last) + DAY_MS).toISOString().slice(0, 10);
    return {
      start: { date: t.first, dateTime: null, timeZone: null },
      end: { date: end, dateTime: null, timeZone: null },
    };
  }
  const { timeZone } = t;
  return {
    start: { dateTime: t.start, timeZone, date: null },
    end: { dateTime: t.end, timeZone, date: null },
  };
}
