/** Connecting, refusing and disconnecting, over HTTP, against the simulated Google. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { scopes } from '../../functions/google/scopes.ts';
import { ANNA, BEN, openStage, type Stage } from './authorize-stage.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

/** Nothing was connected, sealed, published or left granted. */
async function assertUntouched(userId = 'anna'): Promise<void> {
  const { state, googleSub } = await stage.user(userId);
  assert.deepEqual({ state, googleSub }, { state: 'invited', googleSub: undefined });
  assert.equal(stage.sealed.size, 0);
  assert.deepEqual(stage.published, []);
}

test('a user connects: from the start page over Google to the status page', async () => {
  const browser = stage.browser();
  const home = await browser.get('/');
  assert.equal(home.status, 200);
  assert.match(home.body, new RegExp(`action="${stage.base}/connect"`));

  const back = await browser.connect();
  assert.equal(back.status, 303);
  assert.equal(back.location, `${stage.base}/status`);

  const user = await stage.user('anna');
  const account = stage.workspace.oauth.account(ANNA);
  assert.equal(user.state, 'active');
  assert.equal(user.googleSub, account?.sub);
  assert.equal(user.googleEmail, ANNA);
  assert.ok(user.scopes?.includes(scopes.eventsOwned) && user.scopes.includes(scopes.freeBusy));
  assert.ok(user.connectedAt !== undefined && user.nextPollAt === user.connectedAt);
  assert.deepEqual(stage.published, ['anna']);
  assert.deepEqual(stage.stateWhenSealed, ['invited'], 'sealed before the user is active');
  const token = stage.workspace.oauth.refreshTokens(ANNA)[0]?.token ?? '';
  assert.equal(stage.sealed.get('anna'), token);

  const waiting = await browser.get('/status');
  assert.match(waiting.body, /The first sync is running/);
  assert.equal((await browser.get('/status.json')).body, '{"view":"firstSync","synced":0}');
  await stage.change('anna', { firstSyncCount: 200 });
  assert.equal((await browser.get('/status.json')).body, '{"view":"firstSync","synced":200}');
  assert.match((await browser.get('/status')).body, /done so far: <span id="synced">200</);
  await stage.change('anna', { firstSyncAt: 1, lastSyncAt: Date.UTC(2026, 0, 5, 9, 30) });
  const done = JSON.parse((await browser.get('/status.json')).body);
  assert.equal(done.view, 'active');
  assert.match(done.lastSync, /5 Jan 2026.*10:30/, 'in the time zone of the user');
  assert.match((await browser.get('/')).body, /data-view="active"/, 'the start page shows it too');

  const answers = JSON.stringify(browser.seen) + JSON.stringify(stage.events);
  for (const secret of [token, 'client-secret-canary', 'ya29.']) {
    assert.ok(!answers.includes(secret), 'no token in any answer or log');
  }
  assert.ok(!JSON.stringify(stage.events).includes('@'), 'no address in a log');
});

test('the way to Google carries PKCE, a nonce, and exactly the scopes that are needed', async () => {
  const { location } = await stage.browser().post('/connect');
  const query = new URL(location).searchParams;
  assert.equal(location.split('?')[0], `${stage.googleUrl}/o/oauth2/v2/auth`);
  assert.deepEqual(Object.fromEntries(query), {
    client_id: 'client-1.apps.example',
    redirect_uri: `${stage.base}/callback`,
    response_type: 'code',
    access_type: 'offline',
    prompt: 'consent',
    code_challenge_method: 'S256',
    scope:
      'openid email https://www.googleapis.com/auth/calendar.events.owned https://www.googleapis.com/auth/calendar.freebusy https://www.googleapis.com/auth/contacts https://www.googleapis.com/auth/tasks',
    state: query.get('state'),
    nonce: query.get('nonce'),
    code_challenge: query.get('code_challenge'),
  });
  for (const name of ['state', 'nonce', 'code_challenge']) {
    assert.match(query.get(name) ?? '', /^[\w-]{43}$/, `${name} has 256 bits`);
  }
  const state = query.get('state') ?? '';
  assert.ok(!stage.store.dump().includes(state), 'the state is stored as a hash only');
  const kept = await stage.store.takeOAuthState(
    createHash('sha256').update(state).digest('hex'),
    stage.clock.now(),
  );
  const challenge = createHash('sha256')
    .update(kept?.verifier ?? '')
    .digest('base64url');
  assert.equal(challenge, query.get('code_challenge'));
  const second = new URL((await stage.browser().post('/connect')).location).searchParams;
  for (const name of ['state', 'nonce', 'code_challenge']) {
    assert.notEqual(second.get(name), query.get(name), `${name} is new each time`);
  }
});

