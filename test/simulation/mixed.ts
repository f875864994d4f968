/**
 * All record types at once, for one user: people on both sides, lost answers, storms, crashes, late and
 * repeated messages, dead tokens; then rest, and what must hold then. Everything follows from the seed.
 */
import assert from 'node:assert/strict';
import { contactCodec } from '../../functions/core/contact.ts';
import { type Fields, type RecordType, sameValue } from '../../functions/core/fields.ts';
import type { CrmChange, GoogleChange } from '../../functions/core/messages.ts';
import { taskCodec } from '../../functions/core/task.ts';
import { Crm } from '../sandbox/crm/crm.ts';
import type { CrmRecord, RecordData } from '../sandbox/crm/types.ts';
import { contactsPhone, type Person } from '../sandbox/google/people/phone.ts';
import { ApiError, type Call, ConnectionLost } from '../sandbox/google/protocol.ts';
import { seeded } from '../sandbox/google/random.ts';
import { createWorld, type Event, visit } from '../support/world.ts';

const MINUTE = 60_000;
const RECORDS: RecordType[] = ['appointment', 'contact', 'task'];
const WORDS = ['Eva', '李', 'Visit 🌻', 'Müller & Co', 'call', 'x'];
const context = {
  userId: 'anna',
  timeZone: 'Europe/Zurich',
  self: ['anna@firm.example'],
  colleagues: new Map(),
  inviteExternal: false,
};

const REFUSALS = [
  { status: 429, reason: 'rateLimitExceeded' },
  { status: 503, reason: 'backendError' },
  { status: 403, reason: 'quotaExceeded' },
];

/** What meets the next calls of a service; without a status the connection breaks. */
interface Trouble {
  service: string;
  when: 'before' | 'after';
  count: number;
  status?: number;
  reason?: string;
}

class Died extends Error {}

