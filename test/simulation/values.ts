/**
 * Values for edits. Each edit's number makes its values unique, so that the checker can follow a value
 * from the person who typed it to where it ended.
 */
export const DAY_MS = 86_400_000;

export const MONDAY = Date.UTC(2026, 10, 23, 8);
const ZONES = ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', 'UTC'];

export type Field = 'subject' | 'place' | 'description' | 'time' | 'private' | 'busy' | 'reminder';
export const FIELDS: readonly Field[] = [
  'subject',
  'place',
  'description',
  'time',
  'private',
  'busy',
  'reminder',
];

const day = (n: number) => new Date(MONDAY + n * DAY_MS).toISOString().slice(0, 10);

/** What a series cannot change when it is moved: its rule has dates, or it has times. */
export type Kind = 'timed' | 'allDay';

/** A start and an end that no other number has: timed, every fifth over whole days. */
function times(n: number, kind: Kind = n % 5 === 0 ? 'allDay' : 'timed') {
  if (kind === 'allDay') return { first: day(n % 300), last: day((n % 300) + (n % 3)) };
  const start = MONDAY + DAY_MS + n * 47 * 60_000;
  const iso = (at: number) => new Date(at).toISOString().replace('.000', '');
  return {
    start: iso(start),
    end: iso(start + 3_600_000),
    timeZone: ZONES[n % ZONES.length] ?? '',
  };
}

/** The fields of an edit in the CRM's words. */
export function crmFields(fields: readonly Field[], n: number, kind?: Kind): object {
  const data: { [name: string]: unknown } = {};
  for (const field of fields) {
    if (field === 'subject') data.subject = n % 7 === 0 ? `  subject ${n} ` : `subject ${n}`;
    else if (field === 'place') data.place = n % 11 === 0 ? null : `place ${n}`;
    else if (field === 'description') data.description = `Text ${n}\nsecond <line> & more`;
    else if (field === 'private') data.private = n % 2 === 0;
    else if (field === 'busy') data.busy = n % 2 === 1;
    else if (field === 'reminder') data.reminderMinutes = n;
    else Object.assign(data, crmTimes(n, kind));
  }
  return data;
}

function crmTimes(n: number, kind?: Kind): object {
  const t = times(n, kind);
  if (t.first !== undefined) return { start: { date: t.first }, end: { date: t.last } };
  const { timeZone } = t;
  return { start: { dateTime: t.start, timeZone }, end: { dateTime: t.end, timeZone } };
}

/** The fields of an edit in Google's words. */
export function googleFields(fields: readonly Field[], n: number, kind?: Kind): object {
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
    else Object.assign(body, googleTimes(n, kind));
  }
  return body;
}

function googleTimes(n: number, kind?: Kind): object {
  const t = times(n, kind);
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

type Start = { date?: string | null; dateTime?: string | null };

export const kindOf = (start: Start): Kind => (start.dateTime ? 'timed' : 'allDay');

/** `20261201` or `20261201T080000Z`: as rules name a day or an instant. */
const stamp = (at: number, kind: Kind) => {
  const text = new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '');
  return kind === 'timed' ? `${text}Z` : text.slice(0, 8);
};

/** How many rules there are; one more number means that it does not recur. */
export const RULES = 6;

/**
 * Short series that begin at a start: each occurrence costs time, and few find as much as many. Every
 * other month they cross the change of the clocks.
 */
export function ruleOf(rule: number, start: Start): string[] | null {
  const kind = kindOf(start);
  const first = Date.parse(start.dateTime ?? `${start.date}T00:00:00Z`);
  const after = (days: number) => stamp(first + days * DAY_MS, kind);
  const dates = kind === 'timed' ? ':' : ';VALUE=DATE:';
  const rules = [
    ['RRULE:FREQ=WEEKLY;COUNT=4'],
    ['RRULE:FREQ=DAILY;COUNT=3'],
    ['RRULE:FREQ=MONTHLY;INTERVAL=2;COUNT=3'],
    [`RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=${after(30)}`],
    ['RRULE:FREQ=WEEKLY;COUNT=3', `RDATE${dates}${after(10)}`],
    ['RRULE:FREQ=DAILY;COUNT=4', `EXDATE${dates}${after(1)}`],
  ];
  return rules[rule % (RULES + 1)] ?? null;
}