test('a replayed, expired, unknown, altered or missing state costs no call to Google', async () => {
  const browser = stage.browser();
  const url = await browser.begin();
  assert.equal((await browser.get(url)).status, 303);
  const calls = stage.calls('token');
  stage.published.length = 0;

  const cases: { [name: string]: () => Promise<string> } = {
    replayed: async () => url,
    expired: async () => {
      const late = await browser.begin();
      stage.clock.ahead = 10 * 60_000 + 1;
      return late;
    },
    unknown: async () => url.replace(/state=[^&]+/, `state=${'x'.repeat(43)}`),
    altered: async () => (await browser.begin()).replace(/(state=[^&]+)[^&]&/, '$1_&'),
    missing: async () => (await browser.begin()).replace(/state=[^&]+&/, ''),
    twice: async () => (await browser.begin()).replace(/(state=[^&]+)/, '$1&$1'),
  };
  for (const [name, make] of Object.entries(cases)) {
    const answer = await browser.get(await make());
    stage.clock.ahead = 0;
    assert.equal(answer.status, 400, name);
    assert.match(answer.body, /no longer valid/, name);
  }
  assert.equal(stage.calls('token'), calls);
  assert.deepEqual(stage.published, []);
});

test('a flow that one browser started cannot be finished in another', async () => {
  const [a, b] = [stage.browser(), stage.browser()];
  const url = await a.begin();
  await b.post('/connect'); // has a flow cookie, but its own
  for (const other of [b, stage.browser()]) {
    assert.equal((await other.get(url)).status, 400);
  }
  assert.equal((await a.get(url)).status, 400, 'and the state is used up');
  assert.equal(stage.calls('token'), 0);
  await assertUntouched();
});

test('of two parallel callbacks exactly one wins', async () => {
  const browser = stage.browser();
  const url = await browser.begin();
  const answers = await Promise.all([browser.get(url), browser.get(url), browser.get(url)]);
  assert.deepEqual(answers.map((a) => a.status).sort(), [303, 400, 400]);
  assert.equal(stage.calls('token'), 1);
});

test('a code of another flow fails the verifier', async () => {
  const [a, b] = [stage.browser(), stage.browser()];
  const stolen = new URL(await a.begin()).searchParams.get('code') ?? '';
  const url = new URL(await b.begin({ account: BEN }));
  url.searchParams.set('code', stolen);
  assert.equal((await b.get(url.href)).status, 400);
  await assertUntouched('anna');
  await assertUntouched('ben');
});

test('the user says no', async () => {
  const answer = await stage.browser().connect({ decision: 'cancel' });
  assert.equal(answer.status, 403);
  assert.match(answer.body, /You did not give the permission/);
  assert.deepEqual(stage.refusals(), [{ step: 'consent', reason: 'accessDenied' }]);
  await assertUntouched();
});

test('Google says no, with a word that an attacker may have written', async () => {
  const browser = stage.browser();
  for (const [error, reason] of [
    ['admin_policy_enforced', 'admin_policy_enforced'],
    ['<script>\n"', 'other'],
  ] as const) {
    const { location } = await browser.post('/connect');
    const state = new URL(location).searchParams.get('state');
    const answer = await browser.get(
      `/callback?${new URLSearchParams({ state: state ?? '', error })}`,
    );
    assert.equal(answer.status, 403);
    assert.ok(!answer.body.includes('<script>\n'));
    assert.deepEqual(stage.refusals().at(-1), { step: 'consent', reason });
  }
});

