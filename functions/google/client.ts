/**
 * Calls of Google's APIs for one user: typed by googleapis, sent by us. A typed call is captured as
 * data by a gaxios adapter, so that many can travel in one batch, and so that repeating one is decided
 * here and nowhere else (gaxios' own retries never run: it sends nothing).
 */
import { INSTANCE_RETRIES, type RetryBudget, refilled, retryDelay } from '../core/retry.ts';
import { isSyncError, SyncError, saysNothingDone } from '../errors.ts';
import type { Log } from '../log.ts';
import { errorOf, type GoogleSession, type Result } from '../sync/collection.ts';
import type { Clock, Random } from '../sync/ports.ts';
import { decodeBatch, encodeBatch, MAX_BATCH } from './batch.ts';
import { failureOf } from './failure.ts';
import type { HttpAnswer, HttpCall, Send } from './http.ts';

/** A captured call and the type of what it answers. */
export interface TypedCall<T> {
  call: HttpCall;
  /** Another user than the session's: the call carries his or her token. Then errors of the token are its result. */
  as?: GoogleSession;
  readonly answers?: T;
}

interface CallOptions {
  rootUrl: string;
  retry: false;
  adapter: (prepared: unknown) => Promise<never>;
}

/** One of Google's APIs: typed calls are captured, and performed together. */
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

/** What a client of one API is made of. */
export interface ApiClientOptions {
  /** What it is called where something is remembered of it. */
  name: string;
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

/** The options, and what a client learns and spends for all its users together. */
interface Wire extends ApiClientOptions {
  /** Whether batches are sent: found out by the first one. */
  batches: boolean;
  /** What may be spent on repetitions. */
  budget: RetryBudget;
}

/** A client for one API; one an instance, since its users share a retry budget. */
export function createApiClient(given: ApiClientOptions): ApiClient {
  const options: Wire = {
    ...given,
    batches: true,
    budget: { left: INSTANCE_RETRIES, at: given.clock.now() },
  };
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
      open.map((i) => calls[i] as TypedCall<T>),
    );
    open.forEach((index, at) => {
      results[index] = judge<T>(answers[at]);
    });
    open = open.filter((index) => retryable(results[index]));
    const worst = open.map((i) => errorOf(results[i])).sort(byRetryAfter)[0];
    if (!worst) break;
    options.budget = refilled(options.budget, options.clock.now());
    const left = options.budget.left < open.length ? 0 : session.retriesLeft;
    const unsure = once && open.some((i) => !saysNothingDone(errorOf(results[i])));
    const waitMs = unsure ? undefined : retryDelay(worst, attempt, left, options.random());
    if (waitMs === undefined) {
      for (const index of open) results[index] = postponed(errorOf(results[index]) ?? worst);
      break;
    }
    session.retriesLeft--;
    options.budget.left -= open.length;
    options.log('google.retry', {
      method: 'batch',
      attempt,
      waitMs: Math.round(waitMs),
      reason: worst.reason,
    });
    await options.clock.sleep(waitMs);
  }
  for (const [i, result] of results.entries()) rest(options, session, calls[i], errorOf(result));
  return results;
}

/** Reading and writing are limited apart: who may write no more is still listened to. */
const wayOf = ({ name }: Wire, { call }: TypedCall<unknown>) =>
  `${name} ${call.method === 'GET' ? 'reads' : 'writes'}`;

/** Google has asked to be left alone for longer than the run could wait: no call before that, in no run. */
function rest(
  options: Wire,
  { rests }: GoogleSession,
  call: TypedCall<unknown> | undefined,
  error: SyncError | undefined,
): void {
  if (!call || error?.kind !== 'later' || error.retryAfterMs === undefined) return;
  const way = wayOf(options, call);
  rests[way] = Math.max(rests[way] ?? 0, options.clock.now() + error.retryAfterMs);
}

