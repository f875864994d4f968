/** What a channel's token is kept as, and when its successor is made. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { hashOf, isTokenOf, renewAt } from '../../functions/core/channel.ts';

const DAY = 86_400_000;

test('security: a token is known by its hash, and compared in constant time', () => {
  const channel = { secret: hashOf('the token') };
  assert.ok(isTokenOf(channel, 'the token'));
  for (const wrong of ['', 'the tokem', 'the token ', channel.secret, 'x'.repeat(10_000)])
    assert.equal(isTokenOf(channel, wrong), false, wrong.slice(0, 20));
  assert.doesNotMatch(channel.secret, /token/);
  // No test could measure it: that the comparison is Node's own is held by its text.
  assert.match(isTokenOf.toString(), /return timingSafeEqual\(/);
});

test('a successor is made a day before the end, so that a daily function comes in time; of short channels later', () => {
  assert.ok(renewAt(0, 7 * DAY) <= 6 * DAY);
  assert.ok(renewAt(0, 7 * DAY) > 5 * DAY);
  assert.equal(renewAt(0, DAY), 0.75 * DAY);
});
