/** The vault for refresh tokens: its two rights, kept apart so that each function holds only one. */
import { SyncError } from '../errors.ts';

/** Encrypts and stores; the authorize function's right. Every method may be repeated. */
export interface TokenSealer {
  /** When it resolves the token is durable and replaces the user's earlier one. */
  seal(userId: string, refreshToken: string): Promise<void>;
  /** Removes the user's token; done also if there is none. */
  destroy(userId: string): Promise<void>;
}

/** Reads and decrypts; the sync workers' right. */
export interface TokenOpener {
  /**
   * The token sealed last, or undefined if there is none. Anything that casts doubt on the stored
   * value (altered, another user's, its key disabled) is an error, never a token.
   */
  open(userId: string): Promise<string | undefined>;
}

/** Both rights; only tests and the local stack hold them together. */
export type TokenVault = TokenSealer & TokenOpener;

/**
 * A call to Secret Manager or KMS that failed. Built from the code alone: the libraries' errors carry
 * the whole request, refresh token included, so they are neither wrapped nor kept as a cause.
 *
 * The kind is always `later`. A key that is disabled or a wrong setting hits every user at once, and
 * asking all of them to connect again would cure nothing.
 */
export class VaultError extends SyncError {
  /** What was tried, for example `kms.decrypt`. */
  readonly operation: string;
  /** Google's status name, for example `UNAVAILABLE`; else the HTTP status or the socket's code. */
  readonly code: number | string;
  /** True if the same call may well succeed a little later. */
  readonly transient: boolean;

  constructor(operation: string, code: number | string, transient: boolean) {
    super('later', `${operation}:${code}`);
    this.operation = operation;
    this.code = code;
    this.transient = transient;
  }
}
