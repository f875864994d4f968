/** What only the Firestore store has to get right: ids, documents, schema versions, failures. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { type Firestore, Timestamp } from '@google-cloud/firestore';
import fc from 'fast-check';
import { linkId } from '../../functions/core/link.ts';
import type { CrmChange } from '../../functions/core/messages.ts';
import type { Lease, Link } from '../../functions/core/records.ts';
import { isSyncError, SyncError } from '../../functions/errors.ts';
import { firestoreClient } from '../../functions/state/client.ts';
import { docId } from '../../functions/state/documents.ts';
import { asSyncError } from '../../functions/state/failures.ts';
import { createFirestoreStore } from '../../functions/state/firestore.ts';
import { fieldOverrides, indexes } from '../../functions/state/indexes.ts';
import {
  type Emulator,
  freshProject,
  requireEmulators,
  startFirestore,
} from '../support/emulators.ts';
import { SEED } from '../support/seed.ts';

const T0 = Date.parse('2026-11-24T09:00:00Z');

describe('document ids', () => {
  const odd = fc.constantFrom('.', '..', '/', '__x__', '~', '%2E', '\ud83d', '€', '_', 'a');
  const text = fc
    .array(fc.oneof(odd, fc.string({ unit: 'binary' })), { minLength: 1 })
    .map((p) => p.join(''))
    .filter((t) => t !== '');

  it('are legal for any text', () => {
    fc.assert(
      fc.property(text, (id) => {
        const safe = docId(id);
        assert.match(safe, /^[^/]{1,1500}$/);
        assert.doesNotMatch(safe, /^(\.\.?|__.*__)$/);
      }),
      { seed: SEED },
    );
  });

  it('differ where the texts differ', () => {
    fc.assert(
      fc.property(text, text, (a, b) => assert.equal(docId(a) === docId(b), a === b)),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('are readable where they can be', () => {
    assert.equal(docId('ann_1-x'), 'ann_1-x');
    assert.equal(docId('a.b/c'), 'a%2Eb%2Fc');
  });
});

it('indexes and field settings are the deployed ones', () => {
  const file = new URL('../../infra/firestore.indexes.json', import.meta.url);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { indexes, fieldOverrides });
});

describe('failures', () => {
  const failure = (code: unknown, message = 'text with a name') =>
    Object.assign(new Error(message), { code });

  it('that pass become `later` without the text of the error', () => {
    for (const [code, reason] of [
      [10, 'contention'],
      [14, 'unavailable'],
      ['ECONNRESET', 'network'],
    ]) {
      const error = asSyncError(failure(code));
      assert.ok(isSyncError(error, 'later') && error.reason === reason, String(code));
      assert.doesNotMatch(error.message, /name/);
    }
    const expired = 'The referenced transaction has expired or is no longer valid.';
    assert.ok(isSyncError(asSyncError(failure(3, expired)), 'later'));
  });

  it('that never come: a call ends all the same', async () => {
    const silent = { get: () => new Promise(() => {}) };
    const db = { collection: () => ({ doc: () => silent }) } as unknown as Firestore;
    const call = createFirestoreStore(db, 5).getUser('u');
    await assert.rejects(call, (e) => isSyncError(e, 'later') && e.reason === 'deadline');
  });

  it('that are mistakes stay what they are', () => {
    for (const error of [failure(3), failure(12), new TypeError('x'), new SyncError('park', 'x')]) {
      assert.equal(asSyncError(error), error);
    }
  });
});

describe('Firestore documents', { skip: requireEmulators() }, () => {
  let emulator: Emulator | undefined;
  const clients: Firestore[] = [];
  const fresh = () => {
    const db = firestoreClient(freshProject());
    clients.push(db);
    return { db, store: createFirestoreStore(db) };
  };
  before(async () => {
    emulator = await startFirestore();
    process.env.FIRESTORE_EMULATOR_HOST = emulator.host;
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.terminate()));
    await emulator?.stop();
  });

  it('carry their schema version, and expireAt as the timestamp that a TTL needs', async () => {
    const { db, store } = fresh();
    await fill(store);
    const groups = [
      'users',
      'emails',
      'intents',
      'links',
      'cursors',
      'leases',
      'oauthStates',
      'sessions',
      'deadLetters',
    ];
    for (const group of groups) {
      const { docs } = await db.collectionGroup(group).get();
      assert.equal(docs.length, 1, group);
      assert.equal(docs[0]?.get('schemaVersion'), 1, group);
      const expireAt = docs[0]?.get('expireAt');
      if (expireAt !== undefined) assert.deepEqual(expireAt, Timestamp.fromMillis(T0 + 10), group);
    }
  });

  it('of a newer schema are refused and never overwritten', async () => {
    const { db, store } = fresh();
    const lease = await fill(store);
    const before = new Map<string, unknown>();
    for (const { ref } of await allDocuments(db)) {
      await ref.update({ schemaVersion: 2, more: 'x' });
      before.set(ref.path, (await ref.get()).data());
    }
    const calls: { [name: string]: () => Promise<unknown> } = {
      getUser: () => store.getUser('u'),
      usersByEmail: () => store.usersByEmail(['u@example.com']),
      updateUser: () => store.updateUser('u', (u) => u),
      putUser: () => store.putUser(user(2)),
      putOther: () => store.putUser({ ...user(1), userId: 'v' }),
      dueUsers: () => store.dueUsers(T0, 1),
      listUsers: () => store.listUsers(1),
      putIntents: () => store.putIntents([change(2), change(3)]),
      pendingIntents: () => store.pendingIntents('u', 1),
      getIntents: () => store.getIntents('appointment', ['a']),
      linksByCrmId: () => store.linksByCrmId('u', 'appointment', ['a']),
      linksByGroup: () => store.linksByGroup('u', 'appointment', ['s']),
      listLinks: () => store.listLinks('u', 'appointment', 1),
      getCursor: () => store.getCursor('u', 'appointment'),
      acquireLease: () => store.acquireLease('u', 'two', T0 + 99, 1),
      renewLease: () => store.renewLease(lease, T0, 1),
      dropLease: () => store.dropLease(lease),
      commit: () => store.commit(lease, content, false),
      release: () => store.commit(lease, {}, true),
      putOAuthState: () => store.putOAuthState(oauthState),
      takeOAuthState: () => store.takeOAuthState('s', T0),
      putSession: () => store.putSession(session),
      getSession: () => store.getSession('s', T0),
      putDeadLetter: () => store.putDeadLetter(letter),
      listDeadLetters: () => store.listDeadLetters(1),
    };
    for (const [name, call] of Object.entries(calls)) {
      await assert.rejects(
        call,
        (e) => isSyncError(e, 'later') && e.reason === 'newerSchema',
        name,
      );
    }
    const now = await allDocuments(db);
    assert.equal(now.length, before.size);
    for (const at of now) assert.deepEqual(at.data(), before.get(at.ref.path), at.ref.path);
  });
});

const content = {
  links: [link()],
  cursor: { userId: 'u', record: 'appointment' as const, params: {} },
  user: { state: 'active' as const, nextPollAt: T0 },
};
const oauthState = { id: 's', session: 'c', verifier: 'v', nonce: 'n', expireAt: T0 + 10 };
const session = { id: 's', userId: 'u', csrf: 'c', expireAt: T0 + 10 };
const letter = {
  id: 'd',
  topic: 't',
  reason: 'schema',
  data: 'AAAA',
  receivedAt: T0,
  expireAt: T0 + 10,
};

/** One document of each kind. */
async function fill(store: ReturnType<typeof createFirestoreStore>): Promise<Lease> {
  await store.putUser(user(1));
  await store.putIntents([change(1)]);
  const lease = (await store.acquireLease('u', 'one', T0, 10)) as Lease;
  await store.commit(lease, content, false);
  await store.putOAuthState(oauthState);
  await store.putSession(session);
  await store.putDeadLetter(letter);
  return lease;
}

async function allDocuments(db: Firestore) {
  const groups = await db.listCollections();
  const found = await Promise.all(groups.map((group) => group.get()));
  const nested = await Promise.all(['links', 'cursors'].map((g) => db.collectionGroup(g).get()));
  return [...found, ...nested].flatMap(({ docs }) => docs);
}

function user(version: number) {
  return { userId: 'u', email: 'u@example.com', timeZone: 'UTC', enabled: true, version };
}

function change(version: number): CrmChange {
  return {
    specVersion: '1',
    changeId: 'c',
    userId: 'u',
    record: 'appointment',
    op: 'upsert',
    crmId: 'a',
    version,
    data: { subject: 'x' },
  };
}

function link(): Link {
  return {
    id: linkId('appointment', { crmId: 'a' }),
    userId: 'u',
    record: 'appointment',
    state: 'deleted',
    origin: 'crm',
    crmId: 'a',
    group: 's',
    generation: 0,
    crm: {},
    google: {},
    offered: {},
    changes: 0,
    expireAt: T0 + 10,
  };
}
