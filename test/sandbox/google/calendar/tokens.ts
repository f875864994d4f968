/** Sync and page tokens: opaque to clients, self-contained for the simulator. */
import { decodeToken } from '../opaque.ts';
import { ApiError, invalid } from '../protocol.ts';

export interface SyncToken {
  kind: 'sync';
  collection: string;
  epoch: number;
  /** Changes above this number are news. */
  since: number;
  /** Parameters that must stay the same. */
  parameters: string;
  timeMin: number | null;
  timeMax: number | null;
}

export interface PageToken {
  kind: 'page';
  collection: string;
  /** Sort key of the last item already sent. */
  after: string;
  /** Change number when the first page was read; the sync token starts there. */
  began: number;
  /** All parameters of the listing, which must stay the same between pages. */
  parameters: string;
}

const decode = (text: string) => decodeToken<SyncToken | PageToken>(text);

/** [V] 1.1: 410 fullSyncRequired for a token that is unknown or no longer valid. */
export function readSyncToken(text: string, collection: string, epoch: number): SyncToken {
  const token = decode(text);
  if (token?.kind !== 'sync' || token.collection !== collection || token.epoch !== epoch) {
    throw new ApiError(
      410,
      'fullSyncRequired',
      'Sync token is no longer valid, a full sync is required.',
      {
        domain: 'calendar',
        location: 'syncToken',
      },
    );
  }
  return token;
}

export function readPageToken(text: string, collection: string): PageToken {
  const token = decode(text);
  if (token?.kind !== 'page' || token.collection !== collection) {
    throw invalid('Invalid page token value.', 'pageToken');
  }
  return token;
}

/** Google leaves undefined what a page of another listing holds; the simulator refuses. */
export function samePages(page: PageToken | null, parameters: string): void {
  if (!page || page.parameters === parameters) return;
  throw invalid(
    `The parameters must not change between pages: ${differing(page.parameters, parameters)}`,
    'pageToken',
  );
}

/** Parameters that never select items. */
const NEUTRAL = new Set([
  'alt',
  'prettyPrint',
  'key',
  'quotaUser',
  'userIp',
  'fields',
  'access_token',
  'oauth_token',
  'pageToken',
  'alwaysIncludeEmail',
  '$.xgafv',
]);

/** The parameters of a listing in one canonical text, without the named ones. */
export function parametersOf(query: URLSearchParams, without: readonly string[] = []): string {
  const kept = [...query].filter(([name]) => !NEUTRAL.has(name) && !without.includes(name));
  return JSON.stringify(kept.map(([name, value]) => `${name}=${value}`).sort());
}

/** Which parameters differ, for a message that helps. */
export function differing(a: string, b: string): string {
  const left = new Set<string>(JSON.parse(a));
  const right = new Set<string>(JSON.parse(b));
  const all = [...left, ...right].filter((item) => !(left.has(item) && right.has(item)));
  return [...new Set(all.map((item) => item.split('=')[0]))].join(', ');
}
