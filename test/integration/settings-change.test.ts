/** Scopes and settings that change while a user is active: what waited because of them is made up for. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { dueNow } from '../../functions/core/polls.ts';
import { scopes } from '../../functions/google/scopes.ts';
import { createLiveWorld } from '../support/push.ts';
import { SCOPES, visit } from '../support/world.ts';

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const TASKS = [scopes.tasks];
const BOTH = [...SCOPES.primary, ...TASKS];

type Live = ReturnType<typeof createLiveWorld>;

/** Anna has granted calendar and tasks, and a visit of the CRM's is in her calendar. */
async function connected(): Promise<Live> {
  const live = createLiveWorld({ records: ['appointment', 'task'] });
  await live.connect('anna', undefined, BOTH);
  await live.poll();
  await live.crm(live.change('v1', visit(1, 9)));
  await settled(live);
  live.messages.length = 0;
  return live;
}

/** All that is due, notified or published happens. */
async function settled(live: Live): Promise<void> {
  for (let i = 0; i < 3; i++) {
    live.advance(2 * MINUTE);
    await live.deliver();
    await live.tick();
    await live.work();
  }
}

const titles = async (live: Live) => (await live.events()).map((e) => e.summary).sort();

/** What both sides do while the calendar is off: only the CRM's message gives a run. */
async function meanwhile(live: Live): Promise<void> {
  await live.crm(live.change('v1', visit(1, 10, { subject: 'Moved' })));
  await live.crm(live.change('v2', visit(2, 9, { subject: 'New' })));
  const body = { summary: 'Own', start: { date: '2026-12-01' }, end: { date: '2026-12-02' } };
  await live.phone('anna', 'POST', '', body);
}

async function isMadeUpFor(live: Live): Promise<void> {
  await settled(live);
  assert.deepEqual(await titles(live), ['Moved', 'New', 'Own']);
  assert.deepEqual(
    live.messages.filter((m) => m.record === 'appointment').map((m) => m.data?.subject),
    ['Own'],
  );
}

test('rule 5: the calendar’s scope is taken back and granted again before any poll: nothing is missed', async () => {
  const live = await connected();
  live.advance(11 * MINUTE);
  // At Google's page of permissions; the first call after it is refused.
  live.workspace.oauth.withdrawScope('anna@firm.example', 'calendar.events.owned');
  live.workspace.expireAccessTokens('anna@firm.example');
  await meanwhile(live);
  assert.ok(live.logged.some((l) => l.event === 'record.off'));
  await live.consent('anna', BOTH);
  await isMadeUpFor(live);
});

test('rule 5: the calendar is unticked on connecting again, and ticked later: nothing is missed', async () => {
  const live = await connected();
  await live.consent('anna', TASKS);
  await meanwhile(live);
  assert.equal((await titles(live)).includes('New'), false);
  await live.consent('anna', BOTH);
  await isMadeUpFor(live);
});

test('the same with polls while it is off', async () => {
  const live = await connected();
  await live.consent('anna', TASKS);
  await settled(live);
  await meanwhile(live);
  live.advance(DAY);
  await settled(live);
  await live.consent('anna', BOTH);
  await isMadeUpFor(live);
});

test('rule 1 rule 5: handed over while the calendar is off: ticked again, it goes from the former owner’s calendar, and no edit there is told', async () => {
  const live = await connected();
  await live.connect('luca', undefined, BOTH);
  await settled(live);
  await live.consent('anna', TASKS);
  await live.crm(live.change('v1', visit(2), { userId: 'luca' }));
  await settled(live);
  const [event] = await live.events('anna');
  await live.phone('anna', 'PATCH', `/${event?.id}`, { location: 'There' });
  await live.consent('anna', BOTH);
  await settled(live);
  assert.deepEqual(await live.events('anna'), []);
  assert.equal((await live.events('luca')).length, 1);
  const told = live.messages.filter(({ crmId }) => crmId === 'v1');
  assert.deepEqual(
    told.flatMap(({ op, changed, conflicts }) => [op, changed, conflicts?.map((c) => c.field)]),
    ['upsert', [], ['place']],
  );
});

test('rule 5: the calendar is ticked again during a run, and the message gets lost: the next tick finds it', async () => {
  const live = await connected();
  await live.consent('anna', TASKS);
  await meanwhile(live);
  const { workspace } = live;
  workspace.before = async ({ method }) => {
    if (method !== 'tasks.tasks.list') return;
    workspace.before = undefined;
    await live.consent('anna', BOTH);
    // As authorize leaves it.
    await live.store.updateUser('anna', (user) => user && dueNow(user, live.clock.now()));
  };
  live.advance(HOUR);
  await live.tick();
  await live.work();
  assert.equal(workspace.before, undefined, 'consent came in the middle of it');
  live.advance(MINUTE);
  await live.tick();
  assert.equal(await live.work(), 1);
  await isMadeUpFor(live);
});

for (const expired of [false, true]) {
  test(`rule 5: WINDOW_DAYS_AHEAD is raised${expired ? ', and the token expires' : ''}: what slept outside is written`, async () => {
    const live = createLiveWorld();
    live.engine.settings.windowDaysAhead = 60;
    await live.connect('anna');
    await live.poll();
    const at = (days: number) => ({
      dateTime: new Date(live.clock.now() + days * DAY).toISOString(),
    });
    const far = (days: number) => ({
      subject: `In ${days} days`,
      start: at(days),
      end: at(days + 0.02),
    });
    const all = [61, 100, 119, 200].map((days) => live.change(`v${days}`, far(days)));
    // More than are woken in one step.
    const many = Array.from({ length: 150 }, (_, i) => live.change(`m${i}`, far(90)));
    await live.crm(...all, ...many);
    await live.phone('anna', 'POST', '', { summary: 'Own', start: at(80), end: at(80.1) });
    await settled(live);
    assert.deepEqual(await titles(live), ['Own']);
    live.messages.length = 0;
    live.engine.settings.windowDaysAhead = 120;
    if (expired) live.workspace.expireSyncTokens();
    for (let hours = 0; hours < 30; hours++) {
      live.advance(HOUR);
      await live.tick();
      await live.work();
    }
    const written = (await titles(live)).filter((title) => title !== 'In 90 days');
    assert.deepEqual(written, ['In 100 days', 'In 119 days', 'In 61 days', 'Own']);
    assert.equal((await titles(live)).length, 4 + 150);
    assert.ok(live.messages.some((m) => m.data?.subject === 'Own'));
    const [still] = await live.store.getIntents('appointment', ['v200']);
    assert.ok(still?.wakeAt, 'beyond the new window it sleeps on');
  });
}
