/** Task lists and tasks as they go over the wire. */
import type { Task, TaskList } from './model.ts';

const ROOT = 'https://www.googleapis.com/tasks/v1';

export function etagOf(changed: number): string {
  return `"${Buffer.from(`task ${changed}`).toString('base64url')}"`;
}

const stamp = (at: number) => new Date(at).toISOString();

export function presentList(list: TaskList): object {
  return {
    kind: 'tasks#taskList',
    id: list.id,
    etag: etagOf(list.changed),
    title: list.title,
    updated: stamp(list.updated),
    selfLink: `${ROOT}/users/@me/lists/${list.id}`,
  };
}

export function presentTask(list: TaskList, task: Task): object {
  const { id, title, notes, due, status, completed, deleted, hidden, parent } = task;
  return {
    kind: 'tasks#task',
    id,
    etag: etagOf(task.changed),
    title,
    updated: stamp(task.updated),
    selfLink: `${ROOT}/lists/${list.id}/tasks/${id}`,
    ...(parent && { parent }),
    position: positionOf(list, task),
    ...(notes && { notes }),
    status,
    // [S] 4: a day comes back as midnight UTC.
    ...(due && { due: `${due}T00:00:00.000Z` }),
    ...(completed && { completed }),
    ...(deleted && { deleted }),
    ...(hidden && { hidden }),
    links: task.links,
    ...(task.assignmentInfo && { assignmentInfo: task.assignmentInfo }),
    webViewLink: `https://tasks.google.com/task/${id}`,
  };
}

/** Twenty digits that sort like the task among its siblings. */
function positionOf(list: TaskList, task: Task): string {
  let before = 0;
  for (const other of list.tasks.values()) {
    if (!other.deleted && other.parent === task.parent && other.rank < task.rank) before += 1;
  }
  return String(before).padStart(20, '0');
}
