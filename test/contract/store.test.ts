/** Every guarantee that the Store port gives, on every store that there is. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type { Claim } from '../../functions/core/claim.ts';
import type { JournalPage } from '../../functions/core/journal.ts';
import { linkId } from '../../functions/core/link.ts';
import type { CrmChange } from '../../functions/core/messages.ts';
import { ECHO_PAUSE_MS, rung } from '../../functions/core/polls.ts';
import type {
  Channel,
  DeadLetter,
  Intent,
  Lease,
  Link,
  OAuthState,
  Session,
  User,
} from '../../functions/core/records.ts';
import { isSyncError } from '../../functions/errors.ts';
import { firestoreClient } from '../../functions/state/client.ts';
import { createFirestoreStore } from '../../functions/state/firestore.ts';
import { createMemoryStore } from '../../functions/state/memory.ts';
import type { Commit, Store } from '../../functions/sync/ports.ts';
import {
  type Emulator,
  freshProject,
  requireEmulators,
  startFirestore,
} from '../support/emulators.ts';
import { SEED } from '../support/seed.ts';

const TTL = 60_000;
const T0 = Date.parse('2026-11-24T09:00:00Z');
const ODD_IDS = ['.', '..', '/', 'a/b', 'ä', '__x__', '%2E', '~', ' ', '€'.repeat(200)];

describe('store in memory', () => suite(createMemoryStore, { runs: 200 }));

describe('store in Firestore', { skip: requireEmulators() }, () => {
  let emulator: Emulator | undefined;
  const clients: ReturnType<typeof firestoreClient>[] = [];
  before(async () => {
    emulator = await startFirestore();
    process.env.FIRESTORE_EMULATOR_HOST = emulator.host;
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.terminate()));
    await emulator?.stop();
  });
  const fresh = () => {
    const client = firestoreClient(freshProject());
    clients.push(client);
    return createFirestoreStore(client);
  };
  suite(fresh, { runs: 15 });
});

function suite(fresh: () => Store, { runs }: { runs: number }): void {
  describe('users', () => users(fresh));
  describe('intents', () => intents(fresh, runs));
  describe('links', () => links(fresh));
  describe('claims', () => claims(fresh));
  describe('lease and commit', () => leases(fresh));
  describe('journal', () => journal(fresh));
  describe('outbox', () => outbox(fresh));
  describe('erasing', () => erasing(fresh));
  describe('parallel callers', () => parallel(fresh));
  describe('authorize pages, dead letters, sweep', () => others(fresh));
}

function users(fresh: () => Store): void {
  it('are entered by version, keep what the sync added, and come back as copies', async () => {
    const store = fresh();
    assert.equal(await store.getUser('u1'), undefined);
    assert.equal(await store.putUser(entry('u1', { version: 5, name: 'Ann' })), 'stored');
    await store.updateUser('u1', (u) => u && { ...u, state: 'active', nextPollAt: T0 });
    assert.equal(await store.putUser(entry('u1', { version: 5, name: 'Old' })), 'stale');
    assert.equal(await store.putUser(entry('u1', { version: 4, name: 'Old' })), 'stale');
    assert.equal(await store.putUser(entry('u1', { version: 6, timeZone: 'UTC' })), 'stored');
    const user = await store.getUser('u1');
    assert.deepEqual(user, {
      ...entry('u1', { version: 6, timeZone: 'UTC', name: 'Ann' }),
      state: 'active',
      nextPollAt: T0,
    });
    (user as User).timeZone = 'changed';
    assert.equal((await store.getUser('u1'))?.timeZone, 'UTC');
  });

  it('have an address of their own, which is free again once it has changed', async () => {
    const store = fresh();
    await store.putUser(entry('u1', { email: 'One@Example.com' }));
    assert.equal(await store.putUser(entry('u2', { email: 'one@example.com' })), 'emailTaken');
    assert.equal(await store.getUser('u2'), undefined);
    await store.putUser(entry('u1', { email: 'new@example.com', version: 2 }));
    assert.equal(await store.putUser(entry('u2', { email: 'one@example.com' })), 'stored');
    assert.equal(
      await store.putUser(entry('u1', { email: 'one@example.com', version: 3 })),
      'emailTaken',
    );
    assert.equal((await store.getUser('u1'))?.email, 'new@example.com');
  });

  it('created at once with one address: exactly one is stored', async () => {
    const store = fresh();
    const ids = Array.from({ length: 8 }, (_, i) => `u${i}`);
    const email = 'same@example.com';
    const outcomes = await Promise.all(ids.map((id) => store.putUser(entry(id, { email }))));
    assert.equal(outcomes.filter((o) => o === 'stored').length, 1);
    assert.equal(outcomes.filter((o) => o === 'emailTaken').length, 7);
    assert.equal((await store.listUsers(10)).length, 1);
  });

  it('are found by either address in any case', async () => {
    const store = fresh();
    await Promise.all(Array.from({ length: 40 }, (_, i) => store.putUser(entry(`u${i}`))));
    await store.updateUser('u1', (u) => u && { ...u, googleEmail: 'Private@Gmail.com' });
    const wanted = [...Array(40).keys()].map((i) => `U${i}@example.com`);
    const found = await store.usersByEmail([...wanted, 'private@GMAIL.com', 'no@example.com']);
    assert.equal(found.length, 40);
    const [one] = await store.usersByEmail(['private@gmail.com']);
    assert.equal(one?.userId, 'u1');
    assert.deepEqual(await store.usersByEmail([]), []);
  });

  it('are updated by a function, again and again if need be', async () => {
    const store = fresh();
    assert.equal(await store.updateUser('u1', () => undefined), undefined);
    await store.putUser(entry('u1'));
    const add = (u: User | undefined) => u && { ...u, lastSyncAt: (u.lastSyncAt ?? 0) + 1 };
    await Promise.all(Array.from({ length: 5 }, () => store.updateUser('u1', add)));
    assert.equal((await store.updateUser('u1', () => undefined))?.lastSyncAt, 5);
    const { lastSyncAt: _, ...without } = (await store.getUser('u1')) as User;
    await store.updateUser('u1', () => without);
    assert.deepEqual(await store.getUser('u1'), without);
  });

  it('are due when active, enabled, and their time has come; page by page', async () => {
    const store = fresh();
    const due = ['Z', 'a', 'b', 'ä', 'zz', '~', '_x'];
    for (const id of [...due, 'paused', 'off', 'later', 'never']) {
      await store.putUser(entry(id, { enabled: id !== 'off' }));
      const state = id === 'paused' ? 'paused' : 'active';
      const nextPollAt = id === 'later' ? T0 + 1 : T0;
      await store.updateUser(
        id,
        (u) => u && { ...u, state, ...(id !== 'never' && { nextPollAt }) },
      );
    }
    const pages: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await store.dueUsers(T0, 2, after);
      pages.push(...page.map((u) => u.userId));
      after = page.at(-1)?.userId;
      if (!after) break;
    }
    assert.deepEqual(pages, ['Z', '_x', 'a', 'b', 'zz', '~', 'ä']);
    const all = await store.listUsers(100);
    assert.equal(all.length, 11);
    assert.deepEqual(
      (await store.listUsers(3, 'a')).map((u) => u.userId),
      ['b', 'later', 'never'],
    );
  });

  it('may have any id', async () => {
    const store = fresh();
    for (const [i, id] of ODD_IDS.entries()) {
      assert.equal(await store.putUser(entry(id, { email: `odd${i}@example.com` })), 'stored', id);
      assert.equal((await store.getUser(id))?.userId, id);
      const lease = await take(store, id);
      await store.putIntents([change(id, 1, { userId: id })]);
      assert.equal((await store.pendingIntents(id, 10))[0]?.crmId, id);
      const mine = link(id, id);
      await store.commit(
        lease,
        { links: [mine], consumed: await store.pendingIntents(id, 1) },
        true,
      );
      assert.deepEqual(await store.linksByCrmId(id, 'appointment', ODD_IDS), [mine]);
    }
    assert.equal((await store.listUsers(100)).length, ODD_IDS.length);
  });
}

function intents(fresh: () => Store, runs: number): void {
  it('end up the same in any order, with any repetition, in any batches', async () => {
    const store = fresh();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(history, async ({ messages, order }) => {
        run += 1;
        const [once, shuffled] = [`a${run}`, `b${run}`];
        for (const m of messages) await store.putIntents([{ ...m, crmId: once }]);
        for (const batch of order) {
          const changes = batch.map((i) => ({ ...messages[i % messages.length], crmId: shuffled }));
          await store.putIntents(changes as CrmChange[]);
        }
        const [a] = await store.getIntents('appointment', [once]);
        const [b] = await store.getIntents('appointment', [shuffled]);
        assert.deepEqual(essence(b), essence(a));
        assert.ok(b?.pendingFor.includes(b.userId));
      }),
      { numRuns: runs, seed: SEED },
    );
  });

  it('answer what became of each change, in the order of the changes', async () => {
    const store = fresh();
    const changes = [
      change('a', 2),
      change('b', 1),
      change('a', 2),
      change('a', 3),
      change('c', 1),
    ];
    const outcomes = ['stored', 'stored', 'stale', 'stored', 'stored'];
    assert.deepEqual(await store.putIntents(changes), outcomes);
    assert.deepEqual(await store.putIntents(changes), Array(5).fill('stale'));
    assert.deepEqual(await store.putIntents([]), []);
    const found = await store.getIntents('appointment', ['a', 'b', 'nothing', 'a']);
    assert.deepEqual(found.map((i) => [i.crmId, i.version]).sort(), [
      ['a', 3],
      ['b', 1],
    ]);
  });

  it('keep every JSON value as it came', async () => {
    const store = fresh();
    const data = {
      a: [[1], []],
      '': null,
      __x__: { 'a.b': [] },
      cut: '\ud83d',
      n: 0.1,
      t: '\u0000',
    };
    await store.putIntents([change('a', 1, { data: data as never })]);
    assert.deepEqual((await store.getIntents('appointment', ['a']))[0]?.data, data);
  });

  it('are consumed only in the revision that was read', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    await store.putIntents([change('a', 1), change('b', 1)]);
    const read = await store.pendingIntents('u', 10);
    assert.equal(read.length, 2);
    await store.putIntents([change('a', 2)]);
    assert.deepEqual(await store.commit(lease, { consumed: read }, false), { released: false });
    const left = await store.pendingIntents('u', 10);
    assert.deepEqual(
      left.map((i) => [i.crmId, i.version]),
      [['a', 2]],
    );
    assert.deepEqual(await store.commit(lease, { consumed: left }, true), { released: true });
    assert.deepEqual(await store.pendingIntents('u', 10), []);
    assert.equal((await store.getIntents('appointment', ['a', 'b'])).length, 2);
  });

  it('of a hand-over are pending for both owners, and each consumes for itself', async () => {
    const store = fresh();
    const [old, next] = [await take(store, 'old'), await take(store, 'new')];
    await store.putIntents([change('a', 1, { userId: 'old' }), change('a', 2, { userId: 'new' })]);
    await store.putIntents([change('a', 1, { userId: 'old', data: { place: 'late' } })]);
    const forOld = await store.pendingIntents('old', 10);
    const forNew = await store.pendingIntents('new', 10);
    assert.equal(forOld[0]?.userId, 'new');
    const asleep = forNew.map((i) => ({ ...i, wakeAt: T0 }));
    assert.equal((await store.commit(next, { consumed: asleep }, true)).released, true);
    assert.equal((await store.pendingIntents('old', 10)).length, 1);
    assert.equal((await store.commit(old, { consumed: forOld }, true)).released, true);
    // The old owner's consuming leaves the new owner's alarm alone.
    assert.equal(await store.wakeIntents('old', T0, 10), 0);
    assert.equal(await store.wakeIntents('new', T0, 10), 1);
  });

  it('keep the generation that an owner leaves, in whatever revision, and are consumed no sooner for it', async () => {
    const store = fresh();
    const lease = await take(store, '__x__');
    const one = { crmId: 'a', record: 'appointment', generation: 3 } as const;
    await store.putIntents([change('a', 1, { userId: '__x__', googleId: 'g' })]);
    const [old] = await store.pendingIntents('__x__', 10);
    assert.deepEqual(old?.adopted, { __x__: { googleId: 'g', version: 1 } });
    await store.putIntents([change('a', 2, { userId: 'v' })]);
    const { revision = 0 } = old ?? {};
    const left = { ...one, revision };
    assert.deepEqual(await store.commit(lease, { consumed: [left] }, true), { released: false });
    const [read] = await store.pendingIntents('__x__', 10);
    assert.deepEqual(read?.generations, { __x__: 3 });
    assert.equal((await store.pendingIntents('v', 10)).length, 1);
    const consumed = [{ ...one, revision: read?.revision ?? 0, generation: 4 }];
    assert.deepEqual(await store.commit(lease, { consumed }, true), { released: true });
    assert.deepEqual(await store.pendingIntents('__x__', 10), []);
    await store.putIntents([change('a', 3, { userId: 'v' })]);
    const kept = async () => (await store.getIntents('appointment', ['a']))[0]?.generations;
    assert.deepEqual(await kept(), { __x__: 4 });
    // Nor does it take that it is still pending.
    const lone = await take(store, 'w');
    assert.equal((await store.commit(lone, { consumed: [left] }, true)).released, true);
    assert.deepEqual(await kept(), { __x__: 4, w: 3 });
  });

  it('wake at their time, or all for a fresh start, and a run on its way cannot eat that', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    await store.putIntents(['a', 'b', 'c', 'd'].map((id) => change(id, 1)));
    await store.putIntents([change('x', 1, { userId: 'other' })]);
    const read = await store.pendingIntents('u', 10);
    const alarms: { [id: string]: number } = { a: T0, b: T0 + 1 };
    const wakeAt = ({ crmId }: Intent) => (alarms[crmId] ? { wakeAt: alarms[crmId] } : {});
    await store.commit(lease, { consumed: read.map((i) => ({ ...i, ...wakeAt(i) })) }, false);

    assert.equal(await store.wakeIntents('u', T0 - 1, 10), 0);
    assert.equal(await store.wakeIntents('u', T0, 10), 1);
    const [woken] = await store.pendingIntents('u', 10);
    assert.equal(woken?.crmId, 'a');
    assert.equal(woken?.wakeAt, undefined);
    await store.commit(lease, { consumed: read }, false);
    assert.equal((await store.pendingIntents('u', 10)).length, 1, 'an old revision was consumed');

    assert.equal(await store.wakeIntents('u', T0, 2, true), 2);
    assert.equal(await store.wakeIntents('u', T0, 2, true), 1);
    assert.equal(await store.wakeIntents('u', T0, 2, true), 0);
    assert.equal((await store.pendingIntents('u', 10)).length, 4);
    assert.equal((await store.pendingIntents('u', 3)).length, 3);
  });

  it('a new change of a sleeping record wakes it', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    await store.putIntents([change('a', 1)]);
    const [read] = await store.pendingIntents('u', 1);
    await store.commit(lease, { consumed: [{ ...(read as Intent), wakeAt: T0 + 1 }] }, false);
    assert.equal((await store.getIntents('appointment', ['a']))[0]?.wakeAt, T0 + 1);
    await store.putIntents([change('a', 2)]);
    assert.equal((await store.pendingIntents('u', 1)).length, 1);
    assert.equal(await store.wakeIntents('u', T0 + 5, 10), 0);
  });

  it('by the thousand in one call', async () => {
    const store = fresh();
    const changes = Array.from({ length: 1000 }, (_, i) =>
      change(`c${i % 900}`, 1 + (i >= 900 ? 1 : 0)),
    );
    assert.deepEqual(await store.putIntents(changes), Array(1000).fill('stored'));
    assert.equal((await store.pendingIntents('u', 2000)).length, 900);
    const ids = changes.map((c) => c.crmId);
    assert.equal((await store.getIntents('appointment', ids)).length, 900);
    assert.equal(await store.wakeIntents('u', T0, 10, true), 0);
  });
}

function links(fresh: () => Store): void {
  it('are stored as they are, found by either id within user and type, and removed', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    const full: Link = {
      ...link('u', 'full'),
      googleId: 'g1',
      etag: '"1"',
      crm: { subject: 'x', start: { dateTime: '2026-11-24T09:00:00+01:00' }, place: null },
      google: { nested: [[1, 2], []] },
      offered: { subject: { value: null, change: 1, changeId: 'c' } },
      crmVersion: 7,
      deletedBy: 'crm',
      expireAt: T0 + 5,
    };
    const task: Link = {
      ...link('u', 'full'),
      id: linkId('task', { crmId: 'full' }),
      record: 'task',
    };
    await store.commit(lease, { links: [full, task, link('u', 'b')] }, false);
    assert.deepEqual(await store.linksByCrmId('u', 'appointment', ['full', 'x']), [full]);
    assert.deepEqual(await store.linksByGoogleId('u', 'appointment', ['g1', 'g1']), [full]);
    assert.deepEqual(await store.linksByCrmId('u', 'task', ['full']), [task]);
    assert.deepEqual(await store.linksByCrmId('v', 'appointment', ['full']), []);
    assert.deepEqual(await store.linksByCrmId('u', 'appointment', []), []);

    const { googleId: _, expireAt: __, ...less } = full;
    await store.commit(lease, { links: [less], removedLinks: [task.id, 'not-there'] }, false);
    assert.deepEqual(await store.linksByCrmId('u', 'appointment', ['full']), [less]);
    assert.deepEqual(await store.linksByGoogleId('u', 'appointment', ['g1']), []);
    assert.deepEqual(await store.linksByCrmId('u', 'task', ['full']), []);
  });

  it('are found by the group that their objects are of, tombstones and other types apart', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    const of = (crmId: string, group: string, more: Partial<Link> = {}): Link => ({
      ...link('u', crmId, `${group}_${crmId}`),
      group,
      slot: '2026-11-24T09:00:00+01:00',
      ...more,
    });
    const gone = of('c', 's1', { state: 'deleted', expireAt: T0 + 5 });
    const links = [of('a', 's1'), of('b', 's2'), gone, link('u', 'single', 's1')];
    const task: Link = { ...of('t', 's1'), id: linkId('task', { crmId: 't' }), record: 'task' };
    await store.commit(lease, { links: [...links, task] }, false);
    const found = async (userId: string, groups: string[]) => {
      const list = await store.linksByGroup(userId, 'appointment', groups);
      return list.sort((x, y) => ((x.crmId ?? '') < (y.crmId ?? '') ? -1 : 1));
    };
    assert.deepEqual(await found('u', ['s1', 's1', 'none']), [links[0], gone]);
    assert.deepEqual(await found('u', ['s1', 's2']), links.slice(0, 3));
    assert.deepEqual(await found('v', ['s1']), []);
    assert.deepEqual(await found('u', []), []);
    const many = Array.from({ length: 70 }, (_, i) => `s${i}`);
    assert.equal((await found('u', many)).length, 3);

    const { group: _, slot: __, ...left } = of('a', 's1');
    await store.commit(lease, { links: [left] }, false);
    assert.deepEqual(await found('u', ['s1']), [gone]);
  });

  it('are found by what they may have in common with others, of the type and user alone', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    const like = (crmId: string, ...likeness: string[]): Link => ({
      ...link('u', crmId),
      likeness,
    });
    const links = [like('a', 'x@y', 'z@y'), like('b', 'z@y'), like('c', 'w@y'), link('u', 'd')];
    const task: Link = { ...like('t', 'x@y'), id: linkId('task', { crmId: 't' }), record: 'task' };
    await store.commit(lease, { links: [...links, task] }, false);
    const found = async (userId: string, ...values: string[]) =>
      (await store.linksByLikeness(userId, 'appointment', values)).map((l) => l.crmId).sort();
    assert.deepEqual(await found('u', 'z@y'), ['a', 'b']);
    assert.deepEqual(await found('u', 'none', 'x@y', 'x@y', 'w@y'), ['a', 'c']);
    const many = Array.from({ length: 70 }, (_, i) =>
      i === 0 ? 'x@y' : i === 69 ? 'z@y' : `${i}`,
    );
    assert.deepEqual(await found('u', ...many), ['a', 'b'], 'each once');
    assert.deepEqual(await found('v', 'z@y'), []);
    assert.deepEqual(await found('u'), []);
  });

  it('1,000 of them in commits of 250, listed in order of id', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    const all = Array.from({ length: 1000 }, (_, i) => link('u', `c${i}`, `g${i}`));
    for (let i = 0; i < 1000; i += 250) {
      await store.commit(lease, { links: all.slice(i, i + 250) }, false);
    }
    const ids = all.map((l) => l.crmId as string);
    assert.equal((await store.linksByCrmId('u', 'appointment', ids)).length, 1000);
    const listed: Link[] = [];
    for (let page: Link[] = []; ; listed.push(...page)) {
      page = await store.listLinks('u', 'appointment', 300, listed.at(-1)?.id);
      if (page.length === 0) break;
    }
    assert.deepEqual(
      listed,
      all.sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
    assert.deepEqual(await store.listLinks('u', 'task', 10), []);
  });

  it('cursors are kept per type', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    const cursor = {
      userId: 'u',
      record: 'task' as const,
      token: 't',
      params: { 'a.b': '1' },
      until: T0,
    };
    await store.commit(lease, { cursor }, false);
    assert.deepEqual(await store.getCursor('u', 'task'), cursor);
    assert.equal(await store.getCursor('u', 'appointment'), undefined);
    const { token: _, ...without } = cursor;
    await store.commit(lease, { cursor: without }, false);
    assert.deepEqual(await store.getCursor('u', 'task'), without);
  });
}

function leases(fresh: () => Store): void {
  it('one holder at a time; the fence rises with each', async () => {
    const store = fresh();
    assert.equal(await store.getLease('u'), undefined);
    const first = await take(store, 'u', 'one');
    assert.deepEqual(first, { userId: 'u', holder: 'one', fence: 1, expiresAt: T0 + TTL });
    assert.equal(await store.acquireLease('u', 'two', T0 + TTL - 1, TTL), undefined);
    const second = (await store.acquireLease('u', 'two', T0 + TTL, TTL)) as Lease;
    assert.equal(second.fence, 2);
    assert.deepEqual(await store.getLease('u'), second);
    assert.ok(await store.acquireLease('v', 'one', T0, TTL));

    assert.equal(await store.renewLease(first, T0, TTL), false);
    await store.dropLease(first);
    assert.equal(await store.renewLease(second, T0 + 2 * TTL, TTL), true, 'expired, not taken');
    assert.equal((await store.getLease('u'))?.expiresAt, T0 + 3 * TTL);
    await store.dropLease(second);
    assert.equal((await store.acquireLease('u', 'three', T0, TTL))?.fence, 3);
  });

  it('who lost it commits nothing', async () => {
    const store = fresh();
    await store.putUser(entry('u'));
    await store.putIntents([change('a', 1)]);
    const lost = await take(store, 'u', 'one');
    await store.acquireLease('u', 'two', T0 + TTL, TTL);
    const consumed = await store.pendingIntents('u', 10);
    const cursor = { userId: 'u', record: 'appointment' as const, params: {} };
    const everything = { links: [link('u', 'a')], consumed, cursor, user: { lastSyncAt: 1 } };
    for (const release of [true, false]) {
      await assert.rejects(
        store.commit(lost, everything, release),
        (e) => isSyncError(e, 'later') && e.reason === 'leaseLost',
      );
    }
    assert.deepEqual(await store.linksByCrmId('u', 'appointment', ['a']), []);
    assert.equal((await store.pendingIntents('u', 10)).length, 1);
    assert.equal(await store.getCursor('u', 'appointment'), undefined);
    assert.equal((await store.getUser('u'))?.lastSyncAt, undefined);
    assert.equal((await store.getLease('u'))?.holder, 'two');
  });

  it('commits all at once, overwrites user fields and deletes those that are undefined', async () => {
    const store = fresh();
    await store.putUser(entry('u', { name: 'Ann' }));
    await store.updateUser('u', (u) => u && { ...u, state: 'active', stateReason: 'x' });
    const lease = await take(store, 'u');
    const user = { nextPollAt: T0, stateReason: undefined };
    assert.deepEqual(await store.commit(lease, { user }, true), { released: true });
    const stored = { ...entry('u', { name: 'Ann' }), state: 'active' as const, nextPollAt: T0 };
    assert.deepEqual(await store.getUser('u'), stored);
    assert.equal((await store.dueUsers(T0, 10)).length, 1);
    const again = await take(store, 'u');
    await store.commit(again, { user: { state: 'reauthorize' } }, true);
    assert.deepEqual(await store.dueUsers(T0, 10), []);
  });

  it('steps of polling apply to the user as stored: what rang meanwhile stays due', async () => {
    const store = fresh();
    await store.putUser(entry('u'));
    await store.updateUser('u', (u) => u && { ...u, state: 'active', nextPollAt: T0 });
    const lease = await take(store, 'u');
    const step = (polls: NonNullable<Commit['polls']>) =>
      store.commit(lease, { polls, user: {} }, false);
    await step({ appointment: { step: 'begun', askedAt: undefined, now: T0, writes: 7 } });
    await store.updateUser('u', (u) => u && rung(u, 'appointment', T0 + 1, undefined));
    await step({
      appointment: { step: 'pulled', since: 0, askedAt: undefined, at: T0 + 12e6, every: 500 },
    });
    await step({ task: { step: 'begun', askedAt: undefined, now: T0, writes: 0 } });
    await step({ task: { step: 'pulled', since: 0, askedAt: undefined, at: T0 + 90_000 } });
    const user = await store.getUser('u');
    assert.deepEqual(user?.polls, {
      appointment: { at: T0 + 1 + ECHO_PAUSE_MS, every: 500, rungAt: T0 + 1, echoes: 7 },
      task: { at: T0 + 90_000, echoes: 0 },
    });
    assert.equal((await store.dueUsers(T0 + 1 + ECHO_PAUSE_MS, 10)).length, 1);
    await step({ appointment: { step: 'begun', askedAt: undefined, now: T0 + 2, writes: 7 } });
    await step({ appointment: { step: 'pulled', since: 0, askedAt: undefined, at: T0 + 12e6 } });
    assert.deepEqual(await store.dueUsers(T0 + 89_999, 10), []);
    assert.equal((await store.dueUsers(T0 + 90_000, 10)).length, 1);
  });

  it('channels are committed under the lease, found by id and by user, and forgotten', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    const [one, two] = [channel('one', 'u'), { ...channel('two', 'u'), place: 'cal' }];
    await store.commit(lease, { channels: [one, two] }, false);
    await store.commit(await take(store, 'v'), { channels: [channel('three', 'v')] }, false);
    assert.deepEqual(await store.getChannel('two'), two);
    assert.equal(await store.getChannel('../users/u'), undefined);
    await store.commit(lease, { channels: [{ ...one, stopped: true }] }, false);
    const ids = async () => (await store.channelsOf('u')).map((c) => [c.id, c.stopped]).sort();
    assert.deepEqual(await ids(), [
      ['one', true],
      ['two', undefined],
    ]);
    await store.commit(lease, { removedChannels: ['one', 'two'] }, true);
    assert.deepEqual([await ids(), await store.getChannel('one')], [[], undefined]);
    await take(store, 'u', 'next');
    const late = { channels: [one] };
    await assert.rejects(store.commit(lease, late, false), (e) => isSyncError(e, 'later'));
    assert.equal(await store.sweep(one.expireAt, 10), 1);
    assert.deepEqual(await store.channelsOf('v'), []);
  });

  it('a lease given back still tells when its holder last wrote', async () => {
    const store = fresh();
    const lease = { ...(await take(store, 'u')), wroteAt: T0 + 5, writes: 3 };
    await store.commit(lease, {}, true);
    assert.equal((await store.getLease('u'))?.wroteAt, T0 + 5);
    const next = await take(store, 'u');
    assert.deepEqual([next.wroteAt, next.writes, next.holder], [T0 + 5, 3, 'h']);
    await store.dropLease({ ...next, wroteAt: T0 + 6 });
    assert.equal((await store.getLease('u'))?.wroteAt, T0 + 6);
  });

  it('a release that finds other work keeps the lease', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    await store.putIntents(['m1', 'm2', 'm3'].map((id) => change(id, 1)));
    const read = await store.pendingIntents('u', 10);
    for (const consumed of [[], read.slice(0, 1)]) {
      assert.deepEqual(await store.commit(lease, { consumed }, true), { released: false });
      assert.equal(await store.acquireLease('u', 'two', T0, TTL), undefined);
    }
    await store.putIntents([change('m2', 2)]);
    assert.deepEqual(await store.commit(lease, { consumed: read }, true), { released: false });
    const rest = await store.pendingIntents('u', 10);
    assert.deepEqual(
      rest.map((i) => i.crmId),
      ['m2'],
    );
    // Consumed long ago, as well as unknown: neither is work.
    const old = [...read, { record: 'task' as const, crmId: 'never', revision: 1 }];
    assert.deepEqual(await store.commit(lease, { consumed: [...old.slice(0, 1), ...rest] }, true), {
      released: true,
    });
    const next = await take(store, 'u', 'two');
    assert.equal(next.fence, 2);
    assert.deepEqual(await store.commit(next, { consumed: old }, true), { released: true });
  });

  it('more pending work than the commit consumes does not hide what it consumes', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    await store.putIntents(Array.from({ length: 20 }, (_, i) => change(`c${i}`, 1)));
    for (let left = 20; left > 0; left--) {
      const pending = await store.pendingIntents('u', 100);
      assert.equal(pending.length, left);
      const { released } = await store.commit(lease, { consumed: pending.slice(-1) }, true);
      assert.equal(released, left === 1);
    }
  });

  it('a released or dropped lease is not brought back by a late heartbeat', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    await store.commit(lease, {}, true);
    assert.equal(await store.renewLease(lease, T0, TTL), false);
    const next = await take(store, 'u', 'two');
    await store.dropLease(next);
    await store.dropLease(next);
    assert.equal(await store.renewLease(next, T0, TTL), false);
    assert.equal((await take(store, 'u')).fence, 3);
  });
}

function claims(fresh: () => Store): void {
  it('C21 of guests the first one has it; whoever has the original takes it, and it is known from whom', async () => {
    const store = fresh();
    const first = claim('k', 'luca');
    assert.deepEqual(await store.claim([first]), [first]);
    assert.deepEqual(await store.claim([claim('k', 'mia')]), [first]);
    const before = { userId: 'luca', googleId: 'at luca' };
    const own = { ...claim('k', 'anna', true), before };
    assert.deepEqual(await store.claim([claim('k', 'anna', true)]), [own]);
    assert.deepEqual(await store.claim([first, claim('other', 'luca')]), [
      own,
      claim('other', 'luca'),
    ]);
    const later = { ...claim('k', 'anna', true), expireAt: T0 + 99 };
    assert.deepEqual(await store.claim([later]), [{ ...later, before }], 'renewed, not forgotten');
    assert.deepEqual(await store.claim([claim('k', 'anna', true)]), [{ ...later, before }]);
    assert.deepEqual(await store.getClaims('appointment', ['none', 'k', 'k']), [
      { ...later, before },
    ]);
    assert.deepEqual(await store.getClaims('task', ['k']), []);
  });

  it('C21 are given up by the holder only, and swept when they have expired', async () => {
    const store = fresh();
    await store.claim([claim('a', 'luca'), claim('b', 'luca')]);
    await store.unclaim('appointment', 'mia', ['a', 'b']);
    await store.unclaim('appointment', 'luca', ['a', 'none']);
    const left = await store.getClaims('appointment', ['a', 'b']);
    assert.deepEqual(
      left.map((c) => c.key),
      ['b'],
    );
    assert.deepEqual(await store.claim([claim('a', 'mia')]), [claim('a', 'mia')]);
    assert.equal(await store.sweep(T0 + 10, 10), 2);
    assert.deepEqual(await store.getClaims('appointment', ['a', 'b']), []);
  });

  it('C21 of many who see it at once one has it, hundreds at a time', async () => {
    const store = fresh();
    const keys = Array.from({ length: 250 }, (_, i) => `k${i}`);
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((userId) => store.claim(keys.map((key) => claim(key, userId)))),
    );
    const stored = await store.getClaims('appointment', keys);
    assert.equal(stored.length, 250);
    for (const answer of answers)
      assert.deepEqual(
        answer.map((c) => [c.key, c.userId]),
        stored.map((c) => [c.key, c.userId]),
      );
  });
}

function claim(key: string, userId: string, own = false): Claim {
  const googleId = `at ${userId}`;
  return { record: 'appointment', key, userId, googleId, own, expireAt: T0 + 10 };
}

function outbox(fresh: () => Store): void {
  it('P17 what a commit leaves for the CRM stays, and marks the lease, until it is noted as told', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    assert.deepEqual(await store.outboxOf('u'), []);
    const page = (run: number, part: number) => ({
      ...{ userId: 'u', run, part },
      messages: [{ ...told, data: { text: 'half \ud83d', nested: [['list'], { __x__: [] }] } }],
    });
    const pages = [page(2, 0), page(10, 1), page(10, 0)];
    const marked: Lease = { ...lease, outbox: true };
    await store.commit(marked, { outbox: pages }, false);
    assert.deepEqual(
      (await store.outboxOf('u')).map(({ run, part }) => [run, part]),
      [
        [2, 0],
        [10, 0],
        [10, 1],
      ],
    );
    assert.deepEqual((await store.outboxOf('u'))[0], pages[0]);
    // Its holder dies: nobody gives the lease back.
    const next = (await store.acquireLease('u', 'two', T0 + TTL, TTL)) as Lease;
    assert.equal(next.outbox, true, 'the next holder knows');
    await assert.rejects(store.commit(marked, { sent: pages }, false), { reason: 'leaseLost' });
    const { outbox: _, ...done } = next;
    await store.commit(done, { sent: pages }, true);
    assert.deepEqual(await store.outboxOf('u'), []);
    assert.equal((await take(store, 'u')).outbox, undefined);
  });
}

const told = { specVersion: '1', changeId: 'c1', userId: 'u', op: 'upsert' } as const;

function journal(fresh: () => Store): void {
  it('is written with the commit, listed by run, newest first, and read in order', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    assert.deepEqual(await store.journalRuns('u', 10), []);
    assert.deepEqual(await store.journalOf('u', 1), []);
    const pages = [journalPage(2, 0), journalPage(2, 1), journalPage(10, 0)];
    await store.commit(lease, { journal: pages.slice(0, 1) }, false);
    await store.commit(lease, { links: [link('u', 'a')], journal: pages.slice(1) }, false);
    assert.deepEqual(await store.journalRuns('u', 10), [
      { run: 10, at: T0 + 10, size: 1 },
      { run: 2, at: T0 + 2, size: 2 },
    ]);
    assert.deepEqual(await store.journalRuns('u', 1), [{ run: 10, at: T0 + 10, size: 1 }]);
    assert.deepEqual(await store.journalOf('u', 2), pages.slice(0, 2));
    assert.deepEqual(await store.journalRuns('other', 10), []);
    const many = Array.from({ length: 150 }, (_, i) => journalPage(11 + i, 0));
    await store.commit(lease, { journal: many }, false);
    const newest = await store.journalRuns('u', 149);
    assert.deepEqual([newest.length, newest[0]?.run, newest.at(-1)?.run], [149, 160, 12]);
  });

  it('of who lost the lease is not written; what has expired is swept', async () => {
    const store = fresh();
    const lost = await take(store, 'u', 'one');
    const lease = (await store.acquireLease('u', 'two', T0 + TTL, TTL)) as Lease;
    await assert.rejects(store.commit(lost, { journal: [journalPage(1, 0)] }, true));
    assert.deepEqual(await store.journalRuns('u', 10), []);
    const old = { ...journalPage(2, 0), expireAt: T0 };
    await store.commit(lease, { journal: [old, journalPage(3, 0)] }, true);
    assert.equal(await store.sweep(T0, 10), 1);
    assert.deepEqual(
      (await store.journalRuns('u', 10)).map(({ run }) => run),
      [3],
    );
  });
}

function parallel(fresh: () => Store): void {
  it('of fifty that want the lease one gets it', async () => {
    const store = fresh();
    const tries = Array.from({ length: 50 }, (_, i) => store.acquireLease('u', `h${i}`, T0, TTL));
    const leases = (await Promise.all(tries)).filter((lease) => lease !== undefined);
    assert.equal(leases.length, 1);
    assert.deepEqual(await store.getLease('u'), leases[0]);
  });

  it('fifty messages for one user at once: no wake-up is lost, every revision is seen', async () => {
    const store = fresh();
    const seen = new Map<string, number>();
    const deliver = async (i: number) => {
      await store.putIntents([change(`c${i % 25}`, 1 + Math.floor(i / 25))]);
      await runUser(store, `h${i}`, seen);
    };
    await Promise.all(Array.from({ length: 50 }, (_, i) => deliver(i)));
    assert.deepEqual(await store.pendingIntents('u', 100), []);
    assert.equal(seen.size, 25);
    assert.deepEqual([...new Set(seen.values())], [2]);
  });

  it('a release against a new message, with the two shifted against each other', async () => {
    const store = fresh();
    const round = async (i: number) => {
      const userId = `u${i}`;
      const lease = await take(store, userId);
      const message = async () => {
        await delay(i % 10);
        await store.putIntents([change(userId, 1, { userId })]);
        return store.acquireLease(userId, 'two', T0, TTL);
      };
      const [next, { released }] = await Promise.all([message(), store.commit(lease, {}, true)]);
      assert.ok(next || !released, 'nobody looks at the message');
    };
    for (let i = 0; i < 100; i += 5) {
      await Promise.all(Array.from({ length: 5 }, (_, k) => round(i + k)));
    }
  });

  it('changes of one record at once are all merged', async () => {
    const store = fresh();
    const fields = Array.from({ length: 12 }, (_, i) => `f${i}`);
    await Promise.all(
      fields.map((f, i) => store.putIntents([change('a', i + 1, { data: { [f]: i } as never })])),
    );
    const [intent] = await store.getIntents('appointment', ['a']);
    assert.equal(intent?.version, 12);
    assert.deepEqual(Object.keys(intent?.data ?? {}).sort(), fields.sort());
  });
}

/** What crmChange does: whoever gets the lease works until a release finds nothing more. */
async function runUser(store: Store, holder: string, seen: Map<string, number>): Promise<void> {
  const lease = await store.acquireLease('u', holder, T0, TTL);
  if (!lease) return;
  for (let released = false; !released; ) {
    const consumed = await store.pendingIntents('u', 10);
    for (const { crmId, version } of consumed) seen.set(crmId, version);
    ({ released } = await store.commit(lease, { consumed }, true));
  }
}

