/** What its owner hides never leaves Google. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorld, visit } from '../support/world.ts';

test('rule 4: a private event of one’s own is a busy block: no title, no text', async () => {
  const world = createWorld();
  await world.connect('anna');
  const secret = {
    summary: 'Therapy',
    description: 'secret',
    location: 'secret',
    visibility: 'private',
  };
  const made = await world.phone('anna', 'POST', '', {
    ...secret,
    start: { dateTime: '2026-11-26T10:00:00Z' },
    end: { dateTime: '2026-11-26T11:00:00Z' },
  });
  await world.poll();
  const message = world.messages.find((m) => m.record === 'appointment');
  assert.equal(message?.redacted, true);
  assert.doesNotMatch(JSON.stringify(world.messages) + world.store.dump(), /Therapy|secret/);
  await world.crm(
    world.change(
      'p1',
      {
        ...message?.data,
        subject: 'Busy',
        start: { dateTime: '2026-11-26T12:00:00+01:00', timeZone: 'Europe/Zurich' },
        end: { dateTime: '2026-11-26T13:00:00+01:00', timeZone: 'Europe/Zurich' },
      },
      { googleId: made.id },
    ),
  );
  const [event] = await world.events();
  assert.deepEqual(
    [event?.summary, event?.description, event?.visibility],
    ['Therapy', 'secret', 'private'],
  );
  assert.equal(event?.start.dateTime, '2026-11-26T12:00:00+01:00');
});

test('rule 4: what was born in the CRM is the CRM’s: private there it is at Google too, and syncs whole', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1, 9, { private: true })));
  const [event] = await world.events();
  assert.deepEqual([event?.visibility, event?.summary], ['private', 'Visit at Muster AG']);
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'Moved', location: 'Thun' });
  await world.poll();
  const last = world.messages.at(-1);
  assert.deepEqual(
    [last?.redacted, last?.data?.subject, last?.data?.place],
    [undefined, 'Moved', 'Thun'],
  );
});

test('rule 4: an event turned private later: the CRM is asked to forget its texts', async () => {
  const world = createWorld();
  await world.connect('anna');
  const made = await world.phone('anna', 'POST', '', {
    summary: 'Open',
    start: { date: '2026-11-26' },
    end: { date: '2026-11-27' },
  });
  await world.poll();
  await world.phone('anna', 'PATCH', `/${made.id}`, { visibility: 'private' });
  await world.poll();
  const last = world.messages.at(-1);
  assert.equal(last?.redacted, true);
  assert.equal(last?.data?.subject, null);
  assert.ok(last?.changed?.includes('subject'));
});

test('rule 4: an own event that the CRM makes private: what is told of it later repeats no text', async () => {
  const world = createWorld();
  await world.connect('anna');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const made = await world.phone('anna', 'POST', '', { summary: 'Open', ...day });
  await world.poll();
  const { data } = world.messages.at(-1) ?? {};
  await world.crm(world.change('p1', { ...data }, { googleId: made.id }));
  await world.crm(world.change('p1', { ...data, private: true }));
  assert.equal((await world.events())[0]?.visibility, 'private');
  const later = { start: { date: '2026-11-27' }, end: { date: '2026-11-28' } };
  await world.phone('anna', 'PATCH', `/${made.id}`, later);
  await world.poll();
  const last = world.messages.at(-1);
  assert.deepEqual(last?.data?.start, { date: '2026-11-27' });
  assert.deepEqual([last?.redacted, last?.data?.subject], [true, null]);
});

test('rule 4: a busy block that is deleted at Google and changed in the CRM is written again as the CRM says it', async () => {
  const world = createWorld();
  await world.connect('anna');
  const made = await world.phone('anna', 'POST', '', {
    summary: 'Therapy',
    visibility: 'private',
    start: { dateTime: '2026-11-26T10:00:00Z' },
    end: { dateTime: '2026-11-26T11:00:00Z' },
  });
  await world.poll();
  await world.crm(world.change('p1', visit(3, 11, { subject: 'Busy' }), { googleId: made.id }));
  await world.phone('anna', 'DELETE', `/${made.id}`);
  await world.crm(world.change('p1', visit(3, 15, { subject: 'Busy' })));
  await world.poll();
  const shown = (await world.events()).map((e) => [e.summary, e.start.dateTime]);
  assert.deepEqual(shown, [['Busy', '2026-11-26T15:00:00+01:00']]);
});
