/** P12: the base is true. */

import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** P12: a link's etag is one that the event really had. */
export function truthfulBase(view: View): Violation[] {
  const found: Violation[] = [];
  const had = new Set<string>();
  for (const entry of view.entries) {
    if (entry.kind === 'effect') had.add(`${entry.user}/${entry.id} ${entry.etag}`);
    if (entry.kind !== 'committed') continue;
    for (const { googleId, etag, state } of entry.links) {
      if (state !== 'live' || etag === undefined) continue;
      if (!had.has(`${entry.user}/${googleId} ${etag}`))
        found.push(violation('P12', `link to ${googleId} with an etag that it never had`));
    }
  }
  return found;
}
