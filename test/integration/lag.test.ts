/** How long a change was on its way: from publishing the message to the commit of what it says. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Request, Response } from '@google-cloud/functions-framework';
import { createCrmChange } from '../../functions/triggers/crm-change.ts';
import type { PushHandler } from '../../functions/triggers/push.ts';
import { createSyncUser } from '../../functions/triggers/sync-user.ts';
import { createWorld, visit, type World } from '../support/world.ts';

const config = { PUSH_AUTH: 'off', PUSH_AUDIENCE: '', PUSH_SERVICE_ACCOUNT: '' } as const;

/** Pushes a message as Pub/Sub would; resolves to the status. */
async function push(handler: PushHandler, body: object, publishTime?: string): Promise<number> {
  const data = Buffer.from(JSON.stringify(body)).toString('base64');
  const message = { data, messageId: '1', ...(publishTime !== undefined && { publishTime }) };
  let status = 0;
  const res = {
    status(code: number) {
      status = code;
      return res;
    },
    end: () => res,
  };
  await handler(
    { method: 'POST', body: { message } } as unknown as Request,
    res as unknown as Response,
  );
  return status;
}

const runs = (world: World) =>
  world.logged.filter((l) => l.event === 'sync.run').map((l) => l.fields as { lagMs?: number });

const before = (world: World, ms: number) => new Date(world.clock.now() - ms).toISOString();

test('sync.run says how long the change of the CRM was on its way', async () => {
  const world = createWorld();
  await world.connect('anna');
  const handler = createCrmChange({ config, engine: world.engine, log: world.engine.log });
  const at = before(world, 1500);
  assert.equal(await push(handler, world.change('A-1', visit(1)), at), 204);
  assert.deepEqual(
    runs(world).map((r) => [(r as { trigger?: string }).trigger, r.lagMs]),
    [['crm', 1500]],
  );
});

test('what waited for a delivery or two counts from the first', async () => {
  const world = createWorld();
  await world.connect('anna');
  const handler = createCrmChange({ config, engine: world.engine, log: world.engine.log });
  const change = world.change('A-1', visit(1));
  const at = before(world, 0);
  world.workspace.faults.add({
    kind: 'status',
    status: 401,
    reason: 'authError',
    method: 'events.insert',
    count: 2,
  });
  assert.equal(await push(handler, change, at), 503);
  world.advance(20_000);
  assert.equal(await push(handler, change, at), 204);
  assert.deepEqual(
    runs(world).map((r) => r.lagMs),
    [undefined, 20_000],
    'unfinished: no lag yet',
  );
});

test('a poll says it of its own message, and an envelope without a time is no reason to fail', async () => {
  const world = createWorld();
  await world.connect('anna');
  const handler = createSyncUser({ config, engine: world.engine, log: world.engine.log });
  assert.equal(await push(handler, { userId: 'anna' }, before(world, 300)), 204);
  assert.equal(await push(handler, { userId: 'anna' }, 'soon'), 204);
  assert.equal(await push(handler, { userId: 'anna' }), 204);
  assert.deepEqual(
    runs(world).map((r) => r.lagMs),
    [300, undefined, undefined],
  );
});
