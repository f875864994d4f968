/** The queue of the sandbox, in memory and on Google's emulator: what a push subscription promises. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type Bus, type PushBody, TOPICS } from '../sandbox/bus/bus.ts';
import { startEmulatedBus } from '../sandbox/bus/emulated.ts';
import { Flight } from '../sandbox/bus/flight.ts';
import { MemoryBus } from '../sandbox/bus/memory.ts';
import { closeServer, listen, readBody, serve } from '../sandbox/http.ts';
import { freshProject, requireEmulators, startPubsub } from '../support/emulators.ts';

/** Answers a push with a status. */
type Answer = (subscription: string, body: PushBody) => number | Promise<number>;
type Open = (t: TestContext, answer: Answer) => Promise<{ bus: Bus; flight: Flight }>;

const inMemory: Open = async (t, answer) => {
  const flight = new Flight();
  const bus = new MemoryBus({
    deliver: async (name, body) => answer(name, body),
    ...{ flight, project: 'p', now: Date.now, backoff: () => 5, maxAttempts: 5 },
  });
  t.after(() => bus.close());
  return { bus, flight };
};

const onEmulator: Open = async (t, answer) => {
  const flight = new Flight();
  const server = serve(async (req, res) => {
    const name = (req.url ?? '').slice(1);
    const body = JSON.parse(await readBody(req)) as PushBody;
    const status = await answer(name, body);
    res.writeHead(status).end();
    if (status < 300) flight.acknowledged(name, body.message.messageId);
  });
  const port = await listen(server, 0);
  const { host: emulator, stop } = await startPubsub();
  const endpoint = (name: string) => `http://127.0.0.1:${port}/${name}`;
  const project = freshProject();
  const bus = await startEmulatedBus({ emulator, project, flight, endpoint });
  t.after(async () => {
    await bus.close();
    await closeServer(server);
    await stop();
  });
  return { bus, flight };
};

function contract(open: Open): void {
  it('google-contracts 6.1: the wrapped push body, to every subscription of the topic', async (t) => {
    const got: [string, PushBody][] = [];
    const { bus, flight } = await open(t, (name, body) => {
      got.push([name, body]);
      return 204;
    });
    const messageId = await bus.publish('crm-changes', '{"größe":1}');
    await flight.idle();
    assert.deepEqual(
      got.map(([name]) => name),
      TOPICS['crm-changes'],
    );
    const [, body] = got[0] ?? [];
    assert.match(body?.subscription ?? '', /^projects\/[^/]+\/subscriptions\/crm-change$/);
    assert.equal(Buffer.from(body?.message.data ?? '', 'base64').toString(), '{"größe":1}');
    assert.equal(body?.message.messageId, messageId);
    assert.ok(!Number.isNaN(Date.parse(body?.message.publishTime ?? '')));
  });

  it('google-contracts 6.1: 200, 201, 202 and 204 acknowledge; anything else is delivered again, as the same message', async (t) => {
    for (const status of [200, 201, 202, 204]) {
      const ids: string[] = [];
      const { bus, flight } = await open(t, (_, body) => {
        ids.push(body.message.messageId);
        return ids.length < 3 ? 503 : status;
      });
      await bus.publish('sync-user', 'x');
      await flight.idle();
      assert.equal(ids.length, 3, String(status));
      assert.equal(new Set(ids).size, 1);
    }
  });
}

describe('Pub/Sub in memory', () => {
  contract(inMemory);

  // Not the emulator, which hands out all messages of a key at once (google-contracts 7.2).
  it('google-contracts 6.1: messages of one ordering key come one after the other, in order', async (t) => {
    const got: string[] = [];
    const { bus, flight } = await inMemory(t, async (_, { message }) => {
      const text = Buffer.from(message.data, 'base64').toString();
      // The first of each takes longest: whoever does not wait for it comes too early.
      await new Promise((done) => setTimeout(done, text.endsWith('1') ? 30 : 1));
      got.push(`${message.orderingKey}: ${text}`);
      return 204;
    });
    for (const n of [1, 2, 3]) await bus.publish('changes-from-google', `n${n}`, 'anna');
    await flight.idle();
    assert.deepEqual(got, ['anna: n1', 'anna: n2', 'anna: n3']);
  });

  it('google-contracts 6.1: after the last attempt a message is a dead letter, and the queue goes on', async (t) => {
    const got: string[] = [];
    const { bus, flight } = await inMemory(t, (name, { message, deliveryAttempt }) => {
      const text = Buffer.from(message.data, 'base64').toString();
      got.push(`${name} ${text} ${deliveryAttempt}`);
      return name === 'dead-letters' || text === 'fine' ? 204 : 500;
    });
    await bus.publish('sync-user', 'poison');
    await bus.publish('sync-user', 'fine');
    await flight.idle();
    assert.equal(got.filter((line) => line.startsWith('sync-user poison')).length, 5);
    assert.ok(got.includes('sync-user fine 1'));
    assert.ok(got.includes('dead-letters poison 1'));
  });
});

describe('Pub/Sub emulator', { skip: requireEmulators() }, () => contract(onEmulator));
