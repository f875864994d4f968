/** Who calls: what the functions that are not public have in common. */
import type { Request } from '@google-cloud/functions-framework';
import { OAuth2Client, type TokenPayload } from 'google-auth-library';
import type { Config } from '../config.ts';

/** Checks a call's OIDC token; resolves to the status to refuse with. Cloud Run's IAM has checked before. */
export function callerCheck(
  config: Pick<Config, 'PUSH_AUTH'>,
  audience: string[],
  isAllowed: (claims: TokenPayload) => boolean,
): (req: Request) => Promise<401 | 403 | undefined> {
  if (config.PUSH_AUTH === 'off') return async () => undefined;
  const verifier = new OAuth2Client();
  return async (req) => {
    const idToken = /^Bearer (.+)$/i.exec(req.header('authorization') ?? '')?.[1];
    if (idToken === undefined) return 401;
    try {
      const claims = (await verifier.verifyIdToken({ idToken, audience })).getPayload();
      return claims && isAllowed(claims) ? undefined : 403;
    } catch {
      return 401;
    }
  };
}

/** The class and the place of a programming error; its message may hold data. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const place = /\n\s+at (.*)/
    .exec(error.stack ?? '')?.[1]
    ?.replace(/\(?(file:\/\/)?\/.*\/(functions|dist)\//, '(');
  return `${error.name} at ${place ?? '?'}`;
}
