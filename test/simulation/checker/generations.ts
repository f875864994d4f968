/** Rule 2: what was cancelled or deleted and is planned again is back once, as the next generation. */
import type { Effect } from '../history.ts';
import { seriesIn } from '../shown.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function generations(view: View): Violation[] {
  const insertions = view.effects.filter(isInsertion);
  const byRecord = Map.groupBy(insertions, ({ user, after }) => `${user} ${markOf(after).crmId}`);
  return [...byRecord.values()].flatMap((all) =>
    all.flatMap((later, i) => (i === 0 ? [] : notNewer(view, all[i - 1] as Effect, later))),
  );
}

function notNewer(view: View, former: Effect, later: Effect): Violation[] {
  // Another calendar knows nothing of the ids in the one that the user deleted.
  if (view.dropped(former.user, former.seq)) return [];
  const [before, after] = [former, later].map(({ after: raw }) =>
    Number(markOf(raw).crmGeneration),
  );
  if (Number(after) > Number(before)) return [];
  return [violation('rule 2', `${later.id} of ${later.user}: generation ${after} after ${before}`)];
}

/**
 * Of an object of its own, where ids are ours to choose: the occurrences of a series carry its marks as well,
 * and contacts and tasks have no generations.
 */
const isInsertion = ({ task, caller, user, id, method, before, after }: Effect) =>
  task !== undefined &&
  caller === user &&
  !before &&
  method.endsWith('insert') &&
  seriesIn(id) === undefined &&
  markOf(after).crmGeneration !== undefined;

const markOf = (raw: Effect['after']) => raw.extendedProperties?.private ?? {};
