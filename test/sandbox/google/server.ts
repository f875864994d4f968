/** Puts a workspace on a port, with real time, real sockets and real notifications. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { ConnectionLost } from './protocol.ts';
import type { Notify, Workspace } from './workspace.ts';

export interface ServerOptions {
  /** Path under which the simulator is mounted, for example `/google`. */
  prefix?: string;
  /** Added to every HTTP request. */
  latencyMs?: number;
  /** False: watch channels stay silent (lost notifications). Default true. */
  notifications?: boolean;
}

/** A request listener to mount in any node:http server. Options may be changed while it runs. */
export function requestListener(
  workspace: Workspace,
  options: ServerOptions = {},
): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    answer(workspace, options, req, res).catch((error: unknown) => {
      if (error instanceof ConnectionLost) {
        res.destroy();
        return;
      }
      res.writeHead(500, { 'content-type': 'text/plain' });
      res.end(error instanceof Error ? error.stack : String(error));
    });
  };
}

async function answer(
  workspace: Workspace,
  options: ServerOptions,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  if (options.latencyMs) await wait(options.latencyMs);
  const prefix = options.prefix ?? '';
  const url = req.url ?? '/';
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const response = await workspace.handle({
    method: req.method ?? 'GET',
    url: url.startsWith(prefix) ? url.slice(prefix.length) : url,
    headers,
    body: Buffer.concat(chunks).toString('utf8'),
  });
  res.writeHead(response.status, {
    ...response.headers,
    'content-length': Buffer.byteLength(response.body),
  });
  res.end(response.body);
}

/**
 * Sends notifications with fetch; Google's retries on 500, 502, 503 and 504 included. `begun` is called
 * for each, its result with the last answer's status: 0, there was none.
 */
export function httpNotify(
  options: ServerOptions = {},
  begun: (...notification: Parameters<Notify>) => (status: number) => void = () => () => {},
): Notify {
  return (channel, headers) => {
    if (options.notifications === false) return;
    const ended = begun(channel, headers);
    void (async () => {
      let status = 0;
      for (const pause of [0, 500, 2000]) {
        await wait(pause, undefined, { ref: false });
        try {
          const sent = await fetch(channel.address, {
            method: 'POST',
            headers: {
              ...headers,
              'user-agent':
                'APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)',
            },
            signal: AbortSignal.timeout(10_000),
          });
          await sent.body?.cancel();
          status = sent.status;
          if (![500, 502, 503, 504].includes(status)) break;
        } catch {
          status = 0;
          // An unreachable receiver is tried again, and then the message is lost.
        }
      }
      ended(status);
    })();
  };
}

/** Gives a workspace real notifications and real delays where it has none yet. */
export function connect(workspace: Workspace, options: ServerOptions = {}): void {
  workspace.notify ??= httpNotify(options);
  if (!workspace.options.sleep) workspace.sleep = async (ms) => void (await wait(ms));
}

/** Listens on 127.0.0.1; port 0 takes a free one. */
export async function listen(
  workspace: Workspace,
  port = 0,
  options: ServerOptions = {},
): Promise<{ url: string; close: () => Promise<void> }> {
  connect(workspace, options);
  const server = createServer(requestListener(workspace, options));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${actual}${options.prefix ?? ''}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
