/** Tasks through the engine: the list, what both sides do to a task, and what Google's API leaves open. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { CrmChange, GoogleChange } from '../../functions/core/messages.ts';
import { SyncError } from '../../functions/errors.ts';
import { scopes } from '../../functions/google/scopes.ts';
import { undoRun } from '../../functions/sync/undo.ts';
import { dying } from '../support/dying.ts';
import { createWorld, visit, type World } from '../support/world.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

async function connected(records: ('appointment' | 'task')[] = ['task']): Promise<World> {
  const world = createWorld({ records });
  await world.connect('anna');
  await world.poll();
  world.countCalls();
  return world;
}

const wish = (world: World, crmId: string, data: object, rest: Partial<CrmChange> = {}) =>
  world.change(crmId, data, { record: 'task', ...rest });
const seen = (world: World, list = 'CRM') => world.tasks().tasks(list);
const only = (world: World) => {
  const [task, ...others] = seen(world);
  assert.ok(task && others.length === 0, `one task, not ${others.length + 1}`);
  return task;
};
/** What the CRM was told of tasks, oldest first. */
const told = (world: World): GoogleChange[] => world.messages.filter((m) => m.record === 'task');
const last = (world: World) => told(world).at(-1);

test('a task of the CRM appears in the list CRM, with day, state and the link behind a marker', async () => {
  const world = await connected();
  assert.deepEqual(world.tasks().lists(), ['My Tasks', 'CRM']);
  await world.crm(
    wish(world, 'T-1', {
      title: 'Call Muster AG',
      notes: 'Ask for Ms Keller',
      due: '2026-11-30',
      status: 'open',
      url: 'https://crm.example/T-1',
    }),
  );
  const { title, notes, due, status } = only(world);
  assert.deepEqual(
    [title, due, status],
    ['Call Muster AG', '2026-11-30T00:00:00.000Z', 'needsAction'],
  );
  assert.equal(notes, 'Ask for Ms Keller\n\n— CRM T-1 —\nhttps://crm.example/T-1');
  assert.equal(world.countCalls()['tasks.tasks.insert'], 1);
  await world.poll();
  assert.deepEqual(told(world), [], 'our own write is no news');
});

test('P4 P16 a task reopened and done again in the CRM, and the run that reopened it died: it is done', async () => {
  const world = await connected();
  const done = { title: 'Call', status: 'done', completed: '2026-11-23' };
  await world.crm(wish(world, 'T-1', done));
  await world.poll();
  const open = { title: 'Call', status: 'open', completed: null };
  await dying(world, () => world.crm(wish(world, 'T-1', open)), 'consumed');
  assert.equal(only(world).status, 'needsAction');
  await world.crm(wish(world, 'T-1', done));
  await world.poll();
  assert.equal(only(world).status, 'completed');
  assert.deepEqual(told(world), []);
});

test('edits of different fields on both sides survive; the marker line stays', async () => {
  const world = await connected();
  const data = { title: 'Call', notes: 'Soon', due: '2026-11-30', url: 'https://crm.example/1' };
  await world.crm(wish(world, 'T-1', data));
  const { id, notes } = only(world);
  world.tasks().edit(id, { notes: `${notes}\nnumber is 044 111 22 33` });
  await world.crm(wish(world, 'T-1', { ...data, due: '2026-12-01' }));
  const task = only(world);
  assert.equal(task.due, '2026-12-01T00:00:00.000Z');
  assert.match(task.notes ?? '', /Soon\n\n— CRM T-1 —\nhttps:\/\/crm.example\/1\nnumber/);
  assert.deepEqual(last(world)?.changed, ['notes']);
  assert.equal(last(world)?.data?.notes, 'Soon\nnumber is 044 111 22 33');
});

