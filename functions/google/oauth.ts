/**
 * Google's OAuth 2.0 and OpenID Connect: the consent page's address, the code exchange with a verified
 * ID token, refresh and revocation. One attempt a call; retrying is the caller's decision. No token, code
 * or answer body is ever part of an error.
 */
import { createPublicKey, timingSafeEqual } from 'node:crypto';
import { type Certificates, CodeChallengeMethod, gaxios, OAuth2Client } from 'google-auth-library';
import { z } from 'zod';
import type { RecordType } from '../core/fields.ts';
import { isSyncError, SyncError } from '../errors.ts';

const api = 'https://www.googleapis.com/auth/';

/** Google's names of the permissions: https://developers.google.com/identity/protocols/oauth2/scopes */
export const scopes = {
  openid: 'openid',
  email: 'email',
  eventsOwned: `${api}calendar.events.owned`,
  appCreated: `${api}calendar.app.created`,
  freeBusy: `${api}calendar.freebusy`,
  contacts: `${api}contacts`,
  tasks: `${api}tasks`,
} as const;

/** Where appointments live: the user's primary calendar, or one that the sync makes. */
export type CalendarChoice = 'primary' | 'dedicated';

/** What each record type needs; without the first one the record is off. */
const recordScopes = (
  calendar: CalendarChoice,
): Readonly<Record<RecordType, readonly [string, ...string[]]>> => ({
  appointment: [calendar === 'dedicated' ? scopes.appCreated : scopes.eventsOwned, scopes.freeBusy],
  contact: [scopes.contacts],
  task: [scopes.tasks],
});

/** The record types that users are asked to permit, as long as the setting RECORDS names no fewer. */
export const permittedRecords: readonly RecordType[] = ['appointment', 'contact', 'task'];

/** What the consent page asks for: who the user is, and what the given records need. */
export function requestedScopes(
  records: readonly RecordType[] = permittedRecords,
  calendar: CalendarChoice = 'primary',
): string[] {
  const needs = recordScopes(calendar);
  return [scopes.openid, scopes.email, ...records.flatMap((record) => needs[record])];
}

/** Whether the granted scopes let the record type be synced. */
export function recordGranted(
  record: RecordType,
  granted: readonly string[] = [],
  calendar: CalendarChoice = 'primary',
): boolean {
  return granted.includes(recordScopes(calendar)[record][0]);
}

/** Our OAuth client, and where Google's endpoints are. */
export interface OAuthSettings {
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  /** Root of the consent page, GOOGLE_ACCOUNTS_URL. */
  accountsUrl: string;
  /** Root of the token and revocation endpoints, GOOGLE_OAUTH_URL. */
  oauthUrl: string;
  /** Root of the APIs, GOOGLE_API_URL: where Google's signing keys are, unless certsUrl is given. */
  apiUrl?: string;
  certsUrl?: string;
}

/** Who went through the consent page, by the ID token. */
export interface Identity {
  /** Google's stable id of the account. */
  sub: string;
  /** Lower case. */
  email: string;
  /**
   * Google vouches that the address is the account's today. For an address that is neither Workspace's
   * nor Gmail's it cannot: it was confirmed once, and may have changed hands since.
   */
  emailVerified: boolean;
}

/** What the consent page ended with. */
export interface Grant {
  refreshToken: string;
  /** What the user really granted. */
  scopes: string[];
  identity: Identity;
}

/** What a refresh token was exchanged for. */
export interface AccessToken {
  accessToken: string;
  /** ms since the epoch. */
  expiresAt: number;
  scopes: string[];
}

/** Google's OAuth endpoints: consent, tokens, revocation. */
export interface GoogleOAuth {
  authorizationUrl(request: {
    state: string;
    /** BASE64URL(SHA-256(verifier)). */
    codeChallenge: string;
    nonce: string;
    loginHint?: string;
    scopes: readonly string[];
    /** The grant also covers what the user permitted earlier, whatever is ticked now. */
    keepGranted?: boolean;
  }): string;
  /** A code for a grant. When the identity does not hold, the new grant is revoked before it throws. */
  exchange(code: string, verifier: string, nonce: string): Promise<Grant>;
  refresh(refreshToken: string): Promise<AccessToken>;
  /** Done also if Google no longer knows the token. */
  revoke(token: string): Promise<void>;
}

