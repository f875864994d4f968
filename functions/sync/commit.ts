import { lastGeneration } from '../core/insertion.ts';
import { entryOf, inPages, type JournalEntry, type JournalPage } from '../core/journal.ts';
import type { GoogleChange } from '../core/messages.ts';
import { alarmed } from '../core/polls.ts';
import type { Link } from '../core/records.ts';
import { settle } from '../core/settle.ts';
import { DAY_MS } from '../core/time.ts';
import { isSyncError } from '../errors.ts';
import { releaseClaims, settleClaims } from './claims.ts';
import type { Collection } from './collection.ts';
import { refusedOf, unmarked } from './creation.ts';
import { type Done, type Executed, GROUP_CHANGED } from './execute.ts';
import { postpone } from './isolation.ts';
import { placed, type Work } from './observe.ts';
import type { Commit } from './ports.ts';
import type { Run } from './run.ts';
import { commitAndTell } from './tell.ts';

/** How long a person can look back, and undo. */
const JOURNAL_MS = 30 * DAY_MS;

/** What is to be stored, and told to the CRM, of the records that are done. */
interface Gathered {
  links: Link[];
  removedLinks: string[];
  consumed: NonNullable<Commit['consumed']>;
  journal: JournalEntry[];
  notices: GoogleChange[];
  /** Works whose link stays as it was stored. */
  untouched: Work[];
}

/**
 * Makes what was executed durable: links, cursor, consumed intents and the messages for the CRM in one
 * transaction, then tells them. Resolves to whether the lease was released.
 */
export async function commitWorks(
  run: Run,
  collection: Collection,
  executed: Executed,
  extra: Pick<Commit, 'cursor'>,
  release: boolean,
): Promise<boolean> {
  const all: Gathered = {
    links: [],
    removedLinks: [],
    consumed: [],
    journal: [],
    notices: [],
    untouched: [],
  };
  for (const done of executed.done) gather(run, collection, done, all);
  await leaveForLater(run, collection, executed);
  const marks = unmarked([...all.untouched, ...refusedOf(executed)]);
  const commit: Commit = {
    links: [...all.links, ...marks.links],
    removedLinks: [...all.removedLinks, ...marks.removedLinks],
    consumed: all.consumed,
    journal: pagesOf(run, all.journal),
    ...firstSyncProgress(run),
    ...extra,
  };
  const last = release && executed.deferred.length === 0;
  await releaseClaims(run, collection, executed.done);
  const released = await commitAndTell(run, commit, all.notices, last);
  await settleClaims(run, collection, executed.done);
  await comeBack(run, executed);
  const revoked = executed.deferred.find(({ error }) => isSyncError(error, 'reauthorize'));
  if (revoked) throw revoked.error;
  return released;
}

function gather(run: Run, collection: Collection, done: Done, all: Gathered): void {
  const { work, decision, written, lossesTold } = done;
  const { codec } = collection;
  const { clock, settings } = run.engine;
  const expireAt = clock.now() + settings.tombstoneMs;
  const { fence, userId } = run.lease;
  const outcome = { codec, userId, ...work, decision, written, fence, expireAt };
  const settled = settle(outcome);
  const entry = entryOf(outcome, settled);
  if (entry) all.journal.push(entry);
  if (settled.link) {
    const insertedAt = work.marked?.insertedAt;
    const link = placed(settled.link, collection, written ?? work.observed);
    all.links.push(insertedAt === undefined ? link : { ...link, insertedAt });
  } else all.untouched.push(work);
  if (settled.left) all.links.push(settled.left);
  if (settled.removed) all.removedLinks.push(settled.removed);
  const { notice } = settled;
  if (notice) all.notices.push(...(lossesTold ? withoutLosses(notice) : [notice]));
  run.count.conflicts += notice?.conflicts?.length ?? 0;
  if (work.intent) {
    const { record, crmId, revision } = work.intent;
    const { wakeAt } = decision;
    const generation = decision.link === 'none' ? lastGeneration(work, userId) : -1;
    all.consumed.push({
      ...{ record, crmId, revision },
      ...(wakeAt !== undefined && { wakeAt }),
      ...(generation >= 0 && { generation }),
    });
  }
  if (decision.rule === 'refuse') noteParked(run, collection, done);
}

function noteParked(run: Run, { codec }: Collection, { work, decision }: Done): void {
  run.count.parked++;
  const { crmId } = work.intent ?? {};
  run.engine.log('sync.parked', {
    userId: run.user.userId,
    record: codec.record,
    reason: decision.notice?.rejected?.reason ?? 'unknown',
    ...(crmId !== undefined && { crmId }),
  });
}

/**
 * What waits for a listing of this run is taken up after it; the rest, in a later run. A group that the listing has
 * not shown as it is now, though it was waited for, is listed anew: no change since the token would ever show it.
 */
async function leaveForLater(
  run: Run,
  collection: Collection,
  { deferred }: Executed,
): Promise<void> {
  const listing = run.listing.get(collection.codec.record);
  for (const { work, error } of deferred) {
    const link = (work.missesGroup && work.parent) || work.link;
    if (error.reason === GROUP_CHANGED && listing === 'due' && link) run.waits.add(link.id);
    else if (error.kind !== 'reauthorize') postpone(run, collection, error);
    if (listing === 'done' && work.missesGroup && link && run.waits.has(link.id))
      await listAnew(run, collection);
  }
}

async function listAnew(run: Run, { codec }: Collection): Promise<void> {
  const { store } = run.engine;
  const stored = await store.getCursor(run.user.userId, codec.record);
  if (stored?.token === undefined) return;
  const { token: _, ...cursor } = stored;
  await store.commit(run.lease, { cursor }, false);
}

/** Nobody shall wait for a quiet user's next poll to hear that something has no place. */
async function comeBack(run: Run, { done }: Executed): Promise<void> {
  const alarms = done.flatMap(({ work, decision }) => (work.nowhere && decision.wakeAt) || []);
  if (alarms.length === 0) return;
  const at = Math.min(...alarms);
  await run.engine.store.updateUser(run.user.userId, (user) =>
    user?.nextPollAt === undefined ? undefined : alarmed(user, at),
  );
}

/** What of a message is news, once the losses in it have been told. */
function withoutLosses({ conflicts = [], ...notice }: GoogleChange): GoogleChange[] {
  const open = conflicts.filter((conflict) => conflict.winner !== 'crm');
  if (open.length > 0) return [{ ...notice, conflicts: open }];
  const told = conflicts.length > 0 && notice.op === 'upsert' && !notice.rejected;
  return told && notice.changed?.length === 0 && !notice.instead ? [] : [notice];
}

/** The status page shows a new user how far the first sync is. */
function firstSyncProgress({ user, count }: Run): Pick<Commit, 'user'> {
  if (user.firstSyncAt !== undefined) return {};
  return { user: { firstSyncCount: count.intents + count.googleChanges } };
}

/** The entries as the run's next pages; most runs change one record or none. */
function pagesOf(run: Run, entries: JournalEntry[]): JournalPage[] {
  const at = run.engine.clock.now();
  const { userId, fence } = run.lease;
  const page = { userId, run: fence, part: run.pages, at, expireAt: at + JOURNAL_MS };
  const pages = inPages(entries, page);
  run.pages += pages.length;
  return pages;
}
