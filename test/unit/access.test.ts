/** Access tokens: fetched once, shared, forgotten when they may not be used any more. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { SyncError } from '../../functions/errors.ts';
import { createAccess } from '../../functions/google/access.ts';

function setUp() {
  let now = 0;
  const refreshed: string[] = [];
  const revoked: string[] = [];
  const sealed = new Map([['anna', 'refresh-a']]);
  let failure: SyncError | undefined;
  const access = createAccess({
    clock: { now: () => now },
    vault: {
      open: async (userId) => sealed.get(userId),
      destroy: async (userId) => void sealed.delete(userId),
    },
    oauth: async () => ({
      refresh: async (token) => {
        refreshed.push(token);
        if (failure) throw failure;
        return {
          accessToken: `${token}-${refreshed.length}`,
          expiresAt: now + 3_600_000,
          scopes: [],
        };
      },
      revoke: async (token) => void revoked.push(token),
    }),
  });
  return {
    access,
    refreshed,
    revoked,
    sealed,
    fail: (error: SyncError | undefined) => {
      failure = error;
    },
    advance: (ms: number) => {
      now += ms;
    },
  };
}

test('P34 many that need a token at once share one refresh, and its answer until it is nearly over', async () => {
  const { access, refreshed, advance } = setUp();
  const all = await Promise.all(
    Array.from({ length: 20 }, () => access.session('anna').accessToken()),
  );
  assert.deepEqual(new Set(all), new Set(['refresh-a-1']));
  advance(3_600_000 - 61_000);
  assert.equal(await access.session('anna').accessToken(), 'refresh-a-1');
  advance(2_000);
  assert.equal(await access.session('anna').accessToken(), 'refresh-a-2');
  assert.equal(refreshed.length, 2);
  advance(3_600_000);
  const again = Array.from({ length: 20 }, () => access.session('anna').accessToken());
  assert.deepEqual(new Set(await Promise.all(again)), new Set(['refresh-a-3']));
});

test('P34 a refresh that failed is tried again by the next one, and loops for nobody', async () => {
  const { access, refreshed, fail } = setUp();
  fail(new SyncError('later', 'backendError'));
  const tries = [1, 2].map(() => access.session('anna').accessToken());
  for (const one of tries) await assert.rejects(one, /backendError/);
  assert.equal(refreshed.length, 1);
  fail(undefined);
  assert.equal(await access.session('anna').accessToken(), 'refresh-a-2');
});

test('P34 a refresh token that ends with its use: the user is asked once that is noticed, and nothing loops', async () => {
  const { access, refreshed, fail, advance } = setUp();
  assert.equal(await access.session('anna').accessToken(), 'refresh-a-1');
  // A provider that rotates has handed out another one, which a run that died never stored.
  fail(new SyncError('reauthorize', 'invalid_grant'));
  assert.equal(await access.session('anna').accessToken(), 'refresh-a-1', 'still good for an hour');
  advance(3_600_000);
  const both = [1, 2].map(() => access.session('anna').accessToken());
  for (const one of both) await assert.rejects(one, /reauthorize: invalid_grant/);
  assert.equal(refreshed.length, 2, 'one try for both');
});

test('C07 P32 a token that was fetched for another account, or another user, is never used', async () => {
  const { access, sealed } = setUp();
  sealed.set('luca', 'refresh-l');
  assert.equal(await access.session('anna', 'first').accessToken(), 'refresh-a-1');
  sealed.set('anna', 'refresh-b');
  assert.equal(await access.session('luca', 'first').accessToken(), 'refresh-l-2');
  assert.equal(
    await access.session('anna', 'first').accessToken(),
    'refresh-a-1',
    'still the first',
  );
  assert.equal(await access.session('anna', 'second').accessToken(), 'refresh-b-3');
  assert.equal(await access.session('anna', 'second').accessToken(), 'refresh-b-3');
});

test('P36 the end: revoked first, then deleted; harmless when repeated', async () => {
  const { access, revoked, sealed } = setUp();
  await access.session('anna').accessToken();
  await access.end('anna');
  await access.end('anna');
  assert.deepEqual([revoked, [...sealed]], [['refresh-a'], []]);
  await assert.rejects(access.session('anna').accessToken(), /noToken/);
});

test('P36 the end: not after the lease, when the token may be that of a new consent', async () => {
  const { access, revoked, sealed, advance } = setUp();
  advance(1_000);
  await assert.rejects(access.end('anna', 1_000), /leaseLost/);
  assert.deepEqual([revoked, [...sealed.keys()]], [[], ['anna']]);
  await access.end('anna', 1_001);
  assert.deepEqual([revoked, [...sealed.keys()]], [['refresh-a'], []]);
});
