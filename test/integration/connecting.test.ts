/** Connecting, disconnecting and connecting again; what waits meanwhile. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { User } from '../../functions/core/records.ts';
import { createWorld, SCOPES, visit, type World } from '../support/world.ts';

test('rule 11: P36 disconnect revokes the grant and deletes the token; with removal what the sync made goes too', async () => {
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
    const token = (await world.vault.open('anna')) ?? '';
    assert.ok(world.workspace.oauth.accountOf(token));
    await world.store.updateUser('anna', (user) => user && { ...user, leaving: how });
    assert.equal(await world.poll(), 'done');
    assert.equal(world.workspace.oauth.accountOf(token), undefined, 'revoked at Google');
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

test('rule 5: what lies outside the window waits, and is written when the window reaches it', async () => {
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

test('rule 5: the intents of a user who is not connected are kept, the newest per record', async () => {
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

test('C06 reconnecting re-adopts all: no write, no message, and the cursor of before is used', async () => {
  const world = createWorld();
  await world.connect('anna');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
  await world.crm(
    ...Array.from({ length: 100 }, (_, i) => world.change(`m${i}`, visit(1 + (i % 5), 8))),
  );
  await world.poll();
  const { data } = world.messages.find((m) => m.googleId === own.id) ?? {};
  await world.crm(world.change('g1', { ...data }, { googleId: own.id }));
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'keep' });
  await world.poll();
  await world.phone('anna', 'PATCH', `/${own.id}`, { location: 'Thun' });
  world.messages.length = 0;
  world.countCalls();
  await world.connect('anna');
  await world.store.updateUser('anna', (user) => {
    const { firstSyncAt: _, ...kept } = user as User;
    return kept;
  });
  await world.poll();
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 });
  assert.deepEqual(
    world.messages.filter((m) => m.record !== 'user').map((m) => [m.crmId, m.changed]),
    [['g1', ['place']]],
    'what happened meanwhile, and nothing else',
  );
  assert.equal((await world.events()).length, 101);
});

test('C06 our state is lost: what we made is known by its property, what was born at Google by its id', async () => {
  const world = createWorld();
  await world.connect('anna');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
  await world.poll();
  const { data } = world.messages.find((m) => m.googleId === own.id) ?? {};
  const sent = [
    world.change('v1', visit()),
    world.change('g1', { ...data, kind: 'call' }, { googleId: own.id }),
  ];
  await world.crm(...sent);
  const tables = JSON.parse(world.store.dump()) as { [name: string]: unknown };
  world.store.load(JSON.stringify({ users: tables.users }));
  world.messages.length = 0;
  await world.connect('anna');
  world.countCalls();
  await world.store.putIntents(sent);
  assert.equal(await world.poll(), 'done');
  const calls = world.countCalls();
  assert.deepEqual(
    [calls['calendar.events.patch'], calls['calendar.events.delete']],
    [undefined, undefined],
  );
  assert.equal((await world.events()).length, 2, 'nothing doubled');
  const links = await world.store.listLinks('anna', 'appointment', 10);
  assert.deepEqual(links.map((l) => [l.crmId, l.origin]).sort(), [
    ['g1', 'google'],
    ['v1', 'crm'],
  ]);
});

test('P33 C06 links and cursor outlive a revocation: afterwards only what changed is read', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  await world.poll();
  const cursor = await world.store.getCursor('anna', 'appointment');
  world.advance(11 * 60_000);
  world.workspace.oauth.revokeUser('anna@firm.example');
  world.engine.access.session('anna').invalidate();
  assert.equal(await world.poll(), 'reauthorize');
  assert.equal((await world.store.getCursor('anna', 'appointment'))?.token, cursor?.token);
  await world.connect('anna');
  world.countCalls();
  world.messages.length = 0;
  await world.poll();
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1 });
  assert.deepEqual(
    world.messages.filter((m) => m.record !== 'user'),
    [],
  );
});

/** Anna has moved to another account, as authorize leaves her behind. */
async function moveAccount(world: World): Promise<string> {
  const email = 'anna.neu@firm.example';
  world.workspace.createAccount({ email, timeZone: 'Europe/Zurich' });
  const { refresh_token } = world.workspace.oauth.grant(email, SCOPES.primary);
  await world.vault.seal('anna', refresh_token);
  await world.store.updateUser('anna', (user) => {
    const { firstSyncAt: _, ...kept } = user as User;
    return { ...kept, email, googleEmail: email, googleSub: 'other', replaced: 'park' };
  });
  return email;
}

const eventsOf = async (world: World, email: string) => {
  const answer = await world.workspace.handle({
    method: 'GET',
    url: '/calendar/v3/calendars/primary/events?maxResults=2500',
    headers: { authorization: `Bearer user:${email}` },
    body: '',
  });
  return (JSON.parse(answer.body) as { items: { summary?: string }[] }).items;
};

