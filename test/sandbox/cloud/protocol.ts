/** Shapes shared by the simulated Google Cloud services. */

/** A request: path and query only, header names in lower case, the body as text. */
export interface CloudRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** The answer; the body is always JSON text. */
export interface CloudResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export type ServiceName = 'kms' | 'secretmanager' | 'scheduler';

/** A JSON object as it arrives. */
export type JsonObject = { [key: string]: unknown };

/** One call, understood. */
export interface Call {
  /** The path's named parts. */
  params: Record<string, string>;
  query: URLSearchParams;
  body: JsonObject;
}

/** A method: HTTP verb, path as a pattern with named groups, and what it does. */
export interface Route {
  /** Name of the RPC, for example `AccessSecretVersion`. */
  name: string;
  http: string;
  path: RegExp;
  run(call: Call): unknown;
}

const CODES = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
} as const;

export type StatusName = keyof typeof CODES;

/** An error that the caller sees as Google's own. */
export class CloudError extends Error {
  readonly status: StatusName;
  readonly code: number;

  constructor(status: StatusName, message: string) {
    super(message);
    this.status = status;
    this.code = CODES[status];
  }
}

/** The status name that goes with an HTTP status, where the service gives no closer one. */
export function statusOf(code: number): StatusName {
  const found = Object.entries(CODES).find(([, http]) => http === code);
  return (found?.[0] ?? 'INTERNAL') as StatusName;
}

/** Google's JSON: two spaces, as `$prettyPrint` is on unless told otherwise. */
export function respond(status: number, json: unknown): CloudResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=UTF-8' },
    body: JSON.stringify(json, null, 2),
  };
}

/** The body of an error. */
export function errorResponse(code: number, message: string, status: StatusName): CloudResponse {
  return respond(code, { error: { code, message, status } });
}

/** Base64 text as bytes; both alphabets are allowed, as in proto3 JSON. */
export function bytesOf(value: unknown, field: string): Buffer {
  if (value === undefined || value === null) return Buffer.alloc(0);
  if (typeof value === 'string' && /^[\w+/=-]*$/.test(value)) return Buffer.from(value, 'base64');
  throw new CloudError('INVALID_ARGUMENT', `Invalid value at '${field}' (TYPE_BYTES)`);
}

/** A text field, or undefined. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The nested object, or an empty one. */
export function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

/** RFC 3339, as Google writes times. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

/** One page of a list; the token is the index to go on from. */
export function page<T>(all: T[], query: URLSearchParams, most = 25_000) {
  const size = Math.min(Number(query.get('pageSize')) || most, most);
  const from = Number(query.get('pageToken')) || 0;
  const more = from + size < all.length;
  return { items: all.slice(from, from + size), ...(more && { nextPageToken: `${from + size}` }) };
}
