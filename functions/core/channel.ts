import { createHash, timingSafeEqual } from 'node:crypto';
import type { Channel } from './records.ts';

const HOUR_MS = 3_600_000;
/** Left of a channel when the next one is made: maintain comes once a day. */
const RENEW_BEFORE_MS = 26 * HOUR_MS;
/** What is asked for; the stricter of this and Google's own limit holds (google-contracts 1.6). */
export const WISHED_MS = 30 * 24 * HOUR_MS;

/** SHA-256 of a channel's token: nobody who reads the state can ring. */
export const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

/** Compares in constant time. */
export function isTokenOf({ secret }: Pick<Channel, 'secret'>, token: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(token), 'hex'), Buffer.from(secret, 'hex'));
}

/** When a channel's successor is made: well before its end, but not at once if it is a short one. */
export const renewAt = (madeAt: number, expiresAt: number) =>
  expiresAt - Math.min(RENEW_BEFORE_MS, (expiresAt - madeAt) / 4);
