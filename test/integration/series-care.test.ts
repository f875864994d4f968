/** Series as records: preview, journal, undo, crashes, and the setting itself. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { User } from '../../functions/core/records.ts';
import { preview } from '../../functions/sync/preview.ts';
import { undoRun } from '../../functions/sync/undo.ts';
import { SeriesCrm } from '../support/series-crm.ts';
import { createWorld, type World, type WorldOptions } from '../support/world.ts';

const crms: SeriesCrm[] = [];
afterEach(() => {
  for (const crm of crms.splice(0)) assert.deepEqual(crm.world.workspace.mails, []);
});

async function connected(options: WorldOptions = {}): Promise<SeriesCrm> {
  const crm = new SeriesCrm(options);
  crms.push(crm);
  return crm.connect();
}

const zurich = (dateTime: string) => ({ dateTime, timeZone: 'Europe/Zurich' });
const moved = (day: string, hour: number) => ({
  start: zurich(`2026-${day}T${hour}:00:00+01:00`),
  end: zurich(`2026-${day}T${hour + 1}:00:00+01:00`),
});
/** Tuesdays at ten, from 24 November 2026. */
const weekly = {
  subject: 'Round',
  status: 'planned',
  ...moved('11-24', 10),
  recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'],
};
const at = (day: string) => ({
  series: { crmId: 'S' },
  originalStart: zurich(`2026-${day}T10:00:00+01:00`),
});
const special = { subject: 'Special', status: 'planned', ...moved('12-03', 14) };

/** A series with a moved and a cancelled occurrence. */
async function withSeries(options?: WorldOptions): Promise<SeriesCrm> {
  const crm = await connected(options);
  await crm.publish(crm.edit('S', weekly));
  await crm.publish(crm.edit('X', special, at('12-01')), crm.remove('Y', at('12-08')));
  await crm.same();
  return crm;
}

async function undoLatest(crm: SeriesCrm) {
  const [latest] = await crm.world.store.journalRuns('anna', 1);
  crm.world.messages.length = 0;
  const report = await undoRun(crm.world.engine, 'anna', latest?.run ?? -1);
  assert.equal(report.outcome, 'done');
  await crm.hear();
  return report;
}

test('preview of series, exceptions and cancelled occurrences, both ways, and then the run does just that', async () => {
  const crm = await withSeries();
  const { world } = crm;
  await world.store.putIntents([
    crm.edit('X', { subject: 'Edited' }),
    crm.edit('Z', { ...special, ...moved('12-16', 16) }, at('12-15')),
    crm.edit('N', { ...weekly, subject: 'New' }),
  ]);
  const series = await world.phone('anna', 'POST', '', {
    summary: 'Phone',
    ...moved('11-25', 10),
    recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'],
  });
  await world.phone('anna', 'DELETE', `/${series.id}_20261202T090000Z`);
  const state = world.store.dump();
  const seen = await preview(world.engine, 'anna');
  assert.equal(world.store.dump(), state);
  assert.deepEqual(
    [seen?.google, seen?.crm, seen?.conflicts],
    [
      { create: 1, change: 2, delete: 0 },
      { create: 1, change: 0, delete: 1, unlink: 0, reject: 0 },
      0,
    ],
  );
  await crm.poll();
  await crm.same();
});

test('preview of a series that the CRM deletes and an occurrence of which the phone has edited, and then the run does just that', async () => {
  const crm = await withSeries();
  const { world } = crm;
  const [event] = (await world.events()).filter((e) => e.recurrence);
  await world.phone('anna', 'PATCH', `/${event?.id}_20261201T090000Z`, { summary: 'Phone' });
  await world.store.putIntents([crm.remove('S')]);
  const seen = await preview(world.engine, 'anna');
  assert.deepEqual(
    [seen?.google, seen?.records.map(({ crmId, conflicts }) => [crmId, conflicts])],
    [
      { create: 0, change: 0, delete: 0 },
      [
        ['S', ['deletedInCrm']],
        ['X', ['deletedInCrm']],
      ],
    ],
  );
  await crm.poll();
  await crm.same();
});

test('undo: a series, an exception and a cancelled occurrence that the CRM made go again', async () => {
  const crm = await connected();
  await crm.publish(crm.edit('S', weekly));
  await crm.publish(crm.edit('X', special, at('12-01')));
  await undoLatest(crm);
  assert.equal(crm.records.get('X')?.data.subject, 'Round', 'as its series has it');
  assert.equal((await crm.same()).length, 4);
  await crm.publish(crm.remove('Y', at('12-08')));
  assert.equal((await crm.same()).length, 3);
  await undoLatest(crm);
  assert.equal((await crm.same()).length, 4);
});

