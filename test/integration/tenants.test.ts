/** Many users side by side: none sees, slows or stops another. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createPollFanout } from '../../functions/triggers/poll-fanout.ts';
import { createWorld, visit, type World } from '../support/world.ts';

/** Anna's day, step by step. */
const steps = (world: World): (() => Promise<unknown>)[] => [
  () => world.crm(world.change('v1', visit(1), { version: 1 })),
  () => world.crm(world.change('v2', visit(2), { version: 1 })),
  () => world.phone('anna', 'PATCH', '/event0', { location: 'Thun' }),
  () => world.poll('anna'),
  () => world.crm(world.change('v1', visit(1, 15), { version: 2 })),
  () => world.crm(world.change('v2', {}, { version: 2, op: 'delete' })),
  () => world.poll('anna'),
];

/** The same texts, Google ids and change ids as Anna's, and a calendar that refuses everything at times. */
const disturbance = (world: World): (() => Promise<unknown>)[] => [
  () => world.crm(world.change('l1', visit(1), { version: 1, userId: 'luca', changeId: 'c1' })),
  () => world.phone('luca', 'PATCH', '/event0', { location: 'Bern' }),
  () => world.poll('luca'),
  async () =>
    world.workspace.faults.add({
      kind: 'status',
      status: 500,
      reason: 'backendError',
      user: 'luca@firm.example',
      count: 3,
    }),
  () => world.crm(world.change('l1', {}, { version: 2, userId: 'luca', op: 'delete' })),
  () => world.poll('luca'),
  () => world.poll('luca'),
];

async function annasDay(disturbed: boolean) {
  const world = createWorld();
  const seen: string[] = [];
  world.workspace.before = (call) => {
    if (call.user === 'anna@firm.example') seen.push(call.method);
  };
  for (const user of ['anna', 'luca']) {
    await world.connect(user);
    const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
    await world.phone(user, 'POST', '', { id: 'event0', summary: 'Own', ...day });
    await world.poll(user);
  }
  const others = disturbance(world);
  for (const [i, step] of steps(world).entries()) {
    await step();
    if (disturbed) await others[i]?.();
  }
  const mine = world.messages.filter((m) => m.userId === 'anna');
  const strip = ({ changeId: _, ...rest }: object & { changeId?: string }) => rest;
  return {
    messages: mine.map(strip),
    events: (await world.events('anna')).map((e) => [e.id, e.summary, e.location, e.start]),
    links: (await world.store.listLinks('anna', 'appointment', 100)).map((l) => [
      l.id,
      l.state,
      l.crm,
    ]),
    calls: seen,
    logs: world.logged.filter(({ fields }) => (fields as { userId?: string }).userId === 'anna'),
  };
}

test('P32 one user’s end state, calls, messages and logs are the same whether or not another one is at work', async () => {
  const alone = await annasDay(false);
  assert.ok(alone.logs.length > 5);
  assert.deepEqual(await annasDay(true), alone);
});

test('P30 one user’s ten thousand changes, all refused, make another user’s wait for neither a run nor a poll', async () => {
  const world = createWorld();
  world.workspace.quota.enabled = false;
  for (const user of ['anna', 'luca']) {
    await world.connect(user);
    await world.poll(user);
  }
  const user = 'luca@firm.example';
  const storm = { kind: 'status', status: 503, reason: 'backendError', user } as const;
  const calm = world.workspace.faults.add(storm);
  const many = Array.from({ length: 10_000 }, (_, i) =>
    world.change(`l${i}`, visit(1 + (i % 5), 8 + (i % 9)), { userId: 'luca' }),
  );
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  await world.phone('anna', 'POST', '', { id: 'event0', summary: 'Own', ...day });
  const heavy = world.crm(...many);
  const stale: number[] = [];
  for (let i = 0; i < 10; i++) {
    const since = world.clock.now();
    assert.equal(await world.crm(world.change('v1', visit(1, 8 + i))), 'done');
    await world.phone('anna', 'PATCH', '/event0', { location: `Room ${i}` });
    assert.equal(await world.poll('anna'), 'done');
    assert.ok(world.messages.some((m) => m.data?.place === `Room ${i}`));
    stale.push(world.clock.now() - since);
    // Luca's messages come again meanwhile, and what all may repeat together is spent.
    await world.poll('luca');
  }
  const { pollMs } = world.engine.settings;
  assert.ok(Math.max(...stale) <= 2 * pollMs, `${stale} ms`);
  assert.equal(await heavy, 'later');
  assert.equal(
    (await world.store.pendingIntents('luca', 20_000)).length,
    10_000,
    'nothing is lost',
  );
  // Whom Google asks to wait is one user.
  calm();
  world.workspace.faults.add({ ...storm, status: 429, retryAfter: 120 });
  world.advance(60_000);
  assert.equal(await world.crm(world.change('l0', visit(), { userId: 'luca' })), 'later');
  assert.equal(await world.crm(world.change('v1', visit(2))), 'done');
});

