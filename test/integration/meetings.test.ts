/** A meeting of several users is one record of the CRM, whichever calendar is read first (C21). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { announce, crmOf } from '../support/crm.ts';
import { createWorld, SCOPES, visit, type World } from '../support/world.ts';

const DAY = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
const EMAIL = { anna: 'anna@firm.example', luca: 'luca@firm.example', mia: 'mia@firm.example' };

/** In the directory, not connected. */
async function known(world: World, ...users: (keyof typeof EMAIL)[]): Promise<void> {
  for (const userId of users) {
    const email = EMAIL[userId];
    world.workspace.createAccount({ email, name: userId, timeZone: 'Europe/Zurich' });
    await world.store.putUser({
      userId,
      email,
      timeZone: 'Europe/Zurich',
      enabled: true,
      version: 0,
    });
  }
}

/** As a guest of the organizer's, in the organizer's calendar. */
const meeting = (world: World, organizer: string, ...guests: string[]) =>
  world.phone(organizer, 'POST', '', {
    summary: 'Review',
    ...DAY,
    attendees: guests.map((email) => ({ email })),
  });

/** Polls users in the order given, and lets the CRM answer. */
const pollers =
  (world: World, settle: () => Promise<void>) =>
  async (...order: (keyof typeof EMAIL)[]): Promise<void> => {
    for (const userId of order) await world.poll(userId);
    await settle();
  };

/** The own answers of the guests: a meeting that somebody took out of a calendar is declined. */
async function answers(world: World, userId: string): Promise<(string | undefined)[]> {
  const [event] = await world.events(userId);
  return (event?.attendees ?? []).map((a) => a.responseStatus);
}

test('C21 the organizer takes a meeting from a guest whose run has yet to store it: the guest steps back', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  const { crm, settle } = crmOf(world);
  await meeting(world, 'anna', EMAIL.luca);
  const isOn = (enabled: boolean) =>
    world.store.updateUser('anna', (user) => user && { ...user, enabled });
  await isOn(false);
  const { claim } = world.store;
  world.store.claim = async (claims) => {
    world.store.claim = claim;
    const claimed = await claim(claims);
    await isOn(true);
    await world.poll('anna');
    return claimed;
  };
  await pollers(world, settle)('luca', 'luca');
  assert.deepEqual(
    crm.records().map((r) => r.userId),
    ['anna'],
  );
});

for (const first of ['anna', 'luca'] as const)
  test(`C21 a meeting of two connected users is one record of the organizer’s; ${first} is read first`, async () => {
    const world = createWorld();
    await world.connect('anna');
    await world.connect('luca');
    const { crm, settle } = crmOf(world);
    await meeting(world, 'anna', EMAIL.luca);
    for (const userId of [first, 'anna', 'luca']) await world.poll(userId);
    await settle();
    assert.deepEqual(
      crm.records().map((r) => [r.userId, r.data.subject]),
      [['anna', 'Review']],
    );
    assert.deepEqual(crm.records()[0]?.data.participants, [
      { email: EMAIL.luca, response: 'needsAction', kind: 'user', userId: 'luca' },
    ]);
  });

test('C21 an edit by a guest who may not make it does not loop on a 403', async () => {
  const world = createWorld();
  await known(world, 'anna');
  await world.connect('luca');
  const { crm, settle } = crmOf(world);
  await meeting(world, 'anna', EMAIL.luca);
  await world.poll('luca');
  await settle();
  const [record] = crm.records();
  world.countCalls();
  await crm.edit(record?.crmId ?? '', { subject: 'Mine' });
  await settle();
  assert.ok((world.countCalls()['calendar.events.patch'] ?? 0) <= 1);
  assert.equal(crm.records()[0]?.data.subject, 'Review', 'equal again');
  assert.equal(world.messages.at(-1)?.rejected?.reason, 'notOrganizer');
});

test('C21 the organizer connects later: the guest’s record goes over, with what the CRM knows of it', async () => {
  const world = createWorld();
  await known(world, 'anna');
  await world.connect('luca');
  const { crm, settle } = crmOf(world);
  await meeting(world, 'anna', EMAIL.luca);
  await world.poll('luca');
  await settle();
  const [before] = crm.records();
  assert.equal(before?.userId, 'luca', 'the organizer is not connected: the guest has it');
  await crm.edit(before?.crmId ?? '', { customer: { name: 'Muster AG' } });
  await settle();
  await world.connect('anna');
  world.messages.length = 0;
  await world.poll('anna');
  const [told] = world.messages.filter((m) => m.record === 'appointment');
  assert.deepEqual(
    [told?.userId, told?.formerUserId, told?.crmId],
    ['anna', 'luca', before?.crmId],
  );
  for (const message of world.messages) await crm.receive(message);
  await settle();
  assert.deepEqual(
    crm.records().map((r) => [r.crmId, r.userId, r.data.customer?.name]),
    [[before?.crmId, 'anna', 'Muster AG']],
  );
  assert.deepEqual(await world.store.linksByCrmId('luca', 'appointment', [`${before?.crmId}`]), []);
  assert.deepEqual(await answers(world, 'luca'), ['needsAction'], 'nobody was declined');
  // From now on the organizer's edits are told once, and the CRM's reach the event.
  world.messages.length = 0;
  const [event] = await world.events('anna');
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  await world.poll('luca');
  await world.poll('anna');
  assert.deepEqual(
    world.messages.map((m) => [m.userId, m.crmId, m.changed]),
    [['anna', before?.crmId, ['place']]],
  );
  await crm.edit(before?.crmId ?? '', { subject: 'Review, moved' });
  await settle();
  assert.equal((await world.events('luca'))[0]?.summary, 'Review, moved');
});

