/** The whole stack: Google's notifications over HTTP, through googlePush, to the CRM. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { findEmulators } from '../support/emulators.ts';
import { appointment, driveStack } from '../support/stack.ts';
import { visit } from '../support/world.ts';

for (const memory of findEmulators() ? [true, false] : [true]) {
  test(`an edit at Google reaches the CRM without a poll (${memory ? 'in memory' : 'emulators'})`, async () => {
    let close = async () => {};
    const stack = await driveStack(
      (end) => {
        close = end;
      },
      { memory, notifications: true },
    );
    try {
      const record = (id: string) => stack.crm.records('luca').find((r) => r.googleId === id);
      const own = { summary: 'Fair', start: { date: '2026-12-01' }, end: { date: '2026-12-02' } };
      const made = await stack.phone('luca', 'POST', '', own);
      await stack.idle();
      assert.equal(record(made.id)?.data.subject, 'Fair');

      // Right after a write of our own, whose echo must not hide it.
      await stack.publish(appointment('v1', visit(1), { userId: 'luca' }));
      await stack.phone('luca', 'PATCH', `/${made.id}`, { summary: 'Trade fair' });
      await stack.idle();
      assert.equal(record(made.id)?.data.subject, 'Trade fair');

      for (let i = 0; i < 100; i++)
        await stack.phone('luca', 'PATCH', `/${made.id}`, { summary: `Fair ${i}` });
      await stack.idle();
      assert.equal(record(made.id)?.data.subject, 'Fair 99');

      await stack.phone('luca', 'DELETE', `/${made.id}`);
      await stack.idle();
      assert.equal(record(made.id), undefined);
    } finally {
      await close();
    }
  });
}
