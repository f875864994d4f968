/** One suite for every token vault, and what only the vault on Google Cloud must withstand. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { vaultClients } from '../../functions/vault/clients.ts';
import { crc32c } from '../../functions/vault/crc32c.ts';
import { createMemoryTokenVault } from '../../functions/vault/memory.ts';
import { type TokenVault, VaultError } from '../../functions/vault/ports.ts';
import {
  createTokenVault,
  secretIdOf,
  type TokenVaultOptions,
} from '../../functions/vault/token-vault.ts';
import { type Cloud, type CloudServer, createCloud } from '../sandbox/cloud/cloud.ts';

const KEY = 'projects/p1/locations/europe-west3/keyRings/sync/cryptoKeys/tokens';
const TOKEN = '1//0canary-refresh-token_äöü';
const ANNA = 'anna.berg@example.com';
const BEN = 'crm/user 17';
const LIMITS = { timeoutMs: 2_000, pauseMs: 1 };

let cloud: Cloud;
let server: CloudServer;
let options: TokenVaultOptions;
let vault: TokenVault;
let leftovers: VaultError[];

beforeEach(async () => {
  cloud = createCloud({ now: () => 1_800_000_000_000, publish: () => {} });
  cloud.kms.ensureKey(KEY);
  server = await cloud.listen();
  leftovers = [];
  const names = { projectId: 'p1', keyName: KEY, prefix: 'crm-google-token' };
  const leftover = (error: VaultError) => leftovers.push(error);
  options = { ...vaultClients({ endpoint: server.url }), ...names, leftover, limits: LIMITS };
  vault = createTokenVault(options);
});
afterEach(() => server.close());

const secretOf = (userId: string) => `projects/p1/secrets/${secretIdOf(options.prefix, userId)}`;
const storedFor = (userId: string) => cloud.secretManager.versions(secretOf(userId));
const statesOf = (userId: string) => storedFor(userId).map(({ state }) => state);

/** Asserts a VaultError with this code that quotes nothing. */
function failure(code: string | number, transient: boolean) {
  return (error: unknown) => {
    assert.ok(error instanceof VaultError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.transient, transient);
    assert.equal(error.kind, 'later');
    assert.equal(error.cause, undefined);
    const shown = `${error.stack}${JSON.stringify(error)}`;
    for (const secret of [TOKEN, Buffer.from(TOKEN).toString('base64'), 'anna.berg']) {
      assert.ok(!shown.includes(secret), shown);
    }
    return true;
  };
}

for (const [name, create] of [
  ['in memory', () => createMemoryTokenVault()],
  ['on Google Cloud', () => vault],
] as const) {
  describe(`token vault ${name}`, () => {
    let each: TokenVault;
    beforeEach(() => {
      each = create();
    });

    it('opens what was sealed, for each user', async () => {
      await each.seal(ANNA, TOKEN);
      await each.seal(BEN, 'of ben');
      assert.equal(await each.open(ANNA), TOKEN);
      assert.equal(await each.open(BEN), 'of ben');
    });

    it('knows nothing of a user it never saw', async () => {
      assert.equal(await each.open(ANNA), undefined);
    });

    it('opens the token sealed last', async () => {
      await each.seal(ANNA, 'first');
      await each.seal(ANNA, 'second');
      await each.seal(ANNA, 'third');
      assert.equal(await each.open(ANNA), 'third');
    });

    it('destroys one user, again and again, and seals anew', async () => {
      await each.seal(ANNA, TOKEN);
      await each.seal(BEN, 'of ben');
      await each.destroy(ANNA);
      await each.destroy(ANNA);
      assert.equal(await each.open(ANNA), undefined);
      assert.equal(await each.open(BEN), 'of ben');
      await each.seal(ANNA, 'anew');
      assert.equal(await each.open(ANNA), 'anew');
    });

    it('refuses ids and tokens that cannot be kept apart', async () => {
      const refused = failure('INVALID_ARGUMENT', false);
      await assert.rejects(each.seal('', TOKEN), refused);
      await assert.rejects(each.seal('\ud800', TOKEN), refused);
      await assert.rejects(each.open('\ud800'), refused);
      await assert.rejects(each.destroy(''), refused);
      await assert.rejects(each.seal(ANNA, ''), refused);
    });
  });
}

