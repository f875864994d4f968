/** The two Google clients behind the vault. */
import { KeyManagementServiceClient } from '@google-cloud/kms';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { PassThroughClient } from 'google-auth-library';

/** Where the clients call; without an address, Google with the function's own identity. */
export interface VaultClientOptions {
  /** Address of a simulator that is both services, for example `http://127.0.0.1:8085`. */
  endpoint?: string | undefined;
  /** The same for KMS alone. */
  kmsUrl?: string | undefined;
  /** The same for Secret Manager alone. */
  secretManagerUrl?: string | undefined;
}

/** The clients that createTokenVault and readOAuthClient take. */
export interface VaultClients {
  kms: KeyManagementServiceClient;
  secrets: SecretManagerServiceClient;
}

/**
 * REST in production too: import and first call take 200 ms and 105 MB, with gRPC 245 ms and 118 MB,
 * and gRPC's faster later calls (1.6 against 2.6 ms) are lost beside the network. One transport also
 * means that the tests exercise what runs.
 */
export function vaultClients(options: VaultClientOptions = {}): VaultClients {
  const kms = transport(options.kmsUrl ?? options.endpoint);
  const secrets = transport(options.secretManagerUrl ?? options.endpoint);
  return {
    kms: new KeyManagementServiceClient(kms),
    secrets: new SecretManagerServiceClient(secrets),
  };
}

const THIS_MACHINE = new Set(['127.0.0.1', 'localhost', '[::1]']);

type ClientOptions = NonNullable<ConstructorParameters<typeof KeyManagementServiceClient>[0]>;

function transport(endpoint: string | undefined): ClientOptions {
  if (endpoint === undefined) return { fallback: true };
  const { protocol, hostname, port } = new URL(endpoint);
  // Refresh tokens go to this address in the clear: a setting gone astray must not send them abroad.
  if (protocol !== 'http:' || !THIS_MACHINE.has(hostname)) {
    throw new Error('A simulator of KMS or Secret Manager must be http on this machine');
  }
  return {
    fallback: true,
    protocol: 'http',
    apiEndpoint: hostname,
    port: Number(port || 80),
    // google-gax brings its own copy of the library, whose classes differ only to the type checker.
    authClient: new PassThroughClient() as unknown as NonNullable<ClientOptions['authClient']>,
  };
}
