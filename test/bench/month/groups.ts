/** Runs groups of users beside each other, one on each core. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Group } from './play.ts';
import type { Result } from './result.ts';

const waiting: (() => void)[] = [];
let free = availableParallelism();

/** Plays a group as soon as a core is free. */
export async function played(group: Group): Promise<Result> {
  if (free > 0) free--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await new Promise<Result>((resolve, reject) => {
      const worker = new Worker(new URL('play.ts', import.meta.url), { workerData: group });
      worker.once('message', resolve).once('error', reject);
    });
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free++;
  }
}
