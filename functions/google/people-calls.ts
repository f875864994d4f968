import type { people_v1 } from '@googleapis/people';
import type { GoogleSession } from '../sync/collection.ts';
import type { ApiClient, TypedCall } from './client.ts';

/** The People API, and how its calls are performed. */
export interface PeopleCalls {
  client: ApiClient;
  api: people_v1.People;
}

/** The person fields that are read: what the codec maps, and what it knows a contact by. */
export const CONTACT_FIELDS = [
  'addresses',
  'biographies',
  'birthdays',
  'clientData',
  'emailAddresses',
  'memberships',
  'metadata',
  'names',
  'organizations',
  'phoneNumbers',
  'urls',
].join();

/** Profiles are their owners' business. */
export const SOURCES = ['READ_SOURCE_TYPE_CONTACT'];

/** The data of a single call; throws its error. */
export async function only<T>(
  { client }: PeopleCalls,
  session: GoogleSession,
  call: TypedCall<T>,
): Promise<T> {
  const [result] = await client.perform(session, [call]);
  if (!result?.ok) throw result?.error ?? new Error('no result');
  return result.data;
}
