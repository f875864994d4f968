/** State in memory: for simulations, and for local runs on a machine without an emulator. */
import { type Claim, claimed } from '../core/claim.ts';
import type { RecordType } from '../core/fields.ts';
import type { JournalPage } from '../core/journal.ts';
import type { CrmChange } from '../core/messages.ts';
import { byAge, type OutboxPage } from '../core/outbox.ts';
import type {
  Channel,
  Cursor,
  DeadLetter,
  Intent,
  Lease,
  Link,
  OAuthState,
  Session,
  User,
} from '../core/records.ts';
import { SyncError } from '../errors.ts';
import type { Commit, Store } from '../sync/ports.ts';
import * as rules from './rules.ts';
import { Table } from './table.ts';

/** A store whose whole content can be taken out as text and put back (crash tests). */
export interface MemoryStore extends Store {
  /** The same steps give the same text. */
  dump(): string;
  load(text: string): void;
}

type Tables = ReturnType<typeof emptyTables>;

const ofUser = ({ userId }: { userId: string }) => [userId];

function emptyTables() {
  return {
    users: new Table<User>((u) => [u.userId]),
    intents: new Table<Intent>(
      (i) => [i.record, i.crmId],
      (i) => [i.userId, ...i.pendingFor],
    ),
    links: new Table<Link>((l) => [l.userId, l.id], ofUser),
    claims: new Table<Claim>((c) => [c.record, c.key]),
    cursors: new Table<Cursor>((c) => [c.userId, c.record]),
    channels: new Table<Channel>((c) => [c.id], ofUser),
    leases: new Table<Lease>((l) => [l.userId]),
    oauthStates: new Table<OAuthState>((s) => [s.id]),
    sessions: new Table<Session>((s) => [s.id]),
    deadLetters: new Table<DeadLetter>((d) => [d.id]),
    journal: new Table<JournalPage>((p) => [p.userId, String(p.run), String(p.part)], ofUser),
    outbox: new Table<OutboxPage>((p) => [p.userId, String(p.run), String(p.part)], ofUser),
  };
}

/**
 * An empty store. Each method does its work before it returns its promise, so methods are atomic
 * because JavaScript is; values are copied on the way in and out.
 */
export function createMemoryStore(): MemoryStore {
  const tables = emptyTables();
  return {
    ...users(tables),
    ...intents(tables),
    ...links(tables),
    ...claims(tables),
    ...leases(tables),
    ...channels(tables),
    commit: async (lease, commit, release) => applyCommit(tables, lease, commit, release),
    ...pages(tables),
    ...erasing(tables),
    ...deadLetters(tables),
    ...journal(tables),
    outboxOf: async (userId) => tables.outbox.of(userId).sort(byAge),
    sweep: async (now, limit) => sweep(tables, now, limit),
    dump: () => JSON.stringify(tables),
    load(text) {
      const rows = JSON.parse(text) as { [name: string]: never[] };
      for (const [name, table] of Object.entries(tables)) table.replaceAll(rows[name] ?? []);
    },
  };
}

function users({ users, leases }: Tables) {
  const taken = (email: string, userId: string) =>
    users.where((u) => u.email === email && u.userId !== userId).length > 0;
  const page = (limit: number, after: string | undefined, wanted: (user: User) => boolean) =>
    users
      .where((u) => wanted(u) && (after === undefined || rules.byText(u.userId, after) > 0))
      .sort((a, b) => rules.byText(a.userId, b.userId))
      .slice(0, limit);
  return {
    getUser: async (userId) => users.get(userId),
    async usersByEmail(emails) {
      const wanted = new Set(emails.map((email) => email.toLowerCase()));
      return users.where((u) => wanted.has(u.email) || wanted.has(u.googleEmail ?? ''));
    },
    async updateUser(userId, change) {
      const stored = users.get(userId);
      const changed = change(users.get(userId));
      if (!changed) return stored;
      const user = rules.checkedUser(stored, changed);
      if (taken(user.email, userId)) throw new SyncError('later', 'emailTaken');
      users.put(user);
      return users.get(userId);
    },
    async putUser(entry) {
      const lease = leases.get(entry.userId);
      const entered = rules.enterUser(users.get(entry.userId), lease, entry);
      if (typeof entered === 'string') return entered;
      if (taken(entered.user.email, entry.userId)) return 'emailTaken';
      users.put(entered.user);
      if (entered.lease) leases.put(entered.lease);
      return 'stored';
    },
    dueUsers: async (now, limit, after) =>
      page(limit, after, (u) => (rules.dueAt(u) ?? Number.POSITIVE_INFINITY) <= now),
    listUsers: async (limit, after) => page(limit, after, () => true),
  } satisfies Partial<Store>;
}

