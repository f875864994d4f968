/** Several records that the CRM names at one place of a group: the place is one record's. */
import type { CodecContext } from '../core/codec.ts';
import { isWanted } from '../core/intent.ts';
import type { Link } from '../core/records.ts';
import type { Collection } from './collection.ts';
import type { Work } from './observe.ts';
import type { Run } from './run.ts';

/**
 * Within one piece of a run the store does not know yet whose a place is, and each record would be tied to
 * it: the delete of one would take out what another is, and the link of one would be lost. `holders`: works
 * of the same piece that are decided without a look at places. Of the others one that the CRM wants comes
 * before one that it has deleted, whatever their order.
 */
export function yieldPlaces({ codec }: Collection, works: Work[], holders: Work[]): void {
  const wanted = ({ intent }: Work) => Number(intent !== undefined && isWanted(codec, intent));
  const wantedFirst = works.toSorted((a, b) => wanted(b) - wanted(a));
  const held = new Set(holders.map(placeOf));
  for (const work of wantedFirst) {
    const place = placeOf(work);
    if (place === undefined) continue;
    if (held.has(place)) work.nowhere = 'taken';
    else held.add(place);
  }
}

/** A member's object at Google, where it is tied to one that lives. */
function placeOf({ link, observed, nowhere }: Work): string | undefined {
  const isMember = (observed?.group ?? link?.group) !== undefined;
  if (nowhere || link?.state !== 'live' || !isMember) return undefined;
  return observed?.googleId ?? link.googleId;
}

/**
 * Deletes, of records without a link, of places that others have again as soon as the CRM's word on them is
 * looked at, in this piece or a later one: their group was written anew, and they went with the former one.
 * The CRM's words are all looked at again then, also a delete that was settled because of such another.
 */
export async function settledDeletes(
  run: Run,
  { codec }: Collection,
  context: CodecContext,
  works: Work[],
): Promise<Set<Work>> {
  const { store } = run.engine;
  const { userId } = run.user;
  const former = ({ parent }: Work): string[] => formerIds(codec, userId, parent);
  const deletes = works.filter(
    (work) => work.intent && !work.link && !isWanted(codec, work.intent) && former(work).length > 0,
  );
  if (deletes.length === 0) return new Set();
  const groups = new Set(deletes.flatMap(former));
  const links = await store.linksByGroup(userId, codec.record, [...groups]);
  const gone = links.flatMap(({ crmId, group, slot }) =>
    crmId === undefined ? [] : [{ crmId, group, slot }],
  );
  const ids = [...new Set(gone.map(({ crmId }) => crmId))];
  const placed = new Map(
    (await store.getIntents(codec.record, ids))
      .filter((intent) => intent.userId === userId && isWanted(codec, intent))
      .map(({ crmId, member }) => [crmId, member && codec.groups?.slotOf(member.slot, context)]),
  );
  const back = gone.filter(({ crmId, slot }) => slot !== undefined && placed.get(crmId) === slot);
  const places = new Set(back.map(({ group, slot }) => `${group} ${slot}`));
  const isHeld = (work: Work) =>
    former(work).some((group) => places.has(`${group} ${work.observed?.slot}`));
  return new Set(deletes.filter(isHeld));
}

/** What a group of ours was called before it was written anew. */
const formerIds = (codec: Collection['codec'], userId: string, parent: Link | undefined) =>
  Array.from({ length: parent?.generation ?? 0 }, (_, generation) =>
    codec.googleId(userId, parent?.crmId ?? '', generation),
  ).filter((id) => id !== undefined);
