/**
 * The whole system in one thread: the real functions on the in-memory store and vault, the Workspace and
 * the CRM simulator, queues, processes and people, with everything that happens written down.
 */
import { createHash } from 'node:crypto';
import { dueNow } from '../../functions/core/polls.ts';
import { createMemoryStore } from '../../functions/state/memory.ts';
import type { Action } from '../../functions/triggers/admin-actions.ts';
import { createMemoryTokenVault } from '../../functions/vault/memory.ts';
import { Crm } from '../sandbox/crm/crm.ts';
import type { Fault as GoogleFault } from '../sandbox/faults/faults.ts';
import type { Calendar } from '../sandbox/google/calendar/model.ts';
import type { Call } from '../sandbox/google/protocol.ts';
import { seeded } from '../sandbox/google/random.ts';
import { createWorkspace } from '../sandbox/google/workspace.ts';
import { Effects } from './effects.ts';
import { Faults } from './faults.ts';
import type { Edit, Entry, Final, Raw, UserEvent } from './history.ts';
import { isForged, Notifications, PUSH_URL, refuseChannel } from './notifications.ts';
import { Queues } from './queues.ts';
import { rest, Scheduler } from './scheduler.ts';
import type { Script } from './script.ts';
import { type Stored, storedContacts, storedTasks, TypeEffects } from './types/objects.ts';
import type { OtherType } from './types/values.ts';
import { DAY_MS, MONDAY } from './values.ts';
import { watched } from './watched.ts';
import { carried, type Outside, type Task, Worker } from './worker.ts';

const NAMES = ['anna', 'luca', 'mira', 'theo'];
/** Between two polls of a user who has no channel, by the settings; ms. */
export const POLL = 300_000;
/** No request is on its way for longer, ms: we give up after half of that, and so do servers. */
const REQUEST_LIFE = 60_000;
/** More turns than any script needs: whoever takes more is in a loop. */
const MAX_TURNS = 30_000;

