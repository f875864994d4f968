/** The preview: what a sync would do, told without doing any of it, and then really done. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { type Preview, preview } from '../../functions/sync/preview.ts';
import { createWorld, visit, type World } from '../support/world.ts';

/** A preview that provably leaves everything as it was. */
async function look(world: World): Promise<Preview> {
  const [state, told, calls] = [world.store.dump(), world.messages.length, world.calls.length];
  const events = JSON.stringify(await world.events());
  const logged: unknown[] = [];
  const log = (event: string, fields: object) => void logged.push(event, fields);
  const result = await preview({ ...world.engine, log }, 'anna');
  assert.ok(result);
  assert.equal(world.store.dump(), state);
  assert.equal(world.messages.length, told);
  assert.equal(JSON.stringify(await world.events()), events);
  const made = world.calls.slice(calls).filter(({ url }) => !url.endsWith('/token'));
  for (const { method, url, body } of made) {
    const reads =
      method === 'GET' ||
      (url.includes('/batch/') && !/^(POST|PATCH|PUT|DELETE) /m.test(body ?? ''));
    assert.ok(reads, `${method} ${url}`);
  }
  assert.doesNotMatch(JSON.stringify(logged), /Visit|Fair|Muster/);
  return result;
}

const day = { start: { date: '2026-11-26' }, end: { date: '2026-11-27' } };

test('preview before the first sync: what would go to either side, by count and by record', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.phone('anna', 'POST', '', { summary: 'Fair', ...day });
  await world.store.putIntents([
    world.change('v1', visit(1)),
    world.change('v2', visit(2)),
    world.change('far', {
      ...visit(1),
      start: { date: '2029-01-01' },
      end: { date: '2029-01-01' },
    }),
    world.change('bad', { subject: 'No time' }),
  ]);
  const seen = await look(world);
  assert.deepEqual(
    [seen.full, seen.massChange, seen.google, seen.crm, seen.waiting],
    [
      true,
      false,
      { create: 2, change: 0, delete: 0 },
      { create: 1, change: 0, delete: 0, unlink: 0, reject: 1 },
      1,
    ],
  );
  const v1 = seen.records.find((r) => r.crmId === 'v1');
  assert.equal(v1?.google?.fields?.subject, 'Visit at Muster AG');
  assert.equal(seen.records.find((r) => r.rule === 'import')?.crm?.fields?.subject, 'Fair');
  await world.poll();
  assert.equal((await world.events()).length, 3, 'as it said');
  assert.equal(
    world.messages.filter((m) => m.op === 'upsert' && m.record === 'appointment').length,
    1,
  );
});

test('preview at any time: changes, deletions and conflicts since the last run, on both sides', async () => {
  const world = createWorld();
  await world.connect('anna');
  const ids = ['a', 'b', 'c', 'd', 'e'];
  await world.crm(...ids.map((id, i) => world.change(id, visit(1, 8 + i))));
  await world.poll();
  const events = await world.events();
  await world.store.putIntents([
    world.change('a', visit(1, 8, { place: 'Bern' })),
    world.change('b', {}, { op: 'delete' }),
    world.change('e', visit(1, 12, { subject: 'CRM' })),
  ]);
  await world.phone('anna', 'PATCH', `/${events[2]?.id}`, { location: 'Thun' });
  await world.phone('anna', 'DELETE', `/${events[3]?.id}`);
  await world.phone('anna', 'PATCH', `/${events[4]?.id}`, { summary: 'Phone' });
  const seen = await look(world);
  assert.equal(seen.full, false);
  assert.deepEqual(seen.google, { create: 0, change: 2, delete: 1 });
  assert.deepEqual(seen.crm, { create: 0, change: 2, delete: 1, unlink: 0, reject: 0 });
  assert.equal(seen.conflicts, 1);
  assert.deepEqual(
    seen.records.map((r) => [r.crmId, r.google?.op, r.crm?.op, r.conflicts]).sort(),
    [
      ['a', 'change', undefined, undefined],
      ['b', 'delete', undefined, undefined],
      ['c', undefined, 'change', undefined],
      ['d', undefined, 'delete', undefined],
      ['e', 'change', 'change', ['subject']],
    ],
  );
  assert.deepEqual(seen.records.find((r) => r.crmId === 'a')?.google?.fields, { place: 'Bern' });
  await world.poll();
  assert.deepEqual(await look(world), {
    ...seen,
    google: { create: 0, change: 0, delete: 0 },
    crm: { create: 0, change: 0, delete: 0, unlink: 0, reject: 0 },
    conflicts: 0,
    records: [],
  });
});

test('preview C03: a mass change is shown record by record, and holds nobody', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.crm(
    ...Array.from({ length: 30 }, (_, i) => world.change(`m${i}`, visit(1 + (i % 5), 8))),
  );
  await world.poll();
  for (const event of await world.events()) await world.phone('anna', 'DELETE', `/${event.id}`);
  world.workspace.calendars.expireSyncTokens('anna@firm.example');
  const seen = await look(world);
  assert.deepEqual([seen.full, seen.massChange, seen.crm.delete], [true, true, 30]);
  await world.poll();
  assert.ok((await world.store.getUser('anna'))?.held?.appointment);
  assert.equal((await look(world)).crm.delete, 30, 'and for the person who has to decide');
});

test('rule 4: preview: private texts are not in it', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.phone('anna', 'POST', '', { summary: 'Therapy', ...day, visibility: 'private' });
  const seen = await look(world);
  assert.equal(seen.crm.create, 1);
  assert.doesNotMatch(JSON.stringify(seen), /Therapy/);
});

test('preview of a user who is not connected, or unknown', async () => {
  const world = createWorld();
  assert.equal(await preview(world.engine, 'nobody'), undefined);
  const user = { userId: 'x', email: 'x@firm.example', timeZone: 'UTC', enabled: true, version: 1 };
  await world.store.putUser(user);
  await assert.rejects(preview(world.engine, 'x'), /reauthorize: noToken/);
});
