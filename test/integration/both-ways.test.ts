/** The straight road, from the CRM to Google and back: how many calls, what is told, no echo. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorld, visit } from '../support/world.ts';

test('P13 C14 a CRM appointment is in the calendar with one call, and its echo goes nowhere', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  world.countCalls();
  world.messages.length = 0;
  assert.equal(
    await world.crm(
      world.change('v1', visit(1, 9, { place: ' Bern ', customer: { name: 'Muster AG' } })),
    ),
    'done',
  );
  assert.deepEqual(world.countCalls(), { 'calendar.events.insert': 1 });
  const [event] = await world.events();
  assert.equal(event?.summary, 'Visit at Muster AG');
  assert.equal(event?.location, 'Bern');
  assert.match(String(event?.description), /— CRM —\nMuster AG\nvisit · planned/);
  world.countCalls();
  await world.poll();
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 });
  assert.deepEqual(world.messages, []);
});

test('P19 one change of one appointment is one call, conditional, without reading first', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  world.countCalls();
  await world.crm(world.change('v1', visit(1, 14)));
  assert.deepEqual(world.countCalls(), { 'calendar.events.patch': 1 });
  assert.ok(world.calls.at(-1)?.headers['if-match']);
  const [event] = await world.events();
  assert.equal(event?.start.dateTime, '2026-11-24T14:00:00+01:00');
});

test('a move on the phone reaches the CRM, with what changed and the version it builds on', async () => {
  const world = createWorld();
  await world.connect('anna');
  const change = world.change('v1', visit());
  await world.crm(change);
  await world.poll();
  world.messages.length = 0;
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, {
    start: { dateTime: '2026-11-25T10:00:00+01:00' },
    end: { dateTime: '2026-11-25T11:00:00+01:00' },
  });
  await world.poll();
  assert.equal(world.messages.length, 1);
  const [message] = world.messages;
  assert.equal(message?.crmId, 'v1');
  assert.equal(message?.baseVersion, change.version);
  assert.deepEqual(message?.changed, ['start', 'end']);
  assert.deepEqual(message?.data?.start, {
    dateTime: '2026-11-25T10:00:00+01:00',
    timeZone: 'Europe/Zurich',
  });
  await world.poll();
  assert.equal(world.messages.length, 1, 'told once');
});

test('rule 3: an own event reaches the CRM, is adopted without a write, and then follows both ways', async () => {
  const world = createWorld();
  await world.connect('anna');
  const made = await world.phone('anna', 'POST', '', {
    summary: 'Dentist',
    start: { date: '2026-11-26' },
    end: { date: '2026-11-27' },
    colorId: '5',
  });
  await world.poll();
  const message = world.messages.find((m) => m.record === 'appointment');
  assert.equal(message?.crmId, undefined);
  assert.equal(message?.googleId, made.id);
  assert.deepEqual(message?.data?.end, { date: '2026-11-26' });
  world.countCalls();
  await world.crm(world.change('g1', { ...message?.data, kind: 'call' }, { googleId: made.id }));
  assert.deepEqual(world.countCalls(), {});
  await world.crm(world.change('g1', { subject: 'Dentist, moved' }, { googleId: made.id }));
  const [event] = await world.events();
  assert.deepEqual(
    [event?.summary, event?.colorId, event?.description],
    ['Dentist, moved', '5', undefined],
  );
  assert.equal(event?.extendedProperties, undefined);
});

test('rule 13: HTML, a Meet link and reminders are left as they are by changes of other fields', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1, 9, { description: 'Plain' })));
  const [event] = await world.events();
  const html = 'Now <b>bold</b><br>two lines';
  const reminders = { useDefault: false, overrides: [{ method: 'email', minutes: 30 }] };
  await world.phone('anna', 'PATCH', `/${event?.id}`, { description: html, reminders });
  await world.poll();
  assert.equal(world.messages.at(-1)?.data?.description, 'Now bold\ntwo lines');
  await world.crm(world.change('v1', { subject: 'Other', description: 'Now bold\ntwo lines' }));
  const [after] = await world.events();
  assert.deepEqual([after?.summary, after?.description], ['Other', html]);
  assert.deepEqual((after as { reminders?: object } | undefined)?.reminders, reminders);
  await world.crm(world.change('v1', { reminderMinutes: 15 }));
  const [reminded] = await world.events();
  assert.deepEqual((reminded as { reminders?: object } | undefined)?.reminders, {
    useDefault: false,
    overrides: [{ method: 'popup', minutes: 15 }],
  });
});

test('P1 an own event that is deleted and restored before the CRM has answered is told anew, under another changeId', async () => {
  const world = createWorld();
  await world.connect('anna');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { summary: 'Fair', ...day });
  await world.poll();
  await world.phone('anna', 'DELETE', `/${own.id}`);
  await world.poll();
  await world.phone('anna', 'PATCH', `/${own.id}`, { status: 'confirmed' });
  await world.poll();
  const told = world.messages.filter((m) => m.record === 'appointment');
  assert.deepEqual(
    told.map((m) => m.op),
    ['upsert', 'delete', 'upsert'],
  );
  assert.equal(
    new Set(told.map((m) => m.changeId)).size,
    3,
    'who drops repetitions hears all three',
  );
  assert.deepEqual(told[2]?.data, told[0]?.data);
});
