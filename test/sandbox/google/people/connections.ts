/** people.connections.list: full and incremental (google-contracts 3). */

import { flag } from '../calendar/request.ts';
import { encodeToken } from '../opaque.ts';
import type { Answer, AuthorizedCall } from '../protocol.ts';
import { invalidArgument } from './errors.ts';
import { readMask } from './mask.ts';
import { presentPerson } from './present.ts';
import { bookOf, pageSize } from './request.ts';
import { constantParameters, readPageToken, readSyncToken } from './tokens.ts';

/** GET /v1/people/{id}/connections. */
export function listConnections(call: AuthorizedCall): Answer {
  const { workspace, query } = call;
  const { people } = workspace;
  // [V] people/me only.
  if (call.params.id !== 'me') throw invalidArgument('Resource name must be people/me.');
  const mask = readMask(query.get('personFields'), 'personFields');
  const size = Math.min(pageSize(query, 100, 1000), workspace.mostOnPage);
  const book = bookOf(call);
  const parameters = constantParameters(query);
  const now = workspace.now();
  const syncText = query.get('syncToken');
  const sync = syncText === null ? null : readSyncToken(syncText, book, parameters, now);
  const pageText = query.get('pageToken');
  const page = pageText === null ? null : readPageToken(pageText, book, parameters);
  if (!sync && !page) spendFullSync(call);

  // A person's own app shows at once what it has written.
  const shownAt = sync ? now - (call.lagMs ?? 0) : now;
  const at = call.identity.clientId === null ? Number.POSITIVE_INFINITY : shownAt;
  const { versions, upTo } = people.listed(book, at);
  const began = page?.upTo ?? upTo;
  const since = sync?.since ?? 0;
  const items = versions
    // [V] Deleted contacts come only in sync requests.
    .filter(({ version }) => version.changed > since && (sync || version.fields))
    .filter(({ version }) => version.changed > (page?.after ?? 0))
    // [V] LAST_MODIFIED_ASCENDING.
    .sort((a, b) => a.version.changed - b.version.changed);
  const shown = items.slice(0, size);
  const last = shown.at(-1);
  const more = items.length > size && last !== undefined;
  const fullAt = sync?.fullAt ?? page?.fullAt ?? now;
  const common = { account: book.email, fullAt, parameters };
  const living = versions.filter(({ version }) => version.fields).length;
  return {
    status: 200,
    json: {
      // [P] A page with nothing to report has no list at all.
      ...(shown.length > 0 && {
        connections: shown.map(({ contact, version }) =>
          presentPerson(contact, version, mask, sync !== null),
        ),
      }),
      ...(more && {
        nextPageToken: encodeToken({
          kind: 'page',
          ...common,
          after: last.version.changed,
          upTo: began,
        }),
      }),
      // [V] Only on the last page, only on request.
      ...(!more &&
        flag(query, 'requestSyncToken') && {
          nextSyncToken: encodeToken({
            kind: 'sync',
            ...common,
            epoch: book.tokenEpoch,
            since: began,
          }),
        }),
      ...(!sync && { totalPeople: living, totalItems: living }),
    },
  };
}

/** [V] The first page of a full sync has a fixed quota of its own. */
function spendFullSync({ workspace, identity }: AuthorizedCall): void {
  if (identity.clientId === null) return;
  const { clientId, email } = identity;
  workspace.quota.spend('people.fullSync', clientId, email, 1, workspace.now());
}