for (const what of ['moved', 'taken out'] as const) {
  test(`undo: an insertion stays when an occurrence of the series was ${what} since, polled or not`, async () => {
    const crm = await connected();
    await crm.publish(crm.edit('S', weekly));
    const [, second] = (await crm.world.phone('anna', 'GET', '?singleEvents=true')).items;
    const path = `/${second?.id}`;
    if (what === 'moved')
      await crm.world.phone('anna', 'PATCH', path, { summary: 'Special', ...moved('12-03', 14) });
    else await crm.world.phone('anna', 'DELETE', path);
    const { kept, undone } = await undoLatest(crm);
    assert.deepEqual([undone, kept.map((k) => [k.crmId, k.reason])], [[], [['S', 'newer']]]);
    await crm.poll();
    assert.equal((await crm.same()).length, what === 'moved' ? 4 : 3);
  });
}

test('undo: an answer that lacks the series says nothing of its occurrences either: what is newer stays', async () => {
  const crm = await connected();
  const { world } = crm;
  await crm.publish(crm.edit('S', weekly));
  const [, second] = (await world.phone('anna', 'GET', '?singleEvents=true')).items;
  await world.phone('anna', 'PATCH', `/${second?.id}`, { summary: 'Special' });
  const [latest] = await world.store.journalRuns('anna', 1);
  world.workspace.faults.add({ kind: 'empty', method: 'events.list', client: 'sync', count: 1 });
  assert.equal((await undoRun(world.engine, 'anna', latest?.run ?? -1)).outcome, 'later');
  const { kept } = await undoLatest(crm);
  assert.deepEqual(
    kept.map((k) => [k.crmId, k.reason]),
    [['S', 'newer']],
  );
});

for (const what of ['changed', 'taken out'] as const) {
  test(`undo: a changed rule stays when an occurrence was ${what} since, and is put back when it was before`, async () => {
    for (const since of [true, false]) {
      const crm = await connected();
      await crm.publish(crm.edit('S', { ...weekly, recurrence: ['RRULE:FREQ=DAILY;COUNT=9'] }));
      const special = async () => {
        crm.world.advance(1000);
        const [, second] = (await crm.world.phone('anna', 'GET', '?singleEvents=true')).items;
        const path = `/${second?.id}`;
        if (what === 'taken out') await crm.world.phone('anna', 'DELETE', path);
        else await crm.world.phone('anna', 'PATCH', path, { summary: 'Special' });
      };
      if (!since) await special();
      await crm.poll();
      crm.world.advance(1000);
      await crm.publish(crm.edit('S', { recurrence: ['RRULE:FREQ=DAILY;COUNT=3'] }));
      if (since) await special();
      const { kept } = await undoLatest(crm);
      assert.deepEqual(
        kept.map((k) => k.reason),
        since ? ['newer'] : [],
      );
      await crm.poll();
      const shown = await crm.same();
      assert.equal(shown.length, (since ? 3 : 9) - (what === 'taken out' ? 1 : 0));
      assert.equal(
        shown.some((text) => text.includes('Special')),
        what === 'changed',
      );
    }
  });
}

test('undo: a changed time stays when an occurrence that the same run had changed was taken out since', async () => {
  const crm = await connected();
  await crm.publish(crm.edit('S', weekly));
  crm.world.advance(1000);
  const later = { ...moved('11-24', 15) };
  const place = { ...at('12-01'), originalStart: moved('12-01', 15).start };
  await crm.publish(crm.edit('S', later), crm.edit('X', special, place));
  const before = await crm.same();
  const taken = before.find((text) => text.includes('Special'));
  crm.world.advance(1000);
  const { items } = await crm.world.phone('anna', 'GET', '?singleEvents=true');
  const found = items.find((e) => e.summary === 'Special');
  await crm.world.phone('anna', 'DELETE', `/${found?.id}`);
  const { undone, kept } = await undoLatest(crm);
  assert.deepEqual([undone, kept.map((k) => k.reason)], [[], ['newer', 'newer']]);
  await crm.poll();
  assert.deepEqual(
    await crm.same(),
    before.filter((text) => text !== taken),
  );
});

