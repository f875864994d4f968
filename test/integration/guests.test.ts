/** People in an event: guests, answers, and what belongs to somebody else. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorld, visit } from '../support/world.ts';

test('P10 C20 an unlinked event and what we do not map are never touched; mails are never sent', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  await world.crm(
    world.change(
      'v1',
      visit(1, 9, {
        participants: [{ email: 'luca@firm.example' }, { email: 'customer@else.example' }],
      }),
    ),
  );
  const [event] = await world.events();
  assert.deepEqual(
    event?.attendees?.map((a) => a.email),
    ['luca@firm.example'],
    'customers are not invited',
  );
  await world.phone('anna', 'PATCH', `/${event?.id}`, {
    colorId: '7',
    attendees: [{ email: 'luca@firm.example' }, { email: 'guest@else.example' }],
  });
  await world.poll();
  await world.crm(
    world.change('v1', visit(1, 15, { participants: [{ email: 'customer@else.example' }] })),
  );
  const [after] = await world.events();
  assert.equal(after?.colorId, '7');
  assert.deepEqual(
    after?.attendees?.map((a) => a.email),
    ['guest@else.example'],
  );
  assert.deepEqual(world.workspace.mails, []);
});

test('rule 7: the own answer travels both ways, a declined event is not busy; the rest is the organizer’s', async () => {
  const world = createWorld();
  await world.connect('anna');
  world.workspace.createAccount({ email: 'boss@else.example' });
  const invited = await world.workspace.handle({
    method: 'POST',
    url: '/calendar/v3/calendars/primary/events',
    headers: { authorization: 'Bearer user:boss@else.example', 'content-type': 'application/json' },
    body: JSON.stringify({
      summary: 'Invitation',
      start: { date: '2026-11-27' },
      end: { date: '2026-11-28' },
      attendees: [{ email: 'anna@firm.example' }],
    }),
  });
  const { id } = JSON.parse(invited.body) as { id: string };
  await world.poll();
  const told = world.messages.find((m) => m.googleId === id);
  assert.deepEqual([told?.data?.response, told?.data?.busy], ['needsAction', true]);
  await world.crm(world.change('i1', { ...told?.data, response: 'declined' }, { googleId: id }));
  const mine = await world.phone('anna', 'GET', `/${id}`);
  assert.equal(
    mine.attendees?.find((a) => a.email === 'anna@firm.example')?.responseStatus,
    'declined',
  );
  await world.poll();
  world.messages.length = 0;
  await world.crm(world.change('i1', { subject: 'Mine now' }, { googleId: id }));
  assert.equal(world.messages[0]?.rejected?.reason, 'notOrganizer');
  assert.equal(world.messages[0]?.data?.subject, 'Invitation');
});

test('P6 a guest that was offered stays one when the CRM speaks of other fields', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('A-1', visit(1)));
  const [event] = await world.events();
  const attendees = [{ email: 'guest@elsewhere.example' }];
  await world.phone('anna', 'PATCH', `/${event?.id}`, { attendees });
  await world.poll();
  world.messages.length = 0;
  await world.crm(world.change('A-1', visit(1, 9, { subject: 'Renamed' })));
  await world.store.wakeIntents('anna', world.clock.now(), 10, true);
  await world.poll();
  assert.deepEqual(world.messages, [], 'not told that nobody is on the list');
  const [now] = await world.events();
  assert.equal(now?.summary, 'Renamed');
  assert.deepEqual(
    now?.attendees?.map((a) => a.email),
    ['guest@elsewhere.example'],
  );
});
