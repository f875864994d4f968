/** HTTP batch: many calls in one multipart/mixed request (google-contracts section 2). */
import { identify } from './access.ts';
import { disturbAnswer, disturbCall } from './disturb.ts';
import {
  ApiError,
  type Call,
  ConnectionLost,
  type HttpRequest,
  type HttpResponse,
  render,
  type Service,
} from './protocol.ts';
import { opaque, shuffled } from './random.ts';
import { parseUrl } from './router.ts';
import type { Workspace } from './workspace.ts';

const MAX_PARTS = 1000;

interface Part {
  contentId: string | null;
  request: HttpRequest;
}

/** Executes a batch: parts in any order, answers in the order of the parts, nothing atomic. */
export async function runBatch(
  workspace: Workspace,
  service: Service,
  request: HttpRequest,
  httpRequest: number,
): Promise<HttpResponse> {
  const identity = identify(workspace, request.headers);
  const outer: Call = {
    method: `${service.name}.batch`,
    service: service.name,
    user: identity?.email ?? null,
    client: identity && identity.clientId === null ? 'phone' : 'sync',
    params: {},
    query: new URLSearchParams(),
    headers: request.headers,
    body: '',
    httpRequest,
    batch: null,
  };
  try {
    await disturbCall(workspace, service, outer);
    const parts = parseParts(service, request);
    const answers: HttpResponse[] = [];
    let lost: ConnectionLost | undefined;
    // [V] The order of execution is not guaranteed.
    for (const index of shuffled(workspace.random, parts.length)) {
      const part = parts[index] as Part;
      try {
        const position = { index, size: parts.length };
        answers[index] = await workspace.execute(part.request, httpRequest, position);
      } catch (error) {
        // All parts share one connection: the rest still runs, but no answer arrives.
        if (!(error instanceof ConnectionLost)) throw error;
        lost = error;
      }
    }
    if (lost) throw lost;
    const { cut } = await disturbAnswer(workspace, outer, { status: 200 });
    const answer = multipart(`batch_${opaque(workspace.random, 24)}`, parts, answers);
    return cut ? { ...answer, body: answer.body.slice(0, answer.body.length / 2) } : answer;
  } catch (error) {
    if (error instanceof ApiError) return render(error.answer());
    throw error;
  }
}

function refuse(message: string): ApiError {
  return new ApiError(400, 'badRequest', `Failed to parse batch request, error: ${message}`);
}

function parseParts(service: Service, request: HttpRequest): Part[] {
  const type = request.headers['content-type'] ?? '';
  // [I] A trailing ';' in the content type is answered with 400.
  if (/;\s*$/.test(type)) throw refuse('malformed content type');
  const boundary = /^multipart\/mixed\s*;\s*boundary=(?:"([^"]+)"|([^\s;"]+))$/i.exec(type.trim());
  if (!boundary) throw refuse('content type must be multipart/mixed with a boundary');
  const delimiter = `--${boundary[1] ?? boundary[2]}`;
  const chunks = `\r\n${request.body.replace(/\r?\n/g, '\r\n')}`.split(`\r\n${delimiter}`);
  const last = chunks.pop();
  if (chunks.length === 0 || !last?.startsWith('--')) throw refuse('missing closing boundary');
  const parts = chunks.slice(1).map((chunk) => parsePart(service, request, chunk));
  if (parts.length === 0) throw refuse('no parts');
  // [V] At most 1000 calls.
  if (parts.length > MAX_PARTS) {
    throw refuse(
      `The batch request could not be processed because it contains more than ${MAX_PARTS} calls.`,
    );
  }
  const ids = parts.flatMap((part) => (part.contentId ? [part.contentId] : []));
  if (new Set(ids).size !== ids.length) throw refuse('Content-ID given twice');
  return parts;
}

function parsePart(service: Service, outer: HttpRequest, chunk: string): Part {
  const [head, ...rest] = chunk.replace(/^\r\n/, '').split('\r\n\r\n');
  const envelope = parseHeaders((head ?? '').split('\r\n'));
  if (!/^application\/http\b/i.test(envelope['content-type'] ?? '')) {
    throw refuse('each part must be application/http');
  }
  const [innerHead, ...bodyParts] = rest;
  const [requestLine, ...headerLines] = (innerHead ?? '').split('\r\n');
  const line = /^([A-Z]+) (\S+)(?: HTTP\/1\.1)?$/.exec((requestLine ?? '').trim());
  if (!line) throw refuse('malformed request line');
  const url = line[2] as string;
  // [V] PATH only, no host; [R] all parts go to one API.
  if (!url.startsWith('/') || url.startsWith('//'))
    throw refuse('inner requests take a path, not a URL');
  if (!parseUrl(url).path.startsWith(`${service.base}/`)) {
    throw refuse('all parts must belong to the API of the batch endpoint');
  }
  const headers = parseHeaders(headerLines);
  // [R] The outer Authorization applies unless the part has its own.
  if (!headers.authorization && outer.headers.authorization) {
    headers.authorization = outer.headers.authorization;
  }
  const body = bodyParts.join('\r\n\r\n').replace(/\r\n$/, '');
  return {
    contentId: envelope['content-id'] ?? null,
    request: { method: line[1] as string, url, headers, body },
  };
}

function parseHeaders(lines: string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    if (line.trim() === '') continue;
    const colon = line.indexOf(':');
    if (colon <= 0) throw refuse('malformed header');
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}

function multipart(boundary: string, parts: Part[], answers: HttpResponse[]): HttpResponse {
  let body = '';
  answers.forEach((answer, index) => {
    const contentId = parts[index]?.contentId;
    body += `--${boundary}\r\nContent-Type: application/http\r\n`;
    if (contentId) body += `Content-ID: <response-${contentId.replace(/^<|>$/g, '')}>\r\n`;
    body += `\r\nHTTP/1.1 ${answer.status} ${STATUS_TEXT[answer.status] ?? 'Status'}\r\n`;
    for (const [name, value] of Object.entries(answer.headers)) body += `${name}: ${value}\r\n`;
    body += `content-length: ${Buffer.byteLength(answer.body)}\r\n\r\n${answer.body}\r\n`;
  });
  return {
    status: 200,
    headers: { 'content-type': `multipart/mixed; boundary=${boundary}` },
    body: `${body}--${boundary}--\r\n`,
  };
}

const STATUS_TEXT: Record<number, string> = {
  200: 'OK',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