test('undo: a changed time stays when the CRM has taken an occurrence out, and that waits', async () => {
  const crm = await connected();
  await crm.publish(crm.edit('S', weekly));
  await crm.publish(crm.edit('S', moved('11-24', 15)));
  const place = { ...at('12-01'), originalStart: moved('12-01', 15).start };
  await crm.world.store.putIntents([crm.remove('Y', place)]);
  const { undone, kept } = await undoLatest(crm);
  assert.deepEqual([undone, kept.map((k) => [k.crmId, k.reason])], [[], [['S', 'newer']]]);
  await crm.poll();
  assert.equal((await crm.same()).length, 3);
});

test('undo: a change that lies too long ago for Google to know what was taken out since', async () => {
  for (const takenOut of [true, false]) {
    const crm = await connected();
    await crm.publish(crm.edit('S', { ...weekly, ...moved('12-24', 10) }));
    await crm.publish(crm.edit('S', moved('12-24', 15)));
    const [latest] = await crm.world.store.journalRuns('anna', 1);
    if (takenOut) {
      crm.world.advance(1000);
      const [, second] = (await crm.world.phone('anna', 'GET', '?singleEvents=true')).items;
      await crm.world.phone('anna', 'DELETE', `/${second?.id}`);
      await crm.poll();
    }
    crm.world.advance(29 * 86_400_000);
    const { undone, kept } = await undoRun(crm.world.engine, 'anna', latest?.run ?? -1);
    assert.deepEqual(
      [undone.map((u) => u.crmId), kept.map((k) => k.reason)],
      takenOut ? [[], ['newer']] : [['S'], []],
    );
  }
});

test('undo: an occurrence that was changed on the phone is again what its series says, on both sides', async () => {
  const crm = await connected();
  await crm.publish(crm.edit('S', weekly));
  const before = await crm.same();
  const [, second] = (await crm.world.phone('anna', 'GET', '?singleEvents=true')).items;
  await crm.world.phone('anna', 'PATCH', `/${second?.id}`, { summary: 'Special' });
  await crm.poll();
  const { undone } = await undoLatest(crm);
  assert.deepEqual(
    undone.map((u) => [u.wrote, u.told]),
    [['patch', 'upsert']],
  );
  assert.deepEqual(await crm.same(), before);
});

test('undo: an insertion goes with the exceptions that the same run made in it', async () => {
  const crm = await connected();
  await crm.publish(
    crm.edit('S', weekly),
    crm.edit('X', special, at('12-01')),
    crm.remove('Y', at('12-08')),
  );
  assert.equal((await crm.same()).length, 3);
  await undoLatest(crm);
  assert.deepEqual(await crm.world.events(), []);
  await crm.poll();
  assert.deepEqual(await crm.same(), []);
});

test('undo: a changed rule is put back, on both sides', async () => {
  const crm = await withSeries();
  const [event] = await crm.world.events();
  await crm.world.phone('anna', 'PATCH', `/${event?.id}`, {
    recurrence: ['RRULE:FREQ=DAILY;COUNT=2'],
  });
  await crm.poll();
  assert.equal((await crm.same()).length, 2);
  const report = await undoLatest(crm);
  assert.ok(report.undone.some((u) => u.crmId === 'S'));
  assert.deepEqual(crm.records.get('S')?.data.recurrence, weekly.recurrence);
  await crm.same();
});

test('undo: a series deleted on the phone is back on both sides, with what was special in it', async () => {
  const crm = await withSeries();
  const before = await crm.googleShows();
  const [event] = await crm.world.events();
  await crm.world.phone('anna', 'DELETE', `/${event?.id}`);
  await crm.poll();
  assert.deepEqual(await crm.same(), []);
  await undoLatest(crm);
  assert.deepEqual(await crm.same(), before);
});

test('the journal names what was changed, and tells no text of a private series', async () => {
  const crm = await connected();
  await crm.world.phone('anna', 'POST', '', {
    summary: 'Therapy',
    visibility: 'private',
    ...moved('11-25', 10),
    recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'],
  });
  await crm.poll();
  const [run] = await crm.world.store.journalRuns('anna', 2);
  assert.ok(run);
  assert.doesNotMatch(crm.world.store.dump(), /Therapy/);
});

/** A run that dies when it would store the record's link; its lease is over then. */
async function diesBeforeStoring(world: World, crmId: string): Promise<void> {
  const { commit } = world.store;
  world.store.commit = async (lease, what, release) => {
    if (what.links?.some((link) => link.crmId === crmId)) throw new Error('crash');
    return commit(lease, what, release);
  };
  await assert.rejects(world.poll(), /crash/);
  world.store.commit = commit;
  world.advance(300_000);
}

