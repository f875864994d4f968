/**
 * The whole system in one thread: the real functions on the in-memory store and vault, the Workspace and
 * the CRM simulator, queues, processes and people, with everything that happens written down.
 */
import { createHash } from 'node:crypto';
import { dueNow } from '../../functions/core/polls.ts';
import { createMemoryStore } from '../../functions/state/memory.ts';
import { createMemoryTokenVault } from '../../functions/vault/memory.ts';
import { Crm } from '../sandbox/crm/crm.ts';
import type { Fault as GoogleFault } from '../sandbox/faults/faults.ts';
import type { Call } from '../sandbox/google/protocol.ts';
import { seeded } from '../sandbox/google/random.ts';
import { createWorkspace } from '../sandbox/google/workspace.ts';
import { Calendars } from './calendars.ts';
import { Changes } from './changes.ts';
import { Faults } from './faults.ts';
import type { Edit, Entry, Final, Raw, UserEvent } from './history.ts';
import { Notifications, refuseChannel } from './notifications.ts';
import { outsideOf } from './outside.ts';
import { Processes } from './processes.ts';
import { Queues } from './queues.ts';
import { Scheduler } from './scheduler.ts';
import type { Script } from './script.ts';
import { type Stored, storedContacts, storedTasks } from './types/objects.ts';
import type { OtherType } from './types/values.ts';
import { emailOf, NAMES, nameOf } from './users.ts';
import { MONDAY } from './values.ts';
import { watched } from './watched.ts';
import { carried, type Outside } from './worker.ts';

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
  readonly calendars: Calendars;
  readonly changes = new Changes(this);
  readonly processes: Processes;
  readonly #outside: Outside;
  readonly #schedule: () => number;
  /** Ids of the google-changes, each once. */
  readonly told = new Set<string>();
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
    this.calendars = new Calendars(this.workspace.calendars, options.calendar === 'dedicated');
    this.#outside = outsideOf(this, seeded(seed * 7 + 5));
    this.processes = new Processes(this, this.#outside, this.#schedule);
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

  /** A google-change is published. */
  tell(message: Raw): void {
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

  /** Writes down when the engine ends a grant: by revoking it, or by deleting the token that there is by then. */
  #watchGrants(): void {
    const destroy = this.vault.destroy.bind(this.vault);
    this.vault.destroy = async (userId) => {
      const isThere = this.vault.userIds().includes(userId);
      await destroy(userId);
      if (isThere) this.happened(userId, 'ended');
    };
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
    this.changes.note(undefined, 'phone', userId);
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

  /** The address of another user. */
  colleagueOf(userId: string, pick: number): string | undefined {
    const other = this.users[pick % this.users.length];
    return other === undefined || other === userId ? undefined : emailOf(other);
  }

  /** The user deletes the calendar that the sync has made. */
  dropCalendar(userId: string): boolean {
    const home = this.calendars.home(userId);
    if (!home || home.primary) return false;
    this.changes.dropped(userId, home);
    this.workspace.calendars.remove(home);
    this.happened(userId, 'calendarDropped');
    return true;
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
    this.changes.note(undefined, `phone ${method}`, userId);
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
        ...queues.dueMessages(now).map((message) => () => this.processes.deliver(message)),
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
    this.processes.calm();
  }

  /** Runs until nothing is under way. False: it does not end. */
  async drain(): Promise<boolean> {
    for (let turns = 0; await this.turn(); turns++) {
      if (turns > MAX_TURNS) return false;
    }
    return true;
  }
}

/** A record's data as a person sees it; undefined once it is deleted. */
export function snapshot(record: { data: object; deleted: boolean }): Raw | undefined {
  return record.deleted ? undefined : (structuredClone(record.data) as Raw);
}
