/** The OAuth client's credentials, read from the simulated Secret Manager. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { vaultClients } from '../../functions/vault/clients.ts';
import { type OAuthClientNames, readOAuthClient } from '../../functions/vault/oauth-client.ts';
import { VaultError } from '../../functions/vault/ports.ts';
import { type Cloud, type CloudServer, createCloud } from '../sandbox/cloud/cloud.ts';

describe('OAuth client', () => {
  let cloud: Cloud;
  let server: CloudServer;
  let names: OAuthClientNames;

  before(async () => {
    cloud = createCloud({ now: () => 0, publish: () => {} });
    server = await cloud.listen();
  });
  after(() => server.close());
  beforeEach(() => {
    const { secrets } = vaultClients({ endpoint: server.url });
    const clientIdSecret = cloud.secretManager.put('projects/p1/secrets/id', 'id.apps\n');
    const clientSecretSecret = cloud.secretManager.put('projects/p1/secrets/secret', 'GOCSPX-1');
    names = { secrets, clientIdSecret, clientSecretSecret };
    delete cloud.stats['secretmanager.AccessSecretVersion'];
  });

  it('is read once a process, without the newline of echo', async () => {
    const wanted = { clientId: 'id.apps', clientSecret: 'GOCSPX-1' };
    const both = await Promise.all([readOAuthClient(names), readOAuthClient(names)]);
    assert.deepEqual(both, [wanted, wanted]);
    assert.deepEqual(await readOAuthClient(names), wanted);
    assert.equal(cloud.stats['secretmanager.AccessSecretVersion'], 2);
  });

  it('rotates with the version that the deployment names', async () => {
    const newer = cloud.secretManager.put('projects/p1/secrets/secret', 'GOCSPX-2');
    assert.equal((await readOAuthClient(names)).clientSecret, 'GOCSPX-1');
    const rotated = await readOAuthClient({ ...names, clientSecretSecret: newer });
    assert.equal(rotated.clientSecret, 'GOCSPX-2');
  });

  it('a failed read is not kept', async () => {
    cloud.faults.add({ service: 'secretmanager', kind: 'status', status: 403 });
    const denied = (error: unknown) =>
      error instanceof VaultError && error.code === 'PERMISSION_DENIED' && !error.transient;
    await assert.rejects(readOAuthClient(names), denied);
    cloud.faults.clear();
    assert.equal((await readOAuthClient(names)).clientId, 'id.apps');
  });

  it('refuses a name without the number of a version', async () => {
    const clientIdSecret = 'projects/p1/secrets/id/versions/latest';
    await assert.rejects(readOAuthClient({ ...names, clientIdSecret }), /INVALID_ARGUMENT/);
  });
});
