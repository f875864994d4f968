/** Scripted faults: what a test or a person lets go wrong on the way to a service and back. */
import { ApiError, type Call, ConnectionLost } from './protocol.ts';
import type { Random } from './random.ts';

/** Which calls a fault meets. Fields left out match everything. */
export interface FaultMatch {
  service?: string;
  /** `events.insert` or, with the service, `calendar.events.insert`; `batch` is a whole batch. */
  method?: string;
  user?: string;
  /** How many times it strikes; endless when left out. */
  count?: number;
  /** Chance to strike, 0 to 1; always when left out. */
  probability?: number;
}

/** What a fault does. `after` means that the call took effect and only its answer is lost. */
export type FaultEffect =
  | {
      kind: 'status';
      status: number;
      reason: string;
      message?: string;
      /** Seconds, sent as Retry-After. */
      retryAfter?: number;
      when?: 'before' | 'after';
    }
  | { kind: 'close'; when?: 'before' | 'after' }
  | { kind: 'delay'; ms: number; when?: 'before' | 'after' };

export type Fault = FaultMatch & FaultEffect;

interface Active {
  fault: Fault;
  left: number;
}

/** The faults in force. */
export class Faults {
  #active: Active[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Adds a fault and returns a function that takes it away again. */
  add(fault: Fault): () => void {
    const active = { fault, left: fault.count ?? Number.POSITIVE_INFINITY };
    this.#active.push(active);
    return () => {
      this.#active = this.#active.filter((other) => other !== active);
    };
  }

  /** Takes all faults away. */
  clear(): void {
    this.#active = [];
  }

  /** The faults in force, with the number of strikes left. */
  list(): { fault: Fault; left: number }[] {
    return this.#active.map(({ fault, left }) => ({ fault, left }));
  }

  /** Lets the matching faults strike; throws what the caller is to see. */
  async strike(
    call: Call,
    when: 'before' | 'after',
    sleep: (ms: number) => Promise<void>,
  ): Promise<void> {
    for (const active of [...this.#active]) {
      if (active.left <= 0 || (active.fault.when ?? 'before') !== when) continue;
      if (!matches(active.fault, call)) continue;
      const { probability } = active.fault;
      if (probability !== undefined && this.#random() >= probability) continue;
      active.left -= 1;
      if (active.left <= 0) this.#active = this.#active.filter((other) => other !== active);
      if (active.fault.kind === 'delay') {
        await sleep(active.fault.ms);
        continue;
      }
      if (active.fault.kind === 'close') throw new ConnectionLost();
      throw errorOf(active.fault);
    }
  }
}

function matches(fault: FaultMatch, call: Call): boolean {
  if (fault.service !== undefined && fault.service !== call.service) return false;
  if (fault.user !== undefined && fault.user !== call.user) return false;
  if (fault.method === undefined) return true;
  return fault.method === call.method || `${call.service}.${fault.method}` === call.method;
}

function errorOf(fault: Fault & { kind: 'status' }): ApiError {
  const usage = /rateLimit|quota|dailyLimit/i.test(fault.reason);
  return new ApiError(
    fault.status,
    fault.reason,
    fault.message ?? MESSAGES[fault.reason] ?? fault.reason,
    {
      domain: usage ? 'usageLimits' : 'global',
      ...(fault.retryAfter !== undefined && {
        headers: { 'retry-after': String(fault.retryAfter) },
      }),
    },
  );
}

const MESSAGES: Record<string, string> = {
  rateLimitExceeded: 'Rate Limit Exceeded',
  userRateLimitExceeded: 'User Rate Limit Exceeded',
  quotaExceeded: 'Calendar usage limits exceeded.',
  backendError: 'Backend Error',
  conflict: 'Conflict',
  notFound: 'Not Found',
  forbidden: 'Forbidden',
};
