/** The simulators of Secret Manager and KMS, called by Google's own client libraries. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type VaultClients, vaultClients } from '../../functions/vault/clients.ts';
import { crc32c } from '../../functions/vault/crc32c.ts';
import { type Cloud, type CloudServer, createCloud } from '../sandbox/cloud/cloud.ts';

const PROJECT = 'projects/p1';
const SECRET = `${PROJECT}/secrets/s`;
const LOCATION = `${PROJECT}/locations/europe-west3`;
const KEY = `${LOCATION}/keyRings/ring/cryptoKeys/key`;

let cloud: Cloud;
let server: CloudServer;
let kms: VaultClients['kms'];
let secrets: VaultClients['secrets'];

beforeEach(async () => {
  cloud = createCloud({ now: () => Date.parse('2026-03-02T08:00:00Z'), publish: () => {} });
  server = await cloud.listen();
  ({ kms, secrets } = vaultClients({ endpoint: server.url }));
});
afterEach(() => server.close());

/** Asserts an error of the REST transport with Google's body. */
function googleError(code: number, status: string) {
  return (error: unknown) => {
    const { message } = error as Error;
    const body = JSON.parse(message).error;
    assert.deepEqual([body.code, body.status], [code, status]);
    return true;
  };
}

describe('google-contracts 6.2: Secret Manager', () => {
  const create = () =>
    secrets.createSecret({
      parent: PROJECT,
      secretId: 's',
      secret: { replication: { automatic: {} }, labels: { app: 'x' } },
    });
  const add = (text: string) =>
    secrets.addSecretVersion({ parent: SECRET, payload: { data: Buffer.from(text) } });

  it('creates, reads, lists and deletes secrets', async () => {
    const [created] = await create();
    assert.equal(created.name, SECRET);
    assert.equal(created.labels?.app, 'x');
    assert.deepEqual((await secrets.getSecret({ name: SECRET }))[0], created);
    assert.equal((await secrets.listSecrets({ parent: PROJECT }))[0].length, 1);
    await assert.rejects(create(), googleError(409, 'ALREADY_EXISTS'));
    await secrets.deleteSecret({ name: SECRET });
    await assert.rejects(secrets.getSecret({ name: SECRET }), googleError(404, 'NOT_FOUND'));
    await assert.rejects(secrets.deleteSecret({ name: SECRET }), googleError(404, 'NOT_FOUND'));
  });

  it('answers by number and as latest, with the checksum', async () => {
    await create();
    const latest = `${SECRET}/versions/latest`;
    const missing = googleError(404, 'NOT_FOUND');
    await assert.rejects(secrets.accessSecretVersion({ name: latest }), missing);
    await add('one');
    const [second] = await add('two');
    assert.equal(second.name, `${SECRET}/versions/2`);
    assert.equal(second.state, 'ENABLED');
    const [read] = await secrets.accessSecretVersion({ name: latest });
    assert.equal(read.name, second.name);
    assert.equal(String(read.payload?.data), 'two');
    assert.equal(String(read.payload?.dataCrc32c), String(crc32c(Buffer.from('two'))));
    const [first] = await secrets.accessSecretVersion({ name: `${SECRET}/versions/1` });
    assert.equal(String(first.payload?.data), 'one');
    const [versions] = await secrets.listSecretVersions({ parent: SECRET });
    assert.deepEqual(
      versions.map(({ name }) => name?.slice(-1)),
      ['2', '1'],
    );
  });

  it('disables, enables and destroys versions', async () => {
    await create();
    const [{ name }] = await add('one');
    const version = { name: name as string };
    const blocked = googleError(400, 'FAILED_PRECONDITION');
    await secrets.disableSecretVersion(version);
    await assert.rejects(secrets.accessSecretVersion(version), blocked);
    await secrets.enableSecretVersion(version);
    assert.equal(String((await secrets.accessSecretVersion(version))[0].payload?.data), 'one');
    const [destroyed] = await secrets.destroySecretVersion(version);
    assert.equal(destroyed.state, 'DESTROYED');
    assert.ok(destroyed.destroyTime);
    await assert.rejects(secrets.accessSecretVersion(version), blocked);
    await assert.rejects(secrets.enableSecretVersion(version), blocked);
  });

  it('holds 64 KiB, checks checksums and etags', async () => {
    const [{ etag }] = await create();
    const invalid = googleError(400, 'INVALID_ARGUMENT');
    const full = Buffer.alloc(65_536);
    await secrets.addSecretVersion({ parent: SECRET, payload: { data: full } });
    await assert.rejects(add('x'.repeat(65_537)), invalid);
    const payload = { data: Buffer.from('one'), dataCrc32c: 1 };
    await assert.rejects(secrets.addSecretVersion({ parent: SECRET, payload }), invalid);
    const old = { name: SECRET, etag: '"0"' };
    await assert.rejects(secrets.deleteSecret(old), googleError(400, 'FAILED_PRECONDITION'));
    await secrets.deleteSecret({ name: SECRET, etag: etag as string });
  });
});

