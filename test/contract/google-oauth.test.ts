import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { OAuth2Client } from 'google-auth-library';
import { CLIENT, type Stage, stage } from '../sandbox/google/stage.ts';

const REDIRECT = CLIENT.redirectUris[0] as string;
const VERIFIER = 'v'.repeat(43);
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const OWNED = 'https://www.googleapis.com/auth/calendar.events.owned';
const TASKS = 'https://www.googleapis.com/auth/tasks';
const DAY = 86_400_000;

function authUrl(url: string, change: Record<string, string | null> = {}): string {
  const query = new URLSearchParams({
    client_id: CLIENT.clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: `openid email ${OWNED} ${TASKS}`,
    state: 'state-1',
    nonce: 'nonce-1',
    access_type: 'offline',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  });
  for (const [name, value] of Object.entries(change)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  return `${url}/o/oauth2/v2/auth?${query}`;
}

/** Sends the consent form and returns the parameters of the redirect. */
async function consent(
  { url }: Stage,
  change: Record<string, string | null> = {},
  form: [string, string][] = [
    ['account', 'anna@firm.example'],
    ['scope', OWNED],
    ['scope', TASKS],
    ['decision', 'allow'],
  ],
): Promise<URLSearchParams> {
  const answer = await fetch(authUrl(url, change), {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  });
  assert.equal(answer.status, 302, await answer.text());
  const location = answer.headers.get('location') ?? '';
  assert.ok(location.startsWith(`${REDIRECT}?`));
  return new URL(location).searchParams;
}

async function post({ url }: Stage, path: string, form: Record<string, string>) {
  const answer = await fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(form) });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

function exchange(google: Stage, code: string | null, change: Record<string, string> = {}) {
  return post(google, '/token', {
    grant_type: 'authorization_code',
    client_id: CLIENT.clientId,
    client_secret: CLIENT.clientSecret,
    redirect_uri: REDIRECT,
    code: code ?? '',
    code_verifier: VERIFIER,
    ...change,
  });
}

function refresh(google: Stage, token: string) {
  return post(google, '/token', {
    grant_type: 'refresh_token',
    client_id: CLIENT.clientId,
    client_secret: CLIENT.clientSecret,
    refresh_token: token,
  });
}

test('google-contracts 5: consent page: account from login_hint, a box for each scope, no box for identity', async () => {
  await using google = await stage();
  google.workspace.createAccount({ email: 'anna@firm.example' });
  const page = await fetch(authUrl(google.url, { login_hint: 'anna@firm.example' }));
  const html = await page.text();
  assert.equal(page.status, 200);
  assert.match(html, /name="account"[^>]*value="anna@firm\.example"/);
  assert.equal([...html.matchAll(/name="scope"/g)].length, 2);
  assert.match(html, /value="cancel"/);
});

test('google-contracts 5: code exchange: verified ID token, scopes, single use', async () => {
  // The library compares the token's times with the machine's clock.
  await using google = await stage({ now: Date.now });
  google.workspace.createAccount({ email: 'anna@firm.example', sub: '1234567890' });
  const back = await consent(google);
  assert.equal(back.get('state'), 'state-1');
  const { status, body } = await exchange(google, back.get('code'));
  assert.equal(status, 200);
  assert.equal(body.expires_in, 3599);
  assert.equal(body.token_type, 'Bearer');
  assert.ok(body.refresh_token);
  assert.deepEqual(
    new Set(body.scope?.split(' ')),
    new Set(['openid', 'https://www.googleapis.com/auth/userinfo.email', OWNED, TASKS]),
  );
  const verifier = new OAuth2Client({
    clientId: CLIENT.clientId,
    endpoints: { oauth2FederatedSignonPemCertsUrl: `${google.url}/oauth2/v1/certs` },
  });
  const ticket = await verifier.verifyIdToken({
    idToken: body.id_token as string,
    audience: CLIENT.clientId,
  });
  const claims = ticket.getPayload();
  assert.equal(claims?.nonce, 'nonce-1');
  assert.equal(claims?.email, 'anna@firm.example');
  assert.equal(claims?.email_verified, true);
  assert.equal(claims?.sub, '1234567890');
  const again = await exchange(google, back.get('code'));
  assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
});

test('google-contracts 5: PKCE S256, exact redirect URI, client secret, ten minutes', async () => {
  await using google = await stage();
  google.workspace.createAccount({ email: 'anna@firm.example' });
  const code = async () => (await consent(google)).get('code');
  const cases: [Record<string, string>, number, string][] = [
    [{ code_verifier: 'w'.repeat(43) }, 400, 'invalid_grant'],
    [{ code_verifier: '' }, 400, 'invalid_grant'],
    [{ redirect_uri: `${REDIRECT}/` }, 400, 'redirect_uri_mismatch'],
    [{ client_secret: 'wrong' }, 401, 'invalid_client'],
  ];
  for (const [change, status, error] of cases) {
    const answer = await exchange(google, await code(), change);
    assert.deepEqual([answer.status, answer.body.error], [status, error]);
  }
  const late = await code();
  google.advance(600_000);
  assert.equal((await exchange(google, late)).body.error, 'invalid_grant');
});

test('google-contracts 5: a faulty authorization request gets a page, never a redirect', async () => {
  await using google = await stage();
  const faults: Record<string, string | null>[] = [
    { client_id: 'other' },
    { redirect_uri: `${REDIRECT}?x=1` },
    { response_type: 'token' },
    { state: null },
    { code_challenge: null },
    { code_challenge_method: 'plain' },
    { code_challenge_method: null },
  ];
  for (const change of faults) {
    const answer = await fetch(authUrl(google.url, change), { redirect: 'manual' });
    assert.equal(answer.status, 400, JSON.stringify(change));
  }
});

