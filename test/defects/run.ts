/**
 * Applies each defect of the list to a copy of the tree and sees that its test turns red:
 * `npm run test:defects`, or with part of a name, or of a file's, to try only those.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Defect } from './defect.ts';
import { defects } from './list.ts';

const root = resolve(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'defects-'));
/** Enough of each to notice; whoever changes a seed's meaning sees it here. */
const env = { ...process.env, SEEDS: '400', CASES: '500', NODE_TEST_CONTEXT: undefined };

function setUp(): void {
  for (const name of ['functions', 'test', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
}

/** Whether the defect's test passes in the copy as it is now; undefined: it runs nothing. */
function passes({ test, pattern }: Defect): boolean | undefined {
  const names = pattern === undefined ? [] : [`--test-name-pattern=${pattern}`];
  const args = ['--test', '--test-reporter=tap', ...names, test];
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: copy,
    env: env as NodeJS.ProcessEnv,
    encoding: 'utf8',
    timeout: 300_000,
  });
  const ran = [...stdout.matchAll(/^# (pass|fail|cancelled) (\d+)/gm)].reduce(
    (n, match) => n + Number(match[2]),
    0,
  );
  return ran === 0 ? undefined : status === 0;
}

function tryOne(defect: Defect): 'killed' | 'survives' | 'not applicable' {
  const path = join(copy, defect.file);
  const sound = readFileSync(path, 'utf8');
  if (sound.split(defect.from).length !== 2) return 'not applicable';
  writeFileSync(
    path,
    sound.replace(defect.from, () => defect.to),
  );
  try {
    return passes(defect) === false ? 'killed' : 'survives';
  } finally {
    writeFileSync(path, sound);
  }
}

const wanted = process.argv[2] ?? '';
const chosen = defects.filter(({ name, test, file }) =>
  [name, test, file].some((text) => text.includes(wanted)),
);
const began = Date.now();
let bad = 0;
try {
  setUp();
  const tests = new Map(chosen.map((d) => [`${d.test} ${d.pattern ?? ''}`, d]));
  for (const [name, defect] of tests) {
    if (passes(defect) === true) continue;
    bad += 1;
    console.log(`${name}: is red, or runs nothing, without any defect`);
  }
  for (const defect of chosen) {
    const outcome = tryOne(defect);
    if (outcome !== 'killed') bad += 1;
    console.log(
      `${outcome.padEnd(14)} ${defect.name.padEnd(75)} ${defect.test} ${defect.pattern ?? ''}`,
    );
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
const secs = Math.round((Date.now() - began) / 1000);
console.log(`${chosen.length} defects, ${bad} problems, ${secs} s`);
process.exitCode = bad > 0 ? 1 : 0;
