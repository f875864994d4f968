/** The one place where a run has effects at Google: the writes that the plan decided. */
import type { CodecContext, Observed } from '../core/codec.ts';
import { type Decision, lossesOf, type Write } from '../core/decision.ts';
import { wasOff } from '../core/deletion.ts';
import { isWanted } from '../core/intent.ts';
import { forget, isBack, nameAgain, unplaced } from '../core/members.ts';
import { plan } from '../core/plan.ts';
import type { Link } from '../core/records.ts';
import { settle } from '../core/settle.ts';
import { undo } from '../core/undo.ts';
import { isSyncError, SyncError } from '../errors.ts';
import { findSingles, isAdrift, isListed } from './adrift.ts';
import { isNotFound, judge, readAgain } from './answers.ts';
import type { Collection, CollectionWrite, Result } from './collection.ts';
import { findUnanswered, markWrites, unmarked } from './creation.ts';
import { adoptGroups, knowWritten } from './dead-runs.ts';
import { contextOf, read, type Work } from './observe.ts';
import { recognise } from './recognise.ts';
import { type Run, wrote } from './run.ts';
import { tellCrm } from './tell.ts';

/** 412, 409 and "gone" are answers on which a record is read and planned again; this many times. */
const MAX_ROUNDS = 6;

/** Why a record is left until the next listing, see isAdrift. */
export const GROUP_CHANGED = 'groupChanged';

/** A record that the run is done with, to be committed. */
export interface Done {
  work: Work;
  decision: Decision;
  /** As Google answered the write. */
  written: Observed | undefined;
  /** What the write took away has been told, see tellLosses. */
  lossesTold?: true;
}

/** What a part of a run has come to. */
export interface Executed {
  done: Done[];
  /** Works whose record is left for a later run, with the reason. */
  deferred: { work: Work; error: SyncError }[];
}

/** Plans the works and carries the writes out, until each is done, parked or left for later. */
export async function execute(run: Run, collection: Collection, works: Work[]): Promise<Executed> {
  const result: Executed = { done: [], deferred: [] };
  let open = await findUnanswered(run, collection, works, result);
  for (let round = 0; open.length > 0 && round < MAX_ROUNDS; round++)
    open = await executeRound(run, collection, open, result);
  for (const work of open)
    result.deferred.push({ work, error: new SyncError('later', 'contention') });
  return result;
}

/** A record with its decision, and the call that carries it out. */
export interface Planned {
  work: Work;
  decision: Decision;
  write: CollectionWrite<unknown>;
}

/** One round; returns the works that have to be planned again. */
async function executeRound(
  run: Run,
  collection: Collection,
  works: Work[],
  result: Executed,
): Promise<Work[]> {
  const { codec } = collection;
  const emails = works.flatMap((w) => (w.intent ? codec.emailsOf({ fields: w.intent.data }) : []));
  const context = await run.directory.context(emails);
  await adoptGroups(run, collection, context, works);
  const planned = await planAll(run, collection, context, works);
  const writes = writesOf(run, collection, context, planned, result);
  run.count.writes += writes.length;
  await tellLosses(run, collection, writes);
  await markLeaving(run, writes);
  const answers = await carryOut(run, collection, writes);
  wrote(run, collection, answers);
  const shown = answers.map((answer) => (answer.ok ? answer.data : undefined));
  const now = await contextOf(run, collection, shown);
  const again: { work: Work; googleId: string; write: CollectionWrite<unknown> }[] = [];
  writes.forEach(({ work, decision, write }, i) => {
    const next = judge(collection, now, { work, decision, write }, answers[i]);
    // A place in a group that is no more: deleted, or moved, the listing tells.
    const moved = 'done' in next && work.link?.group && isNotFound(answers[i]);
    if (moved && !isListed(run, collection, work))
      again.push({ work, googleId: work.link?.googleId ?? '', write });
    else if ('done' in next) result.done.push(next.done);
    else if ('deferred' in next) result.deferred.push({ work, error: next.deferred });
    else again.push({ work, googleId: next.readAgain, write });
  });
  await readAgain(run, collection, again);
  return again.map((a) => a.work);
}

/** Decides each; where the write depends on what is there now, that is read first. */
async function planAll(
  run: Run,
  collection: Collection,
  context: CodecContext,
  works: Work[],
): Promise<Omit<Planned, 'write'>[]> {
  const { codec } = collection;
  // Edited, what the CRM took out is not taken out again before its word on that is known (rule 10).
  const back = works.filter(
    (work) => work.follows && isBack({ codec, context, parent: undefined, ...work }),
  );
  await recognise(run, collection, back);
  knowWritten(run, collection, context, works);
  const planned = works.map((work) => ({ work, decision: decide(run, collection, context, work) }));

  const blind = planned.filter(
    ({ work, decision }) =>
      work.raw === undefined &&
      (wantsCurrent(collection, decision.write) ||
        wouldDouble(work, decision.write) ||
        isBlind(decision.write) ||
        isLeftOpen(work, decision)),
  );
  const unread = blind.map(({ work }) => work);
  await read(run, collection, unread, (work) => work.link?.googleId ?? '');
  knowWritten(run, collection, context, unread);
  for (const p of blind) p.decision = decide(run, collection, context, p.work);
  await findSingles(run, collection, planned);
  return planned;
}

