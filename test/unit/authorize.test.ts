/** Every route's headers and cookies, and the pages' words and markup. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { html } from '../../functions/authorize/html.ts';
import { homePage, messagePage, statusPage } from '../../functions/authorize/pages.ts';
import type { View } from '../../functions/authorize/status.ts';
import { type Message, texts } from '../../functions/authorize/texts.ts';
import type { User } from '../../functions/core/records.ts';
import { permittedRecords } from '../../functions/google/scopes.ts';
import { silentLog } from '../../functions/log.ts';
import { createMemoryStore } from '../../functions/state/memory.ts';
import { createAuthorize } from '../../functions/triggers/authorize.ts';

const EMAIL = 'anna@firma.example';
const PUBLIC_URL = 'https://sync.example/authorize';

let state = '';
const store = createMemoryStore();
const authorize = createAuthorize({
  store,
  sealer: { seal: async () => {} },
  oauth: async () => ({
    authorizationUrl: (request) => {
      state = request.state;
      return 'https://accounts.google.com/o/oauth2/v2/auth?x=1';
    },
    exchange: async () => ({
      refreshToken: 'token',
      scopes: [],
      identity: { sub: '1', email: EMAIL, emailVerified: true },
    }),
    revoke: async () => {},
  }),
  publisher: { syncUsers: async () => {} },
  clock: { now: () => 1_800_000_000_000 },
  config: {
    PUBLIC_URL,
    GOOGLE_ACCOUNTS_URL: 'https://accounts.google.com',
    CALENDAR: 'primary',
    RECORDS: [...permittedRecords],
  },
  log: silentLog,
});
http('authorize-headers', authorize);
const server = getTestServer('authorize-headers');
let origin = '';

before(async () => {
  await store.putUser({ userId: 'anna', email: EMAIL, timeZone: 'UTC', enabled: true, version: 1 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(() => {
  server.close();
  server.closeAllConnections();
});

async function ask(method: string, path: string, cookie = '', form = ''): Promise<Response> {
  return fetch(origin + path, {
    method,
    redirect: 'manual',
    headers: {
      cookie,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
    },
    ...(method === 'POST' ? { body: form } : {}),
  });
}

const cookieOf = (answer: Response, name: string): string =>
  answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .find((pair) => pair.startsWith(`__Host-crm-google-${name}=`)) ?? '';

/** A signed-in browser's cookie, and every answer on the way to it. */
async function signIn(): Promise<{ cookie: string; answers: Response[] }> {
  const started = await ask('POST', '/connect');
  const back = await ask('GET', `/callback?code=c&state=${state}`, cookieOf(started, 'flow'));
  return { cookie: cookieOf(back, 'session'), answers: [started, back] };
}

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'nonce-N'; script-src 'nonce-N'; connect-src 'self'; " +
    "form-action 'self' https://accounts.google.com; frame-ancestors 'none'; base-uri 'none'",
  'strict-transport-security': 'max-age=63072000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

test('every route, in every way it can answer, carries the same security headers', async () => {
  const { cookie, answers } = await signIn();
  const requests: [string, string, string?][] = [
    ['GET', '/'],
    ['HEAD', '/'],
    ['GET', '/authorize/', cookie],
    ['GET', '/status'],
    ['GET', '/status', cookie],
    ['GET', '/status.json'],
    ['GET', '/status.json', cookie],
    ['GET', '/callback'],
    ['GET', '/connect'],
    ['POST', '/disconnect'],
    ['POST', '/disconnect', cookie],
    ['POST', '/signout', cookie],
    ['POST', '/signout'],
    ['PUT', '/status'],
    ['OPTIONS', '/'],
    ['GET', '/nowhere'],
  ];
  for (const request of requests) answers.push(await ask(...request));
  const nonces = new Set<string>();
  for (const answer of answers) {
    const found: { [name: string]: string | undefined } = {};
    for (const name of Object.keys(SECURITY_HEADERS)) {
      found[name] = answer.headers.get(name)?.replace(/'nonce-([\w-]{22})'/g, (_, nonce) => {
        nonces.add(nonce);
        return "'nonce-N'";
      });
    }
    assert.deepEqual(found, SECURITY_HEADERS, `${answer.status} ${answer.url}`);
    assert.equal(answer.headers.get('x-powered-by'), null);
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
  }
  assert.equal(nonces.size, answers.length, 'a new nonce each time');
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [303, 303, 200, 200, 200, 401, 200, 401, 200, 400, 405, 401, 403, 403, 303, 405, 405, 404],
  );
});

test('every cookie is __Host-, Secure, HttpOnly and Lax', async () => {
  const { cookie, answers } = await signIn();
  const { csrf } = (await sessionOf(cookie)) ?? assert.fail();
  answers.push(await ask('POST', '/signout', cookie, `csrf=${csrf}`));
  const lines = answers.flatMap((answer) => answer.headers.getSetCookie());
  const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';
  assert.deepEqual(
    lines.map((line) => line.replace(/=[\w-]{43};/, '=V;')),
    [
      `__Host-crm-google-flow=V; Max-Age=600; ${attributes}`,
      `__Host-crm-google-flow=; Max-Age=0; ${attributes}`,
      `__Host-crm-google-session=V; Max-Age=43200; ${attributes}`,
      `__Host-crm-google-session=; Max-Age=0; ${attributes}`,
    ],
  );
});

