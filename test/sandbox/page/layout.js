/** Puts the timed entries of a day beside each other where they overlap. Pure. */
import { addDays, isDay, minutesBetween } from './time.js';

/** `items` have start and end as wall times. Returns where each is drawn, in minutes of the day. */
export function arrange(items, day) {
  const midnight = `${day}T00:00`;
  const next = `${addDays(day, 1)}T00:00`;
  const placed = items
    .filter(
      ({ start, end }) =>
        !isDay(start) &&
        start < next &&
        (end > midnight || start === end) &&
        start.slice(0, 10) <= day,
    )
    .map((item) => {
      const from = Math.max(0, minutesBetween(midnight, item.start));
      return {
        item,
        from,
        to: Math.min(1440, Math.max(from + 25, minutesBetween(midnight, item.end))),
        lane: 0,
        lanes: 1,
      };
    })
    .filter(({ to }) => to > 0)
    .sort((a, b) => a.from - b.from || b.to - a.to);
  let group = [];
  let until = -1;
  const close = () => {
    const lanes = Math.max(0, ...group.map(({ lane }) => lane)) + 1;
    for (const place of group) place.lanes = lanes;
    group = [];
  };
  for (const place of placed) {
    if (place.from >= until) close();
    const taken = new Set(group.filter(({ to }) => to > place.from).map(({ lane }) => lane));
    while (taken.has(place.lane)) place.lane += 1;
    group.push(place);
    until = Math.max(until, place.to);
  }
  close();
  return placed;
}
