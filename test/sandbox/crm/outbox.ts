/** Messages that are due: kept until the topic has them, so that none is lost when publishing fails. */
export class Outbox {
  readonly #publish: (message: unknown) => Promise<void> | void;
  readonly #waiting: unknown[] = [];
  #flushing: Promise<void> | undefined;

  constructor(publish: (message: unknown) => Promise<void> | void) {
    this.#publish = publish;
  }

  push(message: unknown): void {
    this.#waiting.push(message);
  }

  /** Resolves when all that waited is published; rejects when the topic does. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      this.#flushing ??= this.#send().finally(() => {
        this.#flushing = undefined;
      });
      await this.#flushing;
    }
  }

  async #send(): Promise<void> {
    const batch = this.#waiting.slice(0, 50);
    await Promise.all(batch.map(async (message) => this.#publish(message)));
    this.#waiting.splice(0, batch.length);
  }
}
