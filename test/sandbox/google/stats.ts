/** Counts of calls and requests, and a live stream of them without anybody's data. */
import type { Call } from './protocol.ts';

/** One finished call. Holds no text of events. */
export interface CallRecord {
  /** Milliseconds since the epoch. */
  at: number;
  user: string | null;
  method: string;
  status: number;
  httpRequest: number;
  batch: { index: number; size: number } | null;
}

export interface StatsSnapshot {
  /** HTTP requests; a batch is one. */
  httpRequests: number;
  /** API calls; a batch of n is n. */
  calls: number;
  byMethod: Record<string, number>;
  byStatus: Record<string, number>;
}

export class Stats {
  #httpRequests = 0;
  /** Never reset, so that numbers in the stream stay unique. */
  #requestNumber = 0;
  #byMethod = new Map<string, number>();
  #byStatus = new Map<string, number>();
  #listeners = new Set<(record: CallRecord) => void>();

  /** Counts an HTTP request and returns its number. */
  request(): number {
    this.#httpRequests += 1;
    this.#requestNumber += 1;
    return this.#requestNumber;
  }

  /** Counts a finished call and tells the listeners. */
  call(call: Call, status: number, at: number): void {
    this.#byMethod.set(call.method, (this.#byMethod.get(call.method) ?? 0) + 1);
    this.#byStatus.set(String(status), (this.#byStatus.get(String(status)) ?? 0) + 1);
    const { user, method, httpRequest, batch } = call;
    for (const listener of this.#listeners) {
      listener({ at, user, method, status, httpRequest, batch });
    }
  }

  /** Listens to finished calls; returns a function that ends it. */
  onCall(listener: (record: CallRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  snapshot(): StatsSnapshot {
    let calls = 0;
    for (const count of this.#byMethod.values()) calls += count;
    return {
      httpRequests: this.#httpRequests,
      calls,
      byMethod: Object.fromEntries([...this.#byMethod].sort(([a], [b]) => (a < b ? -1 : 1))),
      byStatus: Object.fromEntries([...this.#byStatus].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }

  reset(): void {
    this.#httpRequests = 0;
    this.#byMethod.clear();
    this.#byStatus.clear();
  }
}
