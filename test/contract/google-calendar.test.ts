import assert from 'node:assert/strict';
import test from 'node:test';
import type { calendar_v3 } from '@googleapis/calendar';
import { refusal, START, type Stage, stage } from '../sandbox/google/stage.ts';

const ANNA = 'anna@firm.example';
const calendarId = 'primary';
type Event = calendar_v3.Schema$Event;

const visit = (summary: string, more: Event = {}): Event => ({
  summary,
  start: { dateTime: '2026-12-01T09:00:00+01:00', timeZone: 'Europe/Zurich' },
  end: { dateTime: '2026-12-01T10:00:00+01:00', timeZone: 'Europe/Zurich' },
  ...more,
});

async function insert(google: Stage, requestBody: Event): Promise<Event> {
  const { data } = await google.phone(ANNA).events.insert({ calendarId, requestBody });
  return data;
}

async function list(
  google: Stage,
  params: Partial<calendar_v3.Params$Resource$Events$List> = {},
): Promise<calendar_v3.Schema$Events> {
  return (await google.phone(ANNA).events.list({ calendarId, ...params })).data;
}

const ids = (events: calendar_v3.Schema$Events) => (events.items ?? []).map(({ id }) => id);

test('google-contracts 1.1: nextSyncToken comes on the last page only, and what changes while paging is not missed', async () => {
  await using google = await stage();
  for (const id of ['event1', 'event2', 'event3']) await insert(google, visit(id, { id }));
  const first = await list(google, { maxResults: 2 });
  assert.deepEqual([ids(first), first.nextSyncToken], [['event1', 'event2'], undefined]);
  await google.phone(ANNA).events.patch({
    calendarId,
    eventId: 'event1',
    requestBody: { summary: 'changed while paging' },
  });
  const pageToken = first.nextPageToken as string;
  const second = await list(google, { maxResults: 2, pageToken });
  assert.deepEqual([ids(second), second.nextPageToken], [['event3'], undefined]);
  const syncToken = second.nextSyncToken as string;
  const news = await list(google, { maxResults: 2, syncToken });
  assert.deepEqual(ids(news), ['event1']);
  const later = await list(google, { maxResults: 2, syncToken: news.nextSyncToken as string });
  assert.deepEqual(ids(later), []);
});

test('google-contracts 1.1: paging an incremental sync takes the same syncToken plus pageToken', async () => {
  await using google = await stage();
  const { nextSyncToken } = await list(google, { maxResults: 1 });
  for (const id of ['event1', 'event2']) await insert(google, visit(id, { id }));
  const syncToken = nextSyncToken as string;
  const first = await list(google, { maxResults: 1, syncToken });
  const pageToken = first.nextPageToken as string;
  const second = await list(google, { maxResults: 1, syncToken, pageToken });
  assert.deepEqual([...ids(first), ...ids(second)], ['event1', 'event2']);
  assert.ok(second.nextSyncToken);
  await assert.rejects(list(google, { maxResults: 1, pageToken }), refusal(400, 'invalid'));
  await assert.rejects(list(google, { pageToken: 'junk' }), refusal(400, 'invalid'));
});

test('google-contracts 1.1: parameters forbidden with syncToken, showDeleted=false, and parameters that changed', async () => {
  await using google = await stage();
  const { nextSyncToken } = await list(google, {
    timeMin: '2026-11-01T00:00:00Z',
    timeMax: '2027-11-01T00:00:00Z',
  });
  const syncToken = nextSyncToken as string;
  const forbidden: Partial<calendar_v3.Params$Resource$Events$List>[] = [
    { iCalUID: 'x' },
    { orderBy: 'updated' },
    { privateExtendedProperty: ['a=b'] },
    { q: 'x' },
    { sharedExtendedProperty: ['a=b'] },
    { timeMin: '2026-11-01T00:00:00Z' },
    { timeMax: '2026-11-01T00:00:00Z' },
    { updatedMin: '2026-11-01T00:00:00Z' },
    { showDeleted: false },
    { singleEvents: true },
    { maxAttendees: 1 },
    { eventTypes: ['default'] },
    { timeZone: 'UTC' },
  ];
  for (const params of forbidden) {
    await assert.rejects(
      list(google, { syncToken, ...params }),
      refusal(400, 'invalid'),
      JSON.stringify(params),
    );
  }
  assert.deepEqual(ids(await list(google, { syncToken, showDeleted: true })), []);
});

