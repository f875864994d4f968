import { digest } from '../core/link.ts';
import type { Cursor } from '../core/records.ts';
import { DAY_MS } from '../core/time.ts';
import { missingAtGoogle } from './absence.ts';
import { findAlike } from './alike.ts';
import type { Collection, Page } from './collection.ts';
import { commitWorks } from './commit.ts';
import { executeGrouped, isLeftOut, membersLast, unlistedMembers } from './members.ts';
import { needsFullSync, observePage, type Work } from './observe.ts';
import { CHUNK, keepLease, type Run, wake } from './run.ts';
import { takeUp } from './waiting.ts';

/**
 * How much the window gains before that is read: of a year a week, which nobody misses who looks a year
 * ahead; of a month or less a day.
 */
const gainOf = ({ aheadMs }: Run['window']) => Math.min(7 * DAY_MS, Math.max(DAY_MS, aheadMs / 52));

/**
 * Google's changes since the cursor, page by page; each page is applied and committed before the next
 * is read, and the new cursor is stored with the last one: a crash leaves work to do again, never a
 * hole (P17). Without a valid cursor everything in the window is read.
 */
export async function pull(run: Run, collection: Collection): Promise<void> {
  const { store } = run.engine;
  const stored = await store.getCursor(run.user.userId, collection.codec.record);
  const cursor = await pullChanges(run, collection, stored);
  if (cursor) await pullGain(run, collection, cursor);
}

/** Resolves to the cursor as stored; undefined when it had to stay where it was. */
async function pullChanges(
  run: Run,
  collection: Collection,
  stored: Cursor | undefined,
): Promise<Cursor | undefined> {
  // A cursor without `until` is of a time when members of groups were not read.
  const complete = stored?.until !== undefined || !collection.entering;
  if (stored?.token !== undefined && complete && !isOld(run, collection, stored)) {
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
    ...(stored?.until !== undefined && { until: stored.until }),
  };
  await wakeGained(run, stored?.until);
  return pullFrom(run, collection, fresh, new Set());
}

/**
 * Whether the token dies soon, wherever it was used last. Well before, and each user at another time:
 * everybody's full listing in the same hour is what Google's quota does not allow.
 */
function isOld(run: Run, { tokenLifeMs }: Collection, { fullSyncAt = 0 }: Cursor): boolean {
  if (tokenLifeMs === undefined) return false;
  const share = Number.parseInt(digest(run.user.userId).slice(0, 4), 16) / 0xffff;
  return run.engine.clock.now() - fullSyncAt > tokenLifeMs * (0.6 + 0.3 * share);
}

/** `seen` collects the ids of a full listing; undefined for an incremental one. */
async function pullFrom(
  run: Run,
  collection: Collection,
  cursor: Cursor,
  seen: Set<string> | undefined,
): Promise<Cursor | undefined> {
  if (seen) run.full.add(collection.codec.record);
  let pageToken: string | undefined;
  const heldBack: Work[] = [];
  const strangers: Work[] = [];
  for (;;) {
    await keepLease(run);
    const page = await collection.list(run.session, cursor, run.window, pageToken);
    for (const raw of page.items) seen?.add(collection.codec.idOf(raw));
    pageToken = page.nextPageToken;
    const last = pageToken === undefined;
    const next = last ? nextCursor(run, cursor, page.token, seen !== undefined) : undefined;
    const found = await observePage(run, collection, page, cursor.until);
    run.count.googleChanges += found.length;
    if (!seen) found.push(...(await unlistedMembers(run, collection, found)));
    const doubted = seen !== undefined && collection.renames === true;
    if (doubted) strangers.push(...found.filter(isStranger));
    const sure = doubted ? found.filter((work) => !isStranger(work)) : found;
    const works = untilLast(collection, sure, heldBack, last);
    if (!last || !seen) {
      const advanced = await apply(run, collection, works, next, seen);
      if (last) return advanced ? next : undefined;
      continue;
    }
    // Deletions while no token was valid leave no trace but absence.
    await apply(run, collection, works, undefined, seen);
    const missing = await missingAtGoogle(run, collection, seen);
    // Whoever is missed by one name may be who is unknown by another.
    const renamed = new Set(missing.map(({ observed }) => observed?.googleId));
    const born = strangers.filter(({ observed }) => !renamed.has(observed?.googleId));
    return (await apply(run, collection, [...missing, ...born], next)) ? next : undefined;
  }
}

