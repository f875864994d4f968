import { createHash } from 'node:crypto';
import type { RecordType } from './fields.ts';

/** SHA-256 as lower-case hex: legal as a Google event id (base32hex) and as a document id. */
export function digest(...parts: (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Document id of a link, from what it was born as. */
export function linkId(record: RecordType, born: { crmId: string } | { googleId: string }): string {
  return 'crmId' in born
    ? `${record}-c-${digest(born.crmId).slice(0, 32)}`
    : `${record}-g-${digest(born.googleId).slice(0, 32)}`;
}

/** The id of a link's google-change: its number can be read from it, its content cannot. */
export const changeIdOf = (number: number, ...parts: string[]) =>
  `${digest(number, ...parts).slice(0, 32)}-${number}`;

/** The number of the google-change with this id; 0 when the id is of another kind. */
export const changeNumber = (changeId: string) => Number(/-(\d+)$/.exec(changeId)?.[1] ?? 0);
