import type { User } from '../core/records.ts';
import { DAY_MS } from '../core/time.ts';
import { isSyncError } from '../errors.ts';
import type { Engine } from './engine.ts';
import { putIntoState } from './user-state.ts';

/**
 * Google ends a refresh token that was not used for six months.
 * https://developers.google.com/identity/protocols/oauth2#expiration
 */
const UNSEEN_MS = 30 * DAY_MS;

/** Connected, but nothing runs: paused, or switched off in the CRM; and for long nobody used the grant. */
export function isUnseen(user: User, now: number): boolean {
  const connected = user.state === 'paused' || (user.state === 'active' && !user.enabled);
  const seen = Math.max(user.connectedAt ?? 0, user.lastSyncAt ?? 0, user.checkedAt ?? 0);
  return connected && user.leaving === undefined && now - seen > UNSEEN_MS;
}

/**
 * Uses the grant once, so that it lives on; when Google refuses it, the user has to connect again, and
 * hears of it now instead of on the day when the pause ends. Throws SyncError `later`.
 */
export async function checkGrant(engine: Engine, { userId, connectedAt }: User): Promise<void> {
  const { store, access, clock } = engine;
  try {
    await access.session(userId).accessToken();
    const checkedAt = clock.now();
    await store.updateUser(userId, (user) => user && { ...user, checkedAt });
  } catch (error) {
    if (!isSyncError(error, 'reauthorize')) throw error;
    const stillSo = (user: User) => user.connectedAt === connectedAt;
    await putIntoState(engine, userId, 'reauthorize', error.reason, stillSo);
  }
}
