/**
 * authorize: the pages on which a user connects a Google account, sees how the sync is doing, and
 * disconnects. Public; the only function that a browser talks to.
 */
import { randomBytes as systemRandomBytes } from 'node:crypto';
import type { Request, Response } from '@google-cloud/functions-framework';
import { isSameOrigin, setSecurityHeaders } from '../authorize/browser.ts';
import type { FlowDeps } from '../authorize/flow.ts';
import { routes } from '../authorize/routes.ts';
import { noted, refuse, type Site, sendMessage, type Visit } from '../authorize/visit.ts';
import type { Config } from '../config.ts';
import { isSyncError } from '../errors.ts';

/** What the pages need. `randomBytes`: the system's unless a test gives its own. */
export interface AuthorizeDeps
  extends Omit<FlowDeps, 'secret' | 'store' | 'calendar' | 'records'>,
    Pick<Site, 'store' | 'publisher' | 'clock'> {
  config: Pick<Config, 'PUBLIC_URL' | 'GOOGLE_ACCOUNTS_URL' | 'CALENDAR' | 'RECORDS'>;
  randomBytes?: (size: number) => Buffer;
}

/** The pages for users: connect by Google's consent page, see the state, disconnect. */
export function createAuthorize(
  deps: AuthorizeDeps,
): (req: Request, res: Response) => Promise<void> {
  const { store, publisher, clock, log, config } = deps;
  const { PUBLIC_URL: base, CALENDAR: calendar, RECORDS: records } = config;
  const accountsOrigin = new URL(config.GOOGLE_ACCOUNTS_URL).origin;
  const randomBytes = deps.randomBytes ?? systemRandomBytes;
  const secret = (): string => randomBytes(32).toString('base64url');
  const flow: FlowDeps = { ...deps, secret, calendar, records };
  const site: Site = { base, flow, store, publisher, clock, log };

  return async (req, res) => {
    const nonce = randomBytes(16).toString('base64url');
    const language = req.acceptsLanguages('en', 'de') === 'de' ? 'de' : 'en';
    const page = { language, base, nonce, calendar, records } as const;
    const visit: Visit = { req, res, page, now: clock.now() };
    setSecurityHeaders(res, nonce, accountsOrigin);
    try {
      await answer(site, visit);
    } catch (error) {
      noted(site, error);
      if (!res.headersSent) sendMessage(visit, isSyncError(error, 'later') ? 'later' : 'failed');
    }
  };
}

async function answer(site: Site, visit: Visit): Promise<void> {
  const { req, res } = visit;
  const { origin, pathname } = new URL(site.base);
  const route = routes[pathIn(req.path, pathname)];
  if (route === undefined) return sendMessage(visit, 'notFound');
  const method = req.method === 'HEAD' ? 'GET' : req.method;
  const handler = method === 'GET' ? route.GET : method === 'POST' ? route.POST : undefined;
  if (handler === undefined) {
    res.set('Allow', route.GET === undefined ? 'POST' : 'GET, HEAD');
    return sendMessage(visit, 'wrongMethod');
  }
  if (method === 'POST' && !isSameOrigin(req, origin)) {
    return refuse(site, visit, 'foreignForm', 'origin');
  }
  await handler(site, visit);
}

/** The path after the function's mount: with or without the path of PUBLIC_URL in front. */
function pathIn(path: string, mount: string): string {
  const prefix = mount === '/' ? '' : mount;
  const rest = path === prefix || path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
  return rest === '' ? '/' : rest;
}
