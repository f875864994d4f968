/** What happens in one simulation: a seed and a list of steps, made from the seed, that can be shortened. */
import { seeded } from '../sandbox/google/random.ts';
import { withChannels } from './channel-script.ts';
import type { Fault } from './faults.ts';
import type { Forgery } from './notifications.ts';
import { FIELDS_OF, type Field, type RecordType } from './values.ts';

/**
 * `user` and `pick` choose among what is there when the step comes, so that a step outlives others. Without
 * a `record` it is about appointments.
 */
export type Action =
  | {
      do: 'crm.create' | 'phone.create';
      user: number;
      n: number;
      fields: Field[];
      record?: RecordType;
    }
  | {
      do: 'crm.edit' | 'phone.edit';
      user: number;
      pick: number;
      n: number;
      fields: Field[];
      record?: RecordType;
    }
  | {
      do: 'crm.delete' | 'crm.cancel' | 'crm.replan' | 'crm.recreate';
      user: number;
      pick: number;
      n: number;
      record?: RecordType;
    }
  | {
      do: 'crm.handOver';
      user: number;
      pick: number;
      to: number;
      n: number;
      fields: Field[];
      record?: RecordType;
    }
  | {
      do:
        | 'phone.delete'
        | 'phone.restore'
        | 'phone.copy'
        | 'phone.colour'
        /** Of contacts: the label is taken off and given, the resource name changes. */
        | 'phone.unlabel'
        | 'phone.label'
        | 'phone.relink'
        /** Of contacts and tasks: the label, the list. */
        | 'phone.renamePlace'
        | 'phone.deletePlace';
      user: number;
      pick: number;
      n: number;
      record?: RecordType;
    }
  | { do: 'fault'; fault: Fault }
  | { do: 'wait'; ms: number }
  | { do: 'poll'; user: number }
  | { do: 'tick' | 'maintain' }
  | { do: 'forge'; how: Forgery; pick: number }
  /** Google makes no channel for the user, or what it tells of the user is lost; or not any more. */
  | { do: 'unwatchable' | 'deaf'; user: number; on: boolean }
  | { do: 'expireSync' | 'expireAccess' | 'revoke' | 'connect' | 'pause' | 'resume'; user: number }
  | { do: 'leave'; user: number; how: 'keep' | 'remove' };

export interface Step {
  /** Turns that the scheduler gives before the step. */
  turns: number;
  action: Action;
}

export interface Script {
  seed: number;
  users: number;
  workers: number;
  /** Messages come twice, late and in another order. */
  rough: boolean;
  /** The CRM publishes again what a google-change wrote. */
  echo: boolean;
  onDeletedInCrm: 'restore' | 'deleteAgain';
  policy: { [field: string]: 'crm' | 'google' };
  /** The record types that are on; left out: appointments alone. */
  records?: RecordType[];
  /** Google notifies. */
  channels?: true;
  steps: Step[];
}

type Random = () => number;
const int = (random: Random, n: number) => Math.floor(random() * n);
const one = <T>(random: Random, list: readonly T[]) => list[int(random, list.length)] as T;

const OF_APPOINTMENTS = { place: 'google', start: 'google', subject: 'google' } as const;
const OF_TYPES = { ...OF_APPOINTMENTS, 'contact.title': 'google', 'task.due': 'google' } as const;

/** Where there is no choice no number is taken: the scripts of appointments stay what they were. */
const among = <T>(random: Random, list: readonly T[]) =>
  list.length === 1 ? (list[0] as T) : one(random, list);

/** The script of a seed: every third one with all record types, and edits of all of them. */
export function scriptOf(seed: number): Script {
  const random = seeded(seed);
  const users = 2 + int(random, 3);
  const records: RecordType[] =
    seed % 3 === 0 ? ['appointment', 'contact', 'task'] : ['appointment'];
  const steps: Step[] = [];
  const length = 10 + int(random, 26);
  // A few records that everybody edits find more than many that nobody meets twice.
  for (let n = 1; n <= length; n++) {
    const early = n <= 3;
    steps.push({
      turns: one(random, [0, 0, 0, 1, 3, 8, 20, 60]),
      action: early ? create(random, users, n, records) : action(random, users, n, records),
    });
  }
  return withChannels({
    seed,
    users,
    workers: 1 + int(random, 3),
    rough: random() < 0.7,
    echo: random() < 0.7,
    onDeletedInCrm: random() < 0.7 ? 'restore' : 'deleteAgain',
    policy: random() < 0.7 ? {} : records.length > 1 ? OF_TYPES : OF_APPOINTMENTS,
    ...(records.length > 1 && { records }),
    steps,
  });
}

function create(random: Random, users: number, n: number, records: RecordType[]): Action {
  const user = int(random, users);
  const record = among(random, records);
  const fields: Field[] = [...SHOWN[record], ...some(random, record)];
  return {
    do: random() < 0.65 ? 'crm.create' : 'phone.create',
    user,
    n,
    fields: [...new Set(fields)],
    ...(record !== 'appointment' && { record }),
  };
}

/** What every object has, and what is edited most. */
const SHOWN = { appointment: ['subject', 'time'], contact: ['name'], task: ['title'] };
const BUSY_FIELDS = {
  appointment: ['subject', 'time', 'place'],
  contact: ['name', 'title', 'phones'],
  task: ['title', 'notes', 'due'],
};

