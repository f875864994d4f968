/** What the pages ask of a browser: headers, cookies, and proof that a form is our own. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from '@google-cloud/functions-framework';

/** `__Host-`: only this host can set it, only over HTTPS, for no other host. */
export const cookies = {
  /** Binds a started flow to the browser. */
  flow: { name: '__Host-crm-google-flow', maxAgeMs: 10 * 60_000 },
  /** A signed-in browser. */
  session: { name: '__Host-crm-google-session', maxAgeMs: 12 * 3_600_000 },
} as const;

type Cookie = (typeof cookies)[keyof typeof cookies];

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';

/** The cookie's value; undefined when the browser sent none, or one that we never set. */
export function readCookie(req: Request, cookie: Cookie): string | undefined {
  for (const pair of (req.headers.cookie ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === cookie.name && value !== undefined && /^[\w-]{43}$/.test(value)) return value;
  }
  return undefined;
}

/** Sets the cookie for its time, for this origin only, out of the reach of scripts. */
export function setCookie(res: Response, cookie: Cookie, value: string): void {
  const seconds = cookie.maxAgeMs / 1000;
  res.append('Set-Cookie', `${cookie.name}=${value}; Max-Age=${seconds}; ${ATTRIBUTES}`);
}

/** Takes the cookie out of the browser. */
export function clearCookie(res: Response, cookie: Cookie): void {
  res.append('Set-Cookie', `${cookie.name}=; Max-Age=0; ${ATTRIBUTES}`);
}

/** On every answer, whatever it is. */
export function setSecurityHeaders(res: Response, nonce: string, accountsOrigin: string): void {
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    // Browsers hold the redirect that follows a form to this list as well.
    `form-action 'self' ${accountsOrigin}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  res.set({
    'Content-Security-Policy': policy.join('; '),
    'Strict-Transport-Security': 'max-age=63072000',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    Vary: 'Accept-Language, Cookie',
  });
}

/**
 * True for a form sent from our own page. Under `no-referrer` browsers send `Origin: null` with forms,
 * so Sec-Fetch-Site decides; a foreign Origin is refused whatever else is said.
 */
export function isSameOrigin(req: Request, ownOrigin: string): boolean {
  const { origin } = req.headers;
  const site = req.headers['sec-fetch-site'];
  if (origin !== undefined && origin !== 'null' && origin !== ownOrigin) return false;
  return site === undefined ? origin === ownOrigin : site === 'same-origin';
}

/** A field of a form or a query; lists and objects count as absent. */
export function field(source: unknown, name: string): string | undefined {
  if (typeof source !== 'object' || source === null || !Object.hasOwn(source, name)) {
    return undefined;
  }
  const value = (source as { [name: string]: unknown })[name];
  return typeof value === 'string' && value.length <= 4096 ? value : undefined;
}

/** SHA-256 of a text (UTF-8), hex unless asked otherwise. */
export function sha256(text: string, encoding: 'hex' | 'base64url' = 'hex'): string {
  return createHash('sha256').update(text).digest(encoding);
}

/** Compares two secrets in constant time. */
export function equalSecrets(a: string, b: string): boolean {
  return timingSafeEqual(
    createHash('sha256').update(a).digest(),
    createHash('sha256').update(b).digest(),
  );
}
