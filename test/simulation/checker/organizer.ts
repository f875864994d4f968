/** Rule 7: of an event that somebody else organises only the own answer is ours to change. */
import type { Effect } from '../history.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

const OWN = new Set([
  'attendees',
  'reminders',
  'transparency',
  'visibility',
  'updated',
  'sequence',
]);

export function organizer(view: View): Violation[] {
  return view.effects.flatMap((effect) => meddled(view, effect));
}

function meddled(
  view: View,
  { task, caller, user, id, method, before, after }: Effect,
): Violation[] {
  if (task === undefined || caller !== user || !before) return [];
  const own = view.final.users.find((u) => u.userId === user);
  const by = before.organizer?.email;
  if (by === undefined || by === own?.email || own?.calendars.includes(by)) return [];
  // Deleted in the CRM the own copy goes: whether somebody wanted that, removals.ts asks.
  if (after.status === 'cancelled') return [];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter(
    (name) => !OWN.has(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  return changed.map((name) => violation('rule 7', `${method} changed ${name} of ${by}’s ${id}`));
}
