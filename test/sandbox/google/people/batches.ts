/** The typed batches of the People API (google-contracts 2 and 3). */
import { type Answer, ApiError, type AuthorizedCall } from '../protocol.ts';
import { invalidArgument, unknownEntity } from './errors.ts';
import { readMask, writeMask } from './mask.ts';
import type { Entry } from './model.ts';
import { presentPerson } from './present.ts';
import { bookOf, listIn, maskIn, readJson } from './request.ts';
import { fieldsOfNew, update } from './write.ts';

/** POST /v1/people:batchCreateContacts: at most 200; one bad contact refuses the whole. */
export function batchCreateContacts(call: AuthorizedCall): Answer {
  const { people } = call.workspace;
  const body = readJson(call);
  const contacts = listIn<{ contactPerson?: Entry }>(body, 'contacts', 200);
  const mask = optionalReadMask(body);
  const book = bookOf(call);
  for (const { contactPerson } of contacts) {
    if (!contactPerson) throw invalidArgument('contacts.contactPerson must be set.');
  }
  const checked = contacts.map(({ contactPerson }, i) =>
    fieldsOfNew(people, book, contactPerson as Entry, i),
  );
  const made = checked.map((fields) => people.create(book, fields));
  // [V] An empty readMask skips the read after the write: no data comes back.
  if (!mask) return { status: 200, json: {} };
  return {
    status: 200,
    json: {
      createdPeople: made.map(({ contact, version }) => ({
        httpStatusCode: 200,
        person: presentPerson(contact, version, mask),
        requestedResourceName: version.resourceName,
        status: {},
      })),
    },
  };
}

/** POST /v1/people:batchUpdateContacts: at most 200, each answered with its own status. */
export function batchUpdateContacts(call: AuthorizedCall): Answer {
  const { people } = call.workspace;
  const body = readJson(call);
  const contacts = Object.entries((body.contacts ?? {}) as Record<string, Entry>);
  if (contacts.length === 0) throw invalidArgument('contacts must be set.');
  if (contacts.length > 200) throw invalidArgument('contacts: at most 200 are allowed.');
  const paths = writeMask(maskIn(body, 'updateMask'), 'updateMask');
  const mask = optionalReadMask(body);
  const book = bookOf(call);
  const updateResult: Record<string, Entry> = {};
  for (const [name, person] of contacts) {
    updateResult[name] = { requestedResourceName: name };
    try {
      const { contact, version } = update(people, book, name, person, paths);
      Object.assign(updateResult[name], {
        httpStatusCode: 200,
        status: {},
        ...(mask && { person: presentPerson(contact, version, mask) }),
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      Object.assign(updateResult[name], {
        httpStatusCode: error.code,
        status: { code: RPC_CODES[error.status ?? ''] ?? 2, message: error.message },
      });
    }
  }
  return { status: 200, json: mask ? { updateResult } : {} };
}

/**
 * POST /v1/people:batchDeleteContacts: at most 500. The answer is empty, so there is no status per
 * contact; [R] what an unknown name does is not documented: here nothing is deleted then.
 */
export function batchDeleteContacts(call: AuthorizedCall): Answer {
  const { people } = call.workspace;
  const names = listIn<string>(readJson(call), 'resourceNames', 500);
  const book = bookOf(call);
  const found = [...new Set(names)].map((name) => people.find(book, name));
  if (found.includes(undefined)) throw unknownEntity();
  for (const live of found) if (live) people.remove(book, live);
  return { status: 200, json: {} };
}

function optionalReadMask(body: Record<string, unknown>): ReadonlySet<string> | null {
  const text = maskIn(body, 'readMask');
  return text === '' ? null : readMask(text, 'readMask');
}

/** google.rpc.Code. */
const RPC_CODES: Record<string, number> = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  FAILED_PRECONDITION: 9,
};
