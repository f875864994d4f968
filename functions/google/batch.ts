/**
 * Google's HTTP batch: n calls of one API in one multipart/mixed request.
 * https://developers.google.com/workspace/calendar/api/guides/batch
 * Parts run in any order, are not atomic and count singly against the quota: each is judged alone.
 */
import { SyncError } from '../errors.ts';
import type { HttpAnswer, HttpCall } from './http.ts';

/** The guide says 1000 now and said 50 before; 50 bounds what one lost answer leaves open. */
export const MAX_BATCH = 50;

/** The batch request for these calls; `root` is the part of their URLs that a part leaves out. */
export function encodeBatch(
  url: string,
  root: string,
  calls: HttpCall[],
  authorization: string,
): HttpCall {
  // Derived from the content, so that equal calls make equal requests (P37), and checked against it.
  let boundary = 'batch_crm_google_sync';
  while (calls.some((call) => call.body?.includes(boundary))) boundary += '_';
  const parts = calls.map(
    (call, index) =>
      `--${boundary}\r\nContent-Type: application/http\r\nContent-ID: <${index}>\r\n\r\n${inner(call, root)}\r\n`,
  );
  return {
    method: 'POST',
    url,
    // No trailing semicolon: Calendar answers 400 to one.
    headers: { authorization, 'content-type': `multipart/mixed; boundary=${boundary}` },
    body: `${parts.join('')}--${boundary}--\r\n`,
  };
}

function inner(call: HttpCall, root: string): string {
  const body = call.body ?? '';
  const headers = Object.entries(call.headers).filter(([name]) =>
    ['authorization', 'content-type', 'if-match', 'if-none-match'].includes(name),
  );
  if (body !== '') headers.push(['content-length', String(Buffer.byteLength(body))]);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${call.method} ${call.url.slice(root.length)} HTTP/1.1\r\n${lines}\r\n${body}`;
}

/**
 * The parts' answers, in the order of the calls. A part that is missing or cannot be read is an answer
 * that was lost: status 503. Throws SyncError `retry` when the whole cannot be read.
 */
export function decodeBatch(answer: HttpAnswer, count: number): HttpAnswer[] {
  const boundary = /boundary="?([^";]+)"?/.exec(answer.headers['content-type'] ?? '')?.[1];
  if (!boundary) throw new SyncError('retry', 'unreadableBatch');
  const answers = new Array<HttpAnswer>(count).fill({ status: 503, headers: {}, body: '' });
  for (const part of answer.body.split(`--${boundary}`).slice(1)) {
    const decoded = decodePart(part);
    if (decoded && decoded.index < count) answers[decoded.index] = decoded.answer;
  }
  return answers;
}

function decodePart(part: string): { index: number; answer: HttpAnswer } | undefined {
  const [outer = '', rest] = splitHead(part);
  const index = /content-id:\s*<?response-(?:.*?)(\d+)>?/i.exec(outer)?.[1];
  if (rest === undefined || index === undefined) return undefined;
  const [head = '', body] = splitHead(rest);
  const status = /^\s*HTTP\/[\d.]+ (\d{3})/.exec(head)?.[1];
  if (status === undefined) return undefined;
  const headers: Record<string, string> = {};
  for (const line of head.split(/\r?\n/).slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0)
      headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  const text = (body ?? '').replace(/\r?\n$/, '');
  return { index: Number(index), answer: { status: Number(status), headers, body: text } };
}

/** Splits at the first empty line. */
function splitHead(text: string): [string, string | undefined] {
  const match = /\r?\n\r?\n/.exec(text);
  if (!match) return [text, undefined];
  return [text.slice(0, match.index), text.slice(match.index + match[0].length)];
}
