/** People in an event: guests, answers, and what belongs to somebody else. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { SyncError } from '../../functions/errors.ts';
import { take } from '../../functions/triggers/crm-change.ts';
import { createWorld, invite, visit, type World } from '../support/world.ts';

test('P10 C20 an unlinked event and what we do not map are never touched; mails are never sent', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const office = {
    ...{ summary: 'Office', eventType: 'workingLocation', visibility: 'public' },
    ...{
      transparency: 'transparent',
      workingLocationProperties: { type: 'homeOffice', homeOffice: {} },
    },
  };
  // The CRM takes over neither the one that it hears of nor the one that it does not.
  const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
  const type = await world.phone('anna', 'POST', '', { ...office, ...day });
  await world.poll();
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
  await world.crm(world.change('v2', {}, { op: 'delete', googleId: type.id }));
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
  world.workspace.expireSyncTokens();
  await world.poll();
  for (const unlinked of [own, type])
    assert.deepEqual(await world.phone('anna', 'GET', `/${unlinked.id}`), unlinked);
  assert.deepEqual(world.workspace.mails, []);
});

test('P4 guests of both sides stay, however often the CRM’s word on its own is looked at again', async () => {
  const world = createWorld();
  for (const user of ['anna', 'luca', 'mira']) await world.connect(user);
  await world.crm(world.change('v1', visit()));
  const guests = async () =>
    (await world.events())[0]?.attendees?.map(({ email }) => email.split('@')[0]).sort();
  const [event] = await world.events();
  const attendees = [{ email: 'mira@firm.example' }];
  await world.phone('anna', 'PATCH', `/${event?.id}`, { attendees });
  await world.crm(
    world.change('v1', visit(1, 9, { participants: [{ email: 'luca@firm.example' }] })),
  );
  assert.deepEqual(await guests(), ['luca', 'mira']);
  // The CRM takes over what it hears, and publishes nothing of that.
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'keep' });
  await world.poll();
  await world.connect('anna');
  await world.poll();
  assert.deepEqual(await guests(), ['luca', 'mira']);
});

test('rule 12: whom the phone has invited the CRM takes off once it has heard of that, and not before', async () => {
  for (const hasSeen of [false, true]) {
    const world = createWorld();
    for (const user of ['anna', 'mira']) await world.connect(user);
    await world.crm(world.change('v1', visit()));
    const [event] = await world.events();
    const attendees = [{ email: 'mira@firm.example' }];
    await world.phone('anna', 'PATCH', `/${event?.id}`, { attendees });
    await world.poll();
    const told = world.messages.findLast((m) => m.crmId === 'v1');
    assert.deepEqual(told?.changed, ['participants']);
    const seen = hasSeen && told ? { seen: told.changeId } : {};
    await world.crm(world.change('v1', visit(1, 9, { participants: [] }), seen));
    const [after] = await world.events();
    assert.equal(after?.attendees?.length ?? 0, hasSeen ? 0 : 1);
    assert.deepEqual(world.workspace.mails, []);
  }
});

test('rule 7: the own answer travels both ways, a declined event is not busy; the rest is the organizer’s', async () => {
  const world = createWorld();
  await world.connect('anna');
  const id = await invite(world, 'anna');
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

test('P1 rule 12: the phone and the CRM invite a guest each, one after the other: both are on both lists', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('A-1', visit(1)));
  const [event] = await world.events();
  const byPhone = 'phone@elsewhere.example';
  await world.connect('luca');
  await world.phone('anna', 'PATCH', `/${event?.id}`, { attendees: [{ email: byPhone }] });
  await world.poll();
  const byCrm = [{ email: 'luca@firm.example' }];
  await world.crm(world.change('A-1', visit(1, 9, { participants: byCrm })));
  const told = world.messages.at(-1)?.data as { participants: { email: string }[] };
  const [now] = await world.events();
  for (const list of [told.participants, now?.attendees])
    assert.deepEqual(list?.map(({ email }) => email).sort(), ['luca@firm.example', byPhone].sort());
});

test('P1 rule 12: a CRM that had a list of its own when it heard of the phone’s guest, and has it no more, is told again', async () => {
  const world = createWorld();
  await world.connect('anna');
  const plain = visit(1, 9, { participants: [] });
  await world.crm(world.change('v1', plain));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, {
    attendees: [{ email: 'mia@else.example' }],
  });
  await world.poll();
  world.messages.length = 0;
  // What it said in between, a guest of its own, has not come through: only that it says so no more.
  await world.crm(world.change('v1', plain));
  const [told] = world.messages;
  const participants = told?.data?.participants as { email: string }[];
  assert.deepEqual(
    [world.messages.length, told?.changed, participants.map((p) => p.email)],
    [1, ['participants'], ['mia@else.example']],
  );
  assert.equal((await world.events())[0]?.attendees?.length, 1);
});

test('rule 3: a guest whom both sides have invited, or we without an answer, is not written again', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  await world.phone('anna', 'POST', '', {
    summary: 'Review',
    start: { date: '2026-11-26' },
    end: { date: '2026-11-27' },
  });
  await world.poll();
  const { data, googleId = '' } = world.messages.find((m) => m.op === 'upsert' && m.googleId) ?? {};
  await world.crm(world.change('r1', { ...data }, { googleId }));
  await world.phone('anna', 'PATCH', `/${googleId}`, {
    attendees: [{ email: 'luca@firm.example', responseStatus: 'accepted' }],
  });
  world.countCalls();
  const participants = [{ email: 'luca@firm.example' }];
  await world.crm(world.change('r1', { ...data, participants }));
  assert.deepEqual(world.countCalls(), { 'calendar.events.get': 1 });
  await world.poll();
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 });
  assert.equal(
    (await world.events())[0]?.attendees?.[0]?.responseStatus,
    'accepted',
    'the answer stands',
  );
});

test('rule 12: people in an event reach the CRM by address, name, answer and kind', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  world.workspace.createAccount({ email: 'guest@else.example' });
  await world.phone('anna', 'POST', '', {
    summary: 'Review',
    start: { date: '2026-11-26' },
    end: { date: '2026-11-27' },
    attendees: [
      { email: 'Luca@firm.example' },
      { email: 'guest@else.example', displayName: 'Gast', responseStatus: 'tentative' },
      { email: 'room@resource.calendar.google.com', displayName: 'Room 1', resource: true },
      { email: 'anna@firm.example', responseStatus: 'accepted' },
    ],
  });
  await world.poll();
  const { data } = world.messages.find((m) => m.record === 'appointment') ?? {};
  assert.deepEqual(data?.participants, [
    { email: 'guest@else.example', name: 'Gast', response: 'tentative', kind: 'external' },
    { email: 'luca@firm.example', response: 'needsAction', kind: 'user', userId: 'luca' },
    {
      email: 'room@resource.calendar.google.com',
      name: 'Room 1',
      response: 'needsAction',
      kind: 'resource',
    },
  ]);
  assert.equal(data?.response, 'accepted', 'the own answer is not a participant’s');
});

test('rule 12: a directory that could not be asked is asked again in the same run: a colleague is told as one', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  await world.phone('anna', 'POST', '', {
    ...{ summary: 'Lunch', start: { date: '2026-11-26' }, end: { date: '2026-11-27' } },
    attendees: [LUCA],
  });
  await world.store.putIntents([world.change('v1', visit(1, 9, { participants: [LUCA] }))]);
  const { usersByEmail } = world.store;
  world.store.usersByEmail = async () => {
    world.store.usersByEmail = usersByEmail;
    throw new SyncError('later', 'unavailable');
  };
  assert.equal(await world.poll(), 'later');
  const [told] = world.messages.filter((m) => m.data?.subject === 'Lunch');
  const [guest] = (told?.data?.participants ?? []) as { kind?: string; userId?: string }[];
  assert.deepEqual([guest?.kind, guest?.userId], ['user', 'luca']);
});

test('rule 12: two CRM users with one address: the second is rejected by name, and its changes wait for nobody', async () => {
  const world = createWorld();
  await world.connect('anna');
  const user = (userId: string, email: string, version = 1) => ({
    changeId: `${userId}-${version}`,
    userId,
    version,
    record: 'user',
    op: 'upsert',
    data: { email, timeZone: 'Europe/Zurich' },
  });
  const send = (changes: object[]) => {
    const text = JSON.stringify({ changes });
    return take(world.engine, world.engine.log, {
      messageId: 'm',
      text,
      data: Buffer.from(text).toString('base64'),
    });
  };
  const { refused } = await send([
    user('anna2', 'Anna@firm.example'),
    user('luca', 'luca@firm.example'),
  ]);
  assert.deepEqual(
    refused.map((r) => r.reason),
    ['emailTaken'],
  );
  const last = world.messages.at(-1);
  assert.deepEqual(
    [last?.op, last?.userId, last?.rejected?.reason],
    ['reject', 'anna2', 'emailTaken'],
  );
  assert.match(last?.rejected?.detail ?? '', /user anna2 .* another user: give each user/);
  assert.equal(await world.store.getUser('anna2'), undefined);
  assert.equal((await world.store.getUser('luca'))?.state, 'invited', 'others of the message are');
  assert.deepEqual((await send([user('anna2', 'anna2@firm.example', 2)])).refused, []);
});

test('C20 first sync, backfill and full resync of users with series and guests: no mail, no answer changed', async () => {
  const world = createWorld();
  world.workspace.quota.enabled = false;
  const users = Array.from({ length: 20 }, (_, i) => `u${i}`);
  for (const userId of users) await world.connect(userId);
  const emails = users.map((u) => `${u}@firm.example`);
  const answersOf = async () => {
    const lists = await Promise.all(users.map((u) => world.events(u)));
    return lists.flat().map((e) => [e.id, e.attendees?.map((a) => a.responseStatus)]);
  };
  for (const [i, userId] of users.entries()) {
    const attendees = [1, 2, 3].map((n) => ({ email: emails[(i + n) % 20] ?? '' }));
    await world.phone(userId, 'POST', '', {
      summary: 'Weekly',
      start: { dateTime: '2026-11-24T09:00:00', timeZone: 'Europe/Zurich' },
      end: { dateTime: '2026-11-24T10:00:00', timeZone: 'Europe/Zurich' },
      recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'],
      attendees: [...attendees, { email: 'customer@else.example', responseStatus: 'accepted' }],
    });
  }
  const before = await answersOf();
  for (const userId of users) await world.poll(userId);
  for (const [i, userId] of users.entries()) {
    const participants = [
      { email: emails[(i + 1) % 20] ?? '' },
      { email: 'customer@else.example' },
    ];
    await world.crm(
      ...Array.from({ length: 5 }, (_, n) =>
        world.change(`${userId}-${n}`, visit(1 + n, 11, { participants }), { userId }),
      ),
    );
  }
  world.workspace.expireSyncTokens();
  for (const userId of users) await world.poll(userId);
  for (const userId of users)
    await world.crm(world.change(`${userId}-0`, visit(1, 15), { userId }), {
      ...world.change(`${userId}-1`, {}, { userId, op: 'delete' }),
    });
  assert.deepEqual(world.workspace.mails, []);
  // Each call, also those in a batch.
  const writes = world.calls
    .flatMap((c) => [
      `${c.method} ${c.url}`,
      ...((c.body ?? '').match(/^(?:POST|PATCH|DELETE) \S+/gm) ?? []),
    ])
    .filter((line) => /^(POST|PATCH|DELETE) .*\/events/.test(line));
  assert.ok(writes.length >= 20 * 7, `${writes.length} writes`);
  for (const line of writes) assert.match(line, /sendUpdates=none/);
  const after = new Map((await answersOf()).map(([id, answers]) => [id, answers]));
  for (const [id, answers] of before) assert.deepEqual(after.get(id), answers);
  const doubled = world.messages.filter((m) => m.op === 'upsert' && m.crmId === undefined);
  assert.equal(doubled.filter((m) => m.record === 'appointment').length, 20 * 4, 'each once (C21)');
});

/** A meeting with Luca, who has accepted it, and whose answer the CRM has. */
async function accepted(): Promise<{ world: World; data: object }> {
  const world = createWorld();
  for (const user of ['anna', 'luca', 'theo']) await world.connect(user);
  await world.crm(world.change('v1', visit(1, 9, { participants: [LUCA] })));
  const [event] = await world.events();
  const answer = { attendees: [{ ...LUCA, responseStatus: 'accepted' }] };
  await world.phone('luca', 'PATCH', `/${event?.id}`, answer);
  await world.poll();
  const { data = {} } = world.messages.at(-1) ?? {};
  assert.equal(answers(data), 'accepted');
  world.messages.length = 0;
  return { world, data };
}