test('google-contracts 5: granular consent: the answer names only the granted scopes; cancel is access_denied', async () => {
  await using google = await stage();
  google.workspace.createAccount({ email: 'anna@firm.example' });
  const back = await consent(google, {}, [
    ['account', 'anna@firm.example'],
    ['scope', TASKS],
    ['decision', 'allow'],
  ]);
  const { body } = await exchange(google, back.get('code'));
  assert.ok(body.scope?.includes(TASKS));
  assert.ok(!body.scope?.includes(OWNED));
  const cancelled = await consent(google, {}, [['decision', 'cancel']]);
  assert.equal(cancelled.get('error'), 'access_denied');
  assert.equal(cancelled.get('state'), 'state-1');
});

test('google-contracts 5: a refresh token comes on first consent only, or with prompt=consent; offline only', async () => {
  await using google = await stage();
  google.workspace.createAccount({ email: 'anna@firm.example' });
  const connect = async (change: Record<string, string | null> = {}) =>
    (await exchange(google, (await consent(google, change)).get('code'))).body;
  assert.equal((await connect({ access_type: null })).refresh_token, undefined);
  google.workspace.revokeGrants('anna@firm.example');
  assert.ok((await connect()).refresh_token);
  assert.equal((await connect()).refresh_token, undefined);
  assert.ok((await connect({ prompt: 'consent' })).refresh_token);
});

test('google-contracts 5: refresh without rotation; revoking ends everything; an hour ends access', async () => {
  await using google = await stage();
  const grant = google.workspace.grant('anna@firm.example', ['openid', 'calendar.events.owned']);
  const { body } = await refresh(google, grant.refresh_token);
  assert.ok(body.access_token);
  assert.equal(body.refresh_token, undefined);
  const call = async (token: string | undefined) =>
    (
      await fetch(`${google.url}/calendar/v3/calendars/primary/events`, {
        headers: { authorization: `Bearer ${token}` },
      })
    ).status;
  assert.equal(await call(body.access_token), 200);
  google.advance(3_600_000);
  assert.equal(await call(body.access_token), 401);
  const fresh = (await refresh(google, grant.refresh_token)).body.access_token as string;
  assert.equal((await post(google, '/revoke', { token: fresh })).status, 200);
  assert.equal(await call(fresh), 401);
  const dead = await refresh(google, grant.refresh_token);
  assert.deepEqual([dead.status, dead.body.error], [400, 'invalid_grant']);
  assert.equal((await post(google, '/revoke', { token: fresh })).status, 400);
});

test('google-contracts 5: the 101st refresh token kills the first; six months unused and Testing kill too', async () => {
  await using google = await stage();
  const scopes = ['tasks'];
  const tokens = Array.from(
    { length: 101 },
    () => google.workspace.grant('anna@firm.example', scopes).refresh_token,
  );
  assert.equal((await refresh(google, tokens[0] as string)).status, 400);
  assert.equal((await refresh(google, tokens[1] as string)).status, 200);
  google.advance(184 * DAY);
  assert.equal((await refresh(google, tokens[1] as string)).status, 400);

  await using testing = await stage({ refreshTokenLifetimeDays: 7 });
  const grant = testing.workspace.grant('anna@firm.example', scopes);
  assert.equal(grant.refresh_token_expires_in, 604_800);
  testing.advance(7 * DAY - 1);
  assert.equal((await refresh(testing, grant.refresh_token)).status, 200);
  testing.advance(1);
  assert.equal((await refresh(testing, grant.refresh_token)).status, 400);
});

test('google-contracts 5: include_granted_scopes joins earlier grants, and revoking one token revokes all of them', async () => {
  await using google = await stage();
  google.workspace.createAccount({ email: 'anna@firm.example' });
  const grant = async (scope: string, change: Record<string, string>) => {
    const form: [string, string][] = [
      ['account', 'anna@firm.example'],
      ['scope', scope],
      ['decision', 'allow'],
    ];
    const asked = { scope, prompt: 'consent', ...change };
    return (await exchange(google, (await consent(google, asked, form)).get('code'))).body;
  };
  const first = await grant(OWNED, {});
  assert.equal((await grant(TASKS, {})).scope, TASKS);
  const joined = await grant(TASKS, { include_granted_scopes: 'true' });
  assert.deepEqual(new Set(joined.scope?.split(' ')), new Set([OWNED, TASKS]));
  assert.equal((await post(google, '/revoke', { token: joined.access_token ?? '' })).status, 200);
  assert.equal((await refresh(google, first.refresh_token ?? '')).status, 400);
});

test('google-contracts 5: a verifier has 43 to 128 characters, and prompt=none shows no page', async () => {
  await using google = await stage();
  google.workspace.createAccount({ email: 'anna@firm.example' });
  for (const length of [42, 129]) {
    const verifier = 'v'.repeat(length);
    const code_challenge = createHash('sha256').update(verifier).digest('base64url');
    const code = (await consent(google, { code_challenge })).get('code');
    const answer = await exchange(google, code, { code_verifier: verifier });
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_grant'], String(length));
  }
  const quiet = await fetch(authUrl(google.url, { prompt: 'none' }), { redirect: 'manual' });
  assert.match(quiet.headers.get('location') ?? '', /error=interaction_required/);
});
