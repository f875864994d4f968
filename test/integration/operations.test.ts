/** What a change and a poll cost is what infra/cost.ts computes with. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { measured } from '../../infra/cost.ts';
import { measure, type Operations } from '../bench/operations.ts';
import { requireEmulators } from '../support/emulators.ts';

test('the cost table is computed from measured operations', {
  skip: requireEmulators(),
}, async () => {
  const now = await measure();
  const matches = (name: string, actual: Operations, expected: Partial<Operations>) => {
    for (const [operation, count] of Object.entries(expected))
      assert.equal(actual[operation as keyof Operations], count, `${name}: ${operation}`);
  };
  matches('insert', now.crmInsert, measured.crmChange);
  matches('update', now.crmUpdate, measured.crmChange);
  matches('delete', now.crmDelete, measured.crmChange);
  matches('edit at Google', now.googleEdit, measured.googleChange);
  matches('poll', now.calendarPoll, measured.calendarPoll);
  matches('watched poll', now.watchedPoll, measured.watchedPoll);
  matches('poll of tasks', now.otherPoll, measured.otherPoll);
  matches('notification', now.notification, measured.notification);
  matches('tick', now.tick, measured.tick);
  matches('token', now.newToken, measured.token);
});