function others(fresh: () => Store): void {
  it('an OAuth state is given out once, to one of many, and not when it has expired', async () => {
    const store = fresh();
    await store.putOAuthState(oauthState('s'));
    const taken = await Promise.all(
      Array.from({ length: 10 }, () => store.takeOAuthState('s', T0)),
    );
    assert.deepEqual(
      taken.filter((s) => s !== undefined),
      [oauthState('s')],
    );
    assert.equal(await store.takeOAuthState('s', T0), undefined);
    await store.putOAuthState(oauthState('t'));
    assert.equal(await store.takeOAuthState('t', T0 + 10), undefined);
    assert.equal(await store.takeOAuthState('t', T0), undefined, 'used up all the same');
  });

  it('a session ends when it expires or is deleted', async () => {
    const store = fresh();
    const session: Session = { id: 's', userId: 'u', csrf: 'c', expireAt: T0 + 10 };
    await store.putSession(session);
    assert.deepEqual(await store.getSession('s', T0 + 9), session);
    assert.equal(await store.getSession('s', T0 + 10), undefined);
    assert.equal(await store.getSession('other', T0), undefined);
    await store.deleteSession('s');
    await store.deleteSession('s');
    assert.equal(await store.getSession('s', T0), undefined);
  });

  it('dead letters: newest first, same id overwritten, of any size that Pub/Sub takes', async () => {
    const store = fresh();
    for (let i = 0; i < 4; i++) await store.putDeadLetter(deadLetter(`d${i}`, T0 + i));
    const big = { ...deadLetter('d1', T0 + 9), data: 'abcd'.repeat(13_400_000 / 4) };
    await store.putDeadLetter(big);
    await store.putDeadLetter({ ...deadLetter('d2', T0 + 2), data: '' });
    const ids = (await store.listDeadLetters(3)).map((d) => d.id);
    assert.deepEqual(ids, ['d1', 'd3', 'd2']);
    const [first, , third] = await store.listDeadLetters(3);
    assert.ok(first?.data === big.data);
    assert.equal(third?.data, '');
    await store.putDeadLetter(deadLetter('d1', T0 + 9));
    assert.deepEqual((await store.listDeadLetters(1))[0], deadLetter('d1', T0 + 9));
  });

  it('a dead letter is found by its id, and deleted with all its parts', async () => {
    const store = fresh();
    const big = { ...deadLetter('big', T0), data: 'abcd'.repeat(500_000) };
    await store.putDeadLetter(big);
    await store.putDeadLetter(deadLetter('small', T0));
    assert.deepEqual(await store.getDeadLetter('big'), big);
    assert.equal(await store.getDeadLetter('other'), undefined);
    for (const id of ['big', 'other', 'big']) await store.deleteDeadLetter(id);
    assert.equal(await store.getDeadLetter('big'), undefined);
    assert.deepEqual(await store.listDeadLetters(10), [deadLetter('small', T0)]);
  });

  it('sweep deletes what has expired, at most so many', async () => {
    const store = fresh();
    const lease = await take(store, 'u');
    const tombstone: Link = { ...link('u', 'old'), state: 'deleted', expireAt: T0 };
    const later: Link = { ...link('u', 'later'), state: 'deleted', expireAt: T0 + 1 };
    await store.commit(lease, { links: [tombstone, later, link('u', 'live')] }, false);
    await store.putOAuthState({ ...oauthState('s'), expireAt: T0 });
    await store.putSession({ id: 's', userId: 'u', csrf: 'c', expireAt: T0 });
    await store.putDeadLetter({ ...deadLetter('d', T0), expireAt: T0 });
    assert.equal(await store.sweep(T0 - 1, 10), 0);
    assert.equal(await store.sweep(T0, 3), 3);
    assert.equal(await store.sweep(T0, 3), 1);
    assert.equal(await store.sweep(T0, 3), 0);
    const left = await store.linksByCrmId('u', 'appointment', ['old', 'later', 'live']);
    assert.equal(left.length, 2);
    assert.deepEqual(await store.listDeadLetters(10), []);
  });
}

