/** Tasks API v1: its methods and their scopes. Its quota is by day (quota.ts). */
import type { Route, Service } from '../protocol.ts';
import { changeList, deleteList, getList, insertList, listLists } from './lists.ts';
import {
  clearTasks,
  deleteTask,
  getTask,
  insertTask,
  listTasks,
  moveTask,
  patchTask,
  updateTask,
} from './tasks.ts';

const WRITE = ['tasks'];
const READ = ['tasks', 'tasks.readonly'];

function route(http: string, path: string, name: string, handle: Route['handle']): Route {
  return { http, path, name, scopes: http === 'GET' ? READ : WRITE, units: 1, handle };
}

const LISTS = '/users/@me/lists';
const LIST = `${LISTS}/{tasklist}`;
const TASKS = '/lists/{tasklist}/tasks';
const TASK = `${TASKS}/{task}`;

export const tasksService: Service = {
  name: 'tasks',
  base: '/tasks/v1',
  // [P] 2: /batch on tasks.googleapis.com; [S] older clients use the other one on www.googleapis.com.
  batch: ['/batch', '/batch/tasks/v1'],
  lags: true,
  meanwhile: { touch: ({ tasks }, { user }) => user !== null && tasks.touchAll(user) },
  routes: [
    route('GET', LISTS, 'tasklists.list', listLists),
    route('POST', LISTS, 'tasklists.insert', insertList),
    route('GET', LIST, 'tasklists.get', getList),
    route('PATCH', LIST, 'tasklists.patch', changeList),
    route('PUT', LIST, 'tasklists.update', changeList),
    route('DELETE', LIST, 'tasklists.delete', deleteList),
    route('GET', TASKS, 'tasks.list', listTasks),
    route('POST', TASKS, 'tasks.insert', insertTask),
    route('GET', TASK, 'tasks.get', getTask),
    route('PATCH', TASK, 'tasks.patch', patchTask),
    route('PUT', TASK, 'tasks.update', updateTask),
    route('DELETE', TASK, 'tasks.delete', deleteTask),
    route('POST', `${TASK}/move`, 'tasks.move', moveTask),
    route('POST', '/lists/{tasklist}/clear', 'tasks.clear', clearTasks),
  ],
};