test('google-contracts 1.1: 410 fullSyncRequired for an unknown or expired token, 410 updatedMinTooLongAgo', async () => {
  await using google = await stage();
  const { nextSyncToken } = await list(google);
  const syncToken = nextSyncToken as string;
  await assert.rejects(list(google, { syncToken: 'junk' }), refusal(410, 'fullSyncRequired'));
  google.workspace.expireSyncTokens(ANNA);
  await assert.rejects(list(google, { syncToken }), refusal(410, 'fullSyncRequired'));
  const updatedMin = '2026-01-01T00:00:00Z';
  await assert.rejects(list(google, { updatedMin }), refusal(410, 'updatedMinTooLongAgo'));
});

test('google-contracts 1.1 and 1.2: deletions come as tombstones: id and status, nothing else to rely on', async () => {
  await using google = await stage();
  const { id } = await insert(google, visit('One'));
  const { nextSyncToken } = await list(google);
  await google.phone(ANNA).events.delete({ calendarId, eventId: id as string });
  const { items } = await list(google, { syncToken: nextSyncToken as string });
  assert.deepEqual(
    items?.map(({ etag: _, ...rest }) => rest),
    [{ kind: 'calendar#event', id, status: 'cancelled' }],
  );
  assert.deepEqual(ids(await list(google)), []);
  assert.deepEqual(ids(await list(google, { showDeleted: true })), [id]);
});

test('google-contracts 1.3: timeMin bounds the end and timeMax the start, both exclusive', async () => {
  await using google = await stage();
  await insert(google, visit('One', { id: 'event1' }));
  const found = async (timeMin: string, timeMax: string) =>
    ids(await list(google, { timeMin, timeMax })).length;
  assert.equal(await found('2026-12-01T09:00:00Z', '2026-12-02T00:00:00Z'), 0);
  assert.equal(await found('2026-12-01T08:59:59.999Z', '2026-12-02T00:00:00Z'), 1);
  assert.equal(await found('2026-11-01T00:00:00Z', '2026-12-01T08:00:00Z'), 0);
  assert.equal(await found('2026-11-01T00:00:00Z', '2026-12-01T08:00:01Z'), 1);
  const timeMin = '2026-12-01T00:00:00';
  await assert.rejects(list(google, { timeMin }), refusal(400, 'badRequest'));
});

test('google-contracts 1.3: times: an offset or a zone, returned in the zone of the event', async () => {
  await using google = await stage();
  google.workspace.createAccount({ email: ANNA, timeZone: 'America/New_York' });
  const at = (dateTime: string, timeZone?: string): calendar_v3.Schema$EventDateTime => ({
    dateTime,
    ...(timeZone && { timeZone }),
  });
  const one = await insert(google, {
    start: at('2026-12-01T09:00:00Z'),
    end: at('2026-12-01T10:00:00Z'),
  });
  assert.deepEqual(one.start, at('2026-12-01T04:00:00-05:00', 'America/New_York'));
  const two = await insert(google, {
    start: at('2026-07-01T09:00:00', 'Europe/Zurich'),
    end: at('2026-07-01T08:00:00Z', 'Europe/Zurich'),
  });
  assert.deepEqual(two.start, at('2026-07-01T09:00:00+02:00', 'Europe/Zurich'));
  const refused: [Event, string][] = [
    [{ start: at('2026-12-01T09:00:00'), end: at('2026-12-01T10:00:00') }, 'required'],
    [{ start: at('2026-12-01T09:00:00Z', 'CEST'), end: at('2026-12-01T10:00:00Z') }, 'invalid'],
    [{ start: at('2026-12-01T10:00:00Z'), end: at('2026-12-01T09:00:00Z') }, 'timeRangeEmpty'],
    [{ start: { date: '2026-12-01' }, end: { date: '2026-12-01' } }, 'timeRangeEmpty'],
    [{ start: { date: '2026-12-01' }, end: at('2026-12-01T09:00:00Z') }, 'invalid'],
    [{ start: { date: '2026-02-30' }, end: { date: '2026-03-01' } }, 'invalid'],
    [{ start: at('2026-12-01T09:00:00Z') }, 'required'],
    [
      {
        start: at('2026-12-01T09:00:00Z'),
        end: at('2026-12-01T10:00:00Z'),
        recurrence: ['RRULE:FREQ=DAILY'],
      },
      'required',
    ],
  ];
  for (const [event, reason] of refused) {
    await assert.rejects(insert(google, event), refusal(400, reason), JSON.stringify(event));
  }
});

