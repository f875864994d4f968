/** What a person decides about a user's sync, instead of the sync itself. */
import { dueNow } from '../core/polls.ts';
import type { User } from '../core/records.ts';
import type { Engine } from './engine.ts';
import { putIntoState } from './user-state.ts';

/** What became of the decision; `detail` is a sentence for the person. */
export type Decided = { done: true } | { done: false; detail: string };

type Deciding = Pick<Engine, 'store' | 'publisher' | 'clock' | 'log'>;

/**
 * Lets through what the mass-change guard held back (C03): the user is active again, and the next full
 * listing is believed once, however much it lacks.
 */
export const release = (deciding: Deciding, userId: string): Promise<Decided> =>
  activate(deciding, userId, 'massChange', (user) => ({ ...user, believeListing: true }));

/** Takes back `pause`. Whom the guard holds needs `release`, which is a decision of another weight. */
export const resume = (deciding: Deciding, userId: string): Promise<Decided> =>
  activate(deciding, userId, 'byAdmin', (user) => user);

/** Nothing runs for the user until `resume`; what the CRM sends meanwhile is kept. */
export async function pause(deciding: Deciding, userId: string): Promise<Decided> {
  const { store } = deciding;
  const done = await putIntoState(deciding, userId, 'paused', 'byAdmin', isActive);
  return done ? { done } : refusal(await store.getUser(userId), userId, 'active');
}

const isActive = (user: User) => user.state === 'active';

async function activate(
  { store, publisher, clock, log }: Deciding,
  userId: string,
  heldBy: 'massChange' | 'byAdmin',
  change: (user: User) => User,
): Promise<Decided> {
  const isHeld = (user: User) => user.state === 'paused' && user.stateReason === heldBy;
  const now = clock.now();
  let done = false;
  const user = await store.updateUser(userId, (stored) => {
    done = stored !== undefined && isHeld(stored);
    if (!stored || !done) return undefined;
    const { stateReason: _, ...rest } = stored;
    // The next run tells the CRM the state, because it differs from the one that was told.
    return change(dueNow({ ...rest, state: 'active' }, now));
  });
  if (!done) return refusal(user, userId, `paused (${heldBy})`);
  log('user.state', { userId, state: 'active' });
  await publisher.syncUsers([userId]);
  return { done: true };
}

function refusal(user: User | undefined, userId: string, wanted: string): Decided {
  if (!user) return { done: false, detail: `no user ${userId}` };
  const why = user.stateReason === undefined ? '' : ` (${user.stateReason})`;
  return { done: false, detail: `user ${userId} is ${user.state}${why}, not ${wanted}` };
}
