/** When a record type is pulled next, whatever notifications, pulls and crashes come in whatever order. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  alarmed,
  dueNow,
  isDue,
  nextPoll,
  rangMore,
  rung,
  stepped,
  UNWATCHABLE,
} from '../../functions/core/polls.ts';
import type { Lease, User } from '../../functions/core/records.ts';
import { seeded } from '../sandbox/google/random.ts';

const HOUR = 3_600_000;
const user: User = {
  userId: 'u',
  email: 'u@example.com',
  timeZone: 'UTC',
  enabled: true,
  version: 1,
  state: 'active',
  nextPollAt: 0,
};

const pulled = (before: User): User => {
  const begun = stepped(before, 'r', { step: 'begun', askedAt: undefined, now: 0, writes: 0 });
  return stepped(begun, 'r', { step: 'pulled', since: 0, askedAt: undefined, at: 12 * HOUR });
};

test('the interval doubles from the first to the most in quiet times, activity resets it', () => {
  const rhythm = fc
    .tuple(fc.integer({ min: 1, max: 1e8 }), fc.integer({ min: 0, max: 1e8 }))
    .map(([first, more]) => ({ first, most: first + more, late: more % 2 === 0 }));
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(rhythm, fc.array(fc.tuple(fc.boolean(), random)), (rhythm, pulls) => {
      let [now, last]: [number, ReturnType<typeof nextPoll> | undefined] = [0, undefined];
      for (const [active, dice] of pulls) {
        const next = nextPoll(last, active, rhythm, now, dice);
        const expected: number =
          active || !last ? rhythm.first : Math.min(rhythm.most, 2 * (last.every ?? 0));
        assert.equal(next.every, expected);
        const jitter = next.at - now - expected;
        assert.ok(Math.abs(jitter) <= expected / 4 + 0.5 && (jitter >= 0 || !rhythm.late));
        [now, last] = [next.at, next];
      }
    }),
  );
});

test('the jitter: a quarter each way, or only later', () => {
  const at = (random: number, late: boolean) =>
    nextPoll(undefined, true, { first: 1000, most: 1000, late }, 0, random).at;
  assert.deepEqual([at(0, false), at(0.5, false), at(0.9999, false)], [750, 1000, 1250]);
  assert.deepEqual([at(0, true), at(0.9999, true)], [1000, 1250]);
});

test('a type that cannot be watched: at most 24 polls a day of ten hours without any rest', () => {
  const random = seeded(1);
  const days = new Array<number>(2000).fill(0);
  let last: ReturnType<typeof nextPoll> | undefined;
  for (let now = 0; now < days.length * 24 * HOUR; now = last.at) {
    const [day, hour] = [Math.floor(now / HOUR / 24), (now / HOUR) % 24];
    days[day] = (days[day] ?? 0) + 1;
    last = nextPoll(last, hour >= 8 && hour < 18, UNWATCHABLE, now, random());
  }
  const most = Math.max(...days);
  assert.ok(most <= 24, `${most}`);
  const mean = days.reduce((sum, n) => sum + n, 0) / days.length;
  assert.ok(mean >= 16, `often while something happens: ${mean}`);
});

test('another rhythm takes over at once: the interval stays within its bounds', () => {
  const watched = { first: 12 * HOUR, most: 24 * HOUR };
  const polled = { first: 300_000, most: 300_000 };
  assert.equal(nextPoll({ at: 0, every: 300_000 }, false, watched, 0, 0.5).every, 12 * HOUR);
  assert.equal(nextPoll({ at: 0, every: 24 * HOUR }, false, polled, 0, 0.5).every, 300_000);
});

type Step = { do: 'wait'; ms: number } | { do: 'ring' | 'write' | 'begin' | 'finish' | 'crash' };

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 2 * HOUR }) }),
    fc.record({ do: fc.constantFrom('ring' as const, 'write' as const) }),
    fc.record({ do: fc.constantFrom('begin' as const, 'finish' as const, 'crash' as const) }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 40 },
);

test('a notification is followed by a pull that begins after it, or the type is due within a minute', () => {
  fc.assert(
    fc.property(steps, (steps) => {
      let now = 1000;
      let stored = pulled(user);
      // By brute force: when the oldest notification came that no finished pull has begun after.
      let news: number | undefined;
      let lease: Lease = { userId: 'u', holder: '', fence: 1, expiresAt: 0 };
      let pull: { news: number | undefined } | undefined;
      for (const step of steps) {
        if (step.do === 'wait') now += step.ms;
        if (step.do === 'write')
          lease = { ...lease, wroteAt: now, writes: (lease.writes ?? 0) + 1 };
        if (step.do === 'ring') {
          stored = rung(stored, 'r', now, lease) ?? stored;
          news ??= now;
          if (pull) pull.news ??= now;
        }
        if (step.do === 'begin' && !pull && isDue(stored, 'r', now)) {
          stored = stepped(stored, 'r', {
            step: 'begun',
            askedAt: undefined,
            now,
            writes: lease.writes ?? 0,
          });
          // Renewed for as long as the run lives.
          lease = { ...lease, expiresAt: Number.MAX_SAFE_INTEGER };
          pull = { news: undefined };
        }
        if (step.do === 'finish' && pull) {
          stored = stepped(stored, 'r', {
            step: 'pulled',
            since: 0,
            askedAt: undefined,
            at: now + 12 * HOUR,
          });
          news = pull.news;
          pull = undefined;
          lease = { ...lease, expiresAt: 0 };
        }
        if (step.do === 'crash' && pull) {
          lease = { ...lease, expiresAt: now + 60_000 };
          pull = undefined;
        }
        if (news === undefined) continue;
        assert.ok((stored.nextPollAt ?? Infinity) <= news + 60_000, 'the tick finds the user');
        assert.ok(isDue(stored, 'r', Math.max(now, news + 60_000)), 'and a run finds it due');
      }
    }),
    { numRuns: 1000 },
  );
});

test('of a burst only the first notification is stored; one that ages asks again', () => {
  const quiet = pulled(user);
  const first = rung(quiet, 'r', 1000, undefined);
  assert.ok(first);
  assert.equal(rung(first, 'r', 60_999, undefined), undefined);
  assert.ok(rung(first, 'r', 61_000, undefined));
});

test('as many notifications as we wrote wait a minute; one more does not, nor one that comes late', () => {
  const at = (u: User | undefined) => u?.polls?.r?.at;
  const begun = stepped(user, 'r', { step: 'begun', askedAt: undefined, now: 0, writes: 5 });
  const quiet = stepped(begun, 'r', {
    step: 'pulled',
    since: 0,
    askedAt: undefined,
    at: 12 * HOUR,
  });
  const lease: Lease = {
    userId: 'u',
    holder: '',
    fence: 1,
    expiresAt: 0,
    wroteAt: 1000,
    writes: 7,
  };
  const one = rung(quiet, 'r', 1001, lease);
  const two = rung(one as User, 'r', 1002, lease);
  assert.deepEqual([at(one), at(two)], [61_001, 61_001]);
  assert.equal(at(rung(two as User, 'r', 1003, lease)), 1003);
  assert.equal(at(rung(quiet, 'r', 11_000, lease)), 11_000);
  // Before the run that wrote has committed, nobody knows how often it did.
  const working = { ...lease, writes: 5, expiresAt: 2000 };
  const early = rung(quiet, 'r', 1001, working);
  assert.equal(at(early), 61_001);
  // At its end it does: one notification for one write is an echo, for none it is news.
  assert.equal(rangMore(early as User, 6, 2000), undefined);
  assert.equal(at(rangMore(early as User, 5, 2000)), 2000);
  assert.equal(at(rung(early as User, 'r', 2001, { ...lease, writes: 6 })), 2001);
});

test('nobody who is not synced is woken', () => {
  const quiet = pulled(user);
  for (const more of [{ state: 'paused' }, { enabled: false }, { leaving: 'keep' }] as const)
    assert.equal(rung({ ...quiet, ...more }, 'r', 1000, undefined), undefined);
});

test('what is made due during a run, before or in its pull, is still due after it', () => {
  const before = dueNow(pulled(user), 500);
  const { askedAt } = before;
  const begin = (u: User) => stepped(u, 'r', { step: 'begun', now: 1000, writes: 0, askedAt });
  const end = (u: User) => stepped(u, 'r', { step: 'pulled', at: 12 * HOUR, since: 900, askedAt });
  const due = (u: User) => [u.nextPollAt, isDue(u, 'r', 2000), isDue(u, 'another', 2000)];
  assert.equal(end(begin(before)).nextPollAt, 12 * HOUR);
  assert.deepEqual(due(end(begin(dueNow(before, 950)))), [950, true, true]);
  assert.deepEqual(due(end(dueNow(begin(before), 1500))), [1500, true, true]);
});

test('no pull puts an alarm off; the run that wakes what slept ends it', () => {
  const pull = (u: User, since: number) =>
    stepped(u, 'r', { step: 'pulled', at: since + 12 * HOUR, since, askedAt: undefined });
  const set = alarmed(alarmed(pulled(user), 9000), 7000);
  assert.equal(set.nextPollAt, 7000);
  const kept = pull(set, 6000);
  assert.deepEqual([kept.nextPollAt, isDue(kept, 'r', 7000)], [7000, true]);
  assert.deepEqual(pull(kept, 7000).nextPollAt, 7000 + 12 * HOUR);
});

test('all types are due when something else than a poll made the user due', () => {
  const polls = { a: { at: 500 }, b: { at: 900 } };
  const due = (u: User, now: number) => ['a', 'b', 'new'].filter((r) => isDue(u, r, now));
  assert.deepEqual(due({ ...user, polls, nextPollAt: 500 }, 600), ['a', 'new']);
  assert.deepEqual(due({ ...user, polls, nextPollAt: 100 }, 100), ['a', 'b', 'new']);
  assert.deepEqual(due(dueNow({ ...user, polls }, 600), 600), ['a', 'b', 'new']);
});