test('google-contracts 1.4: client-chosen ids: alphabet and length, 409 duplicate also after deletion, 410 deleted', async () => {
  await using google = await stage();
  for (const id of ['abcd', 'event-1', 'Event1', 'wxyz1', 'a'.repeat(1025)]) {
    await assert.rejects(insert(google, visit('x', { id })), refusal(400, 'invalid'), id);
  }
  const id = 'event1';
  await insert(google, visit('One', { id }));
  await assert.rejects(insert(google, visit('Two', { id })), refusal(409, 'duplicate'));
  const remove = () => google.phone(ANNA).events.delete({ calendarId, eventId: id });
  await remove();
  await assert.rejects(remove(), refusal(410, 'deleted'));
  await assert.rejects(insert(google, visit('Three', { id })), refusal(409, 'duplicate'));
  const { data } = await google.phone(ANNA).events.get({ calendarId, eventId: id });
  assert.deepEqual([data.status, data.summary], ['cancelled', 'One']);
  const change = (requestBody: Event) =>
    google.phone(ANNA).events.update({ calendarId, eventId: id, requestBody });
  await assert.rejects(change(visit('Four')), refusal(403, 'forbidden'));
  const back = await change(visit('Four', { status: 'confirmed' }));
  assert.equal(back.data.status, 'confirmed');
  const { id: made } = await insert(google, visit('Five'));
  assert.match(made ?? '', /^[a-v0-9]{26}$/);
  await assert.rejects(
    insert(google, visit('Six', { id: 'event6', iCalUID: 'x@y' })),
    refusal(400, 'invalid'),
  );
});

test('google-contracts 1.4: etags: If-Match gives 412 after a change, If-None-Match gives 304', async () => {
  await using google = await stage();
  const one = await insert(google, visit('One', { id: 'event1' }));
  assert.match(one.etag ?? '', /^".+"$/);
  const client = google.phone(ANNA);
  const target = { calendarId, eventId: 'event1' };
  const match = { headers: { 'If-Match': one.etag as string } };
  const two = await client.events.update({ ...target, requestBody: visit('Two') }, match);
  assert.notEqual(two.data.etag, one.etag);
  const stale = refusal(412, 'conditionNotMet');
  await assert.rejects(client.events.update({ ...target, requestBody: visit('x') }, match), stale);
  await assert.rejects(client.events.patch({ ...target, requestBody: {} }, match), stale);
  await assert.rejects(client.events.delete(target, match), stale);
  const url = `${google.url}/calendar/v3/calendars/primary/events/event1`;
  const headers = {
    authorization: `Bearer user:${ANNA}`,
    'if-none-match': two.data.etag as string,
  };
  assert.equal((await fetch(url, { headers })).status, 304);
});

