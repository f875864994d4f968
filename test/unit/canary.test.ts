/** The scan for tokens finds them, however they got there (P35). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorkspace } from '../sandbox/google/workspace.ts';
import { hasToken } from '../support/canary.ts';

const workspace = createWorkspace({
  now: () => 0,
  clientId: 'client',
  clientSecret: 'secret',
  redirectUris: [],
});
const grant = workspace.oauth.grant('anna@firm.example', ['contacts']);

test('P35 the scan finds refresh and access tokens: plain, in part, as base64, in a URL, in JSON', () => {
  for (const token of [grant.refresh_token, grant.access_token]) {
    const forms = [
      token,
      token.slice(0, 20),
      token.slice(-18),
      encodeURIComponent(token),
      JSON.stringify(JSON.stringify({ token })),
      ...['', 'a', 'ab', 'abc'].map((lead) => Buffer.from(lead + token).toString('base64')),
      Buffer.from(`Bearer ${token}`).toString('base64url'),
    ];
    for (const form of forms) assert.ok(hasToken(`text ${form} text`), form);
  }
});

test('P35 the scan is quiet about what is no token', () => {
  assert.ok(
    !hasToken(JSON.stringify({ changeId: '69866f37101520b830876117657e61e1-1', data: 'q7' })),
  );
});
