/** The table of ARCHITECTURE.md and the seeded defects name tests that exist. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'node:test';
import { defects } from '../defects/list.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const numbers = [
  ...Array.from({ length: 38 }, (_, i) => `P${i + 1}`),
  ...Array.from({ length: 25 }, (_, i) => `C${String(i + 1).padStart(2, '0')}`),
  ...Array.from({ length: 13 }, (_, i) => `rule ${i + 1}`),
];

/** The names of a file's tests, as they are written. */
const namesIn = (path: string): string[] =>
  [...read(path).matchAll(/\b(?:test|it)\(\s*(['`"])((?:\\.|(?!\1).)*)\1/gs)].map(
    (match) => match[2] ?? '',
  );

/** The numbers that a name begins with. */
function numbersOf(name: string): string[] {
  const lead = /^(?:(?:P\d+|C\d\d|rule \d+|security \d+):? )*/.exec(name)?.[0] ?? '';
  return lead.match(/P\d+|C\d\d|rule \d+/g) ?? [];
}

const rows = new Map(
  read('ARCHITECTURE.md')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, number]) => numbers.includes(number ?? ''))
    .map(([, number = '', , tests = '']) => [number, tests]),
);

test('the table of ARCHITECTURE.md has a row for each invariant, case and rule', () => {
  assert.deepEqual([...rows.keys()], numbers);
});

test('each row names tests whose names begin with its number, or says why there is none', () => {
  for (const [number, tests] of rows) {
    const named = [...tests.matchAll(/`([\w/-]+)` “([^”]+)”/g)];
    if (named.length === 0) {
      assert.match(tests, /^comes with \w+|^does not apply: \w+/, number);
      continue;
    }
    for (const [, file, text = ''] of named) {
      const path = `test/${file}.test.ts`;
      assert.ok(existsSync(join(root, path)), `${number}: ${path}`);
      const start = text.replace(/ …$/, '');
      const found = namesIn(path).filter((name) => name.includes(start));
      assert.ok(
        found.some((name) => numbersOf(name).includes(number)),
        `${number}: no test “${start}” in ${path}`,
      );
    }
  }
});

test('P38 each seeded defect is of a text that is there once, and of a test that exists', () => {
  assert.ok(defects.length >= 30);
  for (const { name, file, from, to, test: path, pattern } of defects) {
    assert.equal(read(file).split(from).length, 2, `${name}: its text in ${file}`);
    assert.notEqual(from, to, name);
    const known = namesIn(path).map((n) => n.replace(/\$\{[^}]*\}/g, '.'));
    if (pattern === undefined) continue;
    // Names that are made of parts cannot be matched from here: the parts of a choice are looked for.
    const simple = pattern.replace(/\$$/, '');
    const parameterised = namesIn(path).some((n) => n.includes('${'));
    // A pattern may name the suites around a test as well.
    const there = known.some((n) => new RegExp(simple).test(n) || simple.endsWith(n));
    assert.ok(there || parameterised, `${name}: no test ${pattern} in ${path}`);
  }
});

test('P38 each invariant, case and rule has a seeded defect that turns a test of its name red', () => {
  const broken = new Set(
    defects.flatMap(({ test: path, pattern = '' }) =>
      namesIn(path)
        .map((name) => name.replace(/\$\{[^}]*\}/g, '.'))
        .filter((name) => new RegExp(pattern).test(name))
        .map(numbersOf)
        // A name that names nearly all says of none that it is this one.
        .filter((all) => all.length <= 6)
        .flat(),
    ),
  );
  // P38 is that they do.
  assert.deepEqual(
    numbers.filter((number) => !broken.has(number) && number !== 'P38'),
    [],
  );
});

test('the contract tests hold the notes on Google’s APIs line by line, and each of them holds a line', () => {
  const text = read('test/contract/README.md');
  const cited = [...text.matchAll(/`([\w/-]+)` “([^”]+)”/g)].map(([, file = '', name = '']) => {
    const path = `test/${file.includes('/') ? file : `contract/${file}`}.test.ts`;
    const found = namesIn(path).filter((n) => n.includes(name));
    assert.equal(found.length, 1, `${path}: “${name}”`);
    return `${path} ${found[0]}`;
  });
  assert.ok(cited.length > 100);
  const known = new Set(cited);
  const google = readdirSync(join(root, 'test/contract')).filter((f) =>
    /^google.*\.test\.ts$/.test(f),
  );
  const idle = google
    .flatMap((file) =>
      namesIn(`test/contract/${file}`).map((name) => `test/contract/${file} ${name}`),
    )
    .filter((test) => test.includes('google-contracts') && !known.has(test));
  assert.deepEqual(idle, []);
});