export async function playMixed(seed: number, steps = 60, trace: string[] = []): Promise<void> {
  const random = seeded(seed);
  const below = (n: number) => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T | undefined => list[below(list.length)];
  const world = createWorld({ records: RECORDS });
  world.workspace.quota.enabled = false;
  /** For a person who looks at one history: what people do is written down. */
  const noted = <T extends object>(thing: T): T =>
    new Proxy(thing, {
      get: (target, name) => {
        const value = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          trace.push(`${String(name)} ${JSON.stringify(args)}`);
          return value.apply(target, args);
        };
      },
    });
  const phone = noted(contactsPhone(world.workspace.people, 'anna@firm.example'));
  const tasks = noted(world.tasks());
  const toGoogle: CrmChange[] = [];
  const toCrm: GoogleChange[] = [];
  const crm = new Crm({
    now: world.clock.now,
    random: seeded(seed + 1),
    echo: random() < 0.5,
    publish(message) {
      const change = message as CrmChange | { record: 'user' };
      if (change.record === 'user') return;
      trace.push(`crm says ${JSON.stringify(change)}`);
      toGoogle.push(change);
    },
  });
  const user = {
    userId: 'anna',
    email: 'anna@firm.example',
    name: 'Anna',
    timeZone: 'Europe/Zurich',
  };
  await crm.announce(user);
  await world.connect('anna');
  const mom = phone.add({ names: [{ givenName: 'Mom' }] });
  const aside = tasks.add('My Tasks', { title: 'Milk' });

  // ---- crashes: from one moment on nothing of the process has any effect --------------------------
  let dead = false;
  let diesIn = Number.POSITIVE_INFINITY;
  const alive = () => {
    if (dead) throw new Died();
  };
  const step = () => {
    alive();
    if (--diesIn <= 0) dead = true;
  };
  const { store } = world;
  for (const name of ['commit', 'renewLease', 'dropLease', 'acquireLease'] as const) {
    const real = store[name] as (...args: unknown[]) => Promise<unknown>;
    Object.assign(store, {
      [name]: async (...args: unknown[]) => {
        step();
        const result = await real(...args);
        step();
        alive();
        return result;
      },
    });
  }
  world.engine.publisher.googleChanges = async (changes) => {
    step();
    trace.push(...changes.map((change) => `told ${JSON.stringify(change)}`));
    toCrm.push(...structuredClone(changes));
    alive();
  };
  // ---- troubles between the process and Google; people have none -----------------------------------
  let running = false;
  let troubles: Trouble[] = [];
  const strike = (when: Trouble['when']) => (call: Call) => {
    if (!running) return;
    if (when === 'after') trace.push(`call ${call.method} ${call.body}`);
    if (when === 'after') step();
    const trouble = troubles.find((t) => t.when === when && t.service === call.service);
    if (!trouble) return;
    trouble.count--;
    troubles = troubles.filter(({ count }) => count > 0);
    throw trouble.status === undefined
      ? new ConnectionLost()
      : new ApiError(trouble.status, trouble.reason ?? '', 'trouble');
  };
  world.workspace.before = strike('before');
  world.workspace.after = strike('after');
  async function run(pull: boolean): Promise<void> {
    running = true;
    try {
      trace.push(`run ${pull} ${await (pull ? world.poll() : world.crm(...toGoogle.splice(0)))}`);
    } catch (error) {
      if (!(error instanceof Died)) throw error;
      trace.push('died');
    }
    running = false;
    if (dead) world.advance(2 * MINUTE); // its lease runs out
    dead = false;
    diesIn = Number.POSITIVE_INFINITY;
  }

  // ---- people -------------------------------------------------------------------------------------
  const newData = (record: RecordType): Fields => {
    const word = pick(WORDS) ?? '';
    if (record === 'contact')
      return {
        givenName: word,
        phones: [{ value: String(below(9)) }],
        url: 'https://crm.example/1',
      };
    if (record === 'task') return { title: word, notes: word, url: 'https://crm.example/1' };
    return visit(1 + below(5), 9, { subject: word }) as Fields;
  };
  const edits = (record: RecordType): Fields => {
    const word = `${pick(WORDS)} ${below(100)}`;
    if (record === 'contact')
      return pick<Fields>([
        { givenName: word },
        { title: word },
        { phones: [{ value: String(below(9)) }, { value: word, type: 'work' }] },
      ]) as Fields;
    if (record === 'task')
      return pick<Fields>([
        { title: word },
        { notes: word },
        { due: `2026-12-0${1 + below(9)}` },
      ]) as Fields;
    return pick<Fields>([{ subject: word }, { place: word }]) as Fields;
  };
  const mine = () => phone.contacts().filter((p) => p.resourceName !== mom.resourceName);
  const listed = () => (tasks.lists().includes('CRM') ? tasks.tasks('CRM') : []);
  const people: (() => unknown)[] = [
    ...RECORDS.map((record) => () => crm.create('anna', newData(record) as RecordData, { record })),
    ...RECORDS.map((record) => () => {
      const known = pick(crm.records().filter((r) => r.record === record));
      return known && crm.edit(known.crmId, edits(record) as RecordData);
    }),
    () => {
      const known = pick(crm.records());
      return known && random() < 0.4 ? crm.remove(known.crmId) : undefined;
    },
    () => {
      const one = pick(mine());
      if (one) phone.edit(one.resourceName, { phoneNumbers: [{ value: `p${below(99)}` }] });
    },
    () => {
      const one = pick(mine());
      if (one) phone.edit(one.resourceName, { organizations: [{ name: `o${below(99)}` }] });
    },
    () => {
      const one = pick(mine());
      if (one && random() < 0.3) phone.remove(one.resourceName);
    },
    () => {
      const one = pick(mine());
      if (one && random() < 0.5) phone.unlabel(one.resourceName, labelName());
    },
    () => {
      const one = pick(mine());
      if (one && labelName()) phone.label(one.resourceName, labelName());
    },
    () => {
      if (labelName()) phone.add({ names: [{ givenName: `born ${below(99)}` }] }, labelName());
    },
    () => {
      const one = pick(mine());
      if (one && random() < 0.3) phone.relink(one.resourceName);
    },
    () => {
      if (tasks.lists().includes('CRM')) tasks.add('CRM', { title: `born ${below(99)}` });
    },
    () => {
      const one = pick(listed());
      if (one) tasks.edit(one.id, { title: `t${below(99)}` });
    },
    () => {
      const one = pick(listed());
      if (one) tasks[random() < 0.5 ? 'complete' : 'remove'](one.id);
    },
    async () => {
      const one = pick(await world.events());
      if (one) await world.phone('anna', 'PATCH', `/${one.id}`, { summary: `e${below(99)}` });
    },
    async () => {
      const one = pick(await world.events());
      if (one && random() < 0.3) await world.phone('anna', 'DELETE', `/${one.id}`);
    },
  ];
  function labelName(): string {
    return phone.labels().find(({ name }) => name.startsWith('CRM'))?.name ?? '';
  }

  // ---- the history --------------------------------------------------------------------------------
  const services = ['calendar', 'people', 'tasks'];
  const causes: (() => void)[] = [
    () =>
      troubles.push({
        service: pick(services) as string,
        when: random() < 0.5 ? 'before' : 'after',
        count: 1 + below(2),
      }),
    () =>
      troubles.push({
        service: pick(services) as string,
        when: 'before',
        count: 1 + below(8),
        ...(pick(REFUSALS) as (typeof REFUSALS)[0]),
      }),
    () => {
      diesIn = 1 + below(40);
    },
    () => world.workspace.expireSyncTokens(),
  ];

  for (let i = 0; i < steps; i++) {
    const dice = random();
    if (dice < 0.45) await pick(people)?.();
    else if (dice < 0.52) pick(causes)?.();
    else if (dice < 0.62) world.advance(below(9) * MINUTE);
    else if (dice < 0.72) while (toCrm.length > 0) await crm.receive(toCrm.shift());
    else if (dice < 0.76 && toGoogle.length > 0) toGoogle.push(pick(toGoogle) as CrmChange);
    else await run(random() < 0.4);
  }

  // ---- rest ---------------------------------------------------------------------------------------
  troubles = [];
  let quiet = 0;
  for (let round = 0; quiet < 2; round++) {
    assert.ok(round < 40, 'comes to no rest');
    world.advance(17 * MINUTE);
    world.countCalls();
    const before = toCrm.length + toGoogle.length;
    await run(false);
    await run(true);
    const told = toCrm.length;
    while (toCrm.length > 0) await crm.receive(toCrm.shift());
    const writes = Object.keys(world.countCalls()).filter((m) => !/list|get|instances/i.test(m));
    trace.push(`rest ${before} ${told} ${writes}`);
    quiet = before + told + toGoogle.length + writes.length === 0 ? quiet + 1 : 0;
  }
  assert.equal((await store.getUser('anna'))?.state, 'active');
  await judge();

  // ---- what must hold -----------------------------------------------------------------------------
  async function judge(): Promise<void> {
    const group = phone.labels().find(({ name }) => name.startsWith('CRM'))?.resourceName;
    const codec = contactCodec(group);
    const contacts = phone.contacts().map((raw: Person) => codec.decode(raw as never, context));
    const listedTasks = listed().map((raw) => taskCodec.decode(raw as never, context));
    const events = (await world.events()).map((e: Event) => ({
      googleId: e.id,
      fields: { subject: e.summary ?? null, place: e.location ?? null } as Fields,
    }));
    const live = contacts.filter((o) => o.state === 'live');
    const [own] = contacts.filter((o) => o.googleId === mom.resourceName);
    assert.deepEqual([own?.state, own?.etag !== undefined], ['out', true]);
    assert.deepEqual(
      phone.contact(mom.resourceName),
      mom,
      'P10: unlabelled contacts are not touched',
    );
    assert.deepEqual(tasks.tasks('My Tasks'), [aside], 'P10: other lists are not touched');
    const marks = [...contacts, ...listedTasks].flatMap((o) => o.marker?.crmId ?? []);
    assert.equal(new Set(marks).size, marks.length, `P3: ${marks.sort()}`);

    const all = crm.records();
    await pairs('contact', live, all, Object.keys(codec.fields));
    await pairs('task', listedTasks, all, ['title', 'notes', 'due']);
    await pairs('appointment', events, all, ['subject', 'place']);
  }

  /** P1, P3, P7: each living record has its object, each object its record, and both say the same. */
  async function pairs(
    record: RecordType,
    objects: { googleId: string; fields: Fields }[],
    all: CrmRecord[],
    names: string[],
  ): Promise<void> {
    const records = all.filter((r) => r.record === record && !r.deleted && !r.unlinked);
    const byId = new Map(objects.map((o) => [o.googleId, o]));
    const stored = await store.listLinks('anna', record, 10_000);
    const links = new Map(stored.filter((l) => l.state === 'live').map((l) => [l.crmId, l]));
    for (const { crmId, data: said } of records) {
      const data = said as Fields;
      const link = links.get(crmId);
      // A contact is known by the names that it had before as well.
      const id = link?.googleId ?? '';
      const object = byId.get(id) ?? byId.get(phone.contact(id)?.resourceName ?? '');
      assert.ok(object, `${crmId} has no object at Google (${link?.state})`);
      byId.delete(object.googleId);
      for (const name of names.filter((n) => n !== 'url'))
        assert.ok(
          sameValue(data[name], object.fields[name]),
          `${crmId}.${name}: ${JSON.stringify([data[name], object.fields[name]])}`,
        );
    }
    assert.deepEqual([...byId.keys()], [], `${record}s at Google without a record`);
  }
}
