import type { Fields } from './fields.ts';
import type { CrmChange } from './messages.ts';
import type { Intent } from './records.ts';

/**
 * What a CRM message adds to the stored intent of its crmId; undefined when it adds nothing (an old or
 * repeated message). Every field follows the newest message that mentions it, so any order and any
 * repetition of messages ends in the same intent (P15): simply dropping an older message would lose
 * the fields on which the newer one has no word.
 */
export function mergeIntent(stored: Intent | undefined, change: CrmChange): Intent | undefined {
  if (stored && change.version === stored.version) return undefined;
  const newest = stored === undefined || change.version > stored.version;
  const floor =
    change.op === 'delete' ? Math.max(stored?.floor ?? -1, change.version) : (stored?.floor ?? -1);

  const data: Fields = {};
  const fieldVersions: Intent['fieldVersions'] = {};
  const take = (field: string, value: Fields[string], version: number) => {
    if (version < floor || version < (fieldVersions[field] ?? -1)) return;
    data[field] = value;
    fieldVersions[field] = version;
  };
  for (const [field, value] of Object.entries(stored?.data ?? {})) {
    take(field, value, stored?.fieldVersions[field] ?? -1);
  }
  if (change.op === 'upsert') {
    for (const [field, value] of Object.entries(change.data as Fields)) {
      if (value !== undefined) take(field, value, change.version);
    }
  }
  const adopted = newestGoogleId(stored, change);
  const adds =
    newest ||
    adopted.googleId !== stored.googleId ||
    floor !== stored.floor ||
    Object.keys(data).some((field) => fieldVersions[field] !== stored.fieldVersions[field]);
  if (!adds) return undefined;

  const owner = newest ? change.userId : stored.userId;
  // On a hand-over the old owner has work too: to take the record out of his or her calendar.
  const pendingFor = [
    ...new Set([...(stored?.pendingFor ?? []), ...(stored ? [stored.userId] : []), owner]),
  ];
  const seen = newest ? change.seen : stored.seen;
  return {
    record: change.record,
    crmId: change.crmId,
    userId: owner,
    version: newest ? change.version : stored.version,
    op: newest ? change.op : stored.op,
    data,
    fieldVersions,
    floor,
    ...adopted,
    ...(seen !== undefined && { seen }),
    revision: (stored?.revision ?? 0) + 1,
    pendingFor,
  };
}

/** Which Google object the record adopts: as the newest message that names one says. */
function newestGoogleId(
  stored: Intent | undefined,
  change: CrmChange,
): Pick<Intent, 'googleId' | 'googleIdVersion'> {
  const before = stored?.googleIdVersion ?? -1;
  if (change.googleId !== undefined && change.version > before) {
    return { googleId: change.googleId, googleIdVersion: change.version };
  }
  if (stored?.googleId === undefined) return {};
  return { googleId: stored.googleId, googleIdVersion: before };
}
