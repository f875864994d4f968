/** P25: one writer per user. */

import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** P25: nobody begins a call after the lease; what was under way and comes late is conditional. */
export function leases(view: View): Violation[] {
  const found: Violation[] = [];
  const newest = new Map<string, number>();
  for (const entry of view.entries) {
    if (entry.kind === 'lease') newest.set(entry.user, entry.fence);
    // A preview only reads, and holds up nobody: it takes no lease.
    if (entry.kind === 'issue' && view.doing(entry.task) === 'preview') continue;
    if (entry.kind === 'issue' && entry.at >= entry.leaseUntil)
      found.push(violation('P25', `task ${entry.task} begins ${entry.method} after its lease`));
    if (entry.kind !== 'effect' || entry.task === undefined || entry.caller !== entry.user)
      continue;
    const late = entry.fence !== newest.get(entry.user);
    if (late && !entry.conditional)
      found.push(
        violation('P25', `${entry.method} of ${entry.id} with an old fence, unconditional`),
      );
  }
  return found;
}
