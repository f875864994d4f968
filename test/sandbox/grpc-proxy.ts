/**
 * A gRPC proxy in front of an emulator. It changes nothing by itself: it can be told to watch calls, and
 * faults can strike them on the way there and back.
 */
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { statusOf } from './cloud/protocol.ts';
import type { Fault, Faults, When } from './faults/faults.ts';

/** What the proxy does besides forwarding. */
export interface ProxyOptions {
  /** Called as a call begins; its result at the end, with what was sent and received. */
  watch?: (path: string) => ((request: Buffer, response: Buffer) => void) | undefined;
  /** Faults, and the point that a call is to them; undefined: none strikes it. */
  faults?: Faults;
  pointOf?: (path: string) => { service: string; method: string } | undefined;
}

/** How a call ends early. */
type Ending = Pick<Fault, 'kind' | 'status' | 'reason'>;

/** Listens on a free port and forwards to the emulator (`host:port`). */
export async function startGrpcProxy(
  emulator: string,
  options: ProxyOptions,
): Promise<{ host: string; close: () => Promise<void> }> {
  let upstream = http2.connect(`http://${emulator}`);
  upstream.on('error', () => {});
  const session = () => {
    if (upstream.closed || upstream.destroyed) {
      upstream = http2.connect(`http://${emulator}`);
      upstream.on('error', () => {});
    }
    return upstream;
  };
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on('session', (s) => {
    sessions.add(s);
    s.on('error', () => {});
    s.once('close', () => sessions.delete(s));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    void handle(session, stream, headers, options);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const s of sessions) s.destroy();
      upstream.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function handle(
  session: () => http2.ClientHttp2Session,
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  options: ProxyOptions,
): Promise<void> {
  const path = headers[':path'] ?? '';
  const early = await strike(options, path, 'before');
  if (stream.destroyed) return;
  if (early) return finish(stream, early);
  forward(session(), stream, headers, options);
}

/** Lets faults strike; what ends the call is returned. */
async function strike(
  { faults, pointOf }: ProxyOptions,
  path: string,
  when: When,
): Promise<Ending | undefined> {
  const point = pointOf?.(path);
  if (!faults || !point) return undefined;
  for (const fault of faults.striking(point, when)) {
    if (fault.kind === 'delay') await wait(fault.ms ?? 0);
    if (fault.kind === 'status' || fault.kind === 'close') return fault;
  }
  return undefined;
}

function forward(
  upstream: http2.ClientHttp2Session,
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  options: ProxyOptions,
): void {
  const path = headers[':path'] ?? '';
  const ended = options.watch?.(path);
  const sent: Buffer[] = [];
  const received: Buffer[] = [];
  let trailers: http2.IncomingHttpHeaders = {};
  const { ':scheme': _scheme, ':authority': _authority, ...rest } = headers;
  const out = upstream.request({ ...rest, ':scheme': 'http' });
  stream.once('close', () => out.close());
  if (ended) stream.on('data', (chunk: Buffer) => sent.push(chunk));
  stream.pipe(out);
  out.once('trailers', (t) => {
    trailers = t;
  });
  stream.once('wantTrailers', () => stream.sendTrailers({ ...trailers }));
  out.once('response', async (answer, flags) => {
    if (ended) out.on('data', (chunk: Buffer) => received.push(chunk));
    const late = await strike(options, path, 'after');
    if (late) {
      // The emulator has done it; only the answer is lost.
      out.once('end', () => finish(stream, late)).resume();
      return;
    }
    if (stream.destroyed) return void out.resume();
    const { ':status': status, ...others } = answer;
    // An answer of trailers only (a refusal) has no body and no trailers to wait for.
    const only = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(
      { ...others, ':status': status ?? 200 },
      only ? { endStream: true } : { waitForTrailers: true },
    );
    out.pipe(stream);
  });
  out.once('error', () => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR));
  out.once('close', () => ended?.(Buffer.concat(sent), Buffer.concat(received)));
}

/** Ends a call with an error of gRPC's, or without any answer. */
function finish(stream: http2.ServerHttp2Stream, { kind, status = 503, reason }: Ending): void {
  if (stream.destroyed || stream.headersSent) return;
  if (kind === 'close') {
    stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  const code = CODES[reason ?? statusOf(status)] ?? 2;
  const trailers = { 'grpc-status': String(code), 'grpc-message': 'Scripted fault.' };
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', ...trailers },
    { endStream: true },
  );
}

/** https://grpc.io/docs/guides/status-codes/ */
const CODES: { [name: string]: number } = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
};
