/** tasklists: list, get, insert, patch, update, delete (google-contracts 4). */
import { count, readJson } from '../calendar/request.ts';
import { type Answer, type AuthorizedCall, invalid } from '../protocol.ts';
import { etagOf, presentList } from './present.ts';

/** GET /tasks/v1/users/@me/lists: 1000 by default and at most. */
export function listLists(call: AuthorizedCall): Answer {
  const { tasks } = call.workspace;
  const lists = tasks.lists(call.identity.email);
  const size = count(call.query, 'maxResults', 1000, 1000);
  const start = Number(call.query.get('pageToken') ?? 0);
  if (!Number.isInteger(start) || start < 0) throw invalid('Invalid Value', 'pageToken');
  const shown = lists.slice(start, start + size);
  return {
    status: 200,
    json: {
      kind: 'tasks#taskLists',
      etag: etagOf(Math.max(...lists.map(({ changed }) => changed))),
      ...(start + size < lists.length && { nextPageToken: String(start + size) }),
      items: shown.map(presentList),
    },
  };
}

export function getList(call: AuthorizedCall): Answer {
  return { status: 200, json: presentList(call.workspace.tasks.list(call)) };
}

export function insertList(call: AuthorizedCall): Answer {
  const { tasks } = call.workspace;
  const list = tasks.createList(call.identity.email, titleIn(readJson(call)));
  return { status: 200, json: presentList(list) };
}

/** PATCH and PUT: only the title can be written. */
export function changeList(call: AuthorizedCall): Answer {
  const { tasks } = call.workspace;
  const list = tasks.list(call);
  const body = readJson(call);
  if ('title' in body) list.title = titleIn(body);
  tasks.touch(list);
  return { status: 200, json: presentList(list) };
}

/** [I] 4: the standard list cannot be deleted. */
export function deleteList(call: AuthorizedCall): Answer {
  const { tasks } = call.workspace;
  const list = tasks.list(call);
  if (list.standard) throw invalid('Invalid Value');
  tasks.removeList(list);
  return { status: 204 };
}

function titleIn(body: Record<string, unknown>): string {
  const { title } = body;
  if (typeof title !== 'string' || title.trim() === '') throw invalid('Missing title', 'title');
  if (title.length > 1024) throw invalid('Invalid Value', 'title');
  return title.trim();
}
