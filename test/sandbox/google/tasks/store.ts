/** Task lists and tasks of every account. */
import { type AuthorizedCall, notFound } from '../protocol.ts';
import { opaque } from '../random.ts';
import type { Workspace } from '../workspace.ts';
import type { Task, TaskList } from './model.ts';

export class TaskStore {
  readonly workspace: Workspace;
  /** [R] 9: whether the batch endpoint answers is not known; false: 404. */
  batchAnswers = true;
  /** [S] 4: If-Match is said to work and is not documented; false: it is ignored. */
  ifMatch = true;
  /** How much Google's clock is ahead of the workspace's, ms. */
  skewMs = 0;
  readonly #lists = new Map<string, TaskList>();
  #changes = 0;

  constructor(workspace: Workspace) {
    this.workspace = workspace;
  }

  /** Google's clock. */
  now(): number {
    return this.workspace.now() + this.skewMs;
  }

  /** Lists of an account that are not deleted, the standard one first. */
  lists(email: string): TaskList[] {
    const { email: owner } = this.workspace.oauth.accountFor(email);
    const owned = [...this.#lists.values()].filter((list) => list.owner === owner);
    if (owned.length === 0) owned.push(this.createList(owner, 'My Tasks', true));
    return owned.filter(({ deleted }) => !deleted);
  }

  createList(email: string, title: string, standard = false): TaskList {
    const { email: owner } = this.workspace.oauth.accountFor(email);
    // The standard list is there before any other.
    if (!standard) this.lists(email);
    const list: TaskList = {
      id: opaque(this.workspace.random, 22),
      owner,
      title,
      standard,
      deleted: false,
      changed: 0,
      updated: 0,
      tasks: new Map(),
    };
    this.#lists.set(list.id, list);
    this.touch(list);
    return list;
  }

  /** The list that a call names; `@default` is the standard one. */
  list(call: AuthorizedCall): TaskList {
    const id = call.params.tasklist as string;
    const lists = this.lists(call.identity.email);
    const found = id === '@default' ? lists[0] : lists.find((list) => list.id === id);
    if (!found) throw notFound();
    return found;
  }

  /** The task that a call names; deleted ones are found too. */
  task(call: AuthorizedCall, list: TaskList): Task {
    const found = list.tasks.get(call.params.task as string);
    if (!found) throw notFound();
    return found;
  }

  /** Adds a task at the top of its siblings. */
  add(list: TaskList, fields: Partial<Task>): Task {
    const task: Task = {
      id: opaque(this.workspace.random, 22),
      title: '',
      notes: undefined,
      due: undefined,
      status: 'needsAction',
      completed: undefined,
      deleted: false,
      hidden: false,
      parent: undefined,
      links: [],
      assignmentInfo: undefined,
      repeatDays: undefined,
      updated: 0,
      ...fields,
      changed: 0,
      order: this.#changes + 1,
      rank: fields.rank ?? -(this.#changes + 1),
    };
    list.tasks.set(task.id, task);
    this.touch(task);
    this.touch(list);
    return task;
  }

  /** Applies fields to a task. A repeating one that is completed is followed by its next occurrence. */
  change(list: TaskList, task: Task, fields: Partial<Task>): void {
    const done = task.status !== 'completed' && fields.status === 'completed';
    Object.assign(task, fields);
    this.touch(task);
    this.touch(list);
    if (!done || task.repeatDays === undefined) return;
    const due = task.due ?? new Date(this.now()).toISOString().slice(0, 10);
    const next = new Date(Date.parse(due) + task.repeatDays * 86_400_000);
    const { title, notes, repeatDays } = task;
    this.add(list, { title, notes, due: next.toISOString().slice(0, 10), repeatDays });
    task.repeatDays = undefined;
  }

  /** Deletes a task with its subtasks: they stay as tombstones. */
  remove(list: TaskList, task: Task): void {
    for (const child of list.tasks.values()) {
      if (child.parent === task.id && !child.deleted) this.remove(list, child);
    }
    this.change(list, task, { deleted: true });
  }

  /** Hides what is completed. */
  clear(list: TaskList): void {
    for (const task of list.tasks.values()) {
      if (task.status === 'completed' && !task.hidden) this.change(list, task, { hidden: true });
    }
  }

  removeList(list: TaskList): void {
    list.deleted = true;
    list.tasks.clear();
  }

  /** Gives every task of an account a new etag, without a change of content. */
  touchAll(email: string): void {
    for (const list of this.lists(email)) {
      for (const task of list.tasks.values()) this.touch(task);
    }
  }

  touch(changed: Task | TaskList): void {
    this.#changes += 1;
    changed.changed = this.#changes;
    changed.updated = this.now();
  }
}
