/** Steps of scripts whose users have watch channels: what befalls channels, mixed into a script. */
import { seeded } from '../sandbox/google/random.ts';
import { FORGERIES } from './notifications.ts';
import type { Action, Script, Step } from './script.ts';

const HOUR = 3_600_000;
/** Longer than a channel lives: it ends unless something renews it. */
const LONG = 7 * 24 * HOUR + HOUR;

/** Every second seed has channels; a seed without them means what it always meant. */
export function withChannels(script: Script): Script {
  const random = seeded(script.seed * 17 + 3);
  if (random() < 0.5) return script;
  const one = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const steps: Step[] = [...script.steps];
  let waits = 0;
  const action = (): Action => {
    const user = Math.floor(random() * script.users);
    const dice = random();
    if (dice < 0.3) return { do: 'forge', how: one(FORGERIES), pick: Math.floor(random() * 100) };
    if (dice < 0.45) return { do: 'maintain' };
    if (dice < 0.6) return { do: 'tick' };
    if (dice < 0.7) return { do: 'unwatchable', user, on: random() < 0.7 };
    if (dice < 0.8) return { do: 'deaf', user, on: random() < 0.7 };
    if (dice < 0.87) return { do: 'wait', ms: one([HOUR, 13 * HOUR, 26 * HOUR]) };
    return { do: 'wait', ms: ++waits > 2 ? HOUR : LONG };
  };
  for (let count = 3 + Math.floor(random() * 10); count > 0; count--) {
    const at = 3 + Math.floor(random() * steps.length);
    steps.splice(at, 0, { turns: one([0, 1, 3, 8, 20, 60]), action: action() });
  }
  return { ...script, channels: true, steps };
}