test('C21 the organizer takes the guest’s record over and is paused before the guest’s run hears: nobody is declined', async () => {
  const world = createWorld();
  await known(world, 'anna');
  await world.connect('luca');
  const { settle } = crmOf(world);
  await meeting(world, 'anna', EMAIL.luca);
  await world.poll('luca');
  await settle();
  await world.connect('anna');
  await world.poll('anna');
  await world.store.updateUser('anna', (user) => user && { ...user, enabled: false });
  await settle();
  await world.poll('luca');
  await settle();
  assert.deepEqual(await answers(world, 'luca'), ['needsAction']);
  assert.deepEqual(
    world.messages.filter((m) => m.op === 'delete'),
    [],
  );
});

test('C21 the guest’s record is handed over to a third before the organizer connects: each is a record of its own', async () => {
  const world = createWorld();
  await known(world, 'anna');
  for (const userId of ['luca', 'mia']) await world.connect(userId);
  const { crm, settle } = crmOf(world);
  await announce(crm, 'anna', 'luca', 'mia');
  await meeting(world, 'anna', EMAIL.luca);
  await world.poll('luca');
  await settle();
  // Mia's run writes it; luca's, whose copy is to go, comes after the organizer's.
  await crm.edit(crm.records()[0]?.crmId ?? '', { subject: 'Yours' }, 'mia');
  await settle();
  await world.connect('anna');
  for (const userId of ['anna', 'luca', 'mia', 'anna']) {
    await world.poll(userId);
    await settle();
  }
  assert.deepEqual(
    crm.records().map((r) => [r.userId, r.data.subject]),
    [
      ['mia', 'Yours'],
      ['anna', 'Review'],
    ],
  );
  const ids = crm.records().map((r) => r.crmId);
  assert.equal((await world.store.linksByCrmId('anna', 'appointment', ids)).length, 1);
  assert.deepEqual(await world.events('luca'), [], 'the CRM took it from luca');
});

test('C21 the organizer connects before the CRM has answered the guest’s: still one record', async () => {
  const world = createWorld();
  await known(world, 'anna');
  await world.connect('luca');
  const { crm, settle } = crmOf(world);
  await meeting(world, 'anna', EMAIL.luca);
  await world.poll('luca');
  await world.connect('anna');
  await world.poll('anna');
  await settle();
  for (const userId of ['luca', 'anna']) await world.poll(userId);
  await settle();
  assert.deepEqual(
    crm.records().map((r) => r.userId),
    ['anna'],
  );
  assert.deepEqual(await answers(world, 'luca'), ['needsAction']);
  const links = await world.store.listLinks('luca', 'appointment', 10);
  assert.deepEqual(
    links.filter((link) => link.state === 'live'),
    [],
  );
});

test('C21 a record that the CRM has given no name yet: the guest’s is told to be deleted, the organizer’s stays', async () => {
  const world = createWorld();
  await known(world, 'anna');
  await world.connect('luca');
  const made = await meeting(world, 'anna', EMAIL.luca);
  await world.poll('luca');
  await world.connect('anna');
  world.messages.length = 0;
  await world.poll('anna');
  assert.deepEqual(world.syncRequests, ['luca']);
  await world.poll('luca');
  await world.poll('luca');
  assert.deepEqual(
    world.messages
      .filter((m) => m.record === 'appointment')
      .map((m) => [m.op, m.userId, m.googleId, m.reason]),
    [
      ['upsert', 'anna', made.id, undefined],
      ['delete', 'luca', made.id, 'colleaguesMeeting'],
    ],
  );
  assert.equal((await world.store.getUser('luca'))?.recheck, undefined);
  // The CRM's answer to the guest's record was on its way: it neither writes nor brings it back.
  const { googleId, data } = world.messages.at(-2) ?? {};
  world.messages.length = 0;
  world.countCalls();
  const late = { ...data, kind: 'meeting' };
  await world.crm(world.change('L-1', late, { userId: 'luca', ...(googleId && { googleId }) }));
  assert.deepEqual(world.countCalls(), {});
  assert.deepEqual(
    world.messages.map((m) => [m.op, m.crmId]),
    [['delete', 'L-1']],
  );
});

