/**
 * Read, decide, write; atomic without locks: every write is conditional on the document being as it was
 * read. Two round trips, where a transaction's locks would make a thousand callers queue.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type DocumentReference,
  DocumentSnapshot,
  FieldValue,
  type Firestore,
  type WriteBatch,
} from '@google-cloud/firestore';
import { SyncError } from '../errors.ts';
import { encode } from './documents.ts';
import { isConflict } from './failures.ts';

/** Firestore takes 10 MiB a request whatever the number; in the emulator large batches get slow. */
export const MOST_DOCUMENTS = 200;

const ATTEMPTS = 12;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 1000;

/**
 * One document to write. `at` a snapshot: only if the document is still as it was read there. `at` a
 * reference: in any case. Without a record the document is deleted.
 */
export interface Write {
  at: DocumentSnapshot | DocumentReference;
  record?: object | undefined;
}

/** What is to be written, all or nothing, and what to tell the caller once it is. */
export interface Decision<T> {
  writes: Write[];
  result: T;
}

/**
 * Runs `decide` (which reads, and must do nothing else) and applies its writes; once more from the start
 * when somebody else was quicker. A document that was read but is not written is not guarded.
 */
export async function compareAndSet<T>(
  db: Firestore,
  decide: () => Promise<Decision<T>>,
): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { writes, result } = await decide();
    if (writes.length === 0 || (await applied(db, writes))) return result;
    // At random, so that those who met once do not meet again.
    await delay(Math.random() * Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS));
  }
  throw new SyncError('later', 'contention');
}

async function applied(db: Firestore, writes: Write[]): Promise<boolean> {
  const batch = db.batch();
  for (const write of writes) addTo(batch, write);
  try {
    await batch.commit();
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}

function addTo(batch: WriteBatch, { at, record }: Write): void {
  if (!(at instanceof DocumentSnapshot)) {
    if (record) batch.set(at, encode(at, record));
    else batch.delete(at);
    return;
  }
  const unchanged = at.updateTime && { lastUpdateTime: at.updateTime };
  if (!record) batch.delete(at.ref, unchanged ?? {});
  else if (!unchanged) batch.create(at.ref, encode(at.ref, record));
  else batch.update(at.ref, replacement(at, record), unchanged);
}

/** An update that leaves nothing of the old document: only updates can be conditional, sets cannot. */
function replacement(at: DocumentSnapshot, record: object) {
  const removed = Object.keys(at.data() ?? {}).map((name) => [name, FieldValue.delete()]);
  return { ...Object.fromEntries(removed), ...encode(at.ref, record) };
}

/** The pieces of a list. */
export function chunks<T>(list: T[], size: number): T[][] {
  const pieces: T[][] = [];
  for (let i = 0; i < list.length; i += size) pieces.push(list.slice(i, i + size));
  return pieces;
}

/** Maps pieces of a list, a few at a time, and joins the results in order. */
export async function inChunks<T, R>(
  list: T[],
  size: number,
  map: (piece: T[]) => Promise<R[]>,
): Promise<R[]> {
  const rounds = chunks(chunks(list, size), AT_ONCE);
  const results: R[] = [];
  for (const round of rounds) results.push(...(await Promise.all(round.map(map))).flat());
  return results;
}

const AT_ONCE = 4;