const LUCA = { email: 'luca@firm.example' };
const answers = (data: { participants?: { response?: string }[] | null } | undefined) =>
  data?.participants?.map(({ response }) => response).join();

test('P1 rule 1: a meeting that is handed over asks its guests anew, and the CRM hears it, also when the answer is lost', async () => {
  for (const lost of [false, true]) {
    const { world, data } = await accepted();
    const fault = { kind: 'close', when: 'after', method: 'events.insert', count: 1 } as const;
    if (lost) world.workspace.faults.add(fault);
    await world.crm(world.change('v1', { ...visit(), ...data }, { userId: 'theo' }));
    const [event] = await world.events('theo');
    assert.equal(event?.attendees?.[0]?.responseStatus, 'needsAction');
    const last = world.messages.findLast(({ crmId }) => crmId === 'v1');
    assert.deepEqual(last?.changed, ['participants']);
    assert.equal(answers(last?.data), 'needsAction');
  }
});

test('P1 rule 11: a meeting that is written again on coming back asks its guests anew, and the CRM hears it', async () => {
  const { world, data } = await accepted();
  await world.crm(world.change('v1', { ...visit(), ...data }));
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'remove' });
  await world.poll();
  await world.connect('anna');
  await world.poll();
  assert.equal((await world.events())[0]?.attendees?.[0]?.responseStatus, 'needsAction');
  assert.equal(
    answers(world.messages.findLast(({ crmId }) => crmId === 'v1')?.data),
    'needsAction',
  );
});

