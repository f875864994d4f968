/**
 * A process that runs the functions: the real triggers and engine on ports that wait for their turn
 * before the effect and once more before the answer, so that anything can happen in between.
 */
import { SyncError } from '../../functions/errors.ts';
import { createAccess } from '../../functions/google/access.ts';
import { type CalendarSettings, calendarCollection } from '../../functions/google/calendar.ts';
import { createApiClient } from '../../functions/google/client.ts';
import type { HttpAnswer, HttpCall } from '../../functions/google/http.ts';
import type { AccessToken } from '../../functions/google/oauth.ts';
import { contactCollection } from '../../functions/google/people.ts';
import { taskCollection } from '../../functions/google/tasks.ts';
import type { Log } from '../../functions/log.ts';
import type { Access, Engine, EngineSettings } from '../../functions/sync/engine.ts';
import type { Publisher, Store } from '../../functions/sync/ports.ts';
import { type Action, actions } from '../../functions/triggers/admin-actions.ts';
import type { TokenVault } from '../../functions/vault/ports.ts';
import { ApiError, type Call, ConnectionLost } from '../sandbox/google/protocol.ts';
import type { Workspace } from '../sandbox/google/workspace.ts';
import type { Faults, Strike, Where } from './faults.ts';
import { call } from './functions.ts';
import type { Raw } from './history.ts';
import { never, type Owner, type Scheduler } from './scheduler.ts';

export const ROOT = 'https://www.googleapis.com';

/** What all processes share: the world outside. */
export interface Outside {
  scheduler: Scheduler;
  faults: Faults;
  workspace: Workspace;
  store: Store;
  vault: TokenVault;
  publisher: Publisher;
  settings: EngineSettings;
  calendar: CalendarSettings;
  /** The record types that are on. */
  records: readonly string[];
  random: () => number;
  /** Whose call through a port takes effect at this moment. */
  task: Task | undefined;
  /** Called for every call that is about to be made; returns its number. */
  onPort: (where: Where, name: string, task: Task | undefined) => number;
  onLog: Log;
  onIssue: (task: Task, call: HttpCall) => void;
  onEffect: (task: Task, call: Call) => void;
  onCommit: (task: Task, args: Parameters<Store['commit']>) => void;
  onLease: (task: Task) => void;
  onEmptied: (task: Task) => void;
  onCrash: (worker: Worker) => void;
}

/** One message being handled. */
export interface Task {
  id: number;
  worker: Worker;
  /** The lease it took last. */
  lease: { userId: string; fence: number; expiresAt: number } | undefined;
  /** Its next answered listing shall show nothing. */
  emptied: boolean;
}

/** A call through a port, on its way. */
interface Point {
  task: Task | undefined;
  where: Where;
  name: string;
  index: number;
}

export class Worker implements Owner {
  readonly name: string;
  alive = true;
  pausedUntil = 0;
  readonly #outside: Outside;
  readonly #access: Access;
  readonly #calls = new WeakMap<Call, number>();