describe('stored tokens', () => {
  it('show neither the token nor the address', async () => {
    await vault.seal(ANNA, TOKEN);
    const dump = cloud.secretManager.dump();
    // Nothing shorter: the ciphertext is random and may hold any two or three letters.
    for (const text of [TOKEN, 'canary', Buffer.from(TOKEN).toString('base64'), ANNA]) {
      assert.ok(!dump.includes(text), text);
    }
    const [secret] = cloud.secretManager.names();
    assert.match(secret ?? '', /^projects\/p1\/secrets\/crm-google-token-[0-9a-f]{64}$/);
  });

  it('do not open for another user', async () => {
    await vault.seal(ANNA, TOKEN);
    await vault.seal(BEN, TOKEN);
    const [annas, bens] = [storedFor(ANNA)[0], storedFor(BEN)[0]];
    assert.ok(annas && bens);
    [annas.data, bens.data] = [bens.data, annas.data];
    await assert.rejects(vault.open(ANNA), failure('INVALID_ARGUMENT', false));
    await assert.rejects(vault.open(BEN), failure('INVALID_ARGUMENT', false));
  });

  it('do not open with any byte flipped, or cut short', async () => {
    await vault.seal(ANNA, TOKEN);
    const stored = storedFor(ANNA)[0];
    assert.ok(stored);
    const intact = stored.data;
    for (let i = 0; i < intact.length; i += 1) {
      stored.data = Buffer.from(intact);
      stored.data[i] = (intact[i] as number) ^ (1 << (i % 8));
      await assert.rejects(vault.open(ANNA), failure('INVALID_ARGUMENT', false), `byte ${i}`);
    }
    stored.data = intact.subarray(0, -1);
    await assert.rejects(vault.open(ANNA), failure('INVALID_ARGUMENT', false));
    stored.data = intact;
    assert.equal(await vault.open(ANNA), TOKEN);
  });

  it('leave only the newest version readable', async () => {
    for (const token of ['one', 'two', 'three']) await vault.seal(ANNA, token);
    assert.deepEqual(statesOf(ANNA), ['DESTROYED', 'DESTROYED', 'ENABLED']);
    assert.equal(storedFor(ANNA)[0]?.data.length, 0);
  });
});

describe('key rotation', () => {
  const madeWith = (userId: string) =>
    cloud.kms.versionOf(KEY, storedFor(userId).at(-1)?.data ?? Buffer.alloc(0));

  it('opens old tokens and seals new ones with the new version', async () => {
    await vault.seal(ANNA, 'before');
    assert.equal(cloud.kms.rotate(KEY), 2);
    await vault.seal(BEN, 'after');
    assert.equal(await vault.open(ANNA), 'before');
    assert.deepEqual([madeWith(ANNA), madeWith(BEN)], [1, 2]);
    await vault.seal(ANNA, 'again');
    assert.equal(madeWith(ANNA), 2);
    assert.equal(await vault.open(ANNA), 'again');
  });

  it('fails closed while a version is disabled, only for what it sealed', async () => {
    await vault.seal(ANNA, TOKEN);
    cloud.kms.rotate(KEY);
    await vault.seal(BEN, 'of ben');
    cloud.kms.setVersionState(KEY, 1, 'DISABLED');
    await assert.rejects(vault.open(ANNA), failure('FAILED_PRECONDITION', false));
    assert.equal(await vault.open(BEN), 'of ben');
    cloud.kms.setVersionState(KEY, 1, 'ENABLED');
    assert.equal(await vault.open(ANNA), TOKEN);
  });

  it('seals nothing while the primary version is disabled', async () => {
    cloud.kms.setVersionState(KEY, 1, 'DISABLED');
    await assert.rejects(vault.seal(ANNA, TOKEN), failure('FAILED_PRECONDITION', false));
    assert.deepEqual(cloud.secretManager.names(), []);
  });
});

