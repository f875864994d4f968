import assert from 'node:assert/strict';
import test from 'node:test';
import type { calendar_v3 } from '@googleapis/calendar';
import { refusal, type Stage, stage } from '../sandbox/google/stage.ts';

const ANNA = 'anna@firm.example';
const BEN = 'ben@firm.example';
const CUSTOMER = 'customer@other.example';
const calendarId = 'primary';
const eventId = 'event1';
type Event = calendar_v3.Schema$Event;

const meeting: Event = {
  id: eventId,
  summary: 'Meeting',
  start: { dateTime: '2026-12-01T09:00:00Z' },
  end: { dateTime: '2026-12-01T10:00:00Z' },
  attendees: [{ email: BEN }, { email: CUSTOMER }],
  extendedProperties: { private: { mine: '1' }, shared: { crm: '7' } },
};

async function meet(google: Stage, more: Event = {}, params: object = {}) {
  google.workspace.createAccount({ email: BEN });
  const anna = google.phone(ANNA);
  const ben = google.phone(BEN);
  await anna.events.insert({ calendarId, requestBody: { ...meeting, ...more }, ...params });
  const at = async (client: calendar_v3.Calendar, id = eventId) =>
    (await client.events.get({ calendarId, eventId: id })).data;
  return { anna, ben, at };
}

const answerOf = (event: Event, email: string) =>
  event.attendees?.find((attendee) => attendee.email === email)?.responseStatus;

test('google-contracts 1.5: a guest gets a copy: same id and iCalUID, shared properties, not the private ones', async () => {
  await using google = await stage();
  const { anna, ben, at } = await meet(google);
  const copy = await at(ben);
  const original = await at(anna);
  assert.equal(copy.iCalUID, original.iCalUID);
  assert.deepEqual(copy.organizer, { email: ANNA });
  assert.deepEqual(original.organizer, { email: ANNA, self: true });
  assert.deepEqual(copy.extendedProperties, { shared: { crm: '7' } });
  assert.equal(copy.attendees?.find(({ self }) => self)?.email, BEN);
  await ben.events.patch({
    calendarId,
    eventId,
    requestBody: { extendedProperties: { private: { his: '2' }, shared: { more: '3' } } },
  });
  const after = (await at(anna)).extendedProperties;
  assert.deepEqual(after, { private: { mine: '1' }, shared: { crm: '7', more: '3' } });
  await anna.events.patch({ calendarId, eventId, requestBody: { summary: 'Moved' } });
  const followed = await at(ben);
  assert.equal(followed.summary, 'Moved');
  assert.deepEqual(followed.extendedProperties?.private, { his: '2' });
});

test('google-contracts 1.9: 403 for a non-organizer; the own answer, reminders and transparency are free', async () => {
  await using google = await stage();
  const { anna, ben, at } = await meet(google);
  const patch = (requestBody: Event) => ben.events.patch({ calendarId, eventId, requestBody });
  const refused = refusal(403, 'forbiddenForNonOrganizer');
  await assert.rejects(patch({ summary: 'Mine' }), refused);
  await assert.rejects(patch({ location: 'Here' }), refused);
  await assert.rejects(patch({ start: { dateTime: '2026-12-01T09:30:00Z' } }), refused);
  await patch({
    attendees: [{ email: BEN, responseStatus: 'accepted' }, { email: CUSTOMER }],
    reminders: { useDefault: false },
    transparency: 'transparent',
  });
  const original = await at(anna);
  assert.equal(answerOf(original, BEN), 'accepted');
  assert.equal(original.transparency, undefined);
  assert.deepEqual(original.reminders, { useDefault: true });
  const requestBody = { ...(await at(ben)), colorId: '5' };
  await ben.events.update({ calendarId, eventId, requestBody });
});

test('google-contracts 1.4: a guest who deletes the copy declines; removing a guest cancels the copy', async () => {
  await using google = await stage();
  const { anna, ben, at } = await meet(google);
  await ben.events.delete({ calendarId, eventId });
  assert.equal(answerOf(await at(anna), BEN), 'declined');
  await anna.events.patch({ calendarId, eventId, requestBody: { summary: 'Still on' } });
  assert.equal((await at(ben)).status, 'cancelled');

  const second = 'event2';
  await anna.events.insert({ calendarId, requestBody: { ...meeting, id: second } });
  const attendees = [{ email: CUSTOMER }];
  await anna.events.patch({ calendarId, eventId: second, requestBody: { attendees } });
  assert.equal((await at(ben, second)).status, 'cancelled');
  await anna.events.patch({
    calendarId,
    eventId: second,
    requestBody: { attendees: [{ email: BEN }] },
  });
  assert.equal((await at(ben, second)).status, 'confirmed');
  await anna.events.delete({ calendarId, eventId: second });
  assert.equal((await at(ben, second)).status, 'cancelled');
});

test('google-contracts 1.2: an answer to one occurrence makes an exception in both calendars', async () => {
  await using google = await stage();
  const zone = { timeZone: 'Europe/Zurich' };
  const { anna, ben, at } = await meet(google, {
    start: { dateTime: '2026-12-01T10:00:00', ...zone },
    end: { dateTime: '2026-12-01T11:00:00', ...zone },
    recurrence: ['RRULE:FREQ=DAILY;COUNT=3'],
  });
  const id = 'event1_20261202T090000Z';
  const attendees = [{ email: BEN, responseStatus: 'declined' }, { email: CUSTOMER }];
  await ben.events.patch({ calendarId, eventId: id, requestBody: { attendees } });
  assert.equal(answerOf(await at(anna, id), BEN), 'declined');
  assert.equal(answerOf(await at(anna), BEN), 'needsAction');
  const cancelled = 'event1_20261203T090000Z';
  await anna.events.delete({ calendarId, eventId: cancelled });
  const { data } = await ben.events.list({ calendarId });
  assert.deepEqual(
    data.items?.map((event) => [event.id, event.status]),
    [
      ['event1', 'confirmed'],
      [id, 'confirmed'],
      [cancelled, 'cancelled'],
    ],
  );
});

test('google-contracts 1.4: no mail by default; sendUpdates=all and externalOnly name who would get one', async () => {
  await using google = await stage();
  const { anna } = await meet(google);
  assert.deepEqual(google.workspace.mails, []);
  const patch = (sendUpdates: string) =>
    anna.events.patch({ calendarId, eventId, sendUpdates, requestBody: { summary: sendUpdates } });
  await patch('externalOnly');
  await patch('all');
  assert.deepEqual(
    google.workspace.mails.map(({ to, kind }) => [to, kind]),
    [
      [CUSTOMER, 'update'],
      [BEN, 'update'],
      [CUSTOMER, 'update'],
    ],
  );
  await assert.rejects(patch('some'), refusal(400, 'invalid'));
});

test('google-contracts 1.7: a declined event is not busy', async () => {
  await using google = await stage();
  const { ben } = await meet(google);
  const busy = async () => {
    const { data } = await ben.freebusy.query({
      requestBody: {
        timeMin: '2026-12-01T00:00:00Z',
        timeMax: '2026-12-02T00:00:00Z',
        items: [{ id: BEN }],
      },
    });
    return data.calendars?.[BEN]?.busy?.length;
  };
  assert.equal(await busy(), 1);
  const attendees = [{ email: BEN, responseStatus: 'declined' }, { email: CUSTOMER }];
  await ben.events.patch({ calendarId, eventId, requestBody: { attendees } });
  assert.equal(await busy(), 0);
});
