/**
 * When a user's record types are pulled next. A notification only makes a type due: what is due stays due
 * until a pull has ended well, so neither a lost message nor a dead worker loses it.
 */
import type { RecordType } from './fields.ts';
import type { Lease, Poll, User } from './records.ts';

/** How long after our own write a notification may be taken for its echo, ms. */
const ECHO_MS = 10_000;
/** A pull that may bring nothing but an echo waits for this long, ms: one for a burst of writes. */
export const ECHO_PAUSE_MS = 60_000;
/** After this a notification asks again, ms: what the one before asked for may have got lost. */
export const RING_MS = 60_000;

/** Interval between two pulls, ms: after activity, and the most in quiet times. */
export interface Rhythm {
  first: number;
  most: number;
  /** The jitter only delays: what is quiet for a day is then polled once a day at most. */
  late?: boolean;
}

/**
 * Of types that Google cannot watch: 15 polls in ten hours of ceaseless activity, and six in the quiet rest
 * of the day; the jitter adds one or two, and 24 is what a day may cost.
 */
export const UNWATCHABLE: Rhythm = { first: 40 * 60_000, most: 4 * 3_600_000 };

/**
 * The next pull of a type: soon after activity, then after twice the time each. The jitter of a quarter
 * keeps users who connected at nine from being polled in the same second for ever
 * (https://developers.google.com/workspace/calendar/api/guides/quota). `random` is in [0, 1).
 */
export function nextPoll(
  last: Poll | undefined,
  active: boolean,
  { first, most, late }: Rhythm,
  now: number,
  random: number,
): Pick<Poll, 'at' | 'every'> {
  const every =
    active || last?.every === undefined ? first : Math.max(first, Math.min(most, 2 * last.every));
  const jitter = late ? random / 4 : random / 2 - 0.25;
  return { at: Math.round(now + every * (1 + jitter)), every };
}

/**
 * Whether a type is to be pulled. A type that never was, is; and all are when something else than a poll
 * made the user due (connecting, a person's decision).
 */
export function isDue(user: User, record: string, now: number): boolean {
  const poll = user.polls?.[record];
  if (poll === undefined || poll.at <= now) return true;
  const earliest = Math.min(...Object.values(user.polls ?? {}).map((p) => p.at));
  return user.nextPollAt !== undefined && user.nextPollAt <= now && user.nextPollAt < earliest;
}

/** The mass-change guard holds the type until a person has looked. */
export const isHeld = (user: User, record: RecordType) => user.held?.[record] !== undefined;

/** Every type is due at once. */
export function dueNow(user: User, now: number): User {
  const { polls: _, ...rest } = user;
  return { ...rest, nextPollAt: now, askedAt: now };
}

/** The user is due at a time, whatever is pulled before it: what sleeps until then is woken by a pull. */
export function alarmed(user: User, at: number): User {
  const alarmAt = Math.min(at, user.alarmAt ?? at);
  return { ...user, alarmAt, nextPollAt: Math.min(alarmAt, user.nextPollAt ?? alarmAt) };
}

/**
 * A notification came. `lease` as stored: while somebody works, or has written just now, it may tell of
 * nothing but that; as many notifications as there were writes are taken for echoes, and wait. Undefined:
 * nothing to store, since the user is not synced or the pull is already on its way.
 */
export function rung(
  user: User,
  record: string,
  now: number,
  lease: Lease | undefined,
): User | undefined {
  if (user.state !== 'active' || !user.enabled || user.leaving) return undefined;
  const poll = user.polls?.[record];
  // Never pulled: due anyway.
  if (poll === undefined) return undefined;
  const { echoes = 0 } = poll;
  if (isLive(lease, now) || (hasWritten(lease, now) && echoes < (lease?.writes ?? 0))) {
    const at = Math.min(poll.at, now + ECHO_PAUSE_MS);
    return withPoll(user, record, { rungAt: now, ...poll, at, echoes: echoes + 1 });
  }
  const asked = poll.rungAt !== undefined && now - poll.rungAt < RING_MS;
  if (asked && poll.at <= now) return undefined;
  return withPoll(user, record, { ...poll, rungAt: now, at: Math.min(poll.at, now) });
}

/**
 * At the end of a run, after so many writes of ours in all: of what rang more often, the pull need not
 * wait. Undefined: nothing did.
 */
export function rangMore(user: User, writes: number, now: number): User | undefined {
  const news = Object.entries(user.polls ?? {}).filter(
    ([, poll]) => poll.rungAt !== undefined && poll.at > now && (poll.echoes ?? 0) > writes,
  );
  if (news.length === 0) return undefined;
  return news.reduce(
    (known, [record, poll]) => withPoll(known, record, { ...poll, at: now }),
    user,
  );
}

/** Somebody works for the user. */
export const isLive = (lease: Lease | undefined, now: number) => (lease?.expiresAt ?? 0) > now;
const hasWritten = (lease: Lease | undefined, now: number) =>
  now - (lease?.wroteAt ?? Number.NEGATIVE_INFINITY) < ECHO_MS;

/** One step of a type's polling, applied to the user as stored: notifications come in between. */
export type PollStep =
  | PullStep
  | { step: 'unwatched'; until: number }
  /** It is not pulled any more, until everything is made due. */
  | { step: 'held' };

/** Of a run; `askedAt` as on the user with whom it began: asked again since, and all stays due. */
type PullStep = {
  askedAt: number | undefined;
} /** A pull begins, after so many writes of ours: what is notified from now on is news. Due it stays. */ & (
  | { step: 'begun'; now: number; writes: number }
  /**
   * A pull that was begun has ended well, in a run that began `since`. What rang meanwhile may be an echo
   * of what it wrote.
   */
  | { step: 'pulled'; at: number; every?: number; since: number }
);

/** The user after a step. */
export function stepped(user: User, record: string, step: PollStep): User {
  const poll = user.polls?.[record];
  if ('askedAt' in step && step.askedAt !== user.askedAt) return user;
  switch (step.step) {
    case 'begun': {
      const { rungAt: _, ...rest } = poll ?? {};
      const at = Math.min(poll?.at ?? 0, step.now);
      return withPoll(user, record, { ...rest, at, echoes: step.writes });
    }
    case 'pulled': {
      const { step: _, since, askedAt: __, ...next } = step;
      const rungAt = poll?.rungAt ?? Number.POSITIVE_INFINITY;
      const at = Math.min(next.at, rungAt + ECHO_PAUSE_MS);
      return withPoll(heard(user, since), record, { ...poll, ...next, at });
    }
    case 'held': {
      const { [record]: _, ...polls } = user.polls ?? {};
      const { nextPollAt: __, ...rest } = { ...user, polls };
      const ats = Object.values(polls).map(({ at }) => at);
      return ats.length > 0 ? { ...rest, nextPollAt: Math.min(...ats) } : rest;
    }
    case 'unwatched':
      return withPoll(user, record, { at: 0, ...poll, unwatchedUntil: step.until });
  }
}

/** What slept until the run began has been woken by it. */
function heard(user: User, since: number): User {
  const { alarmAt = since, ...rest } = user;
  return alarmAt > since ? user : rest;
}

function withPoll(user: User, record: string, poll: Poll): User {
  const polls = { ...user.polls, [record]: poll };
  const times = [
    ...Object.values(polls).map((p) => p.at),
    user.alarmAt ?? Number.POSITIVE_INFINITY,
  ];
  return { ...user, polls, nextPollAt: Math.min(...times) };
}
