/** What can be read off the lines of a recurrence without expanding them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { patternOf } from '../../functions/core/recurrence.ts';

const at = (dateTime: string, timeZone = 'Europe/Zurich') => ({ dateTime, timeZone });
const START = at('2026-11-24T09:00:00+01:00');
const of = (recurrence: string[], start: object = START) => patternOf({ start, recurrence });

test('rule 6: a series that only ends at another time has the same pattern', () => {
  const pattern = of(['RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=TU', 'EXDATE:20261201T080000Z']);
  const rules = ['FREQ=WEEKLY;COUNT=4;BYDAY=TU', 'UNTIL=20261215;FREQ=WEEKLY;BYDAY=TU'];
  for (const rule of [...rules, 'BYDAY=TU;FREQ=WEEKLY'])
    assert.equal(of(['EXDATE:20261201T080000Z', `RRULE:${rule}`]), pattern, rule);
  // The same instant, as another calendar writes it.
  const start = at('2026-11-24T08:00:00Z');
  assert.equal(of(['RRULE:FREQ=WEEKLY'], start), of(['RRULE:FREQ=WEEKLY']));
});

test('rule 6: one that begins at another time, or leaves other places out, has another pattern', () => {
  const rule = ['RRULE:FREQ=WEEKLY;COUNT=3'];
  const others = [
    of(rule, at('2026-12-01T09:00:00+01:00')),
    of(rule, at('2026-11-24T09:00:00+01:00', 'Africa/Lagos')),
    of(rule, { date: '2026-11-24' }),
    of(rule, { date: '2026-11-25' }),
    of(['RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3']),
    of(['RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=3']),
    of([...rule, 'EXDATE:20261201T080000Z']),
    of([...rule, 'RDATE:20261203T080000Z']),
  ];
  assert.equal(new Set([of(rule), ...others]).size, others.length + 1);
});