test('done on the phone: hidden at Google, done with its day in the CRM; and open again', async () => {
  const world = await connected();
  await world.crm(wish(world, 'T-1', { title: 'Call', status: 'open' }));
  const { id } = only(world);
  world.advance(15 * 3_600_000 + 30 * MINUTE); // 23:30 UTC: the next day in Zurich
  world.tasks().complete(id);
  await world.poll();
  assert.deepEqual(
    [last(world)?.data?.status, last(world)?.data?.completed],
    ['done', '2026-11-24'],
  );
  world.tasks().clearCompleted('CRM');
  await world.poll();
  assert.equal(told(world).length, 1, 'cleared is not deleted');
  world.tasks().reopen(id);
  await world.poll();
  assert.deepEqual([last(world)?.data?.status, last(world)?.data?.completed], ['open', null]);
});

test('done in the CRM, with the day; open again clears it', async () => {
  const world = await connected();
  await world.crm(wish(world, 'T-1', { title: 'Call', status: 'done', completed: '2026-11-20' }));
  assert.equal(only(world).completed, '2026-11-20T11:00:00.000Z', 'noon in Zurich');
  await world.crm(wish(world, 'T-1', { title: 'Call', status: 'open' }));
  assert.deepEqual([only(world).status, only(world).completed], ['needsAction', undefined]);
});

/** What the CRM says of a task that is done, without a day; and the day. */
const DONE = { title: 'Call', status: 'done', completed: null };
const TODAY = '2026-11-23';

for (const [title, first] of [
  ['ticked off in the CRM', { title: 'Call', status: 'open' }],
  ['entered in the CRM as done', DONE],
] as const)
  test(`${title} without a day: the CRM hears Google’s, once`, async () => {
    const world = await connected();
    await world.crm(wish(world, 'T-1', first));
    if (first.status === 'open') await world.crm(wish(world, 'T-1', DONE));
    assert.equal(told(world).length, 1);
    const { op, crmId, changed, data, changeId = '' } = last(world) ?? {};
    assert.deepEqual([op, crmId, changed], ['upsert', 'T-1', ['completed']]);
    assert.deepEqual([data?.title, data?.status, data?.completed], ['Call', 'done', TODAY]);
    const { etag } = only(world);
    // A CRM that takes it over and says so, one that does not, and one that says nothing.
    await world.crm(wish(world, 'T-1', data ?? {}, { seen: changeId }));
    await world.crm(wish(world, 'T-1', DONE));
    await world.crm(wish(world, 'T-1', DONE, { seen: changeId }));
    await world.poll();
    assert.equal(told(world).length, 1);
    assert.equal(only(world).etag, etag);
    await world.crm(wish(world, 'T-1', { ...DONE, completed: '2026-11-20' }));
    assert.equal(only(world).completed?.slice(0, 10), '2026-11-20');
  });

for (const [title, first] of [
  ['ticked it off', { title: 'Call', status: 'open' }],
  ['entered it as done', DONE],
] as const)
  test(`P16 a run that dies after it ${title}: the CRM hears the day from the next one`, async () => {
    const world = await connected();
    if (first.status === 'open') await world.crm(wish(world, 'T-1', first));
    const { commit } = world.store;
    let wrote = false;
    world.workspace.after = ({ method }) => {
      wrote ||= /insert|patch/.test(method);
    };
    world.store.commit = async (...args) => {
      if (wrote) throw new SyncError('later', 'unavailable');
      return commit(...args);
    };
    assert.equal(await world.crm(wish(world, 'T-1', DONE)), 'later');
    assert.equal(told(world).length, 0);
    world.store.commit = commit;
    world.advance(3 * MINUTE);
    await world.poll();
    const [message, ...others] = told(world);
    assert.deepEqual(others, []);
    assert.deepEqual([message?.crmId, message?.data?.completed], ['T-1', TODAY]);
    assert.deepEqual(message?.conflicts, undefined);
    assert.equal(only(world).status, 'completed');
  });

test('open again before it heard of the day: open at Google, and no conflict', async () => {
  const world = await connected();
  await world.crm(wish(world, 'T-1', DONE));
  await world.crm(wish(world, 'T-1', { title: 'Call', status: 'open' }));
  assert.deepEqual([only(world).status, only(world).completed], ['needsAction', undefined]);
  assert.equal(told(world).length, 1);
});

