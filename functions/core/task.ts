/**
 * Tasks: the CRM's and those of Google Tasks.
 * Resource: https://developers.google.com/workspace/tasks/reference/rest/v1/tasks
 */
import type { tasks_v1 } from '@googleapis/tasks';
import type { Codec, CodecContext, FieldSpec, Observed, Patch } from './codec.ts';
import { cut } from './cut.ts';
import type { Fields, Json } from './fields.ts';
import { type Block, composeNotes, readNotes } from './notes.ts';
import { isoInZone, wallToInstant } from './time.ts';

type Task = tasks_v1.Schema$Task;

const MOST_TITLE = 1024;
/** No text is ever cut to less than this: the block takes less than the rest of the notes. */
const CUT_FROM = 1000;

const fields = {
  title: { flow: 'both', cutFrom: CUT_FROM },
  notes: { flow: 'both', cutFrom: CUT_FROM },
  due: { flow: 'both' },
  status: { flow: 'both', group: 'done', initial: 'open' },
  completed: { flow: 'both', group: 'done', assigned: true },
  url: { flow: 'crm' },
} as const satisfies { [name: string]: FieldSpec };

/** Tasks of the CRM as Google Tasks, both ways. */
export const taskCodec: Codec<Task> = {
  record: 'task',
  fields,
  canonical,
  absent: () => false,
  keepsForeign: true,
  missing: (data) => (typeof data.title === 'string' ? [] : ['title']),
  // A task lies outside of time: it stays on the list until somebody takes it off.
  period: () => undefined,
  emailsOf: () => [],
  decode,
  idOf: (task) => task.id ?? '',
  // Google takes no id from us: what is ours carries a mark in its notes (google-contracts 4).
  googleId: () => undefined,
  insert: (crmId, generation, data, context) => ({
    ...encode(Object.keys(data), data, context),
    notes: notesOf(data, { crmId, generation }),
  }),
  copy: (raw, crmId, generation) => {
    const { text, url } = readNotes(raw.notes);
    return {
      title: raw.title ?? '',
      notes: composeNotes(text, { marker: { crmId, generation }, url }),
      ...(raw.due && { due: raw.due }),
      ...(raw.status && { status: raw.status }),
      ...(raw.completed && { completed: raw.completed }),
    };
  },
  // Whether Google honours If-Match is not documented: the version is compared before each write.
  needsCurrent: () => true,
  patch,
};

function canonical(data: Fields): Fields {
  const result: Fields = { ...data };
  if (typeof data.title === 'string') result.title = textOrNull(data.title.replace(/\s+/g, ' '));
  // What looks like our block in the CRM's own text would be read as one at Google.
  if (typeof data.notes === 'string') result.notes = textOrNull(readNotes(data.notes).text);
  if (data.status === null) result.status = fields.status.initial;
  // Who names the day on which it was done says that it was.
  if (typeof data.completed === 'string' && data.status === undefined) result.status = 'done';
  // An open task has no day of completion, whatever a full state still says of it.
  if (result.status === 'open') result.completed = null;
  return result;
}

function decode(task: Task, context: CodecContext): Observed {
  const googleId = task.id ?? '';
  if (task.deleted) return { googleId, state: 'gone', fields: {} };
  const { text, marker } = readNotes(task.notes);
  const done = task.status === 'completed';
  return {
    googleId,
    state: 'live',
    ...(task.etag && { etag: task.etag }),
    fields: {
      title: textOrNull((task.title ?? '').replace(/\s+/g, ' ')),
      notes: textOrNull(text),
      // Midnight UTC stands for a day: no zone has a say in it.
      due: task.due?.slice(0, 10) ?? null,
      status: done ? 'done' : 'open',
      completed: done && task.completed ? dayIn(task.completed, context.timeZone) : null,
    },
    ...(marker && { marker }),
    // Assigned in a document or a chat: it belongs there.
    ...(task.assignmentInfo && { foreign: true }),
  };
}

function patch(patch: Patch, context: CodecContext, current: Task | undefined): Task | undefined {
  const { changed, target, adopted } = patch;
  const body = encode(changed, target, context);
  if (changed.includes('notes') || (changed.includes('url') && !adopted)) {
    const { marker, text } = readNotes(current?.notes);
    // The text as it stands, where only the link changes.
    const data = changed.includes('notes') ? target : { ...target, notes: text };
    const notes = adopted ? composeNotes(String(data.notes ?? ''), {}) : notesOf(data, marker);
    if (notes !== (current?.notes ?? '')) body.notes = notes;
  }
  return Object.keys(body).length === 0 ? undefined : body;
}

/** The plain fields, one to one. The notes depend on the link as well. */
function encode(names: string[], data: Fields, context: CodecContext): Task {
  const body: Task = {};
  if (names.includes('title')) body.title = cut(String(data.title ?? ''), MOST_TITLE);
  if (names.includes('due')) body.due = data.due ? `${data.due}T00:00:00.000Z` : null;
  if (names.includes('status') || names.includes('completed')) {
    const done = data.status === 'done';
    const day = done && typeof data.completed === 'string' ? data.completed : undefined;
    body.status = done ? 'completed' : 'needsAction';
    // Left out, Google takes the present moment.
    if (day) body.completed = middayOf(day, context.timeZone);
    else if (!done) body.completed = null;
  }
  return body;
}

function notesOf(data: Fields, marker: Block['marker']): string {
  const url = typeof data.url === 'string' ? data.url : undefined;
  return composeNotes(String(data.notes ?? ''), { marker, url });
}

/** The user's day of an instant. */
const dayIn = (completed: string, timeZone: string): Json =>
  isoInZone(timeZone, Date.parse(completed)).slice(0, 10);

/** The instant that is farthest from either neighbour of the day. */
const middayOf = (day: string, timeZone: string): string =>
  new Date(wallToInstant(timeZone, Date.parse(`${day}T12:00:00Z`))).toISOString();

const textOrNull = (text: string): string | null =>
  text.trim() === '' ? null : text.replaceAll('\r\n', '\n').trim();
