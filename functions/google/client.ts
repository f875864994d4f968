/**
 * Calls of Google's APIs for one user: typed by googleapis, sent by us. A typed call is captured as
 * data by a gaxios adapter, so that many can travel in one batch, and so that repeating one is decided
 * here and nowhere else (gaxios' own retries never run: it sends nothing).
 */
import { retryDelay } from '../core/retry.ts';
import { isSyncError, SyncError, saysNothingDone } from '../errors.ts';
import type { Log } from '../log.ts';
import type { GoogleSession, Result } from '../sync/collection.ts';
import type { Clock, Random } from '../sync/ports.ts';
import { decodeBatch, encodeBatch, MAX_BATCH } from './batch.ts';
import { failureOf } from './failure.ts';
import type { HttpAnswer, HttpCall, Send } from './http.ts';

/** A captured call and the type of what it answers. */
export interface TypedCall<T> {
  call: HttpCall;
  readonly answers?: T;
}

interface CallOptions {
  rootUrl: string;
  retry: false;
  adapter: (prepared: unknown) => Promise<never>;
}

export interface ApiClient {
  /** Captures a typed call. `invoke` hands the options on to googleapis. */
  capture<T>(invoke: (options: CallOptions) => Promise<{ data: T }>): Promise<TypedCall<T>>;
  /**
   * Performs the calls, at most 50 in one HTTP batch, a single one without. Results come in the order
   * of the calls; what may pass is repeated within the budget, then it is `later`. Throws only
   * SyncError `reauthorize`. With `once`, for calls that make something new each time: repeated only
   * after an answer that says that nothing was done.
   */
  perform<T>(
    session: GoogleSession,
    calls: TypedCall<T>[],
    options?: { once: boolean },
  ): Promise<Result<T>[]>;
}

export interface ApiClientOptions {
  /** Root of the API, without a trailing slash, such as https://www.googleapis.com */
  root: string;
  /** Path of the batch endpoint below the root, such as /batch/calendar/v3 */
  batchPath: string;
  /** Whether the API has one is not documented: without it the calls are sent singly. */
  batchMayLack?: boolean;
  send: Send;
  clock: Clock;
  random: Random;
  log: Log;
}

/** The options, and whether batches are sent: found out by the first one. */
type Wire = ApiClientOptions & { batches: boolean };

/** A client for one API. */
export function createApiClient(given: ApiClientOptions): ApiClient {
  const options: Wire = { ...given, batches: true };
  return {
    capture: (invoke) => capture(`${options.root}/`, invoke),
    async perform<T>(session: GoogleSession, calls: TypedCall<T>[], { once } = { once: false }) {
      const results: Result<T>[] = [];
      for (let at = 0; at < calls.length; at += MAX_BATCH) {
        const chunk = calls.slice(at, at + MAX_BATCH);
        results.push(...(await performChunk<T>(options, session, chunk, once)));
      }
      return results;
    },
  };
}

async function capture<T>(
  rootUrl: string,
  invoke: (options: CallOptions) => Promise<{ data: T }>,
): Promise<TypedCall<T>> {
  let captured: HttpCall | undefined;
  const adapter = (prepared: unknown): Promise<never> => {
    const { method, url, headers, body } = prepared as {
      method?: string;
      url: URL;
      headers: Headers;
      body?: string;
    };
    captured = {
      method: method ?? 'GET',
      url: String(url),
      headers: Object.fromEntries(headers),
      ...(typeof body === 'string' && { body }),
    };
    return Promise.reject(new Error('captured'));
  };
  await invoke({ rootUrl, retry: false, adapter }).catch((error: unknown) => {
    if (!captured) throw error;
  });
  if (!captured) throw new Error('googleapis made no request');
  return { call: captured };
}

async function performChunk<T>(
  options: Wire,
  session: GoogleSession,
  calls: TypedCall<T>[],
  once: boolean,
): Promise<Result<T>[]> {
  const results = new Array<Result<T>>(calls.length);
  let open = calls.map((_, index) => index);
  for (let attempt = 1; open.length > 0; attempt++) {
    const answers = await exchange(
      options,
      session,
      open.map((i) => calls[i]?.call as HttpCall),
    );
    open.forEach((index, at) => {
      results[index] = judge<T>(answers[at]);
    });
    open = open.filter((index) => retryable(results[index]));
    const worst = open.map((i) => errorOf(results[i])).sort(byRetryAfter)[0];
    if (!worst) break;
    const unsure = once && open.some((i) => !saysNothingDone(errorOf(results[i])));
    const waitMs = unsure
      ? undefined
      : retryDelay(worst, attempt, session.retriesLeft, options.random());
    if (waitMs === undefined) {
      for (const index of open) results[index] = postponed(errorOf(results[index]) ?? worst);
      break;
    }
    session.retriesLeft--;
    options.log('google.retry', {
      method: 'batch',
      attempt,
      waitMs: Math.round(waitMs),
      reason: worst.reason,
    });
    await options.clock.sleep(waitMs);
  }
  return results;
}