const TIMEOUT_MS = 15_000;
const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];
const MAX_ID_TOKEN_SECONDS = 2 * 3600;

const exchanged = z.object({
  refresh_token: z.string().min(1),
  id_token: z.string().min(1),
  scope: z.string().default(''),
});

const refreshed = z.object({
  access_token: z.string().min(1),
  expiry_date: z.number(),
  scope: z.string().default(''),
});

const claims = z.object({
  sub: z.string().min(1).max(255),
  email: z.string().min(3).max(320),
  email_verified: z.boolean().default(false),
  hd: z.string().optional(),
  nonce: z.string(),
  azp: z.string().optional(),
});

/** The endpoints by google-auth-library, with one attempt a call: the engine decides about another. */
export function createGoogleOAuth(settings: OAuthSettings): GoogleOAuth {
  const { clientId, clientSecret, redirectUri, accountsUrl, oauthUrl } = settings;
  const revokeUrl = `${oauthUrl}/revoke`;
  const options = {
    clientId,
    clientSecret,
    redirectUri,
    transporter: oneAttempt(),
    endpoints: {
      oauth2AuthBaseUrl: `${accountsUrl}/o/oauth2/v2/auth`,
      oauth2TokenUrl: `${oauthUrl}/token`,
      oauth2RevokeUrl: revokeUrl,
    },
  };
  const client = new OAuth2Client(options);
  const certs = createCerts(
    client,
    settings.certsUrl ?? `${settings.apiUrl ?? 'https://www.googleapis.com'}/oauth2/v3/certs`,
  );

  async function revoke(token: string): Promise<void> {
    try {
      await client.transporter.request({
        url: revokeUrl,
        method: 'POST',
        data: new URLSearchParams({ token }),
      });
    } catch (error) {
      const failure = toSyncError(error);
      const unknown = failure.reason === 'invalid_token' || failure.reason === 'invalid_grant';
      if (!unknown || failure.kind === 'later') throw failure;
    }
  }

  async function identify(idToken: string, nonce: string): Promise<Identity> {
    const header = headerOf(idToken);
    if (header?.alg !== 'RS256') throw new SyncError('park', 'idTokenAlgorithm');
    const keys = await certs(header.kid);
    const ticket = await client
      .verifySignedJwtWithCertsAsync(idToken, keys, clientId, ISSUERS, MAX_ID_TOKEN_SECONDS)
      .catch(() => {
        throw new SyncError('park', 'idTokenInvalid'); // the library's message quotes the token
      });
    const parsed = claims.safeParse(ticket.getPayload());
    if (!parsed.success) throw new SyncError('park', 'idTokenClaims');
    const { sub, email_verified, hd, azp } = parsed.data;
    const email = parsed.data.email.toLowerCase();
    if (!equal(parsed.data.nonce, nonce)) throw new SyncError('park', 'idTokenNonce');
    if (azp !== undefined && azp !== clientId) throw new SyncError('park', 'idTokenInvalid');
    const vouched = hd !== undefined || email.endsWith('@gmail.com');
    return { sub, email, emailVerified: email_verified && vouched };
  }

  return {
    authorizationUrl: (request) =>
      client.generateAuthUrl({
        access_type: 'offline',
        prompt: 'consent', // otherwise Google sends a refresh token only the first time
        scope: [...request.scopes],
        state: request.state,
        nonce: request.nonce,
        code_challenge: request.codeChallenge,
        code_challenge_method: CodeChallengeMethod.S256,
        ...(request.loginHint === undefined ? {} : { login_hint: request.loginHint }),
        ...(request.keepGranted === true ? { include_granted_scopes: true } : {}),
      }),

    async exchange(code, verifier, nonce) {
      const { tokens } = await client.getToken({ code, codeVerifier: verifier }).catch(rethrow);
      const parsed = exchanged.safeParse(tokens);
      const given = tokens.refresh_token ?? tokens.access_token;
      try {
        if (!parsed.success) throw new SyncError('park', 'tokenAnswer');
        const identity = await identify(parsed.data.id_token, nonce);
        return {
          refreshToken: parsed.data.refresh_token,
          scopes: words(parsed.data.scope),
          identity,
        };
      } catch (error) {
        const failure = toSyncError(error);
        // Revoking ends every grant of the account to this client: not for a passing trouble.
        if (given && failure.kind !== 'later') await revoke(given).catch(() => {});
        throw failure;
      }
    },

    async refresh(refreshToken) {
      // A client of its own: credentials are state, and users must never share it.
      const own = new OAuth2Client(options);
      own.setCredentials({ refresh_token: refreshToken });
      const { credentials } = await own.refreshAccessToken().catch(rethrow);
      const parsed = refreshed.safeParse(credentials);
      if (!parsed.success) throw new SyncError('later', 'tokenAnswer');
      return {
        accessToken: parsed.data.access_token,
        expiresAt: parsed.data.expiry_date,
        scopes: words(parsed.data.scope),
      };
    },

    revoke,
  };
}

