/**
 * When people are busy and when all are free, minute by minute, by looking at a clock on the wall. Slow and
 * plain; imports nothing of functions/, and knows no interval.
 */

/** One entry of somebody's calendar. */
export type Entry = {
  /** Where it is: in the calendar, or only wanted by the CRM so far. */
  at: 'google' | 'crm';
  how: 'plain' | 'private' | 'tentative' | 'outOfOffice' | 'transparent' | 'declined' | 'cancelled';
} & (
  | { /** Minutes since the epoch. */ from: number; to: number }
  | { /** YYYY-MM-DD, the last day included. */ first: string; last: string }
);

export interface Person {
  zone: string;
  entries: Entry[];
}

export interface Question {
  /** Minutes since the epoch. */
  from: number;
  to: number;
  zone: string;
  slotMinutes: number;
  before: number;
  after: number;
  /** Minutes since midnight, and days as Intl calls them: Mon, Tue ...; undefined: always. */
  hours: { days: string[]; from: number; to: number }[] | undefined;
}

/** Runs of minutes: from (included) to (excluded). */
export type Runs = [number, number][];

const MINUTE = 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** What a clock and a calendar on the wall show at a minute. */
export function wall(zone: string, minute: number) {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formats.set(zone, format);
  }
  // `Tue, 24/11/2026, 09:30`
  const text = format.format(minute * MINUTE);
  const match = /^(\w+), (\d+)\/(\d+)\/(\d+), (\d+):(\d+)$/.exec(text);
  if (!match) throw new Error(text);
  const [, weekday = '', day, month, year, hour, min] = match;
  return { weekday, date: `${year}-${month}-${day}`, time: `${hour}:${min}` };
}

function isBusyAt({ zone, entries }: Person, minute: number): boolean {
  return entries.some((entry) => {
    if (['transparent', 'declined', 'cancelled'].includes(entry.how)) return false;
    if ('from' in entry) return entry.from <= minute && minute < entry.to;
    const { date } = wall(zone, minute);
    return entry.first <= date && date <= entry.last;
  });
}

function isOpenAt({ hours, zone }: Question, minute: number): boolean {
  if (!hours) return true;
  const { weekday, time } = wall(zone, minute);
  const now = Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
  return hours.some(({ days, from, to }) => days.includes(weekday) && from <= now && now < to);
}

function runs(from: number, to: number, holds: (minute: number) => boolean): Runs {
  const result: Runs = [];
  for (let minute = from; minute < to; minute++) {
    if (!holds(minute)) continue;
    const last = result.at(-1);
    if (last?.[1] === minute) last[1] = minute + 1;
    else result.push([minute, minute + 1]);
  }
  return result;
}

/** Busy minutes of each person, and the free runs that all have in common. */
export function judge(question: Question, people: Person[]): { busy: Runs[]; slots: Runs } {
  const { from, to, before, after, slotMinutes } = question;
  // A minute is taken when anything busy begins within `before` minutes after it, or ended within `after`.
  const busy = new Map<number, boolean>();
  for (let minute = from - after; minute < to + before; minute++) {
    busy.set(
      minute,
      people.some((person) => isBusyAt(person, minute)),
    );
  }
  const isTaken = (minute: number) => {
    for (let near = minute - after; near <= minute + before; near++)
      if (busy.get(near)) return true;
    return false;
  };
  return {
    busy: people.map((person) => runs(from, to, (minute) => isBusyAt(person, minute))),
    slots: runs(from, to, (minute) => isOpenAt(question, minute) && !isTaken(minute)).filter(
      ([first, end]) => end - first >= slotMinutes,
    ),
  };
}
