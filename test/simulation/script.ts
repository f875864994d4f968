/** What happens in one simulation: a seed and a list of steps, made from the seed, that can be shortened. */
import type { Fault as GoogleFault } from '../sandbox/faults/faults.ts';
import { seeded } from '../sandbox/google/random.ts';
import { type AdminAction, withAdmins } from './admin.ts';
import { withAnswers } from './answer-script.ts';
import { withChannels } from './channel-script.ts';
import type { Fault } from './faults.ts';
import { withGuests } from './guest-script.ts';
import type { Forgery } from './notifications.ts';
import { withPlaces } from './place-script.ts';
import { type Google, type TypeAction, withTypes } from './types/script.ts';
import type { OtherType } from './types/values.ts';
import { FIELDS, type Field, RULES } from './values.ts';

/** `user` and `pick` choose among what is there when the step comes, so that a step outlives others. */
export type Action =
  /** With `rule` a series, where the CRM knows series. */
  | { do: 'crm.create'; user: number; n: number; fields: Field[]; rule?: number }
  | { do: 'crm.edit'; user: number; pick: number; n: number; fields: Field[] }
  /** An occurrence without a record of its own gets one, or does not take place. */
  | { do: 'crm.occurrence'; user: number; pick: number; n: number; fields: Field[] }
  | { do: 'crm.leaveOut'; user: number; pick: number; n: number }
  | {
      do: 'crm.delete' | 'crm.cancel' | 'crm.replan' | 'crm.recreate' | 'crm.rule';
      user: number;
      pick: number;
      n: number;
    }
  | { do: 'crm.handOver'; user: number; pick: number; to: number; n: number; fields: Field[] }
  | { do: 'phone.create'; user: number; n: number; fields: Field[]; rule?: number }
  /** edit: one event or occurrence; series: all of them. */
  | { do: 'phone.edit' | 'phone.series'; user: number; pick: number; n: number; fields: Field[] }
  | {
      /** rule: of a series or a single event; split: "this and following"; move: to another calendar. */
      do:
        | 'phone.delete'
        | 'phone.endSeries'
        | 'phone.rule'
        | 'phone.split'
        | 'phone.move'
        | 'phone.moveBack'
        | 'phone.restore'
        | 'phone.copy'
        | 'phone.colour';
      user: number;
      pick: number;
      n: number;
    }
  /** A colleague comes to what the user organises, or does no longer. */
  | {
      do: 'phone.invite' | 'phone.uninvite' | 'crm.invite' | 'crm.uninvite';
      user: number;
      pick: number;
      to: number;
      n: number;
    }
  /** To what a colleague organises. */
  | { do: 'phone.answer'; user: number; pick: number; n: number }
  /** Deletes the calendar that the sync has made. */
  | { do: 'phone.drop'; user: number }
  | TypeAction
  | { do: 'fault'; fault: Fault }
  /** Google's answers, by the sandbox's vocabulary. */
  | { do: 'answer'; fault: GoogleFault }
  /** From now on Google's clock differs from ours by so much. */
  | { do: 'skew'; ms: number }
  /** A message of the CRM's is held back; one that was acknowledged comes once more. */
  | { do: 'held' | 'late'; pick: number; ms: number }
  | { do: 'wait'; ms: number }
  | { do: 'poll'; user: number }
  | { do: 'tick' | 'maintain' }
  | { do: 'forge'; how: Forgery; pick: number }
  /** Google makes no channel for the user, or what it tells of the user is lost; or not any more. */
  | { do: 'unwatchable' | 'deaf'; user: number; on: boolean }
  | { do: 'expireSync' | 'expireAccess' | 'revoke' | 'connect'; user: number }
  /** All etags change, and nothing else. */
  | { do: 'touch'; user: number }
  | AdminAction
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
  /** What a series is for the CRM; absent: an appointment an occurrence. */
  recurrence?: 'occurrences' | 'series';
  /** Google notifies. */
  channels?: true;
  /** The sync has a calendar of its own. */
  calendar?: 'dedicated';
  /** The record types that are on; absent: appointments alone. */
  records?: ('appointment' | OtherType)[];
  /** What Google's documents leave open; absent: as the simulators do by themselves. */
  google?: Google;
  /** Listings show no more at a time; absent: as many as are asked for. */
  mostOnPage?: number;
  steps: Step[];
}

type Random = () => number;
const int = (random: Random, n: number) => Math.floor(random() * n);
const one = <T>(random: Random, list: readonly T[]) => list[int(random, list.length)] as T;

/** What a script has besides what all have: in two of five series, in either mode. */
const ABOUT = ['plain', 'plain', 'plain', 'occurrences', 'series'] as const;

