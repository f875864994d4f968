/** Small helpers around node:http for the local stack's server. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';

/** Reads a request's body. */
export async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Answers with JSON. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  res.end(`${JSON.stringify(body, null, 2)}\n`);
}

const TYPES: { [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** Serves a file below a folder; 404 for anything else. */
export async function sendFile(res: ServerResponse, folder: string, path: string): Promise<void> {
  const file = normalize(join(folder, path === '/' ? 'index.html' : path));
  const type = TYPES[extname(file)];
  try {
    if (!type || !file.startsWith(folder + sep)) throw new Error('not served');
    const content = await readFile(file);
    res.writeHead(200, {
      'content-type': type,
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      // The page loads nothing from anywhere else, and nothing may be slipped into it.
      'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    });
    res.end(content);
  } catch {
    res.writeHead(404, { 'content-type': 'text/plain' });
    res.end('Not found\n');
  }
}

/** Listens on 127.0.0.1; port 0 takes a free one. Resolves to the port. */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** Stops a server, open connections included. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** A server for a listener that is allowed to fail. */
export function serve(
  listener: (req: IncomingMessage, res: ServerResponse) => Promise<void> | void,
): Server {
  const server = createServer((req, res) => {
    void (async () => listener(req, res))().catch((error: unknown) => {
      if (res.headersSent) {
        res.destroy();
        return;
      }
      sendJson(res, 500, { error: error instanceof Error ? error.message : String(error) });
    });
  });
  // The functions hold their requests as long as Pub/Sub would let them.
  server.requestTimeout = 0;
  return server;
}

/** A port that nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createTcpServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