test('C21 cancelled by the organizer while the CRM changes its guest’s record: it does not become an event of the guest’s', async () => {
  const world = createWorld();
  await world.connect('luca');
  world.workspace.createAccount({ email: 'boss@firm.example' });
  const made = await meeting(world, 'boss', EMAIL.luca);
  await world.poll('luca');
  const { data } = world.messages.at(-1) ?? {};
  await world.crm(world.change('L-1', { ...data }, { userId: 'luca', googleId: made.id }));
  await world.phone('boss', 'DELETE', `/${made.id}`);
  await world.store.putIntents([
    world.change('L-1', { response: 'accepted', kind: 'call' }, { userId: 'luca' }),
  ]);
  await world.poll('luca');
  assert.deepEqual(await world.events('luca'), []);
  assert.equal(world.messages.at(-1)?.op, 'delete');
});

test('C21 the run that takes over dies at any commit: run again, one record, nobody declined', async () => {
  for (let at = 0; at < 4; at++) {
    const world = createWorld();
    await known(world, 'anna');
    await world.connect('luca');
    const { crm, settle } = crmOf(world);
    await meeting(world, 'anna', EMAIL.luca);
    await world.poll('luca');
    await settle();
    await world.connect('anna');
    const { commit } = world.store;
    let left = at;
    world.store.commit = async (...args) => {
      if (left-- <= 0) throw new Error('killed');
      return commit(...args);
    };
    await world.poll('anna').catch(() => {});
    world.store.commit = commit;
    world.advance(200_000);
    await settle();
    for (const userId of ['luca', 'anna', 'luca']) await world.poll(userId);
    await settle();
    assert.deepEqual(
      crm.records().map((r) => r.userId),
      ['anna'],
      `killed at commit ${at}`,
    );
    assert.deepEqual(await answers(world, 'luca'), ['needsAction'], `killed at commit ${at}`);
  }
});

test('C21 the organizer disconnects: the record stays the organizer’s, and goes on on coming back', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.connect('luca');
  const { crm, settle } = crmOf(world);
  await meeting(world, 'anna', EMAIL.luca);
  for (const userId of ['anna', 'luca']) await world.poll(userId);
  await settle();
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'keep' });
  await world.poll('anna');
  const [event] = await world.events('anna');
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  world.workspace.expireSyncTokens();
  await world.poll('luca');
  await settle();
  assert.deepEqual(
    crm.records().map((r) => r.userId),
    ['anna'],
  );
  await world.connect('anna');
  await world.poll('anna');
  await settle();
  assert.deepEqual(
    crm.records().map((r) => [r.userId, r.data.place]),
    [['anna', 'Thun']],
  );
});

test('C21 an entry of the CRM is known in a colleague’s calendar also while its owner is disconnected', async () => {
  const world = createWorld();
  await world.connect('anna');
  const { crm, settle } = crmOf(world);
  await announce(crm, 'anna');
  await known(world, 'luca');
  const at = { date: '2026-11-26' };
  await crm.create('anna', { start: at, end: at, participants: [{ email: EMAIL.luca }] });
  await settle();
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'keep' });
  await world.poll('anna');
  await world.connect('luca');
  assert.equal((await world.events('luca')).length, 1);
  await world.poll('luca');
  await settle();
  assert.deepEqual(
    crm.records().map((r) => r.userId),
    ['anna'],
  );
});

for (const order of [
  ['anna', 'luca'],
  ['luca', 'anna'],
])
  test(`C21 a meeting is handed over to its guest: it ends in that calendar, once; ${order[0]} runs first`, async () => {
    const world = createWorld();
    await world.connect('anna');
    await world.connect('luca');
    const { crm, outbox, settle } = crmOf(world);
    await announce(crm, 'anna', 'luca');
    await meeting(world, 'anna', EMAIL.luca);
    for (const userId of order) await world.poll(userId);
    await settle();
    await crm.edit(crm.records()[0]?.crmId ?? '', { subject: 'Yours' }, 'luca');
    await world.store.putIntents(outbox.splice(0));
    for (const userId of [...order, ...order]) {
      await world.poll(userId);
      await settle();
    }
    assert.deepEqual(
      crm.records().map((r) => [r.userId, r.data.subject]),
      [['luca', 'Yours']],
    );
    assert.deepEqual(await world.events('anna'), []);
    assert.deepEqual(
      (await world.events('luca')).map((e) => e.summary),
      ['Yours'],
    );
  });

for (const order of [
  ['anna', 'luca'],
  ['luca', 'anna'],
])
  test(`C21 P1 what the CRM entered is handed over to a guest whom it was told of, and it had confirmed nothing; ${order[0]} runs first`, async () => {
    const world = createWorld();
    await world.connect('anna');
    await world.connect('luca');
    await world.crm(world.change('v1', visit()));
    const [entered] = await world.events('anna');
    const attendees = [{ email: EMAIL.luca }];
    await world.phone('anna', 'PATCH', `/${entered?.id}`, { attendees });
    for (const userId of ['anna', 'luca']) await world.poll(userId);
    const told = world.messages.find((m) => m.crmId === 'v1');
    assert.deepEqual([told?.googleId, told?.changed], [entered?.id, ['participants']]);
    const seen = { googleId: told?.googleId ?? '', seen: told?.changeId ?? '' };
    const given = world.change('v1', visit(), { userId: 'luca', ...seen });
    await world.store.putIntents([given]);
    for (const userId of [...order, ...order]) await world.poll(userId);
    assert.deepEqual(await world.events('anna'), []);
    assert.deepEqual(
      (await world.events('luca')).map((e) => [e.summary, e.id === entered?.id]),
      [['Visit at Muster AG', false]],
    );
  });

