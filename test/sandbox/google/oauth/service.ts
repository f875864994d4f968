/** Google's OAuth 2.0 endpoints. On one host here, on several at Google; the paths do not clash. */
import type { AuthorizedCall, Route, Service } from '../protocol.ts';
import { decideConsent, showConsent } from './consent.ts';
import { jwks, pemCerts } from './keys.ts';
import { revoke, token } from './token.ts';

function open(http: string, path: string, name: string, handle: Route['handle']): Route {
  return { http, path, name, scopes: null, units: 0, handle };
}

const CACHED = { 'cache-control': 'public, max-age=3600' };

export const oauthService: Service = {
  name: 'oauth',
  base: '',
  routes: [
    open('GET', '/o/oauth2/v2/auth', 'auth', showConsent),
    open('POST', '/o/oauth2/v2/auth', 'consent', decideConsent),
    open('POST', '/token', 'token', token),
    open('POST', '/o/oauth2/token', 'token', token),
    open('POST', '/revoke', 'revoke', revoke),
    open('GET', '/oauth2/v3/certs', 'certs', (_: AuthorizedCall) => ({
      status: 200,
      headers: CACHED,
      json: jwks(),
    })),
    open('GET', '/oauth2/v1/certs', 'certs', (_: AuthorizedCall) => ({
      status: 200,
      headers: CACHED,
      json: pemCerts(),
    })),
  ],
};
