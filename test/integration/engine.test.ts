/** The engine against the Workspace simulator, in memory: the straight road and what lies beside it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createWorld, SCOPES, visit } from '../support/world.ts';

test('a CRM appointment is in the calendar with one call, and its echo goes nowhere (P13, C14)', async () => {
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

test('one change of one appointment is one call, conditional, without reading first', async () => {
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

test('edits of different fields on both sides both survive a 412 (P5, P19, C11)', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  world.countCalls();
  await world.crm(world.change('v1', visit(1, 9, { subject: 'New subject' })));
  assert.deepEqual(world.countCalls(), { 'calendar.events.patch': 2, 'calendar.events.get': 1 });
  const [merged] = await world.events();
  assert.deepEqual([merged?.summary, merged?.location], ['New subject', 'Thun']);
  assert.deepEqual(world.messages.at(-1)?.changed, ['place']);
});

test('an own event reaches the CRM, is adopted without a write, and then follows both ways (rule 3)', async () => {
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

test('a private event of one’s own is a busy block: no title, no text (rule 4)', async () => {
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

test('an event turned private later: the CRM is asked to forget its texts (rule 4)', async () => {
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

test('deleted on the phone is deleted in the CRM; deleted in the CRM is deleted at Google', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  await world.poll();
  const [first] = await world.events();
  await world.phone('anna', 'DELETE', `/${first?.id}`);
  await world.poll();
  const deletes = world.messages.filter((m) => m.op === 'delete');
  assert.deepEqual(
    deletes.map((m) => [m.crmId, m.reason]),
    [['v1', 'movedOrDeleted']],
  );
  await world.crm(world.change('v2', {}, { op: 'delete' }));
  assert.deepEqual(await world.events(), []);
  await world.poll();
  assert.equal(
    world.messages.filter((m) => m.op === 'delete').length,
    1,
    'our own delete is no news',
  );
});

test('cancelled goes, planned again comes back as the next generation (rule 2)', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [before] = await world.events();
  await world.crm(world.change('v1', visit(1, 9, { status: 'cancelled' })));
  assert.deepEqual(await world.events(), []);
  await world.poll();
  assert.equal(world.messages.filter((m) => m.op === 'delete').length, 0);
  await world.crm(world.change('v1', visit()));
  const [after] = await world.events();
  assert.notEqual(after?.id, before?.id);
  world.countCalls();
  await world.crm(
    world.change('v9', visit(1, 9, { status: 'cancelled' })),
    world.change('v10', {}, { op: 'delete' }),
  );
  assert.deepEqual(world.countCalls(), {}, 'never written, so no call');
});

test('a hand-over moves the event; a late message of the old owner changes nothing (rule 1)', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  const late = world.change('v1', visit(3));
  await world.crm(world.change('v1', visit(1)));
  const handOver = world.change('v1', visit(2), { userId: 'luca' });
  await world.crm(handOver);
  await world.poll('anna');
  assert.equal((await world.events('anna')).length, 0);
  assert.equal((await world.events('luca')).length, 1);
  await world.crm(late);
  await world.poll('anna');
  assert.equal((await world.events('anna')).length, 0);
  assert.equal(world.messages.filter((m) => m.op === 'delete').length, 0);
});

test('edit beats delete: the CRM hears of it, deletes again, and then it is final (rule 10, P8)', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'Important now' });
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  const last = world.messages.at(-1);
  assert.deepEqual(last?.conflicts, [{ field: 'deletedInCrm', winner: 'google' }]);
  assert.equal((await world.events()).length, 1);
  await world.crm(world.change('v1', {}, { op: 'delete' }));
  assert.equal((await world.events()).length, 0);
});

test('deleted at Google but changed in the CRM since: written again, once (rule 10)', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.crm(world.change('v1', visit(1, 9, { subject: 'Still on' })));
  const events = await world.events();
  assert.equal(events.length, 1);
  assert.equal(events[0]?.summary, 'Still on');
  assert.deepEqual(world.messages.at(-1)?.conflicts, [{ field: 'deletedInGoogle', winner: 'crm' }]);
});

test('C05 P3 P16 a lost answer, or a crash between insert and commit, leaves one event', async () => {
  const world = createWorld();
  await world.connect('anna');
  world.workspace.faults.add({ kind: 'close', when: 'after', method: 'events.insert', count: 1 });
  await world.crm(world.change('v1', visit()));
  assert.equal((await world.events()).length, 1);
  const commit = world.store.commit;
  world.store.commit = () => Promise.reject(new Error('killed'));
  await assert.rejects(world.crm(world.change('v2', visit(2))));
  world.store.commit = commit;
  world.advance(200_000);
  assert.equal(await world.poll(), 'done');
  assert.equal((await world.events()).length, 2);
  assert.deepEqual(await world.store.pendingIntents('anna', 10), []);
});

test('messages twice and out of order end in one event with the newest values (P15)', async () => {
  const world = createWorld();
  await world.connect('anna');
  const [v1, v2, v3] = [
    world.change('v1', visit(1, 9, { place: 'Bern' })),
    world.change('v1', visit(1, 10)),
    world.change('v1', { subject: 'Newest' }),
  ];
  for (const message of [v3, v1, v3, v2, v1]) await world.crm(message);
  const events = await world.events();
  assert.equal(events.length, 1);
  assert.deepEqual(
    [events[0]?.summary, events[0]?.location, events[0]?.start.dateTime?.slice(11, 13)],
    ['Newest', 'Bern', '10'],
  );
});

test('C01 P18 an expired token: one full listing, and what was deleted meanwhile is confirmed and told (C02)', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  await world.poll();
  const [first] = await world.events();
  await world.phone('anna', 'DELETE', `/${first?.id}`);
  world.workspace.calendars.expireSyncTokens('anna@firm.example');
  world.messages.length = 0;
  world.countCalls();
  assert.equal(await world.poll(), 'done');
  assert.equal(world.countCalls()['calendar.events.list'], 2);
  assert.deepEqual(
    world.messages.map((m) => [m.op, m.crmId]),
    [['delete', 'v1']],
  );
});

test('google-contracts 1.1: short and empty pages do not end a listing; each event is told once', async () => {
  const world = createWorld();
  await world.connect('anna');
  for (let i = 0; i < 40; i++) {
    const day = { start: { date: '2026-12-01' }, end: { date: '2026-12-02' } };
    await world.phone('anna', 'POST', '', { summary: `Own ${i}`, ...day });
  }
  world.workspace.raggedPages = true;
  await world.poll();
  world.advance(400_000);
  await world.poll();
  const told = world.messages.filter((m) => m.record === 'appointment');
  assert.equal(told.length, 40);
  assert.equal(new Set(told.map((m) => m.googleId)).size, 40);
});

test('C03 P9 a listing that suddenly lacks nearly everything deletes nothing and asks for a person', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(
    ...Array.from({ length: 30 }, (_, i) => world.change(`m${i}`, visit(1 + (i % 5), 8))),
  );
  await world.poll();
  world.workspace.calendars.expireSyncTokens('anna@firm.example');
  const [collection] = world.engine.collections;
  assert.ok(collection);
  const { list } = collection;
  collection.list = async (...args) => ({ ...(await list(...args)), items: [] });
  await world.poll();
  assert.equal(world.messages.filter((m) => m.op === 'delete').length, 0);
  assert.equal((await world.store.getUser('anna'))?.state, 'paused');
  assert.equal((await world.store.getUser('anna'))?.stateReason, 'massChange');
});

test('P33 a revoked grant: no further call, the CRM hears it, intents wait, and reconnecting continues (C24)', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  world.workspace.oauth.revokeUser('anna@firm.example');
  assert.equal(
    await world.crm(world.change('v2', visit(2))),
    'later',
    'not believed right after connecting',
  );
  world.advance(11 * 60_000);
  assert.equal(await world.crm(world.change('v2', visit(2))), 'reauthorize');
  assert.equal(world.messages.at(-1)?.data?.state, 'reauthorize');
  world.countCalls();
  assert.equal(await world.crm(world.change('v3', visit(3))), 'notActive');
  assert.deepEqual(world.countCalls(), {});
  await world.connect('anna');
  await world.poll();
  assert.equal((await world.events()).length, 3);
});

test('P33 a scope taken back and granted again: a warm worker asks for a new token, once', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  world.advance(11 * 60_000);
  world.workspace.oauth.withdrawScope('anna@firm.example', 'calendar.events.owned');
  assert.equal(await world.poll(), 'reauthorize');
  await world.consent('anna', SCOPES.primary);
  assert.equal(await world.crm(world.change('v2', visit(2))), 'done');
  assert.equal((await world.events()).length, 2);
});

test('a record that Google refuses is parked by name and does not hold up the others (P21, C24)', async () => {
  const world = createWorld();
  await world.connect('anna');
  world.workspace.faults.add({
    kind: 'status',
    status: 400,
    reason: 'invalid',
    method: 'events.insert',
    count: 1,
  });
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  assert.equal((await world.events()).length, 1);
  const rejected = world.messages.filter((m) => m.op === 'reject');
  assert.equal(rejected.length, 1);
  assert.match(rejected[0]?.rejected?.detail ?? '', /v[12]/);
});

test('P29 C23 rate limits are waited for, within a budget; then the work stays pending and nothing is lost', async () => {
  const world = createWorld();
  await world.connect('anna');
  world.workspace.faults.add({
    kind: 'status',
    status: 403,
    reason: 'rateLimitExceeded',
    method: 'events.insert',
    count: 2,
  });
  assert.equal(await world.crm(world.change('v1', visit())), 'done');
  const stop = world.workspace.faults.add({
    kind: 'status',
    status: 429,
    reason: 'rateLimitExceeded',
    method: 'events.insert',
  });
  assert.equal(await world.crm(world.change('v2', visit(2))), 'later');
  assert.ok(((await world.store.getLease('anna'))?.expiresAt ?? 0) <= world.clock.now());
  stop();
  await world.poll();
  assert.equal((await world.events()).length, 2);
});

test('a thousand appointments of one message: twenty batches, each once', async () => {
  const world = createWorld();
  world.workspace.quota.enabled = false;
  await world.connect('anna');
  await world.crm(
    ...Array.from({ length: 1000 }, (_, i) =>
      world.change(`m${i}`, visit(1 + (i % 5), 8 + (i % 9))),
    ),
  );
  const batches = world.calls.filter((c) => c.url.endsWith('/batch/calendar/v3'));
  assert.equal(batches.length, 20);
  assert.equal((await world.phone('anna', 'GET', '?maxResults=2500')).items.length, 1000);
});

test('P10 an unlinked event and what we do not map are never touched; mails are never sent (C20)', async () => {
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

test('C21 a meeting of two synced users is one CRM appointment, whichever calendar is read first', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  await world.poll('luca');
  await world.phone('anna', 'POST', '', {
    summary: 'Review',
    start: { date: '2026-11-26' },
    end: { date: '2026-11-27' },
    attendees: [{ email: 'luca@firm.example' }],
  });
  await world.poll('luca');
  await world.poll('anna');
  const told = world.messages.filter((m) => m.record === 'appointment');
  assert.deepEqual(
    told.map((m) => m.userId),
    ['anna'],
  );
  assert.deepEqual(told[0]?.data?.participants, [
    { email: 'luca@firm.example', response: 'needsAction', kind: 'user', userId: 'luca' },
  ]);
});

test('two runs of one user: one holds the lease, the other leaves; the holder finds the late intent (P25)', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  let late: Promise<unknown> | undefined;
  world.workspace.before = async (call) => {
    if (call.method !== 'calendar.events.insert' || late) return;
    late = world.crm(world.change('v2', visit(2)));
    assert.equal(await late, 'busy');
  };
  assert.equal(await world.crm(world.change('v1', visit(1))), 'done');
  assert.equal((await world.events()).length, 2);
});

test('disconnect: the grant is revoked and the token deleted; with removal what the sync made goes too (rule 11)', async () => {
  for (const how of ['keep', 'remove'] as const) {
    const world = createWorld();
    await world.connect('anna');
    await world.crm(world.change('v1', visit()));
    await world.phone('anna', 'POST', '', {
      summary: 'Own',
      start: { date: '2026-11-26' },
      end: { date: '2026-11-27' },
    });
    await world.poll();
    await world.store.updateUser('anna', (user) => user && { ...user, leaving: how });
    assert.equal(await world.poll(), 'done');
    assert.equal(await world.vault.open('anna'), undefined);
    assert.equal((await world.store.getUser('anna'))?.state, 'disconnected');
    assert.equal((await world.events()).length, how === 'keep' ? 2 : 1);
    world.countCalls();
    assert.equal(await world.crm(world.change('v2', visit(2))), 'notActive');
    assert.deepEqual(world.countCalls(), {});
    await world.connect('anna');
    await world.poll();
    assert.equal(
      (await world.events()).length,
      3,
      'C06: connecting again doubles nothing and brings all back',
    );
  }
});

test('what lies outside the window waits, and is written when the window reaches it (rule 5)', async () => {
  const world = createWorld();
  await world.connect('anna');
  const at = (date: string) => ({ start: { date }, end: { date } });
  await world.crm(
    world.change('far', { subject: 'Far', ...at('2028-01-10') }),
    world.change('past', { subject: 'Past', ...at('2026-01-10') }),
  );
  assert.deepEqual(await world.events(), []);
  world.advance(Date.UTC(2027, 0, 12) - world.clock.now());
  await world.poll();
  assert.deepEqual(
    (await world.events()).map((e) => e.summary),
    ['Far'],
  );
});

test('the intents of a user who is not connected are kept, the newest per record (rule 5)', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.store.updateUser('anna', (user) => user && { ...user, state: 'invited' });
  assert.equal(await world.crm(world.change('v1', visit(1))), 'notActive');
  await world.crm(world.change('v1', visit(2, 11)));
  await world.connect('anna');
  await world.poll();
  assert.deepEqual(
    (await world.events()).map((e) => e.start.dateTime),
    ['2026-11-25T11:00:00+01:00'],
  );
});

test('HTML, a Meet link and reminders are left as they are by changes of other fields (rule 13)', async () => {
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

test('the own answer travels both ways; a declined event is not busy (rule 7, rule 12)', async () => {
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

test('a first sync shows how far it is', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.store.updateUser('anna', (user) => user && { ...user, state: 'invited' });
  await world.crm(
    ...Array.from({ length: 250 }, (_, i) => world.change(`m${i}`, visit(1 + (i % 5)))),
  );
  await world.connect('anna');
  const seen: (number | undefined)[] = [];
  world.workspace.before = async (call) => {
    if (call.batch?.index === 0) seen.push((await world.store.getUser('anna'))?.firstSyncCount);
  };
  await world.poll();
  assert.deepEqual(seen, [undefined, undefined, 100, 100, 200]);
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
