/** Members of groups that become objects of their own: the place that they leave (occurrences of a series). */
import type { Codec, Observed } from './codec.ts';
import type { Link } from './records.ts';

interface Leaving {
  codec: Codec;
  link: Link | undefined;
  observed: Observed | undefined;
  /** Its place in a group, as it was read before the object that stands for the record now. */
  left?: Observed | undefined;
}

/** The place in a group that the record has had until now, and that is gone. */
export function placeBefore({ codec, link, observed, left }: Leaving) {
  const shown = observed?.state === 'gone' ? observed : undefined;
  const from = [link, shown, left].find((place) => place?.group !== undefined);
  const { group, googleId, slot } = from ?? {};
  if (!codec.groups || group === undefined || googleId === undefined || slot === undefined)
    return undefined;
  return { group, googleId, slot };
}

/**
 * Whether the record has been written as an object of its own by a run that died before it told the CRM
 * so: the object bears our mark, and is in no group, but the record was.
 */
export const standsAlone = (record: Leaving): boolean =>
  record.observed?.state === 'live' &&
  record.observed.marker !== undefined &&
  record.observed.group === undefined &&
  placeBefore(record) !== undefined;
