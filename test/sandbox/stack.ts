/**
 * The whole product on one machine: the functions behind the functions framework, Google's emulators (or
 * their in-memory stand-ins), the simulators of what has no emulator, and the CRM. Used by `npm start`,
 * by the tests and by the benchmarks.
 */
import { type Config, loadConfig } from '../../functions/config.ts';
import {
  adminHandler,
  authorizeHandler,
  availabilityHandler,
  crmChangeHandler,
  googlePushHandler,
  maintainHandler,
  pollFanoutHandler,
  syncUserHandler,
} from '../../functions/handlers.ts';
import type { Log } from '../../functions/log.ts';
import { type Given, openPublisher, openStore } from '../../functions/services.ts';
import { createMemoryStore } from '../../functions/state/memory.ts';
import type { Store } from '../../functions/sync/ports.ts';
import { type Emulator, findEmulators, startFirestore, startPubsub } from '../support/emulators.ts';
import type { Bus, Published } from './bus/bus.ts';
import { startEmulatedBus } from './bus/emulated.ts';
import { Flight } from './bus/flight.ts';
import { MemoryBus, publisherOn } from './bus/memory.ts';
import { type Cloud, createCloud } from './cloud/cloud.ts';
import { connectUser } from './connect.ts';
import { Crm } from './crm/crm.ts';
import type { CrmOptions } from './crm/types.ts';
import { disturbDeliveries } from './faults/deliveries.ts';
import { Faults } from './faults/faults.ts';
import { disturbed, disturbPublisher, disturbStore } from './faults/local.ts';
import { disturbNotifications } from './faults/notifications.ts';
import { targetsOf } from './faults/targets.ts';
import { describe, Feed } from './feed.ts';
import { connect as connectTransports, httpNotify, type ServerOptions } from './google/server.ts';
import { createWorkspace, type Workspace } from './google/workspace.ts';
import { watchedListener } from './google-listener.ts';
import { startGrpcProxy } from './grpc-proxy.ts';
import { type Host, hostInProcess, hostProcesses } from './hosts.ts';
import { closeServer, listen } from './http.ts';
import { CLIENT, provision, settings } from './provision.ts';
import { createDeliver } from './push.ts';
import { seedStack } from './seed.ts';
import { createStackServer, type Parts } from './server.ts';

/** How a stack runs. */
export interface StackOptions {
  /** 0 takes a free one. */
  port?: number;
  /** True: in-memory store and queue. False: emulators, or fail. Absent: emulators where found. */
  memory?: boolean;
  /** Each function as a process of its own (needs emulators): can be killed, has its own memory. */
  processes?: boolean;
  /** Where the processes' code is; the repository unless a bundle is meant. */
  source?: string;
  /** Three users and a week of appointments. */
  seed?: boolean;
  /** Added to every request at the Google simulator. */
  latencyMs?: number;
  /**
   * Put a proxy between the functions and the Firestore emulator, so that faults can strike there too.
   * It costs every call some tenths of a millisecond: off unless asked for.
   */
  proxyFirestore?: boolean;
  /** Publish a poll tick each minute, as Cloud Scheduler would. Default true. */
  scheduler?: boolean;
  /** Overrides of the functions' settings. */
  env?: { [name: string]: string };
  /** Behaviour of the CRM simulator. */
  crm?: Pick<CrmOptions, 'echo' | 'onDeletedInCrm'>;
  /** Gets the functions' log events instead of standard output; not from processes. */
  events?: Log;
  /** Gets what goes wrong, and the output of functions that are processes. */
  log?: (line: string) => void;
}

