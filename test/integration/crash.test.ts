/** The functions as processes of their own, killed in the middle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireEmulators } from '../support/emulators.ts';
import { appointment, driveStack } from '../support/stack.ts';
import { visit } from '../support/world.ts';

test('P3 P16 kill -9 between insert and commit leaves one event and no pending work', {
  skip: requireEmulators(),
}, async (t) => {
  const stack = await driveStack((end) => t.after(end), {
    processes: true,
    env: { LEASE_SECONDS: '10' },
  });
  const host = stack.hosts.get('crmChange');
  let killed: Promise<void> | undefined;
  stack.workspace.after = (call) => {
    if (call.method === 'calendar.events.insert' && !killed) killed = host?.kill('SIGKILL');
  };
  await stack.crm.publishRaw(appointment('k1', visit(1)));
  for (let i = 0; i < 100 && !killed; i++) await new Promise((done) => setTimeout(done, 50));
  assert.ok(killed, 'the function was killed after the insert');
  await killed;
  await host?.start();
  // No poll: the redelivered message finds the dead worker's lease and comes back until it is over.
  await stack.idle(60_000);
  assert.equal((await stack.events('anna')).length, 1);
  assert.deepEqual(await stack.store.pendingIntents('anna', 10), []);
});
