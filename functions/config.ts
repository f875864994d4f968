/**
 * Settings from the environment: declared once here, checked once at start, all problems reported at
 * once and by name. infra/ has a variable for each.
 */
import { z } from 'zod';
import { appointmentSchema, contactSchema, taskSchema } from './core/messages.ts';

const seconds = (fallback: number, min = 1) => z.coerce.number().int().min(min).default(fallback);
const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'])
    .default(fallback ? 'true' : 'false')
    .transform((v) => v === 'true');
/** https://docs.cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
const topic = (fallback: string) =>
  z
    .string()
    .regex(/^(?!goog)[A-Za-z][\w.~+%-]{2,254}$/i, 'is no topic name; it must not begin with goog')
    .default(fallback);
const url = z.url({ protocol: /^https?$/ }).transform((u) => u.replace(/\/$/, ''));

const recordTypes = ['appointment', 'contact', 'task'] as const;

/** What a policy may name: a field of any record type, or `type.field`. */
const policyNames = Object.entries({
  appointment: appointmentSchema,
  contact: contactSchema,
  task: taskSchema,
}).flatMap(([record, { shape }]) =>
  Object.keys(shape).flatMap((field) => [field, `${record}.${field}`]),
);

const policy = z
  .string()
  .default('{}')
  .transform((text, ctx) => {
    const parsed = z.record(z.string(), z.enum(['crm', 'google'])).safeParse(tryJson(text));
    const wrong = Object.keys(parsed.data ?? {}).filter((name) => !policyNames.includes(name));
    if (parsed.success && wrong.length === 0) return parsed.data;
    const message = parsed.success
      ? `names ${wrong.join(', ')}, which is no field of a record`
      : 'must be JSON such as {"place":"google","contact.title":"google"}; values crm or google';
    ctx.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

const records = z
  .string()
  .default(recordTypes.join())
  .transform((text, ctx) => {
    const given = text.split(',').map((word) => word.trim());
    const known = recordTypes.filter((record) => given.includes(record));
    if (known.length === new Set(given).size) return known;
    ctx.addIssue({ code: 'custom', message: `must be some of ${recordTypes.join()}` });
    return z.NEVER;
  });

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every setting with its check, default and description; a test holds Terraform to it. */
export const settingsSchema = z.object({
  GOOGLE_CLOUD_PROJECT: z.string().min(1).describe('project id'),
  PUBLIC_URL: url.describe('address of the authorize function as the browser sees it'),
  GOOGLE_CHANGES_TOPIC: topic('changes-from-google').describe('changes for the CRM'),
  SYNC_USER_TOPIC: topic('sync-user'),
  KMS_KEY: z.string().min(1).describe('full resource name of the crypto key for refresh tokens'),
  TOKEN_SECRET_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/)
    .default('crm-google-token'),
  OAUTH_CLIENT_ID_SECRET: z.string().min(1).describe('secret version with the OAuth client id'),
  OAUTH_CLIENT_SECRET_SECRET: z
    .string()
    .min(1)
    .describe('secret version with the OAuth client secret'),
  PUSH_AUTH: z.enum(['oidc', 'off']).default('oidc').describe('off only locally'),
  PUSH_AUDIENCE: z.string().default('').describe('audience of the push OIDC token'),
  PUSH_SERVICE_ACCOUNT: z.string().default('').describe('e-mail of the account that pushes'),
  RECORDS: records.describe('record types that are synchronised, with commas between them'),
  CALENDAR: z
    .enum(['primary', 'dedicated'])
    .default('primary')
    .describe("the user's own calendar, or one that the sync makes for the CRM"),
  CALENDAR_NAME: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .default('CRM')
    .describe('what the dedicated calendar is called when it is made'),
  RECURRENCE: z
    .enum(['occurrences', 'series'])
    .default('occurrences')
    .describe('what a series is for the CRM: an appointment an occurrence, or a record of its own'),
  WINDOW_DAYS_BACK: z.coerce.number().int().min(0).max(3650).default(30),
  WINDOW_DAYS_AHEAD: z.coerce.number().int().min(1).max(3650).default(365),
  NOTIFICATIONS_URL: url
    .optional()
    .describe('address of googlePush as Google reaches it; without one no watch channels are made'),
  POLL_SECONDS: seconds(300, 10).describe('between two polls of a user who is not watched'),
  SAFETY_POLL_SECONDS: seconds(43_200, 60).describe(
    'between two polls of a calendar with a watch channel; twice that in quiet times',
  ),
  LEASE_SECONDS: seconds(60, 10).describe('how long a run holds a user before it must renew'),
  RUN_SECONDS: seconds(240, 10).describe('after this a run stops taking new work'),
  CONFLICT_POLICY: policy.describe('winner per field, JSON; default crm'),
  INVITE_EXTERNAL: flag(false).describe('write customers as guests too'),
  TOMBSTONE_DAYS: z.coerce.number().int().min(30).default(90),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  GOOGLE_API_URL: url.default('https://www.googleapis.com').describe('root of the Calendar API'),
  GOOGLE_PEOPLE_URL: url.default('https://people.googleapis.com'),
  GOOGLE_TASKS_URL: url.default('https://tasks.googleapis.com'),
  GOOGLE_ACCOUNTS_URL: url.default('https://accounts.google.com').describe('consent page'),
  GOOGLE_OAUTH_URL: url.default('https://oauth2.googleapis.com').describe('token endpoint'),
  SECRET_MANAGER_URL: url.optional().describe('only for a local simulator'),
  KMS_URL: url.optional().describe('only for a local simulator'),
});

/** The settings as read and checked. */
export type Config = z.infer<typeof settingsSchema>;

/** Thrown by loadConfig; the message lists every setting that is missing or wrong. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Checks the environment. Throws ConfigError with all problems at once. */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  // An empty value is what a deployment tool writes for "not set".
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = settingsSchema.safeParse(given);
  const problems = parsed.success
    ? contradictions(parsed.data, env)
    : parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`);
  if (!parsed.success || problems.length > 0) {
    throw new ConfigError(`Settings need attention:\n  ${problems.join('\n  ')}`);
  }
  return parsed.data;
}

function contradictions(config: Config, env: NodeJS.ProcessEnv): string[] {
  const problems: string[] = [];
  if (config.PUSH_AUTH === 'off' && env.K_SERVICE !== undefined) {
    problems.push(
      'PUSH_AUTH: off is refused on Cloud Run; set PUSH_AUDIENCE and PUSH_SERVICE_ACCOUNT',
    );
  }
  if (config.PUSH_AUTH === 'oidc') {
    for (const name of ['PUSH_AUDIENCE', 'PUSH_SERVICE_ACCOUNT'] as const) {
      if (config[name] === '') problems.push(`${name}: is needed while PUSH_AUTH is oidc`);
    }
  }
  return problems;
}
