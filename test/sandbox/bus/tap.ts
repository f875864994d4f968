/**
 * What is published on the Pub/Sub emulator, by whichever process: read from a proxy in front of it, so
 * that the stack can show every message and knows when nothing is in flight.
 */
import type { Faults } from '../faults/faults.ts';
import { startGrpcProxy } from '../grpc-proxy.ts';
import type { Published } from './bus.ts';

const PUBLISH = '/google.pubsub.v1.Publisher/Publish';

/** What the tap tells. `begin` is called as a publish call starts; its result at the end. */
export interface TapEvents {
  begin: () => () => void;
  published: (topic: string, messages: Published[]) => void;
}

/** Listens on a free port and forwards to the emulator (`host:port`). */
export function startTap(
  emulator: string,
  events: TapEvents,
  faults?: Faults,
): Promise<{ host: string; close: () => Promise<void> }> {
  return startGrpcProxy(emulator, {
    ...(faults && { faults }),
    pointOf: (path) => (path === PUBLISH ? { service: 'pubsub', method: 'publish' } : undefined),
    watch(path) {
      if (path !== PUBLISH) return undefined;
      const end = events.begin();
      return (request, response) => {
        try {
          report(request, response, events);
        } finally {
          end();
        }
      };
    },
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
