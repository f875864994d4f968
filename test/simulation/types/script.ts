/** Steps of scripts in which all record types are on: what people do with contacts and tasks. */
import { seeded } from '../../sandbox/google/random.ts';
import type { Action, Script, Step } from '../script.ts';
import { FIELDS, type OtherType } from './values.ts';

/** Something that a person does with a contact or a task. */
export interface TypeAction {
  do: 'type';
  record: OtherType;
  what:
    | 'crm.create'
    | 'crm.edit'
    | 'crm.delete'
    | 'crm.recreate'
    | 'crm.handOver'
    | 'phone.create'
    | 'phone.edit'
    | 'phone.delete'
    /** Of tasks. */
    | 'phone.restore'
    /** Of contacts: the label is taken off and given, the resource name changes. */
    | 'phone.unlabel'
    | 'phone.label'
    | 'phone.relink'
    /** The label, the list. */
    | 'phone.renamePlace'
    | 'phone.deletePlace';
  user: number;
  pick: number;
  n: number;
  fields: string[];
  to?: number;
}

/** Every third seed has all record types; a seed without them means what it always meant. */
export function withTypes(script: Script): Script {
  const random = seeded(script.seed * 19 + 5);
  if (random() >= 1 / 3) return script;
  const steps = script.steps.map(
    ({ turns, action }, n): Step => ({ turns, action: about(random, action, n + 1) }),
  );
  const policy = Object.keys(script.policy).length > 0 ? { ...script.policy, ...POLICY } : {};
  return { ...script, policy, records: ['appointment', 'contact', 'task'], steps };
}

const POLICY = { 'contact.title': 'google', 'task.due': 'google' } as const;

type Random = () => number;
const one = <T>(random: Random, list: readonly T[]) =>
  list[Math.floor(random() * list.length)] as T;

/** Two of three steps of people are about contacts and tasks, and faults are meant for any service. */
function about(random: Random, action: Action, n: number): Action {
  if (action.do === 'fault') {
    const { fault } = action;
    if (fault.name === 'events.list' && random() < 0.5)
      return { do: 'fault', fault: { ...fault, name: 'connections.list' } };
    if (fault.where !== 'google' || fault.name !== undefined || random() < 0.5) return action;
    return { do: 'fault', fault: { ...fault, name: one(random, CALLS) } };
  }
  const isAPersons = action.do.startsWith('crm.') || action.do.startsWith('phone.');
  if (!isAPersons || random() < 1 / 3) return action;
  const record = random() < 0.5 ? 'contact' : 'task';
  const what = whatOf(random, action, record);
  const born = what.endsWith('create') || what === 'crm.recreate';
  const fields = new Set(born ? [record === 'contact' ? 'name' : 'title'] : []);
  for (let i = 0; i < 2; i++) fields.add(one(random, FIELDS[record]));
  const user = 'user' in action ? action.user : 0;
  const pick = Math.floor(random() * 1000);
  const to = Math.floor(random() * 4);
  return { do: 'type', record, what, user, pick, n, fields: [...fields], to };
}

function whatOf(random: Random, { do: what }: Action, record: OtherType): TypeAction['what'] {
  switch (what) {
    case 'crm.create':
    case 'phone.create':
    case 'crm.edit':
    case 'phone.edit':
    case 'crm.handOver':
      return what;
    default:
      return one(random, what.startsWith('crm.') ? DESK : PHONE[record]);
  }
}

const DESK = ['crm.delete', 'crm.delete', 'crm.edit', 'crm.recreate'] as const;
const PHONE = {
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

/** Parts of the names of calls that faults are meant for. */
const CALLS = ['calendar', 'people', 'tasks', 'batchCreate', 'tasks.insert', 'connections.list'];