function some(random: Random, record: RecordType): Field[] {
  const weights = [...FIELDS_OF[record], ...BUSY_FIELDS[record], ...BUSY_FIELDS[record]];
  const count = 1 + int(random, 2);
  return [...new Set(Array.from({ length: count }, () => one(random, weights)))];
}

function action(random: Random, users: number, n: number, records: RecordType[]): Action {
  const record = among(random, records);
  const user = int(random, users);
  const pick = int(random, 1000);
  const target = { user, pick, n, ...(record !== 'appointment' && { record }) };
  const dice = random();
  if (dice < 0.12) return create(random, users, n, records);
  if (dice < 0.28) return { do: 'crm.edit', ...target, fields: some(random, record) };
  if (dice < 0.44) return { do: 'phone.edit', ...target, fields: some(random, record) };
  if (dice < 0.54) return { do: one(random, DESK[record]), ...target };
  if (dice < 0.58) {
    return {
      do: 'crm.handOver',
      ...target,
      to: int(random, users),
      fields: random() < 0.5 ? some(random, record) : [],
    };
  }
  if (dice < 0.66) return { do: one(random, PHONE[record]), ...target };
  if (dice < 0.8) return { do: 'fault', fault: fault(random, records) };
  if (dice < 0.84)
    return { do: 'wait', ms: one(random, [1000, 30_000, 130_000, 400_000, 3_700_000]) };
  if (dice < 0.93) return random() < 0.8 ? { do: 'poll', user } : { do: 'tick' };
  if (dice < 0.985) {
    return {
      do: one(random, [
        'expireSync',
        'expireSync',
        'expireAccess',
        'revoke',
        'connect',
        'pause',
        'resume',
      ]),
      user,
    };
  }
  return { do: 'leave', user, how: one(random, ['keep', 'remove']) };
}

const DESK = {
  appointment: ['crm.delete', 'crm.cancel', 'crm.replan', 'crm.recreate'],
  contact: ['crm.delete', 'crm.delete', 'crm.recreate'],
  task: ['crm.delete', 'crm.delete', 'crm.recreate'],
} as const;

const PHONE = {
  appointment: ['phone.delete', 'phone.delete', 'phone.restore', 'phone.copy', 'phone.colour'],
  contact: [
    'phone.delete',
    'phone.delete',
    'phone.unlabel',
    'phone.unlabel',
    'phone.label',
    'phone.label',
    'phone.relink',
    'phone.renamePlace',
    'phone.deletePlace',
  ],
  task: ['phone.delete', 'phone.delete', 'phone.restore', 'phone.renamePlace', 'phone.deletePlace'],
} as const;

/** Parts of the names of calls that faults are meant for, besides any. */
const LISTS = ['events.list', 'connections.list'];
const CALLS = ['calendar', 'people', 'tasks', 'batchCreate', 'tasks.insert', 'connections.list'];

function fault(random: Random, records: RecordType[]): Fault {
  const when = one(random, ['before', 'after'] as const);
  const skip = int(random, 6);
  const dice = random();
  if (dice < 0.3) return { when, strike: { kind: 'crash' }, skip: int(random, 15), count: 1 };
  if (dice < 0.42) {
    const ms = one(random, [5000, 70_000, 130_000, 200_000]);
    return { when, strike: { kind: 'pause', ms }, skip: int(random, 15), count: 1 };
  }
  if (dice < 0.55) return { where: 'store', when, strike: { kind: 'lost' }, skip, count: 1 };
  if (dice < 0.6) return { where: 'publish', when, strike: { kind: 'lost' }, skip: 0, count: 1 };
  if (dice < 0.63) return { where: 'vault', when, strike: { kind: 'lost' }, skip: 0, count: 1 };
  if (dice < 0.66) {
    return {
      where: 'token',
      when,
      strike: one(random, [LOST, BUSY]),
      skip: 0,
      count: 1 + int(random, 2),
    };
  }
  if (dice < 0.68) {
    return {
      where: 'google',
      name: among(random, records.length > 1 ? LISTS : ['events.list']),
      when: 'after',
      strike: { kind: 'empty' },
      skip: 0,
      count: 1,
    };
  }
  const strike = one(random, [LOST, LOST, BUSY, RATE, QUOTA, SLOW, LONG]);
  const count = one(random, [1, 1, 1, 2, 4, 8]);
  const name = records.length > 1 && random() < 0.5 ? { name: one(random, CALLS) } : {};
  // A refusal says that nothing was done: where Google takes no id from us it must be true.
  const refused = records.length > 1 && 'status' in strike && strike.status < 500;
  return { where: 'google', ...name, when: refused ? 'before' : when, strike, skip, count };
}

const LOST = { kind: 'lost' } as const;
const BUSY = { kind: 'status', status: 503, reason: 'backendError' } as const;
const RATE = { kind: 'status', status: 403, reason: 'rateLimitExceeded' } as const;
const QUOTA = { kind: 'status', status: 403, reason: 'quotaExceeded' } as const;
const SLOW = { kind: 'status', status: 429, reason: 'rateLimitExceeded', retryAfter: 5 } as const;
const LONG = { kind: 'status', status: 429, reason: 'rateLimitExceeded', retryAfter: 60 } as const;
