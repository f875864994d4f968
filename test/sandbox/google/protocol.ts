/** Shapes shared by every service of the Workspace simulator. */
import type { Workspace } from './workspace.ts';

/** A request as it reaches the simulator: path and query only. */
export interface HttpRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** The simulator's answer; the body is always text. */
export interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** What a handler returns: `json` is serialised, `text` is sent as it is. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  /** A fault: half of the body is missing. */
  cut?: boolean;
}

/** Who stands behind a call. A phone has every right and belongs to no OAuth client. */
export interface Identity {
  email: string;
  clientId: string | null;
  scopes: ReadonlySet<string> | 'all';
}

/** Position of a call inside a batch. */
export interface BatchPosition {
  index: number;
  size: number;
}

/** One API call, alone or as a part of a batch. Hooks, faults and statistics see this too. */
export interface Call {
  /** Service and method, for example `calendar.events.insert`. */
  method: string;
  service: string;
  user: string | null;
  /** The user's phone, or somebody with a token (or none): the sync. */
  client: 'sync' | 'phone';
  params: Record<string, string>;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: string;
  /** Number of the HTTP request that carried the call, counted from 1. */
  httpRequest: number;
  batch: BatchPosition | null;
  /** A fault: changes younger than this (ms) do not show in incremental listings yet. */
  lagMs?: number;
}

/** A call whose sender is known; what handlers of protected methods receive. */
export interface AuthorizedCall extends Call {
  workspace: Workspace;
  identity: Identity;
  /** The scopes of which any one allows the method. */
  allowed: readonly string[];
}

/** A method of a service. */
export interface Route {
  http: string;
  /** Path below the service's base, with `{name}` for one segment. */
  path: string;
  /** Method name without the service, for example `events.insert`. */
  name: string;
  /** Any one of these scopes suffices; null: the method asks for no access token. */
  scopes: readonly string[] | null;
  /** Quota units that a call costs; 0 for methods outside the quota. */
  units: number;
  /** The quota that it counts against; the service's own when left out. */
  quota?: string;
  /** Calls of one user must come one after the other: one that overlaps another fails. */
  serial?: true;
  handle: (call: AuthorizedCall) => Answer;
}

/** One Google service: a folder of its own, mounted by the workspace. */
export interface Service {
  name: string;
  /** Path prefix of its methods; empty where the routes carry whole paths. */
  base: string;
  /** Paths of its batch endpoint, if it has one. */
  batch?: readonly string[];
  routes: readonly Route[];
  /** What faults of these names do to the service's data just before a call takes effect. */
  meanwhile?: {
    /** Objects of the caller get new etags without a change of content. */
    touch?: (workspace: Workspace, call: Call) => void;
    /** The caller's sync tokens end. */
    expireSync?: (workspace: Workspace, call: Call) => void;
  };
  /** Whether its incremental listings heed `lagMs`. */
  lags?: boolean;
}

/** An error in Google's JSON form. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly domain: string;
  readonly location: { location: string; locationType: string } | undefined;
  readonly headers: Record<string, string>;
  /** google.rpc's word for the code, where the API answers with one. */
  readonly status: string | undefined;
  readonly details: readonly object[];

  constructor(
    code: number,
    reason: string,
    message: string,
    more: {
      domain?: string;
      location?: string;
      locationType?: string;
      headers?: Record<string, string>;
      status?: string;
      details?: readonly object[];
    } = {},
  ) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.reason = reason;
    this.domain = more.domain ?? 'global';
    this.location = more.location
      ? { location: more.location, locationType: more.locationType ?? 'parameter' }
      : undefined;
    this.headers = more.headers ?? {};
    this.status = more.status ?? STATUS_NAMES[code];
    this.details = more.details ?? [];
  }

  /** The answer that carries this error. */
  answer(): Answer {
    const { status, details } = this;
    return {
      status: this.code,
      headers: this.headers,
      json: {
        error: {
          errors: [
            {
              domain: this.domain,
              reason: this.reason,
              message: this.message,
              ...(this.location && {
                locationType: this.location.locationType,
                location: this.location.location,
              }),
            },
          ],
          code: this.code,
          message: this.message,
          ...(status && { status }),
          ...(details.length > 0 && { details }),
        },
      },
    };
  }
}

/** The connection broke: the caller cannot know whether its call took effect. */
export class ConnectionLost extends Error {
  constructor() {
    super('the connection was closed before an answer arrived');
    this.name = 'ConnectionLost';
  }
}

/** Only errors that come from Google's common front end carry `status`. */
const STATUS_NAMES: Record<number, string> = {
  401: 'UNAUTHENTICATED',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

/** 400 for a value that Google cannot accept. */
export function invalid(message: string, location?: string): ApiError {
  return new ApiError(400, 'invalid', message, location ? { location } : {});
}

/** 404 in Google's words. */
export function notFound(): ApiError {
  return new ApiError(404, 'notFound', 'Not Found');
}

/** Turns an answer into the bytes that go over the wire. */
export function render(answer: Answer): HttpResponse {
  const headers: Record<string, string> = {};
  let body = '';
  if (answer.json !== undefined) {
    headers['content-type'] = 'application/json; charset=UTF-8';
    body = JSON.stringify(answer.json);
  } else if (answer.text !== undefined) {
    headers['content-type'] = 'text/html; charset=UTF-8';
    body = answer.text;
  }
  for (const [name, value] of Object.entries(answer.headers ?? {})) {
    headers[name.toLowerCase()] = value;
  }
  if (answer.cut) body = body.slice(0, Math.floor(body.length / 2));
  return { status: answer.status, headers, body };
}
