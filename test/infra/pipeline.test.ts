/** cloudbuild.yaml: what it must hold, read as text; there is no YAML parser among the dependencies. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { cost, googleCalls, sizeOf, table } from '../../infra/cost.ts';
import { root } from './serve.ts';

const yaml = readFileSync(join(root, 'cloudbuild.yaml'), 'utf8');
const steps = yaml.split(/^ {2}- id: /m).slice(1);
const pkg = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));

test('the steps, in order: nothing is applied that was not checked', () => {
  const ids = steps.map((step) => step.split('\n')[0]);
  assert.deepEqual(ids, ['install', 'lint', 'types', 'test', 'bundle', 'plan', 'apply']);
  const after = Object.fromEntries(
    steps.map((step, i) => [ids[i], step.match(/waitFor: \[(.*)\]/)?.[1]]),
  );
  assert.deepEqual(after, {
    install: undefined,
    lint: 'install',
    types: 'install',
    test: 'install',
    bundle: 'lint, types, test',
    plan: 'bundle',
    apply: 'plan',
  });
  const apply = steps.at(-1) ?? '';
  assert.match(apply, /"\$APPLY" != yes/);
  assert.match(apply, /apply \/workspace\/infra\.plan/);
});

test('images are pinned, Node to the version of the lock file', () => {
  const images = [...yaml.matchAll(/^ {4}name: (.*)$/gm)].map((m) => m[1] ?? '');
  assert.equal(images.length, steps.length);
  for (const image of images) assert.match(image, /:\d+\.\d+\.\d+(-\w+)?$/);
  const node = lock.packages['node_modules/node'].version;
  assert.ok(images.includes(`node:${node}-bookworm`), `node:${node}-bookworm`);
});

test('no keys, no passwords', () => {
  assert.doesNotMatch(yaml, /secretEnv|GOOGLE_APPLICATION_CREDENTIALS|\.json\b|password|token/i);
});

test('the npm scripts that it runs exist', () => {
  const scripts = [...yaml.matchAll(/npm run ([\w:]+)|--run ([\w:]+)/g)].map(
    (m) => m[1] ?? m[2] ?? '',
  );
  assert.ok(scripts.length >= 4);
  for (const script of scripts) assert.ok(pkg.scripts[script], script);
});

test("the guide's cost table is the computed one", () => {
  const readme = readFileSync(join(root, 'infra/README.md'), 'utf8');
  const shown = readme.match(/<!-- cost -->\n([\s\S]*?)\n<!-- \/cost -->/)?.[1];
  assert.equal(shown, table(), 'node infra/cost.ts prints it');
});

test('cost grows with users and with polling, and never falls below zero', () => {
  const total = (users: number, poll = 300) =>
    Object.values(cost(sizeOf(users, poll))).reduce((a, b) => a + b, 0);
  assert.ok(total(3_500) > total(350));
  assert.ok(total(350, 60) > total(350, 300));
  const watched = Object.values(cost(sizeOf(3_500))).reduce((a, b) => a + b, 0);
  assert.ok(watched < total(3_500, 300));
  for (const part of Object.values(cost(sizeOf(1)))) assert.ok(part >= 0);
  assert.ok(googleCalls(sizeOf(350, 60)) > googleCalls(sizeOf(350)));
});
