import type { Interval } from '../core/intervals.ts';
import type { GoogleSession, Result } from './collection.ts';

/** Somebody whose busy time is asked for. */
export interface Person {
  session: GoogleSession;
  /** The address of the account at Google. */
  account: string;
  /** Calendars that count beside the account's own. */
  calendars: string[];
}

/** When people are busy, as Google says it: times, and nothing about what takes place. */
export interface FreeBusy {
  /** The OAuth scope that everybody has to have granted. */
  scope: string;
  /**
   * The busy time of each in the period, in the order given, intervals in any order. Errors are a
   * result: `reauthorize`, `gone` (a calendar that does not exist or cannot be seen), `later`.
   */
  busy(people: readonly Person[], period: Interval): Promise<Result<Interval[]>[]>;
}
