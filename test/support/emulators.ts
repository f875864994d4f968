/**
 * Google's own Firestore and Pub/Sub emulators, started from the gcloud installation. Used by the tests
 * and by the local stack. Both are Java programs; nothing is downloaded.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { globSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Without it every Google client first looks a second or more for a metadata server.
process.env.METADATA_SERVER_DETECTION = 'none';

/** A running emulator: `host` is `127.0.0.1:port`, as the clients' environment variables want it. */
export interface Emulator {
  host: string;
  stop(): Promise<void>;
}

/** Paths of the emulators' jar files. */
export interface EmulatorJars {
  firestore: string;
  pubsub: string;
}

/** Of a Java program on a busy machine. */
const START_MS = 120_000;
let found: EmulatorJars | null | undefined;

/**
 * The emulators on this machine: from EMULATORS_DIR (a folder like gcloud's `platform`) or from gcloud.
 * Undefined when Java or one of them is missing.
 */
export function findEmulators(): EmulatorJars | undefined {
  if (found === undefined) found = lookForEmulators() ?? null;
  return found ?? undefined;
}

function lookForEmulators(): EmulatorJars | undefined {
  if (output('java', '-version') === undefined) return undefined;
  const platform = process.env.EMULATORS_DIR || join(sdkRoot() ?? '', 'platform');
  const [firestore] = globSync(`${platform}/cloud-firestore-emulator/cloud-firestore-emulator.jar`);
  const [pubsub] = globSync(`${platform}/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar`);
  return firestore && pubsub ? { firestore, pubsub } : undefined;
}

function sdkRoot(): string | undefined {
  return output('gcloud', 'info', '--format=value(installation.sdk_root)')?.trim();
}

/** What a program prints; undefined when it is missing or fails. */
function output(program: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

/**
 * For node:test's `skip` option: false when there are emulators, otherwise the reason, told aloud as
 * well. With REQUIRE_EMULATORS=1 (CI) a missing emulator throws: a check that did not run is no pass.
 */
export function requireEmulators(): string | false {
  if (process.env.FIRESTORE_EMULATOR_HOST || findEmulators()) return false;
  const reason =
    'no Firestore and Pub/Sub emulators: install Java and `gcloud components install ' +
    'cloud-firestore-emulator pubsub-emulator`, or set EMULATORS_DIR';
  if (process.env.REQUIRE_EMULATORS === '1') throw new Error(reason);
  console.warn(`\n*** SKIPPED: ${reason} ***\n`);
  return reason;
}

/** Starts a Firestore emulator on a free port, or hands out the one FIRESTORE_EMULATOR_HOST names. */
export async function startFirestore(): Promise<Emulator> {
  const running = alreadyRunning('FIRESTORE_EMULATOR_HOST');
  if (running) return running;
  const main = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';
  return start('firestore', (jars) => ['-cp', jars.firestore, main]);
}

/** Starts a Pub/Sub emulator on a free port, or hands out the one PUBSUB_EMULATOR_HOST names. */
export async function startPubsub(): Promise<Emulator> {
  return alreadyRunning('PUBSUB_EMULATOR_HOST') ?? start('pubsub', (jars) => ['-jar', jars.pubsub]);
}

function alreadyRunning(variable: string): Emulator | undefined {
  const host = process.env[variable];
  return host ? { host, stop: async () => {} } : undefined;
}

async function start(name: string, program: (jars: EmulatorJars) => string[]): Promise<Emulator> {
  const jars = findEmulators();
  if (!jars) throw new Error(`${name}: no emulator on this machine`);
  const port = await freePort();
  const log = join(mkdtempSync(join(tmpdir(), `${name}-emulator-`)), 'output.txt');
  // Quick to start rather than quick at its peak: it lives for one test file.
  const jvm = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
  const stop = spawnTied(
    ['java', ...jvm, ...program(jars), '--host=127.0.0.1', `--port=${port}`],
    log,
  );
  await untilItAnswers(`http://127.0.0.1:${port}/`, log, stop);
  return { host: `127.0.0.1:${port}`, stop };
}

/**
 * Starts a program that ends with this process, however this process ends: a shell waits for the end of
 * its standard input, which even a SIGKILL of ours brings about, and then kills the program.
 */
function spawnTied(command: string[], log: string): () => Promise<void> {
  const out = openSync(log, 'a');
  // Ctrl-C reaches the whole process group: a shell that died of it would leave the program behind.
  const script =
    'trap "" INT TERM HUP; "$@" & program=$!; cat > /dev/null; kill -9 $program; wait $program';
  const shell = spawn('sh', ['-c', script, 'sh', ...command], { stdio: ['pipe', out, out] });
  const ended = new Promise<void>((resolve) => shell.once('exit', () => resolve()));
  shell.unref();
  (shell.stdin as unknown as Socket).unref();
  return async () => {
    shell.ref();
    shell.stdin?.end();
    await ended;
  };
}

async function untilItAnswers(url: string, log: string, stop: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; ) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop();
  throw new Error(`${url} did not answer in time:\n${readFileSync(log, 'utf8').slice(-2000)}`);
}

/** A port that nobody listens on: from the system's ephemeral range, far from 8080. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** A project id that nobody else uses: emulators keep the data of projects apart. */
export function freshProject(): string {
  return `test-${randomUUID()}`;
}
