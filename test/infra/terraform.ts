/**
 * Plans of infra/ as JSON, made offline against the schema of the real provider by a tool beside the
 * repository. Where it or Terraform is missing, tests that need a plan skip, and say so.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
export const infra = join(root, 'infra');
const tool = process.env.TERRAFORM_CHECK ?? resolve(root, '../shared/terraform-check/check');

/** Attribute values as planned; what only an apply can tell is absent. */
// biome-ignore lint/suspicious/noExplicitAny: the values are whatever Terraform's providers declare
export type Values = { [attribute: string]: any };

export interface Resource {
  address: string;
  type: string;
  name: string;
  index?: string;
  values: Values;
}

export interface Plan {
  resources: Resource[];
  /** Of one type, optionally of one name in the configuration. */
  of(type: string, name?: string): Resource[];
}

/** For node:test's `skip` option. With REQUIRE_TERRAFORM=1 a missing tool is a failure. */
export function requireTerraform(): string | false {
  const missing = [
    ...(works('terraform', '-version') ? [] : ['terraform']),
    ...(existsSync(tool) ? [] : [tool]),
  ];
  if (missing.length === 0) return false;
  const reason = `no plan of infra/ without ${missing.join(' and ')}`;
  if (process.env.REQUIRE_TERRAFORM === '1') throw new Error(reason);
  console.warn(`\n*** SKIPPED: ${reason} ***\n`);
  return reason;
}

function works(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export const example = join(infra, 'example.tfvars');

/** The least that an installation says. */
export const minimal = { project_id: 'example-crm-sync', region: 'europe-west1' };

/** Everything switched on. */
export const full = {
  ...minimal,
  alert_emails: ['it-operations@example.com'],
  billing_account: '012345-6789AB-CDEF01',
  crm_members: ['serviceAccount:crm@example-crm.iam.gserviceaccount.com'],
  crm_push_endpoint: 'https://crm.example.com/google-changes',
  deployer: 'deployer@example-crm-sync.iam.gserviceaccount.com',
  planner: 'planner@example-crm-sync.iam.gserviceaccount.com',
  repository: 'projects/example-crm-sync/locations/europe-west1/connections/git/repositories/sync',
  state_bucket: 'example-crm-sync-terraform',
  warm_functions: ['crmChange'],
};

const plans = new Map<string, Plan>();

/** The plan for the variables (a tfvars file or an object). Throws with Terraform's own message. */
export function plan(variables: string | Values): Plan {
  const key = JSON.stringify(variables);
  const known = plans.get(key);
  if (known) return known;
  const dir = mkdtempSync(join(tmpdir(), 'infra-plan-'));
  try {
    const vars = typeof variables === 'string' ? variables : join(dir, 'vars.tfvars.json');
    if (typeof variables !== 'string') writeFileSync(vars, JSON.stringify(variables));
    const json = join(dir, 'plan.json');
    run([infra, '--plan', vars], { PLAN_JSON: json });
    const made = toPlan(JSON.parse(readFileSync(json, 'utf8')));
    plans.set(key, made);
    return made;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function toPlan(json: { planned_values: { root_module: { resources: Resource[] } } }): Plan {
  const { resources } = json.planned_values.root_module;
  return {
    resources,
    of: (type, name) =>
      resources.filter((r) => r.type === type && (name === undefined || r.name === name)),
  };
}

/** Runs the offline check with these arguments; throws with its output when it fails. */
export function run(args: string[], env: NodeJS.ProcessEnv = {}): string {
  try {
    return execFileSync(tool, args, {
      encoding: 'utf8',
      timeout: 280_000,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    throw new Error(`terraform: ${(error as { stdout?: string }).stdout ?? error}`);
  }
}

/** All configuration files, joined. */
export function configuration(): string {
  const files = readdirSync(infra).filter((file) => file.endsWith('.tf'));
  return files.map((file) => readFileSync(join(infra, file), 'utf8')).join('\n');
}

export interface Variable {
  name: string;
  description: string;
  type: string;
  /** As JSON would spell it; undefined: the admin has to say. */
  default: unknown;
  validated: boolean;
}

/** Variables of the module, read from their blocks: needs no Terraform. */
export function variables(): Variable[] {
  return [...configuration().matchAll(/^variable "(\w+)" \{\n([\s\S]*?)^\}/gm)].map(
    ([, name = '', body = '']) => {
      const attribute = (key: string) => body.match(new RegExp(`^  ${key} += (.*)$`, 'm'))?.[1];
      const fallback = attribute('default');
      return {
        name,
        description: JSON.parse(attribute('description') ?? '""'),
        type: attribute('type') ?? '',
        default: fallback === undefined ? undefined : JSON.parse(fallback),
        validated: /^ {2}validation \{/m.test(body),
      };
    },
  );
}
