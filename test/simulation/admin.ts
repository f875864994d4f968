/** What admins do in the middle of it all: switch users off and on, look, undo, hold and release. */
import { seeded } from '../sandbox/google/random.ts';
import { act } from './people.ts';
import type { Script, Step } from './script.ts';
import type { System } from './system.ts';
import { emailOf } from './users.ts';

export type AdminAction =
  | { do: 'disable' | 'enable' | 'preview' | 'release' | 'pause' | 'resume'; user: number }
  /** One of the user's runs, counted from the newest. */
  | { do: 'undo'; user: number; pick: number }
  /** A dozen entries at once, and a calendar that is suddenly empty: what the mass-change guard is for. */
  | { do: 'bulk'; user: number; n: number }
  | { do: 'clear'; user: number };

const NAMES: ReadonlySet<string> = new Set<AdminAction['do']>([
  'disable',
  'enable',
  'preview',
  'release',
  'pause',
  'resume',
  'undo',
  'bulk',
  'clear',
]);

export const isAdmin = (action: { do: string }): action is AdminAction => NAMES.has(action.do);

/** Entries that are entered at once: more than the guard believes to be gone. */
const DOZEN = 12;

export async function administer(system: System, user: string, action: AdminAction): Promise<void> {
  switch (action.do) {
    case 'disable':
    case 'enable':
      return system.enable(user, action.do === 'enable');
    case 'undo': {
      const runs = await system.store.journalRuns(user, 20);
      const run = runs[action.pick % runs.length]?.run;
      return run === undefined
        ? undefined
        : system.processes.ask({ action: 'undo', userId: user, run });
    }
    case 'preview':
      return system.processes.ask({ action: 'preview', userId: user, limit: 200 });
    case 'release':
    case 'pause':
    case 'resume':
      return system.processes.ask({ action: action.do, userId: user });
    case 'bulk':
      for (let i = 0; i < DOZEN; i++) {
        const fields = ['subject', 'time'] as const;
        const n = 100 * action.n + i;
        await act(system, { do: 'crm.create', user: action.user, n, fields: [...fields] });
      }
      return;
    case 'clear': {
      const { events } = system.workspace.calendars.primary(emailOf(user));
      // Each is gone once it is deleted: the first one is always another.
      for (let i = events.size; i > 0; i--)
        await act(system, { do: 'phone.delete', user: action.user, pick: 0, n: 0 });
    }
  }
}

/** In two of five scripts admins come in between, by a chance of their own. */
export function withAdmins(script: Script): Script {
  return { ...script, steps: mixed(script) };
}

function mixed({ seed, users, steps }: Script): Step[] {
  const random = seeded(seed * 13 + 5);
  const int = (n: number) => Math.floor(random() * n);
  if (random() > 0.4) return steps;
  if (random() < 0.1) return [...steps, ...massChange(int(users), random() < 0.5)];
  const chosen: Step[] = [...steps];
  for (let count = 1 + int(4); count > 0; count--) {
    const user = int(users);
    const dice = random();
    const action: AdminAction =
      dice < 0.45
        ? { do: 'undo', user, pick: int(5) }
        : dice < 0.6
          ? { do: 'preview', user }
          : { do: dice < 0.8 ? 'disable' : 'enable', user };
    const at = 3 + int(Math.max(1, chosen.length - 3));
    chosen.splice(at, 0, { turns: int(2) * int(60), action });
  }
  return chosen;
}

/** A calendar that is empty, or whose listing says so, when all of it is read. */
function massChange(user: number, lies: boolean): Step[] {
  const empty = { where: 'google', name: 'events.list', when: 'after' } as const;
  const fault = { ...empty, strike: { kind: 'empty' }, skip: 0, count: 1 } as const;
  return [
    { turns: 400, action: { do: 'bulk', user, n: 9 } },
    { turns: 1500, action: { do: 'expireSync', user } },
    { turns: 0, action: lies ? { do: 'fault', fault } : { do: 'clear', user } },
    { turns: 0, action: { do: 'poll', user } },
    { turns: 400, action: { do: 'release', user } },
  ];
}
