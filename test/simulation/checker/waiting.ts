/** Rule 5: of a user who is paused, disabled or not connected nothing is touched. */
import type { Effect } from '../history.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function waiting(view: View): Violation[] {
  return view.effects.flatMap((effect) => early(view, effect));
}

/** A run that was under way when the user was paused may end its work; none may begin. */
function early(view: View, effect: Effect): Violation[] {
  const { task, caller, user, method, id } = effect;
  // While a user is held a person may look, and undo.
  if (task === undefined || caller !== user || view.doing(task) === 'undo') return [];
  const lease = view.beginOf(effect);
  if (lease === undefined) return [violation('rule 5', `${method} of ${id} without a lease`)];
  const begun = view.entries.find((e) => e.kind === 'task' && e.task === task)?.seq ?? lease;
  // Whether the user is at work is looked up before the lease is taken.
  const how = [begun, lease].map((seq) => restAt(view, user, seq));
  if (how.includes(undefined)) return [];
  return [violation('rule 5', `${method} of ${id} although ${user} is ${how[1]}`)];
}

/** Why no run of the user may begin at a moment; undefined: one may. */
function restAt(view: View, user: string, seq: number): string | undefined {
  const now = view.entries.findLast((e) => e.kind === 'state' && e.user === user && e.seq < seq);
  if (now?.kind !== 'state' || now.leaving !== undefined) return undefined;
  if (!now.enabled) return 'disabled';
  return now.state === 'active' ? undefined : now.state;
}
