import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { callerCheck } from '../../functions/triggers/caller.ts';
import { signJwt } from '../sandbox/google/oauth/keys.ts';
import { alive, serveKeys } from '../support/keys.ts';

const AUDIENCE = 'https://crm-change.run.example';
const good = {
  iss: 'https://accounts.google.com',
  aud: AUDIENCE,
  exp: 4_000_000_000,
  email: 'push@p.iam.gserviceaccount.com',
  email_verified: true,
};
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const stripped = (claims: object) =>
  `${part({ alg: 'RS256' })}.${part(claims)}.SIGNATURE_REMOVED_BY_GOOGLE`;

let api = '';
let close = () => {};
before(async () => {
  api = await serveKeys((end) => {
    close = end;
  });
});
after(() => close());

function status(token: string, env: NodeJS.ProcessEnv) {
  const check = callerCheck(
    { PUSH_AUTH: 'oidc', GOOGLE_API_URL: api },
    [AUDIENCE],
    (claims) => claims.email === good.email && claims.email_verified === true,
    env,
  );
  return check({ header: () => `Bearer ${token}` } as never);
}

test('security 12: a token that IAM has checked is taken on Cloud Run, and nowhere else', async () => {
  assert.equal(await status(stripped(good), { K_SERVICE: 'crm-change' }), undefined);
  assert.equal(await status(stripped(good), {}), 401);
});

test('security 12: who it is for, whose it is and until when is checked all the same', async () => {
  const cases: [object, number][] = [
    [{ ...good, aud: 'https://other.example' }, 401],
    [{ ...good, iss: 'https://evil.example' }, 401],
    [{ ...good, exp: 1_000_000_000 }, 401],
    [{ ...good, email: 'other@p.iam.gserviceaccount.com' }, 403],
    [{ ...good, email_verified: false }, 403],
  ];
  for (const [claims, expected] of cases) {
    assert.equal(await status(stripped(claims), { K_SERVICE: 'x' }), expected);
  }
  assert.equal(await status('rubbish.SIGNATURE_REMOVED_BY_GOOGLE', { K_SERVICE: 'x' }), 401);
});

test('security 12: a forged signature is refused on Cloud Run too', async () => {
  const forged = `${part({ alg: 'none' })}.${part(good)}.`;
  assert.equal(await status(forged, { K_SERVICE: 'x' }), 401);
});

test('security 12: a token that Google signed is taken anywhere; what is not for us, or altered, is not', async () => {
  const signed = signJwt({ ...good, ...alive() });
  assert.equal(await status(signed, {}), undefined);
  const other = signJwt({ ...good, aud: 'https://other.example', ...alive() });
  assert.equal(await status(other, {}), 401);
  const stranger = signJwt({ ...good, email: 'other@p.iam.gserviceaccount.com', ...alive() });
  assert.equal(await status(stranger, {}), 403);
  const [head, , signature] = signed.split('.');
  const altered = `${head}.${part({ ...good, ...alive(), sub: 'altered' })}.${signature}`;
  assert.equal(await status(altered, {}), 401);
});
