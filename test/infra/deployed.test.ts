/**
 * The bundles as they are deployed, each a process of its own, against the emulators and simulators: what
 * was left out of them is really not needed.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test from 'node:test';
import { startStack } from '../sandbox/stack.ts';
import { bundled } from '../support/bundled.ts';
import { requireEmulators } from '../support/emulators.ts';

test('from the CRM to Google and back, on bundles', {
  skip: requireEmulators(),
}, async () => {
  const source = await bundled();
  const output: string[] = [];
  const log = (line: string) => output.push(line);
  const stack = await startStack({
    port: 0,
    processes: true,
    source,
    scheduler: false,
    seed: true,
    log,
  });
  try {
    const [user] = stack.crm.users();
    assert.ok(user);
    await stack.connect(user.userId);
    await stack.idle();
    const events = () => [...stack.workspace.calendars.primary(user.email).events.values()];
    const born = events().filter((event) => JSON.stringify(event).includes('crm'));
    assert.ok(born.length > 0, 'appointments of the CRM are in the calendar');
    const stored = await stack.store.getUser(user.userId);
    assert.equal(stored?.state, 'active');
    assert.ok(stored?.lastSyncAt, 'a run ended well');

    const event = born.find((e) =>
      stack.crm.records(user.userId).some((r) => JSON.stringify(e).includes(`"${r.crmId}"`)),
    );
    const moved = stack.crm
      .records(user.userId)
      .find((r) => JSON.stringify(event).includes(`"${r.crmId}"`));
    assert.ok(moved && event);
    await fetch(`${stack.url}/google/calendar/v3/calendars/primary/events/${event.id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer user:${user.email}`, 'content-type': 'application/json' },
      body: JSON.stringify({ summary: 'Changed on the phone' }),
    });
    await stack.poll();
    assert.equal(stack.crm.record(moved.crmId)?.data.subject, 'Changed on the phone');
    const polled = await stack.store.getUser(user.userId);
    assert.ok(
      (polled?.lastSyncAt ?? 0) > (stored?.lastSyncAt ?? 0),
      'polled through all functions',
    );
    // Events are written in Cloud Logging's form, by the bundle's own logger.
    assert.ok(
      output.some((line) => line.startsWith('syncUser: {"severity":"INFO"')),
      output.join('\n'),
    );
    assert.ok(!output.some((line) => /function\.failed|Error/.test(line)), output.join('\n'));
  } finally {
    await stack.close();
    rmSync(source, { recursive: true, force: true });
  }
});
