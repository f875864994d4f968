/** JSON values: everything that a record's field can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * A record's fields in canonical form. An absent key means "no word on it"; `null` means "empty".
 * @see ARCHITECTURE.md, "Values"
 */
export type Fields = { [field: string]: Json };

/** The record types that are synchronised. The engine treats them alike. */
export type RecordType = 'appointment' | 'contact' | 'task';

/** Deep equality of JSON values; an absent value equals `null` (both sides hold nothing). */
export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  return canonicalJson(a ?? null) === canonicalJson(b ?? null);
}

/** JSON text with sorted keys, so that equal values have equal texts. Keys that hold null are left out. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value)
      .filter(([, v]) => v !== null && v !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`);
    return `{${entries.join(',')}}`;
  }
  return JSON.stringify(value);
}
