/**
 * A group that changed as a whole: which of its records goes on as which of its new members (design
 * rule 6). A series that is moved gives each occurrence a new id; the CRM's records must not notice.
 */

/** Something with a place in a group: an ISO date or date-time. */
export interface Placed {
  slot: string;
}

/**
 * Pairs what the group has no more with what it has new. First by date; what is left in order, aligned so
 * that the sum of the distances is least: where one side has more, its surplus may lie anywhere (a
 * border of the window, an occurrence that was deleted). What is not in a pair goes, or comes.
 *
 * `lost` are records whose place is gone, `cancelled` those that Google says were taken out: one by one by
 * a person, or, what looks the same, as an exception whose place went when the group changed. They follow
 * only when the group itself has `changed`, other than by its end, or when their very day is there again.
 */
export function counterparts<L extends Placed, N extends Placed>(
  lost: L[],
  cancelled: L[],
  fresh: N[],
  changed: boolean,
): [L, N][] {
  const pairs: [L, N][] = [];
  const before = sorted([...lost, ...cancelled]);
  const now = sorted(fresh);
  for (const record of [...before]) {
    const match = now.find((member) => dayOf(member) === dayOf(record));
    if (!match) continue;
    pairs.push([record, match]);
    before.splice(before.indexOf(record), 1);
    now.splice(now.indexOf(match), 1);
  }
  return changed ? [...pairs, ...inOrder(before, now)] : pairs;
}

/**
 * Whether the record knows the pattern that its group was read with. That is no part of its own version: an
 * exception stays as it was when its group changes.
 */
export const knowsPattern = (
  link: { pattern?: string } | undefined,
  observed: { pattern?: string } | undefined,
): boolean => observed?.pattern === undefined || observed.pattern === link?.pattern;

const dayOf = ({ slot }: Placed) => slot.slice(0, 10);
const timeOf = ({ slot }: Placed) => Date.parse(slot);
const sorted = <T extends Placed>(list: T[]) => list.toSorted((a, b) => timeOf(a) - timeOf(b));

/** As many pairs as there can be, in order on both sides, with the least sum of distances. */
function inOrder<L extends Placed, N extends Placed>(before: L[], now: N[]): [L, N][] {
  if (before.length > now.length) return alignShorter(now, before).map(([n, l]) => [l, n]);
  return alignShorter(before, now);
}

function alignShorter<S extends Placed, T extends Placed>(few: S[], many: T[]): [S, T][] {
  // cost[i][j]: the least sum for the first i of the few among the first j of the many.
  const cost: number[][] = [new Array<number>(many.length + 1).fill(0)];
  const at = (i: number, j: number) => cost[i]?.[j] ?? Number.POSITIVE_INFINITY;
  const pair = (i: number, j: number) =>
    at(i - 1, j - 1) + Math.abs(timeOf(few[i - 1] as S) - timeOf(many[j - 1] as T));
  for (let i = 1; i <= few.length; i++) {
    const row = new Array<number>(many.length + 1).fill(Number.POSITIVE_INFINITY);
    cost.push(row);
    for (let j = i; j <= many.length; j++) row[j] = Math.min(at(i, j - 1), pair(i, j));
  }
  const pairs: [S, T][] = [];
  for (let i = few.length, j = many.length; i > 0; j--) {
    if (at(i, j - 1) <= pair(i, j)) continue;
    pairs.unshift([few[i - 1] as S, many[j - 1] as T]);
    i--;
  }
  return pairs;
}
