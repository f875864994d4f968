/**
 * Refresh tokens, encrypted by Cloud KMS, the ciphertext in Secret Manager: whoever reads only one of
 * the two holds nothing.
 */
import { createHash } from 'node:crypto';
import type { KeyManagementServiceClient } from '@google-cloud/kms';
import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import type { CallLimits } from './call.ts';
import { createCipher } from './cipher.ts';
import { checkedId } from './integrity.ts';
import { type TokenVault, VaultError } from './ports.ts';
import { createSecretVersions, unless } from './secret-versions.ts';

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
  const cipher = createCipher(kms, keyName, limits);
  const versions = createSecretVersions(secrets, limits);
  const project = `projects/${projectId}`;
  const secretOf = (userId: string) => `${project}/secrets/${secretIdOf(prefix, userId)}`;

  return {
    async seal(userId, refreshToken) {
      if (refreshToken === '') throw new VaultError('vault.seal', 'INVALID_ARGUMENT', false);
      const secret = secretOf(userId);
      const data = await cipher.encrypt(userId, refreshToken);
      let fresh = false;
      const version = await versions.add(secret, data).catch(async (error: unknown) => {
        unless('NOT_FOUND')(error);
        await versions.create(project, secretIdOf(prefix, userId));
        fresh = true;
        return versions.add(secret, data);
      });
      if (fresh && version === 1) return;
      // The token is in place by now. To fail here would make the user consent again for nothing.
      await versions.destroyOlder(secret, version).catch((error: unknown) => {
        if (!(error instanceof VaultError)) throw error;
        options.leftover?.(error);
      });
    },

    async open(userId) {
      const ciphertext = await versions.newest(secretOf(userId));
      return ciphertext && cipher.decrypt(userId, ciphertext);
    },

    destroy: async (userId) => versions.remove(secretOf(userId)),
  };
}

/**
 * Id of the user's secret: no address in it, since names of secrets show up in audit logs and consoles,
 * and only characters that Secret Manager allows.
 */
export function secretIdOf(prefix: string, userId: string): string {
  return `${prefix}-${createHash('sha256').update(checkedId(userId)).digest('hex')}`;
}
