import assert from 'node:assert/strict';
import test from 'node:test';
import { createMaintain } from '../../functions/triggers/maintain.ts';
import { createLiveWorld } from '../support/push.ts';
import { createWorld, visit } from '../support/world.ts';

test('P20 maintain: what has expired goes, and who was passed by gets a run', async () => {
  const world = createWorld();
  for (const userId of ['anna', 'luca', 'mira', 'nora']) await world.connect(userId);
  for (const userId of ['anna', 'luca', 'mira']) await world.poll(userId);
  await world.store.putOAuthState({
    id: 'o',
    session: 's',
    verifier: 'v',
    nonce: 'n',
    expireAt: 1,
  });
  await world.store.updateUser('mira', (user) => user && { ...user, enabled: false });
  // Stored, and the worker died with the lease.
  await world.store.acquireLease('luca', 'dead', world.clock.now(), 1000);
  await world.store.putIntents([world.change('v1', visit(), { userId: 'luca' })]);
  const run = async () => {
    let status = 0;
    const res = { status: (code: number) => Object.assign(res, { end: () => (status = code) }) };
    const maintain = createMaintain({
      ...world.engine,
      config: { PUSH_AUTH: 'off', PUSH_AUDIENCE: '', PUSH_SERVICE_ACCOUNT: '' },
    });
    await maintain({ method: 'POST', body: { message: { data: '' } } } as never, res as never);
    assert.equal(status, 204);
    return world.syncRequests.splice(0);
  };
  assert.deepEqual(await run(), ['nora'], 'luca’s lease is still live');
  assert.equal(await world.store.takeOAuthState('o', 0), undefined);
  world.advance(2000);
  assert.deepEqual(await run(), ['luca', 'nora']);
  world.advance(25 * 3_600_000);
  assert.deepEqual(await run(), ['anna', 'luca', 'nora']);
});

test('maintain: the grant of a user who is paused for long is used, and a refused one is told', async () => {
  const live = createLiveWorld();
  for (const userId of ['anna', 'luca']) {
    await live.connect(userId);
    await live.poll(userId);
    await live.store.updateUser(userId, (u) => u && { ...u, state: 'paused' });
  }
  live.workspace.revokeGrants('luca@firm.example');
  const day = async (days: number) => {
    live.advance(days * 86_400_000);
    await live.maintain();
    return live.work();
  };
  assert.equal(await day(29), 0);
  live.messages.length = 0;
  assert.equal(await day(2), 2);
  const states = ['anna', 'luca'].map(async (id) => (await live.store.getUser(id))?.state);
  assert.deepEqual(await Promise.all(states), ['paused', 'reauthorize']);
  assert.deepEqual(
    live.messages.map((m) => [m.userId, m.data?.state]),
    [['luca', 'reauthorize']],
  );
  assert.equal(await day(1), 0);
  assert.equal(await day(31), 1);
});
