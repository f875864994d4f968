import assert from 'node:assert/strict';
import test from 'node:test';
import {
  addDays,
  canonicalMoment,
  instantOf,
  isoInZone,
  wallToInstant,
} from '../../functions/core/time.ts';

test('C22 wall times keep their place across both clock changes in four zones', () => {
  const cases: [string, string, string][] = [
    ['Europe/Berlin', '2026-03-29T01:59:00', '2026-03-29T01:59:00+01:00'],
    ['Europe/Berlin', '2026-03-29T02:30:00', '2026-03-29T03:30:00+02:00'], // skipped: moves on
    ['Europe/Berlin', '2026-10-25T02:30:00', '2026-10-25T02:30:00+02:00'], // twice: the first
    ['America/Winnipeg', '2026-11-01T09:00:00', '2026-11-01T09:00:00-06:00'],
    ['Asia/Kolkata', '2026-06-01T09:00:00', '2026-06-01T09:00:00+05:30'],
    ['Pacific/Auckland', '2026-04-05T02:30:00', '2026-04-05T02:30:00+13:00'],
    ['Pacific/Auckland', '2026-09-27T02:30:00', '2026-09-27T03:30:00+13:00'],
  ];
  for (const [timeZone, wall, expected] of cases) {
    assert.deepEqual(canonicalMoment({ dateTime: wall, timeZone }, 'UTC'), {
      dateTime: expected,
      timeZone,
    });
  }
});

test('C22 the second of two equal hours in autumn keeps its offset', () => {
  const second = { dateTime: '2026-10-25T02:30:00+01:00', timeZone: 'Europe/Zurich' };
  assert.deepEqual(canonicalMoment(second, 'UTC'), second);
});

test('an offset is shown in the given zone; without a zone the user’s counts', () => {
  assert.deepEqual(canonicalMoment({ dateTime: '2026-11-24T08:00:00Z' }, 'Europe/Zurich'), {
    dateTime: '2026-11-24T09:00:00+01:00',
    timeZone: 'Europe/Zurich',
  });
  assert.equal(instantOf({ date: '2026-07-01' }, 'Europe/Zurich'), Date.UTC(2026, 5, 30, 22));
  assert.equal(addDays('2026-02-28', 1), '2026-03-01');
});

test('every instant of a year survives the way through its wall time, except the repeated hour', () => {
  for (const timeZone of [
    'Europe/Zurich',
    'America/Winnipeg',
    'Asia/Kolkata',
    'Pacific/Auckland',
  ]) {
    for (let t = Date.UTC(2026, 0, 1); t < Date.UTC(2027, 0, 1); t += 1_800_000) {
      const iso = isoInZone(timeZone, t);
      assert.equal(Date.parse(iso), t);
      const back = wallToInstant(timeZone, Date.parse(`${iso.slice(0, 19)}Z`));
      assert.ok(back === t || back === t - 3_600_000, `${timeZone} ${iso}`);
    }
  }
});
