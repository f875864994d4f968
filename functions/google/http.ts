import { SyncError } from '../errors.ts';

/** One HTTP request as data. */
export interface HttpCall {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** An answer as it came over the wire, whatever its status. */
export interface HttpAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** Sends one request. Throws SyncError `retry` when no answer came: the effect is then unknown. */
export type Send = (call: HttpCall) => Promise<HttpAnswer>;

/** The network. `timeoutMs` covers the whole exchange; redirects are refused. */
export function fetchSend(timeoutMs: number): Send {
  return async (call) => {
    try {
      const answer = await fetch(call.url, {
        method: call.method,
        headers: call.headers,
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
        ...(call.body !== undefined && { body: call.body }),
      });
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: await answer.text(),
      };
    } catch {
      // The cause may hold the URL and headers, the token among them: it goes nowhere.
      throw new SyncError('retry', 'network');
    }
  };
}
