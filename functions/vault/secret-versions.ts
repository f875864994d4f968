/**
 * Secret Manager, a secret a user: the newest version counts, the older ones are destroyed. Secrets are
 * named in full, `projects/P/secrets/S`.
 */
import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { type CallLimits, call, VersionNotEnabled } from './call.ts';
import { crc32c } from './crc32c.ts';
import { bytes, matches, requireIntact } from './integrity.ts';
import { VaultError } from './ports.ts';

/** What the vault does with secrets. Everything may be repeated, and throws VaultError only. */
export interface SecretVersions {
  /** Makes the secret; done also if it is there. */
  create(project: string, secretId: string): Promise<void>;
  /** Adds a version and answers with its number. */
  add(secret: string, data: Uint8Array): Promise<number>;
  /** Destroys what is older than the version just added; never a newer one of a parallel seal. */
  destroyOlder(secret: string, newest: number): Promise<void>;
  /** The newest data that can be read, if there is any. */
  newest(secret: string): Promise<Uint8Array | undefined>;
  /** Deletes the secret with all its versions; done also if there is none. */
  remove(secret: string): Promise<void>;
}

/** The versions by Google's client. */
export function createSecretVersions(
  secrets: SecretManagerServiceClient,
  limits?: CallLimits,
): SecretVersions {
  async function add(secret: string, data: Uint8Array): Promise<number> {
    const payload = { data, dataCrc32c: crc32c(data) };
    const request = { parent: secret, payload };
    const added = await call('secret.add', () => secrets.addSecretVersion(request), limits);
    return versionNumber(added.name);
  }

  async function create(project: string, secretId: string): Promise<void> {
    const secret = { replication: { automatic: {} } };
    const request = { parent: project, secretId, secret };
    await call('secret.create', () => secrets.createSecret(request), limits).catch(
      unless('ALREADY_EXISTS'),
    );
  }

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

  /** The data of a version, or why there is none. */
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
   * The alias `latest` lags behind, by minutes in bad cases; only a
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

  async function remove(name: string): Promise<void> {
    await call('secret.delete', () => secrets.deleteSecret({ name }), limits).catch(
      unless('NOT_FOUND'),
    );
  }

  return { create, add, destroyOlder, newest, remove };
}

function versionNumber(name: string | null | undefined): number {
  const number = Number(name?.split('/').at(-1));
  if (!Number.isSafeInteger(number)) throw new VaultError('secret.version', 'DATA_LOSS', false);
  return number;
}

/** A catch handler that lets the named codes pass. */
export function unless(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (error instanceof VaultError && codes.includes(String(error.code))) return;
    throw error;
  };
}
