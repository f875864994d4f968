/** What Terraform creates in the cloud, created in the simulators: key, secrets, scheduler job. */

import { GOOGLE_CHANGES } from './bus/bus.ts';
import type { Cloud } from './cloud/cloud.ts';

/** Credentials of the OAuth client that Google's console would show. */
export const CLIENT = {
  clientId: 'crm-google-sync.apps.sandbox.example',
  clientSecret: 'sandbox-secret',
};

/** Names that belong to one stack. */
export interface Names {
  project: string;
  /** The stack's own port. */
  port: number;
  cloudUrl: string;
  /** Emulators, when there are any: `host:port`. */
  firestore?: string;
  pubsub?: string;
}

/** Creates the KMS key, the OAuth client's secrets and the job that publishes poll-tick each minute. */
export async function provision(cloud: Cloud, project: string): Promise<void> {
  const location = `/v1/projects/${project}/locations/europe-west6`;
  const secrets = `/v1/projects/${project}/secrets`;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const send = async (url: string, body: object) => {
    const text = JSON.stringify(body);
    const answer = await cloud.handle({ method: 'POST', url, headers: {}, body: text });
    if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${answer.body}`);
  };
  await send(`${location}/keyRings?keyRingId=sync`, {});
  await send(`${location}/keyRings/sync/cryptoKeys?cryptoKeyId=tokens`, {
    purpose: 'ENCRYPT_DECRYPT',
  });
  const client = { 'oauth-client-id': CLIENT.clientId, 'oauth-client-secret': CLIENT.clientSecret };
  for (const [name, value] of Object.entries(client)) {
    await send(`${secrets}?secretId=${name}`, { replication: { automatic: {} } });
    await send(`${secrets}/${name}:addVersion`, { payload: { data: base64(value) } });
  }
  await send(`${location}/jobs`, {
    name: `projects/${project}/locations/europe-west6/jobs/poll-tick`,
    schedule: '* * * * *',
    timeZone: 'Etc/UTC',
    pubsubTarget: { topicName: `projects/${project}/topics/poll-tick`, data: base64('{}') },
  });
}

/** The functions' settings (functions/config.ts) for a stack. */
export function settings(names: Names): { [name: string]: string } {
  const { project, port, cloudUrl, firestore, pubsub } = names;
  // Cookies and OAuth need a name that a browser trusts without https; programs need no lookup.
  const seen = `http://localhost:${port}`;
  const google = `http://127.0.0.1:${port}/google`;
  const secrets = `projects/${project}/secrets`;
  return {
    GOOGLE_CLOUD_PROJECT: project,
    PUBLIC_URL: `${seen}/authorize`,
    GOOGLE_CHANGES_TOPIC: GOOGLE_CHANGES,
    KMS_KEY: `projects/${project}/locations/europe-west6/keyRings/sync/cryptoKeys/tokens`,
    OAUTH_CLIENT_ID_SECRET: `${secrets}/oauth-client-id/versions/1`,
    OAUTH_CLIENT_SECRET_SECRET: `${secrets}/oauth-client-secret/versions/1`,
    NOTIFICATIONS_URL: `http://127.0.0.1:${port}/sandbox/notify`,
    PUSH_AUTH: 'off',
    POLL_SECONDS: '30',
    GOOGLE_API_URL: google,
    GOOGLE_PEOPLE_URL: google,
    GOOGLE_TASKS_URL: google,
    GOOGLE_ACCOUNTS_URL: `${seen}/google`,
    GOOGLE_OAUTH_URL: google,
    SECRET_MANAGER_URL: cloudUrl,
    KMS_URL: cloudUrl,
    METADATA_SERVER_DETECTION: 'none',
    ...(firestore !== undefined && { FIRESTORE_EMULATOR_HOST: firestore }),
    ...(pubsub !== undefined && { PUBSUB_EMULATOR_HOST: pubsub }),
  };
}
