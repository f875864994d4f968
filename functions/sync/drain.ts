/** The pending intents of a run: taken up in pieces, each planned, written and committed. */
import type { RecordType } from '../core/fields.ts';
import type { Intent, User } from '../core/records.ts';
import { SyncError } from '../errors.ts';
import type { Collection } from './collection.ts';
import { commitWorks } from './commit.ts';
import { alone } from './isolation.ts';
import { executeIntents } from './members.ts';
import { CHUNK, keepLease, type Run } from './run.ts';

/** Works off pending intents until there are none; with `release`, gives the lease back then. */
export async function drain(run: Run, release: boolean): Promise<void> {
  const { store, clock, settings } = run.engine;
  const limit = Math.max(CHUNK, ...run.collections.map(chunkOf));
  for (;;) {
    const intents = await store.pendingIntents(run.user.userId, limit, healthy(run));
    if (clock.now() - run.startedAt > settings.runMs && intents.length > 0) {
      run.outOfTime = true;
      run.deferred ??= new SyncError('later', 'runTime');
    }
    const works = run.outOfTime ? [] : intents;
    const last = run.outOfTime || intents.length < limit;
    const released = await drainSome(run, works, release && last);
    // What was left for later in this run stays pending: taking it up again would spin.
    const left = run.outOfTime || run.failing.size > 0;
    if (last && left && release && !released) return store.dropLease(run.lease);
    if (release ? released : last || run.waits.size > 0) return;
  }
}

const chunkOf = ({ chunk }: Collection) => chunk ?? CHUNK;

/** The types of which more can be taken up; undefined: all. */
const healthy = ({ engine, failing }: Run): RecordType[] | undefined =>
  failing.size === 0
    ? undefined
    : engine.collections.map((c) => c.codec.record).filter((record) => !failing.has(record));

/** One batch of intents, of all types. Resolves to whether the lease was given back with the last commit. */
async function drainSome(run: Run, intents: Intent[], release: boolean): Promise<boolean> {
  await keepLease(run);
  run.count.intents += intents.length;
  const mine = Map.groupBy(intents, (intent) => intent.record);
  const parts = run.collections.flatMap((collection) =>
    pieces(mine.get(collection.codec.record) ?? [], chunkOf(collection)).map((some) => ({
      collection,
      some,
    })),
  );
  const on = new Set([...run.collections.map((c) => c.codec.record), ...run.failing]);
  const off = intents.filter((intent) => !on.has(intent.record));
  let released = false;
  for (const [at, { collection, some }] of parts.entries()) {
    if (run.failing.has(collection.codec.record)) continue;
    const last = release && off.length === 0 && at === parts.length - 1;
    await alone(run, collection, async () => {
      await keepLease(run);
      const executed = await executeIntents(run, collection, some);
      released = await commitWorks(run, collection, executed, {}, last);
    });
  }
  if (off.length > 0 || (parts.length === 0 && release)) {
    const commit = { consumed: off, ...forgotten(run, off) };
    ({ released } = await run.engine.store.commit(run.lease, commit, release));
  }
  return released;
}

/**
 * The user granted no scope for the types of these intents: they stay stored, and are looked at again when
 * the type comes back, which is noticed by its being new.
 */
function forgotten(run: Run, off: Intent[]): { user?: Partial<User> } {
  const before = run.user.records ?? [];
  const records = before.filter((known) => !off.some(({ record }) => record === known));
  if (records.length === before.length) return {};
  run.user = { ...run.user, records };
  return { user: { records } };
}

function pieces<T>(list: T[], size: number): T[][] {
  const all: T[][] = [];
  for (let at = 0; at < list.length; at += size) all.push(list.slice(at, at + size));
  return all;
}