/** The CRM's entry, to which Anna has invited Luca, and which she has moved to another calendar since. */
async function enteredAndMoved() {
  const world = createWorld();
  for (const user of ['anna', 'luca']) await world.connect(user);
  await world.crm(world.change('v1', visit()));
  const [entered] = await world.events('anna');
  const attendees = [{ email: EMAIL.luca }];
  await world.phone('anna', 'PATCH', `/${entered?.id}`, { attendees });
  await world.poll('anna');
  const aside = world.workspace.calendars.create(EMAIL.anna, 'Own', 'UTC', null);
  await world.phone('anna', 'POST', `/${entered?.id}/move?destination=${aside.id}`);
  return { world, entered };
}

test('C21 rule 1: cancelled and handed over to its guest, its organizer has moved it to another calendar: nobody declines', async () => {
  const { world, entered } = await enteredAndMoved();
  const off = { ...visit(), status: 'cancelled' };
  const given = world.change('v1', off, { userId: 'luca', googleId: entered?.id ?? '' });
  await world.store.putIntents([given]);
  world.countCalls();
  await world.poll('luca');
  assert.equal(world.countCalls()['calendar.events.delete'], undefined);
  assert.equal((await world.events('luca'))[0]?.attendees?.[0]?.responseStatus, 'needsAction');
});

test('C21 P4 the organizer deletes what the CRM has just set a reminder in for a guest: the CRM hears what goes with it', async () => {
  const world = createWorld();
  await world.connect('luca');
  const { crm, receive, settle } = crmOf(world);
  await announce(crm, 'luca');
  const made = await meeting(world, 'anna', EMAIL.luca);
  await world.poll('luca');
  await settle();
  const { crmId = '' } = crm.records()[0] ?? {};
  await crm.edit(crmId, { reminderMinutes: 30 });
  await world.phone('anna', 'DELETE', `/${made.id}`);
  await settle();
  const last = world.messages.at(-1);
  assert.equal(last?.op, 'delete');
  const lost = { field: 'reminderMinutes', crm: 30, google: null, winner: 'google' };
  assert.deepEqual(last.conflicts, [lost]);
  await world.poll('luca');
  await receive();
  assert.deepEqual([await world.events('luca'), crm.records()], [[], []]);
});

test('rule 12: a colleague who is invited on the phone is told as one, also with the answer to a change that is about nobody', async () => {
  const world = createWorld();
  for (const user of ['anna', 'luca']) await world.connect(user);
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events('anna');
  await world.phone('anna', 'PATCH', `/${event?.id}`, { attendees: [{ email: EMAIL.luca }] });
  await world.poll('anna');
  for (const subject of ['One', 'Two'])
    await world.crm(world.change('v1', { ...visit(), subject, participants: [] }));
  const lists = world.messages.flatMap((m) => (m.data?.participants ? [m.data.participants] : []));
  const luca = { email: EMAIL.luca, kind: 'user', response: 'needsAction', userId: 'luca' };
  assert.deepEqual(lists, [[luca], [luca], [luca]]);
});

for (const away of ['left', 'disabled', 'connected'] as const)
  test(`C21 an appointment gets its first guest, its organizer being ${away}: still one record`, async () => {
    const world = createWorld();
    await world.connect('anna');
    await world.connect('luca');
    const { crm, settle } = crmOf(world);
    const made = await world.phone('anna', 'POST', '', { summary: 'Alone', ...DAY });
    await world.poll('anna');
    await settle();
    const change = {
      left: { leaving: 'keep' },
      disabled: { enabled: false },
      connected: {},
    } as const;
    await world.store.updateUser('anna', (user) => user && { ...user, ...change[away] });
    await world.poll('anna');
    const guests = { attendees: [{ email: EMAIL.luca }] };
    await world.phone('anna', 'PATCH', `/${made.id}`, guests);
    await world.poll('luca');
    await settle();
    assert.deepEqual(
      crm.records().map((r) => r.userId),
      ['anna'],
      'while away',
    );
    await world.store.updateUser('anna', (user) => user && { ...user, enabled: true });
    if (away === 'left') await world.consent('anna', [...SCOPES.primary]);
    for (const userId of ['anna', 'luca']) await world.poll(userId);
    await settle();
    assert.deepEqual(
      crm.records().map((r) => [r.userId, r.data.participants?.map((p) => p.userId)]),
      [['anna', ['luca']]],
    );
  });

