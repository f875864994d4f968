/** The key that signs ID tokens, made when first needed. */
import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';

const KID = 'simulator-1';

let pair: { privateKey: KeyObject; publicKey: KeyObject } | undefined;

/** One key for the whole process: making one takes a moment and nothing depends on which. */
function keys(): { privateKey: KeyObject; publicKey: KeyObject } {
  pair ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
  return pair;
}

/** The public key as a JSON Web Key Set. */
export function jwks(): unknown {
  const { kty, n, e } = keys().publicKey.export({ format: 'jwk' });
  return { keys: [{ kid: KID, use: 'sig', alg: 'RS256', kty, n, e }] };
}

/** The public key as google-auth-library asks for it: PEM by key id. */
export function pemCerts(): Record<string, string> {
  return { [KID]: keys().publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** A JWT signed with RS256. */
export function signJwt(claims: Record<string, unknown>): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'RS256', kid: KID, typ: 'JWT' })}.${encode(claims)}`;
  const signature = createSign('RSA-SHA256').update(signed).sign(keys().privateKey, 'base64url');
  return `${signed}.${signature}`;
}
