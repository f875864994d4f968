import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Hours,
  intersected,
  merged,
  openTime,
  subtracted,
  widened,
} from '../../functions/core/intervals.ts';
import { isoInZone } from '../../functions/core/time.ts';

const of = (...pairs: [number, number][]) => pairs.map(([from, to]) => ({ from, to }));

test('overlapping, touching and nested intervals become one, empty ones none', () => {
  const intervals = of([5, 7], [1, 3], [3, 4], [6, 9], [6, 7], [2, 2], [12, 11]);
  assert.deepEqual(merged(intervals), of([1, 4], [5, 9]));
  assert.deepEqual(merged([]), []);
});

test('intersected and subtracted: ends are excluded, so what merely touches shares nothing', () => {
  const [a, b] = [of([0, 10], [20, 30]), of([5, 6], [10, 20], [29, 40])];
  assert.deepEqual(intersected(a, b), of([5, 6], [29, 30]));
  assert.deepEqual(subtracted(a, b), of([0, 5], [6, 10], [20, 29]));
  assert.deepEqual(subtracted(a, []), a);
  assert.deepEqual(subtracted([], a), []);
});

test('widened joins what buffers make touch', () => {
  assert.deepEqual(widened(of([10, 12], [15, 16]), 2, 1), of([8, 17]));
});

const everyDay = (from: number, to: number): Hours[] => [
  { days: [0, 1, 2, 3, 4, 5, 6], from: from * 60, to: to * 60 },
];

/** Working hours of one day, as texts. */
const open = (zone: string, day: string, hours: Hours[]) => {
  const from = Date.parse(`${day}T00:00:00Z`) - 14 * 3_600_000;
  return openTime(zone, hours, { from, to: from + 40 * 3_600_000 })
    .map((one) => `${isoInZone(zone, one.from)} ${isoInZone(zone, one.to)}`)
    .filter((text) => text.startsWith(day));
};

test('C22 working hours on the day when clocks go forward: the hour that is skipped is none', () => {
  assert.deepEqual(open('Europe/Zurich', '2027-03-28', everyDay(2, 4)), [
    '2027-03-28T03:00:00+02:00 2027-03-28T04:00:00+02:00',
  ]);
  assert.deepEqual(open('Europe/Zurich', '2027-03-28', everyDay(2.25, 2.75)), []);
  assert.deepEqual(open('Europe/Zurich', '2027-03-28', everyDay(1, 5)), [
    '2027-03-28T01:00:00+01:00 2027-03-28T05:00:00+02:00',
  ]);
});

test('C22 on the day when clocks go back the hour that comes twice counts twice', () => {
  assert.deepEqual(open('Europe/Zurich', '2027-10-31', everyDay(2, 3)), [
    '2027-10-31T02:00:00+02:00 2027-10-31T03:00:00+01:00',
  ]);
  assert.deepEqual(open('Europe/Zurich', '2027-10-31', everyDay(2, 2.5)), [
    '2027-10-31T02:00:00+02:00 2027-10-31T02:30:00+02:00',
    '2027-10-31T02:00:00+01:00 2027-10-31T02:30:00+01:00',
  ]);
});

test('C22 clocks that change at midnight, and by half an hour', () => {
  assert.deepEqual(open('Africa/Cairo', '2027-04-30', everyDay(0, 2)), [
    '2027-04-30T01:00:00+03:00 2027-04-30T02:00:00+03:00',
  ]);
  assert.deepEqual(open('Australia/Lord_Howe', '2027-10-03', everyDay(1, 3)), [
    '2027-10-03T01:00:00+10:30 2027-10-03T03:00:00+11:00',
  ]);
});

test('only the days named, cut to the period, and several hours a day', () => {
  const hours = [
    { days: [1], from: 480, to: 720 },
    { days: [1, 2], from: 720, to: 1020 },
  ];
  const period = {
    from: Date.parse('2026-11-23T09:30:00+01:00'),
    to: Date.parse('2026-11-29T00:00:00+01:00'),
  };
  assert.deepEqual(
    openTime('Europe/Zurich', hours, period).map(({ from, to }) => [
      isoInZone('Europe/Zurich', from),
      isoInZone('Europe/Zurich', to),
    ]),
    [
      ['2026-11-23T09:30:00+01:00', '2026-11-23T17:00:00+01:00'],
      ['2026-11-24T12:00:00+01:00', '2026-11-24T17:00:00+01:00'],
    ],
  );
});
