/** The journal: what each run changed, with the values before and after, and never a private text. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { JournalEntry } from '../../functions/core/journal.ts';
import { inPages } from '../../functions/core/journal.ts';
import { readJournal } from '../../functions/sync/journal.ts';
import { createWorld, visit, type World } from '../support/world.ts';

/** Entries of the newest run. */
async function latest(world: World): Promise<JournalEntry[]> {
  const [run] = await world.store.journalRuns('anna', 1);
  return run ? (await readJournal(world.engine, 'anna', run.run)).entries : [];
}

test('journal: an insert, a change and a delete of the CRM, with before and after', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit(1, 9, { customer: { name: 'Muster AG' } })));
  const [insert] = await latest(world);
  assert.deepEqual(
    [insert?.rule, insert?.wrote, insert?.told, insert?.crmId, insert?.before],
    ['insert', 'insert', undefined, 'v1', null],
  );
  assert.equal(insert?.after?.subject, 'Visit at Muster AG');
  assert.deepEqual(insert?.after?.customer, { name: 'Muster AG' });
  const [event] = await world.events();
  assert.deepEqual([insert?.googleId, insert?.etag], [event?.id, event?.etag]);

  await world.crm(world.change('v1', visit(1, 9, { subject: 'New', place: ' Bern ' })));
  const [patch] = await latest(world);
  assert.deepEqual(
    [patch?.rule, patch?.wrote, patch?.before, patch?.after],
    [
      'merge',
      'patch',
      { subject: 'Visit at Muster AG', place: null },
      { subject: 'New', place: 'Bern' },
    ],
    'only what differs',
  );

  await world.crm(world.change('v1', {}, { op: 'delete' }));
  const [gone] = await latest(world);
  assert.deepEqual([gone?.wrote, gone?.before?.subject, gone?.after], ['delete', 'New', null]);
});

test('journal: what Google changed and the CRM was told; a run that changes nothing leaves no trace', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  await world.poll();
  const before = await world.store.journalRuns('anna', 100);
  await world.poll();
  assert.deepEqual(await world.store.journalRuns('anna', 100), before);
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'Moved' });
  await world.poll();
  const [told] = await latest(world);
  assert.deepEqual(
    [told?.wrote, told?.told, told?.before, told?.after],
    [undefined, 'upsert', { subject: 'Visit at Muster AG' }, { subject: 'Moved' }],
  );
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.poll();
  const [gone] = await latest(world);
  assert.deepEqual([gone?.told, gone?.before?.subject, gone?.after], ['delete', 'Moved', null]);
});

test('journal: a conflict stands in it with both values', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  const [event] = await world.events();
  await world.phone('anna', 'PATCH', `/${event?.id}`, { summary: 'Phone' });
  await world.crm(world.change('v1', visit(1, 9, { subject: 'CRM' })));
  const [entry] = await latest(world);
  assert.deepEqual(entry?.conflicts, [
    { field: 'subject', crm: 'CRM', google: 'Phone', winner: 'crm' },
  ]);
});

test('journal: four hundred records of one run are a document for each commit', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(
    ...Array.from({ length: 400 }, (_, i) => world.change(`m${i}`, visit(1 + (i % 5), 8))),
  );
  const [run] = await world.store.journalRuns('anna', 1);
  assert.equal(run?.size, 400);
  assert.equal((await world.store.journalOf('anna', run?.run ?? 0)).length, 4);
});

test('journal: it expires after 30 days', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(world.change('v1', visit()));
  await world.store.sweep(world.clock.now() + 30 * 86_400_000 - 1, 100);
  assert.equal((await world.store.journalRuns('anna', 1)).length, 1);
  await world.store.sweep(world.clock.now() + 30 * 86_400_000, 100);
  assert.equal((await world.store.journalRuns('anna', 1)).length, 0);
});

test('rule 4: journal: private texts of an event born at Google are never in it', async () => {
  const world = createWorld();
  await world.connect('anna');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const secret = { summary: 'Therapy', description: 'secret', location: 'secret' };
  const made = await world.phone('anna', 'POST', '', { ...secret, ...day, visibility: 'private' });
  await world.poll();
  await world.phone('anna', 'PATCH', `/${made.id}`, {
    location: 'secret too',
    end: { date: '2026-11-28' },
  });
  await world.poll();
  await world.crm(world.change('p1', { subject: 'Busy' }, { googleId: made.id }));
  await world.crm(world.change('p1', {}, { op: 'delete', googleId: made.id }));
  assert.ok((await world.store.journalRuns('anna', 9)).length >= 3);
  assert.doesNotMatch(world.store.dump(), /Therapy|secret/);
});

test('rule 4: journal: an event turned private later is shown without its texts from then on', async () => {
  const world = createWorld();
  await world.connect('anna');
  const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };
  const made = await world.phone('anna', 'POST', '', { summary: 'Open', ...day });
  await world.poll();
  const [first] = await world.store.journalRuns('anna', 1);
  assert.equal((await latest(world))[0]?.after?.subject, 'Open');
  await world.phone('anna', 'PATCH', `/${made.id}`, { visibility: 'private' });
  await world.poll();
  assert.doesNotMatch(JSON.stringify(await latest(world)), /Open/);
  const past = await readJournal(world.engine, 'anna', first?.run ?? 0);
  assert.equal(past.entries.length, 1);
  assert.doesNotMatch(JSON.stringify(past), /Open/);
});

test('journal: pieces fit into one document each; an entry that fits into none loses its values', () => {
  const entry = (size: number): JournalEntry => ({
    record: 'appointment',
    linkId: 'l',
    rule: 'insert',
    before: null,
    after: { description: 'x'.repeat(size) },
  });
  const page = { userId: 'u', run: 7, part: 2, at: 0, expireAt: 1 };
  const pages = inPages([entry(300), entry(300), entry(300), entry(2000)], page, 900);
  assert.deepEqual(
    pages.map(({ part, size }) => [part, size]),
    [
      [2, 2],
      [3, 2],
    ],
  );
  assert.deepEqual([pages[1]?.entries[1]?.cut, pages[1]?.entries[1]?.after], [true, {}]);
  for (const { entries } of pages) assert.ok(JSON.stringify(entries).length <= 902);
});
