/**
 * Cold start of each function's bundle: from the start of the process until it listens, and the memory
 * it has then. Beside it the same framework with a function that imports the `googleapis` index and the
 * clients that the bundle contains, from node_modules. `npm run bench:cold`, or with a number of runs.
 *
 * `googleapis` is no dependency of ours, and big: it is installed once into a folder for temporary files.
 * BENCH_GOOGLEAPIS names another node_modules that has it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bundle, bundle } from '../../infra/bundle.ts';
import { command, framework, freePort, link, settings } from '../infra/serve.ts';

const runs = Number(process.argv[2] ?? 9);
const GOOGLEAPIS = '178.0.0';
const MOST_OF_BASELINE = 0.5;
const MOST_BYTES: { [name: string]: number } = { crmChange: 6e6, syncUser: 6e6 };

/** Ends the process as soon as it listens, with the time and the memory. */
const probe = `data:text/javascript,${encodeURIComponent(`
  import net from 'node:net';
  import { writeSync } from 'node:fs';
  const { emit } = net.Server.prototype;
  net.Server.prototype.emit = function (event, ...args) {
    if (event !== 'listening') return emit.call(this, event, ...args);
    const ms = performance.timeOrigin + performance.now() - Number(process.env.BENCH_START);
    writeSync(1, '\\n@' + JSON.stringify({ ms, rss: process.memoryUsage().rss }) + '\\n');
    process.exit(0);
  };
`)}`;

interface Sample {
  ms: number;
  rss: number;
}

function start(dir: string, name: string, port: number): Sample {
  const args = ['--import', probe, ...command(dir, name, port)];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      PATH: process.env.PATH,
      ...settings,
      BENCH_START: String(performance.timeOrigin + performance.now()),
    },
  });
  const sample = stdout.match(/^@(.*)$/m)?.[1];
  if (!sample) throw new Error(`${name} does not listen:\n${stdout}${stderr}`);
  return JSON.parse(sample) as Sample;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** A folder with the build-less function of the same clients. */
function baseline(dir: string, { name, packages }: Bundle, googleapis: string): void {
  const clients = packages.filter((p) =>
    /^(@google-cloud\/(firestore|kms|pubsub|secret-manager)|google-auth-library|pino|zod)$/.test(p),
  );
  mkdirSync(dir, { recursive: true });
  for (const client of [framework, ...clients]) link(dir, client);
  link(dir, 'googleapis', googleapis);
  writeFileSync(join(dir, 'package.json'), '{"type":"module","main":"index.mjs"}');
  const imports = ['googleapis', ...clients].map((p, i) => `import * as p${i} from '${p}';`);
  const used = `globalThis.used = [${imports.map((_, i) => `p${i}`)}];`;
  const handler = `export const ${name} = (req, res) => res.end();`;
  writeFileSync(join(dir, 'index.mjs'), [...imports, used, handler].join('\n'));
}

/** The node_modules with googleapis in it. */
function googleapisFolder(): string {
  if (process.env.BENCH_GOOGLEAPIS) return process.env.BENCH_GOOGLEAPIS;
  const cache = join(tmpdir(), `crm-google-sync-bench-${GOOGLEAPIS}`);
  if (!existsSync(join(cache, 'node_modules/googleapis/package.json'))) {
    mkdirSync(cache, { recursive: true });
    const what = ['--no-audit', '--no-fund', '--ignore-scripts', `googleapis@${GOOGLEAPIS}`];
    const npm = spawnSync('npm', ['install', '--prefix', cache, ...what], { stdio: 'inherit' });
    if (npm.status !== 0) process.exit(2);
  }
  return join(cache, 'node_modules');
}

const googleapis = googleapisFolder();
const dir = mkdtempSync(join(tmpdir(), 'cold-start-'));
let failed = false;
try {
  const bundles = await bundle({ dirs: join(dir, 'bundles'), zips: join(dir, 'zips') });
  const port = await freePort();
  console.log(`Node ${process.version}, the quickest of ${runs} starts each, in turns\n`);
  console.log('| function | bundle | starts in | memory | without a bundle | memory | share |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const b of bundles) {
    link(b.dir, framework);
    const plain = join(dir, 'plain', b.name);
    baseline(plain, b, googleapis);
    const ours: Sample[] = [];
    const theirs: Sample[] = [];
    for (let i = 0; i <= runs; i++) {
      const pair = [start(b.dir, b.name, port), start(plain, b.name, port)] as const;
      if (i === 0) continue; // the first start reads from disk
      ours.push(pair[0]);
      theirs.push(pair[1]);
    }
    // The quickest: whatever else the machine does only ever adds.
    const ms = Math.min(...ours.map((s) => s.ms));
    const plainMs = Math.min(...theirs.map((s) => s.ms));
    const mb = (samples: Sample[]) => (median(samples.map((s) => s.rss)) / 1e6).toFixed(0);
    const share = ms / plainMs;
    const tooMuch = share > MOST_OF_BASELINE || b.size > (MOST_BYTES[b.name] ?? Infinity);
    failed ||= tooMuch;
    console.log(
      `| ${b.name} | ${(b.size / 1e6).toFixed(2)} MB | ${ms.toFixed(0)} ms | ${mb(ours)} MB ` +
        `| ${plainMs.toFixed(0)} ms | ${mb(theirs)} MB | ${share.toFixed(2)}${tooMuch ? ' (too much)' : ''} |`,
    );
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
if (failed) {
  console.error(
    `\nMore than ${MOST_OF_BASELINE} of the start without a bundle, or more than 6 MB.`,
  );
  process.exit(1);
}
