/** Who may do what: the plan's bindings against the table in infra/README.md, exactly. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  configuration,
  example,
  full,
  infra,
  minimal,
  type Plan,
  plan,
  type Resource,
  requireTerraform,
} from './terraform.ts';

const skip = requireTerraform();

interface Binding {
  who: string;
  role: string;
  on: string;
  condition: string;
}

/** All bindings of a plan, in the words of the table. */
function bindings(of: Plan): Binding[] {
  return of.resources.filter((r) => r.type.includes('_iam_')).flatMap(bindingsOf);
}

function bindingsOf(resource: Resource): Binding[] {
  const { type, values, address } = resource;
  if (type === 'google_project_iam_custom_role') return [];
  assert.match(type, /_iam_member$/, `${address}: policies and bindings overwrite what others set`);
  assert.ok(values.member, `${address}: the member is not known in the plan`);
  return [
    {
      who: short(values.member),
      role: values.role.replace(/^roles\//, '').replace(/^projects\/[^/]+\/roles\//, ''),
      on: target(type, values),
      condition: general(values.condition?.[0]?.expression ?? ''),
    },
  ];
}

/** An installation's own names by what they are. */
function general(text: string): string {
  return text
    .replace('123456789012', 'NUMBER')
    .replace('example-crm-sync', 'PROJECT')
    .replace('europe-west1', 'REGION');
}

/** `fn-crm-change` rather than the whole address; principals of others as they are. */
function short(member: string): string {
  if (/gcp-sa-pubsub/.test(member)) return 'Pub/Sub service agent';
  return member.replace(/^serviceAccount:([^@]+)@example-crm-sync\.iam\..*$/, '$1');
}

function target(type: string, values: Resource['values']): string {
  const kind = type.replace(/^google_/, '').replace(/_iam_member$/, '');
  const names: { [kind: string]: string } = {
    artifact_registry_repository: 'repository functions',
    cloud_run_service: `function ${values.service}`,
    kms_crypto_key: 'key refresh-tokens',
    project: 'project',
    pubsub_subscription: `subscription ${values.subscription}`,
    pubsub_topic: `topic ${values.topic}`,
    secret_manager_secret: `secret ${values.secret_id}`,
    storage_bucket: `bucket ${general(values.bucket ?? '')}`,
  };
  assert.ok(names[kind], `rights.test.ts has no word for ${type}`);
  return names[kind];
}

const row = (b: Binding) =>
  `| ${b.who} | ${b.role} | ${b.on} | ${b.condition && `\`${b.condition}\``} |`;

/** Rows between the table's markers. */
function documented(): string[] {
  const text = readFileSync(join(infra, 'README.md'), 'utf8');
  const table = text.match(/<!-- rights -->\n([\s\S]*?)<!-- \/rights -->/)?.[1] ?? '';
  return table.split('\n').filter((line) => line.startsWith('| ') && !/^\| (who|---)/.test(line));
}

test('the planned bindings are those of the table in README.md, no more and no less', {
  skip,
}, () => {
  assert.deepEqual(bindings(plan(example)).map(row).sort(), documented().sort());
});

/** What a browser, or Google's notifications, must reach. */
const open = ['function authorize', 'function google-push'];
/** `datastore.viewer` reads one kind of thing, which a condition narrows to one database. */
const forbidden =
  /(^|(?<!^datastore)\.|\/)(owner|editor|viewer)$|admin|tokenCreator|encrypterDecrypter|serviceAccountUser/i;

for (const [title, vars] of Object.entries({ minimal, example, full })) {
  test(`${title}: no wide role, nobody public but authorize and googlePush`, { skip }, () => {
    for (const b of bindings(plan(vars))) {
      assert.doesNotMatch(b.role, forbidden, row(b));
      if (/^all(Authenticated)?Users$/.test(b.who)) {
        assert.equal(b.role, 'run.invoker');
        assert.ok(open.includes(b.on), row(b));
      }
      // What is bound to the project must be narrowed. Two cannot be, and are harmless: see README.md.
      const free = ['logging.logWriter', 'crmGoogleSyncTokensCreate'];
      if (b.on === 'project' && !free.includes(b.role)) assert.notEqual(b.condition, '', row(b));
    }
  });

  test(`${title}: nobody both encrypts and decrypts, pushes and does more, or builds and runs`, {
    skip,
  }, () => {
    const roles = Object.groupBy(bindings(plan(vars)), (b) => b.who);
    for (const [who, own] of Object.entries(roles)) {
      const kms = new Set(own?.map((b) => b.role).filter((role) => role.startsWith('cloudkms.')));
      assert.ok(kms.size <= 1, who);
    }
    assert.deepEqual([...new Set(roles['pubsub-push']?.map((b) => b.role))], ['run.invoker']);
    assert.equal(roles['pubsub-push-crm'], undefined, 'its token opens nothing here');
  });

  test(`${title}: one account a function, no keys of accounts`, { skip }, () => {
    const of = plan(vars);
    const functions = of.of('google_cloudfunctions2_function');
    const accounts = functions.map((f) => f.values.service_config[0].service_account_email);
    assert.equal(new Set(accounts).size, functions.length);
    assert.deepEqual(of.of('google_service_account_key'), []);
  });
}

test('the custom roles hold only what the vault calls', { skip }, () => {
  const roles = plan(minimal).of('google_project_iam_custom_role');
  assert.deepEqual(Object.fromEntries(roles.map((r) => [r.index, r.values.permissions])), {
    create: ['secretmanager.secrets.create'],
    write: [
      'secretmanager.versions.add',
      'secretmanager.versions.destroy',
      'secretmanager.versions.list',
    ],
    read: ['secretmanager.versions.access'],
    use: ['secretmanager.secrets.delete', 'secretmanager.versions.access'],
  });
});

test('no value of a secret passes through Terraform', () => {
  assert.doesNotMatch(configuration(), /google_secret_manager_secret_version|secret_data/);
});

test('only hashicorp/google, at one exact version', () => {
  const sources = [
    ...configuration().matchAll(/source\s*=\s*"([^"]+)"\n\s*version\s*=\s*"([^"]+)"/g),
  ];
  assert.deepEqual(
    sources.map((s) => s[1]),
    ['hashicorp/google'],
  );
  assert.match(sources[0]?.[2] ?? '', /^\d+\.\d+\.\d+$/);
});