test('C21 a meeting goes over to its organizer without the guest’s own answer, and costs no write', async () => {
  const world = createWorld();
  await known(world, 'anna');
  await world.connect('luca');
  const { crm, settle } = crmOf(world);
  await meeting(world, 'anna', EMAIL.luca);
  await world.poll('luca');
  for (const message of world.messages) await crm.receive(message);
  assert.equal(crm.records()[0]?.data.response, 'needsAction');
  await world.connect('anna');
  world.countCalls();
  await world.poll('anna');
  await settle();
  assert.equal(world.countCalls()['calendar.events.patch'], undefined);
  assert.equal(crm.records()[0]?.data.response ?? null, null);
});

test('rule 8 C21 the organizer moves a meeting to another calendar: the first guest has it, until it comes back', async () => {
  const world = createWorld();
  for (const userId of ['anna', 'luca', 'mia'] as const) await world.connect(userId);
  const { crm, settle } = crmOf(world);
  await announce(crm, 'anna', 'luca', 'mia');
  const at = { date: '2026-11-26' };
  const participants = [{ email: EMAIL.luca }, { email: EMAIL.mia }];
  const { crmId } = await crm.create('anna', { start: at, end: at, participants });
  await settle();
  const all = pollers(world, settle);
  const owners = () => crm.records().map((r) => r.userId);
  await all('luca', 'mia', 'anna');
  const [event] = await world.events('anna');
  const aside = world.workspace.calendars.create(EMAIL.anna, 'Own', 'Europe/Zurich', null);
  await world.phone('anna', 'POST', `/${event?.id}/move?destination=${aside.id}`);
  await all('luca', 'mia', 'anna', 'luca', 'mia');
  assert.deepEqual(owners(), ['luca'], 'away');
  const home = EMAIL.anna;
  await world.phone('anna', 'POST', `/${event?.id}/move?destination=${home}`, undefined, aside.id);
  await all('luca', 'mia', 'anna', 'luca', 'mia');
  assert.deepEqual(
    crm.records().map((r) => [r.crmId, r.userId]),
    [[crmId, 'anna']],
    'back',
  );
  assert.deepEqual(await answers(world, 'luca'), ['needsAction', 'needsAction']);
});

/** Anna's meeting, which all three have read, and then she moves it to another calendar of hers. */
async function movedAside() {
  const world = createWorld();
  for (const userId of ['anna', 'luca', 'mia'] as const) await world.connect(userId);
  const sides = crmOf(world);
  const { crm, settle } = sides;
  await announce(crm, 'anna', 'luca', 'mia');
  const event = await meeting(world, 'anna', EMAIL.luca, EMAIL.mia);
  const all = pollers(world, settle);
  await all('anna', 'luca', 'mia');
  const aside = world.workspace.calendars.create(EMAIL.anna, 'Own', 'Europe/Zurich', null);
  await world.phone('anna', 'POST', `/${event.id}/move?destination=${aside.id}`);
  return { world, ...sides, all, event };
}

test('rule 8 C21 P16 the run that finds the organizer’s meeting gone dies right after its commit: a guest has it all the same', async () => {
  const { world, crm, all } = await movedAside();
  await all('luca', 'mia');
  const { commit, updateUser } = world.store;
  world.store.commit = async (lease, what, release) => {
    const released = await commit(lease, what, release);
    if (what.links?.some((link) => link.state === 'deleted'))
      world.store.updateUser = () => Promise.reject(new Error('killed'));
    return released;
  };
  await assert.rejects(world.poll('anna'));
  Object.assign(world.store, { commit, updateUser });
  world.advance(200_000);
  await all('luca', 'mia', 'anna', 'luca', 'mia');
  assert.deepEqual(
    crm.records().map((r) => r.userId),
    ['luca'],
  );
});

test('rule 8 C21 the organizer’s own meeting moves to another calendar, and its guests are read first: one of them has it', async () => {
  const { world, crm, all } = await movedAside();
  await all('luca', 'mia', 'anna');
  assert.deepEqual(
    crm.records().map((r) => r.userId),
    ['luca'],
    'asked at once',
  );
  world.countCalls();
  await all('luca');
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 }, 'looked at once');
});

for (const named of ['', ', by name'])
  test(`C21 rule 1 P10: handed over to a guest and back at once${named}, its organizer having moved it to another calendar: nobody declines`, async () => {
    const { world, entered } = await enteredAndMoved();
    const id = { googleId: entered?.id ?? '' };
    const given = world.change('v1', visit(), { userId: 'luca', ...(named && id) });
    await world.store.putIntents([given, world.change('v1', visit(), id)]);
    await world.poll('luca');
    assert.deepEqual(
      (await world.events('luca')).map((e) => [e.id, e.attendees?.[0]?.responseStatus]),
      [[entered?.id, 'needsAction']],
    );
  });

