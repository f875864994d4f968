/**
 * One call to a Google client: bounded in time, repeated once, and with an error that holds no secret.
 *
 * The REST transport of google-gax needs all three. Its `timeout` option only sets a field that nobody
 * reads, so a server that hangs would hang the function. Its retry settings are gRPC codes, which never
 * match the HTTP status that arrives, so it retries nothing. And its errors quote the request.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { VaultError } from './ports.ts';

const ATTEMPT_MS = 10_000;
const PAUSE_MS = 200;

/** Limits of a call; the defaults suit a function that somebody waits for. */
export interface CallLimits {
  /** Per attempt. */
  timeoutMs?: number;
  /** Before the second attempt, at most. */
  pauseMs?: number;
}

/** A secret version that exists but cannot be read. */
export class VersionNotEnabled extends VaultError {
  readonly version: number;
  readonly state: 'DISABLED' | 'DESTROYED';

  constructor(operation: string, version: number, state: 'DISABLED' | 'DESTROYED') {
    super(operation, 'FAILED_PRECONDITION', false);
    this.version = version;
    this.state = state;
  }
}

/**
 * Runs a client's method and resolves to its response. A transient failure is tried once more, so
 * `start` must be harmless to repeat. Throws VaultError only.
 */
export async function call<T>(
  operation: string,
  start: () => Promise<[T, ...unknown[]]>,
  limits: CallLimits = {},
): Promise<T> {
  try {
    return await attempt(operation, start, limits.timeoutMs ?? ATTEMPT_MS);
  } catch (error) {
    if (!(error instanceof VaultError && error.transient)) throw error;
  }
  const pause = limits.pauseMs ?? PAUSE_MS;
  await wait(pause / 2 + (Math.random() * pause) / 2);
  return attempt(operation, start, limits.timeoutMs ?? ATTEMPT_MS);
}

async function attempt<T>(
  operation: string,
  start: () => Promise<[T, ...unknown[]]>,
  timeoutMs: number,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new VaultError(operation, 'DEADLINE_EXCEEDED', true));
      cancel(running);
    }, timeoutMs);
  });
  let running: Promise<[T, ...unknown[]]> | undefined;
  try {
    running = start();
    return (await Promise.race([running, late]))[0];
  } catch (error) {
    throw error instanceof VaultError ? error : vaultError(operation, error);
  } finally {
    clearTimeout(timer);
  }
}

/** The clients' promises can be cancelled, which their types do not say. */
function cancel(running: unknown): void {
  (running as { cancel?: () => void } | undefined)?.cancel?.();
}

const GRPC_CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

const TRANSIENT = new Set<number | string>([
  ...['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'ABORTED', 'INTERNAL'],
  ...['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['ENETUNREACH', 'EHOSTUNREACH', 'AbortError', 'TimeoutError', 'ERR_STREAM_PREMATURE_CLOSE'],
]);

function vaultError(operation: string, error: unknown): VaultError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : '';
  const blocked = /versions\/(\d+)\] is in (DISABLED|DESTROYED) state/.exec(text);
  if (blocked) {
    return new VersionNotEnabled(operation, Number(blocked[1]), blocked[2] as 'DISABLED');
  }
  const known = statusName(code, text);
  return new VaultError(operation, known, TRANSIENT.has(known) || isTransientHttp(known));
}

/** The two transports name the same failure differently: gRPC by number, REST in the body's JSON. */
function statusName(code: unknown, text: string): number | string {
  if (typeof code === 'number' && code < GRPC_CODES.length) return GRPC_CODES[code] as string;
  try {
    const { status } = JSON.parse(text).error;
    if (GRPC_CODES.includes(status)) return status;
  } catch {
    // A proxy's error page, or no answer at all.
  }
  return typeof code === 'number' || typeof code === 'string' ? code : 'UNKNOWN';
}

function isTransientHttp(code: number | string): boolean {
  return typeof code === 'number' && (code === 408 || code === 429 || code >= 500);
}
