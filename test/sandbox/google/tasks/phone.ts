/** The Tasks app: what a person does by hand, without the API. For tests and the sandbox page. */
import type { Task, TaskList } from './model.ts';
import { presentTask } from './present.ts';
import type { TaskStore } from './store.ts';

/** A task as it goes over the wire; the fields that tests look at. */
export interface SeenTask {
  id: string;
  etag: string;
  title: string;
  notes?: string;
  due?: string;
  status: 'needsAction' | 'completed';
  completed?: string;
  hidden?: boolean;
  parent?: string;
}

/** What a person types in; `due` is a day (YYYY-MM-DD), null clears. */
export interface Typed {
  title?: string;
  notes?: string | null;
  due?: string | null;
}

export interface TasksPhone {
  /** Titles of the lists, the standard one first. */
  lists(): string[];
  /** Living tasks of a list, completed and hidden ones too, the oldest first. */
  tasks(list: string): SeenTask[];
  add(list: string, typed: Typed): SeenTask;
  /** A task that comes again every so many days. */
  addRepeating(list: string, typed: Typed, days: number): SeenTask;
  /** A task that somebody has assigned in a document; the API shows it only when asked. */
  addAssigned(list: string, typed: Typed): SeenTask;
  edit(id: string, typed: Typed): void;
  /** Ticked off in an app of Google's own: hidden at once ([V] 4). */
  complete(id: string): void;
  reopen(id: string): void;
  remove(id: string): void;
  /** "Undo" of a deletion. */
  restore(id: string): void;
  move(id: string, list: string): void;
  clearCompleted(list: string): void;
  addList(title: string): void;
  renameList(from: string, to: string): void;
  deleteList(title: string): void;
}

/** The phone of an account. */
export function tasksPhone(store: TaskStore, email: string): TasksPhone {
  const listOf = (title: string): TaskList => {
    const found = store.lists(email).find((list) => list.title === title);
    if (!found) throw new Error(`no list ${title}`);
    return found;
  };
  /** A task that was moved has left a tombstone of the same id behind. */
  const taskOf = (id: string): [TaskList, Task] => {
    const found = store.lists(email).flatMap((list): [TaskList, Task][] => {
      const task = list.tasks.get(id);
      return task ? [[list, task]] : [];
    });
    const best = found.find(([, task]) => !task.deleted) ?? found[0];
    if (!best) throw new Error(`no task ${id}`);
    return best;
  };
  const fieldsOf = ({ title, notes, due }: Typed): Partial<Task> => ({
    ...(title !== undefined && { title: title.trim() }),
    ...(notes !== undefined && { notes: notes || undefined }),
    ...(due !== undefined && { due: due || undefined }),
  });
  const show = (list: TaskList, task: Task) => presentTask(list, task) as SeenTask;
  const add = (title: string, fields: Partial<Task>) => {
    const list = listOf(title);
    return show(list, store.add(list, fields));
  };
  const change = (id: string, fields: Partial<Task>) => {
    const [list, task] = taskOf(id);
    store.change(list, task, fields);
  };
  return {
    lists: () => store.lists(email).map(({ title }) => title),
    tasks: (title) => {
      const list = listOf(title);
      const living = [...list.tasks.values()].filter(({ deleted }) => !deleted);
      return living.map((task) => show(list, task));
    },
    add: (list, typed) => add(list, fieldsOf(typed)),
    addRepeating: (list, typed, repeatDays) => add(list, { ...fieldsOf(typed), repeatDays }),
    addAssigned: (list, typed) =>
      add(list, { ...fieldsOf(typed), assignmentInfo: { surfaceType: 'DOCUMENT' } }),
    edit: (id, typed) => change(id, fieldsOf(typed)),
    complete: (id) =>
      change(id, {
        status: 'completed',
        completed: new Date(store.now()).toISOString(),
        hidden: true,
      }),
    reopen: (id) => change(id, { status: 'needsAction', completed: undefined, hidden: false }),
    remove: (id) => store.remove(...taskOf(id)),
    restore: (id) => change(id, { deleted: false }),
    move(id, title) {
      const [list, task] = taskOf(id);
      const { changed: _, order: __, ...fields } = task;
      store.add(listOf(title), { ...fields, parent: undefined });
      store.remove(list, task);
    },
    clearCompleted: (title) => store.clear(listOf(title)),
    addList: (title) => void store.createList(email, title),
    renameList(from, to) {
      const list = listOf(from);
      list.title = to;
      store.touch(list);
    },
    deleteList: (title) => store.removeList(listOf(title)),
  };
}
