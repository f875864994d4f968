/**
 * A gRPC proxy in front of the Pub/Sub emulator. It changes nothing; it reads what is published, by
 * whichever process, so that the stack can show every message and knows when nothing is in flight.
 */
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Published } from './bus.ts';

const PUBLISH = '/google.pubsub.v1.Publisher/Publish';

/** What the tap tells. `begin` is called as a publish call starts; its result at the end. */
export interface TapEvents {
  begin: () => () => void;
  published: (topic: string, messages: Published[]) => void;
}

/** Listens on a free port and forwards to the emulator (`host:port`). */
export async function startTap(
  emulator: string,
  events: TapEvents,
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
  server.on('stream', (stream, headers) => forward(session(), stream, headers, events));
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

function forward(
  upstream: http2.ClientHttp2Session,
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  events: TapEvents,
): void {
  const watched = headers[':path'] === PUBLISH;
  const end = watched ? events.begin() : () => {};
  const sent: Buffer[] = [];
  const received: Buffer[] = [];
  let trailers: http2.IncomingHttpHeaders = {};
  const { ':scheme': _scheme, ':authority': _authority, ...rest } = headers;
  const out = upstream.request({ ...rest, ':scheme': 'http' });
  stream.on('error', () => {});
  stream.once('close', () => out.close());
  stream.on('data', (chunk: Buffer) => watched && sent.push(chunk));
  stream.pipe(out);
  out.once('response', (answer, flags) => {
    if (stream.destroyed) return;
    const { ':status': status, ...others } = answer;
    // An answer of trailers only (a refusal) has no body and no trailers to wait for.
    const only = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(
      { ...others, ':status': status ?? 200 },
      only ? { endStream: true } : { waitForTrailers: true },
    );
  });
  out.on('data', (chunk: Buffer) => watched && received.push(chunk));
  out.once('trailers', (t) => {
    trailers = t;
  });
  stream.once('wantTrailers', () => stream.sendTrailers({ ...trailers }));
  out.pipe(stream);
  out.once('error', () => {
    end();
    stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  });
  out.once('close', () => {
    try {
      if (watched) report(Buffer.concat(sent), Buffer.concat(received), events);
    } finally {
      end();
    }
  });
}

function report(request: Buffer, response: Buffer, events: TapEvents): void {
  if (response.length < 5 || request[0] !== 0 || response[0] !== 0) return;
  const ids = fields(response.subarray(5)).filter((f) => f.number === 1);
  const asked = fields(request.subarray(5));
  const name = asked.find((f) => f.number === 1)?.bytes.toString() ?? '';
  const topic = name.split('/').at(-1) ?? '';
  const messages = asked.filter((f) => f.number === 2);
  events.published(
    topic,
    ids.map(({ bytes }, i) => {
      const parts = fields(messages[i]?.bytes ?? Buffer.alloc(0));
      const data = parts.find((f) => f.number === 1)?.bytes.toString() ?? '';
      return { topic, messageId: bytes.toString(), data };
    }),
  );
}

/** The length-delimited fields of a protobuf message; all that a publish call consists of. */
function fields(message: Buffer): { number: number; bytes: Buffer }[] {
  const found: { number: number; bytes: Buffer }[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    if ((tag & 7) !== 2) return found;
    const length = varint();
    found.push({ number: tag >>> 3, bytes: message.subarray(at, at + length) });
    at += length;
  }
  return found;
}
