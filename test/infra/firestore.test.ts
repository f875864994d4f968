/** Rules and indexes of the database, for the emulators, `firebase deploy` and Terraform alike. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fieldOverrides, indexes } from '../../functions/state/indexes.ts';
import { requireEmulators, startFirestore } from '../support/emulators.ts';
import { root } from './serve.ts';
import { infra, minimal, plan, requireTerraform } from './terraform.ts';

const json = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const firebase = json('firebase.json');

test('firebase.json names files that exist, and a port for each emulator', () => {
  for (const file of Object.values<string>(firebase.firestore)) {
    assert.ok(existsSync(join(root, file)), file);
  }
  const { firestore, pubsub } = firebase.emulators;
  assert.notEqual(firestore.port, pubsub.port);
});

test("the declared indexes are those of the store's queries", () => {
  const declared = json(firebase.firestore.indexes);
  assert.deepEqual(declared, JSON.parse(JSON.stringify({ indexes, fieldOverrides })));
});

test('Terraform deploys the declared indexes, exemptions and expiry', {
  skip: requireTerraform(),
}, () => {
  const of = plan(minimal);
  const declared = json(firebase.firestore.indexes);
  const composite = of.of('google_firestore_index').map(({ values }) => ({
    collectionGroup: values.collection,
    queryScope: values.query_scope,
    fields: values.fields.map((f: { field_path: string; order: string }) => ({
      fieldPath: f.field_path,
      order: f.order,
    })),
  }));
  const order = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  assert.deepEqual(composite.sort(order), declared.indexes.toSorted(order));
  const fields = of.of('google_firestore_field').map(({ values }) => ({
    collectionGroup: values.collection,
    fieldPath: values.field,
    ...(values.ttl_config.length > 0 && { ttl: true }),
    indexes: values.index_config[0].indexes,
  }));
  assert.deepEqual(fields.sort(order), declared.fieldOverrides.toSorted(order));
});

const documents = [
  'users/a',
  'intents/a',
  'users/a/links/a',
  'sessions/a',
  'deadLetters/a/parts/0',
];

test('no client may read or write anything', { skip: requireEmulators() }, async () => {
  const emulator = await startFirestore();
  const project = `rules-${process.pid}`;
  const base = `http://${emulator.host}`;
  const call = async (method: string, path: string, body?: object, token?: string) => {
    const headers = {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const answer = await fetch(`${base}${path}`, init);
    await answer.text();
    return answer.status;
  };
  // What Firebase's own sign-in would issue, in the form that the emulator takes unsigned.
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const claims = {
    sub: 'anna',
    user_id: 'anna',
    aud: project,
    iss: `https://securetoken.google.com/${project}`,
    iat: 1,
    exp: 9e9,
  };
  const signedIn = `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
  try {
    const content = readFileSync(join(infra, 'firestore.rules'), 'utf8');
    const rules = { rules: { files: [{ name: 'firestore.rules', content }] } };
    assert.equal(await call('PUT', `/emulator/v1/projects/${project}:securityRules`, rules), 200);
    for (const document of documents) {
      const path = `/v1/projects/${project}/databases/(default)/documents/${document}`;
      // The server's own road, which no rule concerns: the document is there.
      assert.equal(await call('PATCH', path, { fields: {} }, 'owner'), 200, document);
      for (const token of [undefined, signedIn]) {
        const list = path.slice(0, path.lastIndexOf('/'));
        assert.equal(await call('GET', path, undefined, token), 403, `get ${document}`);
        assert.equal(await call('GET', list, undefined, token), 403, `list ${document}`);
        assert.equal(await call('PATCH', path, { fields: {} }, token), 403, `write ${document}`);
        assert.equal(await call('DELETE', path, undefined, token), 403, `delete ${document}`);
      }
    }
  } finally {
    await emulator.stop();
  }
});
