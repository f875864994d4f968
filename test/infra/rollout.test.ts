/**
 * Rolling out: documents exactly as each released schema version wrote them, read, used and written by
 * today's code. Frozen: a change of the schema adds a version here, and never edits an old one. That a
 * newer version is refused and left alone is in test/contract/store.firestore.test.ts.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { type DocumentData, Firestore, Timestamp } from '@google-cloud/firestore';
import { SCHEMA_VERSION } from '../../functions/state/documents.ts';
import { createFirestoreStore } from '../../functions/state/firestore.ts';
import { requireEmulators, startFirestore } from '../support/emulators.ts';

const NOW = Date.parse('2027-01-11T08:00:00Z');
const sha = (...parts: string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');
const moment = { dateTime: '2027-01-11T09:00:00+01:00', timeZone: 'Europe/Zurich' };

/** Documents by schema version and path. */
const written: { [version: number]: { [path: string]: DocumentData } } = {
  1: {
    'users/anna': {
      userId: 'anna',
      email: 'anna@firma.example',
      timeZone: 'Europe/Zurich',
      enabled: true,
      version: 3,
      state: 'active',
      googleSub: '1234567890',
      googleEmail: 'anna@firma.example',
      scopes: ['https://www.googleapis.com/auth/calendar.events.owned'],
      nextPollAt: NOW - 1000,
      dueAt: NOW - 1000,
      connectedAt: NOW - 86_400_000,
    },
    [`emails/${sha('anna@firma.example')}`]: { userId: 'anna' },
    [`intents/appointment~${sha('visit-1')}`]: {
      record: 'appointment',
      crmId: 'visit-1',
      userId: 'anna',
      version: 7,
      op: 'upsert',
      data: JSON.stringify({ subject: 'Visit', start: moment, end: moment }),
      fieldVersions: JSON.stringify({ subject: 7, start: 6, end: 6 }),
      floor: 0,
      revision: 2,
      pendingFor: ['anna'],
    },
    'users/anna/links/appointment-c-1': {
      id: 'appointment-c-1',
      userId: 'anna',
      record: 'appointment',
      state: 'live',
      origin: 'crm',
      crmId: 'visit-1',
      googleId: 'abc0123',
      generation: 0,
      etag: '"1"',
      crm: JSON.stringify({ subject: 'Visit' }),
      google: JSON.stringify({ subject: 'Visit' }),
      offered: '{}',
      changes: 1,
      crmVersion: 6,
    },
    'users/anna/cursors/appointment': {
      userId: 'anna',
      record: 'appointment',
      token: 'sync-token',
      params: JSON.stringify({ singleEvents: 'false' }),
      fullSyncAt: NOW - 5000,
    },
    'leases/anna': { userId: 'anna', holder: 'old-revision', fence: 41, expiresAt: NOW - 1 },
    'sessions/s': { id: 's', userId: 'anna', csrf: 'c', expireAt: NOW + 1000 },
    'oauthStates/o': {
      id: 'o',
      session: 's',
      verifier: 'v',
      nonce: 'n',
      expireAt: NOW + 1000,
    },
  },
};

test('there are documents of every schema version up to the present one', () => {
  const versions = Array.from({ length: SCHEMA_VERSION }, (_, i) => `${i + 1}`);
  assert.deepEqual(Object.keys(written), versions);
});

for (const [version, documents] of Object.entries(written)) {
  test(`schema ${version}: today's code goes on where that one stopped`, {
    skip: requireEmulators(),
  }, async () => {
    const emulator = await startFirestore();
    process.env.FIRESTORE_EMULATOR_HOST = emulator.host;
    const db = new Firestore({ projectId: `rollout-${version}-${process.pid}` });
    try {
      for (const [path, { expireAt, ...fields }] of Object.entries(documents)) {
        const ttl = expireAt === undefined ? {} : { expireAt: Timestamp.fromMillis(expireAt) };
        await db.doc(path).set({ schemaVersion: Number(version), ...fields, ...ttl });
      }
      const store = createFirestoreStore(db);
      assert.deepEqual(
        (await store.dueUsers(NOW, 10)).map((u) => u.userId),
        ['anna'],
      );
      assert.equal((await store.usersByEmail(['anna@firma.example']))[0]?.googleSub, '1234567890');
      assert.equal((await store.getSession('s', NOW))?.csrf, 'c');
      assert.equal((await store.takeOAuthState('o', NOW))?.verifier, 'v');

      // The old revision's lease has run out: its fence is the floor of the next.
      const lease = await store.acquireLease('anna', 'new-revision', NOW, 60_000);
      assert.equal(lease?.fence, 42);
      const [intent] = await store.pendingIntents('anna', 10);
      assert.equal(intent?.data.subject, 'Visit');
      const [link] = await store.linksByCrmId('anna', 'appointment', ['visit-1']);
      assert.deepEqual(link?.crm, { subject: 'Visit' });
      const cursor = await store.getCursor('anna', 'appointment');
      assert.deepEqual(cursor?.params, { singleEvents: 'false' });

      assert.ok(lease && intent && link && cursor);
      const commit = {
        links: [{ ...link, crmVersion: 7, etag: '"2"' }],
        consumed: [intent],
        cursor: { ...cursor, token: 'next-token' },
        user: { lastSyncAt: NOW, nextPollAt: NOW + 300_000 },
      };
      assert.deepEqual(await store.commit(lease, commit, true), { released: true });
      assert.deepEqual(await store.pendingIntents('anna', 10), []);
      assert.deepEqual(await store.dueUsers(NOW, 10), []);
      const change = {
        specVersion: '1' as const,
        changeId: 'c',
        userId: 'anna',
        record: 'appointment' as const,
        op: 'upsert' as const,
        crmId: 'visit-1',
      };
      const put = (v: number) =>
        store.putIntents([{ ...change, version: v, data: { place: 'Bern' } }]);
      assert.deepEqual(await put(7), ['stale'], 'a version is compared across the schema change');
      assert.deepEqual(await put(8), ['stored']);
      const [again] = await store.getIntents('appointment', ['visit-1']);
      assert.deepEqual([again?.data.subject, again?.data.place], ['Visit', 'Bern']);
    } finally {
      await db.terminate();
      await emulator.stop();
    }
  });
}