const isStranger = ({ link, intent }: Work) => link === undefined && intent === undefined;

/** What only its group can explain waits for the last page: the group may stand on any of them. */
function untilLast(collection: Collection, works: Work[], heldBack: Work[], last: boolean): Work[] {
  if (last) return [...works, ...heldBack];
  heldBack.push(...works.filter((work) => isLeftOut(collection, work)));
  return works.filter((work) => !isLeftOut(collection, work));
}

/**
 * The part that the rolling window has gained since it was last read: occurrences of series that nobody
 * changes come into it, which no change tells. One call a user each time, whatever the number of series
 * (one more for each further thousand events in that part).
 */
async function pullGain(run: Run, collection: Collection, cursor: Cursor): Promise<void> {
  const from = cursor.until ?? run.window.to;
  const { to } = run.window;
  if (!collection.entering || from > to - gainOf(run.window)) return;
  await wakeGained(run, from);
  let pageToken: string | undefined;
  const heldBack: Work[] = [];
  do {
    await keepLease(run);
    const page: Page<unknown> = await collection.entering(run.session, { from, to }, pageToken);
    const found = await observePage(run, collection, page);
    run.count.googleChanges += found.length;
    pageToken = page.nextPageToken;
    const works = untilLast(collection, found, heldBack, pageToken === undefined);
    const next = pageToken === undefined ? { ...cursor, until: to } : undefined;
    await apply(run, collection, works, next);
  } while (pageToken !== undefined);
}

/**
 * The CRM's part of what the window has gained since it was read until `from`: its records sleep until the
 * window reaches them, by the setting of the day on which they came. What turns out to be outside still
 * sleeps on.
 */
function wakeGained(run: Run, from = run.window.to): Promise<void> {
  return wake(run, run.startedAt + Math.max(0, run.window.to - from));
}

/** Carries works out and commits them, piece by piece; resolves to whether the cursor was stored. */
async function apply(
  run: Run,
  collection: Collection,
  unordered: Work[],
  cursor: Cursor | undefined,
  seen?: Set<string>,
): Promise<boolean> {
  const works = membersLast(collection, unordered);
  for (let at = 0; ; at += CHUNK) {
    if (at > 0) await keepLease(run);
    const some = works.slice(at, at + CHUNK);
    // Edits of the CRM that waited for this listing are decided together with what it shows: told apart, the
    // CRM would hear of a deletion that its own edit undoes a moment later. The same goes for what the run
    // could not finish: it may have been done without an answer, and what we took out nobody deleted.
    if (run.waits.size > 0 || run.failing.has(collection.codec.record))
      await takeUp(run, collection, some);
    await findAlike(run, collection, some);
    const executed = await executeGrouped(run, collection, some);
    // Its link still has the name from before: by that it was not listed, and yet it is not missing.
    for (const { work } of executed.deferred) seen?.add(work.link?.googleId ?? '');
    const last = at + CHUNK >= works.length;
    // A record that had to wait must be seen again: the cursor stays where it was.
    const advance =
      last &&
      cursor !== undefined &&
      executed.deferred.length === 0 &&
      !run.failing.has(collection.codec.record) &&
      !run.outOfTime;
    await commitWorks(run, collection, executed, advance ? { cursor } : {}, false);
    if (last) return advance;
  }
}

function nextCursor(run: Run, cursor: Cursor, token: string | undefined, full: boolean): Cursor {
  const now = run.engine.clock.now();
  return {
    ...cursor,
    ...(token !== undefined && { token }),
    lastPullAt: now,
    ...(full && { fullSyncAt: now, until: run.window.to }),
  };
}