test('open again on the phone while the CRM still says done, without a day: that is no edit', async () => {
  const world = await connected();
  await world.crm(wish(world, 'T-1', DONE));
  world.tasks().reopen(only(world).id);
  await world.crm(wish(world, 'T-1', { ...DONE, title: 'Call back' }));
  assert.deepEqual([only(world).title, only(world).status], ['Call back', 'needsAction']);
  const { data, conflicts } = last(world) ?? {};
  assert.deepEqual([data?.status, data?.completed, conflicts], ['open', null, undefined]);
});

test('ticked off on both sides: no conflict, and the CRM hears the day', async () => {
  const world = await connected();
  await world.crm(wish(world, 'T-1', { title: 'Call', status: 'open' }));
  world.tasks().complete(only(world).id);
  const { etag } = only(world);
  await world.crm(wish(world, 'T-1', DONE));
  await world.poll();
  assert.equal(only(world).etag, etag);
  assert.equal(told(world).length, 1);
  const { changed, conflicts, data } = last(world) ?? {};
  assert.deepEqual([changed, conflicts, data?.completed], [['completed'], undefined, TODAY]);
});

test('born at Google: imported, adopted, without a marker; only tasks of the list', async () => {
  const world = await connected();
  world.tasks().add('My Tasks', { title: 'private' });
  const { id } = world
    .tasks()
    .add('CRM', { title: 'Offer', notes: 'by Friday', due: '2026-11-27' });
  await world.poll();
  assert.equal(told(world).length, 1);
  assert.deepEqual(last(world)?.data, {
    title: 'Offer',
    notes: 'by Friday',
    due: '2026-11-27',
    status: 'open',
    completed: null,
  });
  await world.crm(
    wish(world, 'T-7', { title: 'Offer', url: 'https://crm.example/7' }, { googleId: id }),
  );
  assert.equal(only(world).notes, 'by Friday');
  await world.crm(wish(world, 'T-7', { title: 'Offer', notes: 'by Thursday' }, { googleId: id }));
  assert.equal(only(world).notes, 'by Thursday');
});

test('deleted on either side; edited at Google meanwhile it stays', async () => {
  const world = await connected();
  for (const crmId of ['T-1', 'T-2', 'T-3']) await world.crm(wish(world, crmId, { title: crmId }));
  const [one, , three] = seen(world);
  world.tasks().remove(one?.id ?? '');
  await world.poll();
  assert.deepEqual([last(world)?.op, last(world)?.crmId], ['delete', 'T-1']);
  await world.crm(wish(world, 'T-2', {}, { op: 'delete' }));
  assert.deepEqual(
    seen(world).map(({ title }) => title),
    ['T-3'],
  );
  world.tasks().edit(three?.id ?? '', { title: 'edited' });
  world.workspace.tasks.ifMatch = false;
  await world.crm(wish(world, 'T-3', {}, { op: 'delete' }));
  assert.equal(only(world).title, 'edited');
  assert.equal(last(world)?.conflicts?.[0]?.field, 'deletedInCrm');
});

test('rule 10: where Google ignores If-Match an edit made before the delete stays as well', async () => {
  const world = await connected();
  world.workspace.tasks.ifMatch = false;
  await world.crm(wish(world, 'T-1', { title: 'Call' }));
  world.tasks().edit(only(world).id, { title: 'Call twice' });
  await world.crm(wish(world, 'T-1', {}, { op: 'delete' }));
  assert.equal(only(world).title, 'Call twice');
  assert.deepEqual(
    last(world)?.conflicts?.map(({ field }) => field),
    ['deletedInCrm'],
  );
});

