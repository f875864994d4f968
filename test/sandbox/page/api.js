/** The stack's HTTP interface as the page uses it. Failures are Errors with a sentence for people. */

async function send(method, url, body, headers = {}) {
  const response = await fetch(url, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const data = text === '' ? undefined : JSON.parse(text);
  if (!response.ok) {
    const said = data?.error?.message ?? data?.error;
    throw new Error(said || `${method} ${url} was answered ${response.status}`);
  }
  return data;
}

export const stack = {
  mode: () => send('GET', '/sandbox/mode'),
  users: () => send('GET', '/sandbox/users'),
  poll: () => send('POST', '/sandbox/poll'),
  faults: () => send('GET', '/sandbox/faults'),
  addFault: (fault) => send('POST', '/sandbox/faults', fault),
  clearFaults: (id) => send('DELETE', `/sandbox/faults${id === undefined ? '' : `/${id}`}`),
  free: (request) => send('POST', '/availability', request),
};

export const crm = {
  records: (userId) => send('GET', `/crm/records?userId=${encodeURIComponent(userId)}`),
  create: (userId, data, record) => send('POST', '/crm/records', { userId, data, record }),
  edit: (crmId, data) => send('PATCH', `/crm/records/${encodeURIComponent(crmId)}`, { data }),
  remove: (crmId) => send('DELETE', `/crm/records/${encodeURIComponent(crmId)}`),
};

// The sync hears of it as it would of a real phone's edit: by Google's notification, or by the next poll.
const writer =
  (record) =>
  async (...request) => {
    const answer = await send(...request);
    document.dispatchEvent(new CustomEvent('phone-edit', { detail: record }));
    return answer;
  };

/** Google's Calendar API as the user's phone would call it. */
export function phone(email) {
  const base = '/google/calendar/v3/calendars/primary/events';
  const write = writer('appointment');
  const headers = { authorization: `Bearer user:${email}` };
  const at = (id) => `${base}/${encodeURIComponent(id)}`;
  return {
    events: async (from, to, zone) => {
      const found = [];
      let pageToken;
      do {
        const query = new URLSearchParams({
          singleEvents: 'true',
          orderBy: 'startTime',
          timeMin: `${from}T00:00:00Z`,
          timeMax: `${to}T23:59:59Z`,
          timeZone: zone,
          maxResults: '2500',
        });
        if (pageToken) query.set('pageToken', pageToken);
        const page = await send('GET', `${base}?${query}`, undefined, headers);
        found.push(...(page.items ?? []));
        pageToken = page.nextPageToken;
      } while (pageToken);
      return found;
    },
    create: (event) => write('POST', base, event, headers),
    patch: (id, event) => write('PATCH', at(id), event, headers),
    remove: (id) => write('DELETE', at(id), undefined, headers),
  };
}

const PERSON =
  'names,emailAddresses,phoneNumbers,organizations,birthdays,biographies,memberships,clientData,metadata';

/** Every page of a listing; `itemsOf` takes the items out of one. */
async function all(url, headers, itemsOf) {
  const found = [];
  let pageToken;
  do {
    const more = pageToken ? `&pageToken=${encodeURIComponent(pageToken)}` : '';
    const page = await send('GET', url + more, undefined, headers);
    found.push(...(itemsOf(page) ?? []));
    pageToken = page.nextPageToken;
  } while (pageToken);
  return found;
}

/** Google's People API as the user's phone would call it. */
export function people(email) {
  const base = '/google/v1';
  const write = writer('contact');
  const headers = { authorization: `Bearer user:${email}` };
  const label = async () => {
    const groups = await all(
      `${base}/contactGroups?pageSize=1000&groupFields=name,groupType`,
      headers,
      (page) => page.contactGroups,
    );
    return groups.find(
      ({ name, groupType }) => groupType === 'USER_CONTACT_GROUP' && name === 'CRM',
    );
  };
  return {
    label,
    list: () =>
      all(
        `${base}/people/me/connections?pageSize=1000&personFields=${PERSON}`,
        headers,
        (page) => page.connections,
      ),
    create: (person) =>
      write('POST', `${base}/people:createContact?personFields=${PERSON}`, person, headers),
    update: (old, person, mask) =>
      write(
        'PATCH',
        `${base}/${old.resourceName}:updateContact?updatePersonFields=${mask}&personFields=${PERSON}`,
        { ...person, metadata: { sources: old.metadata.sources } },
        headers,
      ),
    remove: (name) => write('DELETE', `${base}/${name}:deleteContact`, undefined, headers),
    setLabel: async (name, on) => {
      const group =
        (await label()) ??
        (await send('POST', `${base}/contactGroups`, { contactGroup: { name: 'CRM' } }, headers));
      const body = { [on ? 'resourceNamesToAdd' : 'resourceNamesToRemove']: [name] };
      return write('POST', `${base}/${group.resourceName}/members:modify`, body, headers);
    },
  };
}

/** Google's Tasks API as the user's phone would call it. */
export function taskLists(email) {
  const base = '/google/tasks/v1';
  const write = writer('task');
  const headers = { authorization: `Bearer user:${email}` };
  const at = (list, id) =>
    `${base}/lists/${encodeURIComponent(list)}/tasks${id ? `/${encodeURIComponent(id)}` : ''}`;
  return {
    lists: () => all(`${base}/users/@me/lists?maxResults=1000`, headers, (page) => page.items),
    tasks: (list) =>
      all(`${at(list)}?maxResults=100&showHidden=true`, headers, (page) => page.items),
    create: (list, task) => write('POST', at(list), task, headers),
    patch: (list, id, task) => write('PATCH', at(list, id), task, headers),
    remove: (list, id) => write('DELETE', at(list, id), undefined, headers),
  };
}
