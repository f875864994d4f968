/**
 * The OAuth flow, without HTTP: start sends a browser to Google, finish takes what it comes back with.
 *
 * The state is single use and bound to the browser, the code to the verifier, the ID token to the
 * nonce; the account must be a directory user's, and the same one as at the first connection. A grant
 * that is not kept is revoked.
 */
import type { RecordType } from '../core/fields.ts';
import { dueNow } from '../core/polls.ts';
import type { User } from '../core/records.ts';
import { isSyncError } from '../errors.ts';
import type { GoogleOAuth, Grant } from '../google/oauth.ts';
import { type CalendarChoice, requestedScopes } from '../google/scopes.ts';
import type { Log } from '../log.ts';
import type { Store } from '../sync/ports.ts';
import type { TokenSealer } from '../vault/ports.ts';
import { cookies, equalSecrets, sha256 } from './browser.ts';

/** What connecting an account needs. */
export interface FlowDeps {
  store: Pick<Store, 'putOAuthState' | 'takeOAuthState' | 'usersByEmail' | 'updateUser'>;
  sealer: Pick<TokenSealer, 'seal'>;
  /** The OAuth client; its credentials are read when it is first needed. */
  oauth: () => Promise<Pick<GoogleOAuth, 'authorizationUrl' | 'exchange' | 'revoke'>>;
  /** A fresh secret of 256 bits, base64url. */
  secret(): string;
  log: Log;
  /** Where appointments live: decides what is asked for. */
  calendar?: CalendarChoice;
  /** The record types that are on; default: all. */
  records?: readonly RecordType[];
}

/** Why an account was not connected; each has a page that says what to do. */
export type Refusal =
  | 'expired'
  | 'denied'
  | 'refusedByGoogle'
  | 'identity'
  | 'unverified'
  | 'unknownUser'
  | 'disabledUser'
  | 'otherAccount';

/** How the way through Google's consent page ended. */
export type Outcome =
  | { connected: User }
  /**
   * `account`: the address that the browser used, for the page only. `orphan`: the user whose token was
   * sealed before he or she was refused: a run of one who was erased meanwhile clears it away.
   */
  | { refused: Refusal; account?: string; orphan?: string };

/** What the browser brings back from Google's consent page. */
export interface Return {
  state: string | undefined;
  code: string | undefined;
  error: string | undefined;
  /** The flow cookie. */
  cookie: string | undefined;
}

/** Stores a new flow. The cookie goes to the browser, which is then sent to the address. */
export async function startFlow(
  deps: FlowDeps,
  now: number,
  loginHint?: string,
  replace = false,
): Promise<{ url: string; cookie: string }> {
  const [state, cookie, verifier, nonce] = [
    deps.secret(),
    deps.secret(),
    deps.secret(),
    deps.secret(),
  ];
  await deps.store.putOAuthState({
    id: sha256(state),
    session: sha256(cookie),
    verifier,
    nonce,
    ...(replace && { replace }),
    expireAt: now + cookies.flow.maxAgeMs,
  });
  const oauth = await deps.oauth();
  const url = oauth.authorizationUrl({
    state,
    nonce,
    codeChallenge: sha256(verifier, 'base64url'),
    scopes: requestedScopes(deps.records, deps.calendar),
    // Or the sync could no longer reach what it put into the primary calendar before the setting changed.
    keepGranted: deps.calendar === 'dedicated',
    ...(loginHint === undefined ? {} : { loginHint }),
  });
  return { url, cookie };
}

/** Throws SyncErrors of what is temporarily out of order; everything else is an outcome. */
export async function finishFlow(deps: FlowDeps, now: number, back: Return): Promise<Outcome> {
  const refuse = (refused: Refusal, step: string, reason: string, account?: string): Outcome => {
    deps.log('authorize.refused', { step, reason });
    return { refused, ...(account === undefined ? {} : { account }) };
  };

  if (back.state === undefined) return refuse('expired', 'state', 'missing');
  const flow = await deps.store.takeOAuthState(sha256(back.state), now);
  if (flow === undefined) return refuse('expired', 'state', 'unknown');
  if (back.cookie === undefined || !equalSecrets(sha256(back.cookie), flow.session)) {
    return refuse('expired', 'state', 'otherBrowser');
  }
  if (back.error === 'access_denied') return refuse('denied', 'consent', 'accessDenied');
  if (back.error !== undefined) return refuse('refusedByGoogle', 'consent', word(back.error));
  if (back.code === undefined) return refuse('expired', 'consent', 'noCode');

  let grant: Grant;
  try {
    grant = await (await deps.oauth()).exchange(back.code, flow.verifier, flow.nonce);
  } catch (error) {
    if (isSyncError(error, 'reauthorize')) return refuse('expired', 'exchange', error.reason);
    if (isSyncError(error, 'park') && error.reason.startsWith('idToken')) {
      return refuse('identity', 'identity', error.reason);
    }
    throw error;
  }
  const { email } = grant.identity;
  const user = await findUser(deps, grant);
  const replace = flow.replace === true;
  const refusal = user === undefined ? unknown(grant) : refusalFor(user, grant, replace);
  if (user === undefined || refusal !== undefined) {
    await giveBack(deps, grant, user);
    return refuse(refusal ?? 'unknownUser', 'account', refusal ?? 'unknownUser', email);
  }
  return connect(deps, now, user, grant, replace, (late) => refuse(late, 'account', late, email));
}

