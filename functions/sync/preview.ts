/** What a sync would do now: the same observing and planning, on ports that refuse every write. */

import type { Decision } from '../core/decision.ts';
import type { Fields } from '../core/fields.ts';
import type { JournalEntry } from '../core/journal.ts';
import type { Cursor, User } from '../core/records.ts';
import { confirmed, lookForMissing } from './absence.ts';
import { lookAlong, withTold } from './along.ts';
import { claimsAsRead } from './claims.ts';
import type { Collection } from './collection.ts';
import type { Engine } from './engine.ts';
import { decide } from './execute.ts';
import { observeMembers } from './member-places.ts';
import { isMember, isNamed } from './members.ts';
import { needsFullSync, observeIntents, observePage, type Work } from './observe.ts';
import { attachParents, parentsAfter } from './parents.ts';
import { knownPlaces } from './places.ts';
import type { Store } from './ports.ts';
import { openRun, type Run } from './run.ts';

/** Intents that are looked at; a first sync has a record's whole history to go through. */
const MOST_INTENTS = 10_000;

/** What would happen to an object. */
export type Change = 'create' | 'change' | 'delete';

/** What a run would do with one record, and by which rule. */
export interface PreviewRecord extends Pick<JournalEntry, 'record' | 'crmId' | 'googleId'> {
  rule: Decision['rule'];
  /** What would be written at Google; of a change the fields that change. */
  google?: { op: Change; fields?: Fields };
  /** What the CRM would be told. */
  crm?: { op: Change | 'unlink' | 'reject'; fields?: Fields; reason?: string };
  /** Fields that both sides have changed. */
  conflicts?: string[];
}

/** What a sync would do now, by count and by record. */
export interface Preview {
  userId: string;
  /** True: Google would be listed from the start, for want of a valid sync token. */
  full: boolean;
  /** True: so much is missing at Google that the sync would hold the record type instead. */
  massChange: boolean;
  /** Messages of the CRM that lie outside the window or its owner's scopes, and would wait. */
  waiting: number;
  google: { [C in Change]: number };
  crm: { [C in Change | 'unlink' | 'reject']: number };
  conflicts: number;
  records: PreviewRecord[];
}

/**
 * Resolves to what a run of the user would do, pending messages of the CRM and Google's changes since the
 * last one included. Undefined: there is no such user. Throws SyncErrors, as reading Google does;
 * `reauthorize` for a user who is not connected.
 */
export async function preview(engine: Engine, userId: string): Promise<Preview | undefined> {
  const user = await engine.store.getUser(userId);
  if (!user) return undefined;
  const run = openReading(engine, user);
  const result: Preview = {
    userId,
    full: false,
    massChange: false,
    waiting: 0,
    google: { create: 0, change: 0, delete: 0 },
    crm: { create: 0, change: 0, delete: 0, unlink: 0, reject: 0 },
    conflicts: 0,
    records: [],
  };
  // Without a call no token would be asked for: not being connected must not look like being equal.
  await run.session.accessToken();
  for (const collection of run.collections) await previewOne(run, collection, result);
  return result;
}

async function previewOne(run: Run, collection: Collection, result: Preview): Promise<void> {
  const { codec } = collection;
  const pending = await run.engine.store.pendingIntents(run.user.userId, MOST_INTENTS);
  const mine = pending.filter((intent) => intent.record === codec.record);
  const named = mine.filter((intent) => isNamed(collection, intent));
  const alone = mine.filter((intent) => !named.includes(intent));
  const fromCrm = await observeIntents(run, collection, alone);
  const fromGoogle = await changesAtGoogle(run, collection, result);
  const works = joined(fromCrm, fromGoogle);
  const parts = codec.groups ? works.filter(isMember) : [];
  const groups = works.filter((work) => !parts.includes(work));
  const along = await lookAlong(run, collection, groups, []);
  const first = await planAll(run, collection, groups);
  const members = withTold(parts, along, first);
  // Members of a group that is still to be written have no place to look at: they count as waiting.
  const parents = parentsAfter(run, collection, first);
  await attachParents(run, collection, members, parents);
  const placed = joined(await observeMembers(run, collection, named, parents), members);
  for (const { work, decision } of [...first, ...(await planAll(run, collection, placed))])
    count(result, work, decision, codec.record);
}

async function planAll(run: Run, collection: Collection, works: Work[]) {
  const { codec } = collection;
  const emails = works.flatMap((w) => (w.intent ? codec.emailsOf({ fields: w.intent.data }) : []));
  const context = await run.directory.context(emails);
  return works.map((work) => ({
    work,
    decision: decide(run, collection, context, work),
    written: undefined,
  }));
}

