/** Accounts, consents, codes and tokens (google-contracts section 5). */
import { SCOPE_PREFIX } from '../access.ts';
import type { Identity } from '../protocol.ts';
import { digits, opaque } from '../random.ts';
import type { Workspace } from '../workspace.ts';
import { marked } from './canary.ts';

export interface Account {
  email: string;
  name: string;
  timeZone: string;
  /** Google's lasting id of the account. */
  sub: string;
}

/** What the user allowed a client once; revoking ends it and every token that hangs on it. */
interface Consent {
  email: string;
  clientId: string;
  scopes: Set<string>;
}

export interface RefreshToken {
  token: string;
  consent: Consent;
  scopes: Set<string>;
  issuedAt: number;
  usedAt: number;
}

interface AccessToken {
  consent: Consent;
  scopes: Set<string>;
  expiresAt: number;
}

/** An authorization code and what its exchange must match. */
export interface Code {
  email: string;
  clientId: string;
  redirectUri: string;
  challenge: string;
  scopes: Set<string>;
  offline: boolean;
  /** The client asked for the consent page, so a new refresh token is due. */
  prompted: boolean;
  nonce: string | null;
  expiresAt: number;
}

export interface TokenAnswer {
  access_token: string;
  expires_in: number;
  refresh_token?: string;
  refresh_token_expires_in?: number;
  scope: string;
  token_type: 'Bearer';
  id_token?: string;
}

const DAY = 86_400_000;
const LIVE_REFRESH_TOKENS = 100;
const UNUSED_DAYS = 183;
const ACCESS_SECONDS = 3599;

