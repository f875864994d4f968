/**
 * Owns the clock and every interleaving. Whoever is about to touch the world waits for a turn; one turn
 * is given at a time, and nothing else moves until all that it caused has come to rest. So the order of
 * turns is the whole schedule, and a seed that chooses turns replays it.
 */

/** A process: it can be paused, and it can die, after which it never gets a turn again. */
export interface Owner {
  readonly name: string;
  alive: boolean;
  /** Gets no turn before this time (ms since the epoch). */
  pausedUntil: number;
}

export interface Waiter {
  owner: Owner;
  label: string;
  due: number;
  go: () => void;
  /** Told when its owner dies. */
  drop?: () => void;
}

export class Scheduler {
  now: number;
  turns = 0;
  #waiting: Waiter[] = [];

  constructor(now: number) {
    this.now = now;
  }

  /** Resolves when the turn is given; never, or with `lost`, when the owner dies before that. */
  turn(owner: Owner, label: string, due = 0, lost?: Error): Promise<void> {
    return new Promise((go, fail) => {
      const drop = lost && { drop: () => fail(lost) };
      if (owner.alive) this.#waiting.push({ owner, label, due, go, ...drop });
    });
  }

  /** Those who could go on now, in the order in which they began to wait. */
  ready(): Waiter[] {
    return this.#waiting.filter((w) => Math.max(w.due, w.owner.pausedUntil) <= this.now);
  }

  /** A request that is at Google's door, or its answer on the way back; also of who stands still. */
  outside(): Waiter | undefined {
    return this.#waiting.find((w) => w.drop !== undefined);
  }

  /** When the next waiter can go on; undefined: nobody waits. */
  nextDue(): number | undefined {
    const dues = this.#waiting.map((w) => Math.max(w.due, w.owner.pausedUntil));
    return dues.length === 0 ? undefined : Math.min(...dues);
  }

  async give(waiter: Waiter): Promise<void> {
    this.turns += 1;
    this.#waiting = this.#waiting.filter((w) => w !== waiter);
    waiter.go();
    await rest();
  }

  kill(owner: Owner): void {
    owner.alive = false;
    const [own, others] = [true, false].map((is) =>
      this.#waiting.filter((w) => (w.owner === owner) === is),
    ) as [Waiter[], Waiter[]];
    this.#waiting = others;
    for (const { drop } of own) drop?.();
  }
}

/** All promises that can settle have settled: nothing in the simulation waits for real time or I/O. */
export const rest = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A promise for the dead. */
export const never = <T>() => new Promise<T>(() => {});
