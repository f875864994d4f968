/**
 * authorize: the pages on which a user connects a Google account, sees how the sync is doing, and
 * disconnects. Public; the only function that a browser talks to.
 */
import { randomBytes as systemRandomBytes } from 'node:crypto';
import type { Request, Response } from '@google-cloud/functions-framework';
import {
  clearCookie,
  cookies,
  equalSecrets,
  field,
  isSameOrigin,
  readCookie,
  setCookie,
  setSecurityHeaders,
} from '../authorize/browser.ts';
import { type FlowDeps, finishFlow, startFlow } from '../authorize/flow.ts';
import {
  homePage,
  messagePage,
  type PageContext,
  statusJson,
  statusPage,
} from '../authorize/pages.ts';
import { findSession, openSession } from '../authorize/session.ts';
import type { Message } from '../authorize/texts.ts';
import type { Config } from '../config.ts';
import { dueNow } from '../core/polls.ts';
import type { Session, User } from '../core/records.ts';
import { isSyncError } from '../errors.ts';
import type { Clock, Publisher, Store } from '../sync/ports.ts';

/** What the pages need. `randomBytes`: the system's unless a test gives its own. */
export interface AuthorizeDeps extends Omit<FlowDeps, 'secret' | 'store' | 'calendar' | 'records'> {
  store: FlowDeps['store'] & Pick<Store, 'getUser' | 'putSession' | 'getSession' | 'deleteSession'>;
  publisher: Pick<Publisher, 'syncUsers'>;
  clock: Pick<Clock, 'now'>;
  config: Pick<Config, 'PUBLIC_URL' | 'GOOGLE_ACCOUNTS_URL' | 'CALENDAR' | 'RECORDS'>;
  randomBytes?: (size: number) => Buffer;
}

interface SignedIn {
  session: Session;
  user: User;
}

/** One request on its way through. */
interface Visit {
  req: Request;
  res: Response;
  page: PageContext;
  now: number;
}

type Route = (visit: Visit) => Promise<void> | void;

const statusOf: { [M in Message]: number } = {
  expired: 400,
  denied: 403,
  refusedByGoogle: 403,
  identity: 403,
  unverified: 403,
  unknownUser: 403,
  disabledUser: 403,
  otherAccount: 409,
  signedOut: 401,
  foreignForm: 403,
  badForm: 403,
  notFound: 404,
  wrongMethod: 405,
  later: 503,
  failed: 500,
};

