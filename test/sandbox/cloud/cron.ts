/** Five-field cron: numbers, `*`, steps, ranges and lists. */

const LIMITS = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;
const MINUTE = 60_000;
const YEAR_OF_MINUTES = 366 * 24 * 60;

/** A schedule, ready to ask when it is due. */
export interface Cron {
  /** First due minute after the given time, or undefined if there is none within a year. */
  after(ms: number): number | undefined;
}

/** Reads a schedule; undefined if it is not one. The zone is an IANA name. */
export function parseCron(schedule: string, timeZone: string): Cron | undefined {
  const fields = schedule.trim().split(/\s+/);
  const sets = fields.map((field, i) => parseField(field, LIMITS[i] ?? [0, -1]));
  const wall = wallClock(timeZone);
  if (fields.length !== 5 || !wall || sets.some((set) => set === undefined)) return undefined;
  const [minutes, hours, days, months, weekdays] = sets as Set<number>[];
  const anyDay = fields[2] === '*';
  const anyWeekday = fields[4] === '*';

  function due(ms: number): boolean {
    const { minute, hour, day, month, weekday } = (wall as Wall)(ms);
    if (!minutes?.has(minute) || !hours?.has(hour) || !months?.has(month)) return false;
    const onDay = days?.has(day) === true;
    const onWeekday = weekdays?.has(weekday) || (weekday === 0 && weekdays?.has(7));
    // Cron's oddity: with both days given, one of them is enough.
    if (anyDay || anyWeekday) return onDay && onWeekday === true;
    return onDay || onWeekday === true;
  }

  return {
    after(ms) {
      let at = (Math.floor(ms / MINUTE) + 1) * MINUTE;
      for (let i = 0; i < YEAR_OF_MINUTES; i += 1, at += MINUTE) if (due(at)) return at;
      return undefined;
    },
  };
}

function parseField(
  field: string,
  [low, high]: readonly [number, number],
): Set<number> | undefined {
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
    if (!match) return undefined;
    const [, first, last, every] = match;
    const from = first === undefined ? low : Number(first);
    const single = first !== undefined && last === undefined && every === undefined;
    const to = single ? from : last === undefined ? high : Number(last);
    const step = every === undefined ? 1 : Number(every);
    if (from < low || to > high || from > to || step < 1) return undefined;
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}

type Wall = (ms: number) => Record<'minute' | 'hour' | 'day' | 'month' | 'weekday', number>;

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function wallClock(timeZone: string): Wall | undefined {
  if (['', 'UTC', 'Etc/UTC'].includes(timeZone)) {
    return (ms) => {
      const at = new Date(ms);
      return {
        minute: at.getUTCMinutes(),
        hour: at.getUTCHours(),
        day: at.getUTCDate(),
        month: at.getUTCMonth() + 1,
        weekday: at.getUTCDay(),
      };
    };
  }
  let format: Intl.DateTimeFormat;
  try {
    const numeric = 'numeric' as const;
    const shape = { minute: numeric, hour: numeric, day: numeric, month: numeric };
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      weekday: 'short',
      ...shape,
    });
  } catch {
    return undefined;
  }
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map((p) => [p.type, p.value]));
    return {
      minute: Number(parts.minute),
      hour: Number(parts.hour),
      day: Number(parts.day),
      month: Number(parts.month),
      weekday: WEEKDAYS.indexOf(parts.weekday ?? ''),
    };
  };
}
