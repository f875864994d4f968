/** Erasing a user: nothing is left, nothing comes back by itself, and nothing that dies in between stops it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Claim } from '../../functions/core/claim.ts';
import type { DeadLetter, Intent, User } from '../../functions/core/records.ts';
import { createAdmin } from '../../functions/triggers/admin.ts';
import { createLiveWorld } from '../support/push.ts';
import { visit } from '../support/world.ts';

const CANARY = /canary|@firm\.example/i;

/** Anna's life: entries from both sides, a series, a private event, a channel, a session, a dead letter. */
async function annasLife(world = createLiveWorld()) {
  await world.connect('anna');
  await world.poll();
  await world.crm(world.change('v1', visit(1, 9, { subject: 'Canary', place: 'Canary place' })));
  await world.crm(world.change('v2', visit(2)));
  await world.crm(world.change('v2', {}, { op: 'delete' }));
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  await world.phone('anna', 'POST', '', { summary: 'Canary of my own', ...day });
  await world.phone('anna', 'POST', '', {
    summary: 'Canary series',
    ...day,
    recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'],
  });
  await world.poll();
  await world.store.putSession({
    id: 'session',
    userId: 'anna',
    csrf: 'c',
    expireAt: world.clock.now() + 1e9,
  });
  await pushed(world, { ...message('v9'), data: { subject: 'Canary', start: 'nonsense' } });
  return world;
}

type LiveWorld = ReturnType<typeof createLiveWorld>;

/** A message of the CRM as it comes from Pub/Sub, published now unless said otherwise. */
const pushed = (world: LiveWorld, json: object, at = world.clock.now()) =>
  world.pushed('crmChange', json, at);

let changes = 0;
const message = (crmId: string, more: object = {}) => ({
  changeId: `m${++changes}`,
  userId: 'anna',
  version: 100 + changes,
  record: 'appointment',
  op: 'upsert',
  crmId,
  data: { ...visit(3), subject: 'Canary that comes late' },
  ...more,
});
const announcement = (version: number, userId = 'anna') => ({
  changeId: `u${++changes}`,
  userId,
  version,
  record: 'user',
  op: 'upsert',
  data: { email: `${userId}@firm.example`, timeZone: 'Europe/Zurich' },
});

/** What the admin function answers. */
async function ask(world: LiveWorld, body: object): Promise<{ status: number; body: object }> {
  let answer = { status: 0, body: {} };
  const res = {
    set: () => res,
    status: (status: number) => {
      answer = { ...answer, status };
      return res;
    },
    json: (said: object) => {
      answer = { ...answer, body: said };
      return res;
    },
    end: () => res,
  };
  const config = { PUSH_AUTH: 'off', PUSH_AUDIENCE: '' } as const;
  const admin = createAdmin({ config, engine: world.engine, log: world.engine.log });
  const rawBody = Buffer.from(JSON.stringify(body));
  await admin({ method: 'POST', rawBody, body, header: () => undefined } as never, res as never);
  return answer;
}

async function erased(world: LiveWorld, entries?: 'keep' | 'remove') {
  const asked = await ask(world, { action: 'erase', userId: 'anna', ...(entries && { entries }) });
  assert.equal(asked.status, 202);
  await world.work();
}

interface Tables {
  users: User[];
  intents: Intent[];
  claims: Claim[];
  deadLetters: DeadLetter[];
}

/** All tables that hold something. */
function stored(world: LiveWorld): { [table: string]: object[] } {
  const tables = JSON.parse(world.store.dump()) as { [table: string]: { userId?: string }[] };
  const left = Object.entries(tables).filter(([, rows]) => rows.length > 0);
  return Object.fromEntries(left);
}

function onlyTheTombstone(world: LiveWorld): void {
  const { leases = [], ...others } = stored(world);
  assert.deepEqual(others, {});
  const [lease, ...more] = leases as { userId: string; erased: object }[];
  assert.deepEqual(more, []);
  assert.equal(lease?.userId, 'anna');
  assert.ok(lease?.erased);
  assert.deepEqual(world.vault.userIds(), []);
}

test('P36 erased: nothing stored or logged says more than the id, grant and channels are ended, and the CRM hears it', async () => {
  const world = await annasLife();
  const tables = Object.keys(stored(world)).sort();
  assert.deepEqual(
    tables,
    'channels cursors deadLetters intents journal leases links sessions users'.split(' '),
    'there is something to erase',
  );
  assert.match(world.store.dump(), CANARY);
  const token = await world.engine.access.session('anna').accessToken();
  world.messages.length = 0;
  world.logged.length = 0;
  await erased(world);
  onlyTheTombstone(world);
  assert.doesNotMatch(world.store.dump() + JSON.stringify(world.logged), CANARY);
  assert.deepEqual(world.channels(), [], 'no channel lives on');
  const answer = await world.workspace.handle({
    method: 'GET',
    url: '/calendar/v3/calendars/primary/events',
    headers: { authorization: `Bearer ${token}` },
    body: '',
  });
  assert.equal(answer.status, 401, 'the grant is revoked');
  assert.deepEqual(
    world.messages.map(({ userId, record, op, data }) => [userId, record, op, data]),
    [['anna', 'user', 'upsert', { state: 'erased' }]],
  );
  const proof = await ask(world, { action: 'erase', userId: 'anna' });
  assert.deepEqual(proof, { status: 200, body: { done: true, erasedAt: world.clock.now() } });
  assert.equal((await ask(world, { action: 'erase', userId: 'nobody' })).status, 404);
  assert.equal((await world.events()).length, 3, 'the calendar is the user’s own');
  world.advance(91 * 86_400_000);
  await world.maintain();
  assert.deepEqual(stored(world), {}, 'the tombstone ends as well');
});

