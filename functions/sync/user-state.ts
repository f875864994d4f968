import { digest } from '../core/link.ts';
import type { GoogleChange } from '../core/messages.ts';
import type { User, UserState } from '../core/records.ts';
import type { Run } from './run.ts';

/** Tells the CRM the user's state when it has not been told yet; resolves to whether that was so. */
export async function announce(run: Run): Promise<boolean> {
  const { user, engine, lease } = run;
  if (user.toldState === user.state) return false;
  await engine.publisher.googleChanges([stateNotice(user)]);
  await engine.store.commit(lease, { user: { toldState: user.state } }, false);
  return true;
}

/** Google refuses the token: no further call until the user connects again; cursors and links stay (P33). */
export const reauthorize = (run: Run, reason: string) => enter(run, 'reauthorize', reason);

/** A person has to look before anything goes on. */
export const hold = (run: Run, reason: string) => enter(run, 'paused', reason);

/** Puts the user into a state and tells the CRM. */
export async function enter(
  run: Run,
  state: UserState,
  reason: string,
  clear: (keyof User)[] = [],
): Promise<void> {
  const { store, publisher, log } = run.engine;
  const user = await store.updateUser(run.user.userId, (current) => {
    if (!current) return undefined;
    const next: User = { ...current, state, stateReason: reason, toldState: state };
    for (const field of ['nextPollAt', ...clear] as const) delete next[field];
    return next;
  });
  if (!user) return;
  log('user.state', { userId: user.userId, state, reason });
  await publisher.googleChanges([stateNotice(user)]);
}

function stateNotice(user: User): GoogleChange {
  const since = user.connectedAt ?? 0;
  return {
    specVersion: '1',
    changeId: digest('user', user.userId, user.state, user.stateReason ?? '', since).slice(0, 40),
    userId: user.userId,
    record: 'user',
    op: 'upsert',
    data: {
      state: user.state,
      ...(user.stateReason !== undefined && { reason: user.stateReason }),
    },
  };
}
