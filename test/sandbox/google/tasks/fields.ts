/** Reads what a request says about a task (google-contracts 4). */
import { invalid } from '../protocol.ts';
import type { Task } from './model.ts';

/** [V] 4: characters. How Google counts them is not documented; here UTF-16 units, the stricter way. */
const MOST_TITLE = 1024;
const MOST_NOTES = 8192;

/**
 * The fields of a body that can be written; the rest is output only and ignored. `whole`: what is left
 * out is cleared, as an update does.
 */
export function taskFields(
  body: Record<string, unknown>,
  old: Task | undefined,
  now: number,
  whole: boolean,
): Partial<Task> {
  const fields: Partial<Task> = {};
  const given = (name: string) => name in body || whole;
  if (given('title')) fields.title = text(body.title, 'title', MOST_TITLE).trim();
  if (given('notes')) fields.notes = text(body.notes, 'notes', MOST_NOTES) || undefined;
  if (given('due')) fields.due = dayOf(body.due);
  if (given('status') || body.completed) Object.assign(fields, statusOf(body, old, now));
  // [V] 4: read-only for assigned tasks.
  if ('deleted' in body && !old?.assignmentInfo) fields.deleted = body.deleted === true;
  return fields;
}

function text(value: unknown, name: string, most: number): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw invalid('Invalid Value', name);
  if (value.length > most) throw invalid('Invalid Value', name);
  return value;
}

/** [V] 4: the time is thrown away; what is left is a day in UTC. */
function dayOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const valid =
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(value);
  const at = valid ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw invalid('Invalid Value', 'due');
  return new Date(at).toISOString().slice(0, 10);
}

/** [V] 4: needsAction or completed; open again, it is neither hidden nor has it a day of completion. */
function statusOf(
  body: Record<string, unknown>,
  old: Task | undefined,
  now: number,
): Partial<Task> {
  const status = body.status ?? (body.completed ? 'completed' : (old?.status ?? 'needsAction'));
  if (status !== 'needsAction' && status !== 'completed') throw invalid('Invalid Value', 'status');
  if (status === 'needsAction') return { status, completed: undefined, hidden: false };
  const at = typeof body.completed === 'string' ? Date.parse(body.completed) : Number.NaN;
  if (body.completed && Number.isNaN(at)) throw invalid('Invalid Value', 'completed');
  const known = old?.status === 'completed' ? old.completed : undefined;
  const completed = Number.isNaN(at)
    ? (known ?? new Date(now).toISOString())
    : new Date(at).toISOString();
  return { status, completed };
}
