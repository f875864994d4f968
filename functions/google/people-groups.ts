/** The contact group, "label" to people, that holds the contacts of the CRM. */
import type { people_v1 } from '@googleapis/people';
import { isSyncError, SyncError } from '../errors.ts';
import type { GoogleSession } from '../sync/collection.ts';
import { only, type PeopleCalls } from './people-calls.ts';

type Group = people_v1.Schema$ContactGroup;

/** In the group's client data: how it is found again, whatever it is called by then. */
const MARK = { key: 'crmSyncGroup', value: 'contacts' };
const FIELDS = 'name,clientData,groupType,metadata';
/** Names that are tried where people have used the first ones themselves. */
const MOST_NAMES = 10;

/** Whether the user still has the label. */
export async function groupExists(
  calls: PeopleCalls,
  session: GoogleSession,
  resourceName: string,
): Promise<boolean> {
  const call = await calls.client.capture((o) =>
    calls.api.contactGroups.get({ resourceName, groupFields: FIELDS }, o),
  );
  const [result] = await calls.client.perform(session, [call]);
  if (result?.ok) return result.data.metadata?.deleted !== true;
  if (isSyncError(result?.error, 'gone')) return false;
  throw result?.error ?? new Error('no result');
}

/** The resource name of the group: the one that carries our mark, or a new one. */
export async function settleGroup(
  calls: PeopleCalls,
  session: GoogleSession,
  name: string,
): Promise<string> {
  const groups = await listGroups(calls, session);
  const ours = groups.find(isOurs)?.resourceName;
  if (ours) return ours;
  const taken = new Set(groups.map((group) => group.name));
  const names = Array.from({ length: MOST_NAMES }, (_, i) => (i === 0 ? name : `${name} ${i + 1}`));
  const free = names.find((one) => !taken.has(one));
  if (free === undefined) throw new SyncError('later', 'labelNamesTaken');
  const call = await calls.client.capture((o) =>
    calls.api.contactGroups.create(
      {
        requestBody: { contactGroup: { name: free, clientData: [MARK] }, readGroupFields: FIELDS },
      },
      o,
    ),
  );
  const [result] = await calls.client.perform(session, [call], { once: true });
  if (result?.ok && result.data.resourceName) return result.data.resourceName;
  // 409: made by a run whose answer was lost, and not listed yet. It will be.
  const error = result && !result.ok ? result.error : undefined;
  throw error && !isSyncError(error, 'exists', 'retry')
    ? error
    : new SyncError('later', error?.reason ?? 'noLabelId');
}

const isOurs = (group: Group) =>
  group.metadata?.deleted !== true &&
  group.clientData?.some(({ key, value }) => key === MARK.key && value === MARK.value) === true;

async function listGroups(calls: PeopleCalls, session: GoogleSession): Promise<Group[]> {
  const groups: Group[] = [];
  let pageToken: string | undefined;
  do {
    const params = { pageSize: 1000, groupFields: FIELDS, ...(pageToken && { pageToken }) };
    const call = await calls.client.capture((o) => calls.api.contactGroups.list(params, o));
    const page = await only(calls, session, call);
    groups.push(...(page.contactGroups ?? []));
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined);
  return groups;
}