test('long texts are cut with a mark; the cut never travels back, an edit of it keeps the rest', async () => {
  const world = await connected();
  const title = `${'A very long title '.repeat(80)}end`;
  const notes = `Start\n${'and more '.repeat(1500)}end`;
  await world.crm(wish(world, 'T-1', { title, notes, url: 'https://crm.example/T-1' }));
  const task = only(world);
  assert.ok(task.title.length <= 1024 && task.title.endsWith(' […]'));
  assert.ok((task.notes ?? '').length <= 8192 && task.notes?.endsWith('https://crm.example/T-1'));
  world.advance(20 * MINUTE);
  await world.poll();
  assert.deepEqual(told(world), []);
  world.tasks().edit(task.id, { due: '2026-11-30' });
  await world.poll();
  assert.deepEqual([last(world)?.changed, last(world)?.data?.title], [['due'], title.trim()]);
  assert.equal(last(world)?.data?.notes, notes, 'unchanged texts are told whole');
  world.tasks().edit(task.id, { notes: (task.notes ?? '').replace('Start', 'Begin') });
  await world.poll();
  assert.deepEqual(last(world)?.changed, ['notes']);
  assert.equal(last(world)?.data?.notes, notes.replace('Start', 'Begin'));
});

test('new etags without a change of content, before each write and in a listing, are no edits', async () => {
  const world = await connected();
  const touch = { service: 'tasks', kind: 'touch' } as const;
  await world.crm(wish(world, 'T-1', { title: 'Call' }));
  world.workspace.faults.add({ ...touch, method: 'tasks.patch', count: 2 });
  await world.crm(wish(world, 'T-1', { title: 'Call again' }));
  assert.equal(only(world).title, 'Call again');
  world.workspace.faults.add({ ...touch, method: 'tasks.list', count: 1 });
  await world.poll();
  world.workspace.faults.add({ ...touch, method: 'tasks.delete', count: 1 });
  await world.crm(wish(world, 'T-1', {}, { op: 'delete' }));
  assert.deepEqual([seen(world), told(world)], [[], []]);
});

test('due is a day for users in every zone', async () => {
  for (const timeZone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/New_York']) {
    const world = await connected();
    await world.store.updateUser('anna', (user) => user && { ...user, timeZone });
    await world.crm(wish(world, 'T-1', { title: 'Call', due: '2026-11-30' }));
    const { id, due } = only(world);
    assert.equal(due, '2026-11-30T00:00:00.000Z', timeZone);
    world.tasks().edit(id, { due: '2026-12-01' });
    await world.poll();
    assert.equal(last(world)?.data?.due, '2026-12-01', timeZone);
  }
});

test('the list survives being renamed, and is found again when our state is lost', async () => {
  const world = await connected();
  await world.crm(wish(world, 'T-1', { title: 'Call' }));
  world.tasks().renameList('CRM', 'Kunden');
  await world.crm(wish(world, 'T-2', { title: 'Write' }));
  assert.deepEqual(world.tasks().lists(), ['My Tasks', 'Kunden']);
  assert.equal(seen(world, 'Kunden').length, 2);
  world.tasks().renameList('Kunden', 'CRM');
  await world.store.updateUser('anna', (user) => user && { ...user, places: {} });
  await world.poll();
  assert.deepEqual(world.tasks().lists(), ['My Tasks', 'CRM']);
  assert.equal(seen(world).length, 2);
});

test('a deleted list is made anew and filled again; nothing is deleted in the CRM', async () => {
  const world = await connected();
  await world.crm(
    ...['T-1', 'T-2'].map((crmId) =>
      wish(world, crmId, { title: crmId, status: 'done', completed: '2026-11-20' }),
    ),
  );
  world.tasks().deleteList('CRM');
  await world.poll();
  assert.deepEqual(
    seen(world)
      .map(({ title }) => title)
      .sort(),
    ['T-1', 'T-2'],
  );
  assert.deepEqual(told(world), []);
  await world.poll();
  assert.equal(seen(world).length, 2);
});

test('a list that is deleted when the CRM has something to write is made anew as well', async () => {
  const world = await connected();
  await world.crm(wish(world, 'T-1', { title: 'one' }));
  world.tasks().deleteList('CRM');
  await world.crm(
    wish(world, 'T-1', { title: 'one, changed' }),
    wish(world, 'T-2', { title: 'two' }),
  );
  await world.poll();
  assert.deepEqual(
    seen(world)
      .map(({ title }) => title)
      .sort(),
    ['one, changed', 'two'],
  );
  assert.deepEqual(
    told(world).filter(({ op }) => op === 'delete'),
    [],
  );
});

