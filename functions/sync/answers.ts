/** What Google's answer to a write means for its record: done, refused, left for later, or news. */
import type { CodecContext } from '../core/codec.ts';
import type { Decision } from '../core/decision.ts';
import { afterWrite } from '../core/written.ts';
import { SyncError } from '../errors.ts';
import type { Collection, CollectionWrite, Result } from './collection.ts';
import type { Done, Planned } from './execute.ts';
import { elsewhere, isElsewhere, read, type Work } from './observe.ts';
import type { Run } from './run.ts';

/** `readAgain`: the id under which Google has news; it is read, and the record planned again. */
type Judged = { done: Done } | { deferred: SyncError } | { readAgain: string };

/** One write's answer; without one the work is left for later. */
export function judge(
  { codec }: Collection,
  context: CodecContext,
  { work, decision, write }: Planned,
  answer: Result<unknown> | undefined,
): Judged {
  if (!answer) return { deferred: new SyncError('later', 'noAnswer') };
  if (answer.ok) {
    const written = write.kind === 'delete' ? undefined : codec.decode(answer.data, context);
    const told = afterWrite(codec, decision, written);
    return { done: { work, decision: told, written, lossesTold: true } };
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

/** Whether Google knows no such object (404); what was deleted is 410. */
export const isNotFound = (answer: Result<unknown> | undefined) =>
  answer !== undefined && !answer.ok && answer.error.status === 404;

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

/** Reads what is news, for the next round; an id that a new object cannot have is marked as taken. */
export async function readAgain(
  run: Run,
  collection: Collection,
  again: { work: Work; googleId: string; write: CollectionWrite<unknown> }[],
): Promise<void> {
  const ids = new Map(again.map((a) => [a.work, a.googleId]));
  for (const { work } of again) if (work.observed?.group !== undefined) work.left = work.observed;
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

/** The generation of whose id Google told us that it is taken. */
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
