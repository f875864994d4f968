/** Texts that are longer than Google takes: it holds their beginning, and a mark that says so. */
import type { FieldSpec } from './codec.ts';
import { type Fields, type Json, sameValue } from './fields.ts';
import type { Link } from './records.ts';

const MARK = ' […]';

/** The text, or as much of it as fits with the mark into `max` UTF-16 units. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const whole = text.slice(0, Math.max(0, max - MARK.length));
  // Half of a character is no character.
  const head = whole.isWellFormed() ? whole : whole.slice(0, -1);
  return head.trimEnd() + MARK;
}

/**
 * The text that a text at Google stands for. Google's value is a beginning with the mark: what the mark
 * hides is the rest of the full text that it was cut from, whatever people did to the beginning, or wrote
 * behind the mark. `known`: Google's value before; `full`: the texts that it may have been cut from. A
 * text without a mark, or too short to have been cut, stands for itself.
 */
export function uncut(
  spec: FieldSpec | undefined,
  value: Json | undefined,
  known: Json | undefined,
  full: (Json | undefined)[],
): Json | undefined {
  if (spec?.cutFrom === undefined) return value;
  const shown = partsOf(value, 0);
  if (!shown) return value;
  const whole = (head: string, text: Json | undefined): text is string =>
    typeof text === 'string' && text.startsWith(head) && !sameValue(text, value);
  const same = full.find((text) => whole(shown.head, text));
  if (same !== undefined && shown.behind === '' && String(value).length >= spec.cutFrom)
    return same;
  const before = partsOf(known, spec.cutFrom);
  const source = before && full.find((text) => whole(before.head, text) && !sameValue(text, known));
  if (!before || typeof source !== 'string') return value;
  return shown.head + source.slice(before.head.length) + shown.behind;
}

/** What stands before the mark and behind it; undefined for a text that is not cut. */
function partsOf(
  value: Json | undefined,
  least: number,
): { head: string; behind: string } | undefined {
  if (typeof value !== 'string' || value.length < least) return undefined;
  const at = value.lastIndexOf(MARK);
  return at < 0 ? undefined : { head: value.slice(0, at), behind: value.slice(at + MARK.length) };
}

/** Google's values with the full texts of those that are cut, as the link knows them. */
export function wholeTexts(
  specs: { readonly [name: string]: FieldSpec },
  values: Fields,
  link: Link | undefined,
): Fields {
  if (!link) return values;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const full = [link.offered[name]?.value, link.crm[name]];
      return [name, uncut(specs[name], value, value, full) ?? null];
    }),
  );
}
