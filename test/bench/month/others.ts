/**
 * Contacts and tasks of the month: nobody has counted those of the reference, so the amounts are
 * assumptions, which the benchmark prints.
 */
import { contactsPhone } from '../../sandbox/google/people/phone.ts';
import { seeded } from '../../sandbox/google/random.ts';
import { tasksPhone } from '../../sandbox/google/tasks/phone.ts';
import { keysIn, Meter } from './meter.ts';
import type { Plan } from './people.ts';
import { momentsOf } from './people.ts';
import type { System } from './system.ts';

export type Other = 'contact' | 'task';

/** Changes of a user on a working day, in both places; and how many users there are to one who never rests. */
export const OTHERS = { contact: 1 / 3, task: 1, busyOneIn: 35, busyEveryMinutes: 20 } as const;

const LABEL = 'CRM';

/** What a person can do with one type on the phone. */
interface Hand {
  add(text: string): unknown;
  edit(googleId: string, text: string): unknown;
  remove(googleId: string): unknown;
  /** Texts by Google's id, of what is kept equal. */
  all(): Map<string, string>;
}

function handOf({ workspace }: System, record: Other, user: string): Hand {
  const email = `${user}@firm.example`;
  if (record === 'task') {
    const tasks = tasksPhone(workspace.tasks, email);
    const listed = () => (tasks.lists().includes(LABEL) ? tasks.tasks(LABEL) : []);
    return {
      add: (title) => tasks.add(LABEL, { title }),
      edit: (id, title) => tasks.edit(id, { title }),
      remove: (id) => tasks.remove(id),
      all: () => new Map(listed().map(({ id, title }) => [id, title])),
    };
  }
  const book = contactsPhone(workspace.people, email);
  // Who deletes a contact in the CRM that a person made takes only its label away.
  const labelled = () =>
    book.contacts().filter((c) => book.labelsOf(c.resourceName).includes(LABEL));
  const named = (givenName: string) => ({ names: [{ givenName }] });
  return {
    add: (text) => book.add(named(text), LABEL),
    edit: (name, text) => book.edit(name, named(text)),
    remove: (name) => book.remove(name),
    all: () => new Map(labelled().map((c) => [c.resourceName, c.names?.[0]?.givenName ?? ''])),
  };
}

const textOf = (record: Other, text: string) =>
  record === 'task' ? { title: text } : { givenName: text };

/** Plans the month's changes of one type. */
export function others(system: System, record: Other, plan: Plan): Meter {
  const { users, seed } = plan;
  const random = seeded(seed * 17 + (record === 'task' ? 3 : 4));
  const one = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const meter = new Meter(() => system.timeline.now);
  let number = 0;

  async function act(user: string, side: 'desk' | 'phone', wish: 'new' | 'edit' | 'delete') {
    const hand = handOf(system, record, user);
    const there = hand.all();
    const mine = system.crm
      .records(user)
      .filter((r) => r.record === record && there.has(r.googleId ?? ''));
    const target = wish === 'new' ? undefined : one(mine);
    const op = target ? wish : 'new';
    meter.done[op]++;
    // Each type has its own numbers.
    const key = `#${++number}#`;
    if (op !== 'delete') meter.waits(key, side === 'desk' ? 'toGoogle' : 'toCrm');
    if (side === 'desk') {
      const data = textOf(record, key);
      if (!target) await system.crm.create(user, data, { record });
      else if (op === 'edit') await system.crm.edit(target.crmId, data);
      else await system.crm.remove(target.crmId);
    } else if (!target?.googleId) hand.add(key);
    else if (op === 'edit') hand.edit(target.googleId, key);
    else hand.remove(target.googleId);
  }

  const { workdays, inWorkingHours } = momentsOf(plan, random);
  for (let i = 0; i < Math.round(OTHERS[record] * users.length * workdays.length); i++) {
    const kind = random();
    const wish = kind < 0.6 ? 'new' : kind < 0.9 ? 'edit' : 'delete';
    const side = random() < 0.7 ? 'desk' : 'phone';
    const user = one(users);
    system.plan(inWorkingHours(one(workdays)), () => act(user, side, wish));
  }
  // Those who never rest: what is after activity comes as often as it can.
  for (const user of users.filter((_, i) => i % OTHERS.busyOneIn === 0))
    for (const day of workdays)
      for (let minute = 0; minute < 600; minute += OTHERS.busyEveryMinutes)
        system.plan(inWorkingHours(day, minute / 600), () => act(user, 'phone', 'edit'));
  listen(system, record, meter);
  return meter;
}

function listen(system: System, record: Other, meter: Meter): void {
  const { workspace, told } = system;
  const api = record === 'task' ? /^tasks\./ : /^people\./;
  const { after } = workspace;
  workspace.after = async (call) => {
    await after?.(call);
    if (!api.test(call.method)) return;
    for (const key of keysIn(call.body)) meter.arrived(key, 'toGoogle');
  };
  told.push((change) => {
    if (change.record !== record) return;
    const { title, givenName } = (change.data ?? {}) as { title?: string; givenName?: string };
    for (const key of keysIn(`${title} ${givenName}`)) meter.arrived(key, 'toCrm');
  });
}

/** Texts of both sides, to be compared. */
export function textsOf(system: System, record: Other, user: string) {
  const crm = system.crm
    .records(user)
    .filter((r) => r.record === record && !r.unlinked)
    .map(({ data }) => String(record === 'task' ? data.title : data.givenName));
  return { crm, google: [...handOf(system, record, user).all().values()] };
}