test('google-contracts 1.4: patch merges objects, replaces arrays and deletes with null; update replaces all', async () => {
  await using google = await stage();
  await insert(
    google,
    visit('One', {
      id: 'event1',
      description: 'Text \n',
      location: 'Bern',
      attendees: [{ email: 'x@other.example' }, { email: 'y@other.example' }],
      extendedProperties: { private: { a: '1', b: '2' }, shared: { c: '3' } },
    }),
  );
  const target = { calendarId, eventId: 'event1' };
  const patched = await google.phone(ANNA).events.patch({
    ...target,
    requestBody: {
      location: null,
      attendees: [{ email: 'z@other.example' }],
      extendedProperties: { private: { a: '9', b: null as unknown as string } },
    },
  });
  assert.equal(patched.data.location, undefined);
  assert.equal(patched.data.description, 'Text');
  assert.deepEqual(patched.data.attendees, [
    { email: 'z@other.example', responseStatus: 'needsAction' },
  ]);
  assert.deepEqual(patched.data.extendedProperties, { private: { a: '9' }, shared: { c: '3' } });
  const updated = await google.phone(ANNA).events.update({ ...target, requestBody: visit('Two') });
  assert.equal(updated.data.extendedProperties, undefined);
  assert.equal(updated.data.attendees, undefined);
  assert.equal(updated.data.iCalUID, 'event1@google.com');
});

test('google-contracts 1.5: long keys are dropped, long values cut, too much is refused; search by property', async () => {
  await using google = await stage();
  const one = await insert(
    google,
    visit('One', {
      extendedProperties: {
        private: { ['k'.repeat(45)]: 'gone', ['k'.repeat(44)]: 'v'.repeat(1025), crm: '7' },
      },
    }),
  );
  const kept = one.extendedProperties?.private ?? {};
  assert.deepEqual(Object.keys(kept), ['k'.repeat(44), 'crm']);
  assert.equal(kept['k'.repeat(44)]?.length, 1024);
  await insert(google, visit('Two'));
  const found = await list(google, { privateExtendedProperty: ['crm=7'] });
  assert.deepEqual(ids(found), [one.id]);
  assert.equal(found.nextSyncToken, undefined);
  const many = Object.fromEntries(Array.from({ length: 301 }, (_, i) => [`k${i}`, 'v']));
  const big = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, 'v'.repeat(1000)]));
  for (const shared of [many, big]) {
    const event = visit('Three', { extendedProperties: { shared } });
    await assert.rejects(insert(google, event), refusal(400, 'invalid'));
  }
});

test('google-contracts 1.2: reminders change the etag, but not `updated`', async () => {
  await using google = await stage();
  const one = await insert(google, visit('One', { id: 'event1' }));
  google.advance(1000);
  const patch = async (requestBody: Event) =>
    (await google.phone(ANNA).events.patch({ calendarId, eventId: 'event1', requestBody })).data;
  const two = await patch({ reminders: { useDefault: false } });
  assert.equal(two.updated, one.updated);
  assert.notEqual(two.etag, one.etag);
  assert.notEqual((await patch({ summary: 'Two' })).updated, one.updated);
});

