/** The authorization endpoint: checks the request, shows the consent page, redirects back. */
import type { Answer, AuthorizedCall } from '../protocol.ts';
import { consentPage, errorPage } from './page.ts';
import { canonicalScope } from './store.ts';

interface AuthRequest {
  redirectUri: string;
  state: string;
  scopes: string[];
  challenge: string;
}

/** Scopes that name the user and cannot be unticked. */
export function isIdentityScope(scope: string): boolean {
  return scope === 'openid' || /(^|\/userinfo\.)(email|profile)$/.test(scope);
}

/** GET /o/oauth2/v2/auth. */
export function showConsent(call: AuthorizedCall): Answer {
  const request = check(call);
  if ('status' in request) return request;
  // prompt=none allows no page.
  if (call.query.get('prompt') === 'none') {
    return back(request, { error: 'interaction_required' });
  }
  return page(call, request);
}

/** POST of the consent page's form. */
export function decideConsent(call: AuthorizedCall): Answer {
  const request = check(call);
  if ('status' in request) return request;
  const form = new URLSearchParams(call.body);
  if (form.get('decision') !== 'allow') return back(request, { error: 'access_denied' });
  const { workspace } = call;
  const account = workspace.oauth.account((form.get('account') ?? '').trim());
  if (!account) return page(call, request, 'Couldn’t find your Google Account');
  call.user = account.email;
  // [V] Granular consent: users may untick scopes, so the answer tells what was granted.
  const ticked = new Set(form.getAll('scope'));
  const scopes = new Set(
    request.scopes
      .filter((scope) => isIdentityScope(scope) || ticked.has(scope))
      .map(canonicalScope),
  );
  const { clientId } = workspace.options;
  // [V] include_granted_scopes joins what was granted before.
  if (call.query.get('include_granted_scopes') === 'true') {
    for (const scope of workspace.oauth.grantedScopes(account.email, clientId)) scopes.add(scope);
  }
  const code = workspace.oauth.issueCode({
    email: account.email,
    clientId,
    redirectUri: request.redirectUri,
    challenge: request.challenge,
    scopes,
    offline: call.query.get('access_type') === 'offline',
    prompted: (call.query.get('prompt') ?? '').split(' ').includes('consent'),
    nonce: call.query.get('nonce'),
  });
  return back(request, { code, scope: [...scopes].join(' '), authuser: '0', prompt: 'consent' });
}

function page(call: AuthorizedCall, request: AuthRequest, problem?: string): Answer {
  const { query, workspace } = call;
  return {
    status: problem ? 400 : 200,
    headers: PAGE_HEADERS,
    text: consentPage({
      app: workspace.options.clientId,
      accounts: workspace.oauth.accounts(),
      hint: new URLSearchParams(call.body).get('account') ?? query.get('login_hint') ?? '',
      scopes: request.scopes,
      problem,
    }),
  };
}

/** No form-action rule: browsers apply it to the redirect that follows the form as well. */
const PAGE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  'x-frame-options': 'DENY',
};

function back(request: AuthRequest, values: Record<string, string>): Answer {
  const url = new URL(request.redirectUri);
  url.searchParams.set('state', request.state);
  for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
  return { status: 302, headers: { location: url.href } };
}

function check(call: AuthorizedCall): AuthRequest | Answer {
  const { query, workspace } = call;
  const refuse = (code: number, error: string, detail: string): Answer => ({
    status: 400,
    headers: PAGE_HEADERS,
    text: errorPage(code, error, detail),
  });
  if (query.get('client_id') !== workspace.options.clientId) {
    return refuse(401, 'invalid_client', 'The OAuth client was not found.');
  }
  // [V] The redirect URI must be one of the registered ones, to the letter.
  const redirectUri = query.get('redirect_uri') ?? '';
  if (!workspace.options.redirectUris.includes(redirectUri)) {
    return refuse(400, 'redirect_uri_mismatch', `redirect_uri=${redirectUri}`);
  }
  if (query.get('response_type') !== 'code') {
    return refuse(400, 'invalid_request', 'Required parameter response_type must be "code".');
  }
  // Google takes requests without state or PKCE; this product must send both.
  const state = query.get('state') ?? '';
  if (state === '') return refuse(400, 'invalid_request', 'Missing required parameter: state');
  // [V] The method defaults to plain when left out.
  const challenge = query.get('code_challenge') ?? '';
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) {
    return refuse(400, 'invalid_request', 'Missing or malformed parameter: code_challenge');
  }
  if (query.get('code_challenge_method') !== 'S256') {
    return refuse(400, 'invalid_request', 'code_challenge_method must be S256');
  }
  const scopes = [...new Set((query.get('scope') ?? '').split(/\s+/).filter(Boolean))];
  if (scopes.length === 0)
    return refuse(400, 'invalid_request', 'Missing required parameter: scope');
  return { redirectUri, state, scopes, challenge };
}
