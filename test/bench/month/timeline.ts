/** Simulated time: what is planned happens in order, and time stands still while it does. */
interface Planned {
  at: number;
  order: number;
  run: () => unknown;
}

export class Timeline {
  now: number;
  #heap: Planned[] = [];
  #order = 0;

  constructor(now: number) {
    this.now = now;
  }

  /** Plans something, in ms from now or at a time; what is planned for one moment keeps its order. */
  after(ms: number, run: () => unknown): void {
    this.at(this.now + ms, run);
  }

  at(at: number, run: () => unknown): void {
    this.#push({ at: Math.max(at, this.now), order: this.#order++, run });
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Lets everything happen until a time. What throws ends it. */
  async runUntil(end: number): Promise<void> {
    const failed: unknown[] = [];
    for (let next = this.#pop(end); next; next = this.#pop(end)) {
      this.now = next.at;
      void Promise.resolve(next.run()).catch((error: unknown) => failed.push(error));
      // Nothing here waits for real time or I/O: after this, all that could go on has gone on.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (failed.length > 0) throw failed[0];
    }
    this.now = end;
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let i = heap.push(planned) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!earlier(planned, heap[parent] as Planned)) break;
      heap[i] = heap[parent] as Planned;
      i = parent;
    }
    heap[i] = planned;
  }

  #pop(end: number): Planned | undefined {
    const heap = this.#heap;
    const [first] = heap;
    if (!first || first.at > end) return undefined;
    const last = heap.pop() as Planned;
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1] as Planned, heap[child] as Planned))
        child++;
      if (!earlier(heap[child] as Planned, last)) break;
      heap[i] = heap[child] as Planned;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

const earlier = (a: Planned, b: Planned) => a.at < b.at || (a.at === b.at && a.order < b.order);
