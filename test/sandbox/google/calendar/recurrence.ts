/** Expands RRULE, RDATE, EXRULE and EXDATE lines (RFC 5545) in a time zone. */
import { occurrencesOfRule, parseRule } from './rrule.ts';
import { parseDate, utcToWall, wallToUtc } from './zones.ts';

/** A series: its first start as wall time, and its lines. */
export interface Series {
  start: number;
  allDay: boolean;
  /** The zone in which the series is expanded; for all-day ones the calendar's. */
  zone: string;
  lines: readonly string[];
}

/** One start of a series. */
export interface Occurrence {
  wall: number;
  utc: number;
  /** Suffix of the instance id: `YYYYMMDD` or `YYYYMMDDTHHMMSSZ`. */
  suffix: string;
}

interface Line {
  name: string;
  params: Record<string, string>;
  value: string;
}

function parseLine(text: string): Line | null {
  const match = /^([A-Z]+)((?:;[A-Z-]+=[^;:]+)*):(.+)$/i.exec(text.trim());
  if (!match) return null;
  const params: Record<string, string> = {};
  for (const param of (match[2] as string).split(';').filter(Boolean)) {
    const [key, value] = param.split('=');
    params[(key as string).toUpperCase()] = value as string;
  }
  return { name: (match[1] as string).toUpperCase(), params, value: match[3] as string };
}

/** What is wrong with the lines, or null. DTSTART and DTEND are not allowed (1.2). */
export function recurrenceProblem(lines: readonly unknown[]): string | null {
  for (const text of lines) {
    if (typeof text !== 'string') return 'Invalid recurrence rule.';
    const line = parseLine(text);
    if (!line) return 'Invalid recurrence rule.';
    if (line.name === 'RRULE' || line.name === 'EXRULE') {
      if (!parseRule(line.value)) return 'Invalid recurrence rule.';
    } else if (line.name === 'RDATE' || line.name === 'EXDATE') {
      if (parseStamps(line, 'UTC').some(Number.isNaN)) return 'Invalid recurrence date.';
    } else {
      return `Invalid recurrence line: ${line.name}.`;
    }
  }
  return null;
}

/** The starts up to an instant, in order, at most `max`. */
export function occurrences(series: Series, until: number, max = 2000): Occurrence[] {
  const untilWall = utcToWall(series.zone, until);
  const walls = new Set<number>();
  const excluded = new Set<number>();
  const instantOf = (wall: number) => wallToUtc(series.zone, wall);
  let ruled = false;
  for (const text of series.lines) {
    const line = parseLine(text);
    if (!line) continue;
    if (line.name === 'RRULE' || line.name === 'EXRULE') {
      const rule = parseRule(line.value);
      if (!rule) continue;
      const found = occurrencesOfRule(rule, series.start, untilWall, max, (wall) =>
        series.allDay ? wall : instantOf(wall),
      );
      for (const wall of found) (line.name === 'RRULE' ? walls : excluded).add(wall);
      ruled ||= line.name === 'RRULE';
    } else {
      for (const wall of parseStamps(line, series.zone)) {
        const start = series.allDay ? startOfDay(wall) : wall;
        if (line.name === 'EXDATE') excluded.add(start);
        else if (start <= untilWall) walls.add(start);
      }
    }
  }
  // DTSTART is the first instance whatever the rule says.
  if (!ruled && series.start <= untilWall) walls.add(series.start);
  return [...walls]
    .filter((wall) => !excluded.has(wall))
    .sort((a, b) => a - b)
    .slice(0, max)
    .map((wall) => {
      const utc = instantOf(wall);
      return { wall, utc, suffix: suffixOf(series.allDay ? wall : utc, series.allDay) };
    });
}

/** Suffix of an instance id for an original start. */
export function suffixOf(at: number, allDay: boolean): string {
  const text = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  return allDay ? text.slice(0, 8) : text;
}

function startOfDay(wall: number): number {
  return Math.floor(wall / 86_400_000) * 86_400_000;
}

/** Dates of an RDATE or EXDATE line as wall times in the zone of the series. */
function parseStamps(line: Line, zone: string): number[] {
  return line.value.split(',').map((text) => {
    const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(text.trim());
    if (!match) return Number.NaN;
    const day = parseDate(`${match[1]}-${match[2]}-${match[3]}`);
    if (match[4] === undefined) return day;
    const wall = day + (Number(match[4]) * 3600 + Number(match[5]) * 60 + Number(match[6])) * 1000;
    if (match[7]) return utcToWall(zone, wall);
    const own = line.params.TZID;
    return own && own !== zone ? utcToWall(zone, wallToUtc(own, wall)) : wall;
  });
}
