/**
 * availability against a brute-force oracle: any calendars, in zones and on days in which clocks change, at
 * Google (the simulator) and on the way there.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { answerOf, availabilityRequestSchema } from '../../functions/core/availability.ts';
import { whenBusy } from '../../functions/sync/availability.ts';
import { createWorld, type World } from '../support/world.ts';
import {
  type Entry,
  judge,
  type Person,
  type Question,
  type Runs,
  wall,
} from './availability-oracle.ts';

/** Zones, each with a day on which its clocks change; and one without. */
const places = [
  ['Europe/Zurich', '2027-03-28'],
  ['Europe/Zurich', '2027-10-31'],
  ['America/New_York', '2027-03-14'],
  ['America/St_Johns', '2027-11-07'],
  ['Africa/Cairo', '2027-04-30'],
  ['America/Santiago', '2027-09-05'],
  ['Australia/Lord_Howe', '2027-04-04'],
  ['Pacific/Chatham', '2027-09-26'],
  ['Asia/Kathmandu', '2026-12-24'],
] as const;

const WEEK = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
/** Mostly quarters of an hour: entries that touch are what goes wrong. */
const minutes = (min: number, max: number) =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .integer({ min: Math.ceil(min / 15), max: Math.floor(max / 15) })
        .map((q) => q * 15),
    },
    fc.integer({ min, max }),
  );

const place = fc.constantFrom(...places);
const midnight = (day: string) => Date.parse(`${day}T00:00:00Z`) / 60_000;

const how = {
  google: fc.constantFrom<Entry['how'][]>(
    'plain',
    'private',
    'tentative',
    'outOfOffice',
    'transparent',
    'declined',
    'cancelled',
  ),
  crm: fc.constantFrom<Entry['how'][]>('plain', 'private', 'transparent', 'cancelled'),
};

const entryNear = (day: string): fc.Arbitrary<Entry> =>
  fc.constantFrom<Entry['at'][]>('google', 'google', 'crm').chain((at) =>
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .tuple(how[at], minutes(-1440, 2 * 1440), minutes(1, 600))
          .map(([how, from, length]): Entry => {
            const start = midnight(day) + from;
            return { at, how, from: start, to: start + length };
          }),
      },
      fc
        .tuple(how[at], fc.integer({ min: -1, max: 1 }), fc.integer({ min: 0, max: 1 }))
        .map(([how, first, more]): Entry => {
          const date = (days: number) =>
            new Date((midnight(day) + days * 1440) * 60_000).toISOString().slice(0, 10);
          // An absence is never all-day (google-contracts 1.8).
          const kind = how === 'outOfOffice' ? 'plain' : how;
          return { at, how: kind, first: date(first), last: date(first + more) };
        }),
    ),
  );

const hours = fc.option(
  fc.array(
    fc
      .tuple(fc.subarray(WEEK, { minLength: 1 }), minutes(0, 1380), minutes(15, 900))
      .map(([days, from, length]) => ({ days, from, to: Math.min(1440, from + length) })),
    { minLength: 1, maxLength: 2 },
  ),
  { nil: undefined, freq: 3 },
);