/** Since the cursor; without a valid one, everything in the window, and what is missing in it. */
async function changesAtGoogle(run: Run, collection: Collection, result: Preview): Promise<Work[]> {
  const { record } = collection.codec;
  const stored = await run.engine.store.getCursor(run.user.userId, record);
  if (stored?.token !== undefined) {
    try {
      return await listed(run, collection, stored, undefined);
    } catch (error) {
      if (!needsFullSync(error)) throw error;
    }
  }
  result.full = true;
  const seen = new Set<string>();
  const works = await listed(run, collection, { params: collection.listing(run.window) }, seen);
  const { missing, unshown, believed } = await lookForMissing(run, collection, seen);
  if (!believed && !run.user.believeListing?.includes(collection.codec.record))
    result.massChange = true;
  return [...works, ...unshown, ...(await confirmed(run, collection, missing))];
}

async function listed(
  run: Run,
  collection: Collection,
  cursor: Pick<Cursor, 'token' | 'params' | 'until'>,
  seen: Set<string> | undefined,
): Promise<Work[]> {
  const works: Work[] = [];
  let pageToken: string | undefined;
  do {
    const page = await collection.list(run.session, cursor, run.window, pageToken);
    works.push(...(await observePage(run, collection, page, cursor.until)));
    for (const raw of page.items) seen?.add(collection.codec.idOf(raw));
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return works;
}

/** A record on which both sides have news is one record: the run would read it on a 412. */
function joined(fromCrm: Work[], fromGoogle: Work[]): Work[] {
  const byLink = new Map(fromGoogle.flatMap((w) => (w.link ? [[w.link.id, w] as const] : [])));
  const both = new Set<Work>();
  const works = fromCrm.map((work) => {
    const seen = work.link && byLink.get(work.link.id);
    if (!seen) return work;
    both.add(seen);
    return { ...seen, intent: work.intent };
  });
  return [...works, ...fromGoogle.filter((work) => !both.has(work))];
}

function count(
  result: Preview,
  { link, intent, observed }: Work,
  decision: Decision,
  record: PreviewRecord['record'],
): void {
  const google = atGoogle(decision);
  const crm = inCrm(decision, link?.crmId ?? intent?.crmId);
  if (decision.wakeAt !== undefined) result.waiting++;
  if (!google && !crm) return;
  if (google) result.google[google.op]++;
  if (crm) result.crm[crm.op]++;
  const conflicts = decision.notice?.conflicts?.map((conflict) => conflict.field) ?? [];
  result.conflicts += conflicts.length;
  const crmId = link?.crmId ?? intent?.crmId;
  const googleId = observed?.googleId ?? link?.googleId;
  result.records.push({
    record,
    rule: decision.rule,
    ...(crmId !== undefined && { crmId }),
    ...(googleId !== undefined && { googleId }),
    ...(google && { google }),
    ...(crm && { crm }),
    ...(conflicts.length > 0 && { conflicts }),
  });
}

function atGoogle({ write }: Decision): PreviewRecord['google'] {
  if (write?.kind === 'insert') return { op: 'create', fields: write.fields };
  if (write?.kind === 'delete') return { op: 'delete' };
  if (!write) return undefined;
  const { changed, target } = write.patch;
  return { op: 'change', fields: picked(target, changed) };
}

function inCrm({ notice, rule }: Decision, crmId: string | undefined): PreviewRecord['crm'] {
  if (!notice) return undefined;
  if (notice.op === 'delete' || notice.op === 'unlink') return { op: notice.op };
  if (notice.op === 'reject') {
    return { op: 'reject', ...(notice.rejected && { reason: notice.rejected.reason }) };
  }
  const fresh = (rule === 'import' || rule === 'reappeared') && crmId === undefined;
  const fields = fresh ? notice.data : picked(notice.data ?? {}, notice.changed ?? []);
  return { op: fresh ? 'create' : 'change', ...(fields && { fields }) };
}

const picked = (fields: Fields, names: string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));

/** A run that holds no lease and cannot write: whatever tries is a programming error, and is seen. */
function openReading(engine: Engine, user: User): Run {
  const now = engine.clock.now();
  const lease = {
    userId: user.userId,
    holder: 'preview',
    fence: 0,
    expiresAt: now + engine.settings.runMs,
  };
  const reading: Engine = {
    ...engine,
    store: { ...engine.store, ...refusing(writing), ...claimsAsRead(engine.store) },
    publisher: refusing(['googleChanges', 'syncUsers']),
  };
  const run = openRun(reading, user, lease, now);
  run.collections = knownPlaces(run).map((c) => ({ ...c, ...refusing(['write']) }));
  return run;
}

const writing = [
  'updateUser',
  'putUser',
  'putIntents',
  'wakeIntents',
  'acquireLease',
  'renewLease',
  'unclaim',
  'commit',
  'dropLease',
  'eraseSome',
  'eraseUser',
  'putDeadLetter',
  'deleteDeadLetter',
] as const satisfies (keyof Store)[];

function refusing<K extends string>(names: readonly K[]): { [name in K]: () => never } {
  const refuse = (name: string) => () => {
    throw new Error(`a preview called ${name}`);
  };
  return Object.fromEntries(names.map((name) => [name, refuse(name)])) as {
    [name in K]: () => never;
  };
}