test('P3 an insertion whose answer is lost makes no second task', async () => {
  const world = await connected();
  world.workspace.faults.add({
    service: 'tasks',
    method: 'tasks.insert',
    kind: 'close',
    when: 'after',
    count: 1,
  });
  assert.equal(await world.crm(wish(world, 'T-1', { title: 'Call' })), 'later');
  world.advance(MINUTE);
  await world.poll();
  await world.poll();
  assert.equal(only(world).title, 'Call');
  await world.crm(wish(world, 'T-1', { title: 'Call again' }));
  assert.equal(only(world).title, 'Call again');
  assert.deepEqual(told(world), []);
});

test('P3 the CRM’s next word finds what was inserted without an answer, without a poll', async () => {
  const world = await connected();
  const lost = { service: 'tasks', method: 'tasks.insert', kind: 'close', when: 'after' } as const;
  world.workspace.faults.add({ ...lost, count: 1 });
  await world.crm(wish(world, 'T-1', { title: 'Call' }));
  world.advance(2 * MINUTE);
  assert.equal(await world.crm(wish(world, 'T-1', { title: 'Call again' })), 'done');
  assert.equal(only(world).title, 'Call again');
});

test('P3 an insertion that never arrived is tried again once it is sure that it did not', async () => {
  const world = await connected();
  const lost = { service: 'tasks', method: 'tasks.insert', kind: 'close', when: 'before' } as const;
  world.workspace.faults.add({ ...lost, count: 1 });
  await world.crm(wish(world, 'T-1', { title: 'Call' }));
  await world.poll();
  // An instance that slept through its lease may send it when it wakes up.
  world.advance(4 * MINUTE);
  await world.poll();
  assert.deepEqual(seen(world), [], 'it could still come');
  world.advance(2 * MINUTE);
  await world.poll();
  assert.equal(only(world).title, 'Call');
});

test('a poll that finds nothing is one call, whatever Google’s clock says; nothing is missed', async () => {
  for (const skewMs of [-4 * MINUTE, 0, 4 * MINUTE]) {
    const world = await connected();
    world.workspace.tasks.skewMs = skewMs;
    await world.crm(wish(world, 'T-1', { title: 'Call' }));
    const { id } = only(world);
    for (let round = 0; round < 4; round++) {
      world.advance(5 * MINUTE);
      await world.poll();
    }
    world.countCalls();
    await world.poll();
    assert.deepEqual(world.countCalls(), { 'tasks.tasks.list': 1 });
    for (let round = 0; round < 3; round++) {
      world.tasks().edit(id, { title: `edit ${round}` });
      world.advance(MINUTE);
      await world.poll();
      assert.equal(last(world)?.data?.title, `edit ${round}`, `skew ${skewMs}`);
    }
    assert.equal(told(world).length, 3, 'each edit is told once');
  }
});

test('an edit while pages are read is not missed', async () => {
  const world = await connected();
  const ids = Array.from(
    { length: 130 },
    (_, i) => world.tasks().add('CRM', { title: `G${i}` }).id,
  );
  let pages = 0;
  world.workspace.after = (call) => {
    if (call.method === 'tasks.tasks.list' && ++pages === 1)
      world.tasks().edit(ids[0] ?? '', { title: 'while paging' });
  };
  await world.poll();
  assert.equal(told(world).length, 130);
  world.advance(MINUTE);
  await world.poll();
  assert.equal(last(world)?.data?.title, 'while paging');
});

test('many tasks go in batches where the endpoint answers, singly where it does not, probed once', async () => {
  for (const batchAnswers of [true, false]) {
    const world = await connected();
    world.workspace.tasks.batchAnswers = batchAnswers;
    const before = world.workspace.stats.snapshot().httpRequests;
    const wishes = (title: string) =>
      Array.from({ length: 60 }, (_, i) => wish(world, `T-${i}`, { title: `${title} ${i}` }));
    await world.crm(...wishes('one'));
    assert.equal(seen(world).length, 60);
    const inserted = world.workspace.stats.snapshot().httpRequests - before;
    assert.equal(inserted, batchAnswers ? 2 : 61);
    await world.crm(...wishes('two'));
    assert.ok(seen(world).every(({ title }) => title.startsWith('two')));
    const probes = world.calls.filter(({ url }) => url.endsWith('/batch')).length;
    assert.equal(probes, batchAnswers ? 6 : 1);
  }
});