/** One HTTP request for the calls; a failure of the whole is the answer of each. */
async function exchange(
  options: Wire,
  session: GoogleSession,
  calls: HttpCall[],
): Promise<(HttpAnswer | SyncError)[]> {
  for (let renewed = false; ; renewed = true) {
    const token = await session.accessToken();
    // Whoever stood still for too long has lost the user to another run: not one more write (P25).
    if (options.clock.now() >= session.until)
      return calls.map(() => new SyncError('later', 'leaseLost'));
    const answers = await attempt(options, session, token, calls);
    const refused = answers.some((a) => !(a instanceof SyncError) && a.status === 401);
    // A token can die early. A second refusal of a fresh one is no matter of age.
    if (!refused || renewed) return answers;
    session.invalidate();
  }
}

async function attempt(
  options: Wire,
  session: GoogleSession,
  token: string,
  calls: HttpCall[],
): Promise<(HttpAnswer | SyncError)[]> {
  const { root, batchPath, send } = options;
  const authorization = `Bearer ${token}`;
  if (calls.length === 1 || !options.batches) return singly(options, session, authorization, calls);
  try {
    const answer = await send(encodeBatch(`${root}${batchPath}`, root, calls, authorization));
    if (options.batchMayLack && NO_BATCH.includes(answer.status)) {
      options.batches = false;
      return singly(options, session, authorization, calls);
    }
    const failure = failureOf(answer);
    if (answer.status === 401) return calls.map(() => answer);
    if (failure) return calls.map(() => failure);
    return decodeBatch(answer, calls.length);
  } catch (error) {
    if (isSyncError(error, 'retry')) return calls.map(() => error);
    throw error;
  }
}

/** Answers that say that there is nothing at the batch's path: no call of it has happened. */
const NO_BATCH = [404, 405, 410, 501];
/** Calls under way at the same time where there is no batch. */
const AT_ONCE = 5;

/** A request for each call. */
async function singly(
  { send, clock }: Wire,
  session: GoogleSession,
  authorization: string,
  calls: HttpCall[],
): Promise<(HttpAnswer | SyncError)[]> {
  const answers: (HttpAnswer | SyncError)[] = [];
  for (let at = 0; at < calls.length; at += AT_ONCE) {
    const some = calls.slice(at, at + AT_ONCE);
    if (clock.now() >= session.until) {
      answers.push(...some.map(() => new SyncError('later', 'leaseLost')));
      continue;
    }
    const sent = some.map(async (call) => {
      try {
        return await send({ ...call, headers: { ...call.headers, authorization } });
      } catch (error) {
        if (isSyncError(error, 'retry')) return error;
        throw error;
      }
    });
    answers.push(...(await Promise.all(sent)));
  }
  return answers;
}

function judge<T>(answer: HttpAnswer | SyncError | undefined): Result<T> {
  if (answer === undefined) return { ok: false, error: new SyncError('retry', 'noAnswer') };
  if (answer instanceof SyncError) return { ok: false, error: answer };
  const error = failureOf(answer);
  if (error) return { ok: false, error };
  try {
    return { ok: true, data: (answer.body === '' ? undefined : JSON.parse(answer.body)) as T };
  } catch {
    return { ok: false, error: new SyncError('retry', 'unreadableAnswer') };
  }
}

const errorOf = (result: Result<unknown> | undefined) =>
  result && !result.ok ? result.error : undefined;
const retryable = (result: Result<unknown> | undefined) => errorOf(result)?.kind === 'retry';
const byRetryAfter = (a: SyncError | undefined, b: SyncError | undefined) =>
  (b?.retryAfterMs ?? 0) - (a?.retryAfterMs ?? 0);

function postponed(error: SyncError): Result<never> {
  const details = {
    ...(error.status !== undefined && { status: error.status }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
  };
  return { ok: false, error: new SyncError('later', error.reason, details) };
}
