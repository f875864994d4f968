/** C25, P20: notifications are hints. False ones do nothing, and what lost ones told the safety poll finds. */
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function notices({ entries, final }: View): Violation[] {
  const found = entries
    .filter((e) => e.kind === 'forged')
    .map(({ task, call }) => violation('C25', `task ${task}: a false notification led to ${call}`));
  const pulled = entries.find((e) => e.kind === 'safe');
  if (!pulled || !final.rested) return found;
  // From then on everybody is polled by force: that may find nothing.
  for (const e of entries) {
    if (e.seq < pulled.seq) continue;
    const late =
      (e.kind === 'told' && e.message.record === 'appointment') ||
      (e.kind === 'effect' && e.task !== undefined);
    if (late) found.push(violation('P20', `${e.kind} only by a poll that somebody forced`));
  }
  return found;
}
