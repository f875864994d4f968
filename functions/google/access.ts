import { SyncError } from '../errors.ts';
import type { Access } from '../sync/engine.ts';
import type { Clock } from '../sync/ports.ts';
import type { TokenOpener, TokenSealer } from '../vault/ports.ts';
import type { AccessToken, GoogleOAuth } from './oauth.ts';

/** An access token is not used in the last minute of its life: a batch may take that long. */
const MARGIN_MS = 60_000;

/** What a user's way to Google needs. */
export interface AccessDeps {
  vault: TokenOpener & Pick<TokenSealer, 'destroy'>;
  /** Resolves to the OAuth client; the first call reads its credentials. */
  oauth: () => Promise<Pick<GoogleOAuth, 'refresh' | 'revoke'>>;
  clock: Pick<Clock, 'now'>;
}

/**
 * Access tokens, in memory only (design decision 6). One refresh at a time per user and process, so
 * that callers at the same time share its answer (P34).
 */
export function createAccess({ vault, oauth, clock }: AccessDeps): Access {
  const tokens = new Map<string, { account: string | undefined; token: Promise<AccessToken> }>();

  async function refresh(userId: string): Promise<AccessToken> {
    const refreshToken = await vault.open(userId);
    if (refreshToken === undefined) throw new SyncError('reauthorize', 'noToken');
    return (await oauth()).refresh(refreshToken);
  }

  async function token(userId: string, account: string | undefined): Promise<string> {
    const held = () => {
      const kept = tokens.get(userId);
      return kept?.account === account ? kept?.token : undefined;
    };
    const kept = held();
    const known = await kept?.catch(() => undefined);
    if (known && known.expiresAt - clock.now() > MARGIN_MS) return known.accessToken;
    // Who else found it over may be fetching the next one already.
    if (known && held() === kept) tokens.delete(userId);
    const pending = held() ?? refresh(userId);
    tokens.set(userId, { account, token: pending });
    // A failure is not remembered: the next call tries again.
    pending.catch(() => {
      if (tokens.get(userId)?.token === pending) tokens.delete(userId);
    });
    return (await pending).accessToken;
  }

  return {
    session: (userId, account) => ({
      userId,
      retriesLeft: 0,
      until: 0,
      rests: {},
      accessToken: () => token(userId, account),
      invalidate: () => void tokens.delete(userId),
    }),
    async end(userId, until = Number.POSITIVE_INFINITY) {
      tokens.delete(userId);
      const refreshToken = await vault.open(userId);
      const client = refreshToken === undefined ? undefined : await oauth();
      if (clock.now() >= until) throw new SyncError('later', 'leaseLost');
      // Revoked first: deleting first could leave a live grant that nobody can end.
      if (refreshToken !== undefined) await client?.revoke(refreshToken);
      await vault.destroy(userId);
    },
  };
}
