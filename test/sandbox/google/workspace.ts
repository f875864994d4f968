/**
 * A stateful Google Workspace in memory: OAuth, Calendar, People, Tasks and the HTTP batch endpoints, with
 * Google's paths, bodies and refusals. It owns no clock, timer, socket or randomness, so a
 * simulation can drive it step by step; `server.ts` puts it on a port.
 */
import { Faults } from '../faults/faults.ts';
import { identify, requireScope } from './access.ts';
import { runBatch } from './batch.ts';
import { calendarService } from './calendar/service.ts';
import { CalendarStore } from './calendar/store.ts';
import { disturbAnswer, disturbCall } from './disturb.ts';
import { selectFields } from './fields.ts';
import { oauthService } from './oauth/service.ts';
import { type Account, OauthStore, type TokenAnswer } from './oauth/store.ts';
import { peopleService } from './people/service.ts';
import { PeopleStore } from './people/store.ts';
import {
  type Answer,
  ApiError,
  type BatchPosition,
  type Call,
  ConnectionLost,
  type HttpRequest,
  type HttpResponse,
  type Route,
  render,
  type Service,
} from './protocol.ts';
import { Quota } from './quota.ts';
import { type Random, seeded } from './random.ts';
import { findRoute, parseUrl } from './router.ts';
import { Serial } from './serial.ts';
import { Stats } from './stats.ts';
import { tasksService } from './tasks/service.ts';
import { TaskStore } from './tasks/store.ts';

/** A notification of a watch channel; the transport is the embedder's. */
export type Notify = (
  channel: { id: string; address: string; user: string },
  headers: Record<string, string>,
) => void;

export interface WorkspaceOptions {
  /** Milliseconds since the epoch. */
  now: () => number;
  random?: Random;
  clientId: string;
  clientSecret: string;
  redirectUris: readonly string[];
  /** Where a browser reaches the simulator; used in links that it hands out. */
  publicUrl?: string;
  notify?: Notify;
  /** Waits for delays that faults ask for; without it they pass at once. */
  sleep?: (ms: number) => Promise<void>;
  /** Refresh tokens die after this many days, as for an app in Testing (7). */
  refreshTokenLifetimeDays?: number;
  /** Faults that other services share; its own when left out. */
  faults?: Faults;
}

/** A mail that Google would have sent to a guest. */
export interface Mail {
  to: string;
  eventId: string;
  kind: 'invitation' | 'update' | 'cancellation' | 'response';
}

/** Runs around the effect of every call. What it throws is what the caller sees. */
export type Hook = (call: Call) => Promise<void> | void;

export class Workspace {
  readonly options: WorkspaceOptions;
  readonly now: () => number;
  readonly random: Random;
  readonly services: readonly Service[] = [
    oauthService,
    calendarService,
    peopleService,
    tasksService,
  ];
  readonly oauth: OauthStore;
  readonly calendars: CalendarStore;
  readonly people: PeopleStore;
  readonly tasks: TaskStore;
  readonly faults: Faults;
  readonly quota = new Quota();
  readonly stats = new Stats();
  readonly mails: Mail[] = [];
  /** What listings answered last, for the fault that repeats a page. */
  readonly lastPages = new Map<string, unknown[]>();
  /** True: pages of events are of random length, also empty ones (google-contracts 1.1). */
  raggedPages = false;
  /** No listing shows more at a time, whatever is asked for. */
  mostOnPage = Number.POSITIVE_INFINITY;
  /** Called before the effect of each call, also of each part of a batch. */
  before: Hook | undefined;
  /** Called after the effect, before the answer. */
  after: Hook | undefined;
  notify: Notify | undefined;
  sleep: (ms: number) => Promise<void>;
  readonly #serial = new Serial();

  constructor(options: WorkspaceOptions) {
    this.options = options;
    this.now = options.now;
    this.random = options.random ?? seeded(1);
    this.faults = options.faults ?? new Faults(this.random);
    this.oauth = new OauthStore(this);
    this.calendars = new CalendarStore(this);
    this.people = new PeopleStore(this);
    this.tasks = new TaskStore(this);
    this.notify = options.notify;
    this.sleep = options.sleep ?? (async () => {});
  }

  /** Makes an account, or changes an existing one. */
  createAccount(account: {
    email: string;
    name?: string;
    timeZone?: string;
    sub?: string;
  }): Account {
    return this.oauth.createAccount(account);
  }

  /** Issues a grant without a browser. Scopes may be given by their short names. */
  grant(email: string, scopes: readonly string[]): TokenAnswer & { refresh_token: string } {
    return this.oauth.grant(email, scopes);
  }

  /** The user removes every app in the account's settings. */
  revokeGrants(email: string): void {
    this.oauth.revokeUser(email);
  }

