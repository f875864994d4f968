import type { RecordType } from '../core/fields.ts';
import { digest } from '../core/link.ts';
import type { GoogleChange } from '../core/messages.ts';
import type { User, UserState } from '../core/records.ts';
import type { Engine } from './engine.ts';
import type { Run } from './run.ts';

/** Tells the CRM the user's state when it has not been told yet; resolves to whether that was so. */
export async function announce(run: Run): Promise<boolean> {
  const { user, engine, lease } = run;
  if (user.toldState === user.state) return false;
  await engine.publisher.googleChanges([stateNotice(user, engine.clock.now())]);
  await engine.store.commit(lease, { user: { toldState: user.state } }, false);
  return true;
}

/** Secret Manager may show the token from before for some minutes after a user connected again. */
const SETTLING_MS = 10 * 60_000;

/** What Google refuses is not believed yet: the user connected just now. */
export const isSettling = ({ user, engine }: Run): boolean =>
  engine.clock.now() - (user.connectedAt ?? 0) < SETTLING_MS;

/**
 * Google refuses the token: no further call until the user connects again; cursors and links stay
 * (P33). Resolves to false when the refusal is not believed yet, because the user connected just now.
 */
export async function reauthorize(run: Run, reason: string): Promise<boolean> {
  const { user } = run;
  if (isSettling(run)) return false;
  await enter(run, 'reauthorize', reason, (now) => now.connectedAt === user.connectedAt);
  return true;
}

/**
 * A person has to look before the record type goes on; the others do. What the CRM sends of it meanwhile
 * is kept, and looked at when the type is on again.
 */
export async function hold(run: Run, record: RecordType): Promise<void> {
  const { engine, lease } = run;
  const { userId } = run.user;
  const now = engine.clock.now();
  // As stored: a person may have released another type since this run began.
  const held = { ...(await engine.store.getUser(userId))?.held, [record]: now };
  const records = run.user.records?.filter((other) => other !== record) ?? [];
  run.user = { ...run.user, held, records };
  await engine.publisher.googleChanges([stateNotice(run.user, now)]);
  const polls = { [record]: { step: 'held' as const } };
  await engine.store.commit(lease, { user: { held, records }, polls }, false);
  engine.log('record.held', { userId, record, reason: 'massChange' });
}

/**
 * Tells the CRM and puts the user into a state; unless what it stands on has changed meanwhile. Told
 * first: in these states no further run would make up for a message that was not sent.
 */
export async function enter(
  run: Run,
  state: UserState,
  reason: string,
  stillSo: (user: User) => boolean = () => true,
): Promise<void> {
  await putIntoState(run.engine, run.user.userId, state, reason, stillSo);
}

/** The same outside a run; resolves to whether it was so. */
export async function putIntoState(
  { store, publisher, clock, log }: Pick<Engine, 'store' | 'publisher' | 'clock' | 'log'>,
  userId: string,
  state: UserState,
  reason: string,
  stillSo: (user: User) => boolean,
): Promise<boolean> {
  const current = await store.getUser(userId);
  if (!current || !stillSo(current)) return false;
  const next = { ...current, state, stateReason: reason };
  await publisher.googleChanges([stateNotice(next, clock.now())]);
  await store.updateUser(userId, (user) =>
    user && stillSo(user) ? inState(user, state, reason) : undefined,
  );
  log('user.state', { userId, state, reason });
  return true;
}

function inState(user: User, state: UserState, reason: string): User {
  const entered: User = { ...user, state, stateReason: reason, toldState: state };
  delete entered.nextPollAt;
  delete entered.alarmAt;
  delete entered.polls;
  if (state === 'disconnected') {
    delete entered.leaving;
    delete entered.scopes;
    delete entered.held;
    delete entered.believeListing;
  }
  return entered;
}

/** The same state again is news again (paused, active, paused): the time tells them apart. */
function stateNotice(user: User, now: number): GoogleChange {
  const held = Object.keys(user.held ?? {}).sort();
  const said = [user.state, user.stateReason ?? '', held.join()];
  return {
    specVersion: '1',
    changeId: digest('user', user.userId, ...said, now).slice(0, 40),
    userId: user.userId,
    record: 'user',
    op: 'upsert',
    data: {
      state: user.state,
      ...(user.stateReason !== undefined && { reason: user.stateReason }),
      ...(held.length > 0 && { held }),
    },
  };
}
