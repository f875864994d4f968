/** The OAuth adapter against a token endpoint that lies, fails and hands out forged ID tokens. */
import assert from 'node:assert/strict';
import {
  createHmac,
  createPublicKey,
  createSign,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { SyncError } from '../../functions/errors.ts';
import { createGoogleOAuth, type GoogleOAuth } from '../../functions/google/oauth.ts';

const CLIENT_ID = 'client-1.apps.example';
const NONCE = 'nonce-of-this-flow';
const CANARY = 'CANARY-token-4711';

const google = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(claims: object, header: object = {}, key: KeyObject = google.privateKey): string {
  const signed = `${encode({ alg: 'RS256', kid: 'k1', typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

function claims(changes: object = {}): object {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: 'https://accounts.google.com',
    aud: CLIENT_ID,
    azp: CLIENT_ID,
    sub: '108',
    email: 'Anna@Firma.example',
    email_verified: true,
    hd: 'firma.example',
    nonce: NONCE,
    iat: now,
    exp: now + 3600,
    ...changes,
  };
}

/** What the server answers next, and what it was asked. */
let answer: { status: number; body: string; headers?: Record<string, string> };
let revokeStatus = 200;
let certsStatus = 200;
let kid = 'k1';
const asked: { path: string; form: URLSearchParams }[] = [];

const server = createServer(async (req, res) => {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const path = req.url ?? '';
  asked.push({ path, form: new URLSearchParams(Buffer.concat(chunks).toString()) });
  const json = { 'content-type': 'application/json' };
  if (path === '/oauth2/v3/certs') {
    const jwk = google.publicKey.export({ format: 'jwk' });
    const ec = curve.publicKey.export({ format: 'jwk' });
    const keys = [
      { kid, alg: 'RS256', use: 'sig', ...jwk },
      { kid: 'ec', ...ec },
    ];
    res.writeHead(certsStatus, { ...json, 'cache-control': 'public, max-age=3600' });
    res.end(JSON.stringify({ keys }));
  } else if (path.startsWith('/revoke')) {
    res.writeHead(revokeStatus, json).end('{"error":"invalid_token"}');
  } else {
    res.writeHead(answer.status, { ...json, ...answer.headers }).end(answer.body);
  }
});

let root = '';
let oauth: GoogleOAuth;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  asked.length = 0;
  revokeStatus = 200;
  certsStatus = 200;
  kid = 'k1';
  oauth = createGoogleOAuth({
    clientId: CLIENT_ID,
    clientSecret: 'secret',
    redirectUri: `${root}/callback`,
    accountsUrl: root,
    oauthUrl: root,
    apiUrl: root,
  });
});

after(() => {
  server.close();
  server.closeAllConnections();
});

function grant(idToken: string | undefined, changes: object = {}): void {
  const body = {
    access_token: 'ya29.access',
    refresh_token: CANARY,
    expires_in: 3599,
    scope: 'openid a b',
    id_token: idToken,
    ...changes,
  };
  answer = { status: 200, body: JSON.stringify(body) };
}

const exchange = () => oauth.exchange('code-1', 'v'.repeat(43), NONCE);
const count = (path: string) => asked.filter((a) => a.path.startsWith(path)).length;

/** The promise fails with this error, which gives nothing away. */
async function fails(promise: Promise<unknown>, kind: string, reason?: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof SyncError, String(error));
    assert.equal(error.kind, kind);
    if (reason !== undefined) assert.equal(error.reason, reason);
    const text = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
    assert.ok(!text.includes(CANARY) && !text.includes('Firma') && !text.includes('eyJ'));
    return true;
  });
}

test('a code becomes a grant with a confirmed identity', async () => {
  grant(sign(claims()));
  assert.deepEqual(await exchange(), {
    refreshToken: CANARY,
    scopes: ['openid', 'a', 'b'],
    identity: { sub: '108', email: 'anna@firma.example', emailVerified: true },
  });
  const { form } = asked.find((a) => a.path === '/token') ?? assert.fail();
  assert.equal(form.get('code_verifier'), 'v'.repeat(43));
  assert.equal(form.get('redirect_uri'), `${root}/callback`);
  await exchange();
  assert.equal(count('/oauth2/v3/certs'), 1, 'the keys are kept');
});

test('a key that Google has just begun to use is fetched', async () => {
  grant(sign(claims()));
  await exchange();
  kid = 'k2';
  grant(sign(claims(), { kid: 'k2' }));
  assert.equal((await exchange()).identity.sub, '108');
});

test('forged ID tokens are refused and the grant is revoked', async (t) => {
  const now = Math.floor(Date.now() / 1000);
  const pem = createPublicKey(google.privateKey).export({ type: 'spki', format: 'pem' });
  const hmac = (key: string | Buffer) => {
    const signed = `${encode({ alg: 'HS256', kid: 'k1' })}.${encode(claims())}`;
    return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
  };
  const es256 = () => {
    const signed = `${encode({ alg: 'ES256', kid: 'ec' })}.${encode(claims())}`;
    const key = { key: curve.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return `${signed}.${createSign('SHA256').update(signed).sign(key, 'base64url')}`;
  };
  const good = sign(claims());
  const [head, , signature] = good.split('.');
  const forged: { [name: string]: string } = {
    'alg none': `${encode({ alg: 'none', kid: 'k1' })}.${encode(claims())}.`,
    'alg none, signature kept': `${encode({ alg: 'none', kid: 'k1' })}.${encode(claims())}.${signature}`,
    'HS256 with the public key': hmac(pem as string),
    'HS256 without a key': hmac(''),
    ES256: es256(),
    "a stranger's key": sign(claims(), {}, stranger.privateKey),
    "a stranger's key by jku": sign(claims(), { jku: `${root}/mine` }, stranger.privateKey),
    "a stranger's key by jwk": sign(
      claims(),
      { jwk: stranger.publicKey.export({ format: 'jwk' }) },
      stranger.privateKey,
    ),
    'unknown key id': sign(claims(), { kid: 'k9' }),
    'key id of a prototype': sign(claims(), { kid: '__proto__' }),
    'no key id': sign(claims(), { kid: undefined }),
    'changed claims': `${head}.${encode(claims({ email: 'ben@firma.example' }))}.${signature}`,
    'wrong issuer': sign(claims({ iss: 'https://accounts.evil.example' })),
    'issuer of another Google service': sign(claims({ iss: 'googleapis.com' })),
    'no issuer': sign(claims({ iss: undefined })),
    'wrong audience': sign(claims({ aud: 'client-2.apps.example' })),
    'audience list': sign(claims({ aud: [CLIENT_ID, 'client-2'] })),
    'no audience': sign(claims({ aud: undefined })),
    'authorized party is another': sign(claims({ azp: 'client-2.apps.example' })),
    expired: sign(claims({ iat: now - 7200, exp: now - 3600 })),
    'not yet issued': sign(claims({ iat: now + 3600, exp: now + 7200 })),
    'lives too long': sign(claims({ exp: now + 30 * 86_400 })),
    'no expiry': sign(claims({ exp: undefined })),
    'old nonce': sign(claims({ nonce: 'nonce-of-an-old-flow' })),
    'no nonce': sign(claims({ nonce: undefined })),
    'no sub': sign(claims({ sub: undefined })),
    'numeric sub': sign(claims({ sub: 108 })),
    'no email': sign(claims({ email: undefined })),
    'two parts': `${head}.${encode(claims())}`,
    'four parts': `${good}.x`,
    garbage: 'not a token',
  };
  for (const [name, idToken] of Object.entries(forged)) {
    await t.test(name, async () => {
      asked.length = 0;
      grant(idToken);
      await fails(exchange(), 'park');
      const revoked = asked.filter((a) => a.path === '/revoke').map((a) => a.form.get('token'));
      assert.deepEqual(revoked, [CANARY]);
    });
  }
});

test('an address is confirmed only where Google can vouch for it', async () => {
  for (const [changes, verified] of [
    [{ email_verified: false }, false],
    [{ email_verified: undefined }, false],
    [{ hd: undefined }, false],
    [{ hd: undefined, email: 'anna@gmail.com' }, true],
    [{ hd: undefined, email: 'anna@notgmail.com' }, false],
  ] as const) {
    grant(sign(claims(changes)));
    assert.equal((await exchange()).identity.emailVerified, verified, JSON.stringify(changes));
  }
});

test('an answer without a refresh token or ID token is refused', async () => {
  for (const changes of [{ refresh_token: undefined }, { id_token: undefined }]) {
    grant(sign(claims()), changes);
    await fails(exchange(), 'park', 'tokenAnswer');
  }
});

test('keys that cannot be read now are no reason to revoke', async () => {
  certsStatus = 503;
  grant(sign(claims()));
  await fails(exchange(), 'later');
  assert.equal(count('/revoke'), 0);
});

test('each failure of the token endpoint: one attempt, and the kind that decides', async (t) => {
  const table: [string, typeof answer, string, string][] = [
    ['dead token', json(400, { error: 'invalid_grant' }), 'reauthorize', 'invalid_grant'],
    [
      'session control',
      json(400, {
        error: 'invalid_grant',
        error_subtype: 'invalid_rapt',
        error_description: 'reAuth',
      }),
      'reauthorize',
      'invalid_grant',
    ],
    ['wrong client', json(401, { error: 'invalid_client' }), 'park', 'invalid_client'],
    ['refused', json(403, { error: 'access_denied' }), 'park', 'access_denied'],
    ['busy', json(429, { error: 'rate_limit' }), 'later', 'rate_limit'],
    ['internal', json(500, { error: 'internal_failure' }), 'later', 'internal_failure'],
    ['page instead of JSON', { status: 502, body: `<h1>${CANARY}</h1>` }, 'later', 'http502'],
    ['word with a secret', json(400, { error: `x ${CANARY}` }), 'park', 'http400'],
    ['200 with rubbish', { status: 200, body: CANARY }, 'later', 'tokenAnswer'],
    [
      'redirect',
      { status: 302, body: '', headers: { location: `${root}/other` } },
      'later',
      'network',
    ],
  ];
  for (const [name, given, kind, reason] of table) {
    await t.test(name, async () => {
      asked.length = 0;
      answer = given;
      await fails(oauth.refresh(CANARY), kind, reason);
      assert.equal(asked.length, 1);
    });
  }
});

function json(status: number, body: object): typeof answer {
  return { status, body: JSON.stringify(body) };
}

test('a wait that the token endpoint asks for is handed on', async () => {
  answer = { ...json(503, { error: 'busy' }), headers: { 'retry-after': '7' } };
  const error = (await oauth.refresh('r').catch((e) => e)) as SyncError;
  assert.equal(error.retryAfterMs, 7000);
});

test('a refresh token becomes an access token with its scopes', async () => {
  answer = json(200, { access_token: 'ya29.x', expires_in: 3599, scope: 'openid a' });
  const from = Date.now();
  const { expiresAt, ...rest } = await oauth.refresh('refresh-1');
  assert.deepEqual(rest, { accessToken: 'ya29.x', scopes: ['openid', 'a'] });
  assert.ok(expiresAt >= from + 3_599_000 && expiresAt <= Date.now() + 3_599_000);
  assert.equal(asked[0]?.form.get('refresh_token'), 'refresh-1');
});

test('parallel refreshes of two users do not mix', async () => {
  answer = json(200, { access_token: 'ya29.x', expires_in: 3599, scope: '' });
  await Promise.all([oauth.refresh('one'), oauth.refresh('two')]);
  assert.deepEqual(asked.map((a) => a.form.get('refresh_token')).sort(), ['one', 'two']);
});

test('revoking sends the token in the body; an unknown token is as good as revoked', async () => {
  await oauth.revoke(CANARY);
  assert.deepEqual([asked[0]?.path, asked[0]?.form.get('token')], ['/revoke', CANARY]);
  revokeStatus = 400;
  await oauth.revoke(CANARY);
  revokeStatus = 503;
  await fails(oauth.revoke(CANARY), 'later');
});

test('nobody listens', async () => {
  const nowhere = createGoogleOAuth({
    clientId: CLIENT_ID,
    clientSecret: 'secret',
    redirectUri: 'http://127.0.0.1:9/callback',
    accountsUrl: 'http://127.0.0.1:9',
    oauthUrl: 'http://127.0.0.1:9',
  });
  await fails(nowhere.refresh(CANARY), 'later', 'network');
  await fails(nowhere.revoke(CANARY), 'later', 'network');
});
