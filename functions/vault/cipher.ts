/**
 * Tokens encrypted by Cloud KMS: AES-256-GCM with a fresh nonce a call. The user id is authenticated with
 * it, so a ciphertext copied to another user's secret does not open.
 */
import type { KeyManagementServiceClient } from '@google-cloud/kms';
import { type CallLimits, call } from './call.ts';
import { crc32c } from './crc32c.ts';
import { bytes, checkedId, matches, requireIntact } from './integrity.ts';

/** Both ways for one user's token. They throw VaultError, also where a byte was altered on the way. */
export interface Cipher {
  encrypt(userId: string, refreshToken: string): Promise<Uint8Array>;
  decrypt(userId: string, ciphertext: Uint8Array): Promise<string>;
}

/** `keyName`: the crypto key's full resource name (not of a version: rotation must take effect). */
export function createCipher(
  kms: KeyManagementServiceClient,
  keyName: string,
  limits?: CallLimits,
): Cipher {
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

  return { encrypt, decrypt };
}

/** What KMS authenticates beside the token. The id comes last, so that no id can imitate a part. */
function boundTo(userId: string): Buffer {
  return Buffer.from(`crm-google-sync/v1/google/refresh-token/${checkedId(userId)}`, 'utf8');
}
