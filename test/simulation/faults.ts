/** Faults that are armed and wait for the call they are meant for. */

export type Where = 'google' | 'token' | 'store' | 'publish' | 'vault';

export type Strike =
  /** The process dies. */
  | { kind: 'crash' }
  /** No answer: the caller cannot know whether the call took effect. */
  | { kind: 'lost' }
  /** Google refuses. */
  | { kind: 'status'; status: number; reason: string; retryAfter?: number }
  /** The process stands still for so long (ms). */
  | { kind: 'pause'; ms: number }
  /** A listing answers 200 with nothing in it. */
  | { kind: 'empty' };

export interface Fault {
  /** Left out: any port. */
  where?: Where;
  /** Part of the call's name. */
  name?: string;
  when: 'before' | 'after';
  strike: Strike;
  /** Only the call with this number; calls through ports are counted from 0. */
  at?: number;
  /** Matching calls to let pass first. */
  skip: number;
  /** How often it strikes. */
  count: number;
}

export class Faults {
  armed: Fault[] = [];
  struck = 0;

  /** The strike that meets this point of this call. */
  take(where: Where, name: string, when: Fault['when'], index: number): Strike | undefined {
    for (const fault of this.armed) {
      if (fault.when !== when) continue;
      if (fault.at !== undefined && fault.at !== index) continue;
      if (fault.where !== undefined && fault.where !== where) continue;
      if (fault.name !== undefined && !name.includes(fault.name)) continue;
      if (fault.skip > 0) {
        fault.skip -= 1;
        continue;
      }
      fault.count -= 1;
      if (fault.count <= 0) this.armed = this.armed.filter((f) => f !== fault);
      this.struck += 1;
      return fault.strike;
    }
    return undefined;
  }
}
