/** Steps about meetings of several users: colleagues are invited, on both sides, and answer. */
import { seeded } from '../sandbox/google/random.ts';
import type { Action, Script, Step } from './script.ts';

const KINDS = [
  'phone.invite',
  'phone.invite',
  'crm.invite',
  'crm.invite',
  'phone.uninvite',
  'crm.uninvite',
] as const;

/** Every sixth seed has meetings; a seed without them means what it always meant. */
export function withGuests(script: Script): Script {
  const random = seeded(script.seed * 23 + 11);
  if (random() >= 1 / 6) return script;
  const int = (n: number) => Math.floor(random() * n);
  const action = (n: number): Action => {
    const target = { user: int(script.users), pick: int(1000), n };
    if (random() < 0.35) return { do: 'phone.answer', ...target };
    return { do: KINDS[int(KINDS.length)] ?? 'crm.invite', ...target, to: int(script.users) };
  };
  const steps: Step[] = [...script.steps];
  for (let count = 3 + int(6); count > 0; count--) {
    const turns = [0, 1, 3, 8, 20, 60][int(6)] ?? 0;
    steps.splice(3 + int(steps.length), 0, { turns, action: action(200 + count) });
  }
  return { ...script, steps };
}
