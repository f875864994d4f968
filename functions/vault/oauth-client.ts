/** The OAuth client's id and secret, from Secret Manager. */
import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { call } from './call.ts';
import { bytes, matches, requireIntact } from './integrity.ts';
import { VaultError } from './ports.ts';

/** Id and secret of the OAuth client, from Secret Manager. */
export interface OAuthClientCredentials {
  clientId: string;
  clientSecret: string;
}

/** Where the credentials are: full resource names of secret versions, with the version's number. */
export interface OAuthClientNames {
  secrets: SecretManagerServiceClient;
  clientIdSecret: string;
  clientSecretSecret: string;
}

/** By client, so that a test with its own simulator reads its own secrets. */
const cache = new WeakMap<
  SecretManagerServiceClient,
  Map<string, Promise<OAuthClientCredentials>>
>();

/**
 * Reads the credentials once a process. A failed read is not kept: the next call tries again. Throws
 * VaultError.
 */
export function readOAuthClient(names: OAuthClientNames): Promise<OAuthClientCredentials> {
  const { secrets, clientIdSecret, clientSecretSecret } = names;
  const known = cache.get(secrets) ?? new Map<string, Promise<OAuthClientCredentials>>();
  cache.set(secrets, known);
  const key = `${clientIdSecret} ${clientSecretSecret}`;
  const credentials = known.get(key) ?? readBoth(names);
  known.set(key, credentials);
  credentials.catch(() => known.delete(key));
  return credentials;
}

async function readBoth(names: OAuthClientNames): Promise<OAuthClientCredentials> {
  const [clientId, clientSecret] = await Promise.all([
    read(names.secrets, names.clientIdSecret),
    read(names.secrets, names.clientSecretSecret),
  ]);
  return { clientId, clientSecret };
}

const PINNED = /^projects\/[^/]+(\/locations\/[^/]+)?\/secrets\/[\w-]+\/versions\/[1-9]\d*$/;

async function read(secrets: SecretManagerServiceClient, name: string): Promise<string> {
  // With `latest`, instances of one deployment would hold different secrets during a rotation.
  if (!PINNED.test(name)) throw new VaultError('oauthClient.name', 'INVALID_ARGUMENT', false);
  const { payload } = await call('oauthClient.read', () => secrets.accessSecretVersion({ name }));
  const data = bytes(payload?.data);
  requireIntact('oauthClient.read', matches(data, payload?.dataCrc32c));
  // Secrets put in with `echo` end in a newline, which Google answers with invalid_client.
  const value = Buffer.from(data).toString('utf8').trim();
  if (value === '') throw new VaultError('oauthClient.read', 'FAILED_PRECONDITION', false);
  return value;
}