/** What there is to write. The rest goes into the result: it needs no call, or waits for a listing. */
function writesOf(
  run: Run,
  collection: Collection,
  context: CodecContext,
  planned: Omit<Planned, 'write'>[],
  result: Executed,
): Planned[] {
  const writes: Planned[] = [];
  for (const { work, decision } of planned) {
    if (work.missesGroup || (isAdrift(work) && !isListed(run, collection, work))) {
      result.deferred.push({ work, error: new SyncError('later', GROUP_CHANGED) });
      continue;
    }
    const write = decision.write && encode(collection, context, decision.write, work);
    if (write) writes.push({ work, decision, write });
    else result.done.push({ work, decision, written: undefined });
  }
  return writes;
}

/** The writes' answers, in order. */
async function carryOut(
  run: Run,
  collection: Collection,
  planned: Planned[],
): Promise<Result<unknown>[]> {
  if (planned.length === 0) return [];
  await markWrites(run, collection, planned);
  try {
    return await collection.write(
      run.session,
      planned.map(({ write }) => write),
    );
  } catch (error) {
    if (isSyncError(error, 'lost'))
      await run.engine.store.commit(run.lease, unmarked(planned.map(({ work }) => work)), false);
    throw error;
  }
}

/**
 * What a write takes away for good is told before it is gone: after a lost answer or a crash both sides
 * would be equal, and nobody would know that there had been a conflict. Nothing but that: the write may
 * be refused yet, and then other values count than those of this decision.
 */
async function tellLosses(
  run: Run,
  collection: Collection,
  writes: { work: Work; decision: Decision }[],
): Promise<void> {
  const losses = writes.flatMap(({ work, decision }) => {
    const conflicts = lossesOf(decision);
    if (conflicts.length === 0) return [];
    const { write: _, ...rest } = decision;
    const about: Decision = { ...rest, notice: { op: 'upsert', changed: [], conflicts } };
    return [{ work, decision: about }];
  });
  await tellAhead(run, collection, losses);
}

/** Tells what these decisions have to say, before anything is stored. */
export async function tellAhead(
  run: Run,
  { codec }: Collection,
  works: { work: Work; decision: Decision }[],
): Promise<void> {
  const { userId } = run.user;
  const { fence } = run.lease;
  const notices = works.flatMap(({ work, decision }) => {
    const told = { codec, userId, ...work, decision, written: undefined, fence, expireAt: 0 };
    return settle(told).notice ?? [];
  });
  await tellCrm(run, notices);
}

/**
 * Stored before the old owner's object is taken out: handed back after a crash, its absence must not look
 * like the user's own deletion.
 */
async function markLeaving(run: Run, writes: { work: Work; decision: Decision }[]): Promise<void> {
  const links: Link[] = [];
  for (const { work, decision } of writes) {
    if (decision.rule !== 'handOver' || !work.link || work.link.removing) continue;
    work.link = { ...work.link, removing: true };
    links.push(work.link);
  }
  if (links.length > 0) await run.engine.store.commit(run.lease, { links }, false);
}

/** What is to be done with a record as it stands. */
export function decide(
  run: Run,
  collection: Collection,
  context: CodecContext,
  work: Work,
): Decision {
  const { codec } = collection;
  if (work.undo) return undo({ codec, context, ...work, ...work.undo });
  if (work.follows === 'told' && work.link) return nameAgain(codec, work.link);
  if (work.follows === 'given') return forget();
  if (work.nowhere && work.intent) {
    const wanted = isWanted(codec, work.intent);
    return unplaced(work.nowhere, work.intent, work.link, wanted, run.startedAt);
  }
  const { policy } = run.engine.settings;
  return plan({ codec, context, policy, window: run.window, ...work });
}

const wantsCurrent = ({ codec }: Collection, write: Write | undefined) =>
  write?.kind === 'patch' && codec.needsCurrent(write.patch);

/** What was only about to be written when its run died was seen in no version: to be deleted it is looked at. */
const isBlind = (write: Write | undefined) => write?.kind === 'delete' && write.etag === undefined;

/** The object that the record had is still there, for all we know: to be had again, not written anew (P3). */
const wouldDouble = ({ link }: Work, write: Write | undefined) =>
  write?.kind === 'insert' && link?.stays === true;

/**
 * Removed or written by a run that died: with nothing to write, nobody would find out before a pull does, which
 * knows no reason. Of which no version is known, a write would overwrite whatever is there (P19).
 */
const isLeftOpen = (work: Work, { rule }: Decision) =>
  rule === 'merge' &&
  (wasOff(work) || work.link?.unborne !== undefined || work.link?.etag === undefined);

function encode(
  { codec }: Collection,
  context: CodecContext,
  write: Write,
  work: Work,
): CollectionWrite<unknown> | undefined {
  if (write.kind === 'delete') return write;
  if (write.kind === 'insert') {
    const { crmId, generation, fields } = write;
    const body =
      work.original !== undefined && codec.copy
        ? codec.copy(work.original, crmId, generation)
        : codec.insert(crmId, generation, fields, context);
    return { kind: 'insert', googleId: write.googleId, body };
  }
  const body = codec.patch(write.patch, context, work.raw);
  return body === undefined
    ? undefined
    : { kind: 'patch', googleId: write.googleId, etag: write.etag, body };
}