test('an account that the CRM does not know is named, and its grant revoked', async () => {
  stage.workspace.oauth.createAccount({ email: 'eve@other.example' });
  const answer = await stage.browser().connect({ account: 'eve@other.example' });
  assert.equal(answer.status, 403);
  assert.match(answer.body, /eve@other\.example/);
  assert.equal(stage.workspace.oauth.refreshTokens('eve@other.example').length, 0);
  assert.deepEqual(stage.refusals(), [{ step: 'account', reason: 'unknownUser' }]);
  await assertUntouched();
});

test('a user who is switched off in the CRM cannot connect', async () => {
  await stage.change('anna', { enabled: false });
  const answer = await stage.browser().connect();
  assert.equal(answer.status, 403);
  assert.match(answer.body, /Switched off in the CRM/);
  assert.equal(stage.workspace.oauth.refreshTokens(ANNA).length, 0);
  await assertUntouched();
});

/** The address is another account's by now; the browser comes back with that one. */
async function withOtherAccount() {
  await stage.browser().connect();
  await stage.change('anna', { firstSyncAt: 1 });
  const before = await stage.user('anna');
  const token = stage.sealed.get('anna');
  stage.workspace.oauth.revokeUser(ANNA);
  const { sub } = stage.workspace.oauth.createAccount({ email: ANNA, sub: '999' });
  const browser = stage.browser();
  return { before, token, sub, browser, answer: await browser.connect() };
}

test('C07 another account is refused, and the person chooses: to stay changes nothing', async () => {
  const { before, token, browser, answer } = await withOtherAccount();
  assert.equal(answer.status, 409);
  assert.match(answer.body, /name="replace" value="yes"/, 'offers to move');
  assert.deepEqual(await stage.user('anna'), before);
  assert.equal(stage.sealed.get('anna'), token);
  assert.equal(stage.workspace.oauth.refreshTokens(ANNA).length, 0, 'the new grant is revoked');
  assert.equal((await browser.get('/status')).status, 401);
  assert.equal((await browser.connect()).status, 409, 'and not by trying again');
});

test('C07 to move pins the new account, and what was in the first one is to be parked', async () => {
  const { sub, token, browser } = await withOtherAccount();
  const started = await browser.post('/connect', { replace: 'yes' });
  assert.equal(new URL(started.location).searchParams.get('login_hint'), null);
  assert.equal((await browser.get(await browser.consent(started.location, {}))).status, 303);
  const { googleSub, state, replaced, firstSyncAt } = await stage.user('anna');
  assert.deepEqual(
    { googleSub, state, replaced, firstSyncAt },
    { googleSub: sub, state: 'active', replaced: 'park', firstSyncAt: undefined },
  );
  assert.notEqual(stage.sealed.get('anna'), token);
});

test('C07 an account that the CRM does not name for the user is not moved to', async () => {
  await stage.browser().connect();
  const { googleSub } = await stage.user('anna');
  const browser = stage.browser();
  const started = await browser.post('/connect', { replace: 'yes' });
  const account = 'private@else.example';
  stage.workspace.oauth.createAccount({ email: account });
  const answer = await browser.get(await browser.consent(started.location, { account }));
  assert.equal(answer.status, 403);
  assert.equal((await stage.user('anna')).googleSub, googleSub);
});

test('an address that changed hands does not lead to the earlier holder', async () => {
  await stage.browser().connect();
  // Anna has a new address; her old one is now a newcomer's, whom the CRM does not know yet.
  await stage.store.putUser({
    userId: 'anna',
    email: 'anna.neu@firma.example',
    timeZone: 'Europe/Berlin',
    enabled: true,
    version: 2,
  });
  stage.workspace.oauth.createAccount({ email: ANNA, sub: '998' });
  assert.equal((await stage.browser().connect()).status, 403);
  assert.equal((await stage.user('anna')).googleEmail, ANNA);
});

test('a new address of the same account stays the same user', async () => {
  await stage.browser().connect();
  const { googleSub } = await stage.user('anna');
  const email = 'anna.neu@firma.example';
  await stage.store.putUser({
    userId: 'anna',
    email,
    timeZone: 'Europe/Berlin',
    enabled: true,
    version: 2,
  });
  stage.workspace.oauth.createAccount({ email, sub: googleSub ?? '' });
  assert.equal((await stage.browser().connect({ account: email })).status, 303);
  const user = await stage.user('anna');
  assert.deepEqual([user.googleSub, user.googleEmail], [googleSub, email]);
});

