import { isSyncError, SyncError } from '../errors.ts';
import type { GoogleSession } from '../sync/collection.ts';
import type { TypedCall } from './client.ts';
import type { TaskCalls } from './tasks.ts';

/**
 * The id of the list with this title, or of a new one. A list holds nothing but its title: once its id
 * is known, the title is the user's business.
 */
export async function settleList(
  calls: TaskCalls,
  session: GoogleSession,
  title: string,
): Promise<string> {
  const { client, api } = calls;
  let pageToken: string | undefined;
  do {
    const params = { maxResults: 1000, ...(pageToken && { pageToken }) };
    const call = await client.capture((o) => api.tasklists.list(params, o));
    const page = await only(calls, session, call);
    const found = page.items?.find((list) => list.title === title);
    if (found?.id) return found.id;
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined);
  const call = await client.capture((o) => api.tasklists.insert({ requestBody: { title } }, o));
  // Not repeated blindly: after a lost answer the next run finds the list by its title.
  const { id } = await only(calls, session, call, { once: true });
  if (!id) throw new SyncError('later', 'noListId');
  return id;
}

/** Whether the user still has the list. Throws SyncError when Google does not say. */
export async function listExists(
  { client, api }: TaskCalls,
  session: GoogleSession,
  tasklist: string,
): Promise<boolean> {
  const call = await client.capture((o) => api.tasklists.get({ tasklist }, o));
  const [result] = await client.perform(session, [call]);
  if (result?.ok) return true;
  if (isSyncError(result?.error, 'gone')) return false;
  throw result?.error ?? new Error('no result');
}

/** The data of a single call; throws its error. */
async function only<T>(
  { client }: TaskCalls,
  session: GoogleSession,
  call: TypedCall<T>,
  options = { once: false },
): Promise<T> {
  const [result] = await client.perform(session, [call], options);
  if (!result?.ok) throw result?.error ?? new Error('no result');
  return result.data;
}
