/**
 * A system in memory for the crash sweep of themes: series, places, meetings, what a person decides. One
 * delivery at a time; a worker can be killed at any call through a port, and then does nothing any more.
 */
import { dueNow } from '../../../functions/core/polls.ts';
import type { User } from '../../../functions/core/records.ts';
import { SyncError } from '../../../functions/errors.ts';
import { createAdmin } from '../../../functions/triggers/admin.ts';
import { createCrmChange } from '../../../functions/triggers/crm-change.ts';
import { createSyncUser } from '../../../functions/triggers/sync-user.ts';
import { Crm } from '../../sandbox/crm/crm.ts';
import { seeded } from '../../sandbox/google/random.ts';
import { createWorld, SCOPES, type WorldOptions } from '../../support/world.ts';
import { lookOf } from './look.ts';

/** Before the effect; after it, with the answer lost on a worker that lives on; after the answer. */
export const POSITIONS = ['before', 'lost', 'after'] as const;
export type Position = (typeof POSITIONS)[number];

type Topic = 'crm-change' | 'sync-user' | 'admin' | 'to-crm';
interface Message {
  topic: Topic;
  json: object;
  at: number;
}

const OFF = { PUSH_AUTH: 'off', PUSH_AUDIENCE: '', PUSH_SERVICE_ACCOUNT: '' } as const;
/** Longer than a lease. */
const REDELIVERY_MS = 130_000;
/** What tests look at. */
const NOT_CALLS = ['dump', 'load', 'userIds'];
const MAX_DELIVERIES = 300;
const MAX_ROUNDS = 15;

export class Stage {
  readonly world;
  readonly crm: Crm;
  /** Calls through ports since `arm`. */
  calls = 0;
  readonly names: string[] = [];
  readonly #users: string[] = [];
  readonly #deps;
  #queue: Message[] = [];
  #strike: { call: number; position: Position } | undefined;
  /** Ends the delivery under way as a kill would. */
  #kill: (() => void) | undefined;
  #dead = false;

  /** `echo`: the CRM publishes again what it was told. */
  constructor(options: WorldOptions = {}, echo = true) {
    this.world = createWorld(options);
    const { engine, store, vault, workspace, clock } = this.world;
    workspace.quota.enabled = false;
    engine.publisher.googleChanges = async (changes) => {
      for (const json of structuredClone(changes)) this.#send('to-crm', json);
    };
    engine.publisher.syncUsers = async (ids) => {
      for (const userId of ids) this.#send('sync-user', { userId });
    };
    for (const port of [store, vault, engine.publisher]) this.#watch(port);
    const handle = workspace.handle.bind(workspace);
    workspace.handle = (call) => this.#point('google', () => handle(call), new Error('lost'));
    this.crm = new Crm({
      now: clock.now,
      random: seeded(1),
      echo,
      publish: (message) => this.#send('crm-change', message as object),
    });
    this.#deps = { ...engine, engine, config: OFF };
  }