  /** Ends the access tokens of a user, or of all, as an hour would. */
  expireAccessTokens(email?: string): void {
    this.oauth.expireAccessTokens(email);
  }

  /** Ends the sync tokens of a user, or of all: their next use gets 410, or 400 of People. */
  expireSyncTokens(email?: string): void {
    this.calendars.expireSyncTokens(email);
    this.people.expireSyncTokens(email);
  }

  /**
   * Answers one HTTP request. Rejects with ConnectionLost when a fault or hook breaks the
   * connection; every other failure is an answer.
   */
  async handle(request: HttpRequest): Promise<HttpResponse> {
    const httpRequest = this.stats.request();
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) {
      headers[name.toLowerCase()] = value;
    }
    const lowered = { ...request, headers };
    const { path } = parseUrl(request.url);
    const batched = batchService(this.services, path, request.body);
    if (batched && request.method === 'POST') {
      // [R] 9: whether the batch endpoint of Tasks answers is not known.
      if (batched.name === 'tasks' && !this.tasks.batchAnswers) return render(pageNotFound(path));
      return runBatch(this, batched, lowered, httpRequest);
    }
    return this.execute(lowered, httpRequest, null);
  }

  /** Executes one call, alone or as a part of a batch. */
  async execute(
    request: HttpRequest,
    httpRequest: number,
    batch: BatchPosition | null,
  ): Promise<HttpResponse> {
    const { path, query } = parseUrl(request.url);
    const found = findRoute(this.services, request.method, path);
    if (!found) return render(pageNotFound(path));
    const { service, route, params } = found;
    const headers = request.headers;
    const identity = identify(this, headers);
    const call: Call = {
      method: `${service.name}.${route.name}`,
      service: service.name,
      user: identity?.email ?? null,
      client: identity && identity.clientId === null ? 'phone' : 'sync',
      params,
      query,
      headers,
      body: request.body,
      httpRequest,
      batch,
    };
    let answer: Answer;
    // Google's own apps take another way than the API.
    const isApp = !headers.authorization?.startsWith('Bearer user:');
    const serial = route.serial && isApp ? this.#serial.enter(call) : undefined;
    try {
      await this.before?.(call);
      await disturbCall(this, service, call);
      serial?.refuseOverlap();
      answer = this.#effect(call, route);
      await this.after?.(call);
      answer = await disturbAnswer(this, call, answer);
    } catch (error) {
      if (error instanceof ConnectionLost) {
        this.stats.call(call, 0, this.now());
        throw error;
      }
      if (!(error instanceof ApiError)) throw error;
      answer = error.answer();
    } finally {
      serial?.leave();
    }
    this.stats.call(call, answer.status, this.now());
    const fields = query.get('fields');
    if (fields && answer.json !== undefined && answer.status < 300) {
      answer = { ...answer, json: selectFields(answer.json, fields) };
    }
    return render(answer);
  }

  /** Everything that reads or changes state, in one synchronous step. */
  #effect(call: Call, route: Route): Answer {
    try {
      if (route.scopes === null) {
        const nobody = { email: '', clientId: null, scopes: new Set<string>() };
        const open = Object.assign(call, { workspace: this, identity: nobody, allowed: [] });
        return route.handle(open);
      }
      const identity = identify(this, call.headers);
      requireScope(identity, route.scopes, call);
      if (identity.clientId !== null) {
        const quota = route.quota ?? call.service;
        this.quota.spend(quota, identity.clientId, identity.email, route.units, this.now());
      }
      return route.handle(
        Object.assign(call, { workspace: this, identity, allowed: route.scopes }),
      );
    } catch (error) {
      if (error instanceof ApiError) return error.answer();
      throw error;
    } finally {
      this.calendars.flush();
    }
  }
}

/** Makes an empty workspace. */
export function createWorkspace(options: WorkspaceOptions): Workspace {
  return new Workspace(options);
}

/**
 * The service behind a batch endpoint. At Google People and Tasks have one each, with the same path on
 * hosts of their own; here the first part tells whose it is.
 */
function batchService(
  services: readonly Service[],
  path: string,
  body: string,
): Service | undefined {
  const named = services.filter((service) => service.batch?.includes(path));
  if (named.length < 2) return named[0];
  const first = /^(?:GET|POST|PUT|PATCH|DELETE) (\S+)/m.exec(body)?.[1];
  return named.find((service) => first?.startsWith(`${service.base}/`));
}

function pageNotFound(path: string): Answer {
  return {
    status: 404,
    text: `<!DOCTYPE html><title>Error 404 (Not Found)</title><p>The requested URL <code>${path.replace(/[<>&"]/g, '')}</code> was not found on this server.`,
  };
}
