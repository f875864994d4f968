/**
 * Refresh tokens, encrypted by Cloud KMS, the ciphertext in Secret Manager: whoever reads only one of
 * the two holds nothing. KMS uses AES-256-GCM with a fresh nonce a call; the user id is authenticated
 * with it, so a ciphertext copied to another user's secret does not open.
 */
import { createHash } from 'node:crypto';
import type { KeyManagementServiceClient } from '@google-cloud/kms';
import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { type CallLimits, call, VersionNotEnabled } from './call.ts';
import { crc32c } from './crc32c.ts';
import { bytes, matches, requireIntact } from './integrity.ts';
import { type TokenVault, VaultError } from './ports.ts';

/** What the vault is built from. */
export interface TokenVaultOptions {
  kms: KeyManagementServiceClient;
  secrets: SecretManagerServiceClient;
  projectId: string;
  /** Full resource name of the crypto key (not of a version: rotation must take effect). */
  keyName: string;
  /** First part of every secret's id, for example `crm-google-token`. */
  prefix: string;
  /** Told when an older version could not be destroyed; the next seal tries again. */
  leftover?: (error: VaultError) => void;
  limits?: CallLimits;
}

/** The vault on Google Cloud. */
export function createTokenVault(options: TokenVaultOptions): TokenVault {
  const { kms, secrets, projectId, keyName, prefix, limits } = options;
  const project = `projects/${projectId}`;

  async function encrypt(userId: string, refreshToken: string): Promise<Uint8Array> {
    const plaintext = Buffer.from(refreshToken, 'utf8');
    const aad = boundTo(userId);
    const request = {
      name: keyName,
      plaintext,
      plaintextCrc32c: { value: crc32c(plaintext) },
      additionalAuthenticatedData: aad,
      additionalAuthenticatedDataCrc32c: { value: crc32c(aad) },
    };
    const sealed = await call('kms.encrypt', () => kms.encrypt(request), limits);
    const ciphertext = bytes(sealed.ciphertext);
    // Without the flags KMS may have encrypted something that a proxy mangled.
    const verified =
      sealed.verifiedPlaintextCrc32c && sealed.verifiedAdditionalAuthenticatedDataCrc32c;
    requireIntact(
      'kms.encrypt',
      verified === true && matches(ciphertext, sealed.ciphertextCrc32c?.value),
    );
    return ciphertext;
  }

  async function decrypt(userId: string, ciphertext: Uint8Array): Promise<string> {
    const aad = boundTo(userId);
    const request = {
      name: keyName,
      ciphertext,
      ciphertextCrc32c: { value: crc32c(ciphertext) },
      additionalAuthenticatedData: aad,
      additionalAuthenticatedDataCrc32c: { value: crc32c(aad) },
    };
    const opened = await call('kms.decrypt', () => kms.decrypt(request), limits);
    const plaintext = bytes(opened.plaintext);
    requireIntact('kms.decrypt', matches(plaintext, opened.plaintextCrc32c?.value));
    return Buffer.from(plaintext).toString('utf8');
  }

  /** Adds a version and answers with its number. */
  async function add(secret: string, data: Uint8Array): Promise<number> {
    const payload = { data, dataCrc32c: crc32c(data) };
    const request = { parent: secret, payload };
    const added = await call('secret.add', () => secrets.addSecretVersion(request), limits);
    return versionNumber(added.name);
  }

  async function create(secretId: string): Promise<void> {
    const secret = { replication: { automatic: {} } };
    const request = { parent: project, secretId, secret };
    await call('secret.create', () => secrets.createSecret(request), limits).catch(
      unless('ALREADY_EXISTS'),
    );
  }

  /** Destroys what is older than the version just added; never a newer one of a parallel seal. */
  async function destroyOlder(secret: string, newest: number): Promise<void> {
    const request = { parent: secret };
    const versions = await call('secret.list', () => secrets.listSecretVersions(request), limits);
    for (const { name, state } of versions) {
      if (!name || state === 'DESTROYED' || versionNumber(name) >= newest) continue;
      await call(
        'secret.destroyVersion',
        () => secrets.destroySecretVersion({ name }),
        limits,
      ).catch(unless('NOT_FOUND', 'FAILED_PRECONDITION'));
    }
  }

  /** The ciphertext of a version, or why there is none. */
  async function access(
    secret: string,
    version: number | 'latest',
  ): Promise<Uint8Array | VersionNotEnabled | undefined> {
    const request = { name: `${secret}/versions/${version}` };
    try {
      const read = await call('secret.access', () => secrets.accessSecretVersion(request), limits);
      const data = bytes(read.payload?.data);
      requireIntact('secret.access', matches(data, read.payload?.dataCrc32c));
      return data;
    } catch (error) {
      if (error instanceof VersionNotEnabled) return error;
      if (error instanceof VaultError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }

  /**
   * The newest readable ciphertext. The alias `latest` lags behind, by minutes in bad cases; only a
   * version asked for by its number is there at once. So where `latest` shows nothing usable, the
   * numbers after it are tried: otherwise a user who has just connected would count as unconnected.
   */
  async function newest(secret: string): Promise<Uint8Array | undefined> {
    let disabled: VersionNotEnabled | undefined;
    let found = await access(secret, 'latest');
    let next = 1;
    while (!(found instanceof Uint8Array)) {
      if (found) {
        if (found.state === 'DISABLED') disabled = found;
        next = found.version + 1;
      } else if (next > 1) {
        break;
      }
      found = await access(secret, next);
      next += 1;
    }
    // Somebody switched the version off: that is not the same as a user without a token.
    if (found === undefined && disabled) throw disabled;
    return found;
  }

  return {
    async seal(userId, refreshToken) {
      if (refreshToken === '') throw new VaultError('vault.seal', 'INVALID_ARGUMENT', false);
      const secretId = secretIdOf(prefix, userId);
      const secret = `${project}/secrets/${secretId}`;
      const data = await encrypt(userId, refreshToken);
      let fresh = false;
      const version = await add(secret, data).catch(async (error: unknown) => {
        unless('NOT_FOUND')(error);
        await create(secretId);
        fresh = true;
        return add(secret, data);
      });
      if (fresh && version === 1) return;
      // The token is in place by now. To fail here would make the user consent again for nothing.
      await destroyOlder(secret, version).catch((error: unknown) => {
        if (!(error instanceof VaultError)) throw error;
        options.leftover?.(error);
      });
    },

    async open(userId) {
      const ciphertext = await newest(`${project}/secrets/${secretIdOf(prefix, userId)}`);
      return ciphertext && decrypt(userId, ciphertext);
    },

    async destroy(userId) {
      const name = `${project}/secrets/${secretIdOf(prefix, userId)}`;
      await call('secret.delete', () => secrets.deleteSecret({ name }), limits).catch(
        unless('NOT_FOUND'),
      );
    },
  };
}

/**
 * Id of the user's secret: no address in it, since names of secrets show up in audit logs and consoles,
 * and only characters that Secret Manager allows.
 */
export function secretIdOf(prefix: string, userId: string): string {
  return `${prefix}-${createHash('sha256').update(checkedId(userId)).digest('hex')}`;
}

/** What KMS authenticates beside the token. The id comes last, so that no id can imitate a part. */
function boundTo(userId: string): Buffer {
  return Buffer.from(`crm-google-sync/v1/google/refresh-token/${checkedId(userId)}`, 'utf8');
}

/** In UTF-8 all lone surrogates become one character: two such ids would share a secret. */
function checkedId(userId: string): string {
  if (userId !== '' && userId.isWellFormed()) return userId;
  throw new VaultError('vault.userId', 'INVALID_ARGUMENT', false);
}

function versionNumber(name: string | null | undefined): number {
  const number = Number(name?.split('/').at(-1));
  if (!Number.isSafeInteger(number)) throw new VaultError('secret.version', 'DATA_LOSS', false);
  return number;
}

/** A catch handler that lets the named codes pass. */
function unless(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (error instanceof VaultError && codes.includes(String(error.code))) return;
    throw error;
  };
}
