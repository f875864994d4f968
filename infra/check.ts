/**
 * Checks infra/ without a cloud: `node infra/check.ts`. Format and syntax, the tests of test/infra, and,
 * where the offline check lies beside the repository (or TERRAFORM_CHECK says where), `terraform
 * validate`, `plan` and `test` against the provider's schema. Ends with 1 when anything fails.
 * `--without-tests` leaves out test/infra, for whoever has run all tests anyway.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const offline = process.env.TERRAFORM_CHECK ?? resolve(root, '../shared/terraform-check/check');
let failed = false;

function step(name: string, program: string, ...args: string[]): void {
  console.log(`\n== ${name}`);
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    timeout: 600_000,
  });
  if (error) console.error(`${program}: ${error.message}`);
  if (status !== 0) failed = true;
}

function skipped(what: string, why: string): void {
  console.warn(`\n*** SKIPPED: ${what}: ${why} ***`);
  if (process.env.REQUIRE_TERRAFORM === '1') failed = true;
}

const terraform = spawnSync('terraform', ['version'], { stdio: 'ignore' }).status === 0;
if (terraform)
  step('format and syntax', 'terraform', 'fmt', '-check', '-diff', '-recursive', 'infra');
else skipped('format and syntax', 'terraform is not installed');

// Also without the offline check: tests that need a plan skip by themselves, loudly.
if (!process.argv.includes('--without-tests')) {
  const tests = globSync('test/infra/*.test.ts', { cwd: root }).sort();
  step('tests', process.execPath, join(root, 'test/run.ts'), ...tests);
}

if (terraform && existsSync(offline)) {
  step('validate, plan, test', offline, 'infra', '--plan', 'infra/example.tfvars', '--test');
} else {
  skipped(
    'validate, plan, test',
    terraform ? `${offline} is not there` : 'terraform is not installed',
  );
}

console.log(failed ? '\ncheck:infra failed' : '\ncheck:infra passed');
process.exit(failed ? 1 : 0);
