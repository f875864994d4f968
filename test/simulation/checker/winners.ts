/** P6: who wins a conflict follows from the policy alone, not from who came first. */
import type { Raw, Told } from '../history.ts';
import { fieldNamed } from '../mapping.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** The field whose policy decides: an entry's end goes with its start. */
const leading = (field: string) => (field === 'end' ? 'start' : field);

export function winners(view: View): Violation[] {
  const found: Violation[] = [];
  for (const told of view.told) {
    // What goes with an event that the CRM gives away or deletes goes whatever the policy; and so does what the
    // CRM edited, with one that its organizer has deleted.
    if (told.message.op === 'delete' || isTakenAway(view, told)) continue;
    for (const { field, winner } of (told.message.conflicts ?? []) as Raw[]) {
      if (fieldNamed(field) === undefined) continue;
      const right = view.final.policy[leading(field)] ?? 'crm';
      if (winner !== right)
        found.push(violation('P6', `${winner} wins ${field} of ${told.message.crmId}`));
    }
  }
  return found;
}

const isTakenAway = (view: View, { seq, message }: Told) =>
  view
    .editsOf(view.rootOfMessage(message) ?? '')
    .some((e) => e.side === 'crm' && e.seq < seq && TAKING.has(e.op));

const TAKING: ReadonlySet<string> = new Set(['handOver', 'delete', 'cancel']);
