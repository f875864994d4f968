import assert from 'node:assert/strict';
import test from 'node:test';
import { ConfigError, loadConfig } from '../../functions/config.ts';

const good = {
  GOOGLE_CLOUD_PROJECT: 'p',
  PUBLIC_URL: 'https://sync.example/',
  KMS_KEY: 'projects/p/locations/l/keyRings/r/cryptoKeys/k',
  OAUTH_CLIENT_ID_SECRET: 'projects/p/secrets/id/versions/1',
  OAUTH_CLIENT_SECRET_SECRET: 'projects/p/secrets/secret/versions/1',
  PUSH_AUDIENCE: 'https://sync.example',
  PUSH_SERVICE_ACCOUNT: 'push@p.iam.gserviceaccount.com',
};

test('defaults are filled in and addresses lose their last slash', () => {
  const config = loadConfig(good);
  assert.equal(config.PUBLIC_URL, 'https://sync.example');
  assert.equal(config.WINDOW_DAYS_AHEAD, 365);
  assert.deepEqual(config.CONFLICT_POLICY, {});
  assert.equal(loadConfig({ ...good, WINDOW_DAYS_AHEAD: '' }).WINDOW_DAYS_AHEAD, 365);
});

test('a policy names fields, of all record types or of one', () => {
  const policyOf = (policy: object) =>
    loadConfig({ ...good, CONFLICT_POLICY: JSON.stringify(policy) }).CONFLICT_POLICY;
  const policy = { place: 'google', 'contact.title': 'google', 'task.title': 'crm' };
  assert.deepEqual(policyOf(policy), policy);
  for (const wrong of ['contact.place', 'plaice', 'letter.title'])
    assert.throws(() => policyOf({ [wrong]: 'crm' }), new RegExp(`names ${wrong}`));
});

test('all problems are reported at once, by name', () => {
  const bad = {
    ...good,
    KMS_KEY: '',
    PUBLIC_URL: 'nowhere',
    POLL_SECONDS: 'soon',
    CONFLICT_POLICY: '{"place":"me"}',
  };
  assert.throws(
    () => loadConfig(bad),
    (error: Error) => {
      assert.ok(error instanceof ConfigError);
      for (const name of ['KMS_KEY', 'PUBLIC_URL', 'POLL_SECONDS', 'CONFLICT_POLICY'])
        assert.match(error.message, new RegExp(name));
      return true;
    },
  );
});

test('the push check cannot be off on Cloud Run, nor on without its settings', () => {
  assert.throws(
    () => loadConfig({ ...good, PUSH_AUTH: 'off', K_SERVICE: 'crmchange' }),
    /PUSH_AUTH/,
  );
  assert.throws(() => loadConfig({ ...good, PUSH_AUDIENCE: '' }), /PUSH_AUDIENCE/);
  assert.equal(loadConfig({ ...good, PUSH_AUTH: 'off', PUSH_AUDIENCE: '' }).PUSH_AUTH, 'off');
});

test('record types are on unless the setting leaves them out; unknown ones are refused', () => {
  assert.deepEqual(loadConfig(good).RECORDS, ['appointment', 'contact', 'task']);
  assert.deepEqual(loadConfig({ ...good, RECORDS: 'task, appointment' }).RECORDS, [
    'appointment',
    'task',
  ]);
  assert.throws(() => loadConfig({ ...good, RECORDS: 'appointment,mail' }), /RECORDS/);
});