test('what the user leaves unticked is off, and shown as off', async () => {
  const rows = (body: string) =>
    Object.fromEntries(
      [...body.matchAll(/data-permission="(\w+)" data-on="(\w+)"/g)].map((m) => [m[1], m[2]]),
    );
  const all = { appointments: 'yes', freeBusy: 'yes', contacts: 'yes', tasks: 'yes' };
  const table: [string[], object][] = [
    [[], all],
    [['freebusy'], { ...all, freeBusy: 'no' }],
    [['events.owned'], { ...all, appointments: 'no' }],
    [['contacts'], { ...all, contacts: 'no' }],
    [['tasks', 'contacts'], { ...all, contacts: 'no', tasks: 'no' }],
    [['events.owned', 'freebusy'], { ...all, appointments: 'no', freeBusy: 'no' }],
  ];
  for (const [without, expected] of table) {
    const browser = stage.browser();
    assert.equal((await browser.connect({ without })).status, 303);
    assert.equal((await stage.user('anna')).state, 'active');
    const { body } = await browser.get('/status');
    assert.deepEqual(rows(body), expected);
    assert.equal(body.includes('connect again and tick the box'), without.length > 0);
  }
});

test('connecting gives the browser a new session and ends the old one', async () => {
  const browser = stage.browser();
  await browser.connect();
  const old = stage.browser();
  for (const [name, value] of browser.jar) old.jar.set(name, value);
  assert.equal((await old.get('/status')).status, 200);
  await browser.connect();
  assert.equal((await browser.get('/status')).status, 200);
  assert.equal((await old.get('/status')).status, 401);
  assert.equal((await old.get('/status.json')).status, 401);
  stage.clock.ahead = 12 * 3_600_000 + 1000;
  assert.equal((await browser.get('/status')).status, 401, 'over after twelve hours');
});

test('a session of the wrong making opens nothing', async () => {
  for (const value of ['', 'x', 'x'.repeat(43), '../..', 'a'.repeat(5000)]) {
    const browser = stage.browser();
    browser.jar.set('__Host-crm-google-session', value);
    assert.equal((await browser.get('/status')).status, 401);
  }
});

test('disconnect notes the choice, tells the worker, and shows how it goes', async () => {
  for (const leaving of ['keep', 'remove'] as const) {
    const browser = stage.browser();
    await browser.connect();
    stage.published.length = 0;
    await stage.change('anna', { polls: { appointment: { at: Number.MAX_SAFE_INTEGER } } });
    const answer = await browser.post('/disconnect', { csrf: await browser.csrf(), leaving });
    assert.equal(answer.status, 303);
    assert.equal(answer.location, `${stage.base}/status`);
    const user = await stage.user('anna');
    assert.equal(user.leaving, leaving);
    assert.equal(user.state, 'active', 'the worker ends it');
    assert.equal(user.polls, undefined, 'no run that is under way puts it off');
    assert.deepEqual(stage.published, ['anna']);
    assert.ok(stage.sealed.has('anna'));
    assert.equal(stage.calls('revoke'), 0);
    assert.match((await browser.get('/status')).body, /data-view="disconnecting"/);

    await stage.change('anna', { state: 'disconnected' });
    assert.match((await browser.get('/status')).body, /data-view="disconnected"/);
    const again = await browser.post('/disconnect', { csrf: await browser.csrf(), leaving });
    assert.equal(again.status, 303);
    assert.deepEqual(stage.published, ['anna'], 'nothing to do twice');
    await stage.store.updateUser('anna', (u) => {
      const { leaving: _, ...kept } = u ?? user;
      return kept;
    });
  }
});

test('connecting again ends a running disconnect', async () => {
  const browser = stage.browser();
  await browser.connect();
  await stage.change('anna', { leaving: 'remove', firstSyncAt: 1 });
  await browser.connect();
  const user = await stage.user('anna');
  assert.equal(user.leaving, undefined);
  assert.equal(user.firstSyncAt, undefined, 'what was removed is synced anew');
});

