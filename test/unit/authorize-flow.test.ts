/** The flow's decisions where no simulated Google is needed: races, order, and unconfirmed addresses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishFlow, type Outcome, startFlow } from '../../functions/authorize/flow.ts';
import { isPassing, permissionsOf, type View, viewOf } from '../../functions/authorize/status.ts';
import type { User } from '../../functions/core/records.ts';
import { SyncError } from '../../functions/errors.ts';
import type { Grant } from '../../functions/google/oauth.ts';
import {
  permittedRecords,
  recordGranted,
  requestedScopes,
  scopes,
} from '../../functions/google/scopes.ts';
import { silentLog } from '../../functions/log.ts';
import { createMemoryStore } from '../../functions/state/memory.ts';

const NOW = 1_800_000_000_000;
const EMAIL = 'anna@firma.example';

function grant(sub: string, changes: Partial<Grant['identity']> = {}): Grant {
  return {
    refreshToken: `token-${sub}`,
    scopes: [scopes.openid, scopes.eventsOwned],
    identity: { sub, email: EMAIL, emailVerified: true, ...changes },
  };
}

/** A flow whose Google grants what the code says. */
async function setUp(grants: { [code: string]: Grant }) {
  const store = createMemoryStore();
  await store.putUser({ userId: 'anna', email: EMAIL, timeZone: 'UTC', enabled: true, version: 1 });
  const revoked: string[] = [];
  const sealed: string[] = [];
  let secrets = 0;
  let state = '';
  let duringSeal: (() => Promise<void>) | undefined;
  const oauth = {
    authorizationUrl: (request: { state: string }) => {
      state = request.state;
      return 'https://accounts.google.com/';
    },
    exchange: async (code: string) => grants[code] ?? assert.fail(),
    revoke: async (token: string) => void revoked.push(token),
  };
  const deps = {
    store,
    sealer: {
      async seal(_: string, token: string) {
        sealed.push(token);
        const then = duringSeal;
        duringSeal = undefined;
        await then?.();
      },
    },
    oauth: async () => oauth,
    secret: () => String(secrets++).padStart(43, 's'),
    log: silentLog,
  };
  return {
    deps,
    oauth,
    store,
    revoked,
    sealed,
    whileSealing: (then: () => Promise<void>) => {
      duringSeal = then;
    },
    async run(code: string): Promise<Outcome> {
      const { cookie } = await startFlow(deps, NOW);
      return finishFlow(deps, NOW, { state, code, cookie, error: undefined });
    },
  };
}

test('of two accounts racing for one user the first pins, and only its token is sealed', async () => {
  const { run, whileSealing, store, sealed, revoked } = await setUp({
    a: grant('1'),
    b: grant('2'),
  });
  let second: Outcome | undefined;
  whileSealing(async () => {
    second = await run('b');
  });
  const first = await run('a');
  assert.ok('connected' in first);
  assert.deepEqual(second, { refused: 'otherAccount', account: EMAIL });
  assert.deepEqual(sealed, ['token-1']);
  assert.deepEqual(revoked, ['token-2']);
  assert.equal((await store.getUser('anna'))?.googleSub, '1');
});

test('a user switched off while connecting stays unconnected', async () => {
  const { run, whileSealing, store, revoked } = await setUp({ a: grant('1') });
  whileSealing(async () => {
    await store.updateUser('anna', (user) => user && { ...user, enabled: false });
  });
  const outcome = { refused: 'disabledUser', account: EMAIL, orphan: 'anna' };
  assert.deepEqual(await run('a'), outcome);
  assert.equal((await store.getUser('anna'))?.state, 'invited');
  assert.deepEqual(revoked, ['token-1']);
});

