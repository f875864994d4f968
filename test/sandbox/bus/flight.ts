/**
 * What is under way: every message published and not yet acknowledged by each of its subscriptions, and
 * every publish call that has not been answered. "Idle" is exact, not a pause of some milliseconds.
 */
export class Flight {
  /** subscription + message id. */
  readonly #open = new Set<string>();
  /** Acknowledged before the publish call's answer told the id: pushes may overtake it. */
  readonly #early = new Set<string>();
  #busy = 0;
  #waiting: (() => void)[] = [];

  /** A publish call, or anything else that may cause messages, begins; call the result at its end. */
  begin(): () => void {
    this.#busy += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#busy -= 1;
      this.#check();
    };
  }

  /** Messages are on their way to a subscription. */
  published(subscription: string, ids: Iterable<string>): void {
    for (const id of ids) {
      const key = `${subscription}/${id}`;
      if (!this.#early.delete(key)) this.#open.add(key);
    }
  }

  /** A subscriber answered 2xx. */
  acknowledged(subscription: string, id: string): void {
    const key = `${subscription}/${id}`;
    if (this.#open.delete(key)) this.#check();
    else this.#early.add(key);
  }

  get isIdle(): boolean {
    return this.#open.size === 0 && this.#busy === 0;
  }

  /** What is open, for an error message: `crm-change/17`. */
  open(): string[] {
    return [...this.#open];
  }

  /** Resolves when nothing is in flight; rejects with what still is after the timeout. */
  async idle(timeoutMs = 120_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.isIdle) {
      const left = deadline - Date.now();
      if (left <= 0) {
        const open = this.open();
        throw new Error(`not idle after ${timeoutMs} ms; ${open.length} open: ${open.slice(0, 5)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #check(): void {
    if (!this.isIdle) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