test('google-contracts 1.4: conference data and attachments need their version flags', async () => {
  await using google = await stage();
  const conferenceData = { createRequest: { requestId: 'r1' } };
  const plain = await insert(google, visit('One', { conferenceData }));
  assert.equal(plain.conferenceData, undefined);
  const client = google.phone(ANNA);
  const attachments = [{ fileUrl: 'https://drive.example/1' }];
  const { data } = await client.events.insert({
    calendarId,
    conferenceDataVersion: 1,
    supportsAttachments: true,
    requestBody: visit('Two', { conferenceData, attachments }),
  });
  assert.match(data.hangoutLink ?? '', /^https:\/\/meet\.google\.com\//);
  const eventId = data.id as string;
  const later = await client.events.update({ calendarId, eventId, requestBody: visit('Two') });
  assert.equal(later.data.hangoutLink, data.hangoutLink);
  assert.deepEqual(later.data.attachments, attachments);
});

test('google-contracts 1.8: event types: what each must hold, and that the type is fixed', async () => {
  await using google = await stage();
  const out = { eventType: 'outOfOffice', outOfOfficeProperties: {} };
  await insert(google, visit('Away', { id: 'event1', ...out }));
  const day = { start: { date: '2026-12-01' }, end: { date: '2026-12-02' } };
  const faults: Event[] = [
    visit('x', { eventType: 'fromGmail' }),
    visit('x', { eventType: 'outOfOffice' }),
    visit('x', { ...out, ...day }),
    visit('x', { ...out, transparency: 'transparent' }),
    visit('x', { eventType: 'workingLocation', workingLocationProperties: {} }),
    visit('x', { eventType: 'birthday', ...day }),
    visit('x', { eventType: 'party' }),
  ];
  for (const event of faults) {
    await assert.rejects(insert(google, event), refusal(400, 'invalid'), JSON.stringify(event));
  }
  const patch = (requestBody: Event) =>
    google.phone(ANNA).events.patch({ calendarId, eventId: 'event1', requestBody });
  await assert.rejects(patch({ eventType: 'default' }), refusal(400, 'invalid'));
  assert.deepEqual(ids(await list(google, { eventTypes: ['default'] })), []);
  const { data } = await google.phone(ANNA).calendars.insert({ requestBody: { summary: 'Two' } });
  const secondary = { calendarId: data.id as string, requestBody: visit('x', out) };
  await assert.rejects(google.phone(ANNA).events.insert(secondary), refusal(400, 'invalid'));
});

test('google-contracts 1.4: import needs an iCalUID; google-contracts 1.2: move leaves a stub behind', async () => {
  await using google = await stage();
  const client = google.phone(ANNA);
  const requestBody = visit('One', { iCalUID: 'x@y', organizer: { email: 'boss@other.example' } });
  const { data } = await client.events.import({ calendarId, requestBody });
  assert.deepEqual(data.organizer, { email: 'boss@other.example' });
  const again = await client.events.import({ calendarId, requestBody });
  assert.equal(again.data.id, data.id);
  const bare = { calendarId, requestBody: visit('One') };
  await assert.rejects(client.events.import(bare), refusal(400, 'required'));

  const one = await insert(google, visit('Two', { id: 'event2' }));
  const { nextSyncToken } = await list(google);
  const other = await client.calendars.insert({ requestBody: { summary: 'Other' } });
  const destination = other.data.id as string;
  const moved = await client.events.move({ calendarId, eventId: 'event2', destination });
  assert.deepEqual([moved.data.id, moved.data.iCalUID], [one.id, one.iCalUID]);
  assert.equal(moved.data.organizer?.email, destination);
  const news = await list(google, { syncToken: nextSyncToken as string });
  assert.deepEqual(
    news.items?.map(({ id, status }) => [id, status]),
    [['event2', 'cancelled']],
  );
});

test('google-contracts 5: scopes: events do not allow free/busy or the calendar list; app.created only its own', async () => {
  await using google = await stage();
  const lacking = refusal(403, 'insufficientPermissions');
  const events = google.app(ANNA, 'calendar.events');
  const window = { timeMin: '2026-12-01T00:00:00Z', timeMax: '2026-12-02T00:00:00Z' };
  const items = [{ id: ANNA }, { id: 'nobody@else.example' }];
  const query = { requestBody: { ...window, items } };
  await assert.rejects(events.freebusy.query(query), lacking);
  await assert.rejects(events.calendarList.list(), lacking);
  await insert(google, visit('One'));
  await insert(google, visit('Free', { transparency: 'transparent' }));
  const { data } = await google.app(ANNA, 'calendar.freebusy').freebusy.query(query);
  assert.deepEqual(data.calendars?.[ANNA]?.busy, [
    { start: '2026-12-01T08:00:00Z', end: '2026-12-01T09:00:00Z' },
  ]);
  assert.equal(data.calendars?.['nobody@else.example']?.errors?.[0]?.reason, 'notFound');

  const own = google.app(ANNA, 'calendar.app.created');
  const made = await own.calendars.insert({ requestBody: { summary: 'CRM' } });
  const inOwn = { calendarId: made.data.id as string, requestBody: visit('One') };
  assert.equal((await own.events.insert(inOwn)).status, 200);
  await assert.rejects(own.events.list({ calendarId }), lacking);
  const entries = await google.app(ANNA, 'calendar.calendarlist.readonly').calendarList.list();
  assert.deepEqual(
    entries.data.items?.map(({ summary }) => summary),
    [ANNA, 'CRM'],
  );
});

test('google-contracts 5: a calendar that the app made: 404 once it is deleted; ids are free in another one; events.owned reaches it', async () => {
  await using google = await stage();
  const own = google.app(ANNA, 'calendar.app.created');
  const make = async () =>
    (await own.calendars.insert({ requestBody: { summary: 'CRM' } })).data.id as string;
  const first = await make();
  const requestBody = visit('One', { id: 'event1' });
  await own.events.insert({ calendarId: first, requestBody });
  const owned = google.app(ANNA, 'calendar.events.owned');
  const { data } = await owned.events.list({ calendarId: first });
  assert.equal(data.items?.length, 1);
  await assert.rejects(
    owned.calendars.get({ calendarId: first }),
    refusal(403, 'insufficientPermissions'),
  );

  await google.phone(ANNA).calendars.delete({ calendarId: first });
  const gone = refusal(404, 'notFound');
  const syncToken = data.nextSyncToken as string;
  await assert.rejects(own.events.list({ calendarId: first }), gone);
  await assert.rejects(own.events.list({ calendarId: first, syncToken }), gone);
  await assert.rejects(own.events.get({ calendarId: first, eventId: 'event1' }), gone);
  await assert.rejects(own.events.insert({ calendarId: first, requestBody }), gone);
  await assert.rejects(own.events.delete({ calendarId: first, eventId: 'event1' }), gone);

  const second = await make();
  assert.notEqual(second, first);
  assert.equal((await own.events.insert({ calendarId: second, requestBody })).status, 200);
  await assert.rejects(
    own.events.insert({ calendarId: second, requestBody }),
    refusal(409, 'duplicate'),
  );
});

test('google-contracts 1.9: errors: 401 authError, 404 for the calendars of others, 403 over quota', async () => {
  await using google = await stage();
  const client = google.app(ANNA);
  await assert.rejects(
    client.events.list({ calendarId: 'ben@firm.example' }),
    refusal(404, 'notFound'),
  );
  google.workspace.quota.perUserPerMinute = 2;
  await client.events.list({ calendarId });
  await assert.rejects(client.events.list({ calendarId }), refusal(403, 'userRateLimitExceeded'));
  google.workspace.quota.perUserPerMinute = 600;
  google.workspace.quota.perProjectPerMinute = 2;
  await assert.rejects(client.events.list({ calendarId }), refusal(403, 'rateLimitExceeded'));
  google.advance(3_600_000);
  await assert.rejects(client.events.list({ calendarId }), refusal(401, 'authError'));
});

test('hooks and faults: before the effect nothing happens, after it only the answer is lost', async () => {
  await using google = await stage();
  const { faults } = google.workspace;
  const status = { kind: 'status', status: 503, reason: 'backendError', count: 1 } as const;
  faults.add({ service: 'calendar', method: 'events.insert', user: ANNA, ...status });
  await assert.rejects(insert(google, visit('a', { id: 'event1' })), refusal(503, 'backendError'));
  faults.add({ method: 'calendar.events.insert', when: 'after', ...status });
  await assert.rejects(insert(google, visit('b', { id: 'event2' })), refusal(503, 'backendError'));
  faults.add({ method: 'events.insert', kind: 'close', when: 'after', count: 1 });
  await assert.rejects(insert(google, visit('c', { id: 'event3' })));
  assert.deepEqual(ids(await list(google)), ['event2', 'event3']);
  assert.deepEqual(faults.list(), []);
});

test('google-contracts 1.1: a page may be short or empty and still have a next one; 250 a page, at most 2500', async () => {
  await using google = await stage();
  for (let i = 0; i < 251; i++) await insert(google, visit('x', { id: `event${i}` }));
  const first = await list(google);
  assert.deepEqual([ids(first).length, first.nextSyncToken], [250, undefined]);
  assert.equal(ids(await list(google, { maxResults: 9999 })).length, 251);
  await assert.rejects(list(google, { maxResults: 0 }), refusal(400, 'invalid'));
  google.workspace.raggedPages = true;
  const sizes: number[] = [];
  const found: (string | null | undefined)[] = [];
  for (let pageToken: string | undefined, end = false; !end; ) {
    const page = await list(google, { maxResults: 40, ...(pageToken && { pageToken }) });
    sizes.push(ids(page).length);
    found.push(...ids(page));
    pageToken = page.nextPageToken as string | undefined;
    end = pageToken === undefined;
    assert.equal(page.nextSyncToken !== undefined, end);
  }
  assert.equal(new Set(found).size, 251);
  assert.equal(found.length, 251);
  assert.ok(new Set(sizes).size > 1, String(sizes));
});

test('google-contracts 1.1: parameters that change between pages are refused, in every listing', async () => {
  await using google = await stage();
  const client = google.phone(ANNA);
  for (const id of ['event1', 'event2']) await insert(google, visit(id, { id }));
  await insert(google, visit('series', { id: 'event3', recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] }));
  const changed = refusal(400, 'invalid');
  const { nextPageToken } = await list(google, { maxResults: 1 });
  const pageToken = nextPageToken as string;
  await assert.rejects(list(google, { maxResults: 2, pageToken }), changed);
  await assert.rejects(list(google, { maxResults: 1, pageToken, singleEvents: true }), changed);
  const series = { calendarId, eventId: 'event3', maxResults: 1 };
  const of = (await client.events.instances(series)).data.nextPageToken as string;
  await assert.rejects(
    client.events.instances({ ...series, pageToken: of, showDeleted: true }),
    changed,
  );
  await client.calendars.insert({ requestBody: { summary: 'Two' } });
  const one = (await client.calendarList.list({ maxResults: 1 })).data.nextPageToken as string;
  await assert.rejects(client.calendarList.list({ maxResults: 2, pageToken: one }), changed);
});

