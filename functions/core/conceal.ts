import type { Codec, Observed } from './codec.ts';
import { knownGoogle } from './merge.ts';
import type { Link } from './records.ts';

/** Where the object was born: what is written for the CRM bears our marker. */
export const originOf = (link: Link | undefined, observed: Observed | undefined): Link['origin'] =>
  link?.origin ?? (observed?.marker ? (observed.marker.origin ?? 'crm') : 'google');

/** Whether Google's owner hides the object: only what was born at Google is hidden (design rule 4). */
export function isConcealed(link: Link | undefined, observed: Observed | undefined): boolean {
  if (originOf(link, observed) === 'crm') return false;
  if (observed?.state === 'live') return observed.redacted === true;
  return link !== undefined && knownGoogle(link).private === true;
}

/** The object without what its owner hides: title and text reach neither CRM, state nor logs. */
export function conceal(
  codec: Codec,
  link: Link | undefined,
  observed: Observed | undefined,
): Observed | undefined {
  if (!observed || !isConcealed(link, observed)) return observed;
  const fields = Object.entries(observed.fields).map(([name, value]) => [
    name,
    codec.fields[name]?.hidden ? null : value,
  ]);
  return { ...observed, fields: Object.fromEntries(fields) };
}
