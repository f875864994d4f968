/** The vault without Google Cloud, for the simulation and for tests of other parts. */
import { type TokenVault, VaultError } from './ports.ts';

/** A vault in memory, with the same promises as the real one. */
export interface MemoryTokenVault extends TokenVault {
  /** While set, every call fails with this error. */
  fault: VaultError | undefined;
  /** Ids of the users that have a token. */
  userIds(): string[];
}

/** An empty vault in memory. */
export function createMemoryTokenVault(): MemoryTokenVault {
  const tokens = new Map<string, string>();
  const vault: MemoryTokenVault = {
    fault: undefined,
    async seal(userId, refreshToken) {
      check(userId);
      if (refreshToken === '') throw new VaultError('vault.seal', 'INVALID_ARGUMENT', false);
      tokens.set(userId, refreshToken);
    },
    async open(userId) {
      check(userId);
      return tokens.get(userId);
    },
    async destroy(userId) {
      check(userId);
      tokens.delete(userId);
    },
    userIds: () => [...tokens.keys()],
  };

  function check(userId: string): void {
    if (vault.fault) throw vault.fault;
    if (userId !== '' && userId.isWellFormed()) return;
    throw new VaultError('vault.userId', 'INVALID_ARGUMENT', false);
  }

  return vault;
}
