/** People's typed batches: creating, updating and deleting many contacts in one call. */
import type { people_v1 } from '@googleapis/people';
import { markerOf } from '../core/contact.ts';
import type { CollectionWrite, GoogleSession, Result } from '../sync/collection.ts';
import { CONTACT_FIELDS, type PeopleCalls, SOURCES } from './people-calls.ts';
import { failed, resultOf, slices } from './people-reads.ts';
import { removePersons } from './people-removal.ts';

type Person = people_v1.Schema$Person;
type Write = CollectionWrite<Person>;
type Written = Result<Person | undefined>;
type Kind<K extends Write['kind']> = Extract<Write, { kind: K }>;

/** What batchCreateContacts and batchUpdateContacts take. */
const BATCH = 200;
const MOST_DELETED = 500;

/** Each write's result, in the order given. */
export async function writePersons(
  calls: PeopleCalls,
  session: GoogleSession,
  group: string | undefined,
  writes: Write[],
): Promise<Written[]> {
  const results = new Map<Write, Written>();
  const ofKind = <K extends Write['kind']>(kind: K) =>
    writes.filter((write): write is Kind<K> => write.kind === kind);
  for (const some of slices(ofKind('insert'), BATCH)) await create(calls, session, some, results);
  // One mask for a whole batch: together goes what changes the same lists.
  for (const [mask, same] of Map.groupBy(ofKind('patch'), ({ body }) => Object.keys(body).join())) {
    for (const some of slices(same, BATCH)) await update(calls, session, mask, some, results);
  }
  for (const some of slices(ofKind('delete'), MOST_DELETED))
    await removePersons(calls, session, group, some, results);
  return writes.map((write) => results.get(write) ?? failed(503, 'noAnswer'));
}

/** One contact that Google refuses refuses its whole batch: the halves are tried, until it is alone. */
async function inHalves<W>(writes: W[], each: (some: W[]) => Promise<void>): Promise<void> {
  const half = Math.ceil(writes.length / 2);
  await each(writes.slice(0, half));
  await each(writes.slice(half));
}

async function create(
  calls: PeopleCalls,
  session: GoogleSession,
  writes: Kind<'insert'>[],
  results: Map<Write, Written>,
): Promise<void> {
  const call = await calls.client.capture((o) =>
    calls.api.people.batchCreateContacts(
      {
        requestBody: {
          contacts: writes.map(({ body }) => ({ contactPerson: body })),
          readMask: CONTACT_FIELDS,
          sources: SOURCES,
        },
      },
      o,
    ),
  );
  const [result] = await calls.client.perform(session, [call], { once: true });
  if (!result?.ok) {
    if (result?.error.kind === 'park' && writes.length > 1)
      return inHalves(writes, (some) => create(calls, session, some, results));
    const failure = result ?? failed(503, 'noAnswer');
    for (const write of writes) results.set(write, failure);
    return;
  }
  const { createdPeople = [] } = result.data;
  const idOf = (person: Person | undefined) => person && markerOf(person)?.crmId;
  const made = new Map(createdPeople.map((answer) => [idOf(answer.person), answer]));
  for (const [i, write] of writes.entries()) {
    const answer = made.get(idOf(write.body)) ?? createdPeople[i];
    results.set(write, answer ? resultOf(answer) : failed(503, 'noAnswer'));
  }
}

async function update(
  calls: PeopleCalls,
  session: GoogleSession,
  mask: string,
  writes: Kind<'patch'>[],
  results: Map<Write, Written>,
): Promise<void> {
  const [only] = writes;
  if (writes.length === 1 && only) {
    const call = await calls.client.capture((o) =>
      calls.api.people.updateContact(
        {
          resourceName: only.googleId,
          updatePersonFields: mask,
          personFields: CONTACT_FIELDS,
          sources: SOURCES,
          requestBody: conditional(only),
        },
        o,
      ),
    );
    const [result] = await calls.client.perform(session, [call]);
    results.set(only, result ?? failed(503, 'noAnswer'));
    return;
  }
  const call = await calls.client.capture((o) =>
    calls.api.people.batchUpdateContacts(
      {
        requestBody: {
          contacts: Object.fromEntries(writes.map((w) => [w.googleId, conditional(w)])),
          updateMask: mask,
          readMask: CONTACT_FIELDS,
          sources: SOURCES,
        },
      },
      o,
    ),
  );
  const [result] = await calls.client.perform(session, [call]);
  if (result?.ok === false && result.error.kind === 'park')
    return inHalves(writes, (some) => update(calls, session, mask, some, results));
  for (const write of writes) {
    const answer = result?.ok ? result.data.updateResult?.[write.googleId] : undefined;
    const whole = result?.ok === false ? result : failed(503, 'noAnswer');
    results.set(write, answer ? resultOf(answer) : whole);
  }
}

/** The etag that an update has to name is the contact source's. */
const conditional = ({ body, googleId, etag }: Kind<'patch'>): Person => ({
  ...body,
  resourceName: googleId,
  metadata: { sources: [{ type: 'CONTACT', ...(etag !== undefined && { etag }) }] },
});