  constructor(name: string, outside: Outside) {
    this.name = name;
    this.#outside = outside;
    const own = { id: 0, worker: this, lease: undefined, emptied: false };
    this.#access = createAccess({
      vault: this.#wrap('vault', outside.vault),
      clock: { now: () => outside.scheduler.now },
      oauth: async () => oauthOver(this.#send(own), () => outside.scheduler.now),
    });
  }

  /** Handles one message of a topic's push subscription; resolves to the HTTP status. */
  async handle(taskId: number, subscription: string, data: string): Promise<number> {
    const task: Task = { id: taskId, worker: this, lease: undefined, emptied: false };
    return call(this.#engine(task), subscription, taskId, data);
  }

  /** What the admin function is asked for; resolves to the HTTP answer. */
  async ask(taskId: number, asked: Action): Promise<{ status: number; body: Raw }> {
    const task: Task = { id: taskId, worker: this, lease: undefined, emptied: false };
    const answer = actions[asked.action] as (
      engine: Engine,
      asked: Action,
    ) => Promise<{ status: number; body: Raw }>;
    return answer(this.#engine(task), asked).catch((error: unknown) => {
      if (error instanceof SyncError) return { status: 503, body: {} };
      throw error;
    });
  }

  #engine(task: Task): Engine {
    let secrets = 0;
    const { scheduler, settings, random, store, publisher, onLog, calendar } = this.#outside;
    const clock = {
      now: () => scheduler.now,
      sleep: (ms: number) => scheduler.turn(this, `${task.id} wake`, scheduler.now + ms),
    };
    const common = { send: this.#send(task), clock, random, log: onLog };
    const clientOf = (root: string, batchPath: string) =>
      createApiClient({
        ...{ ...common, name: root, root, batchPath },
        batchMayLack: root.includes('tasks'),
      });
    const collections = [
      calendarCollection(clientOf(ROOT, '/batch/calendar/v3'), calendar),
      contactCollection(clientOf('https://people.googleapis.com', '/batch'), { name: 'CRM' }),
      taskCollection(clientOf('https://tasks.googleapis.com', '/batch'), { name: 'CRM', clock }),
    ].filter(({ codec }) => this.#outside.records.includes(codec.record));
    return {
      store: this.#wrap('store', store, task),
      publisher: this.#wrap('publish', publisher, task),
      access: this.#access,
      collections,
      clock,
      random,
      holder: () => `task-${task.id}`,
      secret: () => `secret-${task.id}-${++secrets}`,
      log: onLog,
      settings,
    };
  }

  /** A port whose every method has two points where something may happen. */
  #wrap<T extends object>(where: Where, port: T, task?: Task): T {
    const around = async (name: string, args: unknown[], effect: () => Promise<unknown>) => {
      const index = this.#outside.onPort(where, name, task);
      const point = { task, where, name, index };
      await this.#point(point, 'before');
      this.#outside.task = task;
      const result = await effect();
      if (task) this.#watch(task, name, args, result);
      await this.#point(point, 'after');
      return result;
    };
    return new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) =>
          around(String(name), args, () => method.apply(target, args) as Promise<unknown>);
      },
    });
  }

  /** One point: waits for the turn, then lets an armed fault strike. */
  async #point(point: Point, when: 'before' | 'after'): Promise<void> {
    const strike = await this.#pass(point, when);
    if (strike?.kind === 'crash') return never();
    if (strike?.kind === 'lost' || strike?.kind === 'status') {
      throw new SyncError('later', 'unavailable');
    }
  }

  async #pass(
    { task, where, name, index }: Point,
    when: 'before' | 'after',
  ): Promise<Strike | undefined> {
    const { scheduler, faults, onCrash } = this.#outside;
    const label = `${task?.id ?? 0} ${where} ${name} ${when}`;
    // Google must hear that nobody waits for an answer any more: its next call would overlap this one.
    const lost = where === 'google' ? new ConnectionLost() : undefined;
    await scheduler.turn(this, label, 0, lost);
    const strike = faults.take(where, name, when, index);
    if (strike?.kind === 'crash') onCrash(this);
    if (strike?.kind === 'pause') {
      this.pausedUntil = scheduler.now + strike.ms;
      await scheduler.turn(this, `${label} paused`, 0, lost);
    }
    return strike;
  }

  #watch(task: Task, name: string, args: unknown[], result: unknown): void {
    const { scheduler, settings, onCommit, onLease } = this.#outside;
    if (name === 'acquireLease' && result) {
      task.lease = result as Task['lease'];
      onLease(task);
    }
    if (name === 'renewLease' && result && task.lease) {
      task.lease = { ...task.lease, expiresAt: scheduler.now + settings.leaseMs };
    }
    if (name === 'commit') onCommit(task, args as Parameters<Store['commit']>);
  }

  /** Google over the wire: the points lie around each call's effect, also inside a batch. */
  #send(task: Task) {
    return async (call: HttpCall): Promise<HttpAnswer> => {
      const { onIssue, workspace } = this.#outside;
      onIssue(task, call);
      const { pathname, search } = new URL(call.url);
      try {
        const answer = await carried.run(workspace, task, () =>
          workspace.handle({
            method: call.method,
            url: pathname + search,
            headers: call.headers,
            body: call.body ?? '',
          }),
        );
        if (!this.alive) return await never();
        const emptied = task.emptied && call.method === 'GET';
        task.emptied = false;
        return emptied ? { ...answer, body: withoutItems(answer.body) } : answer;
      } catch (error) {
        if (!this.alive) return await never();
        if (!(error instanceof ConnectionLost)) throw error;
        throw new SyncError('retry', 'network');
      }
    };
  }

  /** A point of a call inside the Workspace; throws what its caller is to see. */
  async googlePoint(task: Task, call: Call, when: 'before' | 'after'): Promise<Strike | undefined> {
    const where: Where = call.service === 'oauth' ? 'token' : 'google';
    // The client has died; Google does not know.
    if (!this.alive) return undefined;
    const name = call.method;
    const index = this.#calls.get(call) ?? this.#outside.onPort(where, name, task);
    this.#calls.set(call, index);
    const strike = await this.#pass({ task, where, name, index }, when);
    // What was sent already goes on to take effect, the rest of a batch too.
    if (strike?.kind === 'crash' && when === 'before') throw new ConnectionLost();
    if (strike?.kind === 'empty') {
      task.emptied = true;
      this.#outside.onEmptied(task);
    }
    if (strike?.kind === 'lost') throw new ConnectionLost();
    if (strike?.kind === 'status') {
      const { status, reason, retryAfter } = strike;
      throw new ApiError(status, reason, reason, {
        domain: 'usageLimits',
        ...(retryAfter !== undefined && { headers: { 'retry-after': String(retryAfter) } }),
      });
    }
    return strike;
  }
}

