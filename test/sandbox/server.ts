/** The local stack's one HTTP server: the page, the simulators, the CRM, and what scripts need. */
import {
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Store } from '../../functions/sync/ports.ts';
import type { Deliver } from './bus/bus.ts';
import type { Flight } from './bus/flight.ts';
import type { Crm } from './crm/crm.ts';
import { handleCrm } from './crm/routes.ts';
import type { Faults } from './faults/faults.ts';
import { Disturbed, disturbed } from './faults/local.ts';
import { handleFaults } from './faults/routes.ts';
import type { Target } from './faults/vocabulary.ts';
import type { Feed } from './feed.ts';
import type { Workspace } from './google/workspace.ts';
import type { Host } from './hosts.ts';
import { readBody, sendFile, sendJson, serve } from './http.ts';
import { acceptPush } from './push.ts';

/** Everything that the server hands requests to. */
export interface Parts {
  /** Address of the server as a browser sees it. */
  url: string;
  mode: object;
  crm: Crm;
  feed: Feed;
  flight: Flight;
  workspace: Workspace;
  hosts: Map<string, Host>;
  store: Store;
  deliver: Deliver;
  faults: Faults;
  targets: readonly Target[];
  google: (req: IncomingMessage, res: ServerResponse) => void;
  /** CRM users joined with what the sync knows about them. */
  users: () => Promise<object[]>;
  connect: (userId: string) => Promise<void>;
  /** Publishes a poll tick for which every connected user is due; resolves when all is done. */
  poll: () => Promise<void>;
}

const PAGE = join(dirname(fileURLToPath(import.meta.url)), 'page');

/** Makes the server; it does not listen yet, and answers 503 until the parts are there. */
export function createStackServer(ready: () => Parts | undefined): Server {
  return serve(async (req, res) => {
    const parts = ready();
    if (!parts) return sendJson(res, 503, { error: 'still starting' });
    const url = new URL(req.url ?? '/', 'http://localhost');
    const [, first = '', ...rest] = url.pathname.split('/');
    switch (first) {
      case 'google':
        return parts.google(req, res);
      case 'authorize':
        return proxy(req, res, parts.hosts.get('authorize')?.port);
      case 'admin':
        return proxy(req, res, parts.hosts.get('admin')?.port);
      case 'availability':
        return proxy(req, res, parts.hosts.get('availability')?.port);
      case 'crm': {
        const path = (req.url ?? '').slice('/crm'.length);
        const body = await readBody(req);
        const request = { method: req.method ?? 'GET', path, body };
        try {
          const point = { service: 'crm', method: 'request' };
          const work = () => handleCrm(parts.crm, request);
          const answer = await disturbed(parts.faults, point, work);
          return sendJson(res, answer.status, answer.body);
        } catch (error) {
          if (!(error instanceof Disturbed)) throw error;
          return sendJson(res, error.status, { error: error.message });
        }
      }
      case 'events':
        return stream(req, res, parts.feed, Number(url.searchParams.get('since') ?? 0));
      case 'sandbox':
        return sandbox(parts, `${req.method} ${rest[0] ?? ''}`, rest[1] ?? '', url, req, res);
      default:
        return page(parts, url, req, res);
    }
  });
}

async function page(parts: Parts, url: URL, req: IncomingMessage, res: ServerResponse) {
  // Cookies of the authorize pages belong to one host name: stay on the one that OAuth returns to.
  const home = parts.url;
  if (url.pathname === '/' && req.headers.host !== new URL(home).host) {
    res.writeHead(302, { location: `${home}/` });
    res.end();
    return;
  }
  await sendFile(res, PAGE, url.pathname);
}

async function sandbox(
  parts: Parts,
  route: string,
  id: string,
  url: URL,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (route.endsWith(' faults')) {
    const request = { method: req.method ?? 'GET', id, body: await readBody(req) };
    const answer = handleFaults(parts.faults, parts.targets, request);
    return sendJson(res, answer.status, answer.body);
  }
  const timeoutMs = Number(url.searchParams.get('timeout') ?? 60) * 1000;
  switch (route) {
    case 'POST push': {
      res.writeHead(await acceptPush(id, await readBody(req), parts.deliver, parts.flight));
      res.end();
      return;
    }
    case 'POST notify':
      return proxy(req, res, parts.hosts.get('googlePush')?.port);
    case 'POST poll':
      await parts.poll();
      return sendJson(res, 200, { idle: parts.flight.isIdle });
    case 'GET idle':
      try {
        await parts.flight.idle(timeoutMs);
        return sendJson(res, 200, { idle: true });
      } catch {
        return sendJson(res, 503, { idle: false, open: parts.flight.open() });
      }
    case 'GET calls':
      return sendJson(res, 200, parts.workspace.stats.snapshot());
    case 'DELETE calls':
      parts.workspace.stats.reset();
      return sendJson(res, 200, parts.workspace.stats.snapshot());
    case 'GET users':
      return sendJson(res, 200, await parts.users());
    case 'POST connect': {
      const { userId } = JSON.parse((await readBody(req)) || '{}') as { userId?: string };
      try {
        await parts.connect(userId ?? '');
        return sendJson(res, 200, { userId, connected: true });
      } catch (error) {
        return sendJson(res, 409, { error: (error as Error).message });
      }
    }
    case 'GET dead-letters':
      return sendJson(res, 200, await parts.store.listDeadLetters(100));
    case 'GET mode':
      return sendJson(res, 200, parts.mode);
    default:
      return sendJson(res, 404, { error: `no route ${req.method} ${url.pathname}` });
  }
}

function stream(req: IncomingMessage, res: ServerResponse, feed: Feed, since: number): void {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const write = (entry: { id: number }) =>
    res.write(`id: ${entry.id}\ndata: ${JSON.stringify(entry)}\n\n`);
  // A browser that lost the connection says itself where it stopped.
  const last = Number(req.headers['last-event-id'] ?? since);
  res.write('retry: 1000\n\n');
  for (const entry of feed.since(last)) write(entry);
  const end = feed.listen(write);
  const beat = setInterval(() => res.write(': still here\n\n'), 15_000);
  beat.unref();
  res.once('close', () => {
    end();
    clearInterval(beat);
  });
}

function proxy(req: IncomingMessage, res: ServerResponse, port: number | undefined): void {
  const { method, headers, url: path } = req;
  const out = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
  });
  out.once('error', () => {
    if (res.headersSent) res.destroy();
    else sendJson(res, 502, { error: 'the function does not answer' });
  });
  req.pipe(out);
}
