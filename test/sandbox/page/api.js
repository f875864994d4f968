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
  create: (userId, data) => send('POST', '/crm/records', { userId, data }),
  edit: (crmId, data) => send('PATCH', `/crm/records/${encodeURIComponent(crmId)}`, { data }),
  remove: (crmId) => send('DELETE', `/crm/records/${encodeURIComponent(crmId)}`),
};

/** Google's Calendar API as the user's phone would call it. */
export function phone(email) {
  const base = '/google/calendar/v3/calendars/primary/events';
  const headers = { authorization: `Bearer user:${email}` };
  // The sync hears of it as it would of a real phone's edit: by Google's notification.
  const write = async (...request) => {
    const answer = await send(...request);
    document.dispatchEvent(new CustomEvent('phone-edit'));
    return answer;
  };
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
