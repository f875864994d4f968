/** Faults of Google's notifications on their way to the googlePush function. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Notify } from '../google/workspace.ts';
import type { Faults } from './faults.ts';

/** A Notify with faults: service `notifications`, method: the Google service. */
export function disturbNotifications(notify: Notify, faults: Faults): Notify {
  return (channel, headers) => {
    let [copies, ms] = [1, 0];
    const point = { service: 'notifications', method: 'calendar', user: channel.user };
    for (const fault of faults.striking(point, 'before')) {
      if (fault.kind === 'drop') return;
      if (fault.kind === 'duplicate') copies += fault.copies ?? 1;
      if (fault.kind === 'delay') ms += fault.ms ?? 0;
    }
    const send = () => {
      for (let i = 0; i < copies; i++) notify(channel, headers);
    };
    // At once where nothing delays it: the order of calls stays as it was.
    if (ms === 0) send();
    else void wait(ms, undefined, { ref: false }).then(send);
  };
}