describe('google-contracts 6.2: KMS', () => {
  const aad = Buffer.from('context');

  async function createKey(): Promise<void> {
    await kms.createKeyRing({ parent: LOCATION, keyRingId: 'ring', keyRing: {} });
    await kms.createCryptoKey({
      parent: `${LOCATION}/keyRings/ring`,
      cryptoKeyId: 'key',
      cryptoKey: { purpose: 'ENCRYPT_DECRYPT' },
    });
  }

  async function encrypt(text: string): Promise<Buffer> {
    const request = { name: KEY, plaintext: Buffer.from(text), additionalAuthenticatedData: aad };
    return Buffer.from((await kms.encrypt(request))[0].ciphertext as Uint8Array);
  }

  it('creates ring and key once', async () => {
    await createKey();
    await assert.rejects(createKey(), googleError(409, 'ALREADY_EXISTS'));
    const [key] = await kms.getCryptoKey({ name: KEY });
    assert.equal(key.purpose, 'ENCRYPT_DECRYPT');
    assert.equal(key.primary?.name, `${KEY}/cryptoKeyVersions/1`);
    const elsewhere = { name: `${KEY}2`, plaintext: aad };
    await assert.rejects(kms.encrypt(elsewhere), googleError(404, 'NOT_FOUND'));
  });

  it('decrypts with the same context only', async () => {
    await createKey();
    const ciphertext = await encrypt('hello');
    const request = { name: KEY, ciphertext, additionalAuthenticatedData: aad };
    const [opened] = await kms.decrypt(request);
    assert.equal(String(opened.plaintext), 'hello');
    assert.equal(opened.usedPrimary, true);
    const invalid = googleError(400, 'INVALID_ARGUMENT');
    for (const other of ['', 'contexT']) {
      const wrong = { ...request, additionalAuthenticatedData: Buffer.from(other) };
      await assert.rejects(kms.decrypt(wrong), invalid);
    }
    assert.notDeepEqual(await encrypt('hello'), ciphertext);
  });

  it('takes 64 KiB of plaintext and 64 KiB of context', async () => {
    await createKey();
    const full = Buffer.alloc(65_536);
    const request = { name: KEY, plaintext: full, additionalAuthenticatedData: full };
    await kms.encrypt(request);
    const invalid = googleError(400, 'INVALID_ARGUMENT');
    const more = Buffer.alloc(65_537);
    await assert.rejects(kms.encrypt({ ...request, plaintext: more }), invalid);
    await assert.rejects(kms.encrypt({ ...request, additionalAuthenticatedData: more }), invalid);
  });

  it('checks and answers checksums', async () => {
    await createKey();
    const plaintext = Buffer.from('hello');
    const right = { name: KEY, plaintext, plaintextCrc32c: { value: crc32c(plaintext) } };
    const [sealed] = await kms.encrypt(right);
    assert.equal(sealed.verifiedPlaintextCrc32c, true);
    assert.equal(sealed.verifiedAdditionalAuthenticatedDataCrc32c, false);
    const sum = crc32c(sealed.ciphertext as Uint8Array);
    assert.equal(String(sealed.ciphertextCrc32c?.value), String(sum));
    const wrong = { ...right, plaintextCrc32c: { value: 1 } };
    await assert.rejects(kms.encrypt(wrong), googleError(400, 'INVALID_ARGUMENT'));
  });

  it('rotates, disables and destroys versions', async () => {
    await createKey();
    const ciphertext = await encrypt('hello');
    const request = { name: KEY, ciphertext, additionalAuthenticatedData: aad };
    await kms.createCryptoKeyVersion({ parent: KEY, cryptoKeyVersion: {} });
    await kms.updateCryptoKeyPrimaryVersion({ name: KEY, cryptoKeyVersionId: '2' });
    const [opened] = await kms.decrypt(request);
    assert.equal(opened.usedPrimary, false);
    const name = `${KEY}/cryptoKeyVersions/1`;
    const blocked = googleError(400, 'FAILED_PRECONDITION');
    const updateMask = { paths: ['state'] };
    const off = { name, state: 'DISABLED' as const };
    await kms.updateCryptoKeyVersion({ cryptoKeyVersion: off, updateMask });
    await assert.rejects(kms.decrypt(request), blocked);
    const on = { name, state: 'ENABLED' as const };
    await kms.updateCryptoKeyVersion({ cryptoKeyVersion: on, updateMask });
    await kms.decrypt(request);
    await kms.destroyCryptoKeyVersion({ name });
    await assert.rejects(kms.decrypt(request), blocked);
    assert.equal((await kms.listCryptoKeyVersions({ parent: KEY }))[0].length, 2);
  });
});
