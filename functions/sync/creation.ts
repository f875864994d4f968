/**
 * Insertions into collections that take no id from us: a repeated call would make a second object (P3).
 * So the attempt is stored before the call, under the fence of the lease, and an attempt without an
 * answer is looked for before the next one; as long as Google may show it late, it is waited for. What is stored
 * in the same commit of patches, dead-runs.ts reads.
 */
import type { Observed } from '../core/codec.ts';
import { decide } from '../core/decision.ts';
import type { Fields } from '../core/fields.ts';
import { linkId } from '../core/link.ts';
import type { Link } from '../core/records.ts';
import { SyncError, saysNothingDone } from '../errors.ts';
import type { Collection } from './collection.ts';
import type { Executed, Planned } from './execute.ts';
import { contextOf, type Work } from './observe.ts';
import type { Run } from './run.ts';

/** Finds what earlier insertions left behind; returns the works that can be planned now. */
export async function findUnanswered(
  run: Run,
  collection: Collection,
  works: Work[],
  result: Executed,
): Promise<Work[]> {
  const doubtful = works.filter((w) => w.link?.inFlight && w.observed?.marker === undefined);
  if (doubtful.length === 0) return works;
  const found = await marked(run, collection, doubtful);
  const waiting = new Set<Work>();
  for (const work of doubtful) {
    const link = work.link as Link;
    const seen = found.findLast(({ observed }) => isAttempt(observed, link));
    const sureAt = (link.insertedAt ?? 0) + (collection.settlesMs ?? 0);
    if (seen) Object.assign(work, seen);
    else if (run.engine.clock.now() <= sureAt) {
      waiting.add(work);
      if (!remembered(work))
        result.deferred.push({ work, error: new SyncError('later', 'unanswered') });
      else {
        const decision = decide('nothing', { wakeAt: sureAt + 1 });
        result.done.push({ work, decision, written: undefined });
      }
    } else {
      const { inFlight: _, ...never } = link;
      work.link = never;
    }
  }
  return works.filter((work) => !waiting.has(work));
}

/** Whether the work comes back by itself: undoing and moving are done once. */
const remembered = ({ undo, intent, observed }: Work) =>
  undo === undefined && (intent !== undefined || observed?.state !== 'elsewhere');

/** Objects that carry our mark of these works' records, the latest generation last. */
async function marked(
  run: Run,
  collection: Collection,
  works: Work[],
): Promise<{ raw: unknown; observed: Observed }[]> {
  const { codec } = collection;
  const crmIds = works.flatMap((work) => work.link?.crmId ?? []);
  const raws = (await collection.find?.(run.session, crmIds)) ?? [];
  const context = await contextOf(run, collection, raws);
  const seen = raws.map((raw) => ({ raw, observed: codec.decode(raw, context) }));
  return seen.sort((a, b) => generationOf(a.observed) - generationOf(b.observed));
}

const generationOf = ({ marker }: Observed) => marker?.generation ?? 0;

/**
 * Whether the object is what the unanswered insertion made. A listing that lags may still show the object
 * before it, which is gone and carries the same mark.
 */
export function isAttempt(observed: Observed, link: Link): boolean {
  if (observed.marker?.crmId !== link.crmId) return false;
  const later = generationOf(observed) - link.generation;
  // In another place an object begins with the generation that it had.
  return later > 0 || (later === 0 && observed.googleId !== link.googleId);
}

/**
 * Stores what is about to be tried where neither the id nor the object itself would tell: insertions without an
 * id of ours, and what the CRM had said when an object is patched that does not bear it.
 */
export async function markWrites(
  run: Run,
  { codec }: Collection,
  planned: Planned[],
): Promise<void> {
  const insertedAt = run.engine.clock.now();
  const links: Link[] = [];
  for (const { work, write, decision } of planned) {
    const said = decision.write?.kind === 'patch' && decision.write.unborne;
    if (said && work.link) links.push({ ...work.link, unborne: said });
    if (write.kind !== 'insert' || write.googleId !== undefined) continue;
    if (decision.write?.kind !== 'insert') continue;
    const { crmId, generation, fields } = decision.write;
    const before = work.link ?? blank(run, codec.record, crmId, generation - 1, fields);
    work.marked = { ...before, inFlight: true, insertedAt };
    links.push(work.marked);
  }
  if (links.length > 0) await run.engine.store.commit(run.lease, { links }, false);
}

/** Nothing is at Google as far as we know; if it is, then with these values. */
export const blank = (
  run: Run,
  record: Link['record'],
  crmId: string,
  generation: number,
  fields: Fields,
): Link => ({
  id: linkId(record, { crmId }),
  userId: run.user.userId,
  record,
  state: 'deleted',
  deletedBy: 'crm',
  origin: 'crm',
  crmId,
  generation,
  crm: fields,
  google: {},
  offered: {},
  changes: 0,
});

/** What takes back the marks of works that Google has refused: nothing was made, so nothing is looked for. */
export function unmarked(works: Work[]): { links: Link[]; removedLinks: string[] } {
  const marks = works.filter((work) => work.marked !== undefined);
  return {
    links: marks.flatMap(({ link }) => link ?? []),
    removedLinks: marks.flatMap(({ link, marked }) => (link ? [] : (marked?.id ?? []))),
  };
}

/** Works whose insertion was surely not carried out. */
export const refusedOf = ({ deferred }: Executed): Work[] =>
  deferred.filter(({ error }) => saysNothingDone(error)).map(({ work }) => work);
