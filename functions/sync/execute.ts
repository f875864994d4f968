/** The one place where a run has effects at Google: the writes that the plan decided. */
import type { CodecContext, Observed } from '../core/codec.ts';
import { type Decision, lossesOf, type Write } from '../core/decision.ts';
import { follow, nameAgain, unplaced } from '../core/members.ts';
import { plan } from '../core/plan.ts';
import type { Link } from '../core/records.ts';
import { settle } from '../core/settle.ts';
import { undo } from '../core/undo.ts';
import { isSyncError, SyncError } from '../errors.ts';
import type { Collection, CollectionWrite, Result } from './collection.ts';
import { adoptGroups, findUnanswered, markInsertions, unmarked } from './creation.ts';
import { elsewhere, isElsewhere, read, type Work } from './observe.ts';
import { type Run, wrote } from './run.ts';
import { tellCrm } from './tell.ts';

/** 412, 409 and "gone" are answers on which a record is read and planned again; this many times. */
const MAX_ROUNDS = 6;

/** Why a record is left until the next listing, see isAdrift. */
export const GROUP_CHANGED = 'groupChanged';

export interface Done {
  work: Work;
  decision: Decision;
  /** As Google answered the write. */
  written: Observed | undefined;
  /** What the write took away has been told, see tellLosses. */
  lossesTold?: true;
}

export interface Executed {
  done: Done[];
  /** Works whose record is left for a later run, with the reason. */
  deferred: { work: Work; error: SyncError }[];
}

/** Plans the works and carries the writes out, until each is done, parked or left for later. */
export async function execute(run: Run, collection: Collection, works: Work[]): Promise<Executed> {
  const result: Executed = { done: [], deferred: [] };
  let open = await findUnanswered(run, collection, works, result);
  for (let round = 1; open.length > 0; round++) {
    const again = await executeRound(run, collection, open, result);
    if (round < MAX_ROUNDS) {
      open = again;
      continue;
    }
    for (const work of again) {
      result.deferred.push({ work, error: new SyncError('later', 'contention') });
    }
    break;
  }
  return result;
}

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
  await adoptGroups(run, collection, works);
  const planned = works.map((work) => ({ work, decision: decide(run, collection, context, work) }));

  const blind = planned.filter(
    ({ work, decision }) => work.raw === undefined && wantsCurrent(collection, decision.write),
  );
  await read(
    run,
    collection,
    blind.map((p) => p.work),
    (work) => work.link?.googleId ?? '',
  );
  for (const p of blind) p.decision = decide(run, collection, context, p.work);

  const writes: Planned[] = [];
  for (const { work, decision } of planned) {
    const listed = run.listing.get(codec.record) === 'done' && !isYounger(run, work);
    if (!listed && isAdrift(work)) {
      result.deferred.push({ work, error: new SyncError('later', GROUP_CHANGED) });
      continue;
    }
    const write = decision.write && encode(collection, context, decision.write, work);
    if (write) writes.push({ work, decision, write });
    else result.done.push({ work, decision, written: undefined });
  }
  run.count.writes += writes.length;
  await tellLosses(run, collection, writes);
  await markLeaving(run, writes);
  const answers = await carryOut(run, collection, writes);
  wrote(run, collection, answers);
  const again: { work: Work; googleId: string; write: CollectionWrite<unknown> }[] = [];
  writes.forEach(({ work, decision, write }, i) => {
    const next = judge(collection, context, { work, decision, write }, answers[i]);
    // A place in a group that is no more: deleted, or moved, the listing tells.
    const moved = 'done' in next && work.link?.group && isNotFound(answers[i]);
    if (moved && run.listing.get(codec.record) !== 'done')
      again.push({ work, googleId: work.link?.googleId ?? '', write });
    else if ('done' in next) result.done.push(next.done);
    else if ('deferred' in next) result.deferred.push({ work, error: next.deferred });
    else again.push({ work, googleId: next.readAgain, write });
  });
  await readAgain(run, collection, again);
  return again.map((a) => a.work);
}

