/** Pub/Sub as it is at its worst: late, twice, in another order, and again when a process dies. */
import type { Raw } from './history.ts';
import type { Worker } from './worker.ts';

export interface Message {
  id: number;
  subscription: string;
  data: string;
  deliverAt: number;
  attempt: number;
}

export class Queues {
  /** The functions' push subscriptions: no order. */
  waiting: Message[] = [];
  open: { message: Message; worker: Worker }[] = [];
  /** The CRM's messages that were acknowledged. */
  #done: Message[] = [];
  /** The CRM's subscription: in order per user, as the ordering key promises. */
  #crm = new Map<string, { message: Raw; deliverAt: number }[]>();
  #last = 0;
  readonly #random: () => number;
  rough: boolean;

  constructor(random: () => number, rough: boolean) {
    this.#random = random;
    this.rough = rough;
  }

  publish(subscription: string, data: string, now: number): void {
    const hint = subscription !== 'crm-change';
    // A hint that disappears is made up for by the next poll (P20).
    if (this.rough && hint && this.#random() < 0.1) return;
    const copies = this.rough && this.#random() < 0.2 ? 2 + Math.floor(this.#random() * 2) : 1;
    for (let i = 0; i < copies; i++) {
      const message = { id: ++this.#last, subscription, data, attempt: 1 };
      this.waiting.push({ ...message, deliverAt: now + this.#delay() });
    }
  }

  publishToCrm(message: Raw, now: number): void {
    const user = String(message.userId ?? '');
    const queue = this.#crm.get(user) ?? [];
    this.#crm.set(user, queue);
    const deliverAt = Math.max(now + this.#delay(), queue.at(-1)?.deliverAt ?? 0);
    queue.push({ message, deliverAt });
    if (this.rough && this.#random() < 0.15) queue.push({ message, deliverAt });
  }

  #delay(): number {
    if (!this.rough || this.#random() < 0.5) return 0;
    return Math.floor(this.#random() ** 3 * 90_000);
  }

  dueMessages(now: number): Message[] {
    return this.waiting.filter((m) => m.deliverAt <= now);
  }

  /** Users whose next message for the CRM is due. */
  dueUsers(now: number): string[] {
    return [...this.#crm].filter(([, q]) => q[0] && q[0].deliverAt <= now).map(([user]) => user);
  }

  takeForCrm(user: string): Raw | undefined {
    return this.#crm.get(user)?.shift()?.message;
  }

  begin(message: Message, worker: Worker): void {
    this.waiting = this.waiting.filter((m) => m !== message);
    this.open.push({ message, worker });
  }

  end(message: Message, acknowledged: boolean, now: number): void {
    this.open = this.open.filter((o) => o.message !== message);
    if (!acknowledged) this.#again(message, now);
    else if (message.subscription === 'crm-change') this.#done.push(message);
  }

  /** A message of the CRM's that waits comes so much later. */
  held(pick: number, ms: number, now: number): void {
    const all = this.waiting.filter((m) => m.subscription === 'crm-change');
    const message = all[pick % all.length];
    if (message) message.deliverAt = now + ms;
  }

  /** A message comes once more although it was acknowledged, or out of the dead letters. */
  late(pick: number, ms: number, now: number): void {
    const message = this.#done[pick % this.#done.length];
    if (message)
      this.waiting.push({ ...message, id: ++this.#last, attempt: 1, deliverAt: now + ms });
  }

  /** The acknowledgement deadline of what a dead process held passes. */
  abandon(worker: Worker, now: number): void {
    const lost = this.open.filter((o) => o.worker === worker);
    this.open = this.open.filter((o) => o.worker !== worker);
    for (const { message } of lost) this.#again(message, now);
  }

  /** The subscription's backoff: 10 to 600 seconds. */
  #again(message: Message, now: number): void {
    const pause = Math.min(600_000, 10_000 * 2 ** (message.attempt - 1));
    this.waiting.push({ ...message, attempt: message.attempt + 1, deliverAt: now + pause });
  }

  nextDue(): number | undefined {
    const dues = [...this.waiting, ...[...this.#crm.values()].flatMap((q) => q.slice(0, 1))];
    return dues.length === 0 ? undefined : Math.min(...dues.map((m) => m.deliverAt));
  }

  /** Whether a message for or from the CRM about a record is under way. */
  mentions(crmId: string): boolean {
    const messages = [...this.waiting, ...this.open.map((o) => o.message)];
    const forCrm = [...this.#crm.values()].flat();
    return (
      messages.some((m) => m.data.includes(`"${crmId}"`)) ||
      forCrm.some((m) => m.message.crmId === crmId)
    );
  }

  /** Whether anything for or from the CRM is under way. */
  get idle(): boolean {
    return (
      this.waiting.length === 0 &&
      this.open.length === 0 &&
      [...this.#crm.values()].every((q) => q.length === 0)
    );
  }
}
