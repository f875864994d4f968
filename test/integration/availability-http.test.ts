/** The availability function over HTTP, on Google's emulators and our simulators. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { loadConfig } from '../../functions/config.ts';
import {
  type AvailabilityAnswer,
  availabilityAnswerSchema,
} from '../../functions/core/availability.ts';
import { availabilityHandler } from '../../functions/handlers.ts';
import { requireEmulators } from '../support/emulators.ts';
import { appointment, type Driven, driveStack } from '../support/stack.ts';

const HOUR_MS = 3_600_000;
/** A full hour next week, whenever the test runs. */
const start = (Math.floor(Date.now() / HOUR_MS) + 7 * 24) * HOUR_MS;
const at = (hours: number) => new Date(start + hours * HOUR_MS).toISOString();

describe('availability on the emulators', { skip: requireEmulators() }, () => {
  let stack: Driven;
  let close: () => Promise<void>;
  before(async () => {
    stack = await driveStack((end) => {
      close = end;
    });
  });
  after(() => close());

  const good = { users: ['anna', 'luca'], from: at(0), to: at(10), timeZone: 'UTC' };

  async function ask(body: unknown, init: RequestInit = {}) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(`${stack.url}/availability`, {
      method: 'POST',
      body: text,
      ...init,
    });
    const said = await answer.text();
    return { status: answer.status, headers: answer.headers, body: said && JSON.parse(said) };
  }

  /** Periods in hours since the start. */
  const hours = (periods: { from: string; to: string }[] | null | undefined) =>
    periods?.map(({ from, to }) =>
      [from, to].map((text) => (Date.parse(text) - start) / HOUR_MS).join('-'),
    );

  test('busy is what either side has put into the calendars; common slots are what is left', async () => {
    const moment = (h: number) => ({ dateTime: at(h), timeZone: 'Europe/Zurich' });
    const data = { subject: 'Visit at Muster AG', start: moment(1), end: moment(2) };
    await stack.publish(appointment('v1', data));
    await stack.phone('luca', 'POST', '', {
      summary: 'Dentist',
      start: { dateTime: at(4) },
      end: { dateTime: at(5) },
    });
    const { status, headers, body } = await ask({ ...good, slotMinutes: 60 });
    assert.equal(status, 200);
    const answer: AvailabilityAnswer = availabilityAnswerSchema.parse(body);
    assert.deepEqual(
      answer.users.map((user) => [user.userId, user.state, 'busy' in user && hours(user.busy)]),
      [
        ['anna', 'active', ['1-2']],
        ['luca', 'active', ['4-5']],
      ],
    );
    assert.deepEqual(hours(answer.slots), ['0-1', '2-4', '5-10']);
    assert.doesNotMatch(JSON.stringify(body), /Muster|Dentist/);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('access-control-allow-origin'), null);
  });

  test('what waits because somebody holds the user is busy already', async () => {
    const lease = await stack.store.acquireLease('anna', 'another', Date.now(), 60_000);
    assert.ok(lease);
    const moment = (h: number) => ({ dateTime: at(h), timeZone: 'Europe/Zurich' });
    await stack.publish(appointment('v2', { subject: 'Waits', start: moment(7), end: moment(8) }));
    const { body } = await ask({ ...good, users: ['anna'] });
    assert.deepEqual(hours(body.users[0].busy), ['1-2', '7-8']);
    await stack.store.dropLease(lease);
    await stack.poll();
  });

  test('a user who is not known to be free: the state, the reason, and no slots', async () => {
    const { status, body } = await ask({ ...good, users: ['luca', 'nobody'] });
    assert.equal(status, 200);
    assert.deepEqual([body.users[1].state, body.users[1].error.reason], ['unknown', 'unknownUser']);
    assert.equal(body.users[1].busy, undefined);
    assert.equal(body.slots, null);
  });

  test('a request that is wrong: 400 with the field, never a value', async () => {
    const far = new Date(Date.now() + 400 * 24 * HOUR_MS).toISOString();
    for (const [body, where] of [
      ['not json', /^body: /],
      [{ ...good, to: at(-1) }, /^to: is not after from$/],
      [{ ...good, to: at(91 * 24) }, /^to: is more than 90 days after from$/],
      [{ ...good, from: at(390 * 24), to: far }, /^to: is beyond what is synchronised, until \d/],
      [{ ...good, users: Array(51).fill('secret') }, /^users: /],
      [{ ...good, timeZone: 'secret' }, /^timeZone: /],
    ] as const) {
      const answer = await ask(body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.match(answer.body.error, where);
      assert.doesNotMatch(answer.body.error, /secret/);
    }
  });

  test('POST only, and nothing for browsers of other sites', async () => {
    for (const method of ['GET', 'PUT', 'OPTIONS', 'DELETE']) {
      const answer = await fetch(`${stack.url}/availability`, {
        method,
        headers: { origin: 'https://elsewhere.example' },
      });
      assert.equal(answer.status, 405, method);
      assert.equal(answer.headers.get('access-control-allow-origin'), null);
    }
  });

  test('P35 a call without a valid token is refused before anything is read', async () => {
    const config = loadConfig({
      ...stack.env,
      PUSH_AUTH: 'oidc',
      PUSH_AUDIENCE: 'https://availability.example',
      PUSH_SERVICE_ACCOUNT: 'p@x',
    });
    const none = new Proxy({}, { get: () => assert.fail('the store was read') });
    const handler = availabilityHandler(config, { store: none as never });
    for (const authorization of ['', 'Bearer x', 'Bearer eyJhbGciOiJub25lIn0.e30.']) {
      let status = 0;
      const res = {
        status: (code: number) => {
          status = code;
          return res;
        },
        set: () => res,
        end: () => res,
        json: () => res,
      };
      const rawBody = JSON.stringify(good);
      await handler(
        { method: 'POST', header: () => authorization, rawBody } as never,
        res as never,
      );
      assert.equal(status, 401, authorization);
    }
  });
});
