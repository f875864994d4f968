/**
 * What a test or a person lets go wrong, at every service of the sandbox. Here is which fault strikes
 * when; what a strike does is the business of the place where it strikes.
 */
import { type Random, seeded } from '../google/random.ts';

/** What can go wrong; README.md says what each does. */
export type Kind =
  // The call itself.
  | 'status'
  | 'close'
  | 'hang'
  | 'delay'
  // What a Google service answers.
  | 'cut'
  | 'empty'
  | 'short'
  | 'repeat'
  | 'pageToken'
  // What happens in the Workspace meanwhile.
  | 'normalise'
  | 'lag'
  | 'touch'
  | 'expireSync'
  | 'expireAccess'
  | 'revoke'
  | 'withdraw'
  // Deliveries.
  | 'duplicate'
  | 'redeliver'
  | 'reorder'
  | 'drop'
  | 'deadLetter'
  // Processes and clocks.
  | 'kill'
  | 'pause'
  | 'skew';

/** `after`: the call took effect and only its answer is lost. */
export type When = 'before' | 'after';

/** One fault: what it meets (fields left out match everything), how often, and what it does. */
export interface Fault {
  kind: Kind;
  service?: string;
  /** `events.insert` or, with the service, `calendar.events.insert`; `batch` is a whole batch. */
  method?: string;
  /** At Google the address; elsewhere the userId. */
  user?: string;
  /** At Google: only calls of the sync, or only of the users' phones. */
  client?: 'sync' | 'phone';
  /** True: only parts of a batch. False: only calls of their own. */
  inBatch?: boolean;
  when?: When;
  /** Strikes to let pass first. */
  skip?: number;
  /** How many times it strikes; endless when left out. */
  count?: number;
  /** Chance to strike, 0 to 1; always when left out. */
  probability?: number;
  /** Of this fault's own dice; otherwise all faults throw the same. */
  seed?: number;
  /** HTTP status of the answer. */
  status?: number;
  /** Google's word for the error, or the status name of a gRPC service. */
  reason?: string;
  message?: string;
  /** Seconds, sent as Retry-After. */
  retryAfter?: number;
  ms?: number;
  /** Of a duplicate: how many more. */
  copies?: number;
  /** Of `withdraw`: what the user takes back. */
  scope?: string;
}

/** What may be struck: a call, a delivery, a write. */
export interface Point {
  service: string;
  /** With or without the service's name in front. */
  method: string;
  user?: string | null;
  batch?: object | null;
  client?: 'sync' | 'phone';
}

/** A fault as it stands. */
export interface Standing {
  id: number;
  fault: Fault;
  /** Strikes left; Infinity for an endless one, 0 for one that is spent. */
  left: number;
  struck: number;
}

interface Active extends Standing {
  random: Random;
  skip: number;
}

/** Answers are spoilt after the effect, everything else strikes before unless told otherwise. */
const AFTER: readonly Kind[] = ['cut', 'empty', 'short', 'repeat', 'redeliver'];
/** How many spent faults are remembered. */
const REMEMBERED = 50;

/** The faults in force. */
export class Faults {
  #active: Active[] = [];
  #spent: Active[] = [];
  #lastId = 0;
  readonly #random: Random;
  /** Hears of each strike. */
  onStrike: ((fault: Fault, point: Point) => void) | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Adds a fault and returns a function that takes it away again. */
  add(fault: Fault): () => void {
    const { id } = this.enter(fault);
    return () => void this.remove(id);
  }

  /** Adds a fault; resolves to how it stands. */
  enter(fault: Fault): Standing {
    const active: Active = {
      id: ++this.#lastId,
      fault,
      left: fault.count ?? Number.POSITIVE_INFINITY,
      struck: 0,
      random: fault.seed === undefined ? this.#random : seeded(fault.seed),
      skip: fault.skip ?? 0,
    };
    this.#active.push(active);
    return active;
  }

  /** Takes one away, spent or not; false when there is none with that id. */
  remove(id: number): boolean {
    const before = this.#active.length + this.#spent.length;
    this.#active = this.#active.filter((other) => other.id !== id);
    this.#spent = this.#spent.filter((other) => other.id !== id);
    return this.#active.length + this.#spent.length < before;
  }

  /** Takes all faults away. */
  clear(): void {
    this.#active = [];
    this.#spent = [];
  }

  /** The faults in force; with `spent` also those that have struck for the last time. */
  list({ spent = false } = {}): Standing[] {
    const all = spent ? [...this.#spent, ...this.#active] : this.#active;
    return all.map(({ id, fault, left, struck }) => ({ id, fault, left, struck }));
  }

  /**
   * The faults that strike here and now, in the order in which they were added. Whoever stops taking
   * them (because the first one ended the call) leaves the others as they are.
   */
  *striking(
    point: Point,
    when: When,
    applies: (fault: Fault) => boolean = () => true,
  ): Generator<Fault> {
    for (const active of [...this.#active]) {
      const { fault } = active;
      if (active.left <= 0 || whenOf(fault) !== when) continue;
      if (!matches(fault, point) || !applies(fault)) continue;
      if (fault.probability !== undefined && active.random() >= fault.probability) continue;
      if (active.skip > 0) {
        active.skip -= 1;
        continue;
      }
      active.left -= 1;
      active.struck += 1;
      if (active.left <= 0) this.#retire(active);
      this.onStrike?.(fault, point);
      yield fault;
    }
  }

  /** By how much a clock is wrong, in ms: all skews of it together. */
  skew(clock: string): number {
    const point = { service: 'clock', method: clock };
    return this.#active
      .filter(({ fault }) => fault.kind === 'skew' && matches(fault, point))
      .reduce((sum, { fault }) => sum + (fault.ms ?? 0), 0);
  }

  #retire(active: Active): void {
    this.#active = this.#active.filter((other) => other !== active);
    this.#spent = [...this.#spent, active].slice(-REMEMBERED);
  }
}

function whenOf({ when, kind }: Fault): When {
  return when ?? (AFTER.includes(kind) ? 'after' : 'before');
}

function matches(fault: Fault, point: Point): boolean {
  if (fault.service !== undefined && fault.service !== point.service) return false;
  if (fault.user !== undefined && fault.user !== point.user) return false;
  if (fault.client !== undefined && fault.client !== point.client) return false;
  if (fault.inBatch !== undefined && fault.inBatch !== Boolean(point.batch)) return false;
  if (fault.method === undefined) return true;
  // Not cut off: Tasks has a resource of the service's name, and People too.
  const [named, met] = [`${point.service}.${fault.method}`, `${point.service}.${point.method}`];
  return fault.method === point.method || named === point.method || fault.method === met;
}
