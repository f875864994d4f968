/** Faults of deliveries: between a subscription and who hears from it, and of the processes that do. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Deliver, PushBody } from '../bus/bus.ts';
import type { Flight } from '../bus/flight.ts';
import type { Host } from '../hosts.ts';
import { FUNCTION_OF } from '../push.ts';
import type { Fault, Faults } from './faults.ts';

/** What the faults of deliveries need. */
export interface DeliveryFaultOptions {
  faults: Faults;
  flight: Flight;
  hosts: Map<string, Host>;
  /** Copies a message to the dead letters. */
  deadLetter: (data: string) => Promise<unknown>;
  /** Gets what went wrong in the background. */
  failed: (error: unknown, subscription: string) => void;
}

const DUPLICATES_WITHIN_MS = 1000;
const REORDER_MS = 1000;
const KILL_AFTER_MS = 20;

/** A Deliver with faults: services `pubsub` (method: the subscription) and `functions` (the function). */
export function disturbDeliveries(deliver: Deliver, options: DeliveryFaultOptions): Deliver {
  const { faults, flight, failed } = options;
  /** Delivers once more in the background; nothing waits for its answer. */
  const again = (subscription: string, body: PushBody, ms: number) => {
    const end = flight.begin();
    void wait(ms)
      .then(() => deliver(subscription, body))
      .catch((error: unknown) => failed(error, subscription))
      .finally(end);
  };
  return async (subscription, body) => {
    const point = { service: 'pubsub', method: subscription, user: userOf(body) };
    for (const fault of faults.striking(point, 'before')) {
      const { kind, ms, copies = 1 } = fault;
      if (ends(fault)) return fault.status ?? 503;
      // Acknowledged and never delivered.
      if (kind === 'drop') return 204;
      if (kind === 'delay') await wait(ms ?? 0);
      // Held back, so that what was published later overtakes it.
      if (kind === 'reorder') await wait(ms ?? REORDER_MS);
      if (kind === 'deadLetter') {
        await options.deadLetter(Buffer.from(body.message.data, 'base64').toString());
      }
      for (let i = 1; kind === 'duplicate' && i <= copies; i++) {
        again(subscription, body, ((ms ?? DUPLICATES_WITHIN_MS) * (i - 1)) / copies);
      }
    }
    disturbProcess(subscription, options);
    let status = await deliver(subscription, body);
    for (const fault of faults.striking(point, 'after')) {
      if (fault.kind === 'delay') await wait(fault.ms ?? 0);
      if (fault.kind === 'redeliver') again(subscription, body, fault.ms ?? 0);
      // The work is done, but Pub/Sub never hears it.
      if (ends(fault)) status = fault.status ?? 503;
    }
    return status;
  };
}

const ends = ({ kind }: Fault) => kind === 'status' || kind === 'close';

/** Kills or stops the function's process in the middle of what it is about to do. */
function disturbProcess(subscription: string, options: DeliveryFaultOptions): void {
  const { faults, hosts, flight, failed } = options;
  const name = FUNCTION_OF[subscription];
  const host = name === undefined ? undefined : hosts.get(name);
  if (!name || !host) return;
  for (const fault of faults.striking({ service: 'functions', method: name }, 'before')) {
    const work = fault.kind === 'kill' ? killed(host, fault) : paused(host, fault);
    const end = flight.begin();
    void work.catch((error: unknown) => failed(error, subscription)).finally(end);
  }
}

async function killed(host: Host, { ms = KILL_AFTER_MS }: Fault): Promise<void> {
  await wait(ms);
  if (host.pid === undefined) return;
  await host.kill('SIGKILL');
  await host.start();
}

/** As a virtual machine that is frozen: afterwards it goes on, with whatever it believed. */
async function paused(host: Host, { ms = 0 }: Fault): Promise<void> {
  const { pid } = host;
  if (pid === undefined) return;
  process.kill(pid, 'SIGSTOP');
  await wait(ms);
  if (host.pid === pid) process.kill(pid, 'SIGCONT');
}

/** The user of the message, or of its first change. */
function userOf(body: PushBody): string | null {
  try {
    const message = JSON.parse(Buffer.from(body.message.data, 'base64').toString());
    return message.userId ?? message.changes?.[0]?.userId ?? null;
  } catch {
    return null;
  }
}
