import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../infra/bundle.ts';
import { framework, link } from '../infra/serve.ts';

/** One folder that serves each bundle by its name: the local stack starts all functions from one. The caller removes it. */
export async function bundled(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'deployed-'));
  await bundle({ dirs: dir, zips: join(dir, 'zips') });
  link(dir, framework);
  writeFileSync(join(dir, 'package.json'), '{"type":"module","main":"index.mjs"}');
  const target = "process.argv.find((a) => a.startsWith('--target=')).slice(9)";
  writeFileSync(join(dir, 'index.mjs'), `await import(\`./\${${target}}/index.mjs\`);\n`);
  return dir;
}