describe('trouble on the way', () => {
  for (const [status, code] of [
    [503, 'UNAVAILABLE'],
    [429, 'RESOURCE_EXHAUSTED'],
    [500, 'INTERNAL'],
    [504, 'DEADLINE_EXCEEDED'],
    ['close', 'ECONNRESET'],
  ] as const) {
    it(`${status} from KMS is transient, and keeps what was there`, async () => {
      await vault.seal(ANNA, 'before');
      cloud.faults.add(
        status === 'close'
          ? { service: 'kms', kind: 'close' }
          : { service: 'kms', kind: 'status', status },
      );
      await assert.rejects(vault.seal(ANNA, TOKEN), failure(code, true));
      await assert.rejects(vault.open(ANNA), failure(code, true));
      cloud.faults.clear();
      assert.equal(await vault.open(ANNA), 'before');
    });
  }

  it('a missing right is not transient and is not repeated', async () => {
    cloud.faults.add({ service: 'kms', kind: 'status', status: 403 });
    await assert.rejects(vault.seal(ANNA, TOKEN), failure('PERMISSION_DENIED', false));
    assert.equal(cloud.stats['kms.Encrypt'], 1);
  });

  it('one failure of each call is got over', async () => {
    for (const when of ['before', 'after'] as const) {
      for (const method of ['CreateSecret', 'AddSecretVersion', 'AccessSecretVersion']) {
        cloud.faults.add({
          service: 'secretmanager',
          method,
          kind: 'status',
          status: 503,
          count: 1,
          when,
        });
      }
      for (const method of ['DestroySecretVersion', 'DeleteSecret', 'ListSecretVersions']) {
        cloud.faults.add({ service: 'secretmanager', method, kind: 'close', count: 1, when });
      }
      cloud.faults.add({ service: 'kms', kind: 'status', status: 503, count: 1, when });
      await vault.seal(ANNA, 'first');
      await vault.seal(ANNA, TOKEN);
      assert.equal(await vault.open(ANNA), TOKEN);
      assert.equal(statesOf(ANNA).filter((state) => state !== 'DESTROYED').length, 1);
      await vault.destroy(ANNA);
      assert.equal(await vault.open(ANNA), undefined);
    }
    assert.deepEqual(leftovers, []);
  });

  it('a server that never answers is given up', async () => {
    const impatient = createTokenVault({ ...options, limits: { timeoutMs: 100, pauseMs: 1 } });
    cloud.faults.add({ service: 'kms', kind: 'hang' });
    await assert.rejects(impatient.seal(ANNA, TOKEN), failure('DEADLINE_EXCEEDED', true));
  });

  it('a crash before the old version is destroyed leaves one version, which the next seal takes', async () => {
    await vault.seal(ANNA, 'old');
    cloud.faults.add({
      service: 'secretmanager',
      method: 'DestroySecretVersion',
      kind: 'status',
      status: 503,
    });
    await vault.seal(ANNA, 'new');
    assert.deepEqual(statesOf(ANNA), ['ENABLED', 'ENABLED']);
    assert.deepEqual(
      leftovers.map(({ code }) => code),
      ['UNAVAILABLE'],
    );
    assert.equal(await vault.open(ANNA), 'new');
    cloud.faults.clear();
    await vault.seal(ANNA, 'newest');
    assert.deepEqual(statesOf(ANNA), ['DESTROYED', 'DESTROYED', 'ENABLED']);
  });

  it('a crash between creating the secret and its first version counts as no token', async () => {
    cloud.faults.add({
      service: 'secretmanager',
      method: 'AddSecretVersion',
      kind: 'status',
      status: 404,
      count: 1,
    });
    cloud.faults.add({
      service: 'secretmanager',
      method: 'AddSecretVersion',
      kind: 'status',
      status: 403,
    });
    await assert.rejects(vault.seal(ANNA, TOKEN), failure('PERMISSION_DENIED', false));
    assert.deepEqual(cloud.secretManager.names(), [secretOf(ANNA)]);
    assert.equal(await vault.open(ANNA), undefined);
    cloud.faults.clear();
    await vault.seal(ANNA, TOKEN);
    assert.equal(await vault.open(ANNA), TOKEN);
  });

  it('two seals at once leave one token, and no newer one is destroyed', async () => {
    await Promise.all(['a', 'b', 'c'].map((token) => vault.seal(ANNA, token)));
    assert.equal(statesOf(ANNA).at(-1), 'ENABLED');
    assert.ok(['a', 'b', 'c'].includes((await vault.open(ANNA)) ?? ''));
  });
});

describe('versions that cannot be read', () => {
  const setState = (state: 'DISABLED' | 'DESTROYED') => {
    for (const version of storedFor(ANNA)) version.state = state;
  };

  it('destroyed: there is no token', async () => {
    await vault.seal(ANNA, TOKEN);
    setState('DESTROYED');
    assert.equal(await vault.open(ANNA), undefined);
  });

  it('disabled by an admin: an error, until the user connects again', async () => {
    await vault.seal(ANNA, TOKEN);
    setState('DISABLED');
    await assert.rejects(vault.open(ANNA), failure('FAILED_PRECONDITION', false));
    await vault.seal(ANNA, 'new');
    assert.equal(await vault.open(ANNA), 'new');
  });

  it('a lagging `latest` hides neither the first token nor the next', async () => {
    await vault.seal(ANNA, 'first');
    cloud.secretManager.holdLatest(secretOf(ANNA), 0);
    assert.equal(await vault.open(ANNA), 'first');
    cloud.secretManager.holdLatest(secretOf(ANNA), 1);
    await vault.seal(ANNA, 'second');
    await vault.seal(ANNA, 'third');
    assert.equal(await vault.open(ANNA), 'third');
  });
});

describe('clients', () => {
  it('send tokens in the clear to this machine only', () => {
    for (const endpoint of ['http://example.com:8080', 'https://127.0.0.1', 'http://10.0.0.1']) {
      assert.throws(() => vaultClients({ endpoint }), /this machine/);
    }
  });

  it('use the checksum of Google', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
    assert.equal(crc32c(Buffer.alloc(0)), 0);
  });
});

it('a token needs two calls to open', async () => {
  await vault.seal(ANNA, 'first');
  for (const key of Object.keys(cloud.stats)) delete cloud.stats[key];
  await vault.open(ANNA);
  assert.deepEqual(cloud.stats, { 'secretmanager.AccessSecretVersion': 1, 'kms.Decrypt': 1 });
});
