/**
 * availability: when users are busy, and when all of them are free. HTTPS, POST with a JSON body, JSON
 * back; for the CRM's servers. Not public: Cloud Run lets in who may invoke it, and the token is checked
 * here once more. Browsers are not let in: there are no CORS headers.
 */
import type { Request, Response } from '@google-cloud/functions-framework';
import type { TokenPayload } from 'google-auth-library';
import type { Config } from '../config.ts';
import {
  type AvailabilityAnswer,
  answerOf,
  availabilityRequestSchema,
  lookedAt,
} from '../core/availability.ts';
import { isSyncError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type AvailabilityParts, horizon, whenBusy } from '../sync/availability.ts';
import { bodyOf, problems } from './body.ts';
import { type CallerConfig, callerCheck, nameOf } from './caller.ts';

/** What the availability function needs. */
export interface AvailabilityDeps {
  config: CallerConfig & Pick<Config, 'PUSH_AUDIENCE'>;
  parts: AvailabilityParts;
  log: Log;
}

type Answer =
  | { status: 200; body: AvailabilityAnswer }
  | { status: 400 | 503; body: { error: string } };

/** The availability function: checks the calling service account, then the question, and answers JSON. */
export function createAvailability(
  deps: AvailabilityDeps,
): (req: Request, res: Response) => Promise<void> {
  const authorised = callerCheck(deps.config, [deps.config.PUSH_AUDIENCE], isServiceAccount);
  return async (req, res) => {
    res.set('Cache-Control', 'no-store');
    if (req.method !== 'POST') return void res.status(405).set('Allow', 'POST').end();
    const refusal = await authorised(req);
    if (refusal !== undefined) return void res.status(refusal).end();
    const { status, body } = await answered(deps, bodyOf(req));
    res.status(status).json(body);
  };
}

/** Tokens of the metadata server may come without the address; people's never do. */
export const isServiceAccount = ({ email, email_verified }: TokenPayload): boolean =>
  email === undefined || (email_verified === true && email.endsWith('.gserviceaccount.com'));

async function answered({ parts, log }: AvailabilityDeps, asked: unknown): Promise<Answer> {
  const parsed = availabilityRequestSchema.safeParse(asked);
  if (!parsed.success) return { status: 400, body: { error: problems(parsed.error) } };
  const request = parsed.data;
  const end = horizon(parts);
  if (lookedAt(request).to > end) {
    const last = new Date(end).toISOString().slice(0, 10);
    return { status: 400, body: { error: `to: is beyond what is synchronised, until ${last}` } };
  }
  const startedAt = parts.clock.now();
  try {
    const known = await whenBusy(parts, request);
    const unknown = known.filter((user) => 'error' in user).length;
    const ms = parts.clock.now() - startedAt;
    log('availability.answered', { users: known.length, unknown, ms });
    return { status: 200, body: answerOf(request, known) };
  } catch (error) {
    const kind = isSyncError(error) ? error.kind : 'bug';
    const reason = isSyncError(error) ? error.reason : nameOf(error);
    log('function.failed', { function: 'availability', kind, reason });
    return { status: 503, body: { error: 'it did not work this time: try again' } };
  }
}