const cases = place.chain(([zone, day]) =>
  fc.record({
    people: fc.array(
      fc.record({
        zone: fc.oneof(
          { weight: 3, arbitrary: fc.constant(zone) },
          place.map(([other]) => other),
        ),
        entries: fc.array(entryNear(day), { maxLength: 6 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    question: fc
      .record({
        start: minutes(-600, 600),
        length: minutes(60, 2160),
        slotMinutes: minutes(1, 180),
        before: minutes(0, 90),
        after: minutes(0, 90),
        hours,
      })
      .map(({ start, length, ...rest }): Question => {
        const from = midnight(day) + start;
        return { ...rest, zone, from, to: from + length };
      }),
  }),
);

const iso = (minute: number) => new Date(minute * 60_000).toISOString();
const clock = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

const requestOf = (question: Question, users: string[]) =>
  availabilityRequestSchema.parse({
    users,
    from: iso(question.from),
    to: iso(question.to),
    timeZone: question.zone,
    slotMinutes: question.slotMinutes,
    buffers: { before: question.before, after: question.after },
    ...(question.hours && {
      workingHours: question.hours.map(({ days, from, to }) => ({
        days: days.map((day) => day.toLowerCase()),
        from: clock(from),
        to: clock(to),
      })),
    }),
  });

/** As the oracle spells it; each text has to show what the wall in the zone shows. */
function spelled(zone: string, periods: readonly { from: string; to: string }[]): Runs {
  const minute = (text: string) => {
    const instant = Date.parse(text) / 60_000;
    const { date, time } = wall(zone, instant);
    assert.equal(text.slice(0, 16), `${date}T${time}`, `${text} in ${zone}`);
    return instant;
  };
  return periods.map(({ from, to }) => [minute(from), minute(to)]);
}

/** Puts a person's entries where they are: into the calendar, or into the CRM's messages that wait. */
async function fill(world: World, userId: string, { zone, entries }: Person): Promise<void> {
  const email = `${userId}@firm.example`;
  await world.connect(userId);
  world.workspace.calendars.primary(email).timeZone = zone;
  await world.store.updateUser(userId, (user) => user && { ...user, timeZone: zone });
  await world.poll(userId);
  for (const [i, entry] of entries.entries()) {
    if (entry.at === 'google') await atGoogle(world, userId, email, entry);
    else await inCrm(world, userId, `${userId}-${i}`, entry);
  }
}

async function atGoogle(world: World, userId: string, email: string, entry: Entry): Promise<void> {
  const next = (day: string) =>
    new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  const time =
    'from' in entry
      ? { start: { dateTime: iso(entry.from) }, end: { dateTime: iso(entry.to) } }
      : { start: { date: entry.first }, end: { date: next(entry.last) } };
  const answers = ['declined', 'tentative'].includes(entry.how)
    ? { attendees: [{ email, responseStatus: entry.how }] }
    : {};
  const made = await world.phone(userId, 'POST', '', {
    summary: 'Secret',
    ...time,
    ...answers,
    ...(entry.how === 'private' && { visibility: 'private' }),
    ...(entry.how === 'transparent' && { transparency: 'transparent' }),
    ...(entry.how === 'outOfOffice' && { eventType: 'outOfOffice', outOfOfficeProperties: {} }),
  });
  if (entry.how === 'cancelled') await world.phone(userId, 'DELETE', `/${made.id}`);
}

async function inCrm(world: World, userId: string, crmId: string, entry: Entry): Promise<void> {
  const time =
    'from' in entry
      ? { start: { dateTime: iso(entry.from) }, end: { dateTime: iso(entry.to) } }
      : { start: { date: entry.first }, end: { date: entry.last } };
  const data = {
    subject: 'Secret',
    ...time,
    ...(entry.how === 'cancelled' && { status: 'cancelled' }),
    ...(entry.how === 'private' && { private: true }),
    ...(entry.how === 'transparent' && { busy: false }),
  };
  await world.store.putIntents([world.change(crmId, data, { userId })]);
}

async function answer(world: World, question: Question, users: string[]) {
  const request = requestOf(question, users);
  const answer = answerOf(request, await whenBusy(world.availability(), request));
  assert.doesNotMatch(JSON.stringify(answer), /Secret/);
  return {
    busy: answer.users.map((user) => {
      assert.ok('busy' in user, JSON.stringify(user));
      return spelled(question.zone, user.busy);
    }),
    slots: spelled(question.zone, answer.slots ?? assert.fail('no slots')),
  };
}

test('C22 busy times and common slots are those of the clock on the wall', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ people, question }) => {
      const world = createWorld();
      const users = people.map((_, i) => `u${i}`);
      for (const [i, person] of people.entries()) await fill(world, `u${i}`, person);
      const wanted = judge(question, people);
      assert.deepEqual(
        await answer(world, question, users),
        wanted,
        'while the CRM’s are on their way',
      );
      for (const userId of users) await world.poll(userId);
      assert.deepEqual(await answer(world, question, users), wanted, 'once they are at Google');
    }),
    { numRuns: 150 },
  );
});
