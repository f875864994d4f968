import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseCrmMessage } from '../../functions/crm/incoming.ts';
import { documents, render } from '../../functions/crm/schemas/generate.ts';

test('the schemas in the repository are the ones of the code (npm run schemas)', () => {
  const folder = join(import.meta.dirname, '../../functions/crm/schemas');
  for (const [file, document] of Object.entries(documents())) {
    assert.equal(readFileSync(join(folder, file), 'utf8'), render(document), file);
  }
});

const good = {
  changeId: 'c',
  userId: 'u',
  version: 1,
  record: 'appointment',
  op: 'upsert',
  crmId: 'a',
  data: {},
};

test('one bad change of a message stops no other, and the answer says where', () => {
  const text = JSON.stringify({
    changes: [good, { ...good, version: 'two' }, { ...good, data: { subjekt: 'x' } }],
  });
  const parsed = parseCrmMessage(text);
  assert.equal(parsed.changes.length, 1);
  assert.match(parsed.refused[0]?.detail ?? '', /changes\.1\.version/);
  assert.match(parsed.refused[1]?.detail ?? '', /changes\.2\.data.*subjekt/);
});

test('bad messages of ten kinds are refused with a sentence, never thrown', () => {
  const bad = [
    'not json',
    '',
    '42',
    'null',
    '{"changes":[]}',
    JSON.stringify({ ...good, record: 'invoice' }),
    JSON.stringify({ ...good, op: 'replace' }),
    JSON.stringify({ ...good, crmId: '' }),
    JSON.stringify({ ...good, version: -1 }),
    JSON.stringify({ ...good, data: { start: { dateTime: '2026-02-30T10:00:00' } } }),
    JSON.stringify({
      ...good,
      data: { start: { dateTime: '2026-02-03T10:00:00', timeZone: 'Mars/Base' } },
    }),
    JSON.stringify({ ...good, data: { participants: [{ email: 'nobody' }] } }),
    JSON.stringify({ ...good, specVersion: '9' }),
    JSON.stringify({ ...good, data: { recurrence: 'RRULE:FREQ=DAILY' } }),
    JSON.stringify({ ...good, data: { recurrence: ['DTSTART:20261201T090000Z'] } }),
    JSON.stringify({ ...good, occurrence: { series: { crmId: 'S' } } }),
    JSON.stringify({
      ...good,
      occurrence: { series: {}, originalStart: { date: '2026-12-01' } },
    }),
    JSON.stringify({
      ...good,
      data: { recurrence: ['RRULE:FREQ=DAILY'] },
      occurrence: { series: { crmId: 'S' }, originalStart: { date: '2026-12-01' } },
    }),
  ];
  for (const text of bad) {
    const parsed = parseCrmMessage(text);
    assert.equal(parsed.changes.length, 0, text);
    assert.ok((parsed.refused[0]?.detail ?? '').length > 10, text);
  }
});
