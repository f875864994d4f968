/** tasks: list, get, insert, patch, update, delete, move, clear (google-contracts 4). */
import { count, flag, instant, readJson } from '../calendar/request.ts';
import { type Answer, ApiError, type AuthorizedCall, invalid } from '../protocol.ts';
import { taskFields } from './fields.ts';
import type { Task, TaskList } from './model.ts';
import { etagOf, presentTask } from './present.ts';

/** GET /tasks/v1/lists/{tasklist}/tasks. */
export function listTasks(call: AuthorizedCall): Answer {
  const { query, workspace } = call;
  const list = workspace.tasks.list(call);
  // [V] 20 by default, at most 100.
  const size = Math.min(count(query, 'maxResults', 20, 100), workspace.mostOnPage);
  const after = Number(query.get('pageToken') ?? 0);
  if (!Number.isInteger(after)) throw invalid('Invalid Value', 'pageToken');
  const wanted = filterOf(query);
  // Without a token it is the bound that makes a listing incremental.
  const lags = query.has('updatedMin') && call.lagMs !== undefined;
  const until = lags ? workspace.tasks.now() - (call.lagMs ?? 0) : Number.POSITIVE_INFINITY;
  const items = [...list.tasks.values()]
    .filter((task) => task.order > after && task.updated <= until && wanted(task))
    .sort((a, b) => a.order - b.order);
  const shown = items.slice(0, size);
  return {
    status: 200,
    json: {
      kind: 'tasks#tasks',
      etag: etagOf(list.changed),
      ...(items.length > size && { nextPageToken: String(shown.at(-1)?.order) }),
      ...(shown.length > 0 && { items: shown.map((task) => presentTask(list, task)) }),
    },
  };
}

function filterOf(query: URLSearchParams): (task: Task) => boolean {
  // [V] Completed ones are shown by default; hidden, deleted and assigned ones are not.
  const completed = !query.has('showCompleted') || flag(query, 'showCompleted');
  const [hidden, deleted, assigned] = ['showHidden', 'showDeleted', 'showAssigned'].map((name) =>
    flag(query, name),
  );
  const bound = (name: string) => (query.get(name) ? precise(query, name) : null);
  const updatedMin = bound('updatedMin');
  const [dueMin, dueMax] = [bound('dueMin'), bound('dueMax')];
  const [doneMin, doneMax] = [bound('completedMin'), bound('completedMax')];
  const within = (at: string | undefined, min: number | null, max: number | null) => {
    if (min === null && max === null) return true;
    const value = at === undefined ? Number.NaN : Date.parse(at);
    return (min === null || value >= min) && (max === null || value < max);
  };
  return (task) =>
    (completed || task.status !== 'completed') &&
    (hidden || !task.hidden) &&
    (deleted || !task.deleted) &&
    (assigned || !task.assignmentInfo) &&
    (updatedMin === null || task.updated >= updatedMin) &&
    within(task.due, dueMin, dueMax) &&
    within(task.completed, doneMin, doneMax);
}

/** An instant with its fraction of a second. */
function precise(query: URLSearchParams, name: string): number {
  instant(query, name);
  return Date.parse(query.get(name) as string);
}

export function getTask(call: AuthorizedCall): Answer {
  const { tasks } = call.workspace;
  const list = tasks.list(call);
  return answer(list, tasks.task(call, list));
}

/** POST: no id is taken from the client, so a repeated call makes a second task. */
export function insertTask(call: AuthorizedCall): Answer {
  const { tasks } = call.workspace;
  const list = tasks.list(call);
  const fields = taskFields(readJson(call), undefined, tasks.now(), false);
  const parent = siblingOf(call, list, 'parent');
  const previous = siblingOf(call, list, 'previous');
  return answer(
    list,
    tasks.add(list, {
      ...fields,
      ...(parent && { parent: parent.id }),
      ...(previous && { rank: previous.rank + 0.5 }),
    }),
  );
}

/** PATCH: what is left out stays. */
export function patchTask(call: AuthorizedCall): Answer {
  return change(call, false);
}

/** PUT: what is left out is cleared. */
export function updateTask(call: AuthorizedCall): Answer {
  if (!readJson(call).id) throw invalid('Missing task ID');
  return change(call, true);
}

function change(call: AuthorizedCall, whole: boolean): Answer {
  const { tasks } = call.workspace;
  const list = tasks.list(call);
  const task = tasks.task(call, list);
  checkIfMatch(call, task);
  tasks.change(list, task, taskFields(readJson(call), task, tasks.now(), whole));
  return answer(list, task);
}

export function deleteTask(call: AuthorizedCall): Answer {
  const { tasks } = call.workspace;
  const list = tasks.list(call);
  const task = tasks.task(call, list);
  checkIfMatch(call, task);
  if (!task.deleted) tasks.remove(list, task);
  return { status: 204 };
}

/** POST .../move: another place, parent or list. */
export function moveTask(call: AuthorizedCall): Answer {
  const { tasks } = call.workspace;
  const { query } = call;
  const list = tasks.list(call);
  const task = tasks.task(call, list);
  const destination = query.get('destinationTasklist');
  if (destination && destination !== list.id) {
    // [V] Repeating tasks cannot be moved between lists.
    if (task.repeatDays !== undefined) throw invalid('Invalid Value', 'destinationTasklist');
    const target = tasks.list({ ...call, params: { tasklist: destination } });
    tasks.remove(list, task);
    const { changed: _, order: __, ...fields } = task;
    return answer(target, tasks.add(target, { ...fields, deleted: false, parent: undefined }));
  }
  const parent = siblingOf(call, list, 'parent');
  // [V] Assigned and repeating tasks neither have nor are subtasks.
  const bound = [task, ...(parent ? [parent] : [])].some(
    ({ assignmentInfo, repeatDays }) => assignmentInfo || repeatDays !== undefined,
  );
  if (parent && bound) throw invalid('Invalid Value', 'parent');
  const previous = siblingOf(call, list, 'previous');
  const ranks = [...list.tasks.values()].map(({ rank }) => rank);
  const rank = previous ? previous.rank + 0.5 : Math.min(...ranks) - 1;
  tasks.change(list, task, { parent: parent?.id, rank });
  return answer(list, task);
}

export function clearTasks(call: AuthorizedCall): Answer {
  const { tasks } = call.workspace;
  tasks.clear(tasks.list(call));
  return { status: 204 };
}

function siblingOf(call: AuthorizedCall, list: TaskList, name: string): Task | undefined {
  const id = call.query.get(name);
  if (!id) return undefined;
  const found = list.tasks.get(id);
  if (!found || found.deleted) throw invalid('Invalid Value', name);
  return found;
}

/** [S] 4: said to work; can be switched off, since nothing documents it. */
function checkIfMatch({ headers, workspace }: AuthorizedCall, task: Task): void {
  const wanted = headers['if-match'];
  if (!workspace.tasks.ifMatch || !wanted || wanted === '*' || wanted === etagOf(task.changed)) {
    return;
  }
  throw new ApiError(412, 'conditionNotMet', 'Precondition Failed', {
    location: 'If-Match',
    locationType: 'header',
  });
}

function answer(list: TaskList, task: Task): Answer {
  return {
    status: 200,
    headers: { etag: etagOf(task.changed) },
    json: presentTask(list, task),
  };
}