test('connecting again after Google refused the token', async () => {
  const browser = stage.browser();
  await browser.connect();
  await stage.change('anna', {
    state: 'reauthorize',
    stateReason: 'invalid_grant',
    firstSyncAt: 1,
  });
  assert.match((await browser.get('/status')).body, /asks you to connect again/);
  const started = await browser.post('/connect');
  assert.equal(new URL(started.location).searchParams.get('login_hint'), ANNA);
  await browser.connect();
  const { state, stateReason, firstSyncAt } = await stage.user('anna');
  assert.deepEqual(
    { state, stateReason, firstSyncAt },
    { state: 'active', stateReason: undefined, firstSyncAt: 1 },
  );
});

test('connecting does not end a pause', async () => {
  const browser = stage.browser();
  await browser.connect();
  await stage.change('anna', { state: 'paused', stateReason: 'byAdmin' });
  assert.match((await browser.get('/status')).body, /The sync is paused/);
  await browser.connect();
  const { state, stateReason } = await stage.user('anna');
  assert.deepEqual({ state, stateReason }, { state: 'paused', stateReason: 'byAdmin' });
});

test('C03 connecting does not release what is held, and the page names it', async () => {
  const browser = stage.browser();
  await browser.connect();
  await stage.change('anna', { held: { task: 1 } });
  const { body } = await browser.get('/status');
  assert.match(body, /Unusually many entries disappeared[\s\S]*Held: tasks/);
  await browser.connect();
  assert.deepEqual((await stage.user('anna')).held, { task: 1 });
});

test('sign out ends the session, and only that', async () => {
  const browser = stage.browser();
  await browser.connect();
  assert.equal((await browser.post('/signout', {})).status, 403, 'needs the token');
  const answer = await browser.post('/signout', { csrf: await browser.csrf() });
  assert.deepEqual([answer.status, answer.location], [303, `${stage.base}/`]);
  assert.equal((await browser.get('/status')).status, 401);
  assert.equal((await stage.user('anna')).state, 'active');
});

test('forms work only from our own page, with POST, and with the token of the session', async () => {
  const browser = stage.browser();
  await browser.connect();
  const csrf = await browser.csrf();
  const foreign = stage.browser();
  await foreign.connect({ account: BEN });
  const otherCsrf = await foreign.csrf();
  stage.published.length = 0;
  const before = stage.store.dump();

  for (const path of ['/connect', '/disconnect', '/signout']) {
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
      { origin: 'null' },
      { origin: stage.origin, 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
    ]) {
      const answer = await browser.post(path, { csrf, leaving: 'keep' }, headers as never);
      assert.equal(answer.status, 403, `${path} ${JSON.stringify(headers)}`);
    }
    const got = await browser.get(path);
    assert.equal(got.status, 405);
    assert.equal(got.headers.get('allow'), 'POST');
  }
  for (const form of [
    {},
    { leaving: 'keep' },
    { csrf, leaving: 'burn' },
    { csrf: otherCsrf, leaving: 'keep' },
    { csrf: `${csrf}x`, leaving: 'keep' },
  ]) {
    const answer = await browser.post('/disconnect', form as Record<string, string>);
    assert.equal(answer.status, 403, JSON.stringify(form));
  }
  const stranger = await stage.browser().post('/disconnect', { csrf, leaving: 'keep' });
  assert.equal(stranger.status, 401);
  for (const path of ['/', '/status', '/status.json', '/callback']) {
    assert.equal((await browser.post(path)).status, 405, path);
  }
  assert.equal(stage.store.dump(), before, 'nothing happened');
  assert.deepEqual(stage.published, []);
  const own = await browser.post('/disconnect', { csrf, leaving: 'keep' }, {
    origin: stage.origin,
  } as never);
  assert.equal(own.status, 303, 'an older browser without Sec-Fetch-Site');
});

test('no parameter sends the browser anywhere else', async () => {
  const tries = ['//evil.example', 'https://evil.example', '/\\evil.example', '%2F%2Fevil.example'];
  const names = ['redirect', 'redirect_uri', 'return', 'next', 'continue', 'url'];
  for (const target of tries) {
    const query = names.map((name) => `${name}=${target}`).join('&');
    const browser = stage.browser();
    const started = await browser.post(`/connect?${query}`, { redirect_uri: target, next: target });
    assert.ok(started.location.startsWith(`${stage.googleUrl}/o/oauth2/v2/auth?`));
    assert.ok(!started.location.includes('evil'));
    const back = await browser.get(`${await browser.consent(started.location, {})}&${query}`);
    assert.equal(back.location, `${stage.base}/status`);
    const answer = await browser.get(`${stage.origin}/${target}`);
    assert.ok([404, 200].includes(answer.status) && answer.location === '', target);
  }
});

