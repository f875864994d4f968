import { createHash } from 'node:crypto';
import type { RecordType } from './fields.ts';
import type { Link } from './records.ts';

/** SHA-256 as lower-case hex: legal as a Google event id (base32hex) and as a document id. */
export function digest(...parts: (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** By which the copies of an object that was written for a record are known, whoever sees them. */
export const referenceOf = (record: RecordType, crmId: string): string =>
  digest(record, crmId).slice(0, 32);

/** Document id of a link, from what it was born as. */
export function linkId(record: RecordType, born: { crmId: string } | { googleId: string }): string {
  return 'crmId' in born
    ? `${record}-c-${digest(born.crmId).slice(0, 32)}`
    : `${record}-g-${digest(born.googleId).slice(0, 32)}`;
}

/** The id of a link's google-change: number and user can be read from it, its content cannot. */
export const changeIdOf = (number: number, userId: string, ...parts: string[]) =>
  `${digest(number, userId, ...parts).slice(0, 24)}${tagOf(userId)}-${number}`;

/**
 * The number of the user's google-change with this id; 0 when it is another user's, who owned the record
 * before and whose changes are counted apart, or of another kind.
 */
export function changeNumber(changeId: string, userId: string): number {
  const [, tag, number] = /(.{8})-(\d+)$/.exec(changeId) ?? [];
  return tag === tagOf(userId) ? Number(number) : 0;
}

const tagOf = (userId: string) => digest('user', userId).slice(0, 8);

/** For an index by name, in which the last one wins: a tombstone may stand beside the record that has its object again. */
export const liveLast = (links: Link[]): Link[] =>
  links.toSorted((a, b) => Number(a.state === 'live') - Number(b.state === 'live'));