/** Which task stands behind an HTTP request of a workspace. */
export const carried = {
  tasks: new WeakMap<Workspace, Map<number, Task>>(),
  counts: new WeakMap<Workspace, number>(),
  /** Every request must come through here: the workspace numbers them in the order of the calls. */
  run<T>(workspace: Workspace, task: Task | undefined, handle: () => Promise<T>): Promise<T> {
    const number = (this.counts.get(workspace) ?? 0) + 1;
    this.counts.set(workspace, number);
    const tasks = this.tasks.get(workspace) ?? new Map<number, Task>();
    this.tasks.set(workspace, tasks);
    if (task) tasks.set(number, task);
    return handle();
  },
  taskOf: (workspace: Workspace, call: Call) => carried.tasks.get(workspace)?.get(call.httpRequest),
};

/** An answer that a fault has cut short already can be no more empty than it is. */
function withoutItems(body: string): string {
  try {
    return JSON.stringify({ ...(JSON.parse(body) as object), items: [], connections: [] });
  } catch {
    return body;
  }
}

/** The OAuth client's two calls, judged as functions/google/oauth.ts judges them. */
function oauthOver(send: (call: HttpCall) => Promise<HttpAnswer>, now: () => number) {
  const post = async (path: string, form: Record<string, string>) => {
    const answer = await send({
      method: 'POST',
      url: `${ROOT}${path}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: String(new URLSearchParams(form)),
    }).catch(() => {
      throw new SyncError('later', 'network');
    });
    if (answer.status >= 500 || answer.status === 429 || answer.status === 403) {
      throw new SyncError('later', `http${answer.status}`);
    }
    return answer;
  };
  return {
    async refresh(refreshToken: string): Promise<AccessToken> {
      const answer = await post('/token', {
        grant_type: 'refresh_token',
        client_id: 'client',
        client_secret: 'secret',
        refresh_token: refreshToken,
      });
      const body = JSON.parse(answer.body) as {
        access_token: string;
        expires_in: number;
        error?: string;
      };
      if (body.error) throw new SyncError('reauthorize', body.error);
      return {
        accessToken: body.access_token,
        expiresAt: now() + body.expires_in * 1000,
        scopes: [],
      };
    },
    async revoke(token: string): Promise<void> {
      await post('/revoke', { token });
    },
  };
}
