/**
 * The bundles as they are deployed, each a process of its own, against the emulators and simulators: what
 * was left out of them is really not needed.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { bundle } from '../../infra/bundle.ts';
import { startStack } from '../sandbox/stack.ts';
import { requireEmulators } from '../support/emulators.ts';
import { framework, link } from './serve.ts';

/** One folder that serves each bundle by its name: the local stack starts all functions from one. */
async function bundled(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'deployed-'));
  await bundle({ dirs: dir, zips: join(dir, 'zips') });
  link(dir, framework);
  writeFileSync(join(dir, 'package.json'), '{"type":"module","main":"index.mjs"}');
  const target = "process.argv.find((a) => a.startsWith('--target=')).slice(9)";
  writeFileSync(join(dir, 'index.mjs'), `await import(\`./\${${target}}/index.mjs\`);\n`);
  return dir;
}

test('from the CRM to Google and back, on bundles', {
  skip: requireEmulators(),
  timeout: 120_000,
}, async () => {
  const source = await bundled();
  const output: string[] = [];
  const log = (line: string) => output.push(line);
  const stack = await startStack({
    port: 0,
    processes: true,
    source,
    scheduler: false,
    seed: true,
    log,
  });
  try {
    const [user] = stack.crm.users();
    assert.ok(user);
    await stack.connect(user.userId);
    await stack.idle();
    const events = () => [...stack.workspace.calendars.primary(user.email).events.values()];
    const born = events().filter((event) => JSON.stringify(event).includes('crm'));
    assert.ok(born.length > 0, 'appointments of the CRM are in the calendar');
    const stored = await stack.store.getUser(user.userId);
    assert.equal(stored?.state, 'active');
    assert.ok(stored?.lastSyncAt, 'a run ended well');

    await stack.poll();
    const polled = await stack.store.getUser(user.userId);
    assert.ok(
      (polled?.lastSyncAt ?? 0) > (stored?.lastSyncAt ?? 0),
      'polled through all functions',
    );
    // Events are written in Cloud Logging's form, by the bundle's own logger.
    assert.ok(
      output.some((line) => line.startsWith('syncUser: {"severity":"INFO"')),
      output.join('\n'),
    );
    assert.ok(!output.some((line) => /function\.failed|Error/.test(line)), output.join('\n'));
  } finally {
    await stack.close();
    rmSync(source, { recursive: true, force: true });
  }
});
