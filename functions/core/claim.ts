/** Whose record an object is that several users see, each a copy of it (design decision 3). */
import type { RecordType } from './fields.ts';

/** Who of several users has the record of a meeting, see ARCHITECTURE.md, "Meetings of several users". */
export interface Claim {
  record: RecordType;
  /** The same for all copies: see Observed.shared. */
  key: string;
  /** The user whose record it is. */
  userId: string;
  /** The copy in this user's place. */
  googleId: string;
  /** This user has the original, or the group that it is one of; the others are guests. */
  own: boolean;
  /** The guest whose record it was before. */
  before?: { userId: string; googleId: string };
  /** When it may be forgotten, ms since the epoch. */
  expireAt: number;
}

/**
 * The claim after one user wants it. Of guests the first one has it, and keeps it while disconnected;
 * whoever has the original, or the group, takes it from a guest.
 */
export function claimed(stored: Claim | undefined, wanted: Claim): Claim {
  if (!stored) return wanted;
  if (stored.userId === wanted.userId)
    return { ...stored, ...wanted, expireAt: Math.max(stored.expireAt, wanted.expireAt) };
  if (!wanted.own) return stored;
  return { ...wanted, before: { userId: stored.userId, googleId: stored.googleId } };
}
