import { PubSub, type Topic } from '@google-cloud/pubsub';
import { SyncError } from '../errors.ts';
import type { Publisher } from '../sync/ports.ts';

/** Where to publish: project and topics, by their short names. */
export interface PublisherOptions {
  projectId: string;
  googleChangesTopic: string;
  syncUserTopic: string;
}

/** Messages on Pub/Sub. */
export function createPublisher(options: PublisherOptions): Publisher {
  const pubsub = new PubSub({ projectId: options.projectId });
  // A few ms of collecting turn a burst into one request; nobody notices them.
  const batching = { maxMessages: 500, maxMilliseconds: 5 };
  const changes = pubsub.topic(options.googleChangesTopic, { batching, messageOrdering: true });
  const users = pubsub.topic(options.syncUserTopic, { batching });
  return {
    async googleChanges(messages) {
      await published(
        messages.map((json) =>
          publishInOrder(changes, json.userId ?? '', {
            json,
            attributes: { record: json.record ?? '' },
          }),
        ),
      );
    },
    async syncUsers(userIds) {
      await published(userIds.map((userId) => users.publishMessage({ json: { userId } })));
    },
  };
}

/** Ordered publishing stops for a key after a failure until it is resumed. */
async function publishInOrder(
  topic: Topic,
  orderingKey: string,
  message: { json: object; attributes: Record<string, string> },
): Promise<void> {
  try {
    await topic.publishMessage({ ...message, ...(orderingKey && { orderingKey }) });
  } catch (error) {
    topic.resumePublishing(orderingKey);
    throw error;
  }
}

async function published(sending: Promise<unknown>[]): Promise<void> {
  try {
    await Promise.all(sending);
  } catch {
    throw new SyncError('later', 'publish');
  }
}