/** One HTTP request for the calls, a second one for those whose token had died early. */
async function exchange(
  options: Wire,
  session: GoogleSession,
  calls: TypedCall<unknown>[],
): Promise<(HttpAnswer | SyncError)[]> {
  const answers = new Array<HttpAnswer | SyncError>(calls.length);
  let open = calls.map((_, index) => index);
  for (let renewed = false; open.length > 0; renewed = true) {
    const tokens = await tokensOf(
      session,
      open.map((index) => calls[index]?.as ?? session),
    );
    // Whoever stood still for too long has lost the user to another run: not one more write (P25).
    if (options.clock.now() >= session.until)
      return calls.map((_, i) => answers[i] ?? new SyncError('later', 'leaseLost'));
    const ready = open.flatMap((index) => {
      const typed = calls[index] as TypedCall<unknown>;
      const { call, as = session } = typed;
      if ((session.rests[wayOf(options, typed)] ?? 0) > options.clock.now()) {
        answers[index] = new SyncError('later', 'resting', { status: 429 });
        return [];
      }
      const token = tokens.get(as);
      if (typeof token === 'string') return [{ index, as, call, token }];
      answers[index] = token ?? new SyncError('later', 'noToken');
      return [];
    });
    const sent = await attempt(options, session, ready);
    ready.forEach(({ index }, at) => {
      answers[index] = sent[at] as HttpAnswer | SyncError;
    });
    const refused = ready.filter((_, at) => refusesToken(sent[at]));
    // A token can die early, and it knows only the scopes of its day: the user may have connected
    // again since, in another process. A second refusal of a fresh one is no matter of age.
    if (renewed) break;
    for (const { as } of refused) as.invalidate();
    open = refused.map(({ index }) => index);
  }
  return answers;
}

function refusesToken(answer: HttpAnswer | SyncError | undefined): boolean {
  if (answer === undefined) return false;
  const error = answer instanceof SyncError ? answer : failureOf(answer);
  return error?.status === 401 || error?.kind === 'reauthorize';
}

/** The session's own token or an error that is thrown; those of others, or why there is none. */
async function tokensOf(
  session: GoogleSession,
  all: GoogleSession[],
): Promise<Map<GoogleSession, string | SyncError>> {
  const entries = [...new Set(all)].map(async (one): Promise<[typeof one, string | SyncError]> => {
    try {
      return [one, await one.accessToken()];
    } catch (error) {
      if (one !== session && isSyncError(error)) return [one, error];
      throw error;
    }
  });
  return new Map(await Promise.all(entries));
}

/** One HTTP request for the calls; a failure of the whole is the answer of each. */
async function attempt(
  options: Wire,
  session: GoogleSession,
  calls: { call: HttpCall; token: string }[],
): Promise<(HttpAnswer | SyncError)[]> {
  const { root, batchPath, send } = options;
  const [first] = calls;
  if (!first) return [];
  const signed = ({ call, token }: (typeof calls)[number]): HttpCall => ({
    ...call,
    headers: { ...call.headers, authorization: `Bearer ${token}` },
  });
  if (calls.length === 1 || !options.batches) return singly(options, session, calls.map(signed));
  try {
    // The request's token is every part's, unless the part brings its own (batch guide).
    const parts = calls.map((one) => (one.token === first.token ? one.call : signed(one)));
    const outer = `Bearer ${first.token}`;
    const answer = await send(encodeBatch(`${root}${batchPath}`, root, parts, outer));
    if (options.batchMayLack && NO_BATCH.includes(answer.status)) {
      options.batches = false;
      return singly(options, session, calls.map(signed));
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

/** A request for each call, which carries its token. */
async function singly(
  { send, clock }: Wire,
  session: GoogleSession,
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
        return await send(call);
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
    // Only a 204 has no body: any other answer without one was cut short behind its head.
    const data = answer.status === 204 ? undefined : JSON.parse(answer.body);
    return { ok: true, data: data as T };
  } catch {
    return { ok: false, error: new SyncError('retry', 'unreadableAnswer') };
  }
}

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