  #watch(port: object): void {
    const target = port as { [name: string]: unknown };
    for (const [name, method] of Object.entries(port)) {
      if (typeof method !== 'function' || NOT_CALLS.includes(name)) continue;
      const unavailable = new SyncError('later', 'unavailable');
      target[name] = (...args: unknown[]) =>
        this.#point(name, () => Promise.resolve(method(...args)), unavailable);
    }
  }

  /** One call of the delivery under way; people and the test itself pass. */
  async #point<T>(name: string, effect: () => Promise<T>, lost: Error): Promise<T> {
    if (!this.#kill) return effect();
    if (this.#dead) return never();
    const strike = this.#strike?.call === this.calls ? this.#strike.position : undefined;
    this.names[this.calls++] = name;
    if (strike === 'before') return this.#die();
    const result = await effect();
    if (strike === 'lost') throw lost;
    return strike === 'after' ? this.#die() : result;
  }

  #die(): Promise<never> {
    this.#dead = true;
    this.#kill?.();
    return never();
  }

  /** From here on calls count, and the one with the number is struck. */
  arm(strike?: { call: number; position: Position }): void {
    this.calls = 0;
    this.#strike = strike;
  }

  // ---- messages ----------------------------------------------------------------------------------

  #send(topic: Topic, json: object, delayMs = 0): void {
    this.#queue.push({ topic, json, at: this.world.clock.now() + delayMs });
  }

  /** What the admin asks; asked again until it is answered. */
  admin(action: object): void {
    this.#send('admin', action);
  }

  /** Everything of the user's is due, and the message that says so is out. */
  async poll(userId = 'anna'): Promise<void> {
    const { store, clock } = this.world;
    const due = (user: User) =>
      user.erase || user.nextPollAt !== undefined ? dueNow(user, clock.now()) : undefined;
    await store.updateUser(userId, (user) => user && due(user));
    this.#send('sync-user', { userId });
  }

  /** Delivers until no message is under way. */
  async flow(): Promise<void> {
    for (let count = 0; this.#queue.length > 0; count++) {
      if (count > MAX_DELIVERIES) throw new Error('it does not come to rest');
      const next = this.#queue.reduce((a, b) => (b.at < a.at ? b : a));
      this.#queue = this.#queue.filter((m) => m !== next);
      this.world.advance(Math.max(0, next.at - this.world.clock.now()));
      const status = await this.#deliver(next);
      if (status >= 500) this.#queue.push({ ...next, at: this.world.clock.now() + REDELIVERY_MS });
    }
  }

  /** Resolves to the status; 503 as well when the worker was killed. */
  async #deliver({ topic, json }: Message): Promise<number> {
    if (topic === 'to-crm') {
      await this.crm.receive(json);
      return 204;
    }
    const killed = new Promise<number>((resolve) => {
      this.#kill = () => resolve(503);
    });
    try {
      return await Promise.race([this.#handled(topic, json), killed]);
    } finally {
      // What the dead worker had begun reaches a port, and stops there.
      if (this.#dead) {
        await new Promise((resolve) => setImmediate(resolve));
        // What it had in memory is gone.
        this.world.engine.access = this.world.openAccess();
      }
      this.#dead = false;
      this.#kill = undefined;
    }
  }

  async #handled(topic: Exclude<Topic, 'to-crm'>, json: object): Promise<number> {
    const create = {
      'crm-change': createCrmChange,
      'sync-user': createSyncUser,
      admin: createAdmin,
    };
    let status = 0;
    const res = {
      status: (code: number) => {
        status = code;
        return res;
      },
      set: () => res,
      json: () => res,
      end: () => res,
    };
    const text = Buffer.from(JSON.stringify(json));
    const body = { message: { data: text.toString('base64') } };
    const req = { method: 'POST', body, rawBody: text, header: () => undefined };
    await create[topic](this.#deps)(req as never, res as never);
    return status;
  }

  // ---- people ------------------------------------------------------------------------------------

  /** The CRM announces the user, who then connects. */
  async connect(userId: string, calendar: keyof typeof SCOPES = 'primary'): Promise<void> {
    const email = `${userId}@firm.example`;
    this.#users.push(userId);
    this.world.workspace.oauth.createAccount({ email, timeZone: 'Europe/Zurich' });
    await this.crm.announce({ userId, email, name: userId, timeZone: 'Europe/Zurich' });
    await this.flow();
    const before = await this.world.store.getUser(userId);
    await this.world.consent(userId, SCOPES[calendar]);
    // As the authorize function leaves things.
    await this.world.store.updateUser(userId, (user) => {
      const { leaving: _, stateReason: __, firstSyncAt, ...kept } = user as User;
      const again = before?.state === 'disconnected' || firstSyncAt === undefined;
      return again ? kept : { ...kept, firstSyncAt };
    });
    await this.poll(userId);
    await this.flow();
  }

  /** The id of the CRM's newest live record with this subject. */
  idOf(subject: string): string {
    const found = this.crm.records().filter((r) => r.data.subject === subject);
    return found.at(-1)?.crmId ?? '';
  }

  /** The id of the event with this title in the user's primary calendar. */
  async eventId(summary: string, userId = 'anna'): Promise<string> {
    const events = await this.world.events(userId);
    return events.find((e) => e.summary === summary)?.id ?? '';
  }

  /** The ids of a series' occurrences, in order. */
  async occurrences(summary: string): Promise<string[]> {
    const id = await this.eventId(summary);
    const { items } = await this.world.phone('anna', 'GET', `/${id}/instances`);
    return items.map((event) => event.id);
  }

  // ---- the end -----------------------------------------------------------------------------------

  /** Lets everything recover and come to rest; resolves to what both sides show then. */
  async end(): Promise<string[]> {
    this.#strike = undefined;
    await this.flow();
    for (let round = 0, quiet = 0; quiet < 2; round++) {
      if (round > MAX_ROUNDS) throw new Error('it does not come to rest');
      const before = this.#progress();
      this.world.advance(300_000);
      for (const userId of new Set(this.#users)) await this.poll(userId);
      await this.flow();
      quiet = this.#progress() === before ? quiet + 1 : 0;
    }
    return lookOf(this.world, this.crm, [...new Set(this.#users)]);
  }

  #progress(): string {
    const { workspace } = this.world;
    return `${workspace.calendars.changes} ${this.crm.messages().length}`;
  }
}

const never = () => new Promise<never>(() => {});