export interface SystemOptions
  extends Pick<
    Script,
    | 'seed'
    | 'users'
    | 'workers'
    | 'rough'
    | 'echo'
    | 'onDeletedInCrm'
    | 'policy'
    | 'recurrence'
    | 'channels'
    | 'calendar'
    | 'records'
    | 'google'
    | 'mostOnPage'
  > {
  /** The first user is invited to a meeting of somebody outside (default). */
  meeting?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: without `kind`, `seq` and `at`, whichever entry it is.
type Noted = any;

export class System {
  readonly options: SystemOptions;
  readonly scheduler = new Scheduler(MONDAY);
  readonly faults = new Faults();
  readonly queues: Queues;
  readonly crm: Crm;
  readonly store = watched(createMemoryStore(), (state) => this.note('state', state));
  readonly vault = createMemoryTokenVault();
  readonly workspace;
  readonly entries: Entry[] = [];
  readonly bugs: string[] = [];
  readonly users: string[];
  readonly records: NonNullable<Script['records']>;
  readonly trace = createHash('sha256');
  /** Names of the port calls, in order. */
  readonly ports: string[] = [];
  /** Undefined: Google does not notify. */
  readonly notifications: Notifications | undefined;
  /** Users for whom Google makes no channel, and whose notifications all get lost. */
  readonly unwatchable = new Set<string>();
  readonly deaf = new Set<string>();
  /** Users who have taken a scope back since they connected. */
  readonly withdrawn = new Set<string>();
  readonly #outside: Outside;
  readonly #schedule: () => number;
  /** Ids of the google-changes, each once. */
  readonly told = new Set<string>();
  readonly #typeEffects = new TypeEffects();
  readonly #effects = new Effects();
  /** By user: the calendar that the sync has made, and one that the user has. */
  readonly #homes = new Map<string, string>();
  readonly #aside = new Map<string, Calendar>();
  /** When a task looked last at contacts, as a step of the history. */
  readonly #looks = new WeakMap<Task, number>();
  /** Tasks that handle a false notification. */
  readonly #forged = new Set<number>();
  #workers: Worker[] = [];
  #seenChanges = 0;
  #tasks = 0;
  /** By how much Google's clock differs from ours, ms. */
  skew = 0;
  /** What the last preview promised. */
  previewed: Raw = {};
  /** What is at Google and is none of the sync's business. */
  foreign: Final['foreign'] = [];
  /** All that was logged: searched for tokens in the end. */
  logged = '';
  /** For a person who looks at one run. */
  lines: string[] | undefined;

  constructor(options: SystemOptions) {
    const { seed } = options;
    this.options = options;
    this.#schedule = seeded(seed * 7 + 1);
    this.queues = new Queues(seeded(seed * 7 + 2), options.rough);
    this.users = NAMES.slice(0, options.users);
    this.records = options.records ?? ['appointment'];
    const now = () => this.scheduler.now;
    this.workspace = createWorkspace({
      now: () => now() + this.skew,
      random: seeded(seed * 7 + 3),
      clientId: 'client',
      clientSecret: 'secret',
      redirectUris: ['https://sync.example/callback'],
    });
    this.workspace.quota.enabled = false;
    this.workspace.mostOnPage = options.mostOnPage ?? Number.POSITIVE_INFINITY;
    this.workspace.faults.onStrike = (fault, point) => this.#answered(fault, point as Call);
    this.#watchGrants();
    const { delayMs, skewMs, batches } = options.google ?? {};
    Object.assign(this.workspace.people, delayMs !== undefined && { delayMs });
    Object.assign(this.workspace.tasks, options.google && { skewMs, batchAnswers: batches });
    this.crm = new Crm({
      now,
      random: seeded(seed * 7 + 4),
      echo: options.echo,
      onDeletedInCrm: options.onDeletedInCrm,
      // Each record has a link of its own, also the one that is restored under another name.
      recordUrl: (crmId) => `https://crm.example/${crmId}`,
      publish: (message) => this.#fromCrm(message as Raw),
    });
    this.#outside = this.#makeOutside(seeded(seed * 7 + 5));
    if (options.channels) {
      const notifications = new Notifications(this.queues, seeded(seed * 7 + 6));
      this.notifications = notifications;
      this.workspace.notify = ({ id, user }, headers) => {
        if (this.deaf.has(nameOf(user))) return;
        const ends = this.workspace.calendars.channels.get(id)?.expiration ?? 0;
        notifications.send(headers, ends, now());
      };
    }
    this.workspace.before = async (call) => {
      const task = carried.taskOf(this.workspace, call);
      await task?.worker.googlePoint(task, call, 'before');
      if (this.unwatchable.has(nameOf(call.user ?? ''))) refuseChannel(call);
    };
    this.workspace.after = async (call) => {
      const task = carried.taskOf(this.workspace, call);
      if (task) this.#outside.onEffect(task, call);
      await task?.worker.googlePoint(task, call, 'after');
    };
    for (let i = 0; i < options.workers; i++) this.#workers.push(this.#newWorker());
  }

  // ---- the world outside the engine -----------------------------------------------------------

  #makeOutside(random: () => number): Outside {
    const { scheduler, faults, workspace, store, vault } = this;
    return {
      scheduler,
      faults,
      workspace,
      store,
      vault,
      random,
      calendar: {
        calendar: this.options.calendar ?? 'primary',
        name: 'CRM',
        recurrence: this.options.recurrence ?? 'occurrences',
      },
      records: this.records,
      task: undefined,
      publisher: {
        googleChanges: async (changes) => {
          for (const change of changes) this.#toCrm(structuredClone(change));
        },
        syncUsers: async (userIds) => {
          for (const userId of userIds) this.hint(userId);
        },
      },
      settings: {
        pushUrl: this.options.channels && PUSH_URL,
        windowDaysBack: 30,
        windowDaysAhead: 365,
        pollMs: POLL,
        safetyMs: 12 * 3_600_000,
        leaseMs: 120_000,
        runMs: 240_000,
        tombstoneMs: 90 * DAY_MS,
        inviteExternal: false,
        policy: this.options.policy,
      },
      onPort: (where, name, task) => {
        // To know whom a notification is of is all that a false one may cost.
        if (task && this.#forged.has(task.id) && name !== 'getChannel')
          this.note('forged', { task: task.id, call: `${where} ${name}` });
        return this.ports.push(`${where} ${name}`) - 1;
      },
      onLog: (event, fields) => {
        this.logged += JSON.stringify(fields);
        const { kind, reason } = fields as { kind?: string; reason?: string };
        if (event === 'function.failed' && kind === 'bug') this.bugs.push(String(reason));
        if (event === 'sync.run' || event === 'function.failed') this.log(event, fields);
      },
      onIssue: (task, call) => {
        // Access is the process's own, not a run's.
        if (call.url.endsWith('/token') || call.url.endsWith('/revoke')) return;
        const { lease } = task;
        const leaseUntil = lease?.expiresAt ?? 0;
        const method = `${call.method} ${new URL(call.url).pathname}`;
        this.note('issue', { task: task.id, user: lease?.userId ?? '', method, leaseUntil });
      },
      onEffect: (task, call) => {
        // Of contacts the body names the etag; deleting them takes none, and is asked for after a look.
        const conditional =
          call.service === 'people' ||
          'if-match' in call.headers ||
          call.method.endsWith('.insert');
        if (call.method === 'people.people.getBatchGet') this.#looks.set(task, this.entries.length);
        this.#noteEffects(task, call.method, call.user ?? '', conditional);
      },
      onCommit: (task, [lease, commit]) => {
        const links = (commit.links ?? []).map(({ record, googleId, etag, state }) => ({
          ...(record !== 'appointment' && { record }),
          googleId,
          etag,
          state,
        }));
        const place = commit.user?.places?.appointment;
        if (place !== undefined) this.#homes.set(lease.userId, place);
        const outbox = commit.outbox?.flatMap((p) => p.messages.map((m) => m.changeId)) ?? [];
        if (links.length + outbox.length > 0)
          this.note('committed', { task: task.id, user: lease.userId, links, outbox });
      },
      onLease: ({ id, lease }) =>
        this.note('lease', { task: id, user: lease?.userId, fence: lease?.fence }),
      onEmptied: ({ lease }) => this.happened(lease?.userId ?? '', 'emptyListing'),
      onCrash: (worker) => this.#crash(worker),
    };
  }

  /** A fault of the sandbox's has struck one of Google's answers. */
  #answered({ kind }: GoogleFault, call: Call): void {
    const user = nameOf(call.user ?? '');
    this.faults.struck += 1;
    this.log('struck', { kind, method: call.method, user });
    const lies = kind === 'short' || (kind === 'empty' && !call.query.has('syncToken'));
    if (lies) this.happened(user, 'emptyListing');
    if (kind === 'revoke' || kind === 'withdraw') this.happened(user, 'revoked');
    if (kind === 'withdraw') this.withdrawn.add(user);
  }

  #newWorker(): Worker {
    return new Worker(`w${this.#tasks}-${this.#workers.length}`, this.#outside);
  }

  #crash(worker: Worker): void {
    this.log('crash', { worker: worker.name });
    this.scheduler.kill(worker);
    this.queues.abandon(worker, this.scheduler.now);
    this.#workers = this.#workers.map((w) => (w === worker ? this.#newWorker() : w));
  }

  note(kind: Entry['kind'], what: Noted): void {
    const entry = { kind, seq: this.entries.length, at: this.scheduler.now, ...what } as Entry;
    this.entries.push(entry);
    this.log(kind, what);
  }

  log(event: string, fields: object): void {
    const line = `${this.scheduler.now - MONDAY} ${event} ${JSON.stringify(fields)}`;
    this.trace.update(line);
    this.lines?.push(line);
  }

  #toCrm(message: Raw): void {
    if (!this.told.has(message.changeId)) {
      this.told.add(message.changeId);
      this.note('told', { task: this.#outside.task?.id, message });
    }
    this.queues.publishToCrm(message, this.scheduler.now);
  }

  #fromCrm(message: Raw): void {
    // As they come first, users are entered by setUp.
    if (message.record === 'user' && message.version === 1) return;
    this.queues.publish('crm-change', JSON.stringify(message), this.scheduler.now);
  }

  /** Writes down when the engine ends a grant. */
  #watchGrants(): void {
    const { oauth } = this.workspace;
    const revoke = oauth.revokeToken.bind(oauth);
    oauth.revokeToken = (token) => {
      const email = oauth.accountOf(token);
      const ended = revoke(token);
      if (ended && email !== undefined) this.happened(nameOf(email), 'ended');
      return ended;
    };
  }

  /** Everything of the user's is due, and the message that says so is out. */
  poll(userId: string): void {
    const { now } = this.scheduler;
    void this.store.updateUser(userId, (user) =>
      user?.nextPollAt === undefined ? undefined : dueNow(user, now),
    );
    this.hint(userId);
  }

  hint(userId: string): void {
    this.queues.publish('sync-user', JSON.stringify({ userId }), this.scheduler.now);
  }

  /** What changed in the calendars since the last look. */
  #noteEffects(task: Task | undefined, method: string, caller: string, conditional: boolean): void {
    const { calendars } = this.workspace;
    this.#noteOthers(task, method, caller, conditional);
    if (calendars.changes === this.#seenChanges) return;
    const by = { task: task?.id, method, caller: caller.split('@')[0] };
    const guard = { fence: task?.lease?.fence, conditional, call: calendars.changes };
    for (const user of this.users) {
      for (const calendar of this.written(user))
        for (const change of this.#effects.since(this.#seenChanges, user, calendar))
          this.note('effect', { ...by, ...change, ...guard });
    }
    this.#seenChanges = calendars.changes;
  }

  #noteOthers(task: Task | undefined, method: string, caller: string, conditional: boolean): void {
    const looked = task && /batchDelete/.test(method) ? this.#looks.get(task) : undefined;
    const by = {
      ...{ task: task?.id, method, caller: caller.split('@')[0] },
      ...(looked !== undefined && { looked }),
    };
    for (const user of this.users)
      for (const record of this.others) {
        // Each change of one object is a write of its own.
        for (const change of this.#typeEffects.since(record, user, this.stored(record, user)))
          this.note('effect', {
            ...by,
            ...change,
            ...{ fence: task?.lease?.fence, conditional, call: this.entries.length },
          });
      }
  }

  /** Google gives all that is the sync's business new etags. */
  touch(userId: string): void {
    const { calendars, people, tasks } = this.workspace;
    const email = emailOf(userId);
    const known = (id: string) => !this.isForeign(userId, id);
    calendars.touchAll(email);
    const book = people.book(email);
    for (const live of people.all(book))
      if (known(live.contact.sourceId)) people.change(book, live, live.version.fields);
    for (const list of tasks.lists(email))
      for (const task of list.tasks.values()) if (known(task.id)) tasks.touch(task);
    this.noteByHand(userId);
  }

  /** A person has done something in an app of Google's. */
  noteByHand(userId: string): void {
    this.#noteEffects(undefined, 'phone', userId, false);
  }

  stored(record: OtherType, user: string): Stored[] {
    const { people, tasks } = this.workspace;
    return record === 'contact'
      ? storedContacts(people, emailOf(user))
      : storedTasks(tasks, emailOf(user));
  }

  isForeign(user: string, id: string): boolean {
    return this.foreign.some((object) => object.user === user && object.id === id);
  }

  get others(): OtherType[] {
    return this.records.filter((record) => record !== 'appointment');
  }

  // ---- users and their calendars ---------------------------------------------------------------

  happened(user: string, what: UserEvent['what'], record?: OtherType): void {
    this.note('user', { user, what, ...(record && { record }) });
  }

  emailOf(userId: string): string {
    return emailOf(userId);
  }

  /** The address of another user. */
  colleagueOf(userId: string, pick: number): string | undefined {
    const other = this.users[pick % this.users.length];
    return other === undefined || other === userId ? undefined : emailOf(other);
  }

  zoneOf(userId: string): string {
    return userId === 'luca' ? 'America/New_York' : 'Europe/Zurich';
  }

  /** Where the user's entries live; a calendar of its own, once the sync has made it. */
  calendarOf(userId: string): Calendar | undefined {
    const { calendars } = this.workspace;
    if (this.options.calendar !== 'dedicated') return calendars.primary(emailOf(userId));
    return calendars.find(this.#homes.get(userId) ?? '');
  }

  /** Another calendar of the user's, which is none of the sync's business. */
  asideOf(userId: string): Calendar {
    const { calendars } = this.workspace;
    const made = this.#aside.get(userId);
    const aside = made ?? calendars.create(emailOf(userId), 'Own', this.zoneOf(userId), null);
    this.#aside.set(userId, aside);
    return aside;
  }

  /** Whether the event lives in that other calendar: then it is in no bin, though it has left this one. */
  isAside(userId: string, id: string): boolean {
    const status = this.#aside.get(userId)?.events.get(id)?.resource.status;
    return status !== undefined && status !== 'cancelled';
  }

  /** The user deletes the calendar that the sync has made. */
  dropCalendar(userId: string): boolean {
    const home = this.calendarOf(userId);
    if (!home || home.primary) return false;
    const changes = this.#effects.dropped(userId, home, this.workspace.calendars.changes);
    const by = { task: undefined, method: 'phone drop', caller: userId, conditional: false };
    for (const change of changes) this.note('effect', { ...by, ...change });
    this.workspace.calendars.remove(home);
    this.happened(userId, 'calendarDropped');
    return true;
  }

  /** Calendars in which the sync writes: one of its own from the moment that it is made. */
  written(userId: string): Calendar[] {
    const all = this.workspace.calendars.owned(emailOf(userId));
    return this.options.calendar === 'dedicated' ? all.filter((c) => c.createdBy) : all.slice(0, 1);
  }

  /** A person's phone. Undefined when Google refuses. */
  async phone(
    userId: string,
    method: string,
    path: string,
    body?: object,
    calendarId = 'primary',
  ): Promise<Raw | undefined> {
    const answer = await carried.run(this.workspace, undefined, () =>
      this.workspace.handle({
        method,
        url: `/calendar/v3/calendars/${encodeURIComponent(calendarId)}/events${path}`,
        headers: {
          authorization: `Bearer user:${emailOf(userId)}`,
          'content-type': 'application/json',
        },
        body: body ? JSON.stringify(body) : '',
      }),
    );
    this.#noteEffects(undefined, `phone ${method}`, userId, false);
    return answer.status < 300 ? (JSON.parse(answer.body || '{}') as Raw) : undefined;
  }

  edited(edit: Omit<Edit, 'kind' | 'seq' | 'at'>): void {
    this.note('edit', edit);
  }

  // ---- time ------------------------------------------------------------------------------------

  /** Time passes at once, whoever is in the middle of something. */
  async leap(ms: number): Promise<void> {
    const { scheduler } = this;
    for (;;) {
      const request = ms > REQUEST_LIFE ? scheduler.outside() : undefined;
      if (!request) break;
      this.log('turn', { label: request.label });
      await scheduler.give(request);
    }
    scheduler.now += ms;
  }

  /** One turn of whoever the seed chooses. False: nothing is under way any more. */
  async turn(): Promise<boolean> {
    const { scheduler, queues } = this;
    for (;;) {
      const { now } = scheduler;
      const options: (() => Promise<void>)[] = [
        ...scheduler.ready().map((waiter) => async () => {
          this.log('turn', { label: waiter.label });
          await scheduler.give(waiter);
        }),
        ...queues.dueMessages(now).map((message) => () => this.#deliver(message)),
        ...queues.dueUsers(now).map((user) => () => this.#deliverToCrm(user)),
      ];
      const choice = options[Math.floor(this.#schedule() * options.length)];
      if (choice) {
        await choice();
        scheduler.now += Math.floor(this.#schedule() * 20);
        return true;
      }
      const dues = [scheduler.nextDue(), queues.nextDue()].filter((due) => due !== undefined);
      if (dues.length === 0) return false;
      scheduler.now = Math.max(now, Math.min(...dues));
    }
  }

  async #deliver(message: Queues['waiting'][number]): Promise<void> {
    const worker = this.#workers[Math.floor(this.#schedule() * this.#workers.length)] as Worker;
    const task = ++this.#tasks;
    this.log('deliver', { task, worker: worker.name, message });
    if (isForged(message)) this.#forged.add(task);
    this.note('task', { task, what: message.subscription });
    this.queues.begin(message, worker);
    void worker.handle(task, message.subscription, message.data).then((status) => {
      this.log('answered', { task, status });
      this.queues.end(message, status === 204, this.scheduler.now);
    });
    await rest();
  }

  /** An admin asks one of the processes for something, and does not ask again if that dies. */
  async ask(asked: Action): Promise<void> {
    const worker = this.#workers[Math.floor(this.#schedule() * this.#workers.length)] as Worker;
    const task = ++this.#tasks;
    const { action: what, ...about } = asked;
    this.note('task', { task, what, ...about });
    void worker.ask(task, asked).then(
      ({ status, body }) => {
        this.log('answered', { task, status });
        if (what === 'preview') this.previewed = body;
      },
      (error) => this.bugs.push(String(error)),
    );
    await rest();
  }

  /** The CRM switches a user off, or on again. */
  async enable(userId: string, enabled: boolean): Promise<void> {
    const known = this.crm.users().find((user) => user.userId === userId);
    if (known && known.enabled !== enabled) await this.crm.announce({ ...known, enabled });
  }

  async #deliverToCrm(user: string): Promise<void> {
    const message = this.queues.takeForCrm(user);
    if (!message) return;
    const before = new Map(this.crm.records(undefined, true).map((r) => [r.crmId, snapshot(r)]));
    await this.crm.receive(message);
    const changed = this.crm
      .records(undefined, true)
      .map((r) => ({
        crmId: r.crmId,
        user: r.userId,
        before: before.get(r.crmId),
        after: snapshot(r),
      }))
      .filter((c) => JSON.stringify(c.before) !== JSON.stringify(c.after));
    this.note('applied', { message, changed });
  }

  /** No faults any more, queues in order, and nobody stands still. */
  calm(): void {
    this.faults.armed = [];
    this.workspace.faults.clear();
    this.queues.rough = false;
    for (const worker of this.#workers) worker.pausedUntil = 0;
  }

  /** Runs until nothing is under way. False: it does not end. */
  async drain(): Promise<boolean> {
    for (let turns = 0; await this.turn(); turns++) {
      if (turns > MAX_TURNS) return false;
    }
    return true;
  }
}

export const emailOf = (userId: string) => `${userId}@firm.example`;
const nameOf = (email: string) => email.split('@')[0] ?? '';

/** A record's data as a person sees it; undefined once it is deleted. */
export function snapshot(record: { data: object; deleted: boolean }): Raw | undefined {
  return record.deleted ? undefined : (structuredClone(record.data) as Raw);
}
