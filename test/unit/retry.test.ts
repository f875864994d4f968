import assert from 'node:assert/strict';
import test from 'node:test';
import {
  INSTANCE_RETRIES,
  MAX_ATTEMPTS,
  REFILL_MS,
  refilled,
  retryDelay,
} from '../../functions/core/retry.ts';
import { SyncError } from '../../functions/errors.ts';

const busy = new SyncError('retry', 'backendError');

test('P29 waits grow, full jitter lies below them, and attempts and budget end', () => {
  assert.equal(retryDelay(busy, 1, 5, 0), 0);
  assert.ok((retryDelay(busy, 3, 5, 0.99) ?? 0) > (retryDelay(busy, 1, 5, 0.99) ?? 0));
  assert.equal(retryDelay(busy, MAX_ATTEMPTS, 5, 0.5), undefined);
  assert.equal(retryDelay(busy, 1, 0, 0.5), undefined);
  assert.equal(retryDelay(new SyncError('park', 'forbidden'), 1, 5, 0.5), undefined);
});

test('P29 Retry-After is a floor, and what is longer than a run may wait is left for later', () => {
  const after = (retryAfterMs: number) => new SyncError('retry', 'rateLimit', { retryAfterMs });
  assert.ok((retryDelay(after(5000), 1, 5, 0) ?? 0) >= 5000);
  assert.equal(retryDelay(after(60_000), 1, 5, 0), undefined);
});

test('P29 the budget of an instance fills up slowly, never over its brim, and not by a clock set back', () => {
  assert.deepEqual(refilled({ left: 0, at: 0 }, 3 * REFILL_MS), { left: 3, at: 3 * REFILL_MS });
  assert.equal(refilled({ left: 0, at: 0 }, 1e9).left, INSTANCE_RETRIES);
  assert.deepEqual(refilled({ left: 5, at: 1e9 }, 0), { left: 5, at: 0 });
});
