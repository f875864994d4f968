/** The mass-change guard, and the person who lets through what it held back; pause and resume. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { SyncError } from '../../functions/errors.ts';
import { pause, release, resume } from '../../functions/sync/person.ts';
import { contactsPhone } from '../sandbox/google/people/phone.ts';
import { createWorld, visit, type World } from '../support/world.ts';

/** Thirty appointments, all deleted at Google while the sync token expired; held by the guard. */
async function heldWorld(): Promise<World> {
  const world = createWorld();
  await world.connect('anna');
  const all = Array.from({ length: 30 }, (_, i) =>
    world.change(`m${i}`, visit(1 + (i % 5), 8 + Math.floor(i / 5))),
  );
  await world.crm(...all);
  await world.poll();
  await deleteAll(world);
  world.messages.length = 0;
  await world.poll();
  return world;
}

async function deleteAll(world: World): Promise<void> {
  for (const event of await world.events()) await world.phone('anna', 'DELETE', `/${event.id}`);
  world.workspace.calendars.expireSyncTokens('anna@firm.example');
}

const deletes = (world: World) => world.messages.filter((m) => m.op === 'delete').length;
const heldOf = async (world: World) => {
  const user = await world.store.getUser('anna');
  assert.equal(user?.state, 'active');
  return Object.keys(user?.held ?? {});
};
/** What the CRM was told of the user. */
const toldOf = (world: World) =>
  world.messages.filter((m) => m.record === 'user').map((m) => [m.data?.state, m.data?.held]);

test('C03 a mass change is held until a person releases it, and then believed', async () => {
  const world = await heldWorld();
  assert.deepEqual(await heldOf(world), ['appointment']);
  world.countCalls();
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(world.countCalls(), {}, 'nothing is read of what is held');
  assert.equal(deletes(world), 0);
  assert.deepEqual(await release(world.engine, 'anna'), { done: true });
  assert.deepEqual(world.syncRequests, ['anna'], 'at once, not at the next poll');
  assert.equal(await world.poll(), 'done');
  assert.equal(deletes(world), 30);
  assert.deepEqual(await heldOf(world), []);
  assert.deepEqual(toldOf(world), [
    ['active', ['appointment']],
    ['active', undefined],
  ]);
});

test('C03 released once is believed once: the next mass change is held again', async () => {
  const world = await heldWorld();
  await release(world.engine, 'anna');
  await world.poll();
  const again = Array.from({ length: 30 }, (_, i) => world.change(`n${i}`, visit(1 + (i % 5), 8)));
  await world.crm(...again);
  await world.poll();
  await deleteAll(world);
  await world.poll();
  assert.deepEqual(await heldOf(world), ['appointment']);
  assert.equal(deletes(world), 30, 'those of the first time');
});

test('C03 a release whose run dies before the end still holds for the next run', async () => {
  const world = await heldWorld();
  await release(world.engine, 'anna');
  const { commit } = world.store;
  let left = 2;
  world.store.commit = async (...args) => {
    if (left-- === 0) throw new Error('crash');
    return commit(...args);
  };
  await assert.rejects(world.poll(), /crash/);
  world.store.commit = commit;
  world.advance(130_000);
  assert.equal(await world.poll(), 'done');
  const told = new Set(world.messages.filter((m) => m.op === 'delete').map((m) => m.changeId));
  assert.equal(told.size, 30);
});

test('C03 release is for whom the guard holds, and for nobody else', async () => {
  const world = createWorld();
  await world.connect('anna');
  assert.deepEqual(await release(world.engine, 'anna'), {
    done: false,
    detail: 'no record type of user anna is held',
  });
  assert.deepEqual(await release(world.engine, 'nobody'), {
    done: false,
    detail: 'no user nobody',
  });
  const held = await heldWorld();
  assert.deepEqual(await release(held.engine, 'anna', 'task'), {
    done: false,
    detail: 'no task of user anna is held',
  });
  assert.deepEqual(await resume(held.engine, 'anna'), {
    done: false,
    detail: 'user anna is active, not paused',
  });
});

