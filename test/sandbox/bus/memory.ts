import type { Publisher } from '../../../functions/sync/ports.ts';
import {
  type Bus,
  type Deliver,
  GOOGLE_CHANGES,
  isAck,
  type Published,
  type PushBody,
  TOPICS,
} from './bus.ts';
import type { Flight } from './flight.ts';

/** How the in-memory queue behaves; times in ms. */
export interface MemoryBusOptions {
  deliver: Deliver;
  flight: Flight;
  project: string;
  now: () => number;
  published?: (message: Published) => void;
  /** Runs something later; setTimeout unless a simulation brings its own time. */
  later?: (ms: number, run: () => void) => void;
  /** Pause before the n-th redelivery (n from 1). */
  backoff?: (attempt: number) => number;
  /** Attempts before a message goes to dead-letters; Pub/Sub allows 5 to 100. */
  maxAttempts?: number;
  /** Pushes at the same time for one subscription. */
  concurrency?: number;
}

interface Waiting {
  body: PushBody;
  attempt: number;
}

/** Topics with push subscriptions in memory: at least once, redelivered with a growing pause. */
export class MemoryBus implements Bus {
  readonly #options: Required<MemoryBusOptions>;
  readonly #queues = new Map<string, Waiting[]>();
  readonly #running = new Map<string, number>();
  #lastId = 0;
  #closed = false;

  constructor(options: MemoryBusOptions) {
    this.#options = {
      published: () => {},
      later: (ms, run) => void setTimeout(run, ms),
      backoff: (attempt) => Math.min(5000, 50 * 2 ** attempt),
      maxAttempts: 100,
      concurrency: 20,
      ...options,
    };
  }

  async publish(topic: string, data: string, orderingKey?: string): Promise<string> {
    const { flight, project, published, now } = this.#options;
    const subscriptions = TOPICS[topic];
    if (!subscriptions) throw new Error(`no topic ${topic}`);
    const messageId = String(++this.#lastId);
    published({ topic, messageId, data });
    for (const name of subscriptions) {
      flight.published(name, [messageId]);
      const message = {
        data: Buffer.from(data).toString('base64'),
        messageId,
        publishTime: new Date(now()).toISOString(),
        attributes: {},
        ...(orderingKey !== undefined && { orderingKey }),
      };
      this.#enqueue(name, {
        body: { subscription: `projects/${project}/subscriptions/${name}`, message },
        attempt: 1,
      });
    }
    return messageId;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#queues.clear();
  }

  #enqueue(name: string, waiting: Waiting): void {
    const queue = this.#queues.get(name) ?? [];
    queue.push(waiting);
    this.#queues.set(name, queue);
    this.#options.later(0, () => this.#pump(name));
  }

  #pump(name: string): void {
    const queue = this.#queues.get(name) ?? [];
    // The CRM wants its messages in order: one at a time does it.
    const limit = name === 'crm' ? 1 : this.#options.concurrency;
    while (!this.#closed && queue.length > 0 && (this.#running.get(name) ?? 0) < limit) {
      const waiting = queue.shift();
      if (!waiting) return;
      this.#running.set(name, (this.#running.get(name) ?? 0) + 1);
      void this.#push(name, waiting).finally(() => {
        this.#running.set(name, (this.#running.get(name) ?? 1) - 1);
        this.#pump(name);
      });
    }
  }

  async #push(name: string, { body, attempt }: Waiting): Promise<void> {
    const { deliver, flight, later, backoff, maxAttempts } = this.#options;
    const status = await deliver(name, { ...body, deliveryAttempt: attempt });
    if (this.#closed) return;
    if (!isAck(status) && attempt < maxAttempts) {
      later(backoff(attempt), () => this.#enqueue(name, { body, attempt: attempt + 1 }));
      return;
    }
    if (!isAck(status) && name !== 'dead-letters') {
      await this.publish('dead-letters', Buffer.from(body.message.data, 'base64').toString());
    }
    flight.acknowledged(name, body.message.messageId);
  }
}

/** The functions' publisher on the in-memory queue. */
export function publisherOn(bus: Bus): Publisher {
  return {
    googleChanges: async (changes) => {
      for (const change of changes) {
        await bus.publish(GOOGLE_CHANGES, JSON.stringify(change), change.userId);
      }
    },
    syncUsers: async (userIds) => {
      for (const userId of userIds) await bus.publish('sync-user', JSON.stringify({ userId }));
    },
  };
}
