/** Secret Manager, KMS and Cloud Scheduler behind one address, in the JSON that the client libraries speak. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Faults, type When } from '../faults/faults.ts';
import { Kms } from './kms.ts';
import {
  CloudError,
  type CloudRequest,
  type CloudResponse,
  errorResponse,
  type JsonObject,
  type Route,
  respond,
  type ServiceName,
  type StatusName,
  statusOf,
} from './protocol.ts';
import { type Publish, Scheduler } from './scheduler.ts';
import { SecretManager } from './secret-manager.ts';

export interface CloudOptions {
  /** ms since the epoch. */
  now: () => number;
  publish: Publish;
  /** True: due jobs run by themselves, looked for every second. False: only by scheduler.tick(). */
  timer?: boolean;
  /** Faults that other services share; its own when left out. */
  faults?: Faults;
}

/** A cloud on a port. */
export interface CloudServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

export interface Cloud {
  secretManager: SecretManager;
  kms: Kms;
  scheduler: Scheduler;
  faults: Faults;
  /** Names of the methods of each service. */
  methods: Record<ServiceName, string[]>;
  /** Calls by service and method, for example `kms.Decrypt`. Write to it to start over. */
  stats: Record<string, number>;
  /** Answers a request; throws ConnectionLost where a fault cuts the line. */
  handle(request: CloudRequest): Promise<CloudResponse>;
  /** Port 0: a free one. */
  listen(port?: number): Promise<CloudServer>;
  /** Stops the timer. */
  stop(): void;
}

/** The line is cut: there is no answer. */
export class ConnectionLost extends Error {}

const TIMER_MS = 1000;

/** An empty cloud. */
export function createCloud(options: CloudOptions): Cloud {
  const { now, publish, timer = false, faults = new Faults(Math.random) } = options;
  const secretManager = new SecretManager(now);
  const kms = new Kms(now);
  const scheduler = new Scheduler(now, publish);
  const stats: Record<string, number> = {};
  const services: [ServiceName, Route[]][] = [
    ['secretmanager', secretManager.routes],
    ['kms', kms.routes],
    ['scheduler', scheduler.routes],
  ];
  const ticking = timer ? setInterval(() => void scheduler.tick(), TIMER_MS).unref() : undefined;

  function find(method: string, path: string) {
    for (const [service, routes] of services) {
      for (const route of routes) {
        const match = route.http === method ? route.path.exec(path) : null;
        if (match) return { service, route, params: { ...match.groups } };
      }
    }
    return undefined;
  }

  async function strike(service: ServiceName, method: string, when: When) {
    for (const { kind, ms = 0, status = 503, reason } of faults.striking(
      { service, method },
      when,
    )) {
      if (kind === 'close') throw new ConnectionLost();
      if (kind === 'hang') await new Promise<never>(() => {});
      if (kind === 'delay') await wait(ms);
      if (kind !== 'status') continue;
      const name = (reason as StatusName | undefined) ?? statusOf(status);
      return errorResponse(status, 'Scripted fault.', name);
    }
    return undefined;
  }

  async function handle(request: CloudRequest): Promise<CloudResponse> {
    const { path, query } = split(request.url);
    const found = find(request.method, path);
    if (!found) return errorResponse(404, `No method at ${path}`, 'NOT_FOUND');
    const { service, route, params } = found;
    const label = `${service}.${route.name}`;
    stats[label] = (stats[label] ?? 0) + 1;
    const lost = await strike(service, route.name, 'before');
    if (lost) return lost;
    const response = await run(route, { params, query }, request.body);
    return (await strike(service, route.name, 'after')) ?? response;
  }

  return {
    secretManager,
    kms,
    scheduler,
    faults,
    methods: Object.fromEntries(
      services.map(([service, routes]) => [service, routes.map(({ name }) => name)]),
    ) as Cloud['methods'],
    stats,
    handle,
    listen: (port = 0) => listen(handle, port),
    stop: () => clearInterval(ticking),
  };
}

async function run(
  route: Route,
  target: { params: Record<string, string>; query: URLSearchParams },
  text: string,
): Promise<CloudResponse> {
  try {
    return respond(200, await route.run({ ...target, body: parse(text) }));
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    return errorResponse(error.code, error.message, error.status);
  }
}

function parse(text: string): JsonObject {
  // The clients send an empty string, with its quotes, where a method has no body.
  if (text === '' || text === '""') return {};
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body))
      return body as JsonObject;
  } catch {
    // answered below
  }
  throw new CloudError('INVALID_ARGUMENT', 'Invalid JSON payload received.');
}

function split(url: string): { path: string; query: URLSearchParams } {
  const { pathname, searchParams } = new URL(url, 'http://cloud');
  return { path: decodeURIComponent(pathname), query: searchParams };
}

async function listen(handle: Cloud['handle'], wanted: number): Promise<CloudServer> {
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(req.headers)) headers[name] = String(value);
    const { method = 'GET', url = '/' } = req;
    try {
      const answer = await handle({
        method,
        url,
        headers,
        body: Buffer.concat(chunks).toString('utf8'),
      });
      res.writeHead(answer.status, answer.headers).end(answer.body);
    } catch (error) {
      if (error instanceof ConnectionLost) return void res.destroy();
      res.writeHead(500).end(error instanceof Error ? error.stack : String(error));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
