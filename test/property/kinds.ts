/** Contacts and tasks, for the smallest world: what Google makes of what is written into them. */
import assert from 'node:assert/strict';
import type { people_v1 } from '@googleapis/people';
import type { tasks_v1 } from '@googleapis/tasks';
import { contactCodec } from '../../functions/core/contact.ts';
import { taskCodec } from '../../functions/core/task.ts';
import { normalizePerson } from '../sandbox/google/people/normalize.ts';
import type { Kind } from './mini.ts';

export type Person = people_v1.Schema$Person;
export type Task = tasks_v1.Schema$Task;

export const GROUP = 'contactGroups/1';

/** Lists are replaced whole; ids are Google's, and a new one each time. */
export const contacts: Kind<Person> = {
  codec: contactCodec(GROUP),
  stored: (before, body, etag) => ({
    resourceName: before?.resourceName ?? `people/c${etag}`,
    ...before,
    ...body,
    ...(normalizePerson({ ...body }) as Person),
    metadata: { sources: [{ type: 'CONTACT', etag: `e${etag}` }] },
  }),
  gone: ({ resourceName }) => ({ resourceName: resourceName ?? '', metadata: { deleted: true } }),
};

export const tasks: Kind<Task> = {
  codec: taskCodec,
  stored: (before, body, etag) => storedTask(before ?? { id: `t${etag}` }, body, etag),
  gone: ({ id }) => ({ id: id ?? '', deleted: true }),
};

/** What Google makes of a body: null and empty go, texts lose their ends, a due loses its time. */
export function storedTask(before: Task, body: Task, etag: number): Task {
  assert.ok((body.title ?? '').length <= 1024, 'the title fits');
  assert.ok((body.notes ?? '').length <= 8192, 'the notes fit');
  const next = { id: 'g1', ...before, ...body, etag: `"${etag}"` };
  next.title = next.title?.trim() ?? '';
  if (!next.notes) delete next.notes;
  if (next.due) next.due = `${next.due.slice(0, 10)}T00:00:00.000Z`;
  else delete next.due;
  if (next.status === 'completed') next.completed ??= '2026-11-23T08:00:00.000Z';
  else delete next.completed;
  return next;
}