for (const late of ['', ' while its first message is held back'])
  test(`C21 rule 1 P10 P15: born on the phone, handed over to a guest and back at once${late}, its organizer having moved it to another calendar: nobody declines`, async () => {
    const world = createWorld();
    for (const user of ['anna', 'luca']) await world.connect(user);
    const { crm, outbox, receive, settle } = crmOf(world);
    await announce(crm, 'anna', 'luca');
    const born = await meeting(world, 'anna');
    await world.poll('anna');
    await (late ? receive : settle)();
    outbox.splice(0);
    const attendees = [{ email: EMAIL.luca }];
    await world.phone('anna', 'PATCH', `/${born.id}`, { attendees });
    const aside = world.workspace.calendars.create(EMAIL.anna, 'Own', 'UTC', null);
    await world.phone('anna', 'POST', `/${born.id}/move?destination=${aside.id}`);
    const { crmId = '' } = crm.records()[0] ?? {};
    for (const userId of ['luca', 'anna']) await crm.edit(crmId, {}, userId);
    await world.store.putIntents(outbox.splice(0));
    await world.poll('luca');
    assert.deepEqual(await answers(world, 'luca'), ['needsAction']);
  });

for (const first of ['the hand-over', 'the copy’s record'])
  for (const back of ['', ', back, and over again'])
    test(`C21 rule 1: handed over to a guest${back}, whose copy is news since its organizer has moved the meeting aside: it is an entry of its own; ${first} arrives first`, async () => {
      const { world, crm, outbox, receive, settle, event } = await movedAside();
      const [record] = crm.records();
      for (const userId of ['anna', 'luca']) await world.poll(userId);
      const owners = back ? ['luca', 'anna', 'luca'] : ['luca'];
      for (const userId of owners) await crm.edit(record?.crmId ?? '', {}, userId);
      await receive();
      // What the CRM makes of the copy comes last.
      const made = outbox.slice(-1);
      const handedOver = outbox.splice(0).slice(0, -1);
      assert.deepEqual(
        handedOver.map(({ userId, crmId, googleId }) => [userId, crmId, googleId]),
        owners.map((userId) => [userId, record?.crmId, event.id]),
      );
      const order = first === 'the hand-over' ? [handedOver, made] : [made, handedOver];
      for (const changes of order) {
        await world.store.putIntents(changes);
        for (const userId of ['luca', 'anna']) await world.poll(userId);
      }
      await settle();
      const own = (await world.events('luca')).find(({ id }) => id !== event.id)?.id;
      assert.deepEqual(
        crm.records().map((r) => [r.crmId === record?.crmId, r.userId, r.googleId]),
        [
          [true, 'luca', own],
          [false, 'luca', event.id],
        ],
      );
    });

test('C21 rule 1: handed back to who had it first, and is a guest since, whose copy is news since its organizer has moved the meeting aside: it is an entry of its own', async () => {
  const world = createWorld();
  for (const userId of ['anna', 'luca']) await world.connect(userId);
  const { crm, settle, outbox, receive } = crmOf(world);
  await announce(crm, 'anna', 'luca');
  await meeting(world, 'luca');
  await pollers(world, settle)('luca');
  const { crmId = '' } = crm.records()[0] ?? {};
  await crm.edit(crmId, { participants: [{ email: EMAIL.luca }] }, 'anna');
  await settle();
  await pollers(world, settle)('anna', 'luca');
  const [event] = await world.events('anna');
  const aside = world.workspace.calendars.create(EMAIL.anna, 'Own', 'UTC', null);
  await world.phone('anna', 'POST', `/${event?.id}/move?destination=${aside.id}`);
  for (const userId of ['anna', 'luca']) await world.poll(userId);
  await crm.edit(crmId, {}, 'luca');
  await receive();
  // A CRM that keeps one name a record hands it over by the last one.
  const [back, made] = outbox.splice(0).map((change) => ({ ...change, googleId: event?.id }));
  for (const change of [back, made]) {
    await world.store.putIntents(change ? [change] : []);
    for (const userId of ['luca', 'anna']) await world.poll(userId);
  }
  await settle();
  const own = (await world.events('luca')).find(({ id }) => id !== event?.id)?.id;
  assert.deepEqual(
    crm.records().map((r) => [r.crmId === crmId, r.userId, r.googleId]),
    [
      [true, 'luca', own],
      [false, 'luca', event?.id],
    ],
  );
});

test('C21 rule 1: handed over to a guest and deleted there, the copy being news since its organizer has moved the meeting aside: it is not told to live on', async () => {
  const { world, crm, outbox, settle, event } = await movedAside();
  const [record] = crm.records();
  for (const userId of ['anna', 'luca']) await world.poll(userId);
  await crm.edit(record?.crmId ?? '', {}, 'luca');
  await crm.remove(record?.crmId ?? '');
  for (const change of outbox.splice(0).slice(-1)) await world.crm(change);
  await settle();
  assert.deepEqual(
    crm.records().map((r) => [r.crmId === record?.crmId, r.userId, r.googleId]),
    [[false, 'luca', event.id]],
  );
  assert.deepEqual(
    world.messages.flatMap(({ conflicts = [] }) => conflicts),
    [],
  );
});

