/** What the checker finds. */

export interface Violation {
  /** P1, P2 ... of the list of invariants. */
  invariant: string;
  detail: string;
}

export const violation = (invariant: string, detail: string): Violation => ({ invariant, detail });