test('an assigned task is read-only: told to the CRM, never written, never deleted', async () => {
  const world = await connected();
  const { id } = world.tasks().addAssigned('CRM', { title: 'from a document' });
  await world.poll();
  assert.equal(last(world)?.data?.title, 'from a document');
  await world.crm(wish(world, 'T-1', { title: 'from a document' }, { googleId: id }));
  await world.crm(wish(world, 'T-1', { title: 'mine' }));
  assert.equal(only(world).title, 'from a document');
  assert.equal(last(world)?.rejected?.reason, 'notOrganizer');
  await world.crm(wish(world, 'T-1', {}, { op: 'delete' }));
  const again = { op: 'delete', seen: last(world)?.changeId } as const;
  await world.crm(wish(world, 'T-1', {}, again));
  assert.equal(only(world).title, 'from a document', 'deleting it would delete the original');
  const count = told(world).length;
  await world.poll();
  assert.equal(told(world).length, count);
});

test('of a repeating task the next occurrence, copied with our marker, is no second record of ours', async () => {
  const world = await connected();
  await world.crm(wish(world, 'T-1', { title: 'Weekly', due: '2026-11-23' }));
  const { id, notes } = only(world);
  world.tasks().remove(id);
  const weekly = world
    .tasks()
    .addRepeating('CRM', { title: 'Weekly', notes: notes ?? '', due: '2026-11-23' }, 7);
  world.tasks().restore(id);
  world.tasks().remove(weekly.id);
  world.advance(MINUTE);
  await world.poll();
  assert.deepEqual(told(world), []);
  world.tasks().restore(weekly.id);
  world.tasks().complete(weekly.id);
  await world.poll();
  await world.poll();
  assert.ok(seen(world).length >= 2, 'nothing of it is deleted');
  assert.equal(seen(world).find((task) => task.id === id)?.status, 'needsAction');
});

/** Handed over, out of the bin again at once, and back with another title; `back`: when the run hears of that. */
async function thereAndBack(back: 'later' | 'with the delete') {
  const world = await connected();
  await world.connect('luca');
  await world.crm(wish(world, 'T-1', { title: 'Before' }));
  const { id } = only(world);
  const there = wish(world, 'T-1', {}, { userId: 'luca' });
  const again = wish(world, 'T-1', { title: 'After' });
  await world.store.putIntents([there]);
  const { commit } = world.store;
  if (back === 'with the delete')
    world.store.commit = async (lease, what, release) => {
      if (what.removedLinks?.length) await world.store.putIntents([again]);
      return commit(lease, what, release);
    };
  await world.poll('anna');
  world.store.commit = commit;
  world.tasks().restore(id);
  await world.crm(again);
  world.advance(MINUTE);
  await world.poll('anna');
  return world;
}

test('rule 1 P3 a task that is handed over and back is there once, though a person has got the former one out of the bin', async () => {
  for (const back of ['later', 'with the delete'] as const) {
    const world = await thereAndBack(back);
    assert.deepEqual([only(world).title, back], ['After', back]);
  }
});

test('tasks unticked: they wait, appointments go on; granted later, they are written', async () => {
  const world = createWorld({ records: ['appointment', 'task'] });
  await world.connect('anna', undefined, [scopes.eventsOwned, scopes.freeBusy]);
  await world.poll();
  assert.equal(
    await world.crm(wish(world, 'T-1', { title: 'Call' }), world.change('A-1', visit(1))),
    'done',
  );
  assert.equal((await world.events()).length, 1);
  assert.deepEqual(world.tasks().lists(), ['My Tasks']);
  assert.deepEqual(
    Object.keys(world.countCalls()).filter((name) => name.startsWith('tasks.')),
    [],
  );
  await world.consent('anna', [scopes.eventsOwned, scopes.freeBusy, scopes.tasks]);
  await world.poll();
  assert.equal(only(world).title, 'Call');
});