test('P36 erased with removal: what the CRM had put into the calendar is taken out first', async () => {
  const world = await annasLife();
  await erased(world, 'remove');
  onlyTheTombstone(world);
  const left = (await world.events()).map((e) => e.summary);
  assert.deepEqual(left.sort(), ['Canary of my own', 'Canary series']);
});

test('P36 whoever was never connected, is paused, or has left already is erased as well', async () => {
  for (const state of ['invited', 'paused', 'reauthorize', 'disconnected'] as const) {
    const world = await annasLife();
    await world.store.updateUser('anna', (user) => user && { ...user, state });
    await ask(world, { action: 'erase', userId: 'anna' });
    // The message gets lost: the tick makes up for it.
    world.syncRequests.length = 0;
    await world.tick();
    await world.work();
    onlyTheTombstone(world);
  }
});

test('P36 what comes late recreates nothing: changes, the user message, a run, a tick, a notification', async () => {
  const world = await annasLife();
  const { version = 0 } = (await world.store.getUser('anna')) ?? {};
  const [channel] = await world.store.channelsOf('anna');
  const rang = {
    'x-goog-channel-id': channel?.id ?? '',
    'x-goog-resource-state': 'exists',
    'x-goog-channel-token': 'any',
  };
  await erased(world);
  world.messages.length = 0;
  world.countCalls();
  assert.equal(await pushed(world, message('v1')), 204);
  assert.equal(await pushed(world, message('v1', { op: 'delete', data: {} })), 204);
  assert.equal(await pushed(world, message('v1', { data: { subject: 7 } })), 204);
  onlyTheTombstone(world);
  assert.equal(await pushed(world, announcement(version)), 204);
  const before = world.clock.now() - 1;
  assert.equal(
    await pushed(world, announcement(version + 1), before),
    204,
    'newer, and sent before',
  );
  assert.equal(await world.pushed('syncUser', { userId: 'anna' }, 0), 204);
  assert.equal(await world.notify(rang), 204);
  await world.tick();
  await world.maintain();
  await world.work();
  assert.equal(await world.poll(), 'notActive');
  onlyTheTombstone(world);
  assert.deepEqual(world.countCalls(), {}, 'no call at Google');
  const told = world.messages.map(({ op, rejected }) => [op, rejected?.reason]);
  const late = ['reject', 'erasedUser'];
  assert.deepEqual(told, [late, late, ['reject', 'schema'], late, late]);
  assert.doesNotMatch(JSON.stringify(world.messages), CANARY);
});

test('P36 a user message with a newer version is a new beginning: connected again, nothing is doubled', async () => {
  const world = await annasLife();
  const { version = 0 } = (await world.store.getUser('anna')) ?? {};
  const fence = (await world.store.getLease('anna'))?.fence ?? 0;
  await erased(world);
  world.advance(1000);
  assert.equal(await pushed(world, announcement(version + 1)), 204);
  assert.equal((await world.store.getUser('anna'))?.state, 'invited');
  await world.consent('anna', ['https://www.googleapis.com/auth/calendar.events.owned']);
  // The CRM publishes its records once more, in the versions that they have.
  await world.crm(world.change('v1', visit(1, 9, { subject: 'Visit', place: 'Bern' })));
  await world.poll();
  const events = await world.events();
  assert.equal(events.length, 3);
  assert.equal(events.filter((e) => e.summary === 'Visit' && e.location === 'Bern').length, 1);
  const lease = await world.store.getLease('anna');
  assert.equal(lease?.erased, undefined);
  assert.ok((lease?.fence ?? 0) > fence, 'a worker from before can still not commit');
});

test('P36 a message while the user is being erased is refused, and the erasing goes on', async () => {
  const world = await annasLife();
  await ask(world, { action: 'erase', userId: 'anna' });
  world.messages.length = 0;
  assert.equal(await pushed(world, { changes: [message('v5'), announcement(1e6)] }), 204);
  onlyTheTombstone(world);
  assert.deepEqual(world.messages.map((m) => m.rejected?.reason ?? m.data?.state).sort(), [
    'erased',
    'erasedUser',
  ]);
});