/** The script of a seed. */
export function scriptOf(seed: number): Script {
  const random = seeded(seed);
  const users = 2 + int(random, 3);
  const steps: Step[] = [];
  const length = 10 + int(random, 26);
  const about = one(random, ABOUT);
  // A few records that everybody edits find more than many that nobody meets twice.
  for (let n = 1; n <= length; n++) {
    const early = n <= 3;
    const usual = early ? create(random, users, n) : action(random, users, n);
    steps.push({
      turns: one(random, [0, 0, 0, 1, 3, 8, 20, 60]),
      action: about === 'plain' ? usual : special(random, usual),
    });
  }
  const script: Script = {
    seed,
    users,
    workers: 1 + int(random, 3),
    rough: random() < 0.7,
    echo: random() < 0.7,
    onDeletedInCrm: random() < 0.7 ? 'restore' : 'deleteAgain',
    policy: random() < 0.7 ? {} : { place: 'google', start: 'google', subject: 'google' },
    ...(about === 'series' && { recurrence: 'series' }),
    steps,
  };
  return withAnswers(withGuests(withTypes(withPlaces(withChannels(withAdmins(script))))));
}

function create(random: Random, users: number, n: number): Action {
  const user = int(random, users);
  const fields: Field[] = ['subject', 'time', ...some(random)];
  return {
    do: random() < 0.65 ? 'crm.create' : 'phone.create',
    user,
    n,
    fields: [...new Set(fields)],
  };
}

/** Turns part of what people do to single appointments into what they do to series. */
function special(random: Random, usual: Action): Action {
  const dice = random();
  switch (usual.do) {
    case 'crm.create':
    case 'phone.create':
      return dice < 0.6 ? { ...usual, rule: int(random, RULES) } : usual;
    case 'crm.edit':
      return dice < 0.25 ? { ...usual, do: 'crm.occurrence' } : usual;
    case 'phone.edit':
      return dice < 0.3 ? { ...usual, do: 'phone.series' } : usual;
    case 'crm.delete':
    case 'crm.cancel':
    case 'crm.replan':
      return dice < 0.4 ? { ...usual, do: one(random, ['crm.rule', 'crm.leaveOut']) } : usual;
    case 'phone.delete':
    case 'phone.restore':
    case 'phone.colour':
      if (dice < 0.5) return usual;
      return { ...usual, do: one(random, ['phone.endSeries', 'phone.rule', 'phone.split']) };
    default:
      return usual;
  }
}

function some(random: Random): Field[] {
  const weights: Field[] = [...FIELDS, 'subject', 'time', 'place', 'subject', 'time', 'place'];
  const count = 1 + int(random, 2);
  return [...new Set(Array.from({ length: count }, () => one(random, weights)))];
}

function action(random: Random, users: number, n: number): Action {
  const user = int(random, users);
  const pick = int(random, 1000);
  const target = { user, pick, n };
  const dice = random();
  if (dice < 0.12) return create(random, users, n);
  if (dice < 0.28) return { do: 'crm.edit', ...target, fields: some(random) };
  if (dice < 0.44) return { do: 'phone.edit', ...target, fields: some(random) };
  if (dice < 0.54) {
    return {
      do: one(random, ['crm.delete', 'crm.cancel', 'crm.replan', 'crm.recreate']),
      ...target,
    };
  }
  if (dice < 0.58) {
    return {
      do: 'crm.handOver',
      ...target,
      to: int(random, users),
      fields: random() < 0.5 ? some(random) : [],
    };
  }
  if (dice < 0.66) {
    return {
      do: one(random, [
        'phone.delete',
        'phone.delete',
        'phone.restore',
        'phone.copy',
        'phone.colour',
      ]),
      ...target,
    };
  }
  if (dice < 0.8) return { do: 'fault', fault: fault(random) };
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

function fault(random: Random): Fault {
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
      name: 'events.list',
      when: 'after',
      strike: { kind: 'empty' },
      skip: 0,
      count: 1,
    };
  }
  const strike = one(random, [LOST, LOST, BUSY, RATE, QUOTA, SLOW, LONG]);
  const count = one(random, [1, 1, 1, 2, 4, 8]);
  // What Google refuses has had no effect.
  const refused = strike.kind === 'status' && strike.status < 500;
  return { where: 'google', when: refused ? 'before' : when, strike, skip, count };
}

const LOST = { kind: 'lost' } as const;
const BUSY = { kind: 'status', status: 503, reason: 'backendError' } as const;
const RATE = { kind: 'status', status: 403, reason: 'rateLimitExceeded' } as const;
const QUOTA = { kind: 'status', status: 403, reason: 'quotaExceeded' } as const;
const SLOW = { kind: 'status', status: 429, reason: 'rateLimitExceeded', retryAfter: 5 } as const;
const LONG = { kind: 'status', status: 429, reason: 'rateLimitExceeded', retryAfter: 60 } as const;
