/** Token and revocation endpoints. */
import { createHash } from 'node:crypto';
import { SCOPE_PREFIX } from '../access.ts';
import type { Answer, AuthorizedCall } from '../protocol.ts';
import type { Workspace } from '../workspace.ts';
import { signJwt } from './keys.ts';
import { type Account, tokenAnswer } from './store.ts';

function failed(status: number, error: string, description: string): Answer {
  return { status, json: { error, error_description: description } };
}

const NO_STORE = { 'cache-control': 'no-cache, no-store, max-age=0, must-revalidate' };

/** POST /token: authorization_code and refresh_token. */
export function token(call: AuthorizedCall): Answer {
  const { workspace } = call;
  const form = new URLSearchParams(call.body);
  const client = credentials(call, form);
  const { clientId, clientSecret } = workspace.options;
  if (client.id !== clientId)
    return failed(401, 'invalid_client', 'The OAuth client was not found.');
  if (client.secret !== clientSecret) {
    return failed(401, 'invalid_client', 'The provided client secret is invalid.');
  }
  const grantType = form.get('grant_type');
  if (grantType === 'authorization_code') return exchange(call, form);
  if (grantType === 'refresh_token') return refresh(call, form);
  return failed(400, 'unsupported_grant_type', `Invalid grant_type: ${grantType ?? ''}`);
}

function credentials(
  call: AuthorizedCall,
  form: URLSearchParams,
): { id: string | null; secret: string | null } {
  const basic = /^Basic\s+(\S+)$/i.exec(call.headers.authorization ?? '')?.[1];
  if (!basic) return { id: form.get('client_id'), secret: form.get('client_secret') };
  const [id, secret] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return { id: decodeURIComponent(id ?? ''), secret: decodeURIComponent(secret ?? '') };
}

function exchange(call: AuthorizedCall, form: URLSearchParams): Answer {
  const { workspace } = call;
  const code = workspace.oauth.takeCode(form.get('code') ?? '');
  // [S] invalid_grant stands for a reused or expired code and a wrong verifier.
  if (!code) return failed(400, 'invalid_grant', 'Malformed auth code.');
  if (code.redirectUri !== form.get('redirect_uri')) {
    return failed(400, 'redirect_uri_mismatch', 'Bad Request');
  }
  const verifier = form.get('code_verifier');
  if (!verifier) return failed(400, 'invalid_grant', 'Missing code verifier.');
  // [V] A verifier has 43 to 128 characters.
  const digest = createHash('sha256').update(verifier).digest('base64url');
  if (!/^[A-Za-z0-9\-._~]{43,128}$/.test(verifier) || digest !== code.challenge) {
    return failed(400, 'invalid_grant', 'Invalid code verifier.');
  }
  const account = workspace.oauth.account(code.email);
  if (!account) return failed(400, 'invalid_grant', 'Account has been deleted');
  call.user = account.email;
  // [V] A refresh token comes on the first consent only, or when consent is asked for again.
  const first = !workspace.oauth.hasConsent(account.email, code.clientId);
  const wanted = code.offline && (first || code.prompted);
  const { access, refreshToken } = workspace.oauth.issue(
    account.email,
    code.clientId,
    code.scopes,
    wanted,
  );
  const idToken = idTokenFor(workspace, account, code.scopes, code.nonce);
  return {
    status: 200,
    headers: NO_STORE,
    json: tokenAnswer(workspace, access, code.scopes, refreshToken, idToken),
  };
}

function refresh(call: AuthorizedCall, form: URLSearchParams): Answer {
  const { workspace } = call;
  const held = workspace.oauth.useRefreshToken(form.get('refresh_token') ?? '');
  if (!held) return failed(400, 'invalid_grant', 'Token has been expired or revoked.');
  const account = workspace.oauth.account(held.consent.email);
  call.user = held.consent.email;
  const access = workspace.oauth.accessToken(held.consent, held.scopes);
  const idToken = account && idTokenFor(workspace, account, held.scopes, null);
  // [P] No rotation: the answer carries no refresh token.
  return {
    status: 200,
    headers: NO_STORE,
    json: tokenAnswer(workspace, access, held.scopes, undefined, idToken),
  };
}

function idTokenFor(
  workspace: Workspace,
  account: Account,
  scopes: ReadonlySet<string>,
  nonce: string | null,
): string | undefined {
  if (!scopes.has('openid')) return undefined;
  const { clientId } = workspace.options;
  const iat = Math.floor(workspace.now() / 1000);
  return signJwt({
    iss: 'https://accounts.google.com',
    azp: clientId,
    aud: clientId,
    sub: account.sub,
    // Consumer accounts have no hosted domain.
    ...(!/@(gmail|googlemail)\.com$/.test(account.email) && { hd: account.email.split('@')[1] }),
    ...(scopes.has(`${SCOPE_PREFIX}userinfo.email`) && {
      email: account.email,
      email_verified: true,
    }),
    ...(scopes.has(`${SCOPE_PREFIX}userinfo.profile`) && { name: account.name }),
    ...(nonce && { nonce }),
    iat,
    exp: iat + 3600,
  });
}

/** POST /revoke with an access or refresh token. */
export function revoke(call: AuthorizedCall): Answer {
  const given = new URLSearchParams(call.body).get('token') ?? call.query.get('token') ?? '';
  if (!call.workspace.oauth.revokeToken(given)) {
    return failed(400, 'invalid_token', 'Token expired or revoked');
  }
  return { status: 200, json: {} };
}
