import type { Collection } from './collection.ts';
import { commitWorks } from './commit.ts';
import { linkPages } from './link-pages.ts';
import { executeIntents } from './members.ts';
import { keepLease, type Run } from './run.ts';

/**
 * Takes out what was handed over while its type was off (no scope): those messages are consumed, and are the
 * new owner's by now, so that nothing that wakes the user's own brings them back. Before a listing, to which
 * what is still there would look like the user's.
 */
export async function takeOutHandedOver(run: Run, collection: Collection): Promise<void> {
  const { record } = collection.codec;
  for await (const links of linkPages(run, record)) {
    await keepLease(run);
    const crmIds = links.flatMap(({ state, crmId }) => (state === 'live' && crmId ? crmId : []));
    const intents = await run.engine.store.getIntents(record, crmIds);
    const others = intents.filter(({ userId }) => userId !== run.user.userId);
    if (others.length === 0) continue;
    const executed = await executeIntents(run, collection, others);
    await commitWorks(run, collection, executed, {}, false);
  }
}
