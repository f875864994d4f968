/**
 * What the CRM had said of a record when its object was written last, kept in the object itself. A run that
 * dies between its write and its commit leaves no base; from the object the next one learns what was written,
 * so that its own older value is no edit of anybody's (P5, P16).
 */
import type { Codec } from './codec.ts';
import { canonicalJson, type Fields, type Json } from './fields.ts';
import { digest } from './link.ts';
import type { Base } from './merge.ts';

const DIGITS = 6;

const digestOf = (value: Json | undefined) => digest(canonicalJson(value ?? null)).slice(0, DIGITS);

/** The CRM's values as a text of short digests, field by field; at most 400 characters for an appointment. */
export const wordOf = (said: Fields): string =>
  Object.entries(said)
    .map(([name, value]) => `${name}:${digestOf(value)}`)
    .sort()
    .join(' ');

/**
 * The base with what was written since it was stored. `word`: as the object bears it. `said`: what the CRM says
 * by now, canonical. `shown`: what the object holds by now. What is neither said nor shown any more has been
 * changed by both: that stays as it was, and is a conflict.
 */
export function withWritten(
  { fields }: Codec,
  base: Base,
  word: string,
  said: Fields,
  shown: Fields,
): Pick<Base, 'crm' | 'google'> {
  const next = { crm: { ...base.crm }, google: { ...base.google } };
  for (const [name = '', written] of word.split(' ').map((part) => part.split(':'))) {
    const isIt = (values: Fields) => digestOf(values[name]) === written;
    // That Google has no such field is not that it was emptied there.
    const isStored = isIt(base.crm) || (name in base.google && isIt(base.google));
    // What the CRM was offered it may have had by then, or not.
    if (!fields[name] || name in base.offered || isStored) continue;
    const source = [said, shown].find((values) => name in values && isIt(values));
    if (!source) continue;
    next.crm[name] = source[name] ?? null;
    if (fields[name].flow !== 'crm') next.google[name] = source[name] ?? null;
  }
  return next;
}
