/** Reads parameters and bodies of Calendar calls. */
import { ApiError, type AuthorizedCall, invalid } from '../protocol.ts';

/** The JSON object in the body. */
export function readJson(call: AuthorizedCall): Record<string, unknown> {
  if (call.body.trim() === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(call.body);
  } catch {
    throw new ApiError(400, 'parseError', 'Parse Error');
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new ApiError(400, 'parseError', 'Parse Error');
  }
  return parsed as Record<string, unknown>;
}

/** A boolean parameter. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  if (value === null || value === 'false') return false;
  if (value === 'true') return true;
  throw invalid(`Invalid boolean value: '${value}'.`, name);
}

/** A whole number in a range, or the default; above the cap it is cut (1.1: max 2500). */
export function count(query: URLSearchParams, name: string, standard: number, cap: number): number {
  const text = query.get(name);
  if (text === null) return standard;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw invalid(`Invalid integer value: '${text}'.`, name);
  }
  return Math.min(value, cap);
}

/** An RFC 3339 instant with an offset, in ms without the fraction (1.3). */
export function instant(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  const valid = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text);
  const at = valid ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new ApiError(400, 'badRequest', 'Bad Request', { location: name });
  return Math.floor(at / 1000) * 1000;
}

/** Whether two JSON values are equal, whatever the order of their keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const name of names) if (!sameJson(left[name], right[name])) return false;
  return true;
}
