import { setTimeout as wait } from 'node:timers/promises';
import { type Deliver, isAck, type PushBody } from './bus/bus.ts';
import type { Flight } from './bus/flight.ts';
import type { Crm } from './crm/crm.ts';
import type { Faults } from './faults/faults.ts';
import { Disturbed, disturbed } from './faults/local.ts';
import { describe, type Feed } from './feed.ts';
import type { Host } from './hosts.ts';

/** Which function each push subscription belongs to. */
export const FUNCTION_OF: { [subscription: string]: string } = {
  'crm-change': 'crmChange',
  'poll-fanout': 'pollFanout',
  maintain: 'maintain',
  'sync-user': 'syncUser',
};

/** Longer than that no request waits for an instance. */
const COLD_START_MS = 10_000;

/** Hands pushes to the functions and to the CRM, and tells the live view about each. */
export function createDeliver(
  hosts: Map<string, Host>,
  crm: Crm,
  feed: Feed,
  faults: Faults,
  failed: (error: unknown, subscription: string) => void,
): Deliver {
  const push = async (subscription: string, body: PushBody, text: string): Promise<number> => {
    if (subscription === 'crm') {
      const point = { service: 'crm', method: 'receive' };
      await disturbed(faults, point, () => crm.receive(JSON.parse(text)));
      return 204;
    }
    const host = hosts.get(FUNCTION_OF[subscription] ?? '');
    if (!host) return 204;
    await Promise.race([host.ready, wait(COLD_START_MS, undefined, { ref: false })]);
    const answer = await fetch(`http://127.0.0.1:${host.port}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await answer.body?.cancel();
    return answer.status;
  };
  return async (subscription, body) => {
    const started = performance.now();
    const text = Buffer.from(body.message.data ?? '', 'base64').toString('utf8');
    let status = 503;
    try {
      status = await push(subscription, body, text);
    } catch (error) {
      if (error instanceof Disturbed) status = error.status;
      else failed(error, subscription);
    }
    const users = describe(text).changes.flatMap((c) => (c.userId === undefined ? [] : [c.userId]));
    feed.add({
      kind: 'run',
      subscription,
      messageId: body.message.messageId,
      users: [...new Set(users)],
      attempt: body.deliveryAttempt ?? 1,
      status,
      ms: Math.round(performance.now() - started),
    });
    return status;
  };
}

/** The push endpoint for the emulator: delivers, counts what is acknowledged, relays the status. */
export async function acceptPush(
  subscription: string,
  text: string,
  deliver: Deliver,
  flight: Flight,
): Promise<number> {
  const body = JSON.parse(text) as PushBody;
  const status = await deliver(subscription, body);
  if (isAck(status)) flight.acknowledged(subscription, body.message.messageId);
  return status;
}