test('the quota of the day is used up: tasks wait, appointments go on', async () => {
  const world = await connected(['appointment', 'task']);
  world.workspace.quota.limits.tasks = { perProjectPerDay: 0 };
  await world.crm(wish(world, 'T-1', { title: 'Call' }), world.change('A-1', visit(1)));
  assert.equal((await world.events()).length, 1);
  world.workspace.quota.limits.tasks = { perProjectPerDay: 50_000 };
  world.advance(DAY);
  await world.poll();
  assert.equal(only(world).title, 'Call');
});

test('disconnecting with removal takes out what the sync made, unanswered creations too', async () => {
  const world = await connected();
  await world.crm(wish(world, 'T-1', { title: 'Call' }));
  world.tasks().add('CRM', { title: 'Milk' });
  const faults = {
    service: 'tasks',
    method: 'tasks.insert',
    kind: 'close',
    when: 'after',
  } as const;
  world.workspace.faults.add({ ...faults, count: 1 });
  await world.crm(wish(world, 'T-2', { title: 'Write' }));
  assert.equal(seen(world).length, 3);
  world.advance(MINUTE);
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'remove' });
  assert.equal(await world.poll(), 'done');
  assert.equal(only(world).title, 'Milk');
  assert.equal((await world.store.getUser('anna'))?.state, 'disconnected');
});

test('disconnecting ends although the list with an unanswered creation is gone', async () => {
  const world = await connected();
  const faults = {
    service: 'tasks',
    method: 'tasks.insert',
    kind: 'close',
    when: 'after',
  } as const;
  world.workspace.faults.add({ ...faults, count: 1 });
  await world.crm(wish(world, 'T-1', { title: 'Call' }));
  world.tasks().deleteList('CRM');
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'remove' });
  assert.equal(await world.poll(), 'done');
  assert.equal((await world.store.getUser('anna'))?.state, 'disconnected');
});

test('undo gives the CRM back the whole of a text that Google holds cut', async () => {
  const world = await connected();
  const [first, second] = ['first', 'second'].map((word) => `Start\n${`${word} `.repeat(2000)}end`);
  const undo = async () => {
    const [{ run = Number.NaN } = {}] = await world.store.journalRuns('anna', 1);
    return undoRun(world.engine, 'anna', run);
  };
  await world.crm(wish(world, 'T-1', { title: 'Call', notes: first ?? '' }));
  await world.crm(wish(world, 'T-1', { title: 'Call', notes: second ?? '' }));
  assert.deepEqual((await undo()).kept, []);
  assert.match(only(world).notes ?? '', /^Start\nfirst/);
  assert.equal(last(world)?.data?.notes, first, 'put back after an edit in the CRM');

  const { changeId: seen = '' } = last(world) ?? {};
  await world.crm(wish(world, 'T-1', { title: 'Call', notes: first ?? '' }, { seen }));
  const { id, notes = '' } = only(world);
  world.tasks().edit(id, { notes: notes.replace('Start', 'Begin') });
  await world.poll();
  assert.equal(last(world)?.data?.notes, first?.replace('Start', 'Begin'));
  assert.deepEqual((await undo()).kept, []);
  assert.equal(last(world)?.data?.notes, first, 'put back after an edit on the phone');

  const { changeId: agreed = '' } = last(world) ?? {};
  await world.crm(wish(world, 'T-1', { title: 'Call', notes: first ?? '' }, { seen: agreed }));
  await world.crm(wish(world, 'T-1', {}, { op: 'delete', seen: agreed }));
  assert.deepEqual((await undo()).kept, []);
  assert.equal(last(world)?.data?.notes, first, 'brought back after a delete');
  world.messages.length = 0;
  await world.poll();
  assert.deepEqual(told(world), [], 'and what Google holds cut is no edit afterwards');
});