function intents({ intents }: Tables) {
  return {
    async putIntents(changes: CrmChange[]) {
      return changes.flatMap((change) => {
        const stored = intents.get(change.record, change.crmId);
        const { intent, outcomes } = rules.mergeChanges(stored, [change]);
        if (intent) intents.put(intent);
        return outcomes;
      });
    },
    pendingIntents: async (userId, limit, records) =>
      pending(intents, userId)
        .filter(({ record }) => records?.includes(record) ?? true)
        .slice(0, limit),
    getIntents: async (record, crmIds) =>
      [...new Set(crmIds)].flatMap((crmId) => intents.get(record, crmId) ?? []),
    async wakeIntents(userId, now, limit, all = false) {
      const asleep = intents.of(
        userId,
        (i) =>
          i.userId === userId &&
          (all || (i.wakeAt ?? Number.POSITIVE_INFINITY) <= now) &&
          rules.isIdle(i),
      );
      const woken = asleep.slice(0, limit);
      for (const intent of woken) intents.put(rules.wakeIntent(intent));
      return woken.length;
    },
  } satisfies Partial<Store>;
}

function pending(intents: Table<Intent>, userId: string): Intent[] {
  return intents.of(userId, (i) => i.pendingFor.includes(userId));
}

function links({ links, cursors }: Tables) {
  const by =
    (field: 'crmId' | 'googleId' | 'group') =>
    async (userId: string, record: RecordType, values: string[]) => {
      const wanted = new Set<string | undefined>(values);
      return links.of(userId, (l) => l.record === record && wanted.has(l[field]));
    };
  return {
    linksByCrmId: by('crmId'),
    linksByGoogleId: by('googleId'),
    linksByGroup: by('group'),
    linksByLikeness: async (userId, record, values) =>
      links.of(
        userId,
        (l) => l.record === record && l.likeness?.some((value) => values.includes(value)) === true,
      ),
    listLinks: async (userId, record, limit, after = '') =>
      links
        .of(userId, (l) => l.record === record && rules.byText(l.id, after) > 0)
        .sort((a, b) => rules.byText(a.id, b.id))
        .slice(0, limit),
    getCursor: async (userId, record) => cursors.get(userId, record),
  } satisfies Partial<Store>;
}

function claims({ claims }: Tables) {
  return {
    getClaims: async (record, keys) =>
      [...new Set(keys)].flatMap((key) => claims.get(record, key) ?? []),
    claim: async (wanted) =>
      wanted.map((one) => {
        const claim = claimed(claims.get(one.record, one.key), one);
        claims.put(claim);
        return claim;
      }),
    async unclaim(record, userId, keys) {
      for (const key of keys)
        if (claims.get(record, key)?.userId === userId) claims.delete(record, key);
    },
  } satisfies Partial<Store>;
}

function leases({ leases }: Tables) {
  return {
    getLease: async (userId) => leases.get(userId),
    async acquireLease(userId, holder, now, ttlMs) {
      const lease = rules.takeLease(leases.get(userId), { userId, holder }, now, ttlMs);
      if (lease) leases.put(lease);
      return lease;
    },
    async renewLease(lease, now, ttlMs) {
      const held = rules.isHeld(leases.get(lease.userId), lease);
      if (held) leases.put({ ...lease, expiresAt: now + ttlMs });
      return held;
    },
    async dropLease(lease) {
      if (rules.isHeld(leases.get(lease.userId), lease)) leases.put(rules.givenBack(lease));
    },
  } satisfies Partial<Store>;
}

function channels({ channels }: Tables) {
  return {
    getChannel: async (id) => channels.get(id),
    channelsOf: async (userId) => channels.of(userId),
  } satisfies Partial<Store>;
}