test('C03 only the record type that changed en masse is held: the others go on, and it does once released', async () => {
  const world = createWorld({ records: ['appointment', 'contact', 'task'] });
  await world.connect('anna');
  await world.poll();
  const phone = contactsPhone(world.workspace.people, 'anna@firm.example');
  const contact = (i: number, data: object = {}) =>
    world.change(`P-${i}`, { familyName: `n${i}`, ...data }, { record: 'contact' });
  const task = (i: number, title: string) => world.change(`T-${i}`, { title }, { record: 'task' });
  await world.crm(...Array.from({ length: 30 }, (_, i) => contact(i)), task(1, 'Call'));
  await world.crm(world.change('A-1', visit()));
  world.advance(20 * 60_000);
  await world.poll();
  for (const { resourceName } of phone.contacts()) phone.remove(resourceName);
  world.workspace.people.expireSyncTokens('anna@firm.example');
  world.advance(20 * 60_000);
  world.messages.length = 0;
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(await heldOf(world), ['contact']);

  // Appointments and tasks go on, in both directions; of contacts nothing is read, written or told.
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Bern' });
  assert.equal(await world.crm(task(1, 'Call again'), contact(1, { title: 'CEO' })), 'done');
  world.countCalls();
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(world.countCalls(), { 'calendar.events.list': 1, 'tasks.tasks.list': 1 });
  assert.equal(world.tasks().tasks('CRM')[0]?.title, 'Call again');
  assert.equal(world.messages.find((m) => m.crmId === 'A-1')?.data?.place, 'Bern');
  assert.deepEqual(phone.contacts(), []);
  const user = await world.store.getUser('anna');
  assert.deepEqual(Object.keys(user?.polls ?? {}).sort(), ['appointment', 'task']);
  assert.ok((user?.nextPollAt ?? 0) > world.clock.now(), 'what is held makes nobody due');

  assert.deepEqual(await release(world.engine, 'anna', 'contact'), { done: true });
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(await heldOf(world), []);
  assert.equal(deletes(world), 30, 'believed');
  assert.equal(phone.contacts().length, 1, 'what the CRM has edited meanwhile is written again');
  assert.deepEqual(toldOf(world), [
    ['active', ['contact']],
    ['active', undefined],
  ]);
});

test('C03 two types are released one by one', async () => {
  const world = createWorld({ records: ['appointment', 'contact', 'task'] });
  await world.connect('anna');
  await world.store.updateUser('anna', (u) => u && { ...u, held: { contact: 1, task: 2 } });
  await release(world.engine, 'anna', 'contact');
  const after = await world.store.getUser('anna');
  assert.deepEqual([after?.held, after?.believeListing], [{ task: 2 }, ['contact']]);
  await world.poll();
  assert.deepEqual(await heldOf(world), ['task']);
  assert.equal((await world.store.getUser('anna'))?.believeListing, undefined);
  await release(world.engine, 'anna');
  assert.deepEqual(await heldOf(world), []);
});

test('pause and resume: nothing runs, the CRM hears both, and what it sent meanwhile is applied', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  world.messages.length = 0;
  assert.deepEqual(await pause(world.engine, 'anna'), { done: true });
  assert.equal((await pause(world.engine, 'anna')).done, false);
  assert.equal(await world.crm(world.change('v1', visit())), 'notActive');
  assert.deepEqual(await world.store.dueUsers(world.clock.now() + 1e9, 10), []);
  assert.deepEqual(await resume(world.engine, 'anna'), { done: true });
  assert.equal(await world.poll(), 'done');
  assert.equal((await world.events()).length, 1);
  const told = world.messages.filter((m) => m.record === 'user').map((m) => m.data?.state);
  assert.deepEqual(told, ['paused', 'active']);
});

test('C04 a calendar that is empty because all has ended needs no person', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(
    ...Array.from({ length: 30 }, (_, i) => world.change(`m${i}`, visit(1 + (i % 5), 8))),
  );
  await world.poll();
  world.advance(60 * 86_400_000);
  world.workspace.calendars.expireSyncTokens('anna@firm.example');
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(await heldOf(world), []);
  assert.equal(deletes(world), 0);
});

test('C03 P16 a release whose listing fails still holds for the next one', async () => {
  const world = await heldWorld();
  await release(world.engine, 'anna');
  const { getCursor } = world.store;
  world.store.getCursor = async () => {
    throw new SyncError('later', 'unavailable');
  };
  assert.equal(await world.poll(), 'later');
  world.store.getCursor = getCursor;
  assert.equal(await world.poll(), 'done');
  assert.equal(deletes(world), 30);
  assert.deepEqual(await heldOf(world), []);
});