for (const known of [false, true])
  test(`P16 an occurrence that was deleted and edited is written alone by a run that dies: the CRM hears it all the same (${known ? 'known before' : 'new'})`, async () => {
    const crm = await connected();
    const { world } = crm;
    await crm.publish(crm.edit('S', weekly));
    if (known)
      await crm.publish(crm.edit('X', { subject: 'Round', ...moved('12-01', 11) }, at('12-01')));
    const [event] = await world.events();
    await world.phone('anna', 'DELETE', `/${event?.id}_20261201T090000Z`);
    await world.store.putIntents([crm.edit('X', special, at('12-01'))]);
    await diesBeforeStoring(world, 'X');
    const told = (await crm.poll()).filter((m) => m.instead);
    const last = told.at(-1);
    assert.deepEqual([last?.op, last?.crmId, last?.instead?.series.crmId], ['upsert', 'X', 'S']);
    assert.equal((await crm.same()).filter((line) => line.includes('Special')).length, 1);
    // The place stays empty, also when the series is written anew.
    await world.phone('anna', 'DELETE', `/${event?.id}`);
    await crm.publish(crm.edit('S', { place: 'Bern' }));
    await crm.poll();
    assert.equal((await crm.same()).length, 4);
  });

test('P16 a crash at every commit and every write: repeated, both sides are the same', async () => {
  for (const kind of ['commit', 'send'] as const) {
    for (let crashAt = 1; ; crashAt++) {
      const crm = await withSeries();
      const { world } = crm;
      const [event] = await world.events();
      await world.phone('anna', 'DELETE', `/${event?.id}`);
      await world.store.putIntents([
        crm.edit('S', { place: 'Bern' }),
        crm.edit('N', { ...weekly, subject: 'New' }),
        crm.edit('M', special, { ...at('12-01'), series: { crmId: 'N' } }),
        crm.remove('O', { ...at('12-15'), series: { crmId: 'N' } }),
      ]);
      let calls = 0;
      let crashed = false;
      const die = () => {
        calls++;
        if (calls !== crashAt) return;
        crashed = true;
        throw new Error('crash');
      };
      const { commit } = world.store;
      const { handle } = world.workspace;
      if (kind === 'commit')
        world.store.commit = async (...args) => {
          die();
          return commit(...args);
        };
      else {
        // After the effect, with the answer lost for good.
        const { list, write, get } = world.engine.collections[0] as never as {
          [name: string]: (...args: unknown[]) => Promise<unknown>;
        };
        const lost =
          (call: typeof list) =>
          async (...args: unknown[]) => {
            const answer = await call?.(...args);
            die();
            return answer;
          };
        const [collection] = world.engine.collections;
        Object.assign(collection as object, {
          list: lost(list),
          write: lost(write),
          get: lost(get),
        });
        Object.assign(collection?.places as object, {
          at: () => collection,
        });
      }
      await world.poll().catch((error: Error) => assert.equal(error.message, 'crash'));
      world.store.commit = commit;
      world.workspace.handle = handle;
      world.advance(300_000);
      calls = Number.NEGATIVE_INFINITY;
      await crm.poll();
      const shown = await crm.same();
      assert.equal(shown.length, 3 + 3, `${kind} ${crashAt}`);
      assert.equal(shown.filter((line) => line.includes('Special')).length, 2);
      if (!crashed) break;
      assert.ok(crashAt < 50);
    }
  }
});

test('with RECURRENCE=occurrences a rule of the CRM is refused, and says what to do; null is none', async () => {
  const world = createWorld();
  await world.connect('anna');
  await world.poll();
  world.messages.length = 0;
  assert.equal(await world.crm(world.change('S', weekly)), 'done');
  assert.deepEqual(
    world.messages.map((m) => [m.op, m.rejected?.reason, m.crmId]),
    [['reject', 'recurrenceOff', 'S']],
  );
  assert.match(world.messages[0]?.rejected?.detail ?? '', /RECURRENCE=series/);
  assert.deepEqual(await world.events(), []);
  await world.crm(world.change('S', { ...weekly, recurrence: null }));
  await world.crm(world.change('X', special, { occurrence: at('12-01') }));
  assert.equal((await world.events()).length, 1);
  assert.equal(world.messages.at(-1)?.rejected?.reason, 'recurrenceOff');
});

