import assert from 'node:assert/strict';
import test from 'node:test';
import { createMaintain } from '../../functions/triggers/maintain.ts';
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