test('P1 a guest’s answer that the CRM has lost, or has not heard of, is told again, once', async () => {
  const luca = { ...LUCA, response: 'accepted' };
  const mira = { email: 'mira@firm.example' };
  const ways = [
    { before: [luca], now: [LUCA] },
    { before: [luca], now: [LUCA, mira] },
    // Heard, never said, and lost by inviting the guest once more.
    { first: [LUCA], now: [LUCA] },
    // Its own invitation was on its way, and stands: it has seen nothing of ours yet.
    { now: [LUCA], unseen: true },
  ];
  for (const { first = [], before, now, unseen } of ways) {
    const world = createWorld();
    for (const user of ['anna', 'luca', 'mira', 'theo']) await world.connect(user);
    await world.crm(world.change('v1', visit(1, 9, { participants: first })));
    const [event] = await world.events();
    const attendees = [{ ...LUCA, responseStatus: 'accepted' }];
    await world.phone('anna', 'PATCH', `/${event?.id}`, { attendees });
    await world.poll();
    const seen = unseen ? {} : { seen: world.messages.at(-1)?.changeId ?? '' };
    const say = (participants: object[], place = 'Bern') =>
      world.crm(world.change('v1', visit(1, 9, { participants, place }), seen));
    if (before) await say(before);
    world.messages.length = 0;
    // Without `seen`, a list that names everybody passes for heard.
    for (const place of unseen ? ['Bern'] : ['Bern', 'Thun', 'Biel']) await say(now, place);
    // This crosses with what was told just now.
    await say([...now, { email: 'theo@firm.example' }]);
    const accepted = [['participants'], 'accepted'];
    assert.deepEqual(
      world.messages.map((m) => [m.changed, answers(m.data)?.split(',')[0]]),
      [accepted, accepted],
    );
    assert.equal((await world.events())[0]?.attendees?.[0]?.responseStatus, 'accepted');
  }
});

