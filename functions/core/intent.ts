import type { Codec } from './codec.ts';
import type { Fields } from './fields.ts';
import { changeNumber } from './link.ts';
import { type CrmChange, isCancelled } from './messages.ts';
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
  const cancelled = newestCancelled(stored, change);
  const { data, fieldVersions, wiped } = mergeWords(stored, change, floor);
  const adopted = {
    ...newestGoogleId(stored, change),
    ...adoptedBy(stored, change),
    ...firstNamed(stored, change),
  };
  const member = newestMember(stored, change);
  const before = stored ? (stored.owners ?? [stored.userId]) : [];
  const owners = [...new Set([...before, change.userId])].sort();
  const adds =
    newest ||
    owners.length !== before.length ||
    adopted.googleId !== stored.googleId ||
    member.memberVersion !== stored.memberVersion ||
    adopted.adopted !== stored.adopted ||
    adopted.named !== stored.named ||
    floor !== stored.floor ||
    cancelled !== stored.cancelled ||
    Object.keys(wiped).some((field) => wiped[field] !== stored.wiped?.[field]) ||
    Object.keys(data).some((field) => fieldVersions[field] !== stored.fieldVersions[field]);
  if (!adds) return undefined;

  const owner = newest ? change.userId : stored.userId;
  // On a hand-over the old owner has work too: to take the record out of his or her calendar; also
  // when the old owner's message comes after the hand-over.
  const late = before.includes(change.userId) ? [] : [change.userId];
  const pendingFor = [
    ...new Set([...(stored?.pendingFor ?? []), ...(stored ? [stored.userId] : []), ...late, owner]),
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
    ...(cancelled !== undefined && { cancelled }),
    ...(Object.keys(wiped).length > 0 && { wiped }),
    ...adopted,
    ...member,
    ...(seen !== undefined && { seen }),
    ...(stored?.generations && { generations: stored.generations }),
    revision: (stored?.revision ?? 0) + 1,
    pendingFor,
    owners,
  };
}

/**
 * Each field as the newest message that mentions it says. What a delete (`floor`) empties goes into `wiped`:
 * the CRM's last words before it.
 */
function mergeWords(
  stored: Intent | undefined,
  change: CrmChange,
  floor: number,
): Pick<Intent, 'data' | 'fieldVersions'> & { wiped: NonNullable<Intent['wiped']> } {
  const data: Fields = {};
  const fieldVersions: Intent['fieldVersions'] = {};
  const wiped: NonNullable<Intent['wiped']> = { ...stored?.wiped };
  const take = (field: string, value: Fields[string], version: number) => {
    // What stands at the floor itself is nobody's word, but an earlier wiping.
    const isWord = version < floor && version !== stored?.floor;
    if (isWord && version > (wiped[field]?.version ?? -1))
      wiped[field] = { value: value ?? null, version };
    const known = Math.max(version, floor);
    if (known < (fieldVersions[field] ?? -1)) return;
    // A delete empties what was said before it: whoever makes the record anew starts afresh.
    data[field] = version < floor ? null : value;
    fieldVersions[field] = known;
  };
  for (const [field, value] of Object.entries(stored?.data ?? {})) {
    take(field, value, stored?.fieldVersions[field] ?? -1);
  }
  if (change.op === 'upsert') {
    for (const [field, value] of Object.entries(change.data as Fields)) {
      if (value !== undefined) take(field, value, change.version);
    }
  }
  // A word after the delete is newer than any before it.
  for (const field of Object.keys(wiped))
    if ((fieldVersions[field] ?? -1) > floor) delete wiped[field];
  return { data, fieldVersions, wiped };
}

/** What the CRM said last about the fields of a record that it has deleted since. */
export const lastWords = ({ wiped = {} }: Intent): Fields =>
  Object.fromEntries(Object.entries(wiped).map(([field, { value }]) => [field, value]));

/** The newest version in which the record was cancelled; undefined when it never was. */
function newestCancelled(stored: Intent | undefined, change: CrmChange): number | undefined {
  if (!isCancelled(change)) return stored?.cancelled;
  return Math.max(stored?.cancelled ?? -1, change.version);
}

/** The newest version in which the CRM deleted or cancelled the record; undefined when it never did. */
export function lastTakenOff({ floor, cancelled = -1 }: Intent): number | undefined {
  const version = Math.max(floor, cancelled);
  return version < 0 ? undefined : version;
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

/** Which one of a group the record is: as the newest message that names a place says. */
function newestMember(
  stored: Intent | undefined,
  change: CrmChange,
): Pick<Intent, 'member' | 'memberVersion'> {
  const before = stored?.memberVersion ?? -1;
  const occurrence = 'occurrence' in change ? change.occurrence : undefined;
  if (occurrence && change.version > before) {
    const { series: group, originalStart: slot } = occurrence;
    return { member: { group, slot }, memberVersion: change.version };
  }
  return stored?.member ? { member: stored.member, memberVersion: before } : {};
}

/** The same per owner. */
function adoptedBy(stored: Intent | undefined, change: CrmChange): Pick<Intent, 'adopted'> {
  const { userId, googleId, version } = change;
  const known = stored?.adopted;
  if (googleId === undefined || version <= (known?.[userId]?.version ?? -1))
    return known === undefined ? {} : { adopted: known };
  return { adopted: { ...known, [userId]: { googleId, version } } };
}

/** Which message named each object first; it may arrive last. The object stays as it was when this one adds nothing. */
function firstNamed(stored: Intent | undefined, change: CrmChange): Pick<Intent, 'named'> {
  const { userId, googleId, version, seen } = change;
  const known = stored?.named;
  if (googleId === undefined || version >= (known?.[googleId]?.version ?? Number.POSITIVE_INFINITY))
    return known === undefined ? {} : { named: known };
  const first = { userId, version, ...(seen !== undefined && { seen }) };
  return { named: { ...known, [googleId]: first } };
}

/** The object in the user's own place that the record adopts. */
export const adoptedId = (intent: Intent, userId: string): string | undefined =>
  intent.adopted?.[userId]?.googleId ?? intent.googleId;

/**
 * Whether the object is a former owner's. Handed over and back, each owner has named it, and who did first may
 * arrive last: so it is whose news the first that is known had seen, and who sent that only where it does not say.
 */
export function isFormerOwners({ named }: Intent, userId: string, googleId = ''): boolean {
  const first = named?.[googleId];
  if (first?.seen === undefined) return first !== undefined && first.userId !== userId;
  return changeNumber(first.seen, userId) === 0;
}

/**
 * Whether the record is one of a group by the CRM's last word: one that it calls since by an object of its own it
 * was told to be that (`instead`), whatever place it named before.
 */
export function namesMember(codec: Codec, intent: Intent): boolean {
  const { member, memberVersion = -1, googleId, googleIdVersion = -1 } = intent;
  const isAlone = googleId !== undefined && codec.groupOf?.(googleId) === undefined;
  return member !== undefined && !(isAlone && googleIdVersion > memberVersion);
}

/** Whether the CRM wants the record to be at Google: it has neither deleted nor cancelled it. */
export const isWanted = (codec: Codec, { op, data }: Intent): boolean =>
  op === 'upsert' && !codec.absent(data);
