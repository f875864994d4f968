/** One request of a browser on its way through the pages: who it is, and how it is answered. */
import type { Request, Response } from '@google-cloud/functions-framework';
import type { Session, User } from '../core/records.ts';
import { isSyncError } from '../errors.ts';
import type { Clock, Publisher, Store } from '../sync/ports.ts';
import { cookies, equalSecrets, field, readCookie } from './browser.ts';
import type { FlowDeps } from './flow.ts';
import { messagePage, type PageContext } from './pages.ts';
import { findSession } from './session.ts';
import type { Message } from './texts.ts';

/** What the pages need, made once. */
export interface Site {
  /** PUBLIC_URL. */
  base: string;
  flow: FlowDeps;
  store: FlowDeps['store'] & Pick<Store, 'getUser' | 'putSession' | 'getSession' | 'deleteSession'>;
  publisher: Pick<Publisher, 'syncUsers'>;
  clock: Pick<Clock, 'now'>;
  log: FlowDeps['log'];
}

/** One request. `now`: ms since the epoch. */
export interface Visit {
  req: Request;
  res: Response;
  page: PageContext;
  now: number;
}

/** Who is signed in, and by which session. */
export interface SignedIn {
  session: Session;
  user: User;
}

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

/** Who the request's cookie names, if the session is valid and the user is known. */
export async function whoIs({ store }: Site, { req, now }: Visit): Promise<SignedIn | undefined> {
  const session = await findSession(store, readCookie(req, cookies.session), now);
  const user = session === undefined ? undefined : await store.getUser(session.userId);
  return session === undefined || user === undefined ? undefined : { session, user };
}

/** Whether the form was sent from a page of this session. */
export const hasToken = ({ req }: Visit, { session }: SignedIn): boolean =>
  equalSecrets(field(req.body, 'csrf') ?? '', session.csrf);

/** Answers with a page. */
export function sendPage({ res, page }: Visit, status: number, body: string): void {
  res.status(status).set('Content-Language', page.language).type('html').send(body);
}

/** Answers with one of the messages, under the status that belongs to it. */
export function sendMessage(visit: Visit, message: Message, account?: string): void {
  sendPage(visit, statusOf[message], messagePage(visit.page, message, account));
}

/** Answers with the message, and logs that the step was refused. */
export function refuse({ log }: Site, visit: Visit, message: Message, step: string): void {
  log('authorize.refused', { step, reason: message });
  sendMessage(visit, message);
}

/** Logs what failed, by kind and reason alone. */
export function noted({ log }: Site, error: unknown): void {
  const known = isSyncError(error);
  const kind = known ? error.kind : 'bug';
  const reason = known ? error.reason : error instanceof Error ? error.name : typeof error;
  log('function.failed', { function: 'authorize', kind, reason });
}