test('P31 every user who is due is sent once a tick; a tick that dies in between and comes again misses none', async () => {
  const world = createWorld();
  for (let i = 0; i < 450; i++) {
    const userId = `u${String(i).padStart(3, '0')}`;
    await world.store.putUser({
      userId,
      email: `${userId}@firm.example`,
      timeZone: 'Europe/Zurich',
      enabled: i % 90 !== 7,
      version: 1,
    });
    await world.store.updateUser(
      userId,
      (user) => user && { ...user, state: 'active', nextPollAt: world.clock.now() - 1 },
    );
  }
  for (let dies = 0; dies < 4; dies++) {
    const sent: string[] = [];
    let left = dies;
    const tick = createPollFanout({
      store: world.store,
      clock: world.clock,
      log: () => {},
      config: { PUSH_AUTH: 'off', PUSH_AUDIENCE: '', PUSH_SERVICE_ACCOUNT: '' },
      publisher: {
        syncUsers: async (userIds) => {
          if (left-- === 0) throw new Error('killed');
          sent.push(...userIds);
        },
      },
    });
    const answers: number[] = [];
    const response = {
      status: (code: number) => {
        answers.push(code);
        return { end: () => {} };
      },
    };
    const request = { method: 'POST', headers: {}, body: { message: {}, subscription: 's' } };
    for (let i = 0; i < 2 && answers.at(-1) !== 204; i++)
      await tick(request as never, response as never);
    assert.equal(answers.at(-1), 204);
    assert.equal(new Set(sent).size, 445, `died at page ${dies}`);
  }
});

test('P35 no token, and no name, address or text of a record, is in any log', async () => {
  const world = createWorld();
  await world.connect('anna');
  const secrets = {
    subject: 'Canary subject',
    place: 'Canary place',
    description: 'Canary text\n{"event":"forged"}',
    customer: { name: 'Canary customer' },
  };
  await world.crm(world.change('v1', visit(1, 9, secrets)));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'Canary on the phone' });
  await world.crm(world.change('v1', visit(1, 9, { subject: 'Canary conflict' })));
  world.workspace.faults.add({
    kind: 'status',
    status: 400,
    reason: 'invalid',
    message: 'Canary message of Google',
    method: 'events.patch',
    count: 1,
  });
  await world.crm(world.change('v1', visit(1, 11)));
  world.advance(11 * 60_000);
  const token = await world.engine.access.session('anna').accessToken();
  const refresh = await world.vault.open('anna');
  world.workspace.oauth.revokeUser('anna@firm.example');
  world.engine.access.session('anna').invalidate();
  await world.poll();
  const logs = JSON.stringify(world.logged);
  assert.ok(world.logged.length > 5);
  assert.doesNotMatch(logs, /canary|@firm/i);
  const everywhere = logs + world.store.dump() + JSON.stringify(world.messages);
  for (const secret of [token, refresh ?? '']) {
    assert.ok(secret.length > 8);
    for (const form of [secret, secret.slice(0, 12), Buffer.from(secret).toString('base64')])
      assert.ok(!everywhere.includes(form));
  }
});
