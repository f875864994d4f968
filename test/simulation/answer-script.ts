/**
 * Steps about all that Google may answer, and Pub/Sub may do, besides what every script has: the fault
 * vocabulary of the sandbox, listings in many pages, clocks that differ, messages that are hours late.
 */
import type { Fault } from '../sandbox/faults/faults.ts';
import { seeded } from '../sandbox/google/random.ts';
import type { Action, Script, Step } from './script.ts';

type Random = () => number;
const one = <T>(random: Random, list: readonly T[]) =>
  list[Math.floor(random() * list.length)] as T;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Every third seed has them; a seed without them means what it always meant. */
export function withAnswers(script: Script): Script {
  const random = seeded(script.seed * 31 + 13);
  if (random() >= 1 / 3) return script;
  const records = script.records ?? ['appointment'];
  const services = { appointment: 'calendar', contact: 'people', task: 'tasks' } as const;
  // Which of two versions of a contact is older only Google's own clock says: that one is never set back.
  const clocks = records.includes('contact') ? [5] : [-10, -1, 0, 1, 10];
  const action = (): Action => {
    const dice = random();
    if (dice < 0.08) return { do: 'skew', ms: one(random, clocks) * MINUTE };
    if (dice < 0.13) return { do: 'touch', user: Math.floor(random() * script.users) };
    if (dice < 0.2) {
      const ms = one(random, [5 * MINUTE, HOUR, 24 * HOUR]);
      return { do: random() < 0.5 ? 'held' : 'late', pick: Math.floor(random() * 100), ms };
    }
    const service = services[one(random, records)];
    const fault = faultOf(random, service, script.calendar === 'dedicated');
    const skip = one(random, [0, 0, 0, 1, 2, 4]);
    const inBatch = random() < 0.15 && !fault.method?.endsWith('list');
    return { do: 'answer', fault: { skip, ...fault, ...(inBatch && { inBatch }) } };
  };
  const steps: Step[] = [...script.steps];
  for (let count = 2 + Math.floor(random() * 7); count > 0; count--) {
    const at = 3 + Math.floor(random() * steps.length);
    steps.splice(at, 0, { turns: one(random, [0, 1, 3, 8, 20, 60]), action: action() });
  }
  const mostOnPage = one(random, [undefined, 1, 2, 5]);
  return { ...script, ...(mostOnPage !== undefined && { mostOnPage }), steps };
}

type Service = 'calendar' | 'people' | 'tasks';

const LISTS = { calendar: 'events.list', people: 'connections.list', tasks: 'tasks.list' };
const SCOPES = { calendar: 'calendar.events.owned', people: 'contacts', tasks: 'tasks' };

const LIES = ['empty', 'short', 'repeat', 'repeat', 'pageToken', 'pageToken'] as const;

function faultOf(random: Random, service: Service, dedicated: boolean): Fault {
  const common = { service, client: 'sync' as const, count: 1 };
  const list = { ...common, method: `${service === 'people' ? 'people.' : ''}${LISTS[service]}` };
  const dice = random();
  if (dice < 0.12) return { ...common, kind: 'cut' };
  if (dice < 0.36) {
    return { ...list, kind: one(random, LIES) };
  }
  if (dice < 0.42 && service === 'calendar')
    return { ...list, kind: 'lag', ms: one(random, [MINUTE, HOUR]), count: 2 };
  if (dice < 0.54 && service !== 'tasks') return { ...common, kind: 'expireSync' };
  if (dice < 0.66) return { ...common, kind: 'expireAccess' };
  if (dice < 0.7) return { ...common, kind: 'revoke' };
  if (dice < 0.74) {
    const own = dedicated && service === 'calendar' ? 'calendar.app.created' : SCOPES[service];
    return { ...common, kind: 'withdraw', scope: own };
  }
  const [method, status, reason, count = 1] = one(random, [...ANY, ...OF[service]]);
  return {
    ...common,
    ...(method !== '' && { method }),
    ...{ kind: 'status', status, reason, count },
    ...(status >= 500 && random() < 0.5 && { when: 'after' }),
  };
}

type Refusal = [method: string, status: number, reason: string, count?: number];

/** What any call may be answered; nothing of it is for good. */
const ANY: Refusal[] = [
  ['', 401, 'authError'],
  ['', 403, 'userRateLimitExceeded', 2],
  ['', 403, 'dailyLimitExceeded'],
  ['', 429, 'rateLimitExceeded', 3],
  ['', 500, 'backendError', 2],
  ['', 502, 'backendError'],
  ['', 503, 'backendError', 6],
  ['', 408, 'timeout'],
];

/** Refusals that only look like news of the object: whoever reads it again finds that it has none. */
const OF: { [S in Service]: Refusal[] } = {
  calendar: [
    ['events.list', 410, 'fullSyncRequired'],
    ['events.list', 410, 'updatedMinTooLongAgo'],
    ['events.patch', 412, 'conditionNotMet', 2],
    ['events.patch', 404, 'notFound'],
    ['events.patch', 409, 'conflict'],
    ['events.delete', 412, 'conditionNotMet'],
    ['events.insert', 409, 'conflict'],
  ],
  people: [
    ['people.connections.list', 400, 'EXPIRED_SYNC_TOKEN'],
    ['people.updateContact', 400, 'failedPrecondition', 2],
    ['people.batchUpdateContacts', 400, 'failedPrecondition'],
  ],
  tasks: [
    ['tasks.patch', 412, 'conditionNotMet', 2],
    ['tasks.delete', 412, 'conditionNotMet'],
  ],
};
