/** Faults of what runs in this process: the CRM, the in-memory queue and the in-memory store. */
import { setTimeout as wait } from 'node:timers/promises';
import { SyncError } from '../../../functions/errors.ts';
import type { Publisher, Store } from '../../../functions/sync/ports.ts';
import type { Faults, Point, When } from './faults.ts';

/** A fault cut it short. */
export class Disturbed extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`a fault: ${status}`);
    this.name = 'Disturbed';
    this.status = status;
  }
}

/** Lets faults strike; throws Disturbed for one that ends the call. */
export async function strike(faults: Faults, point: Point, when: When): Promise<void> {
  for (const { kind, ms = 0, status = 503 } of faults.striking(point, when)) {
    if (kind === 'delay') await wait(ms);
    if (kind === 'hang') await new Promise(() => {});
    if (kind === 'status' || kind === 'close') throw new Disturbed(status);
  }
}

/** Does something with faults before and after it. */
export async function disturbed<T>(
  faults: Faults,
  point: Point,
  work: () => T | Promise<T>,
): Promise<T> {
  await strike(faults, point, 'before');
  const result = await work();
  await strike(faults, point, 'after');
  return result;
}

/** The store with faults: service `firestore`, methods by the port's names. What fails is `later`. */
export function disturbStore(store: Store, faults: Faults): Store {
  return withFaults(store, faults, (method) => ({ service: 'firestore', method }));
}

/** The functions' publisher with faults: service `pubsub`, method `publish`. */
export function disturbPublisher(publisher: Publisher, faults: Faults): Publisher {
  return withFaults(publisher, faults, () => ({ service: 'pubsub', method: 'publish' }));
}

function withFaults<T extends object>(port: T, faults: Faults, at: (method: string) => Point): T {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      return async (...args: unknown[]) => {
        try {
          return await disturbed(faults, at(name), () => value.apply(target, args));
        } catch (error) {
          throw error instanceof Disturbed ? new SyncError('later', 'unavailable') : error;
        }
      };
    },
  });
}
