import type { tasks_v1 } from '@googleapis/tasks';
import { SyncError } from '../errors.ts';
import type { CollectionWrite, GoogleSession, Result } from '../sync/collection.ts';
import { captureGets, type TaskCalls } from './tasks.ts';

type Task = tasks_v1.Schema$Task;
type Write = CollectionWrite<Task>;
type Written = Result<Task | undefined>;

/** Each write's result, in the order given. */
export async function writeTasks(
  calls: TaskCalls,
  session: GoogleSession,
  tasklist: string,
  writes: Write[],
): Promise<Written[]> {
  const results = new Map<Write, Written>();
  const { client, api } = calls;
  const inserts = writes.filter((write) => write.kind === 'insert');
  const made = await Promise.all(
    inserts.map(({ body }) =>
      client.capture((o) => api.tasks.insert({ tasklist, requestBody: body }, o)),
    ),
  );
  // Google takes no id from us: a second attempt would make a second task.
  const answers = await client.perform<Task>(session, made, { once: true });
  for (const [i, write] of inserts.entries()) results.set(write, answers[i] ?? noAnswer);
  await changeTasks(calls, session, tasklist, writes, results);
  return writes.map((write) => results.get(write) ?? noAnswer);
}

/**
 * Patches, conditional on the version that the run has just read, and deletions. A deletion comes
 * unread, and whether Google honours If-Match is not documented (google-contracts 9): its version is
 * looked at first, so that an edit is lost neither way.
 */
async function changeTasks(
  calls: TaskCalls,
  session: GoogleSession,
  tasklist: string,
  writes: Write[],
  results: Map<Write, Written>,
): Promise<void> {
  const { client } = calls;
  const changes = writes.filter((write) => write.kind !== 'insert');
  const unread = changes.filter((write) => write.kind === 'delete' && write.etag !== undefined);
  const gets = await captureGets(
    calls,
    tasklist,
    unread.map(({ googleId }) => googleId ?? ''),
  );
  const current = await client.perform<Task>(session, gets);
  for (const [i, write] of unread.entries()) {
    const result = current[i] ?? noAnswer;
    const same = result.ok && result.data?.etag === write.etag;
    if (result.ok && result.data?.deleted) results.set(write, { ok: true, data: undefined });
    else if (!same) results.set(write, result.ok ? stale : result);
  }
  const open = changes.filter((write) => !results.has(write));
  const made = await Promise.all(open.map((write) => captureChange(calls, tasklist, write)));
  const answers = await client.perform<Task | undefined>(session, made);
  for (const [i, write] of open.entries()) results.set(write, answers[i] ?? noAnswer);
}

function captureChange(
  { client, api }: TaskCalls,
  tasklist: string,
  write: Exclude<Write, { kind: 'insert' }>,
) {
  const target = { tasklist, task: write.googleId };
  const headers: Record<string, string> = write.etag ? { 'If-Match': write.etag } : {};
  if (write.kind === 'patch') {
    const requestBody = write.body;
    return client.capture<Task | undefined>((o) =>
      api.tasks.patch({ ...target, requestBody }, { ...o, headers }),
    );
  }
  return client.capture<Task | undefined>(async (o) => {
    await api.tasks.delete(target, { ...o, headers });
    return { data: undefined };
  });
}

const noAnswer: Written & { ok: false } = { ok: false, error: new SyncError('retry', 'noAnswer') };
const stale: Written = { ok: false, error: new SyncError('precondition', 'etag') };
