/** contactGroups: list, get, create, update, delete and members.modify (google-contracts 3). */
import { flag } from '../calendar/request.ts';
import type { Answer, AuthorizedCall } from '../protocol.ts';
import { invalidArgument } from './errors.ts';
import { groupsOf } from './memberships.ts';
import { type ContactGroup, type Entry, OPEN_SYSTEM_GROUPS } from './model.ts';
import { presentGroup } from './present.ts';
import { bookOf, maskIn, pageSize, readJson } from './request.ts';
import type { Live } from './store.ts';

const FIELDS = ['clientData', 'groupType', 'memberCount', 'metadata', 'name'];
const DEFAULT_FIELDS = ['groupType', 'memberCount', 'metadata', 'name'];

/** GET /v1/contactGroups. */
export function listGroups(call: AuthorizedCall): Answer {
  const { workspace, query } = call;
  const book = bookOf(call);
  const mask = groupMask(query.get('groupFields'));
  // [V] 30 by default, at most 1000.
  const size = pageSize(query, 30, 1000);
  const start = Number(query.get('pageToken') ?? 0);
  if (!Number.isInteger(start) || start < 0) throw invalidArgument('Invalid page token.');
  const since = Number(query.get('syncToken') ?? 0);
  if (!Number.isInteger(since) || since < 0) throw invalidArgument('Invalid sync token.');
  const all = query.has('syncToken')
    ? [...book.groups.values()].filter(({ changed }) => changed > since)
    : workspace.people.groups(book);
  const shown = all.slice(start, start + size);
  const more = start + size < all.length;
  const newest = Math.max(0, ...[...book.groups.values()].map(({ changed }) => changed));
  return {
    status: 200,
    json: {
      ...(shown.length > 0 && { contactGroups: shown.map((group) => present(call, group, mask)) }),
      totalItems: all.length,
      ...(more ? { nextPageToken: String(start + size) } : { nextSyncToken: String(newest) }),
    },
  };
}

/** GET /v1/contactGroups/{id}. */
export function getGroup(call: AuthorizedCall): Answer {
  const group = groupOf(call);
  const maxMembers = Number(call.query.get('maxMembers') ?? 0);
  const mask = groupMask(call.query.get('groupFields'));
  return { status: 200, json: present(call, group, mask, maxMembers) };
}

/** POST /v1/contactGroups. */
export function createGroup(call: AuthorizedCall): Answer {
  const { people } = call.workspace;
  const body = readJson(call);
  const given = (body.contactGroup ?? {}) as Entry;
  const group = people.createGroup(bookOf(call), nameIn(given), clientDataIn(given));
  return { status: 200, json: present(call, group, groupMask(maskIn(body, 'readGroupFields'))) };
}

/** PUT /v1/contactGroups/{id}. */
export function updateGroup(call: AuthorizedCall): Answer {
  const { people } = call.workspace;
  const group = groupOf(call);
  if (group.system) throw invalidArgument('System contact groups cannot be changed.');
  const body = readJson(call);
  const given = (body.contactGroup ?? {}) as Entry;
  // [V] Defaults to name.
  const paths = (maskIn(body, 'updateGroupFields') || 'name').split(',');
  if (paths.includes('name')) {
    const name = nameIn(given);
    people.refuseDouble(bookOf(call), name, group);
    group.name = name;
  }
  if (paths.includes('clientData')) group.clientData = clientDataIn(given);
  people.touchGroup(group);
  return { status: 200, json: present(call, group, groupMask(maskIn(body, 'readGroupFields'))) };
}

/** DELETE /v1/contactGroups/{id}. */
export function deleteGroup(call: AuthorizedCall): Answer {
  const group = groupOf(call);
  if (group.system) throw invalidArgument('System contact groups cannot be deleted.');
  call.workspace.people.removeGroup(bookOf(call), group, flag(call.query, 'deleteContacts'));
  return { status: 200, json: {} };
}

/** POST /v1/contactGroups/{id}/members:modify: at most 1000 names. */
export function modifyMembers(call: AuthorizedCall): Answer {
  const { people } = call.workspace;
  const book = bookOf(call);
  const group = groupOf(call);
  const body = readJson(call);
  const add = (body.resourceNamesToAdd ?? []) as string[];
  const remove = (body.resourceNamesToRemove ?? []) as string[];
  if (add.length + remove.length > 1000) throw invalidArgument('At most 1000 names are allowed.');
  if (add.length > 0 && group.system && !OPEN_SYSTEM_GROUPS.includes(group.resourceName)) {
    throw invalidArgument(`Contacts cannot be added to ${group.resourceName}.`);
  }
  const notFound: string[] = [];
  const lastGroup: string[] = [];
  const each = (names: string[], apply: (live: Live, groups: string[], name: string) => void) => {
    for (const name of names) {
      const live = people.find(book, name);
      if (live) apply(live, groupsOf(live.version.fields), name);
      else notFound.push(name);
    }
  };
  each(add, (live, groups) => {
    if (groups.includes(group.resourceName)) return;
    people.setGroups(book, live, [...groups, group.resourceName]);
  });
  each(remove, (live, groups, name) => {
    const left = groups.filter((other) => other !== group.resourceName);
    if (left.length === groups.length) return;
    // [V] A contact always has at least one group.
    if (left.length === 0) lastGroup.push(name);
    else people.setGroups(book, live, left);
  });
  return {
    status: 200,
    json: {
      ...(notFound.length > 0 && { notFoundResourceNames: notFound }),
      ...(lastGroup.length > 0 && { canNotRemoveLastContactGroupResourceNames: lastGroup }),
    },
  };
}

function groupOf(call: AuthorizedCall): ContactGroup {
  const name = `contactGroups/${call.params.id}`;
  return call.workspace.people.group(bookOf(call), name);
}

function present(
  call: AuthorizedCall,
  group: ContactGroup,
  mask: ReadonlySet<string>,
  maxMembers = 0,
): Entry {
  const members = call.workspace.people.members(bookOf(call), group.resourceName);
  return presentGroup(group, members, mask, maxMembers);
}

function groupMask(text: string | null): ReadonlySet<string> {
  const paths = text ? text.split(',').map((path) => path.trim()) : DEFAULT_FIELDS;
  for (const path of paths) {
    if (!FIELDS.includes(path)) throw invalidArgument(`Invalid groupFields mask path: "${path}".`);
  }
  return new Set(paths);
}

function nameIn(given: Entry): string {
  const name = typeof given.name === 'string' ? given.name.trim() : '';
  if (name === '') throw invalidArgument('contactGroup.name must be set.');
  return name;
}

function clientDataIn(given: Entry): { key: string; value: string }[] {
  const list = (given.clientData ?? []) as { key?: string; value?: string }[];
  return list.map(({ key = '', value = '' }) => ({ key, value }));
}
