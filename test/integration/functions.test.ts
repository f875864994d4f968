/** The functions behind the functions framework, on Google's emulators and our simulators. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { requireEmulators } from '../support/emulators.ts';
import { appointment, type Driven, driveStack } from '../support/stack.ts';
import { visit } from '../support/world.ts';

describe('functions on the emulators', { skip: requireEmulators() }, () => {
  let stack: Driven;
  let close: () => Promise<void>;
  before(async () => {
    stack = await driveStack((end) => {
      close = end;
    });
  });
  after(() => close());

  test('create, update and delete travel from the CRM to Google', async () => {
    await stack.publish(appointment('v1', visit(1)));
    const [made] = await stack.events('anna');
    assert.equal(made?.summary, 'Visit at Muster AG');
    await stack.publish(appointment('v1', visit(1, 15, { subject: 'Moved' })));
    const [moved] = await stack.events('anna');
    assert.deepEqual(
      [moved?.id, moved?.summary, moved?.start.dateTime?.slice(11, 13)],
      [made?.id, 'Moved', '15'],
    );
    await stack.publish(appointment('v1', {}, { op: 'delete' }));
    assert.deepEqual(await stack.events('anna'), []);
    await stack.poll();
    assert.deepEqual(await stack.news(), [], 'the echoes of our own writes go nowhere');
  });

  test('create, update and delete travel from Google to the CRM', async () => {
    const day = (d: number) => ({
      start: { date: `2026-12-0${d}` },
      end: { date: `2026-12-0${d + 1}` },
    });
    const made = await stack.phone('luca', 'POST', '', { summary: 'Fair', ...day(1) });
    await stack.poll();
    const record = () => stack.crm.records('luca').find((r) => r.googleId === made.id);
    assert.equal(record()?.data.subject, 'Fair');
    await stack.phone('luca', 'PATCH', `/${made.id}`, { summary: 'Trade fair', ...day(2) });
    await stack.poll();
    assert.deepEqual(
      [record()?.data.subject, record()?.data.start],
      ['Trade fair', { date: '2026-12-02' }],
    );
    await stack.phone('luca', 'DELETE', `/${made.id}`);
    await stack.poll();
    assert.equal(record(), undefined);
    await stack.news();
  });

  test('duplicate and out-of-order messages end in one event with the newest values', async () => {
    const [a, b, c] = [
      appointment('v2', visit(2)),
      appointment('v2', visit(2, 10)),
      appointment('v2', { subject: 'Last' }),
    ];
    for (const message of [c, a, c, b, a]) await stack.publish(message);
    await Promise.all([a, b, c, a, b, c].map((message) => stack.publish(message)));
    const events = (await stack.events('anna')).filter((e) => e.summary === 'Last');
    assert.deepEqual(
      events.map((e) => e.start.dateTime?.slice(11, 13)),
      ['10'],
    );
  });

  test('bad messages of ten kinds: rejected, kept as dead letters, never sent again', async () => {
    const good = {
      changeId: 'x',
      userId: 'anna',
      version: 1,
      record: 'appointment',
      op: 'upsert',
      crmId: 'bad',
    };
    const bad: unknown[] = [
      'not json',
      '"text"',
      { changes: [] },
      { ...good, record: 'invoice' },
      { ...good, op: 'replace' },
      { ...good, version: 'one' },
      { ...good, crmId: '' },
      { ...good, data: { start: { dateTime: 'tomorrow' } } },
      { ...good, data: { unknownField: 1 } },
      { ...good, userId: 'nobody' },
      {
        changeId: 'y',
        userId: 'thief',
        version: 1,
        record: 'user',
        op: 'upsert',
        data: { email: 'anna@firm.example', timeZone: 'UTC' },
      },
    ];
    await stack.news();
    for (const message of bad) {
      await stack.publish(message);
      const news = await stack.news();
      assert.equal(news.length, 1, JSON.stringify(message));
      assert.equal(news[0]?.op, 'reject');
      assert.ok((news[0]?.rejected?.detail ?? '').length > 10);
    }
    assert.equal((await stack.store.listDeadLetters(50)).length, bad.length);
    await stack.publish(appointment('v3', visit(3)));
    assert.equal(
      (await stack.events('anna')).filter((e) => e.summary?.startsWith('Visit')).length,
      1,
    );
  });

  test('while another holds the lease the change is stored and acknowledged, and done after it', async () => {
    const lease = await stack.store.acquireLease('anna', 'another', Date.now(), 60_000);
    assert.ok(lease);
    await stack.publish(appointment('v4', visit(4, 9, { subject: 'Waits' })));
    const waiting = async () =>
      (await stack.events('anna')).filter((e) => e.summary === 'Waits').length;
    assert.equal(await waiting(), 0);
    const { released } = await stack.store.commit(lease, {}, true);
    assert.equal(released, false, 'the release sees the pending intent');
    await stack.store.dropLease(lease);
    await stack.poll();
    assert.equal(await waiting(), 1);
  });

  test('P23 a failure that may pass is sent again by Pub/Sub until it is done', async () => {
    stack.workspace.faults.add({
      kind: 'status',
      status: 401,
      reason: 'authError',
      method: 'events.insert',
      count: 4,
    });
    await stack.publish(appointment('v5', visit(5, 9, { subject: 'At last' })));
    assert.equal((await stack.events('anna')).filter((e) => e.summary === 'At last').length, 1);
  });

  test('two hundred messages at once for one user: each event once', async () => {
    const messages = Array.from({ length: 200 }, (_, i) =>
      appointment(`many${i}`, visit(1 + (i % 5), 8, { subject: 'Many' })),
    );
    await Promise.all(messages.map((m) => stack.crm.publishRaw(m)));
    await stack.idle(60_000);
    assert.equal((await stack.events('anna')).filter((e) => e.summary === 'Many').length, 200);
  });

  test('security 12: P35 a push without a valid token is refused on a function that checks', async () => {
    const { crmChangeHandler } = await import('../../functions/handlers.ts');
    const { loadConfig } = await import('../../functions/config.ts');
    const config = loadConfig({
      ...stack.env,
      PUSH_AUTH: 'oidc',
      PUSH_AUDIENCE: 'https://a',
      PUSH_SERVICE_ACCOUNT: 'p@x',
    });
    const handler = crmChangeHandler(config, { store: stack.store });
    for (const authorization of ['', 'Bearer x', 'Bearer eyJhbGciOiJub25lIn0.e30.']) {
      let status = 0;
      const res = {
        status: (code: number) => {
          status = code;
          return res;
        },
        set: () => res,
        end: () => res,
      };
      const req = { method: 'POST', header: () => authorization, body: {} };
      await handler(req as never, res as never);
      assert.equal(status, 401, authorization);
    }
  });
});
