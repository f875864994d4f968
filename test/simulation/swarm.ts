/**
 * Scripts of few kinds of steps on few objects (swarm testing): what two or three kinds do to each other they meet
 * far more often than a script in which every kind comes as often as any other.
 */
import { seeded } from '../sandbox/google/random.ts';
import { type Action, type Script, type Step, scriptOf } from './script.ts';

type Int = (below: number) => number;

/** The steps are taken from so many seeds. */
const SOURCES = 25;
/** After more waits than these, events would leave the window before anybody has looked. */
const WAITS = 2;
const POLL: Action = { do: 'poll', user: 0 };
const TURNS = [0, 0, 0, 1, 3, 8, 20, 60, 60];

/** What people say of a script: `42` is a seed's, `swarm:42` its swarm. */
export const scriptNamed = (name: string): Script =>
  name.startsWith('swarm:') ? swarmOf(Number(name.slice('swarm:'.length))) : scriptOf(Number(name));

/** The swarm script of a seed: its world and its first records are those of `scriptOf`. */
function swarmOf(seed: number): Script {
  const base = scriptOf(seed);
  const random = seeded(seed * 37 + 3);
  const int: Int = (below) => Math.floor(random() * below);
  const users = int(3) === 0 ? 3 : 2;
  const kinds = someOf(actionsLike(base), 4 + int(5), int);
  const picks = [int(1000), int(1000), int(1000)];
  const steps: Step[] = base.steps.slice(0, 3);
  const length = 14 + int(24);
  let waits = 0;
  for (let k = 0; k < length; k++) {
    const drawn = oneOf(oneOf(kinds, int), int);
    const usual: Action = drawn.do === 'wait' && ++waits > WAITS ? POLL : drawn;
    const target = { users, pick: oneOf(picks, int), n: 300 + k };
    steps.push({ turns: oneOf(TURNS, int), action: aimed(usual, target, int) });
  }
  return { ...base, users, steps: steps.map((step) => within(step, users)) };
}

/** What other seeds do, by kind: as far as this one's world has it. */
function actionsLike({ seed, records, calendar }: Script): Action[][] {
  const seeds = Array.from({ length: SOURCES }, (_, k) => seed + 7919 * (k + 1));
  const actions = seeds.flatMap((other) => scriptOf(other).steps.map(({ action }) => action));
  const fits = (action: Action) =>
    (action.do !== 'type' || records?.includes(action.record) === true) &&
    (action.do !== 'phone.drop' || calendar === 'dedicated') &&
    // Which of two versions of a contact is older only Google's own clock says: that one is never set back.
    (action.do !== 'skew' || records?.includes('contact') !== true);
  const byKind = Map.groupBy(actions.filter(fits), kindOf);
  return [...byKind].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, list]) => list);
}

function kindOf(action: Action): string {
  if (action.do === 'type') return `type ${action.record} ${action.what}`;
  if (action.do === 'fault') return `fault ${action.fault.where} ${action.fault.strike.kind}`;
  return action.do;
}

function someOf<T>(all: readonly T[], count: number, int: Int): T[] {
  const left = [...all];
  const some: T[] = [];
  while (some.length < count && left.length > 0) some.push(...left.splice(int(left.length), 1));
  return some;
}

const oneOf = <T>(list: readonly T[], int: Int) => list[int(list.length)] as T;

/** The action, of few users and at one of few objects. */
function aimed(
  action: Action,
  { users, pick, n }: { users: number; pick: number; n: number },
  int: Int,
): Action {
  const target = {
    ...('user' in action && { user: int(users) }),
    ...('to' in action && action.do !== 'type' && { to: int(users) }),
    ...('pick' in action && { pick }),
    ...('n' in action && { n }),
  };
  return { ...action, ...target } as Action;
}

const within = ({ turns, action }: Step, users: number): Step => ({
  turns,
  action: 'user' in action ? { ...action, user: action.user % users } : action,
});