function erasing(fresh: () => Store): void {
  /** Two users with one document of every kind. */
  async function filled(): Promise<Store> {
    const store = fresh();
    for (const userId of ['u', 'v']) {
      await store.putUser(entry(userId, { version: 3 }));
      const lease = await take(store, userId);
      const cursor = { userId, record: 'appointment' as const, token: 't', params: {} };
      const journal = [{ ...journalPage(1, 0), userId }];
      const links = [1, 2, 3, 4, 5].map((n) => link(userId, `A-${n}`, `g${n}`));
      const channels = [channel(`ch-${userId}`, userId)];
      await store.commit(lease, { links, cursor, journal, channels }, true);
      await store.dropLease(lease);
      await store.putSession({ id: `s-${userId}`, userId, csrf: 'c', expireAt: T0 + 9 });
      await store.putIntents([change(`own-${userId}`, 1, { userId })]);
      await store.putDeadLetter({ ...deadLetter(`d-${userId}`, T0), userIds: [userId] });
    }
    const named = { googleId: 'g1' };
    await store.putIntents([change('to-v', 1, named), change('to-v', 2, { userId: 'v' })]);
    await store.putIntents([change('to-u', 1, { userId: 'v' }), change('to-u', 2)]);
    const lease = await take(store, 'u');
    const given = { record: 'appointment', crmId: 'to-v', revision: 0, generation: 1 } as const;
    await store.commit(lease, { consumed: [given] }, false);
    await store.dropLease(lease);
    const meeting: Claim = {
      ...{
        record: 'appointment',
        key: 'k1',
        userId: 'u',
        googleId: 'g1',
        own: false,
        expireAt: T0,
      },
    };
    await store.claim([meeting, { ...meeting, key: 'k2' }]);
    await store.claim([{ ...meeting, userId: 'v', own: true }]);
    return store;
  }

  const eraseAll = async (store: Store, userId: string) => {
    for (let all = 0; ; ) {
      const some = await store.eraseSome(userId, 4);
      if (some === 0) return all;
      all += some;
    }
  };

  it('touches nothing of a user who is there to stay', async () => {
    const store = await filled();
    assert.equal(await store.eraseSome('u', 100), 0);
    await store.eraseUser('u', T0, T0 + 5);
    assert.equal((await store.getUser('u'))?.version, 3);
    assert.equal((await store.listLinks('u', 'appointment', 10)).length, 5);
  });

  it('takes everything of a user piece by piece, and leaves others what is theirs', async () => {
    const store = await filled();
    await store.updateUser('u', (user) => user && { ...user, erase: true });
    assert.ok((await eraseAll(store, 'u')) >= 5 + 1 + 1 + 1 + 1 + 3 + 2);
    assert.deepEqual(await store.listLinks('u', 'appointment', 10), []);
    assert.equal(await store.getCursor('u', 'appointment'), undefined);
    assert.deepEqual(await store.journalRuns('u', 10), []);
    assert.deepEqual(await store.channelsOf('u'), []);
    assert.equal(await store.getSession('s-u', T0), undefined);
    assert.deepEqual(await store.pendingIntents('u', 10), []);
    const ids = ['own-u', 'own-v', 'to-v', 'to-u'];
    const left = await store.getIntents('appointment', ids);
    assert.deepEqual(left.map((i) => [i.crmId, i.userId, i.op, i.data, i.owners]).sort(), [
      ['own-v', 'v', 'upsert', { subject: 'v1' }, ['v']],
      ['to-u', 'v', 'delete', {}, ['v']],
      ['to-v', 'v', 'upsert', { subject: 'v2' }, ['v']],
    ]);
    assert.deepEqual(
      left.flatMap((i) => Object.keys({ ...i.adopted, ...i.named, ...i.generations })),
      [],
    );
    const claims = await store.getClaims('appointment', ['k1', 'k2']);
    assert.deepEqual(claims, [
      { record: 'appointment', key: 'k1', userId: 'v', googleId: 'g1', own: true, expireAt: T0 },
    ]);
    assert.equal((await store.listLinks('v', 'appointment', 10)).length, 5);
    assert.ok(await store.getSession('s-v', T0));
    assert.deepEqual(
      (await store.deadLettersOf('u', 9)).map((l) => l.id),
      ['d-u'],
    );
    assert.equal((await store.getUser('u'))?.erase, true, 'the user’s own document goes last');
  });

  it('the user goes last; the lease tells of it, and is taken until a new beginning', async () => {
    const store = await filled();
    const { fence = 0 } = (await store.getLease('u')) ?? {};
    await store.updateUser('u', (user) => user && { ...user, erase: true });
    assert.equal(
      await store.putUser(entry('u', { version: 9 })),
      'erased',
      'not before it is done',
    );
    await store.eraseUser('u', T0, T0 + 100);
    assert.equal(await store.getUser('u'), undefined);
    assert.deepEqual(await store.usersByEmail(['u@example.com']), []);
    assert.deepEqual((await store.getLease('u'))?.erased, { version: 3, at: T0 });
    assert.equal(await store.acquireLease('u', 'late', T0 + 1, TTL), undefined);
    assert.ok((await eraseAll(store, 'u')) > 0, 'what is left of a user who is not there');
    assert.equal(await store.putUser(entry('u', { version: 3 })), 'erased');
    assert.equal(await store.putUser(entry('w', { email: 'u@example.com' })), 'stored', 'free');
    assert.equal(await store.putUser(entry('u', { version: 4 })), 'emailTaken');
    const anew = entry('u', { version: 4, email: 'new@example.com' });
    assert.equal(await store.putUser(anew), 'stored');
    assert.equal((await store.getLease('u'))?.erased, undefined);
    const lease = await take(store, 'u');
    assert.equal(lease.fence, fence + 1, 'no fence comes twice');
    await store.putIntents([change('own-u', 9)]);
    assert.equal(await store.eraseSome('u', 100), 0, 'begun anew');
  });

  it('the tombstone is swept when it has expired', async () => {
    const store = fresh();
    await store.putUser(entry('u'));
    await take(store, 'u');
    await store.updateUser('u', (user) => user && { ...user, erase: true });
    await store.eraseUser('u', T0, T0 + 100);
    assert.equal(await store.sweep(T0 + 99, 10), 0);
    assert.equal(await store.sweep(T0 + 100, 10), 1);
    assert.equal(await store.getLease('u'), undefined);
  });
}

