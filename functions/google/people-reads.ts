/** Contacts by name, and what the single answers of People's typed batches mean. */
import type { people_v1 } from '@googleapis/people';
import { SyncError } from '../errors.ts';
import type { GoogleSession, Result } from '../sync/collection.ts';
import { kindOf } from './failure.ts';
import { CONTACT_FIELDS, type PeopleCalls, SOURCES } from './people-calls.ts';

type Person = people_v1.Schema$Person;

/** What getBatchGet takes. */
const BATCH = 200;

/** Contacts by resource name, in the order asked: at once what was written. */
export async function readPersons(
  calls: PeopleCalls,
  session: GoogleSession,
  names: string[],
): Promise<Result<Person>[]> {
  const found = new Map<string, Result<Person>>();
  for (const resourceNames of slices([...new Set(names)], BATCH)) {
    const call = await calls.client.capture((o) =>
      calls.api.people.getBatchGet(
        { resourceNames, personFields: CONTACT_FIELDS, sources: SOURCES },
        o,
      ),
    );
    const [result] = await calls.client.perform(session, [call]);
    for (const name of resourceNames) if (result && !result.ok) found.set(name, result);
    for (const response of (result?.ok && result.data.responses) || []) {
      found.set(response.requestedResourceName ?? '', resultOf(response));
    }
  }
  return names.map((resourceName): Result<Person> => {
    const result = found.get(resourceName) ?? failed(503, 'noAnswer');
    const gone = !result.ok && result.error.kind === 'gone';
    return gone ? { ok: true, data: { resourceName, metadata: { deleted: true } } } : result;
  });
}

/** One contact of a batch, with a status of its own. */
export function resultOf(response: people_v1.Schema$PersonResponse): Result<Person> {
  const { httpStatusCode, status, person } = response;
  const code = status?.code ?? 0;
  const http = httpStatusCode ?? HTTP[code] ?? 500;
  if (code === 0 && http < 300 && person) return { ok: true, data: person };
  return failed(
    http < 300 ? (HTTP[code] ?? 500) : http,
    code === 9 ? 'failedPrecondition' : 'refused',
  );
}

/** google.rpc.Code → HTTP status. */
const HTTP: { [code: number]: number } = {
  0: 200,
  3: 400,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  13: 500,
  14: 503,
};

/** What may pass is left for later: the batch itself was answered and is not repeated for one of it. */
export function failed(status: number, reason: string): Result<never> {
  const kind = kindOf(status, reason);
  return { ok: false, error: new SyncError(kind === 'retry' ? 'later' : kind, reason, { status }) };
}

/** The pieces of a list. */
export function slices<T>(list: T[], size: number): T[][] {
  const pieces: T[][] = [];
  for (let at = 0; at < list.length; at += size) pieces.push(list.slice(at, at + size));
  return pieces;
}
