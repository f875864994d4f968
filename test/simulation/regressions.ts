/** Scripts that failed once: kept, and run with every test. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Script } from './script.ts';

const folder = join(import.meta.dirname, 'regressions');

export function regressions(): { name: string; script: Script }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({ name, script: JSON.parse(readFileSync(join(folder, name), 'utf8')) }));
}

/** Keeps a script under a name that says what it violated; returns the file's path. */
export function keep(script: Script, invariants: Iterable<string>): string {
  const violated = [...invariants].sort().join('-').replaceAll(' ', '');
  const path = join(folder, `${violated}-${script.seed}.json`);
  writeFileSync(path, `${JSON.stringify(script, null, 1)}\n`);
  return path;
}
