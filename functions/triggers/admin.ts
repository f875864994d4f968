/**
 * admin: what a person decides, asks and takes back. HTTPS, POST with a JSON body, JSON back. Not public:
 * Cloud Run lets in who may invoke it, and the token is checked here once more.
 */
import type { Request, Response } from '@google-cloud/functions-framework';
import type { Config } from '../config.ts';
import { isSyncError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Engine } from '../sync/engine.ts';
import { type Action, actionSchema, actions } from './admin-actions.ts';
import { bodyOf, problems } from './body.ts';
import { type CallerConfig, callerCheck, nameOf } from './caller.ts';

/** The audience of `gcloud auth print-identity-token` for people; Cloud Run takes it as well. */
const GCLOUD = '32555940559.apps.googleusercontent.com';

/** What the admin function needs. */
export interface AdminDeps {
  config: CallerConfig & Pick<Config, 'PUSH_AUDIENCE'>;
  engine: Engine;
  log: Log;
}

/** An answer: its status, and its body. */
interface Answer {
  status: number;
  body: object;
}

/** The admin function: checks the caller's OIDC token, then the action, and answers JSON. */
export function createAdmin(deps: AdminDeps): (req: Request, res: Response) => Promise<void> {
  const { config, log } = deps;
  const authorised = callerCheck(
    config,
    [config.PUSH_AUDIENCE, GCLOUD],
    (claims) => claims.email_verified === true,
  );
  return async (req, res) => {
    res.set('Cache-Control', 'no-store');
    if (req.method !== 'POST') return void res.status(405).set('Allow', 'POST').end();
    const refusal = await authorised(req);
    if (refusal !== undefined) return void res.status(refusal).end();
    const parsed = actionSchema.safeParse(bodyOf(req));
    if (!parsed.success) return void res.status(400).json({ error: problems(parsed.error) });
    const { action } = parsed.data;
    const { status, body } = await carriedOut(deps, parsed.data);
    const userId = 'userId' in parsed.data ? { userId: parsed.data.userId } : {};
    log('admin.action', { action, ...userId, outcome: String(status) });
    res.status(status).json(body);
  };
}

async function carriedOut({ engine, log }: AdminDeps, action: Action): Promise<Answer> {
  try {
    return await (actions[action.action] as (e: Engine, a: Action) => Promise<Answer>)(
      engine,
      action,
    );
  } catch (error) {
    if (isSyncError(error, 'reauthorize')) {
      const detail = 'the user is not connected to Google, or has to connect again';
      return { status: 409, body: { error: detail, reason: error.reason } };
    }
    const kind = isSyncError(error) ? error.kind : 'bug';
    const reason = isSyncError(error) ? error.reason : nameOf(error);
    log('function.failed', { function: 'admin', kind, reason });
    return { status: 503, body: { error: 'it did not work this time: try again', reason } };
  }
}
