/**
 * Whom an ID token names: its signature by Google's keys, then its claims.
 * https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken
 */
import { createPublicKey, timingSafeEqual } from 'node:crypto';
import type { Certificates, OAuth2Client } from 'google-auth-library';
import { z } from 'zod';
import { SyncError } from '../errors.ts';
import { rethrow } from './oauth-failure.ts';

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

const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];
const MAX_ID_TOKEN_SECONDS = 2 * 3600;

const claims = z.object({
  sub: z.string().min(1).max(255),
  email: z.string().min(3).max(320),
  email_verified: z.boolean().default(false),
  hd: z.string().optional(),
  nonce: z.string(),
  azp: z.string().optional(),
});

/** Checks ID tokens for our client, by the keys at `certsUrl`. What does not hold is parked, by its reason. */
export function createIdentify(
  client: OAuth2Client,
  clientId: string,
  certsUrl: string,
): (idToken: string, nonce: string) => Promise<Identity> {
  const certs = createCerts(client, certsUrl);
  return async (idToken, nonce) => {
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
  };
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

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