test('google-contracts 1.1: the calendar list has a sync token of its own, and forbids what would hide changes', async () => {
  await using google = await stage();
  const client = google.phone(ANNA);
  const { data } = await client.calendarList.list();
  const syncToken = data.nextSyncToken as string;
  for (const wrong of [
    { minAccessRole: 'owner' },
    { showDeleted: false },
    { showHidden: false },
  ] as const) {
    await assert.rejects(
      client.calendarList.list({ syncToken, ...wrong }),
      refusal(400, 'invalid'),
    );
  }
  const made = await client.calendars.insert({ requestBody: { summary: 'Two' } });
  await client.calendars.delete({ calendarId: made.data.id as string });
  const news = await client.calendarList.list({ syncToken });
  assert.deepEqual(
    news.data.items?.map(({ id, deleted }) => [id, deleted]),
    [[made.data.id, true]],
  );
  await assert.rejects(list(google, { syncToken }), refusal(410, 'fullSyncRequired'));
});

test('google-contracts 1.2: with both showDeleted and singleEvents deleted instances come, never deleted masters', async () => {
  await using google = await stage();
  const recurrence = ['RRULE:FREQ=DAILY;COUNT=2'];
  await insert(google, visit('series', { id: 'event1', recurrence }));
  await insert(google, visit('single', { id: 'event2' }));
  for (const eventId of ['event1', 'event2']) {
    await google.phone(ANNA).events.delete({ calendarId, eventId });
  }
  assert.deepEqual(ids(await list(google, { showDeleted: true, singleEvents: true })), ['event2']);
  assert.deepEqual(ids(await list(google, { showDeleted: true })), ['event1', 'event2']);
});