for (const late of ['', ', by a message that arrives last'])
  test(`C21 P15 rule 1: a guest’s record is handed over and back before the guest’s run has heard its name${late}: it is the guest’s copy`, async () => {
    const world = createWorld();
    for (const userId of ['luca', 'mia'] as const) await world.connect(userId);
    await known(world, 'anna');
    const { crm, outbox, receive, settle } = crmOf(world);
    await announce(crm, 'anna', 'luca', 'mia');
    const event = await meeting(world, 'anna', EMAIL.luca);
    await world.poll('luca');
    await receive();
    const [record] = crm.records();
    for (const userId of ['mia', 'luca']) await crm.edit(record?.crmId ?? '', {}, userId);
    const named = outbox.splice(0, late ? 1 : 0);
    // A CRM that does not say what it has seen is understood as well.
    await world.store.putIntents(
      outbox.splice(0).map((m) => (late ? m : { ...m, seen: undefined })),
    );
    for (const userId of ['luca', 'mia']) await world.poll(userId);
    await world.store.putIntents(named);
    await world.poll('luca');
    await settle();
    assert.deepEqual(
      crm.records().map((r) => [r.userId, r.googleId]),
      [['luca', event.id]],
    );
    assert.deepEqual(
      (await world.events('luca')).map(({ id }) => id),
      [event.id],
    );
  });

test('C21 P15 rule 1: a guest’s record is handed over, and back by the name that it had, before the guest’s run has heard any: it is the guest’s copy', async () => {
  const world = createWorld();
  for (const userId of ['luca', 'mia'] as const) await world.connect(userId);
  await known(world, 'anna');
  const { crm, outbox, receive, settle } = crmOf(world);
  await announce(crm, 'anna', 'luca', 'mia');
  const event = await meeting(world, 'anna', EMAIL.luca);
  await world.poll('luca');
  await receive();
  const { crmId = '' } = crm.records()[0] ?? {};
  await crm.edit(crmId, {}, 'mia');
  await world.store.putIntents(outbox.splice(0));
  await world.poll('mia');
  await receive();
  await crm.edit(crmId, {}, 'luca');
  await world.store.putIntents(outbox.splice(0));
  for (const userId of ['luca', 'mia']) await world.poll(userId);
  await settle();
  assert.deepEqual(
    (await world.events('luca')).map(({ id }) => id),
    [event.id],
  );
  assert.deepEqual(await world.events('mia'), []);
});

test('C21 two guests of somebody outside: one record; when its user declines by deleting, the other’s comes', async () => {
  const world = createWorld();
  await world.connect('luca');
  await world.connect('mia');
  const { crm, settle } = crmOf(world);
  world.workspace.createAccount({ email: 'boss@firm.example' });
  const made = await meeting(world, 'boss', EMAIL.luca, EMAIL.mia);
  await Promise.all(['luca', 'mia'].map((userId) => world.poll(userId)));
  await settle();
  assert.deepEqual(
    crm.records().map((r) => r.userId),
    ['luca'],
  );
  assert.deepEqual(
    crm.records()[0]?.data.participants?.map((p) => p.userId),
    ['mia'],
  );
  await world.phone('luca', 'DELETE', `/${made.id}`);
  await world.poll('luca');
  await world.poll('mia');
  await settle();
  assert.deepEqual(
    crm.records().map((r) => r.userId),
    ['mia'],
  );
});

test('C21 each occurrence of a colleague’s series goes over as the record that it is', async () => {
  const world = createWorld();
  await known(world, 'anna');
  await world.connect('luca');
  const { crm, settle } = crmOf(world);
  await world.phone('anna', 'POST', '', {
    summary: 'Weekly',
    start: { dateTime: '2026-11-26T09:00:00', timeZone: 'America/Winnipeg' },
    end: { dateTime: '2026-11-26T10:00:00', timeZone: 'America/Winnipeg' },
    recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'],
    attendees: [{ email: EMAIL.luca }],
  });
  await world.poll('luca');
  await settle();
  const before = crm.records().map((r) => [r.crmId, r.data.start]);
  assert.equal(before.length, 4);
  await world.connect('anna');
  await world.poll('anna');
  await settle();
  assert.deepEqual(
    crm.records().map((r) => [r.crmId, r.data.start]),
    before,
  );
  assert.deepEqual(new Set(crm.records().map((r) => r.userId)), new Set(['anna']));
});

test('C21 who is alone in a meeting costs no look-up; with a colleague it is one for all of a page', async () => {
  const world = createWorld();
  await world.connect('anna');
  await known(world, 'luca');
  const asked: number[] = [];
  const { claim } = world.store;
  world.store.claim = (wanted) => {
    asked.push(wanted.length);
    return claim(wanted);
  };
  await meeting(world, 'anna');
  await meeting(world, 'anna', 'customer@else.example');
  await world.poll();
  assert.deepEqual(asked, []);
  for (let i = 0; i < 3; i++) await meeting(world, 'anna', EMAIL.luca);
  await world.poll();
  const [event] = (await world.events()).filter((e) => e.attendees?.[0]?.email === EMAIL.luca);
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Thun' });
  await world.poll();
  assert.deepEqual(asked, [3], 'and once only');
});

test('C21 a preview claims nothing', async () => {
  const world = createWorld();
  await world.connect('anna');
  await known(world, 'luca');
  await meeting(world, 'anna', EMAIL.luca);
  const before = world.store.dump();
  const { preview } = await import('../../functions/sync/preview.ts');
  assert.equal((await preview(world.engine, 'anna'))?.crm.create, 1);
  assert.equal(world.store.dump(), before);
});

