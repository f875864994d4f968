/**
 * The contacts of one label: read by people.connections.list, written by People's typed batches.
 * Google wants the mutates of a user one after the other; a run is the only one of its user, and every
 * call here waits for the one before.
 * https://developers.google.com/people/api/rest
 */
import { people as createPeople, type people_v1 } from '@googleapis/people';
import { contactCodec, isMember, markerOf } from '../core/contact.ts';
import { isSyncError, SyncError } from '../errors.ts';
import {
  type Collection,
  errorOf,
  type GoogleSession,
  type Page,
  type Places,
  type Result,
} from '../sync/collection.ts';
import type { ApiClient } from './client.ts';
import { CONTACT_FIELDS, type PeopleCalls, SOURCES } from './people-calls.ts';
import { groupExists, settleGroup } from './people-groups.ts';
import { readPersons } from './people-reads.ts';
import { writePersons } from './people-writes.ts';
import { scopes } from './scopes.ts';

type Person = people_v1.Schema$Person;

/** Google's "several minutes" until a write shows in listings, with a good margin. */
const SETTLES_MS = 15 * 60_000;
/** Counted from the full sync. people.connections.list */
const TOKEN_LIFE_MS = 7 * 86_400_000;
const PAGE_SIZE = '1000';
/** What batchCreateContacts and batchUpdateContacts take. */
const BATCH = 200;
/** What members.modify takes. */
const MOST_MEMBERS = 1000;

/** The user's contacts with the label that the sync makes; `name` is what it is called when it is made. */
export function contactCollection(
  client: ApiClient,
  { name }: { name: string },
): Collection<Person> {
  const calls: PeopleCalls = { client, api: createPeople('v1') };
  const places: Places<Person> = {
    settle: async (session, known) => known ?? settleGroup(calls, session, name),
    exists: (session, place) => groupExists(calls, session, place),
    at: (place) => ({ ...contactsOf(calls, place), places }),
    settled: (known) => known !== undefined,
    reaches: () => true,
  };
  return places.at(undefined);
}

/** Contacts with the label; without one (it is still to be made) there are none. */
function contactsOf(calls: PeopleCalls, group: string | undefined): Collection<Person> {
  const { client, api } = calls;
  async function demandLabel(session: GoogleSession): Promise<void> {
    if (group && !(await groupExists(calls, session, group)))
      throw new SyncError('lost', 'placeGone');
  }
  /** That contacts are gone, or have lost the label, is news of them only while there is the label. */
  async function labelled(session: GoogleSession, persons: Person[]): Promise<void> {
    if (persons.some((p) => group && !isMember(p, group))) await demandLabel(session);
  }
  async function listPage(
    session: GoogleSession,
    params: people_v1.Params$Resource$People$Connections$List,
  ): Promise<Page<Person>> {
    const call = await client.capture((o) =>
      api.people.connections.list({ resourceName: 'people/me', ...params }, o),
    );
    const [result] = await client.perform(session, [call]);
    if (!result?.ok) throw result?.error ?? new Error('no result');
    const { connections = [], nextPageToken, nextSyncToken } = result.data;
    return {
      items: connections,
      ...(nextPageToken && { nextPageToken }),
      ...(nextSyncToken && { token: nextSyncToken }),
    };
  }
  async function get(session: GoogleSession, names: string[]): Promise<Result<Person>[]> {
    const results = await readPersons(calls, session, names);
    await labelled(
      session,
      results.flatMap((r) => (r.ok ? [r.data] : [])),
    );
    return results;
  }
  return {
    codec: contactCodec(group),
    scope: scopes.contacts,
    ...(group !== undefined && { place: group }),
    chunk: BATCH,
    settlesMs: SETTLES_MS,
    tokenLifeMs: TOKEN_LIFE_MS,
    renames: true,
    listing: () => ({ personFields: CONTACT_FIELDS, pageSize: PAGE_SIZE, sources: SOURCES.join() }),
    async list(session, { token, params }, _window, pageToken) {
      const page = await listPage(session, {
        // Exactly those of the full listing, or the token is refused.
        personFields: params.personFields ?? CONTACT_FIELDS,
        pageSize: Number(params.pageSize ?? PAGE_SIZE),
        sources: (params.sources ?? SOURCES.join()).split(','),
        requestSyncToken: true,
        ...(token !== undefined && { syncToken: token }),
        ...(pageToken !== undefined && { pageToken }),
      });
      await labelled(session, page.items);
      return page;
    },
    async find(session, crmIds) {
      const wanted = new Set(crmIds);
      const found: Person[] = [];
      let pageToken: string | undefined;
      do {
        const page: Page<Person> = await listPage(session, {
          personFields: CONTACT_FIELDS,
          pageSize: Number(PAGE_SIZE),
          sources: SOURCES,
          ...(pageToken !== undefined && { pageToken }),
        });
        found.push(...page.items.filter((p) => wanted.has(markerOf(p)?.crmId ?? '')));
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      return found;
    },
    get,
    async write(session, writes) {
      const results = await writePersons(calls, session, group, writes);
      if (results.some(isRefused)) await demandLabel(session);
      return results;
    },
    async join(session, names) {
      for (let at = 0; at < names.length; at += MOST_MEMBERS) {
        const some = names.slice(at, at + MOST_MEMBERS);
        const call = await client.capture((o) =>
          api.contactGroups.members.modify(
            { resourceName: group ?? '', requestBody: { resourceNamesToAdd: some } },
            o,
          ),
        );
        const [result] = await client.perform(session, [call]);
        // Deleted as well, while the contacts came into it: or nobody would ever make another one.
        if (isRefused(result)) await demandLabel(session);
        if (!result?.ok) throw result?.error ?? new Error('no result');
      }
      return get(session, names);
    },
  };
}

const isRefused = (result: Result<unknown> | undefined) =>
  isSyncError(errorOf(result), 'gone', 'park');