test('the pages also work without the mount in the path, and at the root of a host', async () => {
  assert.equal((await stage.browser().get(`${stage.origin}/status`)).status, 401);
  assert.equal((await stage.browser().get(stage.base)).status, 200);
  assert.equal((await stage.browser().get(`${stage.origin}/authorizestatus`)).status, 404);
  assert.equal((await stage.browser().get('/no/such/page')).status, 404);
  const root = await openStage({}, '');
  try {
    const browser = root.browser();
    assert.equal((await browser.connect()).location, `${root.base}/status`);
    assert.equal((await browser.get('/status')).status, 200);
  } finally {
    await root.close();
  }
});

test('Google out of order: one attempt, a page that says so, nothing stored', async () => {
  for (const effect of [
    { kind: 'status', status: 503, reason: 'backendError' },
    { kind: 'status', status: 429, reason: 'rateLimitExceeded' },
    { kind: 'close' },
  ] as const) {
    const before = stage.calls('token');
    const browser = stage.browser();
    const url = await browser.begin();
    stage.workspace.faults.add({ method: 'oauth.token', count: 1, ...effect });
    const answer = await browser.get(url);
    assert.equal(answer.status, 503);
    assert.match(answer.body, /try again in a minute/);
    assert.equal(stage.calls('token'), before + 1);
    await assertUntouched();
  }
});

test('a grant that cannot be sealed is revoked; the user can try again', async () => {
  let broken = true;
  const own = await openStage({
    sealer: {
      async seal() {
        if (broken) throw new Error('canary-secret');
      },
    },
  });
  try {
    const browser = own.browser();
    const answer = await browser.connect();
    assert.equal(answer.status, 500);
    assert.ok(!answer.body.includes('canary-secret') && !answer.body.includes('    at '));
    assert.ok(!JSON.stringify(own.events).includes('canary-secret'));
    assert.equal((await own.user('anna')).state, 'invited');
    assert.equal(own.workspace.oauth.refreshTokens(ANNA).length, 0);
    assert.equal((await browser.get('/status')).status, 401);
    broken = false;
    await browser.connect();
    broken = true;
    assert.equal((await browser.connect()).status, 500);
    assert.equal(own.workspace.oauth.refreshTokens(ANNA).length, 2, 'a grant in use stays');
  } finally {
    await own.close();
  }
});

test('a queue that is down does not keep a user from connecting', async () => {
  const own = await openStage({
    publisher: {
      syncUsers() {
        throw new Error('down');
      },
    },
  });
  try {
    const browser = own.browser();
    assert.equal((await browser.connect()).status, 303);
    const user = await own.user('anna');
    assert.equal(user.state, 'active');
    assert.deepEqual(
      (await own.store.dueUsers(own.clock.now(), 10)).map((u) => u.userId),
      ['anna'],
    );
    const csrf = await browser.csrf();
    assert.equal((await browser.post('/disconnect', { csrf, leaving: 'keep' })).status, 303);
    await own.change('anna', { state: 'reauthorize' });
    const answer = await browser.post('/disconnect', { csrf, leaving: 'keep' });
    assert.equal(answer.status, 500, 'polls do not reach this user, so it is said');
  } finally {
    await own.close();
  }
});

test('German for a browser that asks for it', async () => {
  const browser = stage.browser();
  browser.headers = { 'accept-language': 'de-AT,de;q=0.9,en;q=0.5' };
  const home = await browser.get('/');
  assert.equal(home.headers.get('content-language'), 'de');
  assert.match(home.body, /<html lang="de">/);
  assert.match(home.body, /Mit Google verbinden/);
  await browser.connect();
  assert.match((await browser.get('/status')).body, /Der erste Abgleich läuft/);
  browser.headers = { 'accept-language': 'fr' };
  assert.match((await browser.get('/status')).body, /The first sync is running/);
});
