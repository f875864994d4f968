/** Signed-in browsers: the cookie's value is only in the browser, its hash is the session's id. */
import type { Session } from '../core/records.ts';
import type { Store } from '../sync/ports.ts';
import { cookies, sha256 } from './browser.ts';

type Sessions = Pick<Store, 'putSession' | 'getSession' | 'deleteSession'>;

/** Always a new one; the browser's earlier session ends. Returns the cookie's value. */
export async function openSession(
  store: Sessions,
  userId: string,
  now: number,
  secret: () => string,
  earlier: string | undefined,
): Promise<string> {
  if (earlier !== undefined) await store.deleteSession(sha256(earlier));
  const value = secret();
  await store.putSession({
    id: sha256(value),
    userId,
    csrf: secret(),
    expireAt: now + cookies.session.maxAgeMs,
  });
  return value;
}

/** The session of the cookie's value; undefined without one, or when its time is over. `now` in ms. */
export async function findSession(
  store: Sessions,
  value: string | undefined,
  now: number,
): Promise<Session | undefined> {
  return value === undefined ? undefined : store.getSession(sha256(value), now);
}
