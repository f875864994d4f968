/** People API v1: its methods, their scopes and their cost. */
import type { Route, Service } from '../protocol.ts';
import { batchCreateContacts, batchDeleteContacts, batchUpdateContacts } from './batches.ts';
import { listConnections } from './connections.ts';
import {
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  modifyMembers,
  updateGroup,
} from './groups.ts';
import { get, getBatchGet } from './read.ts';
import { createContact, deleteContact, updateContact } from './write.ts';

// [V] 3: contacts (read and write), contacts.readonly.
const WRITE = ['contacts'];
const READ = ['contacts', 'contacts.readonly'];

function read(path: string, name: string, handle: Route['handle']): Route {
  return { http: 'GET', path, name, scopes: READ, units: 1, quota: 'people.read', handle };
}

/** [V] 3: mutates of one user must be sent one after the other. */
function mutate(http: string, path: string, name: string, handle: Route['handle']): Route {
  const quota = 'people.write';
  return { http, path, name, scopes: WRITE, units: 1, quota, serial: true, handle };
}

const GROUP = '/contactGroups/{id}';

export const peopleService: Service = {
  name: 'people',
  base: '/v1',
  batch: ['/batch', '/batch/people/v1'],
  lags: true,
  meanwhile: {
    touch: ({ people }, { user }) => user !== null && people.touchAll(user),
    expireSync: ({ people }, { user }) => people.expireSyncTokens(user ?? undefined),
  },
  routes: [
    read('/people/{id}/connections', 'people.connections.list', listConnections),
    read('/people:batchGet', 'people.getBatchGet', getBatchGet),
    read('/people/{id}', 'people.get', get),
    mutate('POST', '/people:createContact', 'people.createContact', createContact),
    mutate('PATCH', '/people/{id}:updateContact', 'people.updateContact', updateContact),
    mutate('DELETE', '/people/{id}:deleteContact', 'people.deleteContact', deleteContact),
    mutate(
      'POST',
      '/people:batchCreateContacts',
      'people.batchCreateContacts',
      batchCreateContacts,
    ),
    mutate(
      'POST',
      '/people:batchUpdateContacts',
      'people.batchUpdateContacts',
      batchUpdateContacts,
    ),
    mutate(
      'POST',
      '/people:batchDeleteContacts',
      'people.batchDeleteContacts',
      batchDeleteContacts,
    ),
    read('/contactGroups', 'contactGroups.list', listGroups),
    read(GROUP, 'contactGroups.get', getGroup),
    mutate('POST', '/contactGroups', 'contactGroups.create', createGroup),
    mutate('PUT', GROUP, 'contactGroups.update', updateGroup),
    mutate('DELETE', GROUP, 'contactGroups.delete', deleteGroup),
    mutate('POST', `${GROUP}/members:modify`, 'contactGroups.members.modify', modifyMembers),
  ],
};
