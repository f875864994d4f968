/**
 * Runs all tests, or the files given: `node test/run.ts [files]`. Google's Firestore and Pub/Sub
 * emulators are started once for all of them, where they are installed.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { findEmulators, startFirestore, startPubsub } from './support/emulators.ts';

const given = process.argv.slice(2);
const files = given.length > 0 ? given : globSync('test/**/*.test.ts').sort();

const env: NodeJS.ProcessEnv = { ...process.env, METADATA_SERVER_DETECTION: 'none' };
const running: { stop: () => unknown }[] = [];
if (await findEmulators()) {
  const [firestore, pubsub] = await Promise.all([startFirestore(), startPubsub()]);
  running.push(firestore, pubsub);
  env.FIRESTORE_EMULATOR_HOST = firestore.host;
  env.PUBSUB_EMULATOR_HOST = pubsub.host;
}
const tests = spawn(
  process.execPath,
  ['--test', '--test-reporter=spec', '--test-concurrency=2', '--test-timeout=300000', ...files],
  { env, stdio: 'inherit' },
);
const stop = () => tests.kill('SIGTERM');
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
tests.on('exit', async (code) => {
  await Promise.all(running.map((emulator) => emulator.stop()));
  process.exit(code ?? 1);
});
