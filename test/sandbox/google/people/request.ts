/** Reads parameters and bodies of People calls. */
import { readJson } from '../calendar/request.ts';
import type { AuthorizedCall } from '../protocol.ts';
import { invalidArgument } from './errors.ts';
import type { AddressBook } from './model.ts';

export { readJson };

/** The caller's own address book. */
export function bookOf(call: AuthorizedCall): AddressBook {
  return call.workspace.people.book(call.identity.email);
}

/** A page size in a range; 0 or left out: the default. */
export function pageSize(query: URLSearchParams, standard: number, most: number): number {
  const text = query.get('pageSize');
  const value = Number(text ?? 0);
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw invalidArgument(`Page size must be within the range of [1, ${most}].`);
  }
  return value === 0 ? standard : value;
}

/** A list in a body, with its limit. */
export function listIn<T>(body: Record<string, unknown>, name: string, most: number): T[] {
  const list = body[name];
  if (!Array.isArray(list) || list.length === 0) throw invalidArgument(`${name} must be set.`);
  if (list.length > most) throw invalidArgument(`${name}: at most ${most} are allowed.`);
  return list as T[];
}

/** A mask in a body: one text, or a list of paths. */
export function maskIn(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  return Array.isArray(value) ? value.join(',') : typeof value === 'string' ? value : '';
}
