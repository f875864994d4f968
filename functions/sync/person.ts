/** What a person decides about a user's sync, instead of the sync itself. */
import type { RecordType } from '../core/fields.ts';
import { dueNow } from '../core/polls.ts';
import type { User } from '../core/records.ts';
import type { Engine } from './engine.ts';
import { putIntoState } from './user-state.ts';

/** What became of the decision; `detail` is a sentence for the person. */
export type Decided = { done: true } | { done: false; detail: string };

type Deciding = Pick<Engine, 'store' | 'publisher' | 'clock' | 'log'>;

/**
 * Lets a record type go on that the mass-change guard holds (C03), or all of them: the next full listing
 * of each is believed once, however much it lacks.
 */
export async function release(
  deciding: Deciding,
  userId: string,
  record?: RecordType,
): Promise<Decided> {
  const { store, publisher, clock, log } = deciding;
  let released: string[] = [];
  const user = await store.updateUser(userId, (stored) => {
    const held = Object.entries(stored?.held ?? {});
    released = held.map(([name]) => name).filter((name) => record === undefined || name === record);
    if (!stored || released.length === 0) return undefined;
    // Its next run tells the CRM, and looks at all that the CRM has sent meanwhile.
    const { held: _, toldState: __, ...rest } = stored;
    const left = held.filter(([name]) => !released.includes(name));
    const believeListing = [...new Set([...(stored.believeListing ?? []), ...released])];
    return dueNow(
      {
        ...rest,
        ...(left.length > 0 && { held: Object.fromEntries(left) }),
        believeListing: believeListing as RecordType[],
      },
      clock.now(),
    );
  });
  if (!user) return { done: false, detail: `no user ${userId}` };
  if (released.length === 0)
    return { done: false, detail: `no ${record ?? 'record type'} of user ${userId} is held` };
  for (const name of released) log('record.released', { userId, record: name });
  await publisher.syncUsers([userId]);
  return { done: true };
}

/** Takes back `pause`. */
export async function resume(deciding: Deciding, userId: string): Promise<Decided> {
  const { store, publisher, clock, log } = deciding;
  const isPaused = (user: User) => user.state === 'paused';
  let done = false;
  const user = await store.updateUser(userId, (stored) => {
    done = stored !== undefined && isPaused(stored);
    if (!stored || !done) return undefined;
    const { stateReason: _, ...rest } = stored;
    // The next run tells the CRM the state, because it differs from the one that was told.
    return dueNow({ ...rest, state: 'active' }, clock.now());
  });
  if (!done) return refusal(user, userId, 'paused');
  log('user.state', { userId, state: 'active' });
  await publisher.syncUsers([userId]);
  return { done: true };
}

/** Nothing runs for the user until `resume`; what the CRM sends meanwhile is kept. */
export async function pause(deciding: Deciding, userId: string): Promise<Decided> {
  const { store } = deciding;
  const done = await putIntoState(deciding, userId, 'paused', 'byAdmin', isActive);
  return done ? { done } : refusal(await store.getUser(userId), userId, 'active');
}

const isActive = (user: User) => user.state === 'active';

function refusal(user: User | undefined, userId: string, wanted: string): Decided {
  if (!user) return { done: false, detail: `no user ${userId}` };
  const why = user.stateReason === undefined ? '' : ` (${user.stateReason})`;
  return { done: false, detail: `user ${userId} is ${user.state}${why}, not ${wanted}` };
}
