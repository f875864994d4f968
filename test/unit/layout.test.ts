/** The import direction of the design: triggers → sync → core; neighbours → core; nothing imports triggers. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import test from 'node:test';

const root = resolve(import.meta.dirname, '../../functions');
/** Folder → folders that its files may import from, besides itself and the files of functions/ named. */
const allowed: { [folder: string]: string[] } = {
  core: ['errors.ts'],
  sync: ['core', 'errors.ts', 'log.ts'],
  google: ['core', 'sync', 'vault', 'errors.ts', 'log.ts'],
  crm: ['core', 'sync', 'errors.ts', 'log.ts'],
  state: ['core', 'sync', 'errors.ts', 'log.ts'],
  vault: ['core', 'sync', 'errors.ts', 'log.ts'],
  authorize: ['core', 'sync', 'google', 'vault', 'errors.ts', 'log.ts', 'config.ts'],
  triggers: [
    'core',
    'sync',
    'google',
    'crm',
    'state',
    'vault',
    'authorize',
    'errors.ts',
    'log.ts',
    'config.ts',
  ],
};
/** Neighbours see of sync/ only what they implement. */
const portsOnly = ['google', 'crm', 'state', 'vault'];
const ports = ['sync/free-busy.ts', 'sync/ports.ts', 'sync/collection.ts', 'sync/engine.ts'];

function imports(): { from: string; to: string }[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/from '(\.[^']+)'/g)].map((match) => ({
        from: file,
        to: relative(root, resolve(root, file, '..', match[1] ?? '')),
      })),
    );
}

test('imports go one way', () => {
  const wrong = imports().filter(({ from, to }) => {
    const folder = from.split('/')[0] ?? '';
    const target = to.split('/')[0] ?? '';
    const rule = allowed[folder];
    if (!rule) return false;
    if (portsOnly.includes(folder) && target === 'sync') return !ports.includes(to);
    return target !== folder && !rule.includes(target);
  });
  assert.deepEqual(wrong, []);
});

test('core knows no clock, randomness, environment or network', () => {
  for (const file of readdirSync(join(root, 'core'))) {
    const text = readFileSync(join(root, 'core', file), 'utf8');
    const found =
      /Date\.now|new Date\(\)|Math\.random|process\.env|setTimeout|fetch\(|node:(fs|http|net)/.exec(
        text,
      );
    assert.equal(found, null, `${file} uses ${found?.[0]}`);
  }
});

test('the engine knows no record type: sync/ and the decisions name none', () => {
  const types = ['appointment', 'contact', 'task'];
  /** What is one type's: its codec, and what it is made of. The rest is the engine's. */
  const ofOneType = /^core\/(appointment|contact|task|notes|description|event|series|recurrence)/;
  /** Where the types are listed: as messages, and as words. */
  const lists = ['core/fields.ts', 'core/messages.ts'];
  const engine = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (f) => /^(sync|core)\/.*\.ts$/.test(f) && !ofOneType.test(f) && !lists.includes(f),
  );
  const named = engine.filter((file) => {
    const code = readFileSync(join(root, file), 'utf8');
    return types.some((type) => new RegExp(`['"\`]${type}s?['"\`]|\\b${type}Codec\\b`).test(code));
  });
  assert.deepEqual(named, []);
});

test('what decides histories imports nothing of the engine, at any remove: it would be tested against itself', () => {
  const tests = resolve(root, '../test');
  for (const judge of ['simulation/checker.ts', 'property/availability-oracle.ts']) {
    const seen = new Set<string>();
    const open = [join(tests, judge)];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      const text = readFileSync(file, 'utf8');
      for (const [, to = ''] of text.matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g))
        open.push(resolve(file, '..', to));
    }
    assert.ok(seen.size > (judge.startsWith('simulation') ? 20 : 0));
    const engine = [...seen].filter((file) => !relative(root, file).startsWith('..'));
    assert.deepEqual(engine, [], judge);
  }
});

test('every export says what it is for', () => {
  const silent = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const lines = readFileSync(join(root, file), 'utf8').split('\n');
      const exported = /^export (?:async )?(?:function|const|type|interface|class) (\w+)/;
      return lines.flatMap((line, i) => {
        const name = exported.exec(line)?.[1];
        // A directive to the linter may stand between the two.
        const above = lines.slice(0, i).findLast((text) => !text.startsWith('//'));
        return name && !above?.endsWith('*/') ? [`${file}: ${name}`] : [];
      });
    });
  assert.deepEqual(silent, []);
});