export class OauthStore {
  readonly #workspace: Workspace;
  readonly #accounts = new Map<string, Account>();
  readonly #consents = new Map<string, Consent>();
  readonly #refreshTokens = new Map<string, RefreshToken>();
  readonly #accessTokens = new Map<string, AccessToken>();
  readonly #codes = new Map<string, Code>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Makes an account, or gives an existing one a new name, zone or sub. */
  createAccount(account: {
    email: string;
    name?: string;
    timeZone?: string;
    sub?: string;
  }): Account {
    const email = account.email.toLowerCase();
    const old = this.#accounts.get(email);
    const made: Account = {
      email,
      name: account.name ?? old?.name ?? (email.split('@')[0] as string),
      timeZone: account.timeZone ?? old?.timeZone ?? 'Europe/Berlin',
      sub: account.sub ?? old?.sub ?? digits(this.#workspace.random, 21),
    };
    this.#accounts.set(email, made);
    return made;
  }

  account(email: string): Account | undefined {
    return this.#accounts.get(email.toLowerCase());
  }

  /** The account of an address, made when unknown. */
  accountFor(email: string): Account {
    return this.account(email) ?? this.createAccount({ email });
  }

  accounts(): Account[] {
    return [...this.#accounts.values()];
  }

  /** Whether the user has a living consent for the client. */
  hasConsent(email: string, clientId: string): boolean {
    return this.#consents.has(key(email, clientId));
  }

  /** The identity behind an access token that is neither expired nor revoked. */
  identityOf(token: string): Identity | null {
    const access = this.#accessTokens.get(token);
    if (!access || access.expiresAt <= this.#workspace.now()) return null;
    if (!this.#alive(access.consent)) return null;
    const { email, clientId } = access.consent;
    return { email, clientId, scopes: access.scopes };
  }

  /** Stores a code and returns it. */
  issueCode(code: Omit<Code, 'expiresAt'>): string {
    const text = `4/0A${opaque(this.#workspace.random, 70)}`;
    this.#codes.set(text, { ...code, expiresAt: this.#workspace.now() + 600_000 });
    return text;
  }

  /** Takes a code out of the store: it works once. */
  takeCode(text: string): Code | undefined {
    const code = this.#codes.get(text);
    this.#codes.delete(text);
    return code && code.expiresAt > this.#workspace.now() ? code : undefined;
  }

  /** Grants scopes to a client and issues an access token, with a refresh token when asked. */
  issue(
    email: string,
    clientId: string,
    scopes: Set<string>,
    refresh: boolean,
  ): { access: string; refreshToken: RefreshToken | undefined } {
    let consent = this.#consents.get(key(email, clientId));
    if (!consent) {
      consent = { email: email.toLowerCase(), clientId, scopes: new Set() };
      this.#consents.set(key(email, clientId), consent);
    }
    for (const scope of scopes) consent.scopes.add(scope);
    let refreshToken: RefreshToken | undefined;
    if (refresh) {
      const now = this.#workspace.now();
      const token = `1//0${marked(opaque(this.#workspace.random, 60))}`;
      refreshToken = { token, consent, scopes, issuedAt: now, usedAt: now };
      this.#refreshTokens.set(token, refreshToken);
      this.#limit(consent);
    }
    return { access: this.accessToken(consent, scopes), refreshToken };
  }

  /** Issues a grant without a browser. Scopes may be given by their short names. */
  grant(email: string, scopes: readonly string[]): TokenAnswer & { refresh_token: string } {
    const account = this.accountFor(email);
    const { clientId } = this.#workspace.options;
    const long = new Set(scopes.map(canonicalScope).map(fullScope));
    const { access, refreshToken } = this.issue(account.email, clientId, long, true);
    const refresh_token = refreshToken?.token as string;
    return {
      ...tokenAnswer(this.#workspace, access, long, refreshToken, undefined),
      refresh_token,
    };
  }

  /** Scopes that the user has granted the client so far. */
  grantedScopes(email: string, clientId: string): ReadonlySet<string> {
    return this.#consents.get(key(email, clientId))?.scopes ?? new Set();
  }

  accessToken(consent: Consent, scopes: Set<string>): string {
    const token = `ya29.${marked(opaque(this.#workspace.random, 80))}`;
    const expiresAt = this.#workspace.now() + ACCESS_SECONDS * 1000;
    this.#accessTokens.set(token, { consent, scopes, expiresAt });
    return token;
  }

  /** A refresh token that still works; using it keeps it alive. */
  useRefreshToken(token: string): RefreshToken | undefined {
    const found = this.#refreshTokens.get(token);
    if (!found || !this.#alive(found.consent)) return undefined;
    const now = this.#workspace.now();
    const lifetime = this.#workspace.options.refreshTokenLifetimeDays;
    if (lifetime !== undefined && now >= found.issuedAt + lifetime * DAY) return undefined;
    // [V] Dead when unused for six months.
    if (now >= found.usedAt + UNUSED_DAYS * DAY) return undefined;
    found.usedAt = now;
    return found;
  }

  /** Revokes by any token of a consent: all tokens of that user and client die with it. */
  revokeToken(token: string): boolean {
    const consent =
      this.#refreshTokens.get(token)?.consent ?? this.#accessTokens.get(token)?.consent;
    if (!consent || !this.#alive(consent)) return false;
    this.#drop(consent);
    return true;
  }

  /** Whose token it is. */
  accountOf(token: string): string | undefined {
    return (this.#refreshTokens.get(token) ?? this.#accessTokens.get(token))?.consent.email;
  }

  /** The user removes all apps in the account's settings. */
  revokeUser(email: string): void {
    for (const consent of [...this.#consents.values()]) {
      if (consent.email === email.toLowerCase()) this.#drop(consent);
    }
  }

  /** The user takes back one scope, which access tokens feel at once. Scopes may be short names. */
  withdrawScope(email: string, scope: string): void {
    const name = fullScope(canonicalScope(scope));
    const held = [...this.#accessTokens.values(), ...this.#refreshTokens.values()];
    for (const { consent, scopes } of held) {
      if (consent.email !== email.toLowerCase()) continue;
      scopes.delete(name);
      consent.scopes.delete(name);
    }
  }

  /** Ends all access tokens (of one user), as an hour would. */
  expireAccessTokens(email?: string): void {
    for (const [token, access] of this.#accessTokens) {
      if (!email || access.consent.email === email.toLowerCase()) this.#accessTokens.delete(token);
    }
  }

  /** Living refresh tokens of a user, oldest first. */
  refreshTokens(email: string): RefreshToken[] {
    return [...this.#refreshTokens.values()].filter(
      ({ consent }) => consent.email === email.toLowerCase(),
    );
  }

  #alive(consent: Consent): boolean {
    return this.#consents.get(key(consent.email, consent.clientId)) === consent;
  }

  #drop(consent: Consent): void {
    this.#consents.delete(key(consent.email, consent.clientId));
    for (const [token, held] of this.#refreshTokens) {
      if (held.consent === consent) this.#refreshTokens.delete(token);
    }
    for (const [token, held] of this.#accessTokens) {
      if (held.consent === consent) this.#accessTokens.delete(token);
    }
  }

  /** [V] 100 live refresh tokens per account and client: the oldest dies in silence. */
  #limit(consent: Consent): void {
    const held = [...this.#refreshTokens.values()].filter((token) => token.consent === consent);
    for (const { token } of held.slice(0, Math.max(0, held.length - LIVE_REFRESH_TOKENS))) {
      this.#refreshTokens.delete(token);
    }
  }
}

function key(email: string, clientId: string): string {
  return `${email.toLowerCase()} ${clientId}`;
}

/** Google's long names for the short OpenID scopes, as they appear in its answers. */
export function canonicalScope(scope: string): string {
  if (scope === 'email' || scope === 'profile') return `${SCOPE_PREFIX}userinfo.${scope}`;
  return scope;
}

/** `calendar.events` for the whole URL; `openid` and URLs stay as they are. */
function fullScope(scope: string): string {
  return scope === 'openid' || scope.includes('/') ? scope : SCOPE_PREFIX + scope;
}

/** Body of a token answer. */
export function tokenAnswer(
  workspace: Workspace,
  access: string,
  scopes: Set<string>,
  refreshToken: RefreshToken | undefined,
  idToken: string | undefined,
): TokenAnswer {
  const lifetime = workspace.options.refreshTokenLifetimeDays;
  return {
    access_token: access,
    expires_in: ACCESS_SECONDS,
    ...(refreshToken && { refresh_token: refreshToken.token }),
    ...(refreshToken && lifetime !== undefined && { refresh_token_expires_in: lifetime * 86_400 }),
    scope: [...scopes].join(' '),
    token_type: 'Bearer',
    ...(idToken && { id_token: idToken }),
  };
}