async function sessionOf(cookie: string) {
  const page = await (await ask('GET', '/status', cookie)).text();
  const csrf = /name="csrf" value="([\w-]+)"/.exec(page)?.[1];
  return csrf === undefined ? undefined : { csrf };
}

/** Every string of a table of texts, with its path. */
function strings(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') return strings(value('x@y.example'), path);
  return Object.entries(value as object).flatMap(([key, inner]) =>
    strings(inner, `${path}.${key}`),
  );
}

test('both languages say everything, and not the same', () => {
  const [en, de] = [strings(texts.en), strings(texts.de)];
  assert.deepEqual(
    de.map(([path]) => path),
    en.map(([path]) => path),
  );
  for (const [path, text] of [...en, ...de]) assert.ok(text.trim().length > 1, path);
  const same = en.filter(([, text], i) => text === de[i]?.[1]).map(([path]) => path);
  assert.deepEqual(same, []);
});

const page = {
  language: 'en',
  base: PUBLIC_URL,
  nonce: 'N',
  calendar: 'primary',
  records: permittedRecords,
} as const;
const session = { id: 's', userId: 'anna', csrf: 'csrf-1', expireAt: 0 };
const anna: User = {
  userId: 'anna',
  email: EMAIL,
  timeZone: 'Europe/Berlin',
  enabled: true,
  version: 1,
  state: 'active',
};

function allPages(language: 'en' | 'de'): { [name: string]: string } {
  const context = { ...page, language };
  const users: { [V in View | 'scopesChanged']: Partial<User> } = {
    firstSync: {},
    active: { firstSyncAt: 1, lastSyncAt: 1, connectedAt: 1, name: 'Anna', googleEmail: EMAIL },
    reauthorize: { state: 'reauthorize' },
    held: { held: { contact: 1, task: 2 } },
    paused: { state: 'paused', stateReason: 'byAdmin' },
    disabled: { enabled: false },
    disconnecting: { leaving: 'remove' },
    disconnected: { state: 'disconnected' },
    scopesChanged: { state: 'reauthorize', stateReason: 'scopesChanged' },
  };
  const messages = Object.keys(texts.en.messages) as Message[];
  return Object.fromEntries([
    ['home', homePage(context)],
    ['home dedicated', homePage({ ...context, calendar: 'dedicated' })],
    ...messages.map((m) => [m, messagePage(context, m, EMAIL)]),
    ...Object.entries(users).map(([view, changes]) => [
      view,
      statusPage(context, { ...anna, ...changes }, session),
    ]),
  ]);
}

test('every page is well made: one heading, labelled sections, no foreign address, no inline code', () => {
  for (const language of ['en', 'de'] as const) {
    for (const [name, body] of Object.entries(allPages(language))) {
      const where = `${language} ${name}`;
      assert.equal(body.match(/<h1[ >]/g)?.length, 1, where);
      assert.match(body, new RegExp(`^<!doctype html>\\s*<html lang="${language}">`), where);
      assert.match(body, /<title>[^<]{5,}<\/title>/, where);
      const ids = [...body.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]);
      assert.equal(new Set(ids).size, ids.length, `${where}: ids are unique`);
      for (const [, id] of body.matchAll(/aria-labelledby="([^"]+)"/g)) {
        assert.ok(ids.includes(id), `${where}: #${id}`);
      }
      for (const [, address] of body.matchAll(/(?:href|action|src|data-url)="([^"]*)"/g)) {
        assert.ok(address?.startsWith(PUBLIC_URL), `${where}: ${address}`);
      }
      assert.ok(!/ on\w+=| style=|javascript:/.test(body), where);
      assert.ok(!/undefined|\[object|NaN/.test(body), where);
      for (const [, tag] of body.matchAll(/<(script|style)(?! nonce="N")/g)) assert.fail(tag);
    }
  }
});

test('a page that waits refreshes itself, with and without scripts', () => {
  const pages = allPages('en');
  for (const view of ['firstSync', 'disconnecting']) {
    assert.match(pages[view] ?? '', /<noscript><meta http-equiv="refresh"/);
    assert.match(pages[view] ?? '', /data-passing="yes"/);
  }
  assert.doesNotMatch(pages.active ?? '', /http-equiv="refresh"/);
});

test('whatever a name or address holds, it is text', () => {
  const evil = `"><script>alert('x')</script>&\``;
  assert.equal(
    html`<p title="${evil}">${[evil, 7, false, undefined]}</p>`.text,
    html`<p title="${evil}">${evil}${7}</p>`.text,
  );
  const bodies = [
    messagePage(page, 'unknownUser', evil),
    statusPage(
      page,
      { ...anna, name: evil, email: evil, googleEmail: evil, timeZone: evil, lastSyncAt: 1 },
      session,
    ),
  ];
  for (const body of bodies) {
    assert.ok(!body.includes('<script>alert') && !body.includes('">&'), body);
    assert.ok(body.includes('&#60;script&#62;'));
  }
});
