/** The authorize function on a port, beside the simulated Google, and browsers that visit it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import type { User } from '../../functions/core/records.ts';
import { createGoogleOAuth } from '../../functions/google/oauth.ts';
import type { LogEvents } from '../../functions/log.ts';
import { createMemoryStore } from '../../functions/state/memory.ts';
import { type AuthorizeDeps, createAuthorize } from '../../functions/triggers/authorize.ts';
import { listen } from '../sandbox/google/server.ts';
import { createWorkspace } from '../sandbox/google/workspace.ts';
import { atTheEnd, noToken } from '../support/canary.ts';

const CLIENT = { clientId: 'client-1.apps.example', clientSecret: 'client-secret-canary' };

export const ANNA = 'anna@firma.example';
export const BEN = 'ben@firma.example';

let servers = 0;

/** Serves a handler as the functions framework does; the handler may be set later. */
async function serve(handler: () => ReturnType<typeof createAuthorize>) {
  servers += 1;
  const name = `authorize-${servers}`;
  http(name, (req, res) => handler()(req, res));
  const server = getTestServer(name).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

/** Anna and Ben are in the directory and have Google accounts. `mount` is PUBLIC_URL's path. */
export async function openStage(overrides: Partial<AuthorizeDeps> = {}, mount = '/authorize') {
  let handler: ReturnType<typeof createAuthorize> | undefined;
  const own = await serve(() => handler as ReturnType<typeof createAuthorize>);
  const base = `${own.origin}${mount}`;
  // Real time: the ID token's is checked against this machine's clock.
  const workspace = createWorkspace({
    now: Date.now,
    ...CLIENT,
    redirectUris: [`${base}/callback`],
  });
  const google = await listen(workspace);
  const store = createMemoryStore();
  atTheEnd(() => noToken('the store', store.dump()));
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
  const sealed = new Map<string, string>();
  const published: string[] = [];
  const events: { event: keyof LogEvents; fields: object }[] = [];
  const stateWhenSealed: (string | undefined)[] = [];
  handler = createAuthorize({
    store,
    sealer: {
      async seal(userId, token) {
        stateWhenSealed.push((await store.getUser(userId))?.state);
        sealed.set(userId, token);
      },
    },
    oauth: async () =>
      createGoogleOAuth({
        ...CLIENT,
        redirectUri: `${base}/callback`,
        accountsUrl: google.url,
        oauthUrl: google.url,
        apiUrl: google.url,
      }),
    publisher: { syncUsers: async (ids) => void published.push(...ids) },
    clock,
    config: {
      PUBLIC_URL: base,
      GOOGLE_ACCOUNTS_URL: google.url,
      CALENDAR: 'primary',
      RECORDS: ['appointment', 'contact', 'task'],
    },
    log(event, fields) {
      noToken('a log', fields);
      events.push({ event, fields });
    },
    ...overrides,
  });
  for (const [userId, email] of [
    ['anna', ANNA],
    ['ben', BEN],
  ] as const) {
    await store.putUser({ userId, email, timeZone: 'Europe/Berlin', enabled: true, version: 1 });
    workspace.oauth.createAccount({ email });
  }
  return {
    base,
    origin: own.origin,
    workspace,
    googleUrl: google.url,
    store,
    clock,
    sealed,
    published,
    events,
    stateWhenSealed,
    user: async (userId: string) => (await store.getUser(userId)) as User,
    change: (userId: string, fields: Partial<User>) =>
      store.updateUser(userId, (user) => user && { ...user, ...fields }),
    calls: (method: string) => workspace.stats.snapshot().byMethod[`oauth.${method}`] ?? 0,
    refusals: () => events.filter((e) => e.event === 'authorize.refused').map((e) => e.fields),
    browser: () => new Browser(base),
    close: async () => {
      await own.close();
      await google.close();
    },
  };
}

export interface Visit {
  status: number;
  url: string;
  headers: Headers;
  body: string;
  /** Where it points to, when it is a redirect. */
  location: string;
}

export interface Consent {
  account?: string;
  /** Last words of the scopes to leave unticked. */
  without?: string[];
  decision?: 'allow' | 'cancel';
}

/** A browser with a cookie jar for the function's host. It follows no redirect by itself. */
export class Browser {
  readonly jar = new Map<string, string>();
  /** Everything that the function answered. */
  readonly seen: Visit[] = [];
  readonly #base: string;
  headers: Record<string, string> = {};

  constructor(base: string) {
    this.#base = base;
  }

  async #fetch(path: string, init: RequestInit): Promise<Visit> {
    const url = path.startsWith('http') ? path : this.#base + path;
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(cookie === '' ? {} : { cookie }), ...this.headers, ...init.headers },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) as RegExpExecArray;
      if (value === '') this.jar.delete(name as string);
      else this.jar.set(name as string, value as string);
    }
    const location = answer.headers.get('location') ?? '';
    const { status, headers } = answer;
    const visit = { status, url, headers, location, body: await answer.text() };
    noToken('an answer', [...headers, visit.body]);
    this.seen.push(visit);
    return visit;
  }

  get(path: string): Promise<Visit> {
    return this.#fetch(path, { method: 'GET' });
  }

  /** As a form of our own page: no-referrer makes the Origin `null`. */
  post(path: string, form: Record<string, string> = {}, headers = OWN_FORM): Promise<Visit> {
    return this.#fetch(path, { method: 'POST', body: new URLSearchParams(form), headers });
  }

  /** Sends what the consent page's form would send; returns the address of the callback. */
  async consent(authUrl: string, { account = ANNA, without = [], decision = 'allow' }: Consent) {
    const form = new URLSearchParams({ account, decision });
    for (const scope of new URL(authUrl).searchParams.get('scope')?.split(' ') ?? []) {
      if (!without.some((end) => scope.endsWith(end))) form.append('scope', scope);
    }
    const answer = await fetch(authUrl, { method: 'POST', body: form, redirect: 'manual' });
    await answer.body?.cancel();
    return answer.headers.get('location') ?? '';
  }

  /** Start and consent, up to the address that Google sends the browser back to. */
  async begin(consent: Consent = {}): Promise<string> {
    const started = await this.post('/connect');
    return this.consent(started.location, consent);
  }

  /** The whole way; returns the callback's answer. */
  async connect(consent: Consent = {}): Promise<Visit> {
    return this.get(await this.begin(consent));
  }

  /** The hidden token of the status page's forms. */
  async csrf(): Promise<string> {
    return /name="csrf" value="([\w-]+)"/.exec((await this.get('/status')).body)?.[1] ?? '';
  }
}

const OWN_FORM: Record<string, string> = { origin: 'null', 'sec-fetch-site': 'same-origin' };
