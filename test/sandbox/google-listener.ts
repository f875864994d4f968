import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Feed } from './feed.ts';
import { requestListener, type ServerOptions } from './google/server.ts';
import type { Workspace } from './google/workspace.ts';

const SHOWN_CALLS = 50;

/** The Workspace simulator's listener, with each HTTP request and the calls in it told to the live view. */
export function watchedListener(
  workspace: Workspace,
  feed: Feed,
  options: ServerOptions,
): (req: IncomingMessage, res: ServerResponse) => void {
  const calls = new AsyncLocalStorage<{ method: string; status: number; user: string | null }[]>();
  workspace.stats.onCall(({ method, status, user }) => {
    calls.getStore()?.push({ method, status, user });
  });
  const listener = requestListener(workspace, options);
  return (req, res) => {
    const started = performance.now();
    const made: { method: string; status: number; user: string | null }[] = [];
    res.once('close', () => {
      feed.add({
        kind: 'call',
        client: clientOf(req),
        user: made.find(({ user }) => user !== null)?.user ?? null,
        request: `${req.method} ${(req.url ?? '').split('?')[0]?.slice(options.prefix?.length)}`,
        status: res.statusCode,
        ms: Math.round(performance.now() - started),
        calls: made.slice(0, SHOWN_CALLS).map(({ method, status }) => ({ method, status })),
      });
    });
    calls.run(made, () => listener(req, res));
  };
}

/** The phone says who it is, the sync has a token, and a browser on the consent page has neither. */
function clientOf(req: IncomingMessage): 'sync' | 'phone' | 'browser' {
  if (/^Bearer user:/i.test(req.headers.authorization ?? '')) return 'phone';
  return (req.url ?? '').includes('/o/oauth2/v2/auth') ? 'browser' : 'sync';
}