test('RECURRENCE changes from occurrences to series: the series comes, its records become occurrences of it', async () => {
  const crm = await connected({ recurrence: 'occurrences' });
  const { world } = crm;
  for (let i = 0; i < 15; i++)
    await world.phone('anna', 'POST', '', {
      summary: `Phone ${i}`,
      ...moved('11-24', 10),
      recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'],
    });
  await crm.poll();
  assert.equal(crm.records.size, 60);
  await crm.same();
  world.setRecurrence('series');
  await crm.poll();
  await crm.same();
  assert.equal(crm.records.size, 75);
  assert.equal(((await world.store.getUser('anna')) as User).state, 'active');
  const [id] = [...crm.records].find(([, r]) => r.occurrence) ?? [];
  await crm.publish(crm.edit(id ?? '', { subject: 'Mine' }));
  await crm.same();
  world.setRecurrence('occurrences');
  assert.equal(await world.poll(), 'done');
  assert.equal(((await world.store.getUser('anna')) as User).state, 'active');
});

test('a series that the CRM names by its Google id needs no name of its own', async () => {
  const crm = await connected();
  const series = await crm.world.phone('anna', 'POST', '', {
    summary: 'Phone',
    ...moved('11-24', 10),
    recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'],
  });
  await crm.poll();
  const named = { ...at('12-01'), series: { googleId: series.id } };
  await crm.publish(
    crm.edit('X', special, named),
    crm.remove('Y', { ...named, ...at('12-08'), series: named.series }),
  );
  assert.equal((await crm.same()).length, 3);
  // A second record for the same occurrence is refused.
  await crm.publish(crm.world.change('X2', special, { occurrence: named }));
  assert.deepEqual(
    (await crm.hear()).map((m) => [m.crmId, m.rejected?.reason]),
    [['X2', 'occurrenceTaken']],
  );
  // Also when both come at once.
  const free = { ...at('12-15'), series: { googleId: series.id } };
  await crm.publish(
    crm.edit('X3', { ...special, ...moved('12-15', 12) }, free),
    crm.world.change('X4', special, { occurrence: free }),
  );
  assert.deepEqual(
    (await crm.hear()).map((m) => [m.crmId, m.rejected?.reason]),
    [['X4', 'occurrenceTaken']],
  );
  assert.equal((await crm.same()).length, 3);
});

test('C21 an endless series with a colleague is one record: the organizer’s, and before that the guest’s', async () => {
  const crm = await connected();
  const { world } = crm;
  const email = 'luca@firm.example';
  const timeZone = 'Europe/Zurich';
  await world.store.putUser({ userId: 'luca', email, timeZone, enabled: true, version: 1 });
  world.workspace.oauth.createAccount({ email, name: 'Luca', timeZone });
  const series = await world.phone('luca', 'POST', '', {
    summary: 'Team',
    ...moved('11-24', 10),
    recurrence: ['RRULE:FREQ=WEEKLY'],
    attendees: [{ email: 'anna@firm.example' }],
  });
  await world.phone('luca', 'PATCH', `/${series.id}_20261201T090000Z`, { location: 'Bern' });
  world.workspace.mails.length = 0;
  const told = await crm.poll();
  assert.deepEqual(
    told.map((m) => m.data?.subject),
    ['Team', 'Team'],
  );
  await world.connect('luca');
  await world.poll('luca');
  const taken = world.messages.splice(0).filter((m) => m.record === 'appointment');
  assert.deepEqual(taken.map((m) => [m.userId, m.formerUserId, m.crmId]).sort(), [
    ['luca', 'anna', 'a1'],
    ['luca', 'anna', 'a2'],
  ]);
  await world.poll('anna');
  assert.deepEqual(
    world.messages.filter((m) => m.record === 'appointment'),
    [],
  );
});

test('P16 an occurrence whose series was deleted is written alone by a run that dies, and the series is pending again: the CRM hears it all the same', async () => {
  const crm = await connected();
  const { world } = crm;
  await crm.publish(crm.edit('S', weekly));
  const [event] = await world.events();
  await world.phone('anna', 'DELETE', `/${event?.id}`);
  await world.poll();
  await world.store.putIntents([crm.edit('X', special, at('12-01'))]);
  await diesBeforeStoring(world, 'X');
  // It waits for the series, and the listing shows what stands for it.
  await world.store.putIntents([crm.edit('S', {})]);
  const told = (await crm.poll()).filter((m) => m.instead);
  const last = told.at(-1);
  assert.deepEqual([last?.op, last?.crmId, last?.instead?.series.crmId], ['upsert', 'X', 'S']);
  assert.equal((await crm.same()).length, 1);
});
