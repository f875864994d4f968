/** Sets of times: merged, subtracted and intersected; and the hours that a clock on a wall shows. */
import { DAY_MS, offsetAt } from './time.ts';

/** From (included) to (excluded), ms since the epoch. */
export interface Interval {
  from: number;
  to: number;
}

/** Hours of a week: from (included) to (excluded), in minutes since midnight, on these days. */
export interface Hours {
  /** 0 is Sunday. */
  days: readonly number[];
  from: number;
  to: number;
}

const MINUTE_MS = 60_000;

/** In order and disjoint; what overlaps or touches is one, what is empty is left out. */
export function merged(intervals: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  const sorted = intervals.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  for (const { from, to } of sorted) {
    const last = result.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}

/** What lies in both; each side as merged() returns it, and so is the result. */
export function intersected(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [one, other] = [a[i] as Interval, b[j] as Interval];
    const both = { from: Math.max(one.from, other.from), to: Math.min(one.to, other.to) };
    if (both.from < both.to) result.push(both);
    if (one.to < other.to) i++;
    else j++;
  }
  return result;
}

/** What lies in the first and not in the second; each as merged() returns it, and so is the result. */
export function subtracted(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const gaps: Interval[] = [];
  let from = Number.NEGATIVE_INFINITY;
  for (const taken of b) {
    gaps.push({ from, to: taken.from });
    from = taken.to;
  }
  gaps.push({ from, to: Number.POSITIVE_INFINITY });
  return intersected(a, gaps);
}

/** Each made longer at both ends, in ms. */
export function widened(intervals: readonly Interval[], before: number, after: number): Interval[] {
  return merged(intervals.map(({ from, to }) => ({ from: from - before, to: to + after })));
}

/**
 * The times in the period at which a clock in the zone shows one of the hours. Where clocks go forward
 * an hour is missing, where they go back one counts twice: as the clock shows it.
 */
export function openTime(timeZone: string, hours: readonly Hours[], period: Interval): Interval[] {
  const open: Interval[] = [];
  const midnight = (instant: number) => Math.floor(instant / DAY_MS) * DAY_MS;
  // A wall is never a day away from UTC: one day more on either side.
  for (let day = midnight(period.from) - DAY_MS; day <= period.to + DAY_MS; day += DAY_MS) {
    const weekday = new Date(day).getUTCDay();
    for (const { from, to } of hours.filter(({ days }) => days.includes(weekday))) {
      open.push(...onWall(timeZone, day + from * MINUTE_MS, day + to * MINUTE_MS));
    }
  }
  return intersected(merged(open), [period]);
}

/** The times at which the clock shows a wall time (given as if it were UTC, in ms) from `from` to `to`. */
function onWall(timeZone: string, from: number, to: number): Interval[] {
  const [early, late] = [from - DAY_MS, to + DAY_MS];
  const [before, after] = [offsetAt(timeZone, early), offsetAt(timeZone, late)];
  if (before === after) return [{ from: from - before, to: to - before }];
  const change = changeOfOffset(timeZone, early, late, before);
  return [
    { from: from - before, to: Math.min(to - before, change) },
    { from: Math.max(from - after, change), to: to - after },
  ].filter((part) => part.from < part.to);
}

/** The first instant (whole seconds) between two at which the offset is another one than before. */
function changeOfOffset(timeZone: string, from: number, to: number, before: number): number {
  let [old, changed] = [Math.floor(from / 1000), Math.ceil(to / 1000)];
  while (changed - old > 1) {
    const middle = Math.floor((old + changed) / 2);
    if (offsetAt(timeZone, middle * 1000) === before) old = middle;
    else changed = middle;
  }
  return changed * 1000;
}
