/**
 * What the CRM is about to be told, stored with what the run knows from then on: a run that dies between
 * the two leaves its messages to the next one (the transactional outbox pattern). Pure.
 */
import type { GoogleChange } from './messages.ts';
import { inPieces } from './pages.ts';

/** A piece of a user's outbox, as it is stored: one document. */
export interface OutboxPage {
  userId: string;
  /** The fence of the run's lease. */
  run: number;
  /** Counts the pieces of a run. */
  part: number;
  messages: GoogleChange[];
}

/** What names a piece. */
export type OutboxKey = Pick<OutboxPage, 'run' | 'part'>;

/** The messages in pieces that fit into one document each, in order, counted on from `page.part`. */
export const outboxPages = (
  messages: GoogleChange[],
  page: Omit<OutboxPage, 'messages'>,
): OutboxPage[] =>
  inPieces(messages).map((piece, i) => ({ ...page, part: page.part + i, messages: piece }));

/** In the order in which they were written. */
export const byAge = (a: OutboxKey, b: OutboxKey): number => a.run - b.run || a.part - b.part;
