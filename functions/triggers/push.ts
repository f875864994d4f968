/** What every Pub/Sub push function does: authorise, decode the envelope, call, answer. */
import type { Request, Response } from '@google-cloud/functions-framework';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { isSyncError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type CallerConfig, callerCheck, nameOf } from './caller.ts';

/** https://docs.cloud.google.com/pubsub/docs/push: attribute-only messages carry no data. */
const envelopeSchema = z.object({
  message: z.object({
    data: z.string().default(''),
    messageId: z.string().default(''),
    publishTime: z.string().default(''),
    attributes: z.record(z.string(), z.string()).default({}),
  }),
  subscription: z.string().default(''),
});

/** One Pub/Sub message, as pushed. */
export interface PushMessage {
  messageId: string;
  /** When it was published, ms since the epoch; a redelivery keeps it. */
  publishedAt: number | undefined;
  /** Base64, as it came. */
  data: string;
  /** The data as text. */
  text: string;
  attributes: Record<string, string>;
}

/** What every function on a Pub/Sub push needs. */
export interface PushDeps {
  config: CallerConfig & Pick<Config, 'PUSH_AUDIENCE' | 'PUSH_SERVICE_ACCOUNT'>;
  log: Log;
}

/** A function on a push: 204 acknowledges, 503 asks for a redelivery. */
export type PushHandler = (req: Request, res: Response) => Promise<void>;

/**
 * Wraps a handler of one message. 204: durable, do not send again. 401/403: not our Pub/Sub. 503: come
 * back later; the subscription's backoff decides when. Nothing else is ever answered, so a message
 * can neither be lost nor come for ever.
 */
export function pushFunction(
  name: string,
  deps: PushDeps,
  handle: (message: PushMessage) => Promise<'done' | 'later'>,
): PushHandler {
  const authorised = pushAuthorisation(deps.config);
  return async (req, res) => {
    try {
      if (req.method !== 'POST') return void res.status(405).set('Allow', 'POST').end();
      const refusal = await authorised(req);
      if (refusal !== undefined) return void res.status(refusal).end();
      const envelope = envelopeSchema.safeParse(req.body);
      // Not an envelope, yet from our own subscription: sending it again would not mend it.
      const message = envelope.success
        ? envelope.data.message
        : {
            data: base64(JSON.stringify(req.body ?? null)),
            messageId: '',
            publishTime: '',
            attributes: {},
          };
      const text = Buffer.from(message.data, 'base64').toString('utf8');
      const { publishTime, ...rest } = message;
      const outcome = await handle({ ...rest, publishedAt: timeOf(publishTime), text });
      res.status(outcome === 'done' ? 204 : 503).end();
    } catch (error) {
      const kind = isSyncError(error) ? error.kind : 'bug';
      const reason = isSyncError(error) ? error.reason : nameOf(error);
      deps.log('function.failed', { function: name, kind, reason });
      res.status(503).end();
    }
  };
}

function timeOf(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

const pushAuthorisation = (config: PushDeps['config']) =>
  callerCheck(
    config,
    [config.PUSH_AUDIENCE],
    (claims) => claims.email === config.PUSH_SERVICE_ACCOUNT && claims.email_verified === true,
  );
