/** Runs that die at the worst moment. */
import assert from 'node:assert/strict';
import type { Commit } from '../../functions/sync/ports.ts';
import type { World } from './world.ts';

/** A run that dies before its next commit, or before it notes what it has told; the lease expires. */
export async function dying(
  world: World,
  run: () => Promise<unknown>,
  before?: keyof Commit,
): Promise<void> {
  const { commit } = world.store;
  world.store.commit = (lease, what, release) =>
    before === undefined || what[before]
      ? Promise.reject(new Error('killed'))
      : commit(lease, what, release);
  await assert.rejects(run());
  world.store.commit = commit;
  world.advance(200_000);
}