test('P13 rule 12: a CRM that keeps no answers hears each answer, not again and again, and decides who comes', async () => {
  for (const saysSeen of [true, false]) {
    const world = createWorld();
    for (const user of ['anna', 'luca']) await world.connect(user);
    const customer = { email: 'customer@else.example' };
    await world.crm(world.change('v1', visit(1, 9, { participants: [customer] })));
    const [event] = await world.events();
    const say = async (...participants: object[]) => {
      const told = world.messages.findLast((m) => m.crmId === 'v1');
      const seen = saysSeen && told ? { seen: told.changeId } : {};
      await world.crm(world.change('v1', visit(1, 9, { participants }), seen));
    };
    for (const responseStatus of ['needsAction', 'accepted']) {
      const attendees = [{ ...LUCA, responseStatus }];
      await world.phone('anna', 'PATCH', `/${event?.id}`, { attendees });
      await world.poll();
      for (let i = 0; i < 3; i++) await say(customer, LUCA);
    }
    // An answer once more: it may have got lost. An invitation only where the CRM does not say what it has seen.
    const heard = [...(saysSeen ? [] : ['needsAction']), 'needsAction', 'accepted', 'accepted'];
    const told = world.messages.filter((m) => m.changed?.includes('participants'));
    assert.deepEqual(
      told.map(({ data }) => answers(data)),
      heard.map((response) => `,${response}`),
    );
    await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Chur' });
    await world.poll();
    const { data, changed } = world.messages.at(-1) ?? {};
    assert.deepEqual(changed, ['place']);
    const luca = { ...LUCA, response: 'accepted', kind: 'user', userId: 'luca' };
    assert.deepEqual(data?.participants, [customer, luca], 'the whole list (C15)');
    const attendees = [{ ...LUCA, responseStatus: 'accepted' }, { email: 'guest@else.example' }];
    await world.phone('anna', 'PATCH', `/${event?.id}`, { attendees });
    await world.poll();
    await say(customer, ...attendees.map(({ email }) => ({ email })));
    await say(customer);
    assert.deepEqual((await world.events())[0]?.attendees ?? [], []);
  }
});