/** Messages of one record with distinct versions, and batches of indexes that hold each at least once. */
const history = fc
  .uniqueArray(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 5 })
  .chain((versions) => {
    const field = fc.constantFrom('subject', 'place', 'kind');
    const message = (version: number) =>
      fc
        .record({
          op: fc.constantFrom('upsert' as const, 'upsert' as const, 'delete' as const),
          userId: fc.constantFrom('u', 'v'),
          named: fc.option(
            fc.record({ googleId: fc.constantFrom('g1', '__g2__'), seen: fc.string() }),
          ),
          data: fc.dictionary(field, fc.option(fc.string({ maxLength: 3 })), {
            noNullPrototype: true,
          }),
        })
        .map(({ named, ...part }) => change('?', version, { ...part, ...named }));
    const all = versions.map((_, i) => i);
    const order = fc
      .tuple(fc.array(fc.nat(9), { maxLength: 4 }), fc.nat(3))
      .chain(([again, cut]) =>
        fc
          .shuffledSubarray([...all, ...again], { minLength: all.length + again.length })
          .map((list) => [list.slice(0, cut), list.slice(cut)]),
      );
    return fc.record({ messages: fc.tuple(...versions.map(message)), order });
  });

/** What must not depend on the order; revision counts the steps, and pendingFor also names past owners. */
function essence(intent: Intent | undefined) {
  const { revision: _, crmId: __, pendingFor: ___, ...rest } = intent as Intent;
  return rest;
}

