/** One recurrence rule on a calendar without zones: wall times in, wall times out. */
import { parseDate } from './zones.ts';

const DAY = 86_400_000;
const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
const FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;

export interface Rule {
  freq: (typeof FREQUENCIES)[number];
  interval: number;
  count: number | null;
  /** Wall time of a date, or an instant where `untilUtc`. */
  until: { at: number; kind: 'date' | 'wall' | 'utc' } | null;
  byDay: { ordinal: number; weekday: number }[];
  byMonthDay: number[];
  byMonth: number[];
  bySetPos: number[];
  weekStart: number;
}

/** Reads the value of an RRULE line; null when it is not one that Google takes. */
export function parseRule(text: string): Rule | null {
  const parts = new Map<string, string>();
  for (const part of text.split(';').filter(Boolean)) {
    const [name, value] = part.split('=');
    if (!name || !value || parts.has(name.toUpperCase())) return null;
    parts.set(name.toUpperCase(), value.toUpperCase());
  }
  for (const name of parts.keys()) if (!KNOWN.has(name)) return null;
  const freq = FREQUENCIES.find((name) => name === parts.get('FREQ'));
  const interval = Number(parts.get('INTERVAL') ?? 1);
  const count = parts.has('COUNT') ? Number(parts.get('COUNT')) : null;
  const until = parts.has('UNTIL') ? parseUntil(parts.get('UNTIL') as string) : null;
  const byDay = (parts.get('BYDAY')?.split(',') ?? []).map(parseWeekday);
  const byMonthDay = numbers(parts.get('BYMONTHDAY'), 1, 31);
  const byMonth = numbers(parts.get('BYMONTH'), 1, 12);
  const bySetPos = numbers(parts.get('BYSETPOS'), 1, 366);
  const weekStart = WEEKDAYS.indexOf(parts.get('WKST') ?? 'MO');
  if (!freq || !Number.isInteger(interval) || interval < 1 || weekStart < 0) return null;
  if (count !== null && (!Number.isInteger(count) || count < 1 || until)) return null;
  if (parts.has('UNTIL') && !until) return null;
  if (!byMonthDay || !byMonth || !bySetPos || byMonth.some((month) => month < 0)) return null;
  const days = byDay.filter((day) => day !== null);
  if (days.length !== byDay.length) return null;
  const ordinals = days.some((day) => day.ordinal !== 0);
  if (ordinals && (freq === 'DAILY' || freq === 'WEEKLY')) return null;
  return { freq, interval, count, until, byDay: days, byMonthDay, byMonth, bySetPos, weekStart };
}

const KNOWN = new Set([
  'FREQ',
  'INTERVAL',
  'COUNT',
  'UNTIL',
  'BYDAY',
  'BYMONTHDAY',
  'BYMONTH',
  'BYSETPOS',
  'WKST',
]);

function parseWeekday(text: string): { ordinal: number; weekday: number } | null {
  const match = /^([+-]?\d{1,2})?(SU|MO|TU|WE|TH|FR|SA)$/.exec(text);
  if (!match) return null;
  return { ordinal: Number(match[1] ?? 0), weekday: WEEKDAYS.indexOf(match[2] as string) };
}

function numbers(text: string | undefined, min: number, max: number): number[] | null {
  if (text === undefined) return [];
  const list = text.split(',').map(Number);
  const fine = (n: number) => Number.isInteger(n) && Math.abs(n) >= min && Math.abs(n) <= max;
  return list.every(fine) ? list : null;
}

function parseUntil(text: string): Rule['until'] {
  const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(text);
  if (!match) return null;
  const day = parseDate(`${match[1]}-${match[2]}-${match[3]}`);
  if (Number.isNaN(day)) return null;
  if (match[4] === undefined) return { at: day, kind: 'date' };
  const at = day + (Number(match[4]) * 3600 + Number(match[5]) * 60 + Number(match[6])) * 1000;
  return { at, kind: match[7] ? 'utc' : 'wall' };
}

/**
 * Starts of a rule from its first one up to `end` (wall time). `instantOf` gives the instant of a
 * wall time, which UNTIL in UTC is compared with.
 */
export function occurrencesOfRule(
  rule: Rule,
  start: number,
  end: number,
  max: number,
  instantOf: (wall: number) => number,
): number[] {
  const beyond = (wall: number): boolean => {
    if (wall > end) return true;
    if (!rule.until) return false;
    if (rule.until.kind === 'utc') return instantOf(wall) > rule.until.at;
    if (rule.until.kind === 'date') return wall >= rule.until.at + DAY;
    return wall > rule.until.at;
  };
  if (beyond(start)) return [];
  // DTSTART is always the first instance and counts (RFC 5545, 3.8.5.3).
  const found = [start];
  const wanted = Math.min(rule.count ?? max, max);
  const timeOfDay = start - floorDay(start);
  for (let step = 0; found.length < wanted; step += 1) {
    const period = periodStart(rule, start, step);
    if (period > end) break;
    let days = daysOf(rule, start, period).sort((a, b) => a - b);
    if (rule.bySetPos.length > 0) {
      const all = days;
      days = all.filter(
        (_, i) => rule.bySetPos.includes(i + 1) || rule.bySetPos.includes(i - all.length),
      );
    }
    for (const day of days) {
      const wall = day + timeOfDay;
      if (wall <= start) continue;
      if (beyond(wall)) return found;
      if (found.length >= wanted) return found;
      found.push(wall);
    }
  }
  return found;
}