test('rule 10: a guest who answers keeps no meeting that is cancelled at the same time', async () => {
  const world = createWorld();
  for (const user of ['anna', 'luca']) await world.connect(user);
  for (const told of [false, true]) {
    const crmId = `v${told}`;
    await world.crm(world.change(crmId, visit(1, 9, { participants: [LUCA] })));
    const [event] = await world.events();
    const answer = { attendees: [{ ...LUCA, responseStatus: 'accepted' }] };
    await world.phone('luca', 'PATCH', `/${event?.id}`, answer);
    if (told) await world.poll();
    await world.crm(
      world.change(crmId, visit(1, 9, { participants: [LUCA], status: 'cancelled' })),
    );
    assert.deepEqual(await world.events(), []);
  }
});

test('rule 7: P4 what the CRM changed in another organizer’s event that is gone is answered, not lost', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  const id = await invite(world, 'anna');
  await world.poll();
  const { data } = world.messages.at(-1) ?? {};
  await world.crm(world.change('g1', { ...data }, { googleId: id }));
  await world.phone('anna', 'DELETE', `/${id}`);
  await world.crm(world.change('g1', { ...data, place: 'Thun', reminderMinutes: 10 }));
  const last = world.messages.at(-1);
  assert.deepEqual([last?.op, last?.rejected?.reason], ['delete', 'notOrganizer']);
  assert.match(last?.rejected?.detail ?? '', /g1: place/);
});
