/** Replays a seed, its swarm or a kept script, and prints its trace: `npx node test/simulation/replay.ts 42`, `swarm:42`. */
import { existsSync, readFileSync } from 'node:fs';
import type { Script } from './script.ts';
import { simulate } from './simulate.ts';
import { scriptNamed } from './swarm.ts';

const [what = '1'] = process.argv.slice(2);
const script: Script = existsSync(what)
  ? JSON.parse(readFileSync(what, 'utf8'))
  : scriptNamed(what);
const { lines, violations, hash } = await simulate(script, { lines: true });
for (const line of lines) console.log(line);
for (const { invariant, detail } of violations) console.log(`${invariant}: ${detail}`);
console.log(`${violations.length} violations, trace ${hash}`);
process.exitCode = violations.length > 0 ? 1 : 0;
