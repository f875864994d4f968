/** What goes wrong with one record type stops no other. */
import { isSyncError, SyncError } from '../errors.ts';
import type { Collection } from './collection.ts';
import type { Run } from './run.ts';
import { isSettling } from './user-state.ts';

/** Not about a record type: the run must not go on at all. */
const FATAL = 'leaseLost';

/**
 * Does a step of one record type. When it fails, that type rests until the next run and the others go
 * on; a type that Google no longer permits is switched off. Resolves to whether it went well. Throws
 * what concerns the whole user.
 */
export async function alone(
  run: Run,
  collection: Collection,
  step: () => Promise<unknown>,
): Promise<boolean> {
  const { record } = collection.codec;
  try {
    await step();
    return !run.failing.has(record);
  } catch (error) {
    if (!isSyncError(error) || error.kind === 'lost' || error.reason === FATAL) throw error;
    if (error.kind === 'reauthorize') await switchOff(run, collection, error);
    else postpone(run, collection, error);
    return false;
  }
}

/** Something of this type is left for later; nothing more of it is begun in this run. */
export function postpone(run: Run, { codec }: Collection, error: SyncError): void {
  run.failing.add(codec.record);
  // What Google forbids for good, or a person has to look at, does not get better by an early return.
  if (error.kind !== 'park') run.deferred ??= error;
}

/**
 * 403: the grant is alive, but does not hold (any more) what this type needs. The user may have connected
 * again since the refused call: then it is another grant.
 */
async function switchOff(run: Run, collection: Collection, error: SyncError): Promise<void> {
  const { record } = collection.codec;
  const others = run.collections.filter((c) => c.codec.record !== record);
  if (error.status !== 403 || others.length === 0) throw error;
  const { userId, connectedAt } = run.user;
  const without = (scopes: string[] = []) => scopes.filter((scope) => scope !== collection.scope);
  const stored = isSettling(run)
    ? undefined
    : await run.engine.store.updateUser(userId, (user) =>
        user?.connectedAt === connectedAt && user
          ? { ...user, scopes: without(user.scopes) }
          : undefined,
      );
  if (stored?.connectedAt !== connectedAt || stored === undefined)
    return postpone(run, collection, new SyncError('later', error.reason));
  run.engine.log('record.off', { userId, record, reason: error.reason });
  run.user = { ...run.user, scopes: without(run.user.scopes) };
  run.collections = others;
}
