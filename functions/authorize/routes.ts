/** What each path of the pages does: connect by Google's consent page, see the state, disconnect. */

import { dueNow } from '../core/polls.ts';
import type { User } from '../core/records.ts';
import { clearCookie, cookies, field, readCookie, setCookie } from './browser.ts';
import { finishFlow, startFlow } from './flow.ts';
import { homePage, statusJson, statusPage } from './pages.ts';
import { openSession } from './session.ts';
import {
  hasToken,
  noted,
  refuse,
  type SignedIn,
  type Site,
  sendMessage,
  sendPage,
  type Visit,
  whoIs,
} from './visit.ts';

/** Answers one request. What it throws is an answer of its own (triggers/authorize.ts). */
export type Route = (site: Site, visit: Visit) => Promise<void>;

/** By path below PUBLIC_URL, and method. */
export const routes: { [path: string]: { GET?: Route; POST?: Route } } = {
  '/': { GET: home },
  '/connect': { POST: connect },
  '/callback': { GET: callback },
  '/status': { GET: status },
  '/status.json': { GET: statusData },
  '/disconnect': { POST: disconnect },
  '/signout': { POST: signOut },
};

async function home(site: Site, visit: Visit): Promise<void> {
  const signedIn = await whoIs(site, visit);
  if (signedIn === undefined) sendPage(visit, 200, homePage(visit.page));
  else sendStatus(visit, signedIn);
}

async function connect(site: Site, visit: Visit): Promise<void> {
  const signedIn = await whoIs(site, visit);
  // Whoever wants another account must be free to choose it.
  const replace = field(visit.req.body, 'replace') === 'yes';
  const hint = replace ? undefined : (signedIn?.user.googleEmail ?? signedIn?.user.email);
  const { url, cookie } = await startFlow(site.flow, visit.now, hint, replace);
  setCookie(visit.res, cookies.flow, cookie);
  visit.res.redirect(303, url);
}

async function callback(site: Site, visit: Visit): Promise<void> {
  const { req, res, now } = visit;
  clearCookie(res, cookies.flow);
  const outcome = await finishFlow(site.flow, now, {
    state: field(req.query, 'state'),
    code: field(req.query, 'code'),
    error: field(req.query, 'error'),
    cookie: readCookie(req, cookies.flow),
  });
  if ('refused' in outcome) {
    if (outcome.orphan !== undefined) await publish(site, outcome.orphan);
    return sendMessage(visit, outcome.refused, outcome.account);
  }
  const { userId } = outcome.connected;
  const earlier = readCookie(req, cookies.session);
  const { secret } = site.flow;
  setCookie(res, cookies.session, await openSession(site.store, userId, now, secret, earlier));
  // Not published: the user is due at once, so the next poll takes care.
  await publish(site, userId).catch((error) => noted(site, error));
  res.redirect(303, `${site.base}/status`);
}

async function status(site: Site, visit: Visit): Promise<void> {
  const signedIn = await whoIs(site, visit);
  if (signedIn === undefined) sendMessage(visit, 'signedOut');
  else sendStatus(visit, signedIn);
}

async function statusData(site: Site, visit: Visit): Promise<void> {
  const signedIn = await whoIs(site, visit);
  if (signedIn === undefined) visit.res.status(401).json({ error: 'signedOut' });
  else visit.res.json(statusJson(visit.page.language, signedIn.user));
}

/** Only notes the wish: the worker, which alone can read the token, revokes and deletes it. */
async function disconnect(site: Site, visit: Visit): Promise<void> {
  const signedIn = await whoIs(site, visit);
  if (signedIn === undefined) return sendMessage(visit, 'signedOut');
  const leaving = field(visit.req.body, 'leaving');
  if (!hasToken(visit, signedIn) || (leaving !== 'keep' && leaving !== 'remove')) {
    return refuse(site, visit, 'badForm', 'disconnect');
  }
  const { userId } = signedIn.user;
  let changed = false;
  const user = await site.store.updateUser(userId, (present) => {
    changed = present !== undefined && !isAway(present);
    return present !== undefined && changed
      ? dueNow({ ...present, leaving }, visit.now)
      : undefined;
  });
  if (user !== undefined && changed) {
    site.log('user.state', { userId, state: 'disconnecting', reason: leaving });
    const published = publish(site, userId);
    // Polls reach active users; for anybody else the message is the only way.
    const isPolled = user.state === 'active' && user.enabled;
    await (isPolled ? published.catch((error) => noted(site, error)) : published);
  }
  visit.res.redirect(303, `${site.base}/status`);
}

async function signOut(site: Site, visit: Visit): Promise<void> {
  const signedIn = await whoIs(site, visit);
  if (signedIn !== undefined && !hasToken(visit, signedIn)) {
    return refuse(site, visit, 'badForm', 'signout');
  }
  if (signedIn !== undefined) await site.store.deleteSession(signedIn.session.id);
  clearCookie(visit.res, cookies.session);
  visit.res.redirect(303, `${site.base}/`);
}

const publish = async ({ publisher }: Site, userId: string): Promise<void> =>
  publisher.syncUsers([userId]);

const sendStatus = (visit: Visit, { user, session }: SignedIn): void =>
  sendPage(visit, 200, statusPage(visit.page, user, session));

const isAway = (user: User): boolean => user.state === 'disconnected' || user.state === 'invited';
