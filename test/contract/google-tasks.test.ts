import assert from 'node:assert/strict';
import test from 'node:test';
import type { tasks_v1 } from '@googleapis/tasks';
import { refusal, START, type Stage, stage } from '../sandbox/google/stage.ts';
import { tasksPhone } from '../sandbox/google/tasks/phone.ts';

const ANNA = 'anna@firm.example';
const tasklist = '@default';
type Task = tasks_v1.Schema$Task;

const phoneOf = (google: Stage) => tasksPhone(google.workspace.tasks, ANNA);

async function insert(google: Stage, requestBody: Task): Promise<Task> {
  return (await google.tasks(ANNA).tasks.insert({ tasklist, requestBody })).data;
}

async function patch(google: Stage, task: Task, requestBody: Task): Promise<Task> {
  const target = { tasklist, task: task.id as string, requestBody };
  return (await google.tasks(ANNA).tasks.patch(target)).data;
}

async function titles(
  google: Stage,
  params: tasks_v1.Params$Resource$Tasks$List = {},
): Promise<(string | null | undefined)[]> {
  const { data } = await google.tasks(ANNA).tasks.list({ tasklist, ...params });
  return (data.items ?? []).map(({ title }) => title);
}

test('google-contracts 4: due is a day: the time of day is thrown away, what comes back is midnight UTC', async () => {
  await using google = await stage();
  const { due } = await insert(google, { title: 'A', due: '2026-11-24T15:30:00.000Z' });
  assert.equal(due, '2026-11-24T00:00:00.000Z');
  const cleared = await patch(google, await insert(google, { title: 'B', due }), { due: null });
  assert.equal(cleared.due, undefined);
  await assert.rejects(insert(google, { due: '2026-11-24' }), refusal(400, 'invalid'));
});

test('google-contracts 4: a title has at most 1024 characters, notes at most 8192', async () => {
  await using google = await stage();
  const long = { title: 'x'.repeat(1024), notes: 'y'.repeat(8192) };
  assert.equal((await insert(google, long)).notes?.length, 8192);
  await assert.rejects(insert(google, { title: 'x'.repeat(1025) }), refusal(400, 'invalid'));
  await assert.rejects(insert(google, { notes: 'y'.repeat(8193) }), refusal(400, 'invalid'));
});

test('google-contracts 4: completed and hidden: done in Google’s own apps needs showHidden as well', async () => {
  await using google = await stage();
  const byApp = await insert(google, { title: 'by the API' });
  const byHand = await insert(google, { title: 'by hand' });
  await insert(google, { title: 'open' });
  const done = await patch(google, byApp, { status: 'completed' });
  assert.equal(done.completed, new Date(START).toISOString());
  phoneOf(google).complete(byHand.id as string);
  assert.deepEqual(await titles(google), ['by the API', 'open']);
  assert.deepEqual(await titles(google, { showCompleted: false }), ['open']);
  const all = ['by the API', 'by hand', 'open'];
  assert.deepEqual(await titles(google, { showHidden: true }), all);
  await google.tasks(ANNA).tasks.clear({ tasklist });
  assert.deepEqual(await titles(google), ['open']);
  const reopened = await patch(google, byHand, { status: 'needsAction' });
  assert.deepEqual([reopened.completed, reopened.hidden], [undefined, undefined]);
});

test('google-contracts 4: deleted tasks come only with showDeleted, and get still answers', async () => {
  await using google = await stage();
  const { id } = await insert(google, { title: 'A' });
  const target = { tasklist, task: id as string };
  const { tasks } = google.tasks(ANNA);
  assert.equal((await tasks.delete(target)).status, 204);
  assert.deepEqual(await titles(google), []);
  assert.deepEqual(await titles(google, { showDeleted: true }), ['A']);
  assert.equal((await tasks.get(target)).data.deleted, true);
  await assert.rejects(tasks.get({ tasklist, task: 'none' }), refusal(404, 'notFound'));
});

