/** Calls that Google wants one after the other for each user (google-contracts 3: People's mutates). */
import { ApiError, type Call } from './protocol.ts';

/** A call that is under way. */
export interface Turn {
  /** Throws what a call gets that overlaps another one of the same user. */
  refuseOverlap(): void;
  leave(): void;
}

/**
 * Keeps the turns of each user. [V] 3: mutates that overlap bring "latency and failures"; which failure
 * is not documented, here it is 503. The parts of a batch overlap each other.
 */
export class Serial {
  readonly #inFlight = new Map<string, number>();
  readonly #lastRequest = new Map<string, number>();

  enter(call: Call): Turn {
    const key = `${call.service} ${call.user}`;
    const others = this.#inFlight.get(key) ?? 0;
    const sibling = call.batch !== null && this.#lastRequest.get(key) === call.httpRequest;
    this.#inFlight.set(key, others + 1);
    this.#lastRequest.set(key, call.httpRequest);
    return {
      refuseOverlap: () => {
        if (others > 0 || sibling) {
          throw new ApiError(503, 'backendError', 'The service is currently unavailable.', {
            status: 'UNAVAILABLE',
          });
        }
      },
      leave: () => void this.#inFlight.set(key, (this.#inFlight.get(key) ?? 1) - 1),
    };
  }
}