test('C21 a series as one record goes over to its organizer like any meeting, endless as it is', async () => {
  const world = createWorld({ recurrence: 'series' });
  await known(world, 'anna');
  await world.connect('luca');
  await world.phone('anna', 'POST', '', {
    summary: 'Weekly',
    start: { dateTime: '2026-11-26T09:00:00', timeZone: 'America/Winnipeg' },
    end: { dateTime: '2026-11-26T10:00:00', timeZone: 'America/Winnipeg' },
    recurrence: ['RRULE:FREQ=WEEKLY'],
    attendees: [{ email: EMAIL.luca }],
  });
  await world.poll('luca');
  const { googleId = '', data } = world.messages.at(-1) ?? {};
  await world.crm(world.change('S', { ...data }, { userId: 'luca', googleId }));
  const [link] = await world.store.linksByCrmId('luca', 'appointment', ['S']);
  const [claim] = await world.store.getClaims('appointment', [link?.claim?.key ?? '']);
  assert.ok(Number.isFinite(claim?.expireAt), 'a time that Firestore can keep');
  await world.connect('anna');
  world.messages.length = 0;
  await world.poll('anna');
  const taken = world.messages.find((m) => m.formerUserId === 'luca')?.data;
  await world.crm(world.change('S', { ...taken, customer: { name: 'Muster AG' } }));
  await world.poll('luca');
  assert.deepEqual(
    world.messages
      .filter((m) => m.record === 'appointment')
      .map((m) => [m.op, m.userId, m.formerUserId, m.crmId]),
    [['upsert', 'anna', 'luca', 'S']],
  );
  assert.deepEqual(await world.store.linksByCrmId('luca', 'appointment', ['S']), []);
  assert.deepEqual(await answers(world, 'luca'), ['needsAction']);
});

/** Anna's series of three, to which Luca is invited, with its occurrences. */
async function invitedWeekly(world: World) {
  const at = (hour: number) => ({ dateTime: `2026-11-26T${hour}:00:00`, timeZone: 'UTC' });
  const series = await world.phone('anna', 'POST', '', {
    ...{ summary: 'Weekly', start: at(10), end: at(11) },
    recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'],
    attendees: [{ email: EMAIL.luca }],
  });
  const { items } = await world.phone('anna', 'GET', `/${series.id}/instances`);
  return { series, items };
}

for (const order of [
  ['luca', 'mia'],
  ['mia', 'luca'],
] as const)
  test(`C21 P15 rule 6 an occurrence of a series of somebody who is away has one guest more: it is one of the series, which its guest has as a record; ${order[0]} runs first`, async () => {
    const world = createWorld({ recurrence: 'series' });
    await known(world, 'anna');
    for (const userId of order) await world.connect(userId);
    const { crm, settle } = crmOf(world);
    await announce(crm, ...order);
    const { series, items } = await invitedWeekly(world);
    const attendees = [{ email: EMAIL.luca }, { email: EMAIL.mia }];
    await world.phone('anna', 'PATCH', `/${items[1]?.id}`, { summary: 'With Mia', attendees });
    for (let round = 0; round < 2; round++)
      for (const userId of order) {
        await world.poll(userId);
        await settle();
      }
    assert.deepEqual(
      crm
        .records()
        .map((r) => [r.userId, r.data.subject, r.occurrence?.series.googleId])
        .sort(),
      [
        ['luca', 'Weekly', undefined],
        ['luca', 'With Mia', series.id],
      ],
    );
  });

for (const order of [
  ['luca', 'anna'],
  ['anna', 'luca'],
] as const)
  test(`C21 rule 8 a colleague’s series becomes its guest’s record once its organizer has moved it to another calendar: with the exceptions that the guest’s run had passed over; ${order[0]} runs first`, async () => {
    const world = createWorld({ recurrence: 'series' });
    for (const userId of order) await world.connect(userId);
    const { crm, settle } = crmOf(world);
    await announce(crm, ...order);
    const { series, items } = await invitedWeekly(world);
    const all = pollers(world, settle);
    await world.phone('anna', 'PATCH', `/${items[1]?.id}`, { summary: 'Special' });
    await world.phone('anna', 'DELETE', `/${items[2]?.id}`);
    await all('anna', 'luca');
    const aside = world.workspace.calendars.create(EMAIL.anna, 'Own', 'UTC', null);
    await world.phone('anna', 'POST', `/${series.id}/move?destination=${aside.id}`);
    await all(...order, ...order);
    const mine = crm.records().filter(({ userId }) => userId === 'luca');
    const start = (day: string) => ({ dateTime: `2026-12-${day}T10:00:00+00:00` });
    assert.deepEqual(
      mine.map((r) => [r.data.subject, r.occurrence?.originalStart, r.cancelled]),
      [
        ['Weekly', undefined, [start('10')]],
        ['Special', start('03'), undefined],
      ],
    );
  });
