/** people.get and people.getBatchGet (google-contracts 3). */
import type { Answer, AuthorizedCall } from '../protocol.ts';
import { invalidArgument, unknownEntity } from './errors.ts';
import { readMask } from './mask.ts';
import type { Entry } from './model.ts';
import { presentPerson } from './present.ts';
import { bookOf } from './request.ts';

/** GET /v1/people/{id}: at once what was written. */
export function get(call: AuthorizedCall): Answer {
  const mask = readMask(call.query.get('personFields'), 'personFields');
  const person = personOf(call, `people/${call.params.id}`, mask);
  if (!person) throw unknownEntity();
  return { status: 200, json: person };
}

/** GET /v1/people:batchGet. */
export function getBatchGet(call: AuthorizedCall): Answer {
  const mask = readMask(call.query.get('personFields'), 'personFields');
  const names = call.query.getAll('resourceNames');
  if (names.length === 0) throw invalidArgument('resourceNames must be set.');
  if (names.length > 200) throw invalidArgument('resourceNames: at most 200 are allowed.');
  const responses = names.map((requestedResourceName) => {
    const person = personOf(call, requestedResourceName, mask);
    return person
      ? { httpStatusCode: 200, person, requestedResourceName, status: {} }
      : {
          httpStatusCode: 404,
          requestedResourceName,
          status: { code: 5, message: 'Requested entity was not found.' },
        };
  });
  return { status: 200, json: { responses } };
}

function personOf(call: AuthorizedCall, name: string, mask: ReadonlySet<string>): Entry | null {
  const { people, oauth } = call.workspace;
  if (name === 'people/me') {
    const { sub, name: displayName, email } = oauth.accountFor(call.identity.email);
    return {
      resourceName: `people/${sub}`,
      etag: `%E${sub}`,
      ...(mask.has('names') && { names: [{ displayName }] }),
      ...(mask.has('emailAddresses') && { emailAddresses: [{ value: email }] }),
    };
  }
  const live = people.find(bookOf(call), name);
  return live ? presentPerson(live.contact, live.version, mask) : null;
}