function entry(userId: string, more: Partial<User> = {}) {
  const email = more.email ?? `${encodeURIComponent(userId).toLowerCase()}@example.com`;
  return { userId, timeZone: 'Europe/Zurich', enabled: true, version: 1, ...more, email };
}

function change(crmId: string, version: number, more: Partial<CrmChange> = {}): CrmChange {
  return {
    specVersion: '1',
    changeId: `${crmId}-${version}`.slice(0, 200),
    userId: 'u',
    record: 'appointment',
    op: 'upsert',
    crmId,
    version,
    data: { subject: `v${version}` },
    ...more,
  };
}

function link(userId: string, crmId: string, googleId?: string): Link {
  return {
    id: linkId('appointment', { crmId }),
    userId,
    record: 'appointment',
    state: 'live',
    origin: 'crm',
    crmId,
    ...(googleId !== undefined && { googleId }),
    generation: 0,
    crm: {},
    google: {},
    offered: {},
    changes: 0,
  };
}

function channel(id: string, userId: string): Channel {
  const until = { madeAt: T0, renewAt: T0 + 5, expiresAt: T0 + 9, expireAt: T0 + 10 };
  return { id, userId, record: 'appointment', resourceId: 'r', secret: 'ab', ...until };
}

function oauthState(id: string): OAuthState {
  return { id, session: 'c', verifier: 'v', nonce: 'n', expireAt: T0 + 10 };
}

function deadLetter(id: string, receivedAt: number): DeadLetter {
  return { id, topic: 't', reason: 'schema', data: 'AAAA', receivedAt, expireAt: receivedAt + 1 };
}

function journalPage(run: number, part: number): JournalPage {
  const entries = [
    {
      record: 'appointment' as const,
      linkId: 'l',
      rule: 'merge' as const,
      wrote: 'patch' as const,
      before: { subject: 'a', cut: '\ud83d', __x__: [[1]] },
      after: null,
    },
  ];
  const page = { userId: 'u', run, part, at: T0 + run, expireAt: T0 + 100_000 };
  return { ...page, size: 1, entries };
}

async function take(store: Store, userId: string, holder = 'h'): Promise<Lease> {
  const lease = await store.acquireLease(userId, holder, T0, TTL);
  assert.ok(lease, 'the lease is free');
  return lease;
}