/** A running stack. */
export interface Stack {
  url: string;
  port: number;
  mode: { store: string; queue: string; functions: string };
  workspace: Workspace;
  /** What goes wrong, at every service: also at `workspace.faults` and `cloud.faults`. */
  faults: Faults;
  /** The Google simulator's transport: `google.latencyMs = 50` slows it down while it runs. */
  google: ServerOptions;
  cloud: Cloud;
  crm: Crm;
  store: Store;
  bus: Bus;
  feed: Feed;
  hosts: Map<string, Host>;
  /** Settings that the functions run with. */
  env: { [name: string]: string };
  /** Runs the OAuth flow for a CRM user, and waits for the first sync. */
  connect(userId: string): Promise<void>;
  /** Makes all connected users due, publishes a poll tick, waits until nothing is in flight. */
  poll(): Promise<void>;
  /** Waits until nothing is in flight. */
  idle(timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

const FUNCTIONS = [
  'crmChange',
  'googlePush',
  'pollFanout',
  'maintain',
  'syncUser',
  'authorize',
  'admin',
  'availability',
] as const;

/** Starts everything; what it started by then is ended when a part fails. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const closing: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    return await start(options, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  options: StackOptions,
  closing: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<Stack> {
  const { log = () => {}, memory = findEmulators() === undefined, scheduler = true } = options;
  if (memory && options.processes) {
    throw new Error('functions as processes share state through the emulators: none here');
  }
  let parts: Parts | undefined;
  const server = createStackServer(() => parts);
  const port = await listen(server, options.port ?? 8080);
  closing.push(() => closeServer(server));
  const url = `http://localhost:${port}`;
  const project = `crm-sandbox-${port}`;
  const [feed, flight] = [new Feed(), new Flight()];
  let bus: Bus | undefined;
  const publish = async (topic: string, data: string, key?: string): Promise<void> => {
    await bus?.publish(topic, data, key);
  };
  const faults = new Faults(Math.random);
  const clock = (name: string) => () => Date.now() + faults.skew(name);

  const cloud = createCloud({
    now: clock('cloud'),
    faults,
    timer: scheduler,
    publish: (name, { data }) => publish(name.split('/').at(-1) ?? '', data.toString()),
  });
  const cloudServer = await cloud.listen(0);
  closing.push(() => cloudServer.close());
  closing.push(() => cloud.stop());
  await provision(cloud, project);
  const google: ServerOptions = { prefix: '/google', latencyMs: options.latencyMs ?? 0 };
  const workspace = createWorkspace({
    now: clock('google'),
    faults,
    random: Math.random,
    ...CLIENT,
    redirectUris: [`${url}/authorize/callback`],
    publicUrl: `${url}/google`,
  });
  workspace.notify = httpNotify(google, ({ user }, headers) => {
    const end = flight.begin();
    const began = performance.now();
    return (status) => {
      const ms = Math.round(performance.now() - began);
      const state = headers['x-goog-resource-state'] ?? '';
      feed.add({ kind: 'notification', user, state, status, ms });
      end();
    };
  });
  connectTransports(workspace, google);
  if (workspace.notify) workspace.notify = disturbNotifications(workspace.notify, faults);
  // Minutes at Google; here a person watches.
  workspace.people.delayMs = 2_000;
  const crm = new Crm({
    ...options.crm,
    now: clock('crm'),
    random: Math.random,
    publish: (message) =>
      disturbed(faults, { service: 'crm', method: 'publish' }, () =>
        publish('crm-changes', typeof message === 'string' ? message : JSON.stringify(message)),
      ),
    recordUrl: (crmId) => `${url}/#record=${encodeURIComponent(crmId)}`,
    changed: (what) => feed.add({ kind: 'crm', ...what }),
  });

  const hosts = new Map<string, Host>();
  const failed = (error: unknown, subscription: string) =>
    log(`push to ${subscription} failed: ${error instanceof Error ? error.message : error}`);
  const deliver = disturbDeliveries(createDeliver(hosts, crm, feed, faults, failed), {
    faults,
    flight,
    hosts,
    deadLetter: (data) => publish('dead-letters', data),
    failed,
  });
  const published = (message: Published) =>
    feed.add({
      kind: 'message',
      topic: message.topic,
      messageId: message.messageId,
      ...describe(message.data),
    });
  const emulators = memory ? undefined : await startEmulators(closing);
  const hosted = emulators
    ? await startEmulatedBus({
        emulator: emulators.pubsub.host,
        project,
        flight,
        endpoint: (name) => `http://127.0.0.1:${port}/sandbox/push/${name}`,
        published,
        faults,
      })
    : undefined;
  bus = hosted ?? new MemoryBus({ deliver, flight, project, now: Date.now, published });
  closing.push(() => bus?.close());

  const env = {
    ...settings({
      project,
      port,
      cloudUrl: cloudServer.url,
      ...(emulators && hosted && { firestore: emulators.firestore.host, pubsub: hosted.host }),
    }),
    ...options.env,
  };
  for (const name of [
    'METADATA_SERVER_DETECTION',
    'FIRESTORE_EMULATOR_HOST',
    'PUBSUB_EMULATOR_HOST',
  ]) {
    const value = env[name as keyof typeof env];
    if (value === undefined) continue;
    const before = process.env[name];
    process.env[name] = value;
    // The next stack of this process must not look for its emulator behind our proxy.
    closing.push(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
  const config = loadConfig(env);
  // The stack's own, which no fault reaches.
  const store = memory ? createMemoryStore() : openStore(config, {});
  const proxy =
    emulators && options.proxyFirestore
      ? await startGrpcProxy(emulators.firestore.host, {
          faults,
          pointOf: (path) => ({ service: 'firestore', method: path.split('/').at(-1) ?? '' }),
        })
      : undefined;
  closing.push(() => proxy?.close());
  const theirs = memory ? disturbStore(store, faults) : proxy ? storeAt(proxy.host, config) : store;
  const functionsEnv = { ...env, ...(proxy && { FIRESTORE_EMULATOR_HOST: proxy.host }) };
  const started = options.processes
    ? await hostProcesses(FUNCTIONS, { ...process.env, ...functionsEnv }, log, options.source)
    : await hostInProcess(
        handlers(config, {
          store: theirs,
          publisher: memory
            ? disturbPublisher(publisherOn(bus), faults)
            : openPublisher(config, {}),
          ...(options.events && { log: options.events }),
        }),
      );
  for (const [name, host] of started) hosts.set(name, host);
  closing.push(async () => {
    await Promise.all([...hosts.values()].map((host) => host.close()));
  });

  const stack: Stack = {
    url,
    port,
    mode: {
      store: memory ? 'in memory' : 'Firestore emulator',
      queue: memory ? 'in memory' : 'Pub/Sub emulator',
      functions: options.processes ? 'a process each' : 'in this process',
    },
    workspace,
    faults,
    google,
    cloud,
    crm,
    store,
    bus,
    feed,
    hosts,
    env,
    connect: async (userId) => {
      const user = crm.users().find((u) => u.userId === userId);
      if (!user) throw new Error(`the CRM has no user ${userId}`);
      // The directory must know the user before he or she may connect.
      await flight.idle();
      const { email, name, timeZone } = user;
      workspace.oauth.createAccount({ email, name, timeZone });
      await connectUser(`${url}/authorize`, email);
      await flight.idle();
    },
    poll: async () => {
      for (const { userId } of crm.users()) {
        await store.updateUser(userId, (user) =>
          user?.state === 'active' && user.enabled
            ? { ...user, nextPollAt: Date.now() }
            : undefined,
        );
      }
      await publish('poll-tick', '{}');
      await flight.idle();
    },
    idle: (timeoutMs) => flight.idle(timeoutMs),
    close,
  };
  parts = {
    ...stack,
    flight,
    deliver,
    google: watchedListener(workspace, feed, google),
    users: () => usersOf(crm, store),
    targets: targetsOf({
      workspace,
      cloud,
      storeMethods: memory ? Object.keys(store) : undefined,
      firestore: memory || options.proxyFirestore === true,
      processes: options.processes === true,
    }),
  };
  if (options.seed) await seedStack(stack);
  return stack;
}

/** A store on another address than the environment's: a client reads it when it is made. */
function storeAt(host: string, config: Config): Store {
  const own = process.env.FIRESTORE_EMULATOR_HOST;
  process.env.FIRESTORE_EMULATOR_HOST = host;
  try {
    return openStore(config, {});
  } finally {
    if (own !== undefined) process.env.FIRESTORE_EMULATOR_HOST = own;
  }
}

async function startEmulators(
  closing: (() => Promise<void> | void)[],
): Promise<{ firestore: Emulator; pubsub: Emulator }> {
  const [firestore, pubsub] = await Promise.all(
    [startFirestore, startPubsub].map(async (begin) => {
      const emulator = await begin();
      closing.push(() => emulator.stop());
      return emulator;
    }),
  );
  if (!firestore || !pubsub) throw new Error('an emulator is missing');
  return { firestore, pubsub };
}

function handlers(config: Config, given: Given) {
  return {
    crmChange: crmChangeHandler(config, given),
    googlePush: googlePushHandler(config, given),
    maintain: maintainHandler(config, given),
    pollFanout: pollFanoutHandler(config, given),
    syncUser: syncUserHandler(config, given),
    authorize: authorizeHandler(config, given),
    admin: adminHandler(config, given),
    availability: availabilityHandler(config, given),
  };
}

/** CRM users with what the sync knows about them. */
async function usersOf(crm: Crm, store: Store): Promise<object[]> {
  return Promise.all(
    crm.users().map(async ({ userId, name, email, timeZone, enabled }) => {
      const {
        state,
        stateReason,
        held,
        googleEmail,
        scopes,
        leaving,
        connectedAt,
        firstSyncAt,
        lastSyncAt,
      } = (await store.getUser(userId)) ?? {};
      const known = {
        stateReason,
        held,
        googleEmail,
        scopes,
        leaving,
        connectedAt,
        firstSyncAt,
        lastSyncAt,
      };
      return { userId, name, email, timeZone, enabled, state: state ?? 'unknown', ...known };
    }),
  );
}
