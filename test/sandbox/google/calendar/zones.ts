/** Time zones through Intl. "Wall" is a local clock reading kept as if it were UTC, in ms. */

const formats = new Map<string, Intl.DateTimeFormat | null>();
const offsets = new Map<string, number>();

function format(zone: string): Intl.DateTimeFormat | null {
  let found = formats.get(zone);
  if (found === undefined) {
    try {
      found = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    } catch {
      found = null;
    }
    formats.set(zone, found);
  }
  return found;
}

/** Whether the name is an IANA time zone (offsets such as `+02:00` are not). */
export function isZone(zone: unknown): zone is string {
  return typeof zone === 'string' && /^[A-Za-z]/.test(zone) && format(zone) !== null;
}

/** Offset from UTC in ms at an instant. */
export function offsetAt(zone: string, utc: number): number {
  if (zone === 'UTC') return 0;
  // Offsets change on full quarters of an hour only.
  const key = `${zone} ${Math.floor(utc / 900_000)}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    const text = format(zone)?.format(utc) ?? '';
    const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
    if (!match) throw new Error(`no offset for zone ${zone}`);
    const seconds =
      Number(match[2] ?? 0) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
    offset = (match[1] === '-' ? -seconds : seconds) * 1000;
    if (offsets.size > 100_000) offsets.clear();
    offsets.set(key, offset);
  }
  return offset;
}

/**
 * The instant of a clock reading. A reading that the clock skips moves forward by the gap, one
 * that it shows twice means the first (RFC 5545, 3.3.5).
 */
export function wallToUtc(zone: string, wall: number): number {
  const day = 86_400_000;
  const before = offsetAt(zone, wall - day);
  const after = offsetAt(zone, wall + day);
  if (offsetAt(zone, wall - before) === before) return wall - before;
  if (offsetAt(zone, wall - after) === after) return wall - after;
  return wall - before;
}

/** The clock reading of an instant. */
export function utcToWall(zone: string, utc: number): number {
  return utc + offsetAt(zone, utc);
}

/** RFC 3339 with the offset of the zone; `Z` in UTC. */
export function rfc3339(utc: number, zone: string): string {
  const offset = offsetAt(zone, utc);
  const local = new Date(utc + offset).toISOString().slice(0, 19);
  if (offset === 0 && /^(UTC|GMT|Etc\/(UTC|GMT)|Z)$/i.test(zone)) return `${local}Z`;
  const minutes = Math.abs(Math.round(offset / 60_000));
  const two = (n: number) => String(n).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** `YYYY-MM-DD` as wall time, or NaN. */
export function parseDate(text: unknown): number {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(text)) return Number.NaN;
  const wall = Date.parse(`${text}T00:00:00Z`);
  // Date.parse rolls the 31st of a short month over.
  return new Date(wall).toISOString().startsWith(text) ? wall : Number.NaN;
}

/** `YYYY-MM-DD` of a wall time. */
export function dateText(wall: number): string {
  return new Date(wall).toISOString().slice(0, 10);
}
