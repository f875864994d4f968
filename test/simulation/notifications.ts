/** Google's notifications on their way to googlePush: some get lost, and some are not Google's. */
import { ApiError, type Call } from '../sandbox/google/protocol.ts';
import type { Message, Queues } from './queues.ts';

export const PUSH_URL = 'https://push.sync.example/';
/** Beside what the queues lose of hints: nobody promises that a notification arrives. */
const LOST = 0.3;

export type Headers = { [name: string]: string };

/** As it lies in the queue of googlePush. */
export interface Notification {
  headers: Headers;
  /** Somebody else sent it, or Google of a channel that is over: it may do nothing. */
  forged?: true;
}

/** How a notification can be false; `late` is none of these: a word of Google's that comes once more. */
export const FORGERIES = ['token', 'unknown', 'ended', 'sync', 'empty', 'late'] as const;
export type Forgery = (typeof FORGERIES)[number];

export class Notifications {
  /** By channel: what it said last, and when it ends (ms since the epoch). */
  readonly #sent = new Map<string, { headers: Headers; ends: number }>();
  readonly #queues: Queues;
  readonly #random: () => number;

  constructor(queues: Queues, random: () => number) {
    this.#queues = queues;
    this.#random = random;
  }

  /** Google sends one, of a channel that ends then. */
  send(headers: Headers, ends: number, now: number): void {
    this.#sent.set(headers['x-goog-channel-id'] ?? '', { headers, ends });
    if (this.#queues.rough && this.#random() < LOST) return;
    this.#publish({ headers }, now);
  }

  /** One arrives that Google did not send just now; `pick` chooses among the channels that there were. */
  forge(how: Forgery, pick: number, now: number): void {
    const fits = [...this.#sent.values()].filter(({ ends }) => ends <= now === (how === 'ended'));
    const real = fits[pick % fits.length]?.headers;
    if (how === 'late') {
      if (real) this.#publish({ headers: real }, now);
      return;
    }
    const altered: { [how in typeof how]: Headers } = {
      token: { ...real, 'x-goog-channel-token': 'guessed' },
      unknown: { ...real, 'x-goog-channel-id': 'nobodys' },
      ended: { ...real },
      sync: { ...real, 'x-goog-resource-state': 'sync' },
      empty: {},
    };
    this.#publish({ headers: altered[how], forged: true }, now);
  }

  #publish(notification: Notification, now: number): void {
    this.#queues.publish('google-push', JSON.stringify(notification), now);
  }
}

export const isForged = ({ subscription, data }: Message): boolean =>
  subscription === 'google-push' && (JSON.parse(data) as Notification).forged === true;

/** Throws what Google answers where it makes no channel, when a call asks for one. */
export function refuseChannel({ method }: Call): void {
  const reason = 'pushNotSupportedForRequestedResource';
  if (method.endsWith('events.watch')) throw new ApiError(400, reason, reason);
}
