/** The functions, each on a port of its own behind the functions framework. */
import { type ChildProcess, spawn } from 'node:child_process';
import { request as httpRequest, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HttpFunction, http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { closeServer, freePort, listen } from './http.ts';

/** A function that is served. */
export interface Host {
  name: string;
  port: number;
  /** Only when it is a process of its own. */
  pid: number | undefined;
  /** Resolves when it takes requests: a push waits for a cold start, as it does on Cloud Run. */
  ready: Promise<void>;
  /** Ends it, as a crash would; only for processes. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again after kill(). */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Serves handlers in this process. */
export async function hostInProcess(handlers: {
  [name: string]: HttpFunction;
}): Promise<Map<string, Host>> {
  const hosts = new Map<string, Host>();
  for (const [name, handler] of Object.entries(handlers)) {
    http(name, handler);
    const server: Server = getTestServer(name);
    const port = await listen(server, 0);
    const refuse = async () => {
      throw new Error('only a process of its own can be killed (processes: true)');
    };
    const close = () => closeServer(server);
    const ready = Promise.resolve();
    hosts.set(name, { name, port, pid: undefined, ready, kill: refuse, start: refuse, close });
  }
  return hosts;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Ends the process when whoever started it is gone, however that happened. */
const TIED =
  'data:text/javascript,process.stdin.on("end",()=>process.exit(0)).resume();process.stdin.unref()';

/** Serves functions as processes of their own, the way they run in the cloud. */
export async function hostProcesses(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
  output: (line: string) => void,
  source = root,
): Promise<Map<string, Host>> {
  const hosts = await Promise.all(names.map((name) => hostProcess(name, env, output, source)));
  return new Map(hosts.map((host) => [host.name, host]));
}

async function hostProcess(
  name: string,
  env: NodeJS.ProcessEnv,
  output: (line: string) => void,
  source: string,
): Promise<Host> {
  const port = await freePort();
  const framework = createRequire(import.meta.url).resolve('@google-cloud/functions-framework');
  const main = join(dirname(framework), 'main.js');
  let child: ChildProcess | undefined;
  let up = Promise.withResolvers<void>();
  const host: Host = {
    name,
    port,
    pid: undefined,
    ready: up.promise,
    start: async () => {
      const args = [main, `--target=${name}`, `--source=${source}`, `--port=${port}`];
      const started = spawn(process.execPath, ['--import', TIED, ...args], {
        // As deployed (infra/functions.tf): a small young generation keeps the process within its memory.
        env: { NODE_OPTIONS: '--max-semi-space-size=2', ...env, NODE_ENV: 'production' },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      child = started;
      host.pid = started.pid;
      let said = '';
      for (const stream of [started.stdout, started.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          said = (said + text).slice(-4000);
          for (const line of text.split('\n')) if (line) output(`${name}: ${line}`);
        });
      }
      await untilItListens(port, started, () => said);
      up.resolve();
    },
    kill: async (signal = 'SIGKILL') => {
      const ending = child;
      child = undefined;
      host.pid = undefined;
      up = Promise.withResolvers();
      host.ready = up.promise;
      if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => ending.once('exit', () => resolve()));
      ending.kill(signal);
      await ended;
    },
    close: () => host.kill('SIGKILL'),
  };
  await host.start();
  return host;
}

/** Eight of them start together, on a machine that may be busy with other things. */
const START_MS = 120_000;

async function untilItListens(port: number, child: ChildProcess, said: () => string) {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; ) {
    if (child.exitCode !== null) break;
    // The framework answers this path itself, so no function runs.
    const answered = await new Promise<boolean>((resolve) => {
      const probe = httpRequest({ host: '127.0.0.1', port, path: '/robots.txt' }, (res) => {
        res.resume();
        resolve(true);
      });
      probe.once('error', () => resolve(false));
      probe.end();
    });
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  throw new Error(`a function did not start:\n${said()}`);
}
