/** Rules of the plan that Terraform itself does not know. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { example, full, infra, minimal, plan, requireTerraform } from './terraform.ts';

const skip = requireTerraform();

for (const [title, vars] of Object.entries({ minimal, example, full })) {
  test(`${title}: every worker has its push subscription, and nothing can be lost`, {
    skip,
  }, () => {
    const of = plan(vars);
    const functions = of.of('google_cloudfunctions2_function');
    const subscriptions = of.of('google_pubsub_subscription', 'worker');
    const workers = functions.filter(
      (f) => f.values.service_config[0].ingress_settings === 'ALLOW_INTERNAL_ONLY',
    );
    assert.deepEqual(subscriptions.map((s) => s.index).sort(), workers.map((f) => f.index).sort());
    for (const { index, values } of subscriptions) {
      const service = functions.find((f) => f.index === index)?.values.service_config[0];
      const push = values.push_config[0];
      assert.ok(values.ack_deadline_seconds > service.timeout_seconds, 'redelivered while at work');
      assert.ok(values.ack_deadline_seconds <= 600, 'the most that Pub/Sub waits');
      assert.deepEqual(values.retry_policy, [{ minimum_backoff: '10s', maximum_backoff: '600s' }]);
      assert.ok(values.dead_letter_policy[0].max_delivery_attempts >= 5);
      assert.deepEqual(values.expiration_policy, [{ ttl: '' }]);
      assert.ok(!values.enable_message_ordering);
      // The function checks exactly this audience and this account.
      const env = service.environment_variables;
      assert.equal(push.oidc_token[0].audience, env.PUSH_AUDIENCE);
      assert.equal(push.oidc_token[0].service_account_email, env.PUSH_SERVICE_ACCOUNT);
      assert.equal(push.push_endpoint, env.PUSH_AUDIENCE);
    }
    for (const s of of.of('google_pubsub_subscription')) {
      assert.deepEqual(s.values.expiration_policy, [{ ttl: '' }], s.address);
    }
    assert.equal(of.of('google_pubsub_subscription', 'dead_letters').length, 1);
  });

  test(`${title}: names that Google accepts`, { skip }, () => {
    const of = plan(vars);
    for (const { values } of [
      ...of.of('google_pubsub_topic'),
      ...of.of('google_pubsub_subscription'),
    ]) {
      assert.match(values.name, /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/);
    }
    for (const { values } of of.of('google_service_account')) {
      assert.match(values.account_id, /^[a-z]([-a-z0-9]{4,28}[a-z0-9])$/);
    }
    for (const { values } of of.of('google_cloudfunctions2_function')) {
      assert.match(values.name, /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/);
    }
  });

  test(`${title}: functions are sized within Cloud Run's rules`, { skip }, () => {
    for (const { index, values } of plan(vars).of('google_cloudfunctions2_function')) {
      const service = values.service_config[0];
      assert.equal(values.build_config[0].runtime, 'nodejs24', index);
      assert.equal(values.build_config[0].entry_point, index);
      assert.deepEqual(values.event_trigger, [], 'own subscriptions, not Eventarc');
      // Below one CPU an instance takes one request at a time.
      if (Number(service.available_cpu) < 1) {
        assert.equal(service.max_instance_request_concurrency, 1, index);
      }
      assert.ok(service.max_instance_count >= 1 && service.min_instance_count <= 1, index);
    }
  });
}

test('the key turns and stays', { skip }, () => {
  const [key] = plan(minimal).of('google_kms_crypto_key');
  assert.equal(key?.values.rotation_period, `${90 * 86_400}s`);
  const kms = readFileSync(join(infra, 'kms.tf'), 'utf8');
  assert.match(kms, /prevent_destroy = true/);
});

test('the database is protected, backed up, and closed to clients', { skip }, () => {
  const of = plan(minimal);
  const [database] = of.of('google_firestore_database');
  assert.equal(database?.values.delete_protection_state, 'DELETE_PROTECTION_ENABLED');
  assert.equal(database?.values.type, 'FIRESTORE_NATIVE');
  assert.equal(of.of('google_firestore_backup_schedule').length, 2);
  const [rules] = of.of('google_firebaserules_ruleset');
  assert.equal(
    rules?.values.source[0].files[0].content,
    readFileSync(join(infra, 'firestore.rules'), 'utf8'),
  );
});

test('the push to the CRM is a variant of the one subscription', { skip }, () => {
  const [pull] = plan(minimal).of('google_pubsub_subscription', 'crm');
  const [push] = plan(full).of('google_pubsub_subscription', 'crm');
  assert.deepEqual(pull?.values.push_config, []);
  assert.equal(push?.values.push_config[0].push_endpoint, full.crm_push_endpoint);
  assert.match(
    push?.values.push_config[0].oidc_token[0].service_account_email,
    /^pubsub-push-crm@/,
  );
  const [ordered] = plan({ ...minimal, crm_message_ordering: true }).of(
    'google_pubsub_subscription',
    'crm',
  );
  assert.equal(ordered?.values.enable_message_ordering, true);
  assert.deepEqual(ordered?.values.dead_letter_policy, [], 'can stall a key');
});

test('every alert says what to do', { skip }, () => {
  const alerts = plan(full).of('google_monitoring_alert_policy');
  assert.deepEqual(alerts.map((a) => a.index).sort(), [
    'dead_letters',
    'error_rate',
    'messages_waiting',
    'quota',
    'reauthorize',
    'scheduler_silent',
    'sync_duration',
    'sync_lag',
  ]);
  for (const { index, values } of alerts) {
    assert.match(values.documentation[0].content, /^1\. .*\n2\. /ms, index);
  }
});

test('metrics count events that the functions log', { skip }, () => {
  const source = readFileSync(join(infra, '../functions/log.ts'), 'utf8');
  const events = new Map(
    [...source.matchAll(/^ {2}'([\w.]+)': \{([^}]*)\}/gm)].map(([, name = '', body = '']) => [
      name,
      [...body.matchAll(/(\w+)\??:/g)].map((m) => m[1]),
    ]),
  );
  const metrics = plan(minimal).of('google_logging_metric');
  assert.ok(metrics.length >= 7);
  for (const { values } of metrics) {
    const named = values.filter.match(/jsonPayload\.event=\(?((?:"[\w.]+"(?: OR )?)+)/)[1];
    const text = [values.filter, values.value_extractor, JSON.stringify(values.label_extractors)];
    const fields = [...text.join(' ').matchAll(/jsonPayload\.(\w+)/g)].map((m) => m[1]);
    for (const [, event] of named.matchAll(/"([\w.]+)"/g)) {
      const known = events.get(event);
      assert.ok(known, `${values.name}: functions/log.ts has no event ${event}`);
      for (const field of fields.filter((f) => f !== 'event')) {
        assert.ok(known.includes(field), `${values.name}: ${event} has no field ${field}`);
      }
    }
  }
});

test('the budget and the pipeline are there when asked for', { skip }, () => {
  assert.equal(plan(minimal).of('google_billing_budget').length, 0);
  assert.equal(plan(minimal).of('google_cloudbuild_trigger').length, 0);
  assert.equal(plan(full).of('google_billing_budget').length, 1);
  const triggers = plan(full).of('google_cloudbuild_trigger');
  assert.deepEqual(
    triggers.map((t) => [
      t.index,
      t.values.substitutions._APPLY,
      t.values.approval_config[0].approval_required,
    ]),
    [
      ['apply', 'yes', true],
      ['plan', 'no', false],
    ],
  );
});
