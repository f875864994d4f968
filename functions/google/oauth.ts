/**
 * Google's OAuth 2.0 and OpenID Connect: the consent page's address, the code exchange with a verified
 * ID token, refresh and revocation. One attempt a call; retrying is the caller's decision.
 */
import { CodeChallengeMethod, gaxios, OAuth2Client } from 'google-auth-library';
import { z } from 'zod';
import { SyncError } from '../errors.ts';
import { createIdentify, type Identity } from './id-token.ts';
import { rethrow, toSyncError } from './oauth-failure.ts';

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
  const identify = createIdentify(
    client,
    clientId,
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

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
