/** Who calls: what the functions that are not public have in common. */
import type { Request } from '@google-cloud/functions-framework';
import { OAuth2Client, type TokenPayload } from 'google-auth-library';
import type { Config } from '../config.ts';

/**
 * What stands in place of the signature of a token that Cloud Run's IAM has checked, so that the
 * service cannot use it elsewhere. https://cloud.google.com/run/docs/troubleshooting#signature-removed
 */
const CHECKED_BY_IAM = 'SIGNATURE_REMOVED_BY_GOOGLE';
const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];

/** What the check needs of the settings; without an address Google's keys are where Google has them. */
export type CallerConfig = Pick<Config, 'PUSH_AUTH'> & Partial<Pick<Config, 'GOOGLE_API_URL'>>;

/**
 * Checks a call's OIDC token; resolves to the status to refuse with. A token without its signature
 * counts only on Cloud Run, in front of which IAM has verified it (no function with this check lets
 * everybody in: test/infra/rights.test.ts); who it is for and whose it is, is checked here all the same.
 */
export function callerCheck(
  config: CallerConfig,
  audience: string[],
  isAllowed: (claims: TokenPayload) => boolean,
  env: NodeJS.ProcessEnv = process.env,
): (req: Request) => Promise<401 | 403 | undefined> {
  if (config.PUSH_AUTH === 'off') return async () => undefined;
  const { GOOGLE_API_URL: api = 'https://www.googleapis.com' } = config;
  const verifier = new OAuth2Client({
    endpoints: { oauth2FederatedSignonPemCertsUrl: `${api}/oauth2/v1/certs` },
  });
  return async (req) => {
    const idToken = /^Bearer (.+)$/i.exec(req.header('authorization') ?? '')?.[1];
    if (idToken === undefined) return 401;
    try {
      const claims =
        env.K_SERVICE !== undefined && idToken.endsWith(`.${CHECKED_BY_IAM}`)
          ? claimsOf(idToken, audience)
          : (await verifier.verifyIdToken({ idToken, audience })).getPayload();
      return claims && isAllowed(claims) ? undefined : 403;
    } catch {
      return 401;
    }
  };
}

/** The claims of a token whose signature was checked before us; throws when they are not for us. */
function claimsOf(idToken: string, audience: string[]): TokenPayload {
  const payload = Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString('utf8');
  const claims = JSON.parse(payload) as TokenPayload;
  const alive = claims.exp * 1000 > Date.now();
  if (!alive || !ISSUERS.includes(claims.iss) || !audience.includes(claims.aud)) {
    throw new Error('not for us');
  }
  return claims;
}

/** The class and the place of a programming error; its message may hold data. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const place = /\n\s+at (.*)/
    .exec(error.stack ?? '')?.[1]
    ?.replace(/\(?(file:\/\/)?\/.*\/(functions|dist)\//, '(');
  return `${error.name} at ${place ?? '?'}`;
}
