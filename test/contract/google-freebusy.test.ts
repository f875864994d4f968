import assert from 'node:assert/strict';
import test from 'node:test';
import type { calendar_v3 } from '@googleapis/calendar';
import { refusal, type Stage, stage } from '../sandbox/google/stage.ts';

const ANNA = 'anna@firm.example';
const BEN = 'ben@firm.example';
const calendarId = 'primary';
type Query = calendar_v3.Schema$FreeBusyRequest;

const DAY: Query = { timeMin: '2026-12-01T00:00:00Z', timeMax: '2026-12-02T00:00:00Z' };
const at = (hour: number) => ({
  dateTime: `2026-12-01T${String(hour).padStart(2, '0')}:00:00Z`,
});

async function add(
  google: Stage,
  email: string,
  from: number,
  to: number,
  more: calendar_v3.Schema$Event = {},
): Promise<calendar_v3.Schema$Event> {
  const requestBody = { summary: 'Secret', start: at(from), end: at(to), ...more };
  return (await google.phone(email).events.insert({ calendarId, requestBody })).data;
}

async function ask(google: Stage, asker: string, ids: string[], more: Query = {}) {
  const items = ids.map((id) => ({ id }));
  const client = google.app(asker, 'calendar.freebusy');
  return (await client.freebusy.query({ requestBody: { ...DAY, items, ...more } })).data;
}

/** Hours of the day, as `from-to`. */
const hours = (calendar: calendar_v3.Schema$FreeBusyCalendar | undefined) =>
  calendar?.busy?.map(({ start, end }) => `${start?.slice(11, 13)}-${end?.slice(11, 13)}`);

test('google-contracts 1.7 and 1.8: what makes busy, merged, and no text of it', async () => {
  await using google = await stage();
  await add(google, ANNA, 8, 9);
  await add(google, ANNA, 9, 10);
  await add(google, ANNA, 9, 11, { visibility: 'private' });
  await add(google, ANNA, 12, 13, { transparency: 'transparent' });
  await add(google, ANNA, 14, 15, { attendees: [{ email: ANNA, responseStatus: 'declined' }] });
  await add(google, ANNA, 16, 17, { attendees: [{ email: ANNA, responseStatus: 'tentative' }] });
  await add(google, ANNA, 18, 19, { eventType: 'outOfOffice', outOfOfficeProperties: {} });
  const { id } = await add(google, ANNA, 20, 21);
  await google.phone(ANNA).events.delete({ calendarId, eventId: id as string });
  const answer = await ask(google, ANNA, [calendarId]);
  assert.deepEqual(hours(answer.calendars?.primary), ['08-11', '16-17', '18-19']);
  assert.doesNotMatch(JSON.stringify(answer), /Secret/);
});

test('google-contracts 1.7: all-day events count in the zone of the calendar; what lies outside is cut off', async () => {
  await using google = await stage();
  google.workspace.createAccount({ email: ANNA, timeZone: 'Europe/Zurich' });
  const requestBody = { start: { date: '2026-12-01' }, end: { date: '2026-12-02' } };
  await google.phone(ANNA).events.insert({ calendarId, requestBody });
  const { calendars } = await ask(google, ANNA, [ANNA]);
  assert.deepEqual(calendars?.[ANNA]?.busy, [
    { start: '2026-12-01T00:00:00Z', end: '2026-12-01T23:00:00Z' },
  ]);
  const zoned = await ask(google, ANNA, [ANNA], { timeZone: 'Europe/Zurich' });
  assert.equal(zoned.calendars?.[ANNA]?.busy?.[0]?.end, '2026-12-02T00:00:00+01:00');
});

test('google-contracts 1.7: errors are per calendar: strangers, hidden, secondary and deleted ones are not found', async () => {
  await using google = await stage();
  await add(google, BEN, 8, 9);
  const hidden = 'cleo@firm.example';
  google.workspace.calendars.primary(hidden).hidden = true;
  const own = await google.phone(BEN).calendars.insert({ requestBody: { summary: 'CRM' } });
  const second = own.data.id as string;
  google.workspace.createAccount({ email: 'a@gmail.com', timeZone: 'UTC' });
  google.workspace.createAccount({ email: 'b@gmail.com', timeZone: 'UTC' });
  const { calendars } = await ask(google, ANNA, [BEN, hidden, second, 'x@else.example']);
  assert.deepEqual(hours(calendars?.[BEN]), ['08-09'], 'a colleague');
  for (const id of [hidden, second, 'x@else.example']) {
    assert.equal(calendars?.[id]?.errors?.[0]?.reason, 'notFound', id);
    assert.deepEqual(calendars?.[id]?.busy, []);
  }
  const mine = await ask(google, hidden, [hidden]);
  assert.equal(mine.calendars?.[hidden]?.errors, undefined, 'the owner sees it');
  const strangers = await ask(google, 'a@gmail.com', ['b@gmail.com']);
  assert.equal(strangers.calendars?.['b@gmail.com']?.errors?.[0]?.reason, 'notFound');
  await google.phone(BEN).calendars.delete({ calendarId: second });
  const after = await ask(google, BEN, [second]);
  assert.equal(after.calendars?.[second]?.errors?.[0]?.reason, 'notFound');
});

test('google-contracts 1.7: refusals: no offset, an empty or too long period, more than 50 calendars, no zone', async () => {
  await using google = await stage();
  const many = (count: number) => Array.from({ length: count }, (_, i) => `u${i}@firm.example`);
  const wrong: [string[], Query, string][] = [
    [[ANNA], { timeMin: '2026-12-01T00:00:00' }, 'badRequest'],
    [[ANNA], { timeMax: DAY.timeMin as string }, 'timeRangeEmpty'],
    [[ANNA], { timeMax: '2027-03-02T00:00:00Z' }, 'timeRangeTooLong'],
    [many(51), {}, 'tooManyCalendarsRequested'],
    [many(3), { calendarExpansionMax: 2 }, 'tooManyCalendarsRequested'],
    [[ANNA], { timeZone: 'Mars/Base' }, 'invalid'],
  ];
  for (const [ids, more, reason] of wrong) {
    await assert.rejects(ask(google, ANNA, ids, more), refusal(400, reason), reason);
  }
  assert.equal(Object.keys((await ask(google, ANNA, many(50))).calendars ?? {}).length, 50);
  await ask(google, ANNA, [ANNA], { timeMax: '2027-03-01T00:00:00Z' });
});

test('google-contracts 2: in a batch each part is answered with its own token', async () => {
  await using google = await stage();
  const tokens = ['anna@one.example', 'ben@two.example'].map((email) => ({
    email,
    token: google.workspace.grant(email, ['calendar.freebusy']).access_token,
  }));
  const body = tokens
    .map(({ email, token }, i) => {
      const json = JSON.stringify({ ...DAY, items: [{ id: email }] });
      const own = i === 0 ? '' : `authorization: Bearer ${token}\r\n`;
      return `--b\r\nContent-Type: application/http\r\nContent-ID: <${i}>\r\n\r\nPOST /calendar/v3/freeBusy HTTP/1.1\r\n${own}content-type: application/json\r\n\r\n${json}\r\n`;
    })
    .join('');
  const answer = await fetch(`${google.url}/batch/calendar/v3`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokens[0]?.token}`,
      'content-type': 'multipart/mixed; boundary=b',
    },
    body: `${body}--b--\r\n`,
  });
  const text = await answer.text();
  assert.equal(text.match(/HTTP\/1.1 200/g)?.length, 2);
  assert.doesNotMatch(text, /notFound/);
});
