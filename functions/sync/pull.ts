import type { Cursor } from '../core/records.ts';
import { missingAtGoogle } from './absence.ts';
import type { Collection } from './collection.ts';
import { commitWorks } from './commit.ts';
import { execute } from './execute.ts';
import { needsFullSync, observePage } from './observe.ts';
import { keepLease, type Run } from './run.ts';

/**
 * Google's changes since the cursor, page by page; each page is applied and committed before the next
 * is read, and the new cursor is stored with the last one: a crash leaves work to do again, never a
 * hole (P17). Without a valid cursor everything in the window is read.
 */
export async function pull(run: Run, collection: Collection): Promise<void> {
  const { store } = run.engine;
  const stored = await store.getCursor(run.user.userId, collection.codec.record);
  if (stored?.token !== undefined) {
    try {
      return await pullFrom(run, collection, stored, undefined);
    } catch (error) {
      if (!needsFullSync(error)) throw error;
    }
  }
  const fresh: Cursor = {
    userId: run.user.userId,
    record: collection.codec.record,
    params: collection.listing(run.window),
  };
  await pullFrom(run, collection, fresh, new Set());
}

/** `seen` collects the ids of a full listing; undefined for an incremental one. */
async function pullFrom(
  run: Run,
  collection: Collection,
  cursor: Cursor,
  seen: Set<string> | undefined,
): Promise<void> {
  let pageToken: string | undefined;
  do {
    await keepLease(run);
    const page = await collection.list(run.session, cursor, pageToken);
    const works = await observePage(run, collection, page.items);
    for (const raw of page.items) {
      const { id } = raw as { id?: string };
      if (seen && id) seen.add(id);
    }
    run.count.googleChanges += works.length;
    const executed = await execute(run, collection, works);
    pageToken = page.nextPageToken;
    const last = pageToken === undefined;
    if (last && seen) await removeMissing(run, collection, seen);
    // A record that had to wait must be seen again: the cursor stays where it was.
    const advance = last && executed.deferred.length === 0 && run.deferred === undefined;
    const extra = advance
      ? { cursor: nextCursor(run, cursor, page.token, seen !== undefined) }
      : {};
    await commitWorks(run, collection, executed, extra, false);
  } while (pageToken !== undefined);
}

/** Deletions while no token was valid leave no trace but absence. */
async function removeMissing(run: Run, collection: Collection, seen: Set<string>): Promise<void> {
  const works = await missingAtGoogle(run, collection, seen);
  if (works.length === 0) return;
  await commitWorks(run, collection, await execute(run, collection, works), {}, false);
}

function nextCursor(run: Run, cursor: Cursor, token: string | undefined, full: boolean): Cursor {
  const now = run.engine.clock.now();
  return {
    ...cursor,
    ...(token !== undefined && { token }),
    lastPullAt: now,
    ...(full && { fullSyncAt: now }),
  };
}
