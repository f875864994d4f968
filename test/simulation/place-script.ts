/** Steps about where events live: other calendars of the user's, and one that the sync has made. */
import { seeded } from '../sandbox/google/random.ts';
import type { Action, Script, Step } from './script.ts';

/**
 * Every sixth seed moves events to another calendar and back, every eighth has a dedicated calendar; a
 * seed without them means what it always meant.
 */
export function withPlaces(script: Script): Script {
  const random = seeded(script.seed * 29 + 7);
  const moves = random() < 1 / 6;
  const dedicated = random() < 1 / 8;
  if (!moves && !dedicated) return script;
  const int = (n: number) => Math.floor(random() * n);
  const kinds: Action['do'][] = [
    ...(moves ? (['phone.move', 'phone.move', 'phone.moveBack'] as const) : []),
    ...(dedicated ? (['phone.drop'] as const) : []),
  ];
  const steps: Step[] = [...script.steps];
  for (let count = 2 + int(4); count > 0; count--) {
    const what = kinds[int(kinds.length)];
    const action = { do: what, user: int(script.users), pick: int(1000), n: 100 + count };
    const turns = [0, 1, 3, 8, 20, 60][int(6)] ?? 0;
    steps.splice(3 + int(steps.length), 0, { turns, action: action as Action });
  }
  return { ...script, ...(dedicated && { calendar: 'dedicated' as const }), steps };
}
