import assert from 'node:assert/strict';
import test from 'node:test';
import type { calendar_v3 } from '@googleapis/calendar';
import { refusal, type Stage, stage } from '../sandbox/google/stage.ts';

const ANNA = 'anna@firm.example';
const calendarId = 'primary';
type Event = calendar_v3.Schema$Event;

/** Three Mondays in Zurich, the last one after the end of summer time. */
const weekly: Event = {
  id: 'series1',
  summary: 'Weekly',
  start: { dateTime: '2026-10-12T09:00:00', timeZone: 'Europe/Zurich' },
  end: { dateTime: '2026-10-12T10:00:00', timeZone: 'Europe/Zurich' },
  recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'],
};
const SECOND = 'series1_20261019T070000Z';
const THIRD = 'series1_20261026T080000Z';

async function withSeries(google: Stage, more: Event = {}) {
  const client = google.phone(ANNA);
  await client.events.insert({ calendarId, requestBody: { ...weekly, ...more } });
  const list = async (params: Partial<calendar_v3.Params$Resource$Events$List> = {}) =>
    (await client.events.list({ calendarId, ...params })).data;
  const patch = async (eventId: string, requestBody: Event) =>
    (await client.events.patch({ calendarId, eventId, requestBody })).data;
  const remove = (eventId: string) => client.events.delete({ calendarId, eventId });
  return { client, list, patch, remove };
}

const ids = (events: calendar_v3.Schema$Events) => (events.items ?? []).map(({ id }) => id);

test('google-contracts 1.2: singleEvents=true gives instances and no master, false the master', async () => {
  await using google = await stage();
  const { client, list } = await withSeries(google);
  assert.deepEqual(ids(await list()), ['series1']);
  const { items } = await list({ singleEvents: true, orderBy: 'startTime' });
  assert.deepEqual(
    items?.map(({ id, recurringEventId, start, recurrence }) => [
      id,
      recurringEventId,
      start?.dateTime,
      recurrence,
    ]),
    [
      ['series1_20261012T070000Z', 'series1', '2026-10-12T09:00:00+02:00', undefined],
      [SECOND, 'series1', '2026-10-19T09:00:00+02:00', undefined],
      [THIRD, 'series1', '2026-10-26T09:00:00+01:00', undefined],
    ],
  );
  const timeMin = '2026-10-19T08:00:00Z';
  assert.deepEqual(ids(await list({ singleEvents: true, timeMin })), [THIRD]);
  assert.deepEqual(ids(await list({ timeMin })), ['series1']);
  assert.deepEqual(ids(await list({ timeMin: '2026-10-27T00:00:00Z' })), []);
  const { data } = await client.events.instances({ calendarId, eventId: 'series1', maxResults: 2 });
  assert.deepEqual(ids(data).length, 2);
  const pageToken = data.nextPageToken as string;
  const rest = await client.events.instances({
    calendarId,
    eventId: 'series1',
    maxResults: 2,
    pageToken,
  });
  assert.deepEqual(ids(rest.data), [THIRD]);
});

test('google-contracts 1.2: a changed instance is an exception: originalStartTime stays, one iCalUID for all', async () => {
  await using google = await stage();
  const { client, list, patch } = await withSeries(google);
  const { nextSyncToken } = await list();
  const moved = await patch(SECOND, {
    start: { dateTime: '2026-10-20T14:00:00+02:00' },
    end: { dateTime: '2026-10-20T15:00:00+02:00' },
  });
  assert.equal(moved.originalStartTime?.dateTime, '2026-10-19T09:00:00+02:00');
  assert.equal(moved.iCalUID, 'series1@google.com');
  const news = await list({ syncToken: nextSyncToken as string });
  assert.deepEqual(ids(news), [SECOND]);
  assert.deepEqual(ids(await list()), ['series1', SECOND]);
  const again = await client.events.get({ calendarId, eventId: SECOND });
  assert.equal(again.data.start?.dateTime, '2026-10-20T14:00:00+02:00');
  const recurrence = ['RRULE:FREQ=DAILY'];
  await assert.rejects(patch(THIRD, { recurrence }), refusal(400, 'invalid'));
  const eventId = 'series1_20261020T070000Z';
  await assert.rejects(client.events.get({ calendarId, eventId }), refusal(404, 'notFound'));
});

test('google-contracts 1.2: updatedMin lists what has changed since, deleted instances among it', async () => {
  await using google = await stage();
  const { list, patch, remove } = await withSeries(google);
  await remove(SECOND);
  google.advance(5000);
  const updatedMin = new Date(google.workspace.now()).toISOString();
  assert.deepEqual(ids(await list({ updatedMin })), []);
  await remove(THIRD);
  await patch('series1_20261012T070000Z', { location: 'Bern' });
  assert.deepEqual(ids(await list({ updatedMin })), [THIRD, 'series1_20261012T070000Z']);
});

