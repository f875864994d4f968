/**
 * The tasks of one list. No sync token and no watch: a listing asks for what was updated since the last
 * one, with an overlap; what it shows twice is known by its etag.
 * https://developers.google.com/workspace/tasks/reference/rest
 */
import { tasks as createTasks, type tasks_v1 } from '@googleapis/tasks';
import { readNotes } from '../core/notes.ts';
import { taskCodec } from '../core/task.ts';
import { isSyncError, SyncError } from '../errors.ts';
import type { Collection, GoogleSession, Page, Places, Result } from '../sync/collection.ts';
import type { Clock } from '../sync/ports.ts';
import type { ApiClient, TypedCall } from './client.ts';
import { scopes } from './scopes.ts';
import { listExists, settleList } from './task-lists.ts';
import { writeTasks } from './task-writes.ts';

type Task = tasks_v1.Schema$Task;

/** The most that Google takes. */
const PAGE_SIZE = '100';
/** Our clock and Google's differ by less than this, for sure. */
const OVERLAP_MS = 15 * 60_000;
/** A request that we gave up on may be carried out late; so may that of an instance that slept through its lease. */
const SETTLES_MS = 5 * 60_000;
/** How long deleted tasks are listed is not documented: once a week all are, and absence tells. */
const TOKEN_LIFE_MS = 7 * 86_400_000;
/**
 * Whatever a person does must show. Ticked off in Google's own apps a task is hidden as well; cleared
 * ones are; assigned ones are left out unless asked for.
 */
const ALL = { showCompleted: true, showHidden: true, showDeleted: true, showAssigned: true };

/** The Tasks API, and how its calls are performed. */
export interface TaskCalls {
  client: ApiClient;
  api: tasks_v1.Tasks;
}

/** The user's tasks in the list that the sync makes; `name` is what it is called when it is made. */
export function taskCollection(
  client: ApiClient,
  { name, clock }: { name: string; clock: Pick<Clock, 'now'> },
): Collection<Task> {
  const calls: TaskCalls = { client, api: createTasks('v1') };
  const places: Places<Task> = {
    settle: async (session, known) => known ?? settleList(calls, session, name),
    exists: (session, place) => listExists(calls, session, place),
    at: (place) => ({ ...tasksOf(calls, clock, place), places }),
    settled: (known) => known !== undefined,
    reaches: (place) => place !== undefined,
  };
  return places.at(undefined);
}

function tasksOf(
  calls: TaskCalls,
  clock: Pick<Clock, 'now'>,
  list: string | undefined,
): Omit<Collection<Task>, 'places'> {
  const { client, api } = calls;
  const tasklist = list ?? '';
  /** A 404 is news of a task only while its list is there. */
  async function guarded<T>(session: GoogleSession, results: Result<T>[]): Promise<Result<T>[]> {
    const missing = results.some((r) => !r.ok && isSyncError(r.error, 'gone'));
    if (missing && !(await listExists(calls, session, tasklist)))
      throw new SyncError('lost', 'placeGone');
    return results;
  }
  const perform = async <T>(session: GoogleSession, made: TypedCall<T>[]) =>
    guarded(session, await client.perform(session, made));

  async function listPage(
    session: GoogleSession,
    updatedMin: string | undefined,
    pageToken: string | undefined,
  ): Promise<tasks_v1.Schema$Tasks> {
    const params = {
      ...ALL,
      tasklist,
      maxResults: Number(PAGE_SIZE),
      ...(updatedMin && { updatedMin }),
      ...(pageToken && { pageToken }),
    };
    const [result] = await perform(session, [
      await client.capture((o) => api.tasks.list(params, o)),
    ]);
    if (!result?.ok) throw result?.error ?? new Error('no result');
    return result.data;
  }

  return {
    codec: taskCodec,
    scope: scopes.tasks,
    ...(list !== undefined && { place: list }),
    settlesMs: SETTLES_MS,
    tokenLifeMs: TOKEN_LIFE_MS,
    listing: () => ({ maxResults: PAGE_SIZE }),
    async list(session, { token }, _window, pageToken): Promise<Page<Task>> {
      // What changes while pages are read is news of the next listing: its time is the first page's.
      const [began, next] = splitPageToken(pageToken) ?? [clock.now(), undefined];
      const page = await listPage(session, token, next);
      return {
        items: page.items ?? [],
        ...(page.nextPageToken
          ? { nextPageToken: `${began} ${page.nextPageToken}` }
          : { token: new Date(began - OVERLAP_MS).toISOString() }),
      };
    },
    async find(session, crmIds) {
      const wanted = new Set(crmIds);
      const found: Task[] = [];
      let pageToken: string | undefined;
      do {
        const page = await listPage(session, undefined, pageToken);
        for (const task of page.items ?? []) {
          const crmId = readNotes(task.notes).marker?.crmId;
          if (!task.deleted && crmId !== undefined && wanted.has(crmId)) found.push(task);
        }
        pageToken = page.nextPageToken ?? undefined;
      } while (pageToken !== undefined);
      return found;
    },
    async get(session, googleIds) {
      const results = await perform(session, await captureGets(calls, tasklist, googleIds));
      return results.map(
        (result, i): Result<Task> =>
          !result.ok && isSyncError(result.error, 'gone')
            ? { ok: true, data: { id: googleIds[i] ?? '', deleted: true } }
            : result,
      );
    },
    write: async (session, writes) =>
      guarded(session, await writeTasks(calls, session, tasklist, writes)),
  };
}

/** The calls that read these tasks. */
export function captureGets(
  { client, api }: TaskCalls,
  tasklist: string,
  ids: string[],
): Promise<TypedCall<Task>[]> {
  return Promise.all(
    ids.map((task) => client.capture((o) => api.tasks.get({ tasklist, task }, o))),
  );
}

/** When the listing began (ms since the epoch), and Google's own token. */
function splitPageToken(pageToken: string | undefined): [number, string] | undefined {
  const at = pageToken?.indexOf(' ') ?? -1;
  return pageToken === undefined
    ? undefined
    : [Number(pageToken.slice(0, at)), pageToken.slice(at + 1)];
}
