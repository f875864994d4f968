/** Checks that what arrived is what was sent: a flipped bit in a token is a user locked out. */
import { crc32c } from './crc32c.ts';
import { VaultError } from './ports.ts';

/** Bytes of a response. The clients hand over a Buffer; their types allow base64 text as well. */
export function bytes(value: Uint8Array | string | null | undefined): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'base64');
  return value ?? new Uint8Array();
}

/** True if the checksum is there and right. It is an int64, so it comes as text, number or Long. */
export function matches(data: Uint8Array, checksum: unknown): boolean {
  return checksum !== undefined && checksum !== null && String(checksum) === String(crc32c(data));
}

/** Throws a transient VaultError: Google asks to discard such an answer and to call again. */
export function requireIntact(operation: string, intact: boolean): void {
  if (!intact) throw new VaultError(operation, 'DATA_LOSS', true);
}

/** In UTF-8 all lone surrogates become one character: two such ids would share a secret. */
export function checkedId(userId: string): string {
  if (userId !== '' && userId.isWellFormed()) return userId;
  throw new VaultError('vault.userId', 'INVALID_ARGUMENT', false);
}
