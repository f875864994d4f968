import type { Observed } from '../core/codec.ts';
import { entryOf, inPages, type JournalEntry, type JournalPage } from '../core/journal.ts';
import type { GoogleChange } from '../core/messages.ts';
import { alarmed } from '../core/polls.ts';
import type { Link } from '../core/records.ts';
import { settle } from '../core/settle.ts';
import { DAY_MS } from '../core/time.ts';
import { isSyncError } from '../errors.ts';
import { settleClaims } from './claims.ts';
import type { Collection } from './collection.ts';
import { refusedOf, unmarked } from './creation.ts';
import { type Executed, GROUP_CHANGED } from './execute.ts';
import { postpone } from './isolation.ts';
import type { Work } from './observe.ts';
import type { Commit } from './ports.ts';
import type { Run } from './run.ts';
import { commitAndTell } from './tell.ts';

/** How long a person can look back, and undo. */
const JOURNAL_MS = 30 * DAY_MS;

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
  const { clock, settings, log } = run.engine;
  const { userId } = run.user;
  const links: Link[] = [];
  const removedLinks: string[] = [];
  const untouched: Work[] = [];
  const notices: GoogleChange[] = [];
  const entries: JournalEntry[] = [];
  const consumed: NonNullable<Commit['consumed']> = [];
  for (const { work, decision, written, lossesTold } of executed.done) {
    const expireAt = clock.now() + settings.tombstoneMs;
    const outcome = {
      codec: collection.codec,
      userId,
      ...work,
      decision,
      written,
      fence: run.lease.fence,
      expireAt,
    };
    const settled = settle(outcome);
    const entry = entryOf(outcome, settled);
    if (entry) entries.push(entry);
    if (settled.link) {
      const insertedAt = work.marked?.insertedAt;
      const link = placed(settled.link, collection, written ?? work.observed);
      links.push(insertedAt === undefined ? link : { ...link, insertedAt });
    } else untouched.push(work);
    if (settled.left) links.push(settled.left);
    if (settled.removed) removedLinks.push(settled.removed);
    const { notice } = settled;
    if (notice) notices.push(...(lossesTold ? withoutLosses(notice) : [notice]));
    run.count.conflicts += settled.notice?.conflicts?.length ?? 0;
    if (work.intent) {
      const { record, crmId, revision } = work.intent;
      consumed.push({
        record,
        crmId,
        revision,
        ...(decision.wakeAt !== undefined && { wakeAt: decision.wakeAt }),
      });
    }
    if (decision.rule === 'refuse') {
      run.count.parked++;
      const reason = decision.notice?.rejected?.reason ?? 'unknown';
      const { crmId } = work.intent ?? {};
      log('sync.parked', {
        userId,
        record: collection.codec.record,
        reason,
        ...(crmId !== undefined && { crmId }),
      });
    }
  }
  for (const { error } of executed.deferred) {
    const listing = run.listing.get(collection.codec.record);
    if (error.reason === GROUP_CHANGED && listing === 'due') run.waits = true;
    else if (error.kind !== 'reauthorize') postpone(run, collection, error);
  }
  const marks = unmarked([...untouched, ...refusedOf(executed)]);
  links.push(...marks.links);
  removedLinks.push(...marks.removedLinks);
  const journal = pagesOf(run, entries);
  const progress = firstSyncProgress(run);
  const commit: Commit = { links, removedLinks, consumed, journal, ...progress, ...extra };
  const released = await commitAndTell(
    run,
    commit,
    notices,
    release && executed.deferred.length === 0,
  );
  await settleClaims(run, collection, executed.done);
  await comeBack(run, executed);
  const revoked = executed.deferred.find(({ error }) => isSyncError(error, 'reauthorize'));
  if (revoked) throw revoked.error;
  return released;
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
  return told && notice.changed?.length === 0 ? [] : [notice];
}

/** The status page shows a new user how far the first sync is. */
function firstSyncProgress({ user, count }: Run): Pick<Commit, 'user'> {
  if (user.firstSyncAt !== undefined) return {};
  return { user: { firstSyncCount: count.intents + count.googleChanges } };
}

/** A link whose object was seen or written lives where that was. */
function placed(link: Link, { place }: Collection, seen: Observed | undefined): Link {
  if (seen?.state !== 'live' || link.place === place) return link;
  const { place: _, ...rest } = link;
  return place === undefined ? rest : { ...rest, place };
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