/** By the pinned account first: an address can change hands, `sub` cannot. */
async function findUser(deps: FlowDeps, { identity }: Grant): Promise<User | undefined> {
  if (!identity.emailVerified) return undefined;
  const found = await deps.store.usersByEmail([identity.email]);
  return (
    found.find((user) => user.googleSub === identity.sub) ??
    found.find((user) => user.email === identity.email)
  );
}

const unknown = ({ identity }: Grant): Refusal =>
  identity.emailVerified ? 'unknownUser' : 'unverified';

/** An account that takes another one's place must be the one that the CRM names, and asked for. */
function refusalFor(user: User, grant: Grant, replace: boolean): Refusal | undefined {
  if (!user.enabled || user.erase) return 'disabledUser';
  const named = grant.identity.email === user.email;
  return isOther(user, grant) && !(replace && named) ? 'otherAccount' : undefined;
}

/**
 * Pin, seal, activate, in this order: of two accounts racing for one user only the one that pinned
 * seals a token, and nobody is active without a sealed token.
 */
async function connect(
  deps: FlowDeps,
  now: number,
  found: User,
  grant: Grant,
  replace: boolean,
  refuse: (refusal: Refusal) => Outcome,
): Promise<Outcome> {
  const step = async (change: (user: User) => User): Promise<Refusal | undefined> => {
    let refusal: Refusal | undefined;
    await deps.store.updateUser(found.userId, (user) => {
      refusal = user === undefined ? 'unknownUser' : refusalFor(user, grant, replace);
      return user === undefined || refusal !== undefined ? undefined : change(user);
    });
    return refusal;
  };
  let connected = found;
  try {
    let refusal = await step((user) => pinned(user, grant));
    if (refusal === undefined) {
      await deps.sealer.seal(found.userId, grant.refreshToken);
      refusal = await step((user) => {
        connected = activated(user, grant, now);
        return connected;
      });
      if (refusal !== undefined) {
        await giveBack(deps, grant, refusal === 'unknownUser' ? undefined : found);
        return { ...refuse(refusal), orphan: found.userId };
      }
    }
    if (refusal !== undefined) {
      await giveBack(deps, grant, found);
      return refuse(refusal);
    }
  } catch (error) {
    await giveBack(deps, grant, found);
    throw error;
  }
  deps.log('user.state', { userId: connected.userId, state: connected.state });
  return { connected };
}

/** Ends a running disconnect as well. What was removed at Google, or may have been, is synced anew. */
function pinned(user: User, grant: Grant): User {
  if (isOther(user, grant)) return replacing(user, grant);
  const { identity } = grant;
  const { leaving, firstSyncAt, ...kept } = user;
  const again = user.state === 'disconnected' || leaving === 'remove' || firstSyncAt === undefined;
  return { ...kept, googleSub: identity.sub, ...(again ? {} : { firstSyncAt }) };
}

const isOther = (user: User, { identity }: Grant): boolean =>
  user.googleSub !== undefined && user.googleSub !== identity.sub;

/** Nothing runs until the new account's token is sealed: with the old one everything would be doubled. */
function replacing(user: User, { identity }: Grant): User {
  const { leaving, firstSyncAt, firstSyncCount, ...kept } = user;
  return {
    ...kept,
    ...(user.state === 'active' && { state: 'reauthorize', stateReason: 'otherAccount' }),
    googleSub: identity.sub,
    replaced: 'park',
  };
}

/** A pause is not the user's to end: it may be there to stop a mass deletion. */
function activated(user: User, { identity, scopes }: Grant, now: number): User {
  const { stateReason, leaving, ...kept } = user;
  const paused = user.state === 'paused';
  const connected: User = {
    ...kept,
    state: paused ? 'paused' : 'active',
    ...(paused && stateReason !== undefined ? { stateReason } : {}),
    googleSub: identity.sub,
    googleEmail: identity.email,
    scopes,
    connectedAt: now,
  };
  return dueNow(connected, now);
}

/**
 * Revokes a grant that is not kept, as well as it goes. Revoking ends all that the account granted to
 * this app, so the grant of an account that is connected already stays.
 */
async function giveBack(deps: FlowDeps, grant: Grant, user: User | undefined): Promise<void> {
  const inUse =
    user?.googleSub === grant.identity.sub && (user.state === 'active' || user.state === 'paused');
  if (inUse) return;
  try {
    await (await deps.oauth()).revoke(grant.refreshToken);
  } catch (error) {
    const reason = isSyncError(error) ? error.reason : 'unknown';
    deps.log('authorize.refused', { step: 'revoke', reason });
  }
}

/** An error code from the address bar, fit for a log. */
const word = (text: string): string => (/^[a-z_]{1,40}$/.test(text) ? text : 'other');
