/** Records whose place in a group may be another one by now: what they are, only a listing of the group tells. */
import type { Observed } from '../core/codec.ts';
import type { Decision } from '../core/decision.ts';
import type { Collection } from './collection.ts';
import { read, unread, type Work } from './observe.ts';
import type { Run } from './run.ts';

/**
 * The object has become a group, or its place in a group is gone: what it is now, only a listing of the
 * group tells. To write it again, or to drop it, would double or lose a record that has merely moved.
 */
export const isAdrift = ({ link, observed, nowhere, follows }: Work) =>
  !nowhere &&
  !follows &&
  link !== undefined &&
  observed !== undefined &&
  (observed.whole !== undefined ||
    (observed.state === 'gone' && link.group !== undefined && observed.group === undefined));

/**
 * Whether the run's listing has shown what there is to know of a record that is adrift. One that nobody had
 * missed by then, or that it has shown in its place, has left that since.
 */
export function isListed(run: Run, { codec }: Collection, work: Work): boolean {
  const listing = run.listing.get(codec.record);
  const waited = listing === 'done' && run.waits.has(work.link?.id ?? '');
  return (waited || listing === 'underWay') && !work.left && !isYounger(run, work);
}

/** It became a group, or changed as one, since the run began: the run's listing may be from before. */
export const isYounger = ({ startedAt }: Run, { observed }: Work): boolean =>
  observed?.whole !== undefined && observed.whole.since > startedAt;

/**
 * What is gone from a group was taken out of it, unless that is single again, and maybe the record's new place: it
 * would be written beside it, and waits for a listing as one that is adrift.
 */
export async function findSingles(
  run: Run,
  collection: Collection,
  planned: { work: Work; decision: Decision }[],
): Promise<void> {
  const { codec } = collection;
  const doubted = planned.filter(
    ({ work, decision }) =>
      decision.write?.kind === 'insert' && isTakenOut(work) && !isListed(run, collection, work),
  );
  const groups = await readGroups(
    run,
    collection,
    doubted.map(({ work }) => work.observed?.group ?? ''),
  );
  const isSingle = (observed: Observed | undefined) =>
    observed?.state === 'live' &&
    observed.whole === undefined &&
    !codec.groups?.leads(observed.fields);
  for (const { work } of doubted)
    if (isSingle(groups.get(work.observed?.group ?? ''))) work.missesGroup = true;
}

/** What the objects are now that these groups are, or were: by id. */
export async function readGroups(
  run: Run,
  collection: Collection,
  groupIds: string[],
): Promise<Map<string, Observed | undefined>> {
  const ids = [...new Set(groupIds)];
  const groups = ids.map((): Work => ({ link: undefined, ...unread }));
  await read(run, collection, groups, (group) => ids[groups.indexOf(group)] ?? '');
  return new Map(ids.map((id, i) => [id, groups[i]?.observed]));
}

const isTakenOut = ({ link, observed, follows, nowhere }: Work) =>
  !follows &&
  !nowhere &&
  link !== undefined &&
  observed?.state === 'gone' &&
  observed.group !== undefined;
