import type { Link } from '../core/records.ts';
import { linkPages } from './link-pages.ts';
import { keepLease, type Run } from './run.ts';

/** The place of what is in a Google account that the user has left: nothing there can be reached. */
export const FORMER_ACCOUNT = 'formerAccount';

/**
 * The user has moved to another Google account (C07): what is linked is in the former one, and moves like
 * out of any place that is out of reach. Marked before anything is moved: what has arrived in the new
 * account must not be taken for the former one's when a run dies in between.
 */
export async function parkFormer(run: Run): Promise<void> {
  if (run.user.replaced !== 'park') return;
  for (const { codec } of run.engine.collections) {
    for await (const links of linkPages(run, codec.record)) {
      await keepLease(run);
      const parked = links
        .filter((link) => link.state === 'live')
        .map((link): Link => ({ ...link, place: FORMER_ACCOUNT }));
      if (parked.length > 0) await run.engine.store.commit(run.lease, { links: parked }, false);
    }
  }
  const user = { replaced: 'move' as const, places: undefined, moving: undefined };
  await run.engine.store.commit(run.lease, { user }, false);
  const { places: _, moving: __, ...kept } = run.user;
  run.user = { ...kept, replaced: 'move' };
}
