/** The messages of the local stack: topics, push subscriptions, and the two queues behind them. */

/** The topic of google-changes. Pub/Sub refuses ids that begin with "goog" (GOOGLE_CHANGES_TOPIC). */
export const GOOGLE_CHANGES = 'changes-from-google';

/** Topic → subscriptions, as infra/ sets them up in the cloud; `crm` stands for the CRM's own. */
export const TOPICS: { [topic: string]: readonly string[] } = {
  'crm-changes': ['crm-change'],
  'poll-tick': ['poll-fanout'],
  maintain: ['maintain'],
  'sync-user': ['sync-user'],
  [GOOGLE_CHANGES]: ['crm'],
  'dead-letters': ['dead-letters'],
};

/** The body of a Pub/Sub push. */
export interface PushBody {
  subscription: string;
  message: {
    data: string;
    messageId: string;
    publishTime: string;
    attributes: Record<string, string>;
    orderingKey?: string;
  };
  deliveryAttempt?: number;
}

/** Hands a push to its subscriber and resolves to the HTTP status; never throws. */
export type Deliver = (subscription: string, body: PushBody) => Promise<number>;

/** A message as it enters a topic, for the live view. */
export interface Published {
  topic: string;
  messageId: string;
  data: string;
}

/** A queue with the topics above. Publishing resolves to the message id when the queue has it. */
export interface Bus {
  publish(topic: string, data: string, orderingKey?: string): Promise<string>;
  close(): Promise<void>;
}

/** A push answer that acknowledges (Pub/Sub's list). */
export function isAck(status: number): boolean {
  return [102, 200, 201, 202, 204].includes(status);
}
