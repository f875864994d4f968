import assert from 'node:assert/strict';
import test from 'node:test';
import { MAX_ATTEMPTS, retryDelay } from '../../functions/core/retry.ts';
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
