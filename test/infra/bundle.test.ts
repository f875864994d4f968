/** What is deployed: one file a function, nothing in it that the function does not use, and it works. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { crc32, inflateRawSync } from 'node:zlib';
import { type Bundle, bundle, functionNames, zip } from '../../infra/bundle.ts';
import { framework, link, root, serve } from './serve.ts';
import { configuration } from './terraform.ts';

const dir = mkdtempSync(join(tmpdir(), 'bundles-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const bundles = await bundle({ dirs: join(dir, 'a'), zips: join(dir, 'zips') });
for (const b of bundles) link(b.dir, framework);

const named = (name: string): Bundle => {
  const found = bundles.find((b) => b.name === name);
  assert.ok(found, name);
  return found;
};

/** Files in a zip, read the way that an unpacker does: by the directory at its end. */
function unzip(file: string): Map<string, Buffer> {
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf('PK\x05\x06');
  const files = new Map<string, Buffer>();
  let at = bytes.readUInt32LE(end + 16);
  for (let i = bytes.readUInt16LE(end + 10); i > 0; i--) {
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const content = inflateRawSync(bytes.subarray(start, start + bytes.readUInt32LE(at + 20)));
    assert.equal(crc32(content), bytes.readUInt32LE(at + 16), name);
    assert.equal(content.length, bytes.readUInt32LE(at + 24), name);
    files.set(name, content);
    at += 46 + nameLength;
  }
  return files;
}

test('every function of functions/index.ts is deployed, and nothing else', () => {
  const table = configuration().match(/^ {2}_functions = \{\n([\s\S]*?)^ {2}\}/m)?.[1] ?? '';
  const deployed = [...table.matchAll(/^ {4}(\w+) = \{/gm)].map((m) => m[1]).sort();
  assert.deepEqual(deployed, functionNames());
  const index = readFileSync(join(root, 'functions/index.ts'), 'utf8');
  const registered = [...index.matchAll(/\bhttp\(/g)].length;
  assert.equal(functionNames().length, registered, 'one function a line: http(...); // what it is');
});

test('the bundles of the short road are at most 6 MB', () => {
  for (const name of ['crmChange', 'syncUser']) assert.ok(named(name).size <= 6e6, name);
});

test('a bundle holds only what its function uses', () => {
  const without: { [name: string]: RegExp } = {
    authorize: /@googleapis\/|cloud\/logging-api/,
    availability: /cloud\/(pubsub|logging-api)/,
    crmChange: /cloud\/logging-api/,
    googlePush: /@googleapis\/|cloud\/(kms|secret-manager|logging-api)/,
    maintain: /@googleapis\/|cloud\/(kms|secret-manager|logging-api)/,
    pollFanout: /@googleapis\/|cloud\/(kms|secret-manager|logging-api)/,
    syncUser: /cloud\/logging-api/,
  };
  const sources: { [name: string]: RegExp } = {
    authorize: /^functions\/(sync\/(run|execute)|google\/calendar)/,
    availability: /^functions\/(authorize|crm|sync\/(run|execute|commit|pull|plan))/,
    crmChange: /^functions\/authorize/,
    googlePush: /^functions\/(authorize|vault|google|sync)/,
    maintain: /^functions\/(authorize|vault|google|sync\/run)/,
    pollFanout: /^functions\/(authorize|vault|google|sync\/run)/,
    syncUser: /^functions\/(authorize|crm\/incoming)/,
  };
  for (const b of bundles) {
    const packages = without[b.name] ?? /^$/;
    assert.deepEqual(
      b.packages.filter((p) => packages.test(p) || p === framework),
      [],
      b.name,
    );
    assert.deepEqual(
      b.sources.filter((f) => sources[b.name]?.test(f)),
      [],
      b.name,
    );
    assert.deepEqual(
      b.packages.filter((p) => p === 'googleapis'),
      [],
      'the index',
    );
  }
});

test('the zip: the bundle, its map, and the framework pinned as in the lock file', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  for (const b of bundles) {
    const files = unzip(b.zip);
    assert.deepEqual(
      [...files.keys()],
      ['index.mjs', 'index.mjs.map', 'package-lock.json', 'package.json'],
    );
    const own = JSON.parse(String(files.get('package.json')));
    const locked = JSON.parse(String(files.get('package-lock.json')));
    assert.equal(own.main, 'index.mjs');
    assert.deepEqual(Object.keys(own.dependencies), [framework]);
    for (const [path, entry] of Object.entries<{ version: string; integrity: string }>(
      locked.packages,
    )) {
      if (path === '') continue;
      assert.equal(entry.version, lock.packages[path].version, path);
      assert.ok(entry.integrity, path);
    }
    const map = JSON.parse(String(files.get('index.mjs.map')));
    assert.ok(map.sources.some((s: string) => s.endsWith('functions/index.ts')));
  }
});

test('same sources, same bytes, wherever they are written', async () => {
  const again = await bundle({ dirs: join(dir, 'elsewhere/b'), zips: join(dir, 'elsewhere/z') });
  assert.deepEqual(
    again.map((b) => b.sha256),
    bundles.map((b) => b.sha256),
  );
  for (const b of bundles) {
    for (const content of unzip(b.zip).values()) {
      assert.ok(!content.includes(root), `${b.name} names the folder that it was built in`);
    }
  }
});

test('a zip does not depend on the order or the time of its files', () => {
  const files: [string, Buffer][] = [
    ['b', Buffer.from('2')],
    ['a', Buffer.from('1')],
  ];
  assert.deepEqual(zip(new Map(files)), zip(new Map(files.toReversed())));
});

for (const name of functionNames()) {
  test(`${name} starts from its bundle, and refuses what is not for it`, async () => {
    const served = await serve(named(name).dir, name, {});
    try {
      if (name === 'authorize') {
        // Without Secret Manager there is no OAuth client to be had.
        const answer = await fetch(`${served.url}no-such-page`, { redirect: 'manual' });
        assert.ok(answer.status >= 400, `${answer.status}`);
      } else if (name === 'googlePush') {
        assert.equal((await fetch(served.url)).status, 405);
        // What names no channel is not looked up.
        assert.equal((await fetch(served.url, { method: 'POST' })).status, 204);
      } else {
        assert.equal((await fetch(served.url)).status, 405);
        assert.equal((await fetch(served.url, { method: 'POST' })).status, 401);
        const forged = { authorization: 'Bearer e30.e30.e30' };
        assert.equal((await fetch(served.url, { method: 'POST', headers: forged })).status, 401);
      }
    } finally {
      await served.stop();
    }
  });

  test(`${name} does not start with a setting missing, and names it`, async () => {
    const start = serve(named(name).dir, name, { KMS_KEY: '', PUSH_AUDIENCE: '' });
    await assert.rejects(start, (error: Error) => /KMS_KEY[\s\S]*/.test(error.message));
  });

  test(`${name} refuses to start on Cloud Run without the check of pushes`, async () => {
    const start = serve(named(name).dir, name, { PUSH_AUTH: 'off', K_SERVICE: 'x' });
    await assert.rejects(start, /PUSH_AUTH: off is refused/);
  });
}

test('npm accepts the lock file of a zip', {
  skip: !process.env.TEST_NPM && 'slow; TEST_NPM=1',
}, () => {
  execFileSync('npm', ['ci', '--dry-run', '--ignore-scripts'], { cwd: named('pollFanout').dir });
});
