/** Series as records through the whole stack: functions, emulators, the CRM simulator, Google's. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { requireEmulators } from '../support/emulators.ts';
import { appointment, type Driven, driveStack } from '../support/stack.ts';

const DAY = 86_400_000;
/** Mondays at nine in UTC, from next week on. */
const MONDAY = Math.ceil((Date.now() - 4 * DAY) / (7 * DAY)) * 7 * DAY + 4 * DAY + 9 * 3_600_000;
const moment = (at: number) => ({ dateTime: new Date(at).toISOString(), timeZone: 'UTC' });
const time = (at: number) => ({ start: moment(at), end: moment(at + 3_600_000) });
const suffix = (at: number) => `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
const week = (n: number) => MONDAY + n * 7 * DAY;
const weekly = { subject: 'Round', ...time(MONDAY), recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'] };
const occurrence = (n: number) => ({
  series: { crmId: 'S' },
  originalStart: moment(week(n)),
});

describe('RECURRENCE=series on the emulators', { skip: requireEmulators() }, () => {
  let stack: Driven;
  let close: () => Promise<void>;
  before(async () => {
    stack = await driveStack(
      (end) => {
        close = end;
      },
      { env: { RECURRENCE: 'series' } },
    );
  });
  after(() => close());

  const shown = async () =>
    (await stack.phone('anna', 'GET', '?singleEvents=true')).items
      .map((e) => `${(Date.parse(e.start.dateTime ?? '') - MONDAY) / DAY} ${e.summary}`)
      .sort();

  test('a series of the CRM, its exception and a cancelled occurrence, in the wrong order', async () => {
    const moved = { subject: 'Special', ...time(week(1) + DAY) };
    await stack.publish(appointment('X', moved, { occurrence: occurrence(1) }));
    await stack.publish(appointment('Y', {}, { op: 'delete', occurrence: occurrence(2) }));
    assert.deepEqual(await shown(), []);
    await stack.publish(appointment('S', weekly));
    assert.deepEqual(await shown(), ['0 Round', '21 Round', '8 Special']);
    await stack.poll();
    assert.deepEqual(await stack.news(), []);
    // Written as it stands in Firestore, and found again.
    await stack.publish(appointment('X', { subject: 'Very special' }));
    assert.deepEqual(await shown(), ['0 Round', '21 Round', '8 Very special']);
  });

  test('what people change at Google reaches the records of the CRM', async () => {
    const [event] = (await stack.events('anna')).filter((e) => e.recurrence);
    await stack.phone('anna', 'PATCH', `/${event?.id}_${suffix(week(3))}`, { location: 'Bern' });
    await stack.phone('anna', 'DELETE', `/${event?.id}_${suffix(week(0))}`);
    await stack.poll();
    const told = await stack.news();
    assert.deepEqual(told.map((m) => [m.op, m.occurrence?.series.crmId]).sort(), [
      ['delete', 'S'],
      ['upsert', 'S'],
    ]);
    const records = stack.crm.records('anna');
    assert.equal(records.find((r) => r.data.place === 'Bern')?.occurrence?.series.crmId, 'S');
    assert.equal(records.find((r) => r.crmId === 'S')?.cancelled?.length, 1);
    await stack.phone('anna', 'DELETE', `/${event?.id}`);
    await stack.poll();
    assert.deepEqual(stack.crm.records('anna'), []);
    await stack.news();
    await stack.poll();
    assert.deepEqual(await stack.news(), []);
  });

  test('a rule that makes no sense is answered, and kept as a dead letter', async () => {
    const data = { ...weekly, recurrence: ['RRULE:FREQ=FORTNIGHTLY'] };
    await stack.publish(appointment('bad', data));
    const [told] = await stack.news();
    assert.equal(told?.rejected?.reason, 'schema');
    assert.match(told?.rejected?.detail ?? '', /data\.recurrence\.0.*FREQ/);
  });
});
