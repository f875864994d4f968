/**
 * Wall times of one zone. The page thinks in `YYYY-MM-DDTHH:mm` of the chosen user's zone, whatever zone
 * the browser is in; `YYYY-MM-DD` stands for whole days.
 */

const formats = new Map();

function partsIn(zone) {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formats.set(zone, format);
  }
  return format;
}

/** The wall time of an instant in a zone. */
export function wallOf(instant, zone) {
  const parts = Object.fromEntries(
    partsIn(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

/** The instant of a wall time; in the hour that a clock skips or repeats, one of the two. */
function instantOf(wall, zone) {
  const wanted = Date.parse(`${wall}Z`);
  let instant = wanted;
  for (let i = 0; i < 2; i += 1) {
    instant += wanted - Date.parse(`${wallOf(instant, zone)}Z`);
  }
  return instant;
}

/** A moment of a message or an API (`{date}` or `{dateTime, timeZone}`) as wall time of a zone. */
export function wallOfMoment(moment, zone) {
  if (!moment) return undefined;
  if (moment.date) return moment.date;
  const { dateTime, timeZone = zone } = moment;
  if (/(Z|[+-]\d{2}:\d{2})$/.test(dateTime)) return wallOf(Date.parse(dateTime), zone);
  const wall = dateTime.slice(0, 16);
  return timeZone === zone ? wall : wallOf(instantOf(wall, timeZone), zone);
}

export const isDay = (wall) => wall.length === 10;
export const dayOf = (wall) => wall.slice(0, 10);
export const clockOf = (wall) => wall.slice(11, 16);

/** Minutes since midnight. */
export const minutesOf = (wall) => Number(wall.slice(11, 13)) * 60 + Number(wall.slice(14, 16));

export function addDays(wall, days) {
  const date = new Date(`${dayOf(wall)}T00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10) + wall.slice(10);
}

export function addMinutes(wall, minutes) {
  return new Date(Date.parse(`${wall}Z`) + minutes * 60_000).toISOString().slice(0, 16);
}

export const minutesBetween = (from, to) =>
  (Date.parse(`${to}Z`) - Date.parse(`${from}Z`)) / 60_000;
export const daysBetween = (from, to) =>
  Math.round(
    (Date.parse(`${dayOf(to)}T00:00Z`) - Date.parse(`${dayOf(from)}T00:00Z`)) / 86_400_000,
  );

/** The Monday of a day's week. */
export function mondayOf(day) {
  return addDays(day, -((new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7));
}

const style = (options) => {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options });
  return (wall) => format.format(new Date(`${dayOf(wall)}T00:00Z`));
};

export const weekday = style({ weekday: 'short' });
export const dayAndMonth = style({ day: 'numeric', month: 'short' });
export const longDay = style({ weekday: 'long', day: 'numeric', month: 'long' });
const withYear = style({ day: 'numeric', month: 'short', year: 'numeric' });

/** `23 – 29 Nov 2026`. */
export function weekTitle(monday) {
  const sunday = addDays(monday, 6);
  if (monday.slice(0, 7) === sunday.slice(0, 7))
    return `${Number(monday.slice(8))} – ${withYear(sunday)}`;
  return `${dayAndMonth(monday)} – ${dayAndMonth(sunday)} ${sunday.slice(0, 4)}`;
}

/** `09:00–10:30`, or `All day`. */
export function span(start, end) {
  if (isDay(start)) return 'All day';
  return `${clockOf(start)}–${clockOf(end)}`;
}
