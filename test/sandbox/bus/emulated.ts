import type { Faults } from '../faults/faults.ts';
import type { Bus, Published } from './bus.ts';
import { TOPICS } from './bus.ts';
import type { Flight } from './flight.ts';
import { startTap } from './tap.ts';

/** The Pub/Sub emulator's part of the stack. */
export interface EmulatedBusOptions {
  /** The emulator, `host:port`. */
  emulator: string;
  project: string;
  flight: Flight;
  /** Where a subscription's pushes go. */
  endpoint: (subscription: string) => string;
  published?: (message: Published) => void;
  /** Strike what the functions publish. */
  faults?: Faults;
}

/** A bus on the emulator, and the address that the functions must use instead of the emulator's. */
export interface EmulatedBus extends Bus {
  host: string;
}

/** Creates topics and push subscriptions in the emulator. */
export async function startEmulatedBus(options: EmulatedBusOptions): Promise<EmulatedBus> {
  const { emulator, project, flight, endpoint } = options;
  const base = `http://${emulator}/v1/projects/${project}`;
  const told = (topic: string, messages: Published[]) => {
    const ids = messages.map((m) => m.messageId);
    for (const subscription of TOPICS[topic] ?? []) flight.published(subscription, ids);
    for (const message of messages) options.published?.(message);
  };
  for (const [topic, subscriptions] of Object.entries(TOPICS)) {
    await send('PUT', `${base}/topics/${topic}`, {});
    for (const name of subscriptions) {
      await send('PUT', `${base}/subscriptions/${name}`, {
        topic: `projects/${project}/topics/${topic}`,
        ackDeadlineSeconds: 600,
        pushConfig: { pushEndpoint: endpoint(name) },
        // A CRM that wants its messages in order asks for it; the functions don't need it.
        ...(name === 'crm' && { enableMessageOrdering: true }),
      });
    }
  }
  const events = { begin: () => flight.begin(), published: told };
  const tap = await startTap(emulator, events, options.faults);
  return {
    host: tap.host,
    publish: async (topic, data, orderingKey) => {
      const end = flight.begin();
      try {
        const message = {
          data: Buffer.from(data).toString('base64'),
          ...(orderingKey !== undefined && { orderingKey }),
        };
        const answer = await send('POST', `${base}/topics/${topic}:publish`, {
          messages: [message],
        });
        const [messageId = ''] = (answer as { messageIds: string[] }).messageIds;
        told(topic, [{ topic, messageId, data }]);
        return messageId;
      } finally {
        end();
      }
    },
    close: () => tap.close(),
  };
}

async function send(method: string, url: string, body: unknown): Promise<unknown> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Pub/Sub emulator: ${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}
