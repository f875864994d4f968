/** Sync and page tokens of the People API: opaque to clients, self-contained for the simulator. */

import { parametersOf } from '../calendar/tokens.ts';
import { decodeToken } from '../opaque.ts';
import { expiredSyncToken, invalidArgument } from './errors.ts';
import type { AddressBook } from './model.ts';

/** [V] 3: counted from the full sync, not from the last use. */
const LIFETIME_MS = 7 * 86_400_000;

export interface SyncToken {
  kind: 'sync';
  account: string;
  epoch: number;
  /** Changes above this number are news. */
  since: number;
  /** When the full sync began, ms since the epoch. */
  fullAt: number;
  parameters: string;
}

export interface PageToken {
  kind: 'page';
  account: string;
  /** Change number of the last item already sent. */
  after: number;
  /** Where the sync token of the last page starts. */
  upTo: number;
  fullAt: number;
  parameters: string;
}

const decode = (text: string) => decodeToken<SyncToken | PageToken>(text);

/** All parameters but the tokens: they must be those of the first call. */
export function constantParameters(query: URLSearchParams): string {
  return parametersOf(query, ['syncToken']);
}

export function readSyncToken(
  text: string,
  book: AddressBook,
  parameters: string,
  now: number,
): SyncToken {
  const token = decode(text);
  if (token?.kind !== 'sync' || token.account !== book.email) {
    throw invalidArgument('Invalid sync token.');
  }
  if (token.epoch !== book.tokenEpoch || now >= token.fullAt + LIFETIME_MS) {
    throw expiredSyncToken();
  }
  if (token.parameters !== parameters) {
    throw invalidArgument(
      'Parameters must match those of the request that returned the sync token.',
    );
  }
  return token;
}

export function readPageToken(text: string, book: AddressBook, parameters: string): PageToken {
  const token = decode(text);
  if (token?.kind !== 'page' || token.account !== book.email) {
    throw invalidArgument('Invalid page token.');
  }
  if (token.parameters !== parameters) {
    throw invalidArgument('Parameters must match those of the first page.');
  }
  return token;
}
