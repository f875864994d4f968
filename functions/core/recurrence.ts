/**
 * Lines of a recurrence as Google takes them (RFC 5545, 3.3.10 and 3.8.5; events, `recurrence`). Only
 * their form is judged here, so that the CRM hears at once what is wrong. What they mean is Google's
 * matter: nothing here expands a rule.
 */
import type { Event } from './event.ts';
import type { Json } from './fields.ts';
import { digest } from './link.ts';
import { DAY_MS } from './time.ts';

const NAMES = ['RRULE', 'EXRULE', 'RDATE', 'EXDATE'];
const STAMP = /^\d{8}(T\d{6}Z?)?$/;
const number = (most: number) => `(?:[1-9]\\d{0,${most - 1}})`;
const list = (item: string) => new RegExp(`^${item}(,${item})*$`);

/** The parts of a rule and the form of their values. */
const PARTS: { [name: string]: RegExp } = {
  FREQ: /^(SECONDLY|MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY)$/,
  UNTIL: STAMP,
  COUNT: new RegExp(`^${number(6)}$`),
  INTERVAL: new RegExp(`^${number(6)}$`),
  BYSECOND: list('\\d{1,2}'),
  BYMINUTE: list('\\d{1,2}'),
  BYHOUR: list('\\d{1,2}'),
  BYDAY: list('(?:[+-]?\\d{1,2})?(?:MO|TU|WE|TH|FR|SA|SU)'),
  BYMONTHDAY: list(`[+-]?${number(2)}`),
  BYYEARDAY: list(`[+-]?${number(3)}`),
  BYWEEKNO: list(`[+-]?${number(2)}`),
  BYMONTH: list(number(2)),
  BYSETPOS: list(`[+-]?${number(3)}`),
  WKST: /^(MO|TU|WE|TH|FR|SA|SU)$/,
};

interface Line {
  name: string;
  value: string;
}

function parse(line: string): Line | undefined {
  // Parameters, TZID for example, may be quoted.
  const match = /^([A-Z]+)((?:;[A-Z-]+=(?:"[^"]*"|[^;:"]*))*):(.+)$/i.exec(line);
  return match ? { name: (match[1] ?? '').toUpperCase(), value: match[3] ?? '' } : undefined;
}

function partsOf(rule: string): [name: string, value: string][] {
  return rule
    .toUpperCase()
    .split(';')
    .map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
    });
}

/** What is wrong with a line, and what to do; undefined for a good one. Never repeats its text. */
export function lineProblem(text: string): string | undefined {
  const line = parse(text.trim());
  if (!line)
    return `is not a line such as RRULE:FREQ=WEEKLY; it begins with one of ${NAMES.join(', ')}`;
  if (line.name === 'DTSTART' || line.name === 'DTEND')
    return `must not be a ${line.name} line: data.start and data.end are the first occurrence`;
  if (!NAMES.includes(line.name)) return `must begin with one of ${NAMES.join(', ')}`;
  if (line.name.endsWith('RULE')) return ruleProblem(line.value);
  const stamps = line.value.split(',').map((stamp) => stamp.trim());
  if (stamps.every((stamp) => STAMP.test(stamp))) return undefined;
  return 'must list dates such as 20261201 or 20261201T090000, separated by commas';
}

function ruleProblem(rule: string): string | undefined {
  const parts = partsOf(rule);
  const names = parts.map(([name]) => name);
  if (!names.includes('FREQ')) return 'needs FREQ, for example FREQ=WEEKLY';
  const unknown = parts.find(([name, value]) => !PARTS[name]?.test(value));
  if (unknown && !(unknown[0] in PARTS)) return 'has a part that RFC 5545 does not know';
  if (unknown) return `has a value that ${unknown[0]} does not allow (RFC 5545, 3.3.10)`;
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) return `names ${twice} twice`;
  if (names.includes('UNTIL') && names.includes('COUNT'))
    return 'has UNTIL and COUNT: leave one out';
  return undefined;
}

/** The lines in canonical form: trimmed, without empty ones; null when there are none. */
export function canonicalLines(value: Json | undefined): string[] | null {
  if (!Array.isArray(value)) return null;
  const lines = value.map((line) => String(line).trim()).filter((line) => line !== '');
  return lines.length === 0 ? null : lines;
}

/**
 * What the places of a series follow from, but for its end: where two are the same, the series has only become
 * longer or shorter.
 */
export function patternOf({ start, recurrence }: Event): string {
  const first = start?.dateTime ? Date.parse(start.dateTime) : (start?.date ?? '');
  const lines = (recurrence ?? []).map(withoutEnd).sort();
  return digest(first, start?.timeZone ?? '', ...lines).slice(0, 16);
}

function withoutEnd(text: string): string {
  const line = parse(text.trim());
  if (line?.name !== 'RRULE') return text;
  const parts = partsOf(line.value).filter(([name]) => name !== 'COUNT' && name !== 'UNTIL');
  return parts
    .map((part) => part.join('='))
    .sort()
    .join(';');
}

/** Later than any calendar reaches, and yet a date that can be stored. */
const NEVER = Date.UTC(9000, 0);

/**
 * A moment (ms since the epoch) after which no occurrence begins, if the rules say it plainly (UNTIL);
 * the year 9000 when that takes expanding them.
 */
export function endOfLines(lines: string[]): number {
  let end = Number.NEGATIVE_INFINITY;
  for (const line of lines.map(parse)) {
    if (line?.name === 'RDATE') return NEVER;
    if (line?.name !== 'RRULE') continue;
    const until = partsOf(line.value).find(([name]) => name === 'UNTIL')?.[1] ?? '';
    const match = /^(\d{4})(\d\d)(\d\d)/.exec(until);
    if (!match) return NEVER;
    // The day itself counts, in whatever zone.
    end = Math.max(end, Date.parse(`${match[1]}-${match[2]}-${match[3]}T00:00:00Z`) + 2 * DAY_MS);
  }
  return Number.isFinite(end) ? end : NEVER;
}