test('P36 others keep what is theirs: a record handed over, a claim, a refused change in the same message', async () => {
  const world = await annasLife();
  await world.connect('luca');
  await world.poll('luca');
  await world.crm(world.change('h1', visit(3), { userId: 'anna' }));
  await world.crm(world.change('h1', visit(3), { userId: 'luca' }));
  await world.crm(world.change('h2', visit(4), { userId: 'luca' }));
  // Handed over to Anna, and Luca’s run has not taken it out yet.
  await world.store.putIntents([world.change('h2', visit(4), { userId: 'anna' })]);
  const meeting = { record: 'appointment' as const, googleId: 'e', expireAt: 9e15 };
  await world.store.claim([{ ...meeting, key: 'k1', userId: 'anna', own: false }]);
  await world.store.claim([{ ...meeting, key: 'k1', userId: 'luca', own: true }]);
  await world.store.claim([{ ...meeting, key: 'k2', userId: 'anna', own: true }]);
  const wrong = { ...message('w1', { userId: 'luca' }), data: { subject: 5 } };
  await pushed(world, { changes: [message('w2', { version: 'x' }), wrong] });
  await erased(world);
  const { users, intents, claims, deadLetters } = stored(world) as unknown as Tables;
  assert.deepEqual(
    users.map((u) => u.userId),
    ['luca'],
  );
  const named = intents.map((i) => [i.crmId, i.userId, i.op, i.owners, i.pendingFor]).sort();
  assert.deepEqual(named, [
    ['h1', 'luca', 'upsert', ['luca'], []],
    ['h2', 'luca', 'delete', ['luca'], ['luca']],
  ]);
  assert.deepEqual(claims, [{ ...meeting, key: 'k1', userId: 'luca', own: true }]);
  assert.equal(deadLetters.length, 1);
  assert.deepEqual(JSON.parse(Buffer.from(deadLetters[0]?.data ?? '', 'base64').toString()), {
    changes: [wrong],
  });
  await world.poll('luca');
  const left = (await world.events('luca')).filter((e) => e.status !== 'cancelled');
  assert.equal(left.length, 1, 'h1 is there, h2 is not');
});

test('P36 P16 a crash anywhere in erasing: repeated by the tick, it is finished', async () => {
  for (const entries of ['keep', 'remove'] as const)
    for (const when of ['before', 'after'] as const)
      for (let crashAt = 1; ; crashAt++) {
        const world = await annasLife();
        await ask(world, { action: 'erase', userId: 'anna', entries });
        let calls = 0;
        const die = (at: 'before' | 'after') => {
          if (at === when && ++calls === crashAt) throw new Error('killed');
        };
        const mend = [world.store, world.vault, world.engine.publisher].map((port) =>
          dying(port, die),
        );
        await world.work();
        const crashed = calls >= crashAt;
        for (const undo of mend) undo();
        world.advance(300_000);
        await world.tick();
        // Pub/Sub delivers again what was not acknowledged.
        world.syncRequests.push('anna');
        await world.work();
        onlyTheTombstone(world);
        const told = world.messages.filter((m) => m.data?.state === 'erased');
        assert.ok(told.length >= 1 && new Set(told.map((m) => m.changeId)).size === 1);
        if (!crashed) break;
        assert.ok(crashAt < 100);
      }
});

/** Makes every call of a port a place to die at, before and after its effect; resolves to the undoing. */
function dying(port: object, die: (at: 'before' | 'after') => void): () => void {
  const sound = { ...port } as { [name: string]: unknown };
  const target = port as { [name: string]: unknown };
  for (const [name, method] of Object.entries(sound)) {
    if (typeof method !== 'function') continue;
    target[name] = async (...args: unknown[]) => {
      die('before');
      const result = await method(...args);
      die('after');
      return result;
    };
  }
  return () => void Object.assign(target, sound);
}

test('P36 a worker that had still seen the user leaves nothing behind', async () => {
  const world = await annasLife();
  const { putIntents } = world.store;
  // The erasing runs from beginning to end between a message's check and its storing.
  world.store.putIntents = async (changes) => {
    world.store.putIntents = putIntents;
    await erased(world);
    return putIntents(changes);
  };
  assert.equal(await pushed(world, message('v7')), 204);
  onlyTheTombstone(world);
  // And a token that a browser brought back from Google in that moment.
  await world.vault.seal(
    'anna',
    world.workspace.oauth.grant('anna@firm.example', []).refresh_token,
  );
  assert.equal(await world.pushed('syncUser', { userId: 'anna' }, 0), 204);
  onlyTheTombstone(world);
});

test('P36 erasing waits for a Google that cannot be reached: no grant is left without its token', async () => {
  const world = await annasLife();
  const { handle } = world.workspace;
  world.workspace.handle = async (request) => {
    if (request.url.startsWith('/revoke')) throw new Error('down');
    return handle(request);
  };
  await erased(world);
  assert.deepEqual(world.vault.userIds(), ['anna']);
  assert.equal((await world.store.getUser('anna'))?.erase, true);
  world.workspace.handle = handle;
  world.advance(60_000);
  await world.tick();
  await world.work();
  onlyTheTombstone(world);
});
