/**
 * The same edits by the same people, under another schedule: other workers, other orders of delivery,
 * messages twice, late or lost. Each round's edits are made at once, on both sides, so that none has seen
 * the other; what is made of them must not depend on who is heard first.
 */
import { seeded } from '../sandbox/google/random.ts';
import type { Edit, Raw } from './history.ts';
import { FIELDS as COMPARED, crmValue, fieldNamed, googleValue, initial } from './mapping.ts';
import { setUp } from './set-up.ts';
import { System } from './system.ts';
import { emailOf } from './users.ts';
import { crmFields, FIELDS, type Field, googleFields } from './values.ts';

export interface Order {
  schedule: number;
  workers: number;
  rough: boolean;
}

/** What somebody does to the n-th thing that was ever made. */
interface Doing {
  side: Edit['side'];
  what: 'edit' | 'delete';
  thing: number;
  n: number;
  fields: Field[];
}

interface Plan {
  users: number;
  births: { side: Edit['side']; user: number; fields: Field[] }[];
  rounds: Doing[][];
  policy: { [field: string]: 'crm' | 'google' };
  onDeletedInCrm: 'restore' | 'deleteAgain';
  echo: boolean;
}

/** The plan of a seed: a few things, and in each round at most one edit of each on each side. */
export function planOf(seed: number): Plan {
  const random = seeded(seed);
  const int = (n: number) => Math.floor(random() * n);
  const some = (): Field[] => FIELDS.filter((field) => field !== 'private' && random() < 0.3);
  const births = Array.from({ length: 4 }, () => ({
    side: random() < 0.6 ? ('crm' as const) : ('google' as const),
    user: int(2),
    fields: [...new Set<Field>(['subject', 'time', ...some()])],
  }));
  let n = births.length;
  const doing = (side: Edit['side'], thing: number): Doing[] => {
    const fields = some();
    n += 1;
    if (random() < 0.35 || fields.length === 0) return [];
    return [{ side, what: random() < 0.12 ? 'delete' : 'edit', thing, n, fields }];
  };
  const rounds = Array.from({ length: 4 }, () =>
    births.flatMap((_, thing) => [...doing('crm', thing), ...doing('google', thing)]),
  );
  return {
    users: 2,
    births,
    rounds,
    policy: random() < 0.5 ? {} : { place: 'google', start: 'google', subject: 'google' },
    onDeletedInCrm: random() < 0.7 ? 'restore' : 'deleteAgain',
    echo: random() < 0.7,
  };
}

/** Plays a plan; resolves to how everything ends and which conflicts were told, ids left out. */
export async function playOrder(plan: Plan, order: Order): Promise<string[]> {
  const { policy, onDeletedInCrm, echo, users } = plan;
  const { schedule: seed, workers, rough } = order;
  const system = new System({ seed, users, workers, rough, policy, onDeletedInCrm, echo });
  await setUp(system);
  const things = new Things(system, plan);
  await things.settle();
  for (const round of plan.rounds) {
    for (const doing of round) await things.act(doing);
    await things.settle();
  }
  return [...things.ends(), ...things.conflicts()];
}

/** What was made, and the ids that it has had since on both sides. */
class Things {
  readonly #system: System;
  readonly #births: Plan['births'];
  readonly #names: Set<string>[] = [];
  readonly #rough: boolean;

  constructor(system: System, { births }: Plan) {
    this.#system = system;
    this.#rough = system.options.rough;
    this.#births = births;
  }

