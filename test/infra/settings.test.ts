/** Both sides of the settings: functions/config.ts and the variables of infra/. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { loadConfig, settingsSchema } from '../../functions/config.ts';
import { example, full, minimal, plan, requireTerraform, variables } from './terraform.ts';

/** Settings without a variable of their name, each with the reason. */
const derived: { [setting: string]: string } = {
  GOOGLE_CLOUD_PROJECT: 'is project_id',
  KMS_KEY: 'is made here',
  OAUTH_CLIENT_ID_SECRET: 'is made here; oauth_client_id_version picks the version',
  OAUTH_CLIENT_SECRET_SECRET: 'is made here; oauth_client_secret_version picks the version',
  PUSH_AUDIENCE: "is the function's own address",
  PUSH_SERVICE_ACCOUNT: 'is made here',
};
const localOnly: { [setting: string]: string } = {
  PUSH_AUTH: 'off is refused on Cloud Run',
  GOOGLE_API_URL: 'another server than Google would be handed tokens',
  GOOGLE_PEOPLE_URL: 'as GOOGLE_API_URL',
  GOOGLE_TASKS_URL: 'as GOOGLE_API_URL',
  GOOGLE_ACCOUNTS_URL: 'as GOOGLE_API_URL',
  GOOGLE_OAUTH_URL: 'as GOOGLE_API_URL',
  SECRET_MANAGER_URL: 'only for a simulator',
  KMS_URL: 'only for a simulator',
};
/** Defaults that differ on purpose. */
const differs: { [setting: string]: string } = {};
/** In the environment of every function, though not a setting of ours. */
const runtime = ['METADATA_SERVER_DETECTION', 'NODE_ENV', 'NODE_OPTIONS'];

const settings = Object.keys(settingsSchema.shape) as (keyof typeof settingsSchema.shape)[];
const ours = settings.filter((name) => !(name in derived) && !(name in localOnly));
const declared = new Map(variables().map((v) => [v.name, v]));

/** As the environment spells a variable's value. */
function spelled(value: unknown): string {
  if (Array.isArray(value)) return value.join();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** What config.ts takes for an absent or given setting. */
function taken(name: keyof typeof settingsSchema.shape, value: string | undefined): unknown {
  const parsed = settingsSchema.shape[name].safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

for (const name of ours) {
  test(`${name} is a variable with a description, a check and the same default`, () => {
    const variable = declared.get(name.toLowerCase());
    assert.ok(variable, `infra/settings.tf has no variable ${name.toLowerCase()}`);
    assert.match(variable.description, /^.{15,}\.$/s);
    assert.ok(variable.validated || variable.type === 'bool', `${variable.name}: no validation`);
    const ours = taken(name, undefined);
    const theirs = variable.default === '' ? undefined : taken(name, spelled(variable.default));
    if (name in differs)
      assert.notDeepEqual(theirs, ours, `${name} is equal now: drop the exception`);
    else assert.deepEqual(theirs, ours);
  });
}

test('every exception names a setting that exists', () => {
  for (const name of Object.keys({ ...derived, ...localOnly, ...differs })) {
    assert.ok(settings.includes(name as never), `${name} is not in functions/config.ts`);
  }
});

test('every variable is described and checked', () => {
  for (const v of declared.values()) {
    assert.match(v.description, /^.{15,}$/s, v.name);
    const free =
      ['bool'].includes(v.type) || ['firestore_location', 'state_bucket'].includes(v.name);
    assert.ok(v.validated || free, `${v.name}: no validation`);
  }
});

test('variables are in alphabetical order within their file', () => {
  const names = [...declared.keys()];
  const isSetting = (name: string) => ours.includes(name.toUpperCase() as never);
  for (const group of [names.filter(isSetting), names.filter((n) => !isSetting(n))]) {
    assert.deepEqual(group, group.toSorted());
  }
});

const skip = requireTerraform();

for (const [title, vars] of Object.entries({ example, minimal, full })) {
  test(`${title}: every function gets every setting, and starts with them`, { skip }, () => {
    const functions = plan(vars).of('google_cloudfunctions2_function');
    assert.ok(functions.length > 0);
    for (const { index, values } of functions) {
      const env = values.service_config[0].environment_variables;
      assert.deepEqual(
        Object.keys(env).sort(),
        [...ours, ...Object.keys(derived), ...runtime].sort(),
        `${index}`,
      );
      const config = loadConfig({ ...env, K_SERVICE: 'a-function' });
      assert.equal(config.PUSH_AUTH, 'oidc');
      assert.match(config.OAUTH_CLIENT_SECRET_SECRET, /\/versions\/\d+$/, 'pinned');
    }
  });
}

test('what a tfvars file says reaches the functions', { skip }, () => {
  const [fn] = plan({
    ...minimal,
    conflict_policy: { place: 'google' },
    poll_seconds: 60,
    invite_external: true,
    calendar: 'dedicated',
    records: ['appointment', 'task'],
    calendar_name: 'Visits',
    public_url: 'https://sync.example.com',
  }).of('google_cloudfunctions2_function');
  const config = loadConfig(fn?.values.service_config[0].environment_variables);
  assert.deepEqual(config.CONFLICT_POLICY, { place: 'google' });
  assert.equal(config.POLL_SECONDS, 60);
  assert.deepEqual([config.CALENDAR, config.CALENDAR_NAME], ['dedicated', 'Visits']);
  assert.deepEqual(config.RECORDS, ['appointment', 'task']);
  assert.equal(config.INVITE_EXTERNAL, true);
  assert.equal(config.PUBLIC_URL, 'https://sync.example.com');
});
