/**
 * Which adapter stands behind which port: the composition root. Each function opens only what it uses,
 * so that its bundle holds nothing else. `given` replaces single parts in tests and in local runs.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from './config.ts';
import { DAY_MS } from './core/time.ts';
import { createPublisher } from './crm/publisher.ts';
import { createAccess } from './google/access.ts';
import { calendarCollection } from './google/calendar.ts';
import { createApiClient } from './google/client.ts';
import { createFreeBusy } from './google/freebusy.ts';
import { fetchSend, type Send } from './google/http.ts';
import { createGoogleOAuth, type GoogleOAuth } from './google/oauth.ts';
import { contactCollection } from './google/people.ts';
import { taskCollection } from './google/tasks.ts';
import { createLog, type Log } from './log.ts';
import { firestoreClient } from './state/client.ts';
import { createFirestoreStore } from './state/firestore.ts';
import type { AvailabilityParts } from './sync/availability.ts';
import type { Engine, EngineSettings } from './sync/engine.ts';
import type { Clock, Publisher, Random, Store } from './sync/ports.ts';
import { type VaultClients, vaultClients } from './vault/clients.ts';
import { readOAuthClient } from './vault/oauth-client.ts';
import type { TokenVault } from './vault/ports.ts';
import { createTokenVault } from './vault/token-vault.ts';

/** One call of Google's, a batch of 50 included; well within the shortest lease in use. */
const CALL_TIMEOUT_MS = 30_000;
/** What the label of the contacts and the list of the tasks are called when they are made. */
const NAME = 'CRM';

/** Parts that a test or a local run brings along instead of the real ones. */
export interface Given {
  store?: Store;
  publisher?: Publisher;
  vault?: TokenVault;
  oauth?: () => Promise<GoogleOAuth>;
  clock?: Clock;
  random?: Random;
  send?: Send;
  log?: Log;
}

/** The machine's clock; ms since the epoch. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => sleep(ms).then(() => {}),
};

/** The given log, or one that writes to standard output. */
export const openLog = (config: Config, given: Given): Log =>
  given.log ?? createLog(config.LOG_LEVEL, config.GOOGLE_CLOUD_PROJECT);

/** The given store, or Firestore. */
export const openStore = (config: Config, given: Given): Store =>
  given.store ?? createFirestoreStore(firestoreClient(config.GOOGLE_CLOUD_PROJECT));

/** The given publisher, or Pub/Sub. */
export const openPublisher = (config: Config, given: Given): Publisher =>
  given.publisher ??
  createPublisher({
    projectId: config.GOOGLE_CLOUD_PROJECT,
    googleChangesTopic: config.GOOGLE_CHANGES_TOPIC,
    syncUserTopic: config.SYNC_USER_TOPIC,
  });

/** The token vault and the OAuth client, which share the clients of Secret Manager and KMS. */
export function openAuthorisation(
  config: Config,
  given: Given,
): { vault: TokenVault; oauth: () => Promise<GoogleOAuth> } {
  let clients: VaultClients | undefined;
  const open = () => {
    clients ??= vaultClients({
      kmsUrl: config.KMS_URL,
      secretManagerUrl: config.SECRET_MANAGER_URL,
    });
    return clients;
  };
  const vault =
    given.vault ??
    createTokenVault({
      ...open(),
      projectId: config.GOOGLE_CLOUD_PROJECT,
      keyName: config.KMS_KEY,
      prefix: config.TOKEN_SECRET_PREFIX,
    });
  return { vault, oauth: given.oauth ?? (() => openOAuth(config, open().secrets)) };
}

async function openOAuth(config: Config, secrets: VaultClients['secrets']): Promise<GoogleOAuth> {
  const client = await readOAuthClient({
    secrets,
    clientIdSecret: config.OAUTH_CLIENT_ID_SECRET,
    clientSecretSecret: config.OAUTH_CLIENT_SECRET_SECRET,
  });
  return createGoogleOAuth({
    ...client,
    redirectUri: `${config.PUBLIC_URL}/callback`,
    accountsUrl: config.GOOGLE_ACCOUNTS_URL,
    oauthUrl: config.GOOGLE_OAUTH_URL,
    certsUrl: `${config.GOOGLE_API_URL}/oauth2/v3/certs`,
  });
}

/** Where each API is (google-contracts 2: the batch endpoints). */
const apis = {
  calendar: (config: Config) => ({ root: config.GOOGLE_API_URL, batchPath: '/batch/calendar/v3' }),
  people: (config: Config) => ({ root: config.GOOGLE_PEOPLE_URL, batchPath: '/batch' }),
  tasks: (config: Config) => ({
    root: config.GOOGLE_TASKS_URL,
    batchPath: '/batch',
    batchMayLack: true,
  }),
};

/** A client of one of the APIs. */
const clientOf = (api: keyof typeof apis, config: Config, given: Given, log: Log) =>
  createApiClient({
    name: api,
    ...apis[api](config),
    send: given.send ?? fetchSend(CALL_TIMEOUT_MS),
    clock: given.clock ?? systemClock,
    random: given.random ?? Math.random,
    log,
  });

/** Everything that an answer on who is busy when needs: it writes nothing, here or at Google. */
export function openAvailability(config: Config, given: Given, log: Log): AvailabilityParts {
  const { vault, oauth } = openAuthorisation(config, given);
  const clock = given.clock ?? systemClock;
  const client = clientOf('calendar', config, given, log);
  return {
    store: openStore(config, given),
    access: createAccess({ vault, oauth, clock }),
    collections: [
      calendarCollection(client, { calendar: config.CALENDAR, name: config.CALENDAR_NAME }),
    ],
    freeBusy: createFreeBusy(client, clock),
    clock,
    settings: engineSettings(config),
  };
}

/** Everything that a user's sync needs. */
export function openEngine(config: Config, given: Given): Engine {
  const { vault, oauth } = openAuthorisation(config, given);
  const log = openLog(config, given);
  const clock = given.clock ?? systemClock;
  const random = given.random ?? Math.random;
  return {
    store: openStore(config, given),
    publisher: openPublisher(config, given),
    access: createAccess({ vault, oauth, clock }),
    // What is off is neither read nor written, and waits in its intents.
    collections: [
      calendarCollection(clientOf('calendar', config, given, log), {
        calendar: config.CALENDAR,
        name: config.CALENDAR_NAME,
        recurrence: config.RECURRENCE,
      }),
      contactCollection(clientOf('people', config, given, log), { name: NAME }),
      taskCollection(clientOf('tasks', config, given, log), { name: NAME, clock }),
    ].filter(({ codec }) => config.RECORDS.includes(codec.record)),
    clock,
    random,
    holder: () => randomUUID(),
    secret: () => randomBytes(32).toString('base64url'),
    log,
    settings: engineSettings(config),
  };
}

const engineSettings = (config: Config): EngineSettings => ({
  windowDaysBack: config.WINDOW_DAYS_BACK,
  windowDaysAhead: config.WINDOW_DAYS_AHEAD,
  pollMs: config.POLL_SECONDS * 1000,
  safetyMs: config.SAFETY_POLL_SECONDS * 1000,
  pushUrl: config.NOTIFICATIONS_URL,
  leaseMs: config.LEASE_SECONDS * 1000,
  runMs: config.RUN_SECONDS * 1000,
  tombstoneMs: config.TOMBSTONE_DAYS * DAY_MS,
  inviteExternal: config.INVITE_EXTERNAL,
  policy: config.CONFLICT_POLICY,
});