  #userOf(thing: number): string {
    return this.#system.users[this.#births[thing]?.user ?? 0] ?? '';
  }

  async #make(thing: number): Promise<void> {
    const { side, fields } = this.#births[thing] as Plan['births'][number];
    const user = this.#userOf(thing);
    const said = side === 'crm' ? crmFields(fields, thing + 1) : googleFields(fields, thing + 1);
    const made =
      side === 'crm'
        ? (await this.#system.crm.create(user, { status: 'planned', ...said })).crmId
        : (await this.#system.phone(user, 'POST', '', said))?.id;
    this.#names[thing] = new Set([String(made)]);
  }

  async act({ side, what, thing, n, fields }: Doing): Promise<void> {
    const { crm } = this.#system;
    const user = this.#userOf(thing);
    if (side === 'crm') {
      const record = this.#record(thing);
      if (!record) return;
      if (what === 'delete') await crm.remove(record.crmId);
      else await crm.edit(record.crmId, crmFields(fields, n));
      return;
    }
    const event = this.#event(thing);
    if (!event) return;
    if (what === 'delete') await this.#system.phone(user, 'DELETE', `/${event.id}`);
    else await this.#system.phone(user, 'PATCH', `/${event.id}`, googleFields(fields, n));
  }

  /** All messages delivered, and polls for what was lost; the ids that came up are noted. */
  async settle(): Promise<void> {
    for (let thing = this.#names.length; thing < this.#births.length; thing++)
      await this.#make(thing);
    for (let round = 0; round < 3; round++) {
      // At last nothing is lost any more: a poll that never comes would tell nothing.
      this.#system.queues.rough = this.#rough && round < 2;
      for (const user of this.#system.users) this.#system.poll(user);
      await this.#system.drain();
      this.#system.scheduler.now += 300_000;
    }
    this.#system.queues.rough = this.#rough;
    for (const [thing, names] of this.#names.entries())
      for (const [a, b] of [...this.#pairs(thing)]) {
        if (names.has(a)) names.add(b);
        if (names.has(b)) names.add(a);
      }
  }

  #events(thing: number): Raw[] {
    const { calendars } = this.#system.workspace;
    const events = [...calendars.primary(emailOf(this.#userOf(thing))).events.values()];
    return events.map(({ id, resource }): Raw => ({ ...resource, id }));
  }

  *#pairs(thing: number): Iterable<[string, string]> {
    for (const { crmId, googleId } of this.#system.crm.records(this.#userOf(thing), true))
      if (googleId !== undefined) yield [crmId, googleId];
    for (const event of this.#events(thing)) {
      const crmId = event.extendedProperties?.private?.crmId;
      if (crmId !== undefined) yield [crmId, event.id];
    }
  }

  #record(thing: number) {
    const records = this.#system.crm.records(this.#userOf(thing));
    return records.find((r) => this.#names[thing]?.has(r.crmId));
  }

  #event(thing: number): Raw | undefined {
    const live = this.#events(thing).filter((e) => e.status !== 'cancelled');
    return live.find((e) => this.#names[thing]?.has(e.id));
  }

  /** No word of the CRM's is the same as what Google shows by default. */
  ends(): string[] {
    return this.#births.map((_, thing) => {
      const [record, event] = [this.#record(thing), this.#event(thing)];
      const crm = COMPARED.map((field) => crmValue(record?.data, field) || initial(field));
      const google = COMPARED.map((field) => googleValue(event, field) || initial(field));
      const lives = [record !== undefined, event !== undefined];
      return `${thing}: ${JSON.stringify({ lives, crm, google }).replaceAll('"false"', '""')}`;
    });
  }

  /** Which field of which thing, both values and the winner; each once, in no order. */
  conflicts(): string[] {
    const told = this.#system.entries.filter((e) => e.kind === 'told');
    // That a delete met an edit is told where the CRM does not know it yet: that depends on the order.
    const isField = ({ field }: Raw) => fieldNamed(field) !== undefined;
    const lines = told.flatMap(({ message }) =>
      ((message.conflicts ?? []) as Raw[]).filter(isField).map(({ field, winner, crm, google }) => {
        const thing = this.#names.findIndex((n) => n.has(message.crmId) || n.has(message.googleId));
        return `${thing} ${field}: ${winner} of ${JSON.stringify([crm, google])}`;
      }),
    );
    return [...new Set(lines)].sort();
  }
}