test('google-contracts 1.2: cancelled instances of a live series are listed without showDeleted, of a dead one not', async () => {
  await using google = await stage();
  const { list, remove } = await withSeries(google);
  const { nextSyncToken } = await list();
  await remove(SECOND);
  await assert.rejects(remove(SECOND), refusal(410, 'deleted'));
  const { items } = await list({ syncToken: nextSyncToken as string });
  assert.deepEqual(
    items?.map(({ etag: _, ...rest }) => rest),
    [
      {
        kind: 'calendar#event',
        id: SECOND,
        status: 'cancelled',
        recurringEventId: 'series1',
        originalStartTime: { dateTime: '2026-10-19T09:00:00+02:00', timeZone: 'Europe/Zurich' },
      },
    ],
  );
  assert.deepEqual(ids(await list()), ['series1', SECOND]);
  assert.equal(ids(await list({ singleEvents: true })).length, 2);
  assert.equal(ids(await list({ singleEvents: true, showDeleted: true })).length, 3);
  await remove('series1');
  assert.deepEqual(ids(await list()), []);
  await assert.rejects(remove(THIRD), refusal(410, 'deleted'));
});

test('google-contracts 1.2: a shorter series takes its exceptions along; a new title reaches unchanged ones', async () => {
  await using google = await stage();
  const { client, list, patch } = await withSeries(google);
  await patch(SECOND, { location: 'Bern' });
  await patch(THIRD, { summary: 'Own title' });
  await patch('series1', { summary: 'New title' });
  const get = async (eventId: string) => (await client.events.get({ calendarId, eventId })).data;
  assert.equal((await get(SECOND)).summary, 'New title');
  assert.equal((await get(THIRD)).summary, 'Own title');
  const single = await list({ singleEvents: true });
  await patch('series1', { recurrence: ['RRULE:FREQ=WEEKLY;COUNT=1'] });
  assert.equal((await get(THIRD)).status, 'cancelled');
  const news = await list({ singleEvents: true, syncToken: single.nextSyncToken as string });
  assert.deepEqual(
    news.items?.map(({ id, status }) => [id, status]).sort(),
    [
      ['series1_20261012T070000Z', 'confirmed'],
      [SECOND, 'cancelled'],
      [THIRD, 'cancelled'],
    ].sort(),
  );
});

test('google-contracts 1.1: incremental with singleEvents=true tells which plain instances have vanished', async () => {
  await using google = await stage();
  const { list, patch, remove } = await withSeries(google);
  const first = await list({ singleEvents: true });
  await patch('series1', { recurrence: ['RRULE:FREQ=WEEKLY;COUNT=2'] });
  const second = await list({ singleEvents: true, syncToken: first.nextSyncToken as string });
  const gone = (events: calendar_v3.Schema$Events) =>
    ids({ items: (events.items ?? []).filter(({ status }) => status === 'cancelled') });
  assert.deepEqual(gone(second), [THIRD]);
  await remove('series1');
  const third = await list({ singleEvents: true, syncToken: second.nextSyncToken as string });
  assert.deepEqual(gone(third), ['series1_20261012T070000Z', SECOND]);
});

test('google-contracts 1.2: stricter visibility of an instance changes the whole series, a looser one is ignored', async () => {
  await using google = await stage();
  const { client, patch } = await withSeries(google);
  const ofSeries = async () =>
    (await client.events.get({ calendarId, eventId: 'series1' })).data.visibility;
  await patch(SECOND, { visibility: 'private' });
  assert.equal(await ofSeries(), 'private');
  assert.equal((await patch(THIRD, { visibility: 'public' })).visibility, 'private');
  assert.equal(await ofSeries(), 'private');
});

test('google-contracts 1.3: all-day series: dates, exclusive ends, dates in instance ids', async () => {
  await using google = await stage();
  const { client } = await withSeries(google, {
    start: { date: '2026-12-30' },
    end: { date: '2027-01-01' },
    recurrence: ['RRULE:FREQ=YEARLY;COUNT=2'],
  });
  const { data } = await client.events.instances({ calendarId, eventId: 'series1' });
  assert.deepEqual(
    data.items?.map(({ id, start, end }) => [id, start?.date, end?.date]),
    [
      ['series1_20261230', '2026-12-30', '2027-01-01'],
      ['series1_20271230', '2027-12-30', '2028-01-01'],
    ],
  );
});
