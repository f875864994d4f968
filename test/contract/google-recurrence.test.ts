import assert from 'node:assert/strict';
import test from 'node:test';
import { occurrences, recurrenceProblem } from '../sandbox/google/calendar/recurrence.ts';
import { rfc3339, utcToWall, wallToUtc } from '../sandbox/google/calendar/zones.ts';

/** Starts of a timed series in a zone, as local texts. */
function starts(local: string, zone: string, lines: string[], until = '2031-01-01'): string[] {
  const start = Date.parse(`${local}Z`);
  const end = Date.parse(`${until}T00:00:00Z`);
  return occurrences({ start, allDay: false, zone, lines }, end).map(({ utc }) =>
    rfc3339(utc, zone),
  );
}

function days(date: string, lines: string[], until = '2031-01-01'): string[] {
  const start = Date.parse(`${date}T00:00:00Z`);
  const end = Date.parse(`${until}T00:00:00Z`);
  return occurrences({ start, allDay: true, zone: 'Europe/Zurich', lines }, end).map(
    ({ suffix }) => suffix,
  );
}

test('google-contracts 1.3: a series keeps its local time across the change to winter time', () => {
  assert.deepEqual(starts('2026-10-19T09:00:00', 'Europe/Zurich', ['RRULE:FREQ=WEEKLY;COUNT=3']), [
    '2026-10-19T09:00:00+02:00',
    '2026-10-26T09:00:00+01:00',
    '2026-11-02T09:00:00+01:00',
  ]);
});

test('google-contracts 1.2: instance ids carry the original start: UTC for timed series, a date for all-day ones', () => {
  const timed = occurrences(
    {
      start: Date.parse('2026-10-19T09:00:00Z'),
      allDay: false,
      zone: 'Europe/Zurich',
      lines: ['RRULE:FREQ=WEEKLY;COUNT=2'],
    },
    Date.parse('2027-01-01T00:00:00Z'),
  );
  assert.deepEqual(
    timed.map(({ suffix }) => suffix),
    ['20261019T070000Z', '20261026T080000Z'],
  );
  assert.deepEqual(days('2026-12-30', ['RRULE:FREQ=DAILY;COUNT=3']), [
    '20261230',
    '20261231',
    '20270101',
  ]);
});

test('google-contracts 1.2: RRULE: intervals, week starts, ordinals, month days, positions', () => {
  const two = 'RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU';
  // RFC 5545, 3.3.10: the same rule with another week start.
  assert.deepEqual(days('1997-08-05', [`${two};WKST=MO`]), [
    '19970805',
    '19970810',
    '19970819',
    '19970824',
  ]);
  assert.deepEqual(days('1997-08-05', [`${two};WKST=SU`]), [
    '19970805',
    '19970817',
    '19970819',
    '19970831',
  ]);
  assert.deepEqual(days('2026-01-02', ['RRULE:FREQ=MONTHLY;BYDAY=1FR;COUNT=3']), [
    '20260102',
    '20260206',
    '20260306',
  ]);
  assert.deepEqual(days('2026-01-30', ['RRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=3']), [
    '20260130',
    '20260227',
    '20260327',
  ]);
  assert.deepEqual(days('2026-01-31', ['RRULE:FREQ=MONTHLY;COUNT=3']), [
    '20260131',
    '20260331',
    '20260531',
  ]);
  assert.deepEqual(days('2026-01-31', ['RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3']), [
    '20260131',
    '20260228',
    '20260331',
  ]);
  const workdays = 'RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3';
  assert.deepEqual(days('2026-01-30', [workdays]), ['20260130', '20260227', '20260331']);
  assert.deepEqual(days('2024-02-29', ['RRULE:FREQ=YEARLY;COUNT=2']), ['20240229', '20280229']);
  assert.deepEqual(days('2026-03-02', ['RRULE:FREQ=YEARLY;BYMONTH=3,9;BYDAY=1MO;COUNT=3']), [
    '20260302',
    '20260907',
    '20270301',
  ]);
  assert.deepEqual(days('2026-03-02', ['RRULE:FREQ=DAILY;BYDAY=MO,FR;COUNT=3']), [
    '20260302',
    '20260306',
    '20260309',
  ]);
});

test('google-contracts 1.2: UNTIL is inclusive, as an instant and as a date', () => {
  const zone = 'America/New_York';
  const rule = 'RRULE:FREQ=DAILY;UNTIL=';
  assert.equal(starts('2026-03-07T09:00:00', zone, [`${rule}20260308T130000Z`]).length, 2);
  assert.equal(starts('2026-03-07T09:00:00', zone, [`${rule}20260308T125959Z`]).length, 1);
  assert.equal(starts('2026-03-07T09:00:00', zone, [`${rule}20260309`]).length, 3);
  assert.equal(days('2026-03-07', [`${rule}20260309`]).length, 3);
});

test('google-contracts 1.2: RDATE adds, EXDATE removes, and COUNT counts what EXDATE removes', () => {
  const zone = 'Europe/Zurich';
  assert.deepEqual(
    starts('2026-06-01T10:00:00', zone, [
      'RRULE:FREQ=DAILY;COUNT=3',
      'EXDATE;TZID=Europe/Zurich:20260602T100000',
      'RDATE:20260610T120000Z',
    ]),
    ['2026-06-01T10:00:00+02:00', '2026-06-03T10:00:00+02:00', '2026-06-10T14:00:00+02:00'],
  );
  assert.deepEqual(days('2026-06-01', ['RRULE:FREQ=DAILY;COUNT=2', 'EXDATE;VALUE=DATE:20260601']), [
    '20260602',
  ]);
});

test('google-contracts 1.2: DTSTART lines and unknown rules are refused', () => {
  assert.equal(recurrenceProblem(['RRULE:FREQ=DAILY', 'EXDATE:20260101T000000Z']), null);
  assert.match(recurrenceProblem(['DTSTART:20260101T000000Z']) ?? '', /DTSTART/);
  for (const rule of ['FREQ=HOURLY', 'FREQ=DAILY;COUNT=0', 'FREQ=DAILY;BYDAY=XX', 'COUNT=3']) {
    assert.notEqual(recurrenceProblem([`RRULE:${rule}`]), null, rule);
  }
});

test('google-contracts 1.3: clock readings that are skipped or shown twice', () => {
  const zone = 'Europe/Zurich';
  const at = (local: string) => rfc3339(wallToUtc(zone, Date.parse(`${local}Z`)), zone);
  assert.equal(at('2026-03-29T02:30:00'), '2026-03-29T03:30:00+02:00');
  assert.equal(at('2026-10-25T02:30:00'), '2026-10-25T02:30:00+02:00');
  const instant = Date.parse('2026-07-01T00:00:00Z');
  assert.equal(wallToUtc('Asia/Kolkata', utcToWall('Asia/Kolkata', instant)), instant);
  assert.equal(rfc3339(instant, 'America/St_Johns'), '2026-06-30T21:30:00-02:30');
  assert.equal(rfc3339(instant, 'UTC'), '2026-07-01T00:00:00Z');
});