test('google-contracts 4: updatedMin: changes since an instant by Google’s clock, deletions among them', async () => {
  await using google = await stage();
  google.workspace.tasks.skewMs = -30_000;
  const a = await insert(google, { title: 'A' });
  await insert(google, { title: 'B' });
  google.advance(60_000);
  const updatedMin = new Date(START).toISOString();
  assert.deepEqual(await titles(google, { updatedMin }), []);
  phoneOf(google).remove(a.id as string);
  assert.deepEqual(await titles(google, { updatedMin, showDeleted: true }), ['A']);
  const inclusive = new Date(START + 30_000).toISOString();
  assert.deepEqual(await titles(google, { updatedMin: inclusive, showDeleted: true }), ['A']);
});

test('google-contracts 4: a listing that lags knows nothing of what is younger', async () => {
  await using google = await stage();
  await insert(google, { title: 'A' });
  google.advance(60_000);
  google.workspace.faults.add({ service: 'tasks', kind: 'lag', ms: 120_000, count: 2 });
  const updatedMin = new Date(START).toISOString();
  assert.deepEqual(await titles(google, { updatedMin }), []);
  assert.deepEqual(await titles(google), ['A'], 'what is no change is listed whole');
  assert.deepEqual(await titles(google, { updatedMin }), ['A']);
});

test('google-contracts 4: maxResults is 20 by default and at most 100; pages hold each task once', async () => {
  await using google = await stage();
  const { tasks } = google.tasks(ANNA);
  for (let i = 0; i < 120; i += 1) phoneOf(google).add('My Tasks', { title: `T${i}` });
  assert.equal((await titles(google)).length, 20);
  const first = await tasks.list({ tasklist, maxResults: 1000 });
  assert.equal(first.data.items?.length, 100);
  phoneOf(google).add('My Tasks', { title: 'while paging' });
  const pageToken = first.data.nextPageToken as string;
  const second = await tasks.list({ tasklist, maxResults: 1000, pageToken });
  const seen = [...(first.data.items ?? []), ...(second.data.items ?? [])].map(({ id }) => id);
  assert.equal(new Set(seen).size, 121);
  assert.equal(second.data.nextPageToken, undefined);
});

test('google-contracts 4: insert takes no id: repeated, it makes a second task', async () => {
  await using google = await stage();
  const first = await insert(google, { id: 'mine', title: 'A' });
  const second = await insert(google, { id: 'mine', title: 'A' });
  assert.ok(first.id !== 'mine' && first.id !== second.id);
});

test('google-contracts 4: links, position, parent, hidden and assignmentInfo are read-only; patch keeps the rest', async () => {
  await using google = await stage();
  const task = await insert(google, {
    title: 'A',
    notes: 'n',
    links: [{ link: 'https://crm.example' }],
    hidden: true,
    position: '5',
    parent: 'x',
    assignmentInfo: { surfaceType: 'SPACE' },
  });
  assert.deepEqual(
    [task.links, task.hidden, task.parent, task.assignmentInfo],
    [[], undefined, undefined, undefined],
  );
  assert.equal(task.position, '0'.repeat(20));
  const patched = await patch(google, task, { title: 'B' });
  assert.deepEqual([patched.title, patched.notes], ['B', 'n']);
  const { data } = await google.tasks(ANNA).tasks.update({
    tasklist,
    task: task.id as string,
    requestBody: { id: task.id as string, title: 'C' },
  });
  assert.deepEqual(
    [data.title, data.notes],
    ['C', undefined],
    'an update clears what it leaves out',
  );
});

test('google-contracts 4: parent and position: a new task is on top, move puts it elsewhere', async () => {
  await using google = await stage();
  const { tasks } = google.tasks(ANNA);
  const a = await insert(google, { title: 'A' });
  const b = await insert(google, { title: 'B' });
  assert.deepEqual([b.position?.at(-1)], ['0']);
  const moved = await tasks.move({ tasklist, task: b.id as string, previous: a.id as string });
  assert.equal(moved.data.position?.at(-1), '1');
  const child = await tasks.move({ tasklist, task: b.id as string, parent: a.id as string });
  assert.deepEqual([child.data.parent, child.data.position?.at(-1)], [a.id, '0']);
});

