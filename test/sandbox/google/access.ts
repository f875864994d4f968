/** Who calls, and may they: bearer tokens and scopes (google-contracts section 5). */
import { ApiError, type Call, type Identity } from './protocol.ts';
import type { Workspace } from './workspace.ts';

/** Long names are spelt out only once. */
export const SCOPE_PREFIX = 'https://www.googleapis.com/auth/';

/**
 * The identity behind an Authorization header, or null. `Bearer user:<email>` is that person's
 * own phone: every right, no OAuth client, and the account is made when it is unknown.
 */
export function identify(workspace: Workspace, headers: Record<string, string>): Identity | null {
  const token = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (!token) return null;
  if (token.startsWith('user:')) {
    const account = workspace.oauth.accountFor(decodeURIComponent(token.slice(5)));
    return { email: account.email, clientId: null, scopes: 'all' };
  }
  return workspace.oauth.identityOf(token);
}

/** Refuses a caller without a valid token or without one of the scopes. */
export function requireScope(
  identity: Identity | null,
  scopes: readonly string[],
  call: Call,
): asserts identity is Identity {
  if (!identity) {
    const given = Boolean(call.headers.authorization);
    throw given
      ? new ApiError(401, 'authError', 'Invalid Credentials', {
          location: 'Authorization',
          locationType: 'header',
          headers: {
            'www-authenticate':
              'Bearer realm="https://accounts.google.com/", error="invalid_token"',
          },
        })
      : new ApiError(401, 'required', 'Login Required', {
          location: 'Authorization',
          locationType: 'header',
          headers: { 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' },
        });
  }
  if (identity.scopes === 'all') return;
  const granted = identity.scopes;
  if (scopes.some((scope) => granted.has(SCOPE_PREFIX + scope))) return;
  throw insufficient(scopes);
}

/** 403 for a token whose scopes do not cover the method. */
export function insufficient(scopes: readonly string[]): ApiError {
  return new ApiError(403, 'insufficientPermissions', 'Insufficient Permission', {
    headers: {
      'www-authenticate': `Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="${scopes.map((scope) => SCOPE_PREFIX + scope).join(' ')}"`,
    },
  });
}