test('P36 a user erased while connecting is unknown: the grant is revoked, and a run clears the token away', async () => {
  for (const done of [true, false]) {
    const { run, whileSealing, store, revoked } = await setUp({ a: grant('1') });
    whileSealing(async () => {
      await store.updateUser('anna', (user) => user && { ...user, erase: true });
      if (done) await store.eraseUser('anna', NOW, NOW + 1);
    });
    const refused = done ? 'unknownUser' : 'disabledUser';
    assert.deepEqual(await run('a'), { refused, account: EMAIL, orphan: 'anna' });
    assert.deepEqual(revoked, ['token-1']);
    assert.equal((await store.getUser('anna'))?.googleEmail, undefined);
  }
});

test('an address that Google does not vouch for connects nobody', async () => {
  const { run, sealed, revoked, store } = await setUp({ a: grant('1', { emailVerified: false }) });
  assert.deepEqual(await run('a'), { refused: 'unverified', account: EMAIL });
  assert.deepEqual([sealed, revoked], [[], ['token-1']]);
  assert.equal((await store.getUser('anna'))?.googleSub, undefined);
});

test('a revocation that fails changes nothing about the refusal', async () => {
  const { oauth, run } = await setUp({ a: grant('1', { email: 'eve@other.example' }) });
  oauth.revoke = async () => {
    throw new SyncError('later', 'network');
  };
  assert.deepEqual(await run('a'), { refused: 'unknownUser', account: 'eve@other.example' });
});

test('a grant in use is not revoked by a refusal', async () => {
  const { run, store, revoked } = await setUp({ a: grant('1') });
  await run('a');
  await store.updateUser('anna', (user) => user && { ...user, enabled: false });
  assert.deepEqual(await run('a'), { refused: 'disabledUser', account: EMAIL });
  assert.deepEqual(revoked, []);
});

test('the scopes asked for are what the product syncs, no more', () => {
  assert.deepEqual(permittedRecords, ['appointment', 'contact', 'task']);
  assert.deepEqual(requestedScopes(['appointment']), [
    'openid',
    'email',
    'https://www.googleapis.com/auth/calendar.events.owned',
    'https://www.googleapis.com/auth/calendar.freebusy',
  ]);
  assert.deepEqual(requestedScopes(['contact', 'task']), [
    'openid',
    'email',
    'https://www.googleapis.com/auth/contacts',
    'https://www.googleapis.com/auth/tasks',
  ]);
  assert.ok(recordGranted('appointment', [scopes.eventsOwned]));
  assert.ok(!recordGranted('appointment', [scopes.freeBusy]));
  assert.ok(!recordGranted('task'));
});

test('the view says what is the case', () => {
  const user: User = {
    userId: 'anna',
    email: EMAIL,
    timeZone: 'UTC',
    enabled: true,
    version: 1,
    state: 'active',
  };
  const table: [Partial<User>, View][] = [
    [{}, 'firstSync'],
    [{ firstSyncAt: 1 }, 'active'],
    [{ firstSyncAt: 1, leaving: 'keep' }, 'disconnecting'],
    [{ state: 'reauthorize' }, 'reauthorize'],
    [{ state: 'reauthorize', leaving: 'remove' }, 'disconnecting'],
    [{ state: 'paused' }, 'paused'],
    [{ enabled: false }, 'disabled'],
    [{ state: 'disconnected' }, 'disconnected'],
    [{ state: 'disconnected', leaving: 'keep' }, 'disconnected'],
    [{ state: 'disconnected', enabled: false }, 'disconnected'],
    [{ state: 'invited' }, 'disconnected'],
  ];
  for (const [changes, view] of table) assert.equal(viewOf({ ...user, ...changes }), view);
  assert.deepEqual((['firstSync', 'active', 'disconnecting', 'paused'] as const).map(isPassing), [
    true,
    false,
    true,
    false,
  ]);
  const rows = permissionsOf({ ...user, scopes: [scopes.tasks] }, [
    'appointment',
    'contact',
    'task',
  ]);
  assert.deepEqual(
    rows.map((row) => `${row.permission}:${row.on}`),
    ['appointments:false', 'freeBusy:false', 'contacts:false', 'tasks:true'],
  );
});