function applyCommit(tables: Tables, lease: Lease, commit: Commit, release: boolean) {
  const { userId } = lease;
  if (!rules.isNewest(tables.leases.get(userId), lease)) throw new SyncError('later', 'leaseLost');
  // Whatever can throw comes first: nothing is applied in part.
  const changed = rules.changesUser(commit);
  const user = changed ? rules.patchUser(tables.users.get(userId), commit) : undefined;
  if (user) tables.users.put(user);
  if (commit.cursor) tables.cursors.put(commit.cursor);
  for (const id of commit.removedLinks ?? []) tables.links.delete(userId, id);
  for (const link of commit.links ?? []) tables.links.put(link);
  for (const id of commit.removedChannels ?? []) tables.channels.delete(id);
  for (const channel of commit.channels ?? []) tables.channels.put(channel);
  for (const page of commit.journal ?? []) tables.journal.put(page);
  for (const page of commit.outbox ?? []) tables.outbox.put(page);
  for (const { run, part } of commit.sent ?? [])
    tables.outbox.delete(userId, String(run), String(part));
  for (const consumed of commit.consumed ?? []) {
    const stored = tables.intents.get(consumed.record, consumed.crmId);
    const intent = rules.consumeIntent(stored, userId, consumed);
    if (intent) tables.intents.put(intent);
  }
  const released = release && pending(tables.intents, userId).length === 0;
  if (released) tables.leases.put(rules.givenBack(lease));
  else if (rules.changesLease(commit)) tables.leases.put(lease);
  return { released };
}

/** What the authorize pages keep. */
function pages({ oauthStates, sessions }: Tables) {
  return {
    putOAuthState: async (state) => oauthStates.put(state),
    async takeOAuthState(id, now) {
      const state = oauthStates.get(id);
      oauthStates.delete(id);
      return state && state.expireAt > now ? state : undefined;
    },
    putSession: async (session) => sessions.put(session),
    async getSession(id, now) {
      const session = sessions.get(id);
      return session && session.expireAt > now ? session : undefined;
    },
    deleteSession: async (id) => sessions.delete(id),
  } satisfies Partial<Store>;
}

function erasing(tables: Tables) {
  const { users, leases, intents, claims } = tables;
  return {
    async eraseSome(userId, limit) {
      if (!rules.mayErase(users.get(userId))) return 0;
      let left = limit;
      for (const name of ['links', 'cursors', 'journal', 'outbox', 'channels', 'sessions'] as const)
        left -= tables[name].deleteWhere((row) => row.userId === userId, left);
      const named = (i: Intent) =>
        i.userId === userId || i.owners?.includes(userId) || i.pendingFor.includes(userId);
      for (const intent of intents.where((i) => named(i) === true).slice(0, left)) {
        const rest = rules.intentWithout(intent, userId);
        if (rest) intents.put(rest);
        else intents.delete(intent.record, intent.crmId);
        left -= 1;
      }
      const held = (c: Claim) => c.userId === userId || c.before?.userId === userId;
      for (const claim of claims.where(held).slice(0, left)) {
        const rest = rules.claimWithout(claim, userId);
        if (rest) claims.put(rest);
        else claims.delete(claim.record, claim.key);
        left -= 1;
      }
      return limit - left;
    },
    async eraseUser(userId, now, expireAt) {
      const user = users.get(userId);
      if (!user?.erase) return;
      users.delete(userId);
      leases.put(rules.erasedLease(user, leases.get(userId), now, expireAt));
    },
  } satisfies Partial<Store>;
}

function deadLetters({ deadLetters }: Tables) {
  return {
    putDeadLetter: async (letter) => deadLetters.put(letter),
    listDeadLetters: async (limit) =>
      deadLetters
        .where(() => true)
        .sort((a, b) => b.receivedAt - a.receivedAt)
        .slice(0, limit),
    deadLettersOf: async (userId, limit) =>
      deadLetters.where((letter) => letter.userIds?.includes(userId) === true).slice(0, limit),
    getDeadLetter: async (id) => deadLetters.get(id),
    deleteDeadLetter: async (id) => deadLetters.delete(id),
  } satisfies Partial<Store>;
}

function journal({ journal }: Tables) {
  return {
    journalRuns: async (userId, limit) => rules.runsOf(journal.of(userId)).slice(0, limit),
    journalOf: async (userId, run) =>
      journal.of(userId, (p) => p.run === run).sort((a, b) => a.part - b.part),
  } satisfies Partial<Store>;
}

function sweep(tables: Tables, now: number, limit: number): number {
  let left = limit;
  for (const name of [
    'links',
    'claims',
    'channels',
    'oauthStates',
    'sessions',
    'deadLetters',
    'journal',
    'leases',
  ] as const) {
    left -= tables[name].deleteWhere((row) => (row.expireAt ?? now + 1) <= now, left);
  }
  return limit - left;
}
