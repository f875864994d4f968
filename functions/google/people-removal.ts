/** Deleting contacts, or giving them back to the user who made them. */
import type { people_v1 } from '@googleapis/people';
import { etagOf, MY_CONTACTS, markerOf } from '../core/contact.ts';
import { SyncError } from '../errors.ts';
import type { CollectionWrite, GoogleSession, Result } from '../sync/collection.ts';
import { only, type PeopleCalls } from './people-calls.ts';
import { failed, readPersons } from './people-reads.ts';

type Person = people_v1.Schema$Person;
type Write = CollectionWrite<Person>;
type Written = Result<Person | undefined>;
type Kind<K extends Write['kind']> = Extract<Write, { kind: K }>;

/**
 * Google's delete takes no etag: what has changed since is noticed by reading just before. A contact
 * that the user made loses the label only; the CRM gives back what it never owned.
 */
export async function removePersons(
  calls: PeopleCalls,
  session: GoogleSession,
  group: string | undefined,
  writes: Kind<'delete'>[],
  results: Map<Write, Written>,
): Promise<void> {
  const read = await readPersons(
    calls,
    session,
    writes.map((w) => w.googleId),
  );
  const [deleted, unlabelled]: [Kind<'delete'>[], Kind<'delete'>[]] = [[], []];
  for (const [i, write] of writes.entries()) {
    const result = read[i] ?? failed(503, 'noAnswer');
    if (!result.ok) results.set(write, result);
    else if (result.data.metadata?.deleted) results.set(write, failed(404, 'notFound'));
    else if (write.etag !== undefined && write.etag !== etagOf(result.data))
      results.set(write, failed(400, 'failedPrecondition'));
    else if (markerOf(result.data)) deleted.push(write);
    else unlabelled.push(write);
  }
  await removeContacts(calls, session, deleted, results);
  if (unlabelled.length > 0) {
    const names = unlabelled.map((write) => write.googleId);
    const outcome = await takeOffLabel(calls, session, group, names);
    for (const write of unlabelled) results.set(write, outcome);
  }
}

async function removeContacts(
  calls: PeopleCalls,
  session: GoogleSession,
  writes: Kind<'delete'>[],
  results: Map<Write, Written>,
): Promise<void> {
  if (writes.length === 0) return;
  const resourceNames = writes.map((write) => write.googleId);
  const call = await calls.client.capture((o) =>
    calls.api.people.batchDeleteContacts({ requestBody: { resourceNames } }, o),
  );
  const [result] = await calls.client.perform(session, [call]);
  // One that is gone meanwhile (a repeated call: all), or that Google keeps, says nothing about the others.
  if (!result?.ok && ['gone', 'park'].includes(result?.error.kind ?? '') && writes.length > 1) {
    for (const write of writes) await removeContacts(calls, session, [write], results);
    return;
  }
  const outcome: Written = result?.ok
    ? { ok: true, data: undefined }
    : (result ?? failed(503, 'noAnswer'));
  for (const write of writes) results.set(write, outcome);
}

async function takeOffLabel(
  calls: PeopleCalls,
  session: GoogleSession,
  group: string | undefined,
  names: string[],
): Promise<Written> {
  const modify = async (resourceName: string, requestBody: object) =>
    only(
      calls,
      session,
      await calls.client.capture((o) =>
        calls.api.contactGroups.members.modify({ resourceName, requestBody }, o),
      ),
    );
  try {
    const label = group ?? '';
    const answer = await modify(label, { resourceNamesToRemove: names });
    const last = answer.canNotRemoveLastContactGroupResourceNames ?? [];
    if (last.length > 0) {
      // A contact is always in one group at least.
      await modify(MY_CONTACTS, { resourceNamesToAdd: last });
      await modify(label, { resourceNamesToRemove: last });
    }
    return { ok: true, data: undefined };
  } catch (error) {
    if (error instanceof SyncError && error.kind !== 'reauthorize') return { ok: false, error };
    throw error;
  }
}
