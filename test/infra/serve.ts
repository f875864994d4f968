/** Starts a bundle as the platform does: the Functions Framework, the zip's files, nothing else. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
export const framework = '@google-cloud/functions-framework';

/** Settings that every function starts with; nothing is called at these addresses. */
export const settings = {
  GOOGLE_CLOUD_PROJECT: 'bundle-test',
  PUBLIC_URL: 'https://sync.example.com',
  KMS_KEY: 'projects/bundle-test/locations/europe-west1/keyRings/r/cryptoKeys/k',
  OAUTH_CLIENT_ID_SECRET: 'projects/bundle-test/secrets/oauth-client-id/versions/1',
  OAUTH_CLIENT_SECRET_SECRET: 'projects/bundle-test/secrets/oauth-client-secret/versions/1',
  PUSH_AUDIENCE: 'https://sync.example.com',
  PUSH_SERVICE_ACCOUNT: 'push@example.iam.gserviceaccount.com',
  METADATA_SERVER_DETECTION: 'none',
};

/** Makes packages of the repository (or of another folder) visible to a folder outside of it. */
export function link(dir: string, name: string, from = join(root, 'node_modules')): void {
  const path = join(dir, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(from, name), path);
}

/** The command that serves a folder's function. */
export function command(dir: string, name: string, port: number): string[] {
  const main = join(root, 'node_modules', framework, 'build/src/main.js');
  return [main, `--source=${dir}`, `--target=${name}`, `--port=${port}`, '--signature-type=http'];
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

export interface Served {
  url: string;
  /** What it wrote so far, both streams. */
  output(): string;
  stop(): Promise<void>;
}

/** Serves a function until stopped; rejects with its output when it does not start. */
export async function serve(dir: string, name: string, env: NodeJS.ProcessEnv): Promise<Served> {
  const port = await freePort();
  const child = spawn(process.execPath, command(dir, name, port), {
    env: { PATH: process.env.PATH, ...settings, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const url = `http://127.0.0.1:${port}/`;
  await answers(url, child).catch(async (error: Error) => {
    await stop(child);
    throw new Error(`${name}: ${error.message}\n${output}`);
  });
  return { url, output: () => output, stop: () => stop(child) };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; ) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
    if (
      await fetch(`${url}robots.txt`).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('does not answer');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await ended;
}