/** The pages for users: connect by Google's consent page, see the state, disconnect. */
export function createAuthorize(
  deps: AuthorizeDeps,
): (req: Request, res: Response) => Promise<void> {
  const { store, publisher, log, config } = deps;
  const base = config.PUBLIC_URL;
  const { origin, pathname } = new URL(base);
  const accountsOrigin = new URL(config.GOOGLE_ACCOUNTS_URL).origin;
  const randomBytes = deps.randomBytes ?? systemRandomBytes;
  const secret = (): string => randomBytes(32).toString('base64url');
  const { CALENDAR: calendar, RECORDS: records } = config;
  const flow: FlowDeps = { ...deps, secret, calendar, records };

  const routes: { [path: string]: { GET?: Route; POST?: Route } } = {
    '/': { GET: home },
    '/connect': { POST: connect },
    '/callback': { GET: callback },
    '/status': { GET: status },
    '/status.json': { GET: statusData },
    '/disconnect': { POST: disconnect },
    '/signout': { POST: signOut },
  };

  async function home(visit: Visit): Promise<void> {
    const signedIn = await whoIs(visit);
    sendPage(
      visit,
      200,
      signedIn === undefined
        ? homePage(visit.page)
        : statusPage(visit.page, signedIn.user, signedIn.session),
    );
  }

  async function connect(visit: Visit): Promise<void> {
    const signedIn = await whoIs(visit);
    // Whoever wants another account must be free to choose it.
    const replace = field(visit.req.body, 'replace') === 'yes';
    const hint = replace ? undefined : (signedIn?.user.googleEmail ?? signedIn?.user.email);
    const { url, cookie } = await startFlow(flow, visit.now, hint, replace);
    setCookie(visit.res, cookies.flow, cookie);
    visit.res.redirect(303, url);
  }

  async function callback(visit: Visit): Promise<void> {
    const { req, res, now } = visit;
    clearCookie(res, cookies.flow);
    const outcome = await finishFlow(flow, now, {
      state: field(req.query, 'state'),
      code: field(req.query, 'code'),
      error: field(req.query, 'error'),
      cookie: readCookie(req, cookies.flow),
    });
    if ('refused' in outcome) {
      if (outcome.orphan !== undefined) await publish(outcome.orphan);
      return sendMessage(visit, outcome.refused, outcome.account);
    }
    const { userId } = outcome.connected;
    const earlier = readCookie(req, cookies.session);
    setCookie(res, cookies.session, await openSession(store, userId, now, secret, earlier));
    // Not published: the user is due at once, so the next poll takes care.
    await publish(userId).catch(noted);
    res.redirect(303, `${base}/status`);
  }

  async function status(visit: Visit): Promise<void> {
    const signedIn = await whoIs(visit);
    if (signedIn === undefined) return sendMessage(visit, 'signedOut');
    sendPage(visit, 200, statusPage(visit.page, signedIn.user, signedIn.session));
  }

  async function statusData(visit: Visit): Promise<void> {
    const signedIn = await whoIs(visit);
    if (signedIn === undefined) visit.res.status(401).json({ error: 'signedOut' });
    else visit.res.json(statusJson(visit.page.language, signedIn.user));
  }

  /** Only notes the wish: the worker, which alone can read the token, revokes and deletes it. */
  async function disconnect(visit: Visit): Promise<void> {
    const signedIn = await whoIs(visit);
    if (signedIn === undefined) return sendMessage(visit, 'signedOut');
    const leaving = field(visit.req.body, 'leaving');
    if (!hasToken(visit, signedIn) || (leaving !== 'keep' && leaving !== 'remove')) {
      return refuse(visit, 'badForm', 'disconnect');
    }
    const { userId } = signedIn.user;
    let changed = false;
    const user = await store.updateUser(userId, (present) => {
      changed = present !== undefined && !isAway(present);
      return present !== undefined && changed
        ? dueNow({ ...present, leaving }, visit.now)
        : undefined;
    });
    if (user !== undefined && changed) {
      log('user.state', { userId, state: 'disconnecting', reason: leaving });
      const published = publish(userId);
      // Polls reach active users; for anybody else the message is the only way.
      await (user.state === 'active' && user.enabled ? published.catch(noted) : published);
    }
    visit.res.redirect(303, `${base}/status`);
  }

  async function signOut(visit: Visit): Promise<void> {
    const signedIn = await whoIs(visit);
    if (signedIn !== undefined && !hasToken(visit, signedIn)) {
      return refuse(visit, 'badForm', 'signout');
    }
    if (signedIn !== undefined) await store.deleteSession(signedIn.session.id);
    clearCookie(visit.res, cookies.session);
    visit.res.redirect(303, `${base}/`);
  }

  async function whoIs({ req, now }: Visit): Promise<SignedIn | undefined> {
    const session = await findSession(store, readCookie(req, cookies.session), now);
    const user = session === undefined ? undefined : await store.getUser(session.userId);
    return session === undefined || user === undefined ? undefined : { session, user };
  }

  const hasToken = ({ req }: Visit, { session }: SignedIn): boolean =>
    equalSecrets(field(req.body, 'csrf') ?? '', session.csrf);

  const publish = async (userId: string): Promise<void> => publisher.syncUsers([userId]);

  function noted(error: unknown): void {
    const known = isSyncError(error);
    const kind = known ? error.kind : 'bug';
    const reason = known ? error.reason : error instanceof Error ? error.name : typeof error;
    log('function.failed', { function: 'authorize', kind, reason });
  }

  function refuse(visit: Visit, message: Message, step: string): void {
    log('authorize.refused', { step, reason: message });
    sendMessage(visit, message);
  }

  async function answer(visit: Visit): Promise<void> {
    const { req, res } = visit;
    const route = routes[pathIn(req.path, pathname)];
    if (route === undefined) return sendMessage(visit, 'notFound');
    const method = req.method === 'HEAD' ? 'GET' : req.method;
    const handler = method === 'GET' ? route.GET : method === 'POST' ? route.POST : undefined;
    if (handler === undefined) {
      res.set('Allow', route.GET === undefined ? 'POST' : 'GET, HEAD');
      return sendMessage(visit, 'wrongMethod');
    }
    if (method === 'POST' && !isSameOrigin(req, origin)) {
      return refuse(visit, 'foreignForm', 'origin');
    }
    await handler(visit);
  }

  return async (req, res) => {
    const nonce = randomBytes(16).toString('base64url');
    const language = req.acceptsLanguages('en', 'de') === 'de' ? 'de' : 'en';
    const visit = {
      req,
      res,
      page: { language, base, nonce, calendar, records },
      now: deps.clock.now(),
    } as const;
    setSecurityHeaders(res, nonce, accountsOrigin);
    try {
      await answer(visit);
    } catch (error) {
      noted(error);
      if (!res.headersSent) sendMessage(visit, isSyncError(error, 'later') ? 'later' : 'failed');
    }
  };
}

const isAway = (user: User): boolean => user.state === 'disconnected' || user.state === 'invited';

/** The path after the function's mount: with or without the path of PUBLIC_URL in front. */
function pathIn(path: string, mount: string): string {
  const prefix = mount === '/' ? '' : mount;
  const rest = path === prefix || path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
  return rest === '' ? '/' : rest;
}

function sendMessage(visit: Visit, message: Message, account?: string): void {
  sendPage(visit, statusOf[message], messagePage(visit.page, message, account));
}

function sendPage({ res, page }: Visit, status: number, body: string): void {
  res.status(status).set('Content-Language', page.language).type('html').send(body);
}