test('C07 moved to another account: the CRM’s entries are there once, nothing is sent to the first one', async () => {
  const world = createWorld();
  await world.connect('anna');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
  await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
  await world.poll();
  const { data } = world.messages.find((m) => m.googleId === own.id) ?? {};
  await world.crm(world.change('g1', { ...data, kind: 'call' }, { googleId: own.id }));
  await world.store.updateUser('anna', (user) => user && { ...user, googleSub: 'first' });
  await world.poll();
  const before = await world.events();
  world.messages.length = 0;
  const email = await moveAccount(world);
  const users = new Set<string | null>();
  world.workspace.before = (call) => void users.add(call.user);
  assert.equal(await world.poll(), 'done');
  assert.equal(await world.poll(), 'done');
  assert.deepEqual([...users].filter(Boolean), [email], 'the access token of before is not used');
  const arrived = await eventsOf(world, email);
  assert.deepEqual(
    arrived.map((e) => e.summary),
    ['Visit at Muster AG', 'Visit at Muster AG'],
  );
  assert.deepEqual(
    world.messages.filter((m) => m.record !== 'user'),
    [],
    'nothing is deleted in the CRM',
  );
  await world.crm(world.change('v1', visit(1, 9, { subject: 'Moved along' })));
  await world.crm(world.change('g1', { subject: 'Own, changed in the CRM' }));
  const subjects = (await eventsOf(world, email)).map((e) => e.summary);
  assert.deepEqual(subjects.sort(), [
    'Moved along',
    'Own, changed in the CRM',
    'Visit at Muster AG',
  ]);
  world.workspace.before = undefined;
  assert.deepEqual(await world.events(), before, 'the first account is as it was');
});

test('C07 killed at any commit of the move, and run again: each entry once', async () => {
  for (let step = 0; step < 8; step++) {
    const world = createWorld();
    await world.connect('anna');
    await world.crm(world.change('v1', visit(1)), world.change('v2', visit(2)));
    await world.poll();
    const email = await moveAccount(world);
    const { commit } = world.store;
    let left = step;
    world.store.commit = async (...args) => {
      if (left-- === 0) throw new Error('killed');
      return commit(...args);
    };
    await world.poll().catch(() => {});
    world.store.commit = commit;
    world.advance(200_000);
    assert.equal(await world.poll(), 'done');
    assert.equal((await eventsOf(world, email)).length, 2, `killed at commit ${step}`);
    const deletes = world.messages.filter((m) => m.op === 'delete');
    assert.deepEqual(deletes, [], `killed at commit ${step}`);
    assert.equal((await world.store.getUser('anna'))?.replaced, undefined);
  }
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

test('P33 a look that meets a withdrawn scope is no failure that may pass: the user is asked, or the type is off, at once', async () => {
  for (const records of [['appointment'], ['appointment', 'task']] as const) {
    const world = createWorld({ records: [...records] });
    await world.connect('anna');
    await world.poll();
    const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
    const own = await world.phone('anna', 'POST', '', { summary: 'Own', ...day });
    world.advance(11 * 60_000);
    world.workspace.oauth.withdrawScope('anna@firm.example', 'calendar.events.owned');
    // Named by the CRM before any listing: it is read.
    const change = world.change('g1', visit(), { googleId: own.id });
    await world.crm(change);
    const user = await world.store.getUser('anna');
    const alone = records.length === 1;
    assert.equal(user?.state, alone ? 'reauthorize' : 'active');
    if (!alone)
      assert.ok(!user?.scopes?.includes(SCOPES.primary[0] ?? ''), 'only this type is off');
    world.countCalls();
    await world.crm(change);
    assert.equal(world.countCalls()['calendar.events.get'], undefined, 'and nothing more is asked');
  }
});

test('P33 what organizers have let go of is looked at where no scope is left for it: the other types go on', async () => {
  const world = createWorld({ records: ['appointment', 'task'] });
  await world.connect('anna');
  await world.poll();
  world.advance(11 * 60_000);
  await world.store.updateUser('anna', (u) => u && { ...u, recheck: { appointment: ['e1'] } });
  world.workspace.oauth.withdrawScope('anna@firm.example', 'calendar.events.owned');
  await world.crm(world.change('T-1', { title: 'Call' }, { record: 'task' }));
  assert.equal(world.tasks().tasks('CRM').length, 1);
  assert.equal((await world.store.getUser('anna'))?.state, 'active');
});

test('P33 whoever grants a scope again while a run meets its refusal keeps it; right after connecting a refusal is not believed', async () => {
  const world = createWorld({ records: ['appointment', 'task'] });
  await world.connect('anna');
  await world.poll();
  const scopes = (await world.store.getUser('anna'))?.scopes ?? [];
  world.advance(11 * 60_000);
  world.workspace.oauth.withdrawScope('anna@firm.example', 'calendar.events.owned');
  let refused = 0;
  world.workspace.after = async (call) => {
    // The second try is made with a fresh token: then the refusal is believed.
    if (call.method !== 'calendar.events.insert' || ++refused !== 2) return;
    world.advance(1);
    await world.consent('anna', scopes);
  };
  assert.equal(await world.crm(world.change('v1', visit())), 'later');
  assert.deepEqual((await world.store.getUser('anna'))?.scopes, scopes, 'still on');
  assert.equal(await world.crm(world.change('v2', visit(2))), 'done');
  assert.equal((await world.events()).length, 2);
  world.workspace.oauth.withdrawScope('anna@firm.example', 'calendar.events.owned');
  world.engine.access.session('anna').invalidate();
  assert.equal(await world.poll(), 'later');
  assert.deepEqual((await world.store.getUser('anna'))?.scopes, scopes);
});