/** HTTP without the library's retries, without redirects, bounded in time. */
function oneAttempt() {
  const transporter = new gaxios.Gaxios({
    fetchImplementation: fetch,
    redirect: 'error',
    responseType: 'json',
    timeout: TIMEOUT_MS,
  });
  transporter.interceptors.request.add({
    resolved: async (options) => {
      options.retry = false;
      delete options.retryConfig;
      return options;
    },
  });
  return transporter;
}

const jwks = z.object({
  keys: z.array(z.looseObject({ kid: z.string(), kty: z.string() })),
});

/** Google's signing keys, kept as long as the answer allows, read anew for a key id not seen yet. */
function createCerts(client: OAuth2Client, url: string) {
  let kept: { certs: Certificates; until: number } | undefined;
  return async (keyId: string): Promise<Certificates> => {
    if (kept !== undefined && Date.now() < kept.until && Object.hasOwn(kept.certs, keyId)) {
      return kept.certs;
    }
    const answer = await client.transporter.request({ url }).catch(rethrow);
    const parsed = jwks.safeParse(answer.data);
    if (!parsed.success) throw new SyncError('later', 'certsAnswer');
    const rsa = parsed.data.keys.filter((key) => key.kty === 'RSA');
    const certs = Object.fromEntries(rsa.map((key) => [key.kid, toPem(key)]));
    const maxAge = /max-age=(\d+)/.exec(answer.headers.get('cache-control') ?? '')?.[1] ?? '0';
    kept = { certs, until: Date.now() + Math.min(Number(maxAge), 24 * 3600) * 1000 };
    return certs;
  };
}

function toPem(key: z.infer<typeof jwks>['keys'][number]): string {
  try {
    return createPublicKey({ key, format: 'jwk' })
      .export({ type: 'spki', format: 'pem' })
      .toString();
  } catch {
    throw new SyncError('later', 'certsAnswer');
  }
}

const jwtHeader = z.object({ alg: z.string(), kid: z.string() });

function headerOf(jwt: string): z.infer<typeof jwtHeader> | undefined {
  try {
    const text = Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString('utf8');
    return jwtHeader.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function rethrow(error: unknown): never {
  throw toSyncError(error);
}

/** From the answer's status and its `error` word alone. */
function toSyncError(error: unknown): SyncError {
  if (isSyncError(error)) return error;
  if (!(error instanceof gaxios.GaxiosError)) return new SyncError('later', 'tokenAnswer');
  const { response } = error;
  if (response === undefined) return new SyncError('later', 'network');
  const { status } = response;
  const word = z.object({ error: z.string().regex(/^[a-z_]{1,40}$/) }).safeParse(response.data);
  const reason = word.success ? word.data.error : `http${status}`;
  if (reason === 'invalid_grant') return new SyncError('reauthorize', reason, { status });
  if (status >= 500 || status === 429 || status === 408) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    const wait = Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {};
    return new SyncError('later', reason, { status, ...wait });
  }
  return new SyncError('park', reason, { status });
}
