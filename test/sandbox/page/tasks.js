/** Tasks: how each side shows one, and how a form writes one. */
import { taskLists } from './api.js';
import { dayAndMonth, weekday } from './time.js';

const common = [
  { name: 'title', label: 'Title' },
  { name: 'due', label: 'Due', type: 'date' },
  { name: 'notes', label: 'Notes', type: 'textarea' },
];

const firstLine = (notes) => notes.split('\n').find((line) => line && !line.startsWith('— CRM'));

const lines = ({ due, notes }) => [
  due && `Due ${weekday(due)} ${dayAndMonth(due)}`,
  firstLine(notes ?? ''),
];

export const tasks = {
  record: 'task',
  icon: 'task',
  one: 'task',
  crm: {
    fields: [...common, { name: 'done', label: 'Done', type: 'checkbox' }],
    values: ({ data }) => ({
      title: data.title ?? '',
      due: data.due ?? '',
      notes: data.notes ?? '',
      done: data.status === 'done',
    }),
    row: (values) => ({
      title: values.title || 'Without a title',
      lines: lines(values),
      done: values.done,
    }),
    toData: ({ title, due, notes, done }, old = {}, today) => ({
      title: title || null,
      due: due || null,
      notes: notes || null,
      status: done ? 'done' : 'open',
      completed: done ? (old.completed ?? today) : null,
    }),
    formOf: { status: 'done', completed: 'done' },
  },
  phone: {
    fields: (item, lists) => [
      ...common,
      item
        ? { name: 'done', label: 'Done', type: 'checkbox' }
        : { name: 'list', label: 'List', type: 'select', options: lists },
    ],
    async list(email) {
      const lists = await taskLists(email).lists();
      const found = await Promise.all(
        lists.map(async (list) => ({ list, items: await taskLists(email).tasks(list.id) })),
      );
      this.lists = lists.map(({ id, title }) => [id, title]);
      return found.flatMap(({ list, items }) =>
        items.map((task) => ({
          id: task.id,
          mark: task.etag,
          raw: task,
          list: list.id,
          group: list.title,
          ours: /^— CRM .+ —$/m.test(task.notes ?? ''),
          crmId: /^— CRM (\S+?)(?: · \d+)? —$/m.exec(task.notes ?? '')?.[1],
          values: {
            title: task.title ?? '',
            due: task.due?.slice(0, 10) ?? '',
            notes: task.notes ?? '',
            done: task.status === 'completed',
          },
        })),
      );
    },
    row: ({ values, group }) => ({
      title: values.title || 'Without a title',
      lines: lines(values),
      done: values.done,
      tags: [[group, group === 'CRM' ? 'google' : '']],
    }),
    empty: () => ({ list: (tasks.phone.lists?.find(([, title]) => title === 'CRM') ?? [''])[0] }),
    save(email, item, values, changed) {
      const api = taskLists(email);
      const full = {
        title: { title: values.title },
        due: { due: values.due ? `${values.due}T00:00:00.000Z` : null },
        notes: { notes: values.notes },
        done: { status: values.done ? 'completed' : 'needsAction' },
      };
      const wanted = Object.entries(full).filter(([name]) =>
        item ? changed.has(name) : name !== 'done',
      );
      const body = Object.assign({}, ...wanted.map(([, part]) => part));
      if (!item) return api.create(values.list || '@default', body);
      return wanted.length === 0 ? undefined : api.patch(item.list, item.id, body);
    },
    remove: (email, item) => taskLists(email).remove(item.list, item.id),
  },
};