test('google-contracts 4: assigned tasks come only with showAssigned; a repeating one shows as separate tasks', async () => {
  await using google = await stage();
  const phone = phoneOf(google);
  phone.addAssigned('My Tasks', { title: 'assigned' });
  const weekly = phone.addRepeating('My Tasks', { title: 'weekly', due: '2026-11-24' }, 7);
  assert.deepEqual(await titles(google), ['weekly']);
  assert.deepEqual(await titles(google, { showAssigned: true }), ['assigned', 'weekly']);
  await patch(google, weekly, { status: 'completed' });
  const { data } = await google.tasks(ANNA).tasks.list({ tasklist });
  assert.deepEqual(
    data.items?.map(({ title, status, due }) => [title, status, due?.slice(0, 10)]),
    [
      ['weekly', 'completed', '2026-11-24'],
      ['weekly', 'needsAction', '2026-12-01'],
    ],
  );
  const next = data.items?.[1]?.id as string;
  const other = (await google.tasks(ANNA).tasklists.insert({ requestBody: { title: 'L' } })).data;
  const move = { tasklist, task: next, destinationTasklist: other.id as string };
  await assert.rejects(google.tasks(ANNA).tasks.move(move), refusal(400, 'invalid'));
});

test('google-contracts 4: If-Match: 412 for a stale etag where it is honoured, nothing where it is not', async () => {
  await using google = await stage();
  const { tasks } = google.tasks(ANNA);
  const task = await insert(google, { title: 'A' });
  phoneOf(google).edit(task.id as string, { title: 'B' });
  const target = { tasklist, task: task.id as string };
  const stale = { headers: { 'If-Match': task.etag as string } };
  const write = () => tasks.patch({ ...target, requestBody: { notes: 'n' } }, stale);
  await assert.rejects(write(), refusal(412, 'conditionNotMet'));
  await assert.rejects(tasks.delete(target, stale), refusal(412, 'conditionNotMet'));
  google.workspace.tasks.ifMatch = false;
  assert.deepEqual([(await write()).data.title, (await write()).data.notes], ['B', 'n']);
});

test('google-contracts 4: task lists: renamed and deleted ones, and the standard one that stays', async () => {
  await using google = await stage();
  const { tasklists, tasks } = google.tasks(ANNA);
  const { data: made } = await tasklists.insert({ requestBody: { title: 'CRM' } });
  const id = made.id as string;
  await tasks.insert({ tasklist: id, requestBody: { title: 'A' } });
  phoneOf(google).renameList('CRM', 'Kunden');
  assert.equal((await tasklists.get({ tasklist: id })).data.title, 'Kunden');
  assert.deepEqual(
    (await tasklists.list()).data.items?.map(({ title }) => title),
    ['My Tasks', 'Kunden'],
  );
  await tasklists.delete({ tasklist: id });
  await assert.rejects(tasklists.get({ tasklist: id }), refusal(404, 'notFound'));
  await assert.rejects(tasks.list({ tasklist: id }), refusal(404, 'notFound'));
  await assert.rejects(tasklists.delete({ tasklist }), refusal(400, 'invalid'));
});

test('google-contracts 4: 50,000 queries a day and project', async () => {
  await using google = await stage();
  google.workspace.quota.limits.tasks = { perProjectPerDay: 2 };
  await titles(google);
  await titles(google);
  await assert.rejects(titles(google), refusal(403, 'dailyLimitExceeded'));
  google.advance(86_400_000);
  assert.deepEqual(await titles(google), []);
});

test('google-contracts 4: scopes: tasks reads and writes, tasks.readonly reads, others are refused', async () => {
  await using google = await stage();
  const denied = refusal(403, 'insufficientPermissions');
  const reader = google.tasks(ANNA, 'tasks.readonly').tasks;
  assert.equal((await reader.list({ tasklist })).status, 200);
  await assert.rejects(reader.insert({ tasklist, requestBody: { title: 'A' } }), denied);
  await assert.rejects(google.tasks(ANNA, 'contacts').tasks.list({ tasklist }), denied);
});
