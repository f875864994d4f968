/** What a decision is: data, that can be printed, counted and tested. */
import type { Patch } from './codec.ts';
import type { Fields } from './fields.ts';
import type { Conflict, Rejection } from './messages.ts';
import type { Intent } from './records.ts';
import type { Rule } from './table.ts';

/** One call at Google that changes an object. `etag`: it must still be that version; undefined: whatever it is. */
export type Write =
  | {
      kind: 'insert';
      googleId: string | undefined;
      crmId: string;
      generation: number;
      fields: Fields;
    }
  | {
      kind: 'patch';
      googleId: string;
      etag: string | undefined;
      patch: Patch;
      /** What the CRM has said by then (wordOf), where the object does not bear it. */
      unborne?: string;
    }
  | { kind: 'delete'; googleId: string; etag: string | undefined };

/** How messages name another record: by crmId as soon as the CRM has given it one. */
export interface Name {
  crmId?: string;
  googleId?: string;
}

/** What the CRM is told. */
export interface Notice {
  op: 'upsert' | 'delete' | 'unlink' | 'reject';
  data?: Fields;
  changed?: string[];
  conflicts?: Conflict[];
  reason?: string;
  redacted?: boolean;
  formerUserId?: string;
  alike?: Name[];
  rejected?: Rejection;
}

/** What is to be done with one record: at Google, towards the CRM, and with the link. */
export interface Decision {
  /** The row of the state table that applied (ARCHITECTURE.md, "States of a link"). */
  rule: Rule | 'undo' | 'keep' | 'follow';
  /** Why a change is not undone (rule `keep`). */
  kept?: string;
  write?: Write;
  notice?: Notice;
  /** What becomes of the link once write and notice are done. */
  link: 'unchanged' | 'live' | 'deleted' | 'out' | 'none';
  /** Of a deleted link: the object is left at Google. */
  stays?: true;
  /** Of a deleted link: it went with its group, or was taken out of it. Absent: the group, and the write, tell. */
  withGroup?: boolean;
  /** Values that both sides hold then, as the CRM spells them. */
  agreed: Fields;
  /** Google's values that the notice tells the CRM. */
  offers: Fields;
  /**
   * The intent is looked at again at this time (ms since the epoch): it lies outside the window, has no
   * place yet, or whether its object exists already is not sure yet.
   */
  wakeAt?: number;
}

/** The conflicts whose losing value the decision's write takes away. */
export const lossesOf = ({ notice }: Decision): Conflict[] =>
  notice?.conflicts?.filter((conflict) => conflict.winner === 'crm') ?? [];

/** A decision that changes nothing but what `rest` says. */
export function decide(rule: Decision['rule'], rest: Partial<Decision> = {}): Decision {
  return { rule, link: 'unchanged', agreed: {}, offers: {}, ...rest };
}

/** Answers the CRM that its change cannot be carried out: which record, why, and what to do. */
export function refuse(intent: Intent, reason: string, detail: string): Decision {
  return {
    ...decide('refuse'),
    notice: {
      op: 'reject',
      rejected: { reason, detail: `${intent.record} ${intent.crmId}: ${detail}` },
    },
  };
}