function floorDay(wall: number): number {
  return Math.floor(wall / DAY) * DAY;
}

function monthStart(year: number, month: number): number {
  return Date.UTC(year, month, 1);
}

/** First day of the n-th period. */
function periodStart(rule: Rule, start: number, step: number): number {
  const first = floorDay(start);
  const date = new Date(first);
  const n = step * rule.interval;
  if (rule.freq === 'DAILY') return first + n * DAY;
  if (rule.freq === 'WEEKLY') {
    const back = (date.getUTCDay() - rule.weekStart + 7) % 7;
    return first + (n * 7 - back) * DAY;
  }
  if (rule.freq === 'MONTHLY') return monthStart(date.getUTCFullYear(), date.getUTCMonth() + n);
  return monthStart(date.getUTCFullYear() + n, 0);
}

/** Days of one period that the rule selects. */
function daysOf(rule: Rule, start: number, period: number): number[] {
  const first = new Date(start);
  if (rule.freq === 'DAILY')
    return inMonths(
      rule,
      [period].filter((day) => fits(rule, day)),
    );
  if (rule.freq === 'WEEKLY') {
    const weekdays = rule.byDay.length ? rule.byDay.map((day) => day.weekday) : [first.getUTCDay()];
    const days = Array.from({ length: 7 }, (_, i) => period + i * DAY);
    return inMonths(
      rule,
      days.filter((day) => weekdays.includes(new Date(day).getUTCDay())),
    );
  }
  const date = new Date(period);
  const year = date.getUTCFullYear();
  if (rule.freq === 'MONTHLY') {
    return inMonths(
      rule,
      selectDays(rule, period, monthStart(year, date.getUTCMonth() + 1), first),
    );
  }
  if (rule.byMonth.length > 0) {
    return rule.byMonth.flatMap((month) =>
      selectDays(rule, monthStart(year, month - 1), monthStart(year, month), first),
    );
  }
  if (rule.byMonthDay.length > 0) {
    return Array.from({ length: 12 }, (_, month) =>
      selectDays(rule, monthStart(year, month), monthStart(year, month + 1), first),
    ).flat();
  }
  if (rule.byDay.length > 0) return selectDays(rule, period, monthStart(year + 1, 0), first);
  const day = Date.UTC(year, first.getUTCMonth(), first.getUTCDate());
  return new Date(day).getUTCDate() === first.getUTCDate() ? [day] : [];
}

/** Days between two dates by BYMONTHDAY and BYDAY, or the day of the month of the first start. */
function selectDays(rule: Rule, from: number, to: number, first: Date): number[] {
  const length = Math.round((to - from) / DAY);
  const all = Array.from({ length }, (_, i) => from + i * DAY);
  if (rule.byMonthDay.length === 0 && rule.byDay.length === 0) {
    return all.filter((day) => new Date(day).getUTCDate() === first.getUTCDate());
  }
  const byMonthDay = all.filter((_, i) => {
    if (rule.byMonthDay.length === 0) return true;
    return rule.byMonthDay.includes(i + 1) || rule.byMonthDay.includes(i - length);
  });
  if (rule.byDay.length === 0) return byMonthDay;
  return byMonthDay.filter((day) => {
    const weekday = new Date(day).getUTCDay();
    const index = Math.floor((day - from) / DAY / 7) + 1;
    const fromEnd = -(Math.floor((to - DAY - day) / DAY / 7) + 1);
    return rule.byDay.some(
      (wanted) =>
        wanted.weekday === weekday &&
        (wanted.ordinal === 0 || wanted.ordinal === index || wanted.ordinal === fromEnd),
    );
  });
}

function fits(rule: Rule, day: number): boolean {
  const date = new Date(day);
  const weekday = date.getUTCDay();
  if (rule.byDay.length > 0 && !rule.byDay.some((wanted) => wanted.weekday === weekday)) {
    return false;
  }
  if (rule.byMonthDay.length === 0) return true;
  const length = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  const dayOfMonth = date.getUTCDate();
  return rule.byMonthDay.includes(dayOfMonth) || rule.byMonthDay.includes(dayOfMonth - length - 1);
}

function inMonths(rule: Rule, days: number[]): number[] {
  if (rule.byMonth.length === 0) return days;
  return days.filter((day) => rule.byMonth.includes(new Date(day).getUTCMonth() + 1));
}
