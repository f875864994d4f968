/** P2: it comes to rest, and stays there; C20: nobody is mailed. */
import type { Final } from '../history.ts';
import { type Violation, violation } from './violation.ts';

/** It comes to rest (P2), reports no programming error, and nobody is mailed (C20). */
export function ending(final: Final): Violation[] {
  const found = final.bugs.map((bug) => violation('bug', bug));
  if (!final.rested) found.push(violation('P2', 'does not come to rest'));
  const { writes, told, stateChanged, planned } = final.extra;
  if (final.rested && (writes > 0 || told > 0 || stateChanged || planned.length > 0)) {
    found.push(violation('P2', `one more cycle: ${JSON.stringify(final.extra)}`));
  }
  if (final.mails > 0) found.push(violation('C20', `${final.mails} mails`));
  return found;
}