test('google-contracts 1.4: maxAttendees hides guests and says so; at most 25 attachments', async () => {
  await using google = await stage();
  const attendees = [{ email: ANNA }, { email: 'x@other.example' }, { email: 'y@other.example' }];
  await insert(google, visit('One', { id: 'event1', attendees }));
  const client = google.phone(ANNA);
  const { data } = await client.events.get({ calendarId, eventId: 'event1', maxAttendees: 1 });
  assert.deepEqual(
    [data.attendees?.map(({ email }) => email), data.attendeesOmitted],
    [[ANNA], true],
  );
  const attachments = Array.from({ length: 26 }, (_, i) => ({ fileUrl: `https://d.example/${i}` }));
  await assert.rejects(
    client.events.insert({
      calendarId,
      supportsAttachments: true,
      requestBody: visit('Two', { attachments }),
    }),
    refusal(400, 'invalid'),
  );
});

test('google-contracts 1.4: eventLabelId needs its version, supersedes colorId, and an update without it loses it', async () => {
  await using google = await stage();
  const url = `${google.url}/calendar/v3/calendars/primary/events`;
  const send = async (method: string, path: string, body: object) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer user:${ANNA}` },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as { eventLabelId?: string; colorId?: string };
  };
  const label = { eventLabelId: 'l1' };
  const bare = await send('POST', '', {
    ...visit('One', { id: 'event1', colorId: '5' }),
    ...label,
  });
  assert.deepEqual([bare.eventLabelId, bare.colorId], [undefined, '5']);
  const both = await send('PATCH', '/event1?eventLabelVersion=1', { ...label, colorId: '7' });
  assert.deepEqual([both.eventLabelId, both.colorId], ['l1', '5']);
  assert.equal((await send('PATCH', '/event1', { summary: 'Two' })).eventLabelId, 'l1');
  assert.equal((await send('PUT', '/event1', visit('Three'))).eventLabelId, undefined);
});

test('google-contracts 1.4: only default events can be imported and moved', async () => {
  await using google = await stage();
  const client = google.phone(ANNA);
  const out = { eventType: 'outOfOffice', outOfOfficeProperties: {} };
  const away = { calendarId, requestBody: visit('x', { iCalUID: 'x@y', ...out }) };
  await assert.rejects(client.events.import(away), refusal(400, 'invalid'));
  await insert(google, visit('Away', { id: 'event1', ...out }));
  const { data } = await client.calendars.insert({ requestBody: { summary: 'Two' } });
  const destination = data.id as string;
  await assert.rejects(
    client.events.move({ calendarId, eventId: 'event1', destination }),
    refusal(400, 'invalid'),
  );
});

test('google-contracts 1.7: at most 50 calendars a query; the zone of the answer is UTC unless asked', async () => {
  await using google = await stage();
  await insert(google, visit('One'));
  const ask = async (count: number, timeZone?: string) =>
    (
      await google.phone(ANNA).freebusy.query({
        requestBody: {
          timeMin: '2026-12-01T00:00:00Z',
          timeMax: '2026-12-02T00:00:00Z',
          items: Array.from({ length: count }, () => ({ id: ANNA })),
          ...(timeZone && { timeZone }),
        },
      })
    ).data.calendars?.[ANNA]?.busy?.[0]?.start;
  assert.equal(await ask(50), '2026-12-01T08:00:00Z');
  assert.equal(await ask(1, 'Europe/Zurich'), '2026-12-01T09:00:00+01:00');
  await assert.rejects(ask(51), refusal(400, 'tooManyCalendarsRequested'));
});

test('google-contracts 1.9: 600 units a minute and user, 10,000 a minute and project', async () => {
  await using google = await stage();
  const { perUserPerMinute, perProjectPerMinute } = google.workspace.quota;
  assert.deepEqual([perUserPerMinute, perProjectPerMinute], [600, 10_000]);
  const client = google.app(ANNA);
  for (let i = 0; i < 600; i++) google.workspace.quota.spend('x', 'p', 'u', 1, START);
  assert.throws(
    () => google.workspace.quota.spend('x', 'p', 'u', 1, START + 59_999),
    /User Rate Limit/,
  );
  google.workspace.quota.spend('x', 'p', 'u', 1, START + 60_000);
  assert.equal((await client.events.list({ calendarId })).status, 200, 'another user has his own');
});