/** The writes' answers, in order. */
async function carryOut(
  run: Run,
  collection: Collection,
  planned: Planned[],
): Promise<Result<unknown>[]> {
  if (planned.length === 0) return [];
  await markInsertions(run, collection, planned);
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
  { codec }: Collection,
  writes: { work: Work; decision: Decision }[],
): Promise<void> {
  const notices = writes.flatMap(({ work, decision }) => {
    const conflicts = lossesOf(decision);
    if (conflicts.length === 0) return [];
    const about: Decision = { ...decision, notice: { op: 'upsert', changed: [], conflicts } };
    const { userId } = run.user;
    const { fence } = run.lease;
    const told = {
      codec,
      userId,
      ...work,
      decision: about,
      written: undefined,
      fence,
      expireAt: 0,
    };
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
  if (work.undo) return undo({ codec, ...work, ...work.undo });
  if (work.follows === 'anew' && work.link) return follow(codec, work.link, work.observed);
  if (work.follows === 'told' && work.link) return nameAgain(codec, work.link);
  if (work.nowhere && work.intent) {
    const wanted = work.intent.op === 'upsert' && !codec.absent(work.intent.data);
    return unplaced(work.nowhere, work.intent, work.link, wanted, run.startedAt);
  }
  const { policy } = run.engine.settings;
  return plan({ codec, context, policy, window: run.window, ...work });
}

/**
 * The object has become a group, or its place in a group is gone: what it is now, only a listing of the
 * group tells. To write it again, or to drop it, would double or lose a record that has merely moved.
 */
const isAdrift = ({ link, observed, nowhere, follows }: Work) =>
  !nowhere &&
  !follows &&
  link !== undefined &&
  observed !== undefined &&
  (observed.whole !== undefined ||
    (observed.state === 'gone' && link.group !== undefined && observed.group === undefined));

/** It became a group, or changed as one, since the run began: the run's listing may be from before. */
const isYounger = ({ startedAt }: Run, { observed }: Work) =>
  observed?.whole !== undefined && observed.whole.since > startedAt;

const isNotFound = (answer: Result<unknown> | undefined) =>
  answer !== undefined && !answer.ok && answer.error.status === 404;

const wantsCurrent = ({ codec }: Collection, write: Write | undefined) =>
  write?.kind === 'patch' && codec.needsCurrent(write.patch);

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

type Judged = { done: Done } | { deferred: SyncError } | { readAgain: string };

function judge(
  { codec }: Collection,
  context: CodecContext,
  { work, decision, write }: Planned,
  answer: Result<unknown> | undefined,
): Judged {
  if (!answer) return { deferred: new SyncError('later', 'noAnswer') };
  if (answer.ok) {
    const written = write.kind === 'delete' ? undefined : codec.decode(answer.data, context);
    return { done: { work, decision, written, lossesTold: true } };
  }
  const { error } = answer;
  const gone = error.kind === 'gone';
  const news = gone || error.kind === 'precondition' || error.kind === 'exists';
  if (gone && write.kind === 'delete')
    return { done: { work, decision, written: undefined, lossesTold: true } };
  // Without an id of its own there is nothing that could be read.
  const refused = news && write.kind === 'insert' && write.googleId === undefined;
  if (news && !refused) return { readAgain: write.googleId ?? work.link?.googleId ?? '' };
  if (refused || error.kind === 'park')
    return { done: { work, decision: park(work, error), written: undefined } };
  return { deferred: error };
}

/** Refused for good: the CRM is told which record and why; nothing else waits for it. */
function park(work: Work, error: SyncError): Decision {
  const name = work.intent?.crmId ?? work.link?.crmId ?? 'the record';
  const detail = `Google refuses ${name} (${error.status ?? ''} ${error.reason}): correct it in the CRM and save it again`;
  return {
    rule: 'refuse',
    link: 'unchanged',
    agreed: {},
    offers: {},
    notice: { op: 'reject', rejected: { reason: error.reason, detail } },
  };
}

async function readAgain(
  run: Run,
  collection: Collection,
  again: { work: Work; googleId: string; write: CollectionWrite<unknown> }[],
): Promise<void> {
  const ids = new Map(again.map((a) => [a.work, a.googleId]));
  await read(
    run,
    collection,
    again.map((a) => a.work),
    (work) => ids.get(work) ?? '',
  );
  const inserts = again.filter((a) => a.write.kind === 'insert');
  const others = await takenByOthers(run, collection, inserts);
  for (const { work, write, googleId } of inserts) {
    const { intent, link, observed } = work;
    const crmId = intent?.crmId ?? link?.crmId;
    const taken = observed?.state === 'gone' || others.has(googleId);
    if (crmId === undefined || !observed || !taken) continue;
    // The id that we tried is taken for good: the next generation comes after it.
    const generation = generationOf(collection, run.user.userId, crmId, write.googleId);
    const marker = { crmId, generation };
    work.observed = isElsewhere(link, collection)
      ? elsewhere(link, marker)
      : { googleId, state: 'gone', fields: {}, marker };
  }
}

/** Ids whose event belongs to another record by now (restored under a new crmId). */
async function takenByOthers(
  run: Run,
  { codec }: Collection,
  again: { work: Work; googleId: string }[],
): Promise<Set<string>> {
  if (again.length === 0) return new Set();
  const ids = again.map((a) => a.googleId);
  const links = await run.engine.store.linksByGoogleId(run.user.userId, codec.record, ids);
  const crmIds = new Map(
    again.map((a) => [a.googleId, a.work.intent?.crmId ?? a.work.link?.crmId]),
  );
  return new Set(
    links
      .map((link) => ({ id: link.googleId ?? '', crmId: link.crmId }))
      .filter(({ id, crmId }) => crmId !== undefined && crmId !== crmIds.get(id))
      .map(({ id }) => id),
  );
}

function generationOf(
  { codec }: Collection,
  userId: string,
  crmId: string,
  googleId: string | undefined,
): number {
  let generation = 0;
  while (generation < 1000 && codec.googleId(userId, crmId, generation) !== googleId) generation++;
  return generation;
}
