/** Several records that the CRM names at one place of a group: the place is one record's. */
import type { Collection } from './collection.ts';
import type { Work } from './observe.ts';

/**
 * Within one piece of a run the store does not know yet whose a place is, and each record would be tied to
 * it: the delete of one would take out what another is, and the link of one would be lost. `holders`: works
 * of the same piece that are decided without a look at places. Of the others one that the CRM wants comes
 * before one that it has deleted, whatever their order.
 */
export function yieldPlaces({ codec }: Collection, works: Work[], holders: Work[]): void {
  const isWanted = ({ intent }: Work) => intent?.op === 'upsert' && !codec.absent(intent.data);
  const wantedFirst = works.toSorted((a, b) => Number(isWanted(b)) - Number(isWanted(a)));
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
