/**
 * A CRM that knows series: whatever people do to series and single occurrences, on both sides and in any
 * order, in the end both calendars show the same, and nothing goes on moving.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { CrmChange } from '../../functions/core/messages.ts';
import { SEED } from '../support/seed.ts';
import { SeriesCrm } from '../support/series-crm.ts';
import { type Event, MONDAY } from '../support/world.ts';

const DAY = 86_400_000;
const RUNS = Number(process.env.FC_RUNS ?? 60);

const RULES = [
  ['RRULE:FREQ=WEEKLY'],
  ['RRULE:FREQ=WEEKLY;COUNT=5'],
  ['RRULE:FREQ=WEEKLY;BYDAY=TU,TH;COUNT=9'],
  ['RRULE:FREQ=DAILY;COUNT=12'],
  ['RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20270110T000000Z'],
  ['RRULE:FREQ=WEEKLY;COUNT=3', 'RDATE;TZID=Europe/Zurich:20261203T090000'],
  null,
];

const which = fc.nat(40);
const side = fc.constantFrom('crm' as const, 'google' as const);
const create = fc.record({
  do: fc.constant('create' as const),
  side,
  rule: fc.nat(6),
  day: fc.integer({ min: -5, max: 20 }),
});
const step = fc.oneof(
  create,
  fc.record({
    do: fc.constant('shift' as const),
    side,
    which,
    day: fc.integer({ min: -3, max: 3 }),
  }),
  fc.record({ do: fc.constant('rule' as const), side, which, rule: fc.nat(6) }),
  fc.record({ do: fc.constant('rename' as const), side, which, text: fc.constantFrom('A', 'B') }),
  fc.record({ do: fc.constant('remove' as const), side, which }),
  fc.record({
    do: fc.constant('moveOne' as const),
    side,
    which,
    day: fc.integer({ min: -9, max: 9 }),
  }),
  fc.record({
    do: fc.constant('renameOne' as const),
    side,
    which,
    text: fc.constantFrom('C', 'D'),
  }),
  fc.record({ do: fc.constant('removeOne' as const), side, which }),
  fc.record({ do: fc.constant('away' as const), side: fc.constant('google' as const), which }),
  fc.record({ do: fc.constant('expire' as const) }),
  // The CRM hears only later what is told now.
  fc.record({ do: fc.constant('pollUnheard' as const) }),
  fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ do: fc.constant('poll' as const) }),
  fc.record({ do: fc.constant('poll' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Person = Extract<Step, { side: string }>;

const iso = (at: number) => ({ dateTime: new Date(at).toISOString(), timeZone: 'Europe/Zurich' });
const time = (at: number) => ({ start: iso(at), end: iso(at + 3_600_000) });
const pick = <T>(list: T[], n: number) => list[n % Math.max(1, list.length)];
const startOf = (event: { start: { dateTime?: string | undefined } }) =>
  Date.parse(event.start.dateTime ?? '');

async function atGoogle({ world }: SeriesCrm, s: Person): Promise<void> {
  const write = (id: string, body?: object) =>
    world.phone('anna', body ? 'PATCH' : 'DELETE', `/${id}`, body);
  if (s.do === 'create') {
    const recurrence = RULES[s.rule];
    const body = { summary: 'G', ...time(MONDAY + s.day * DAY), ...(recurrence && { recurrence }) };
    await world.phone('anna', 'POST', '', body);
    return;
  }
  const one = s.do === 'moveOne' || s.do === 'renameOne' || s.do === 'removeOne';
  const timeMax = new Date(world.clock.now() + 60 * DAY).toISOString();
  const singles = () => world.phone('anna', 'GET', `?singleEvents=true&timeMax=${timeMax}`);
  const isPart = (e: Event) => (e as { recurringEventId?: string }).recurringEventId !== undefined;
  const list = one
    ? (await singles()).items
    : (await world.events()).filter((event) => !isPart(event));
  const event = pick(list, s.which);
  if (!event) return;
  if (s.do === 'away') await world.moveAway('anna', event.id);
  else if (s.do === 'remove' || s.do === 'removeOne') await write(event.id);
  else if (s.do === 'rename' || s.do === 'renameOne') await write(event.id, { summary: s.text });
  else if (s.do === 'rule') await write(event.id, { recurrence: RULES[s.rule] ?? null });
  else await write(event.id, time(startOf(event) + s.day * DAY + (one ? 60_000 : 0)));
}

let names = 0;

function inCrm(crm: SeriesCrm, s: Person): CrmChange | undefined {
  if (s.do === 'away') return undefined;
  if (s.do === 'create') {
    const data = { subject: 'S', ...time(MONDAY + s.day * DAY), recurrence: RULES[s.rule] ?? null };
    return crm.edit(`c${++names}`, data);
  }
  if (s.do === 'moveOne' || s.do === 'renameOne' || s.do === 'removeOne') {
    const one = pick(crm.regular(), s.which);
    if (!one?.start.dateTime) return undefined;
    const { crmId, data, start } = one;
    const occurrence = { series: { crmId }, originalStart: start as { dateTime: string } };
    const id = `c${++names}`;
    if (s.do === 'removeOne') return crm.remove(id, occurrence);
    const at = Date.parse(start.dateTime ?? '');
    const { conferenceUrl: _, recurrence: __, ...single } = data;
    const change = s.do === 'moveOne' ? time(at + s.day * DAY + 120_000) : { subject: s.text };
    return crm.edit(id, { ...single, ...time(at), ...change }, occurrence);
  }
  const crmId = pick([...crm.records.keys()], s.which);
  const record = crm.records.get(crmId ?? '');
  if (crmId === undefined || !record) return undefined;
  if (s.do === 'remove') return crm.remove(crmId);
  if (s.do === 'rename') return crm.edit(crmId, { subject: s.text });
  if (s.do === 'shift') {
    const at = Date.parse((record.data.start as { dateTime: string }).dateTime);
    return crm.edit(crmId, time(at + s.day * DAY));
  }
  return record.occurrence ? undefined : crm.edit(crmId, { recurrence: RULES[s.rule] ?? null });
}

async function play(steps: Step[]): Promise<void> {
  const crm = await new SeriesCrm().connect();
  const { world } = crm;
  world.workspace.quota.enabled = false;
  const poll = async () => {
    await world.poll();
    const told = await crm.hear();
    // Whose occurrence has gone meanwhile is told so after a while: a person looks at it.
    for (const { crmId = '', rejected } of told) {
      assert.ok(!rejected || ['noOccurrence', 'unknownSeries'].includes(rejected.reason));
      if (rejected && crm.records.has(crmId)) await world.crm(crm.remove(crmId));
    }
    return told.length;
  };
  for (const s of steps) {
    if (s.do === 'expire') world.workspace.calendars.expireSyncTokens();
    else if (s.do === 'wait') world.advance(s.hours * 3_600_000);
    else if (s.do === 'poll') await poll();
    else if (s.do === 'pollUnheard') await world.poll();
    else if (s.side === 'google') await atGoogle(crm, s);
    else {
      const change = inCrm(crm, s);
      if (change) await world.crm(change);
    }
  }
  // Until nothing moves any more: what crosses may need a few rounds, never many.
  const settle = async () => {
    let rounds = 0;
    while ((await poll()) > 0 || world.syncRequests.splice(0).length > 0) {
      world.advance(1000);
      assert.ok(++rounds < 8, 'it goes on and on');
    }
  };
  await settle();
  world.advance(660_000);
  await settle();
  if ((await world.store.getUser('anna'))?.state === 'paused') return;
  await crm.same();
  assert.deepEqual(world.workspace.mails, []);
}

test('C16 to C19: any history of series, on both sides, ends with the same calendar on both', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc
        .tuple(fc.array(create, { minLength: 1, maxLength: 3 }), fc.array(step, { maxLength: 25 }))
        .map((parts) => parts.flat()),
      play,
    ),
    { numRuns: RUNS, seed: SEED, endOnFailure: false, interruptAfterTimeLimit: 100_000 },
  );
});
