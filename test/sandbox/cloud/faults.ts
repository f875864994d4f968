/** What a test lets go wrong on the way to a service and back. */
import type { ServiceName } from './protocol.ts';

export interface Fault {
  service: ServiceName;
  /** Name of the RPC, for example `AddSecretVersion`; all when left out. */
  method?: string;
  /** HTTP status of the answer; `close` cuts the connection, `hang` never answers. */
  status: number | 'close' | 'hang';
  /** How many times it strikes; endless when left out. */
  count?: number;
  /** `after`: the call took effect, only its answer is lost. Default `before`. */
  when?: 'before' | 'after';
}

/** The faults in force. */
export class Faults {
  #active: { fault: Fault; left: number }[] = [];

  /** Adds a fault; the function returned takes it away again. */
  add(fault: Fault): () => void {
    const entry = { fault, left: fault.count ?? Number.POSITIVE_INFINITY };
    this.#active.push(entry);
    return () => {
      this.#active = this.#active.filter((other) => other !== entry);
    };
  }

  clear(): void {
    this.#active = [];
  }

  /** The fault that strikes now, used up by one. */
  take(service: ServiceName, method: string, when: 'before' | 'after'): Fault | undefined {
    const entry = this.#active.find(
      ({ fault, left }) =>
        left > 0 &&
        fault.service === service &&
        (fault.method ?? method) === method &&
        (fault.when ?? 'before') === when,
    );
    if (entry) entry.left -= 1;
    return entry?.fault;
  }
}
