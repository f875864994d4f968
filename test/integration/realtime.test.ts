/** Watch channels and notifications: an edit at Google is known at once, and none is lost. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { SyncError } from '../../functions/errors.ts';
import { createLiveWorld } from '../support/push.ts';
import { SCOPES, visit } from '../support/world.ts';

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];

type Live = ReturnType<typeof createLiveWorld>;

/** Anna is connected, her first sync is over, and nothing is on its way. */
async function connected(options: Parameters<typeof createLiveWorld>[0] = {}): Promise<Live> {
  const live = createLiveWorld(options);
  await live.connect('anna');
  await live.tick();
  await live.work();
  await live.deliver();
  live.countCalls();
  live.messages.length = 0;
  return live;
}

const dentist = (live: Live, summary = 'Dentist') =>
  live.phone('anna', 'POST', '', {
    summary,
    start: { dateTime: '2026-11-26T16:00:00+01:00' },
    end: { dateTime: '2026-11-26T17:00:00+01:00' },
  });

const subjects = (live: Live) => live.messages.map((m) => m.data?.subject);

test('an edit at Google reaches the CRM without a poll, for one call', async () => {
  const live = await connected();
  await dentist(live);
  await live.deliver();
  assert.equal(await live.work(), 1);
  assert.deepEqual(subjects(live), ['Dentist']);
  assert.deepEqual(live.countCalls(), { 'calendar.events.insert': 1, 'calendar.events.list': 1 });
});

test('a channel has its own id, its token is kept hashed, and its expiry is Google’s', async () => {
  const live = await connected();
  const [channel] = live.channels();
  const [stored] = await live.store.channelsOf('anna');
  assert.equal(stored?.id, channel?.id);
  assert.equal(stored?.expiresAt, channel?.expiration);
  assert.ok(channel?.token && !live.store.dump().includes(`"${channel.token}"`));
  assert.equal(stored?.secret, createHash('sha256').update(channel.token).digest('hex'));
});

test('C25 a wrong token, an unknown channel, a sync message and an ended channel do nothing', async () => {
  const live = await connected();
  await dentist(live);
  const [good = {}] = live.sent.splice(0);
  const before = live.store.dump();
  const bad = [
    { ...good, 'x-goog-channel-token': 'guessed' },
    { ...good, 'x-goog-channel-id': 'unknown' },
    { ...good, 'x-goog-channel-id': '../users/anna' },
    { ...good, 'x-goog-resource-state': 'sync' },
    {},
  ];
  for (const headers of bad) assert.equal(await live.notify(headers), 204);
  live.advance(7 * DAY);
  assert.equal(await live.notify(good), 204);
  assert.deepEqual([live.store.dump(), live.syncRequests], [before, []]);
  assert.deepEqual(
    live.logged.filter((l) => l.event === 'push.refused').map((l) => l.fields),
    [{ userId: 'anna', record: 'appointment' }],
  );
});

test('what cannot be noted is answered 503, so that Google comes again', async () => {
  const live = await connected();
  await dentist(live);
  const [headers = {}] = live.sent.splice(0);
  const { updateUser } = live.engine.store;
  live.engine.store.updateUser = async () => {
    throw new SyncError('later', 'unavailable');
  };
  const broken = createLiveWorld();
  broken.engine.store.getChannel = async () => {
    throw new SyncError('later', 'unavailable');
  };
  assert.equal(await broken.notify(headers), 503);
  live.engine.store.updateUser = updateUser;
  assert.equal(await live.notify(headers), 204);
  assert.equal(await live.work(), 1);
});

test('C25 a burst of 100 notifications is one sync', async () => {
  const live = await connected();
  for (let i = 0; i < 100; i++) await dentist(live, `Event ${i}`);
  assert.equal(live.sent.length, 100);
  await live.deliver();
  assert.equal(await live.work(), 1);
  assert.equal(subjects(live).length, 100);
  live.advance(2 * MINUTE);
  await live.tick();
  assert.equal(await live.work(), 0);
});

test('100 notifications at the same moment are one sync', async () => {
  const live = await connected();
  await dentist(live);
  const [headers = {}] = live.sent.splice(0);
  await Promise.all(Array.from({ length: 100 }, () => live.notify(headers)));
  assert.equal(await live.work(), 1);
});

test('P20 a sync-user message that gets lost is made up for by the next tick', async () => {
  const live = await connected();
  await dentist(live);
  await live.deliver();
  live.syncRequests.length = 0;
  live.advance(MINUTE);
  await live.tick();
  assert.equal(await live.work(), 1);
  assert.deepEqual(subjects(live), ['Dentist']);
});

test('the mark of a notification ages: without any tick, a later one asks again', async () => {
  const live = await connected();
  await dentist(live);
  await live.deliver();
  live.syncRequests.length = 0;
  await dentist(live, 'Second');
  await live.deliver();
  assert.equal(live.syncRequests.length, 0);
  live.advance(MINUTE);
  await dentist(live, 'Third');
  await live.deliver();
  assert.equal(await live.work(), 1);
  assert.equal(subjects(live).length, 3);
});

test('a worker that dies in the pull leaves it due: the message comes again and pulls', async () => {
  const live = await connected();
  await dentist(live);
  await live.deliver();
  const dying = {
    ...live.engine.collections[0],
    list: async () => Promise.reject(new Error('dies')),
  };
  const alive = live.engine.collections;
  live.engine.collections = [dying as never];
  await live.work();
  assert.equal(live.messages.length, 0);
  live.engine.collections = alive;
  live.advance(2 * MINUTE);
  await live.tick();
  await live.work();
  assert.deepEqual(subjects(live), ['Dentist']);
});

test('a notification during the pull leads to one more', async () => {
  const live = await connected();
  await dentist(live);
  await live.deliver();
  const [calendar] = live.engine.collections;
  assert.ok(calendar);
  let listed = 0;
  live.engine.collections = [
    {
      ...calendar,
      places: undefined as never,
      list: async (...args) => {
        const page = await calendar.list(...args);
        if (++listed === 1) {
          // After Google has answered, before we have committed.
          await dentist(live, 'Meanwhile');
          await live.deliver();
        }
        return page;
      },
    },
  ];
  assert.equal(await live.work(), 1);
  assert.deepEqual(subjects(live), ['Dentist', 'Meanwhile']);
  assert.equal(listed, 2);
});

test('a notification that comes before our own commit is not lost', async () => {
  const live = await connected();
  const { commit } = live.store;
  let rang = false;
  live.store.commit = async (...args) => {
    if (live.sent.length > 0 && !rang) {
      rang = true;
      // Our write has rung, and the user edits what we have just written.
      const [event] = await live.events();
      await live.phone('anna', 'PATCH', `/${event?.id}`, { location: 'Bern' });
      await live.deliver();
    }
    return commit(...args);
  };
  await live.crm(live.change('v1', visit()));
  assert.ok(rang);
  assert.equal(await live.work(), 1, 'two notifications, one write: no tick is needed');
  assert.deepEqual(
    live.messages.map((m) => [m.crmId, m.data?.place]),
    [['v1', 'Bern']],
  );
});

test('an edit during a run that writes nothing at Google does not wait for the tick', async () => {
  const live = await connected();
  await live.crm(live.change('v1', visit()));
  live.advance(MINUTE);
  await live.deliver();
  await live.tick();
  live.advance(MINUTE);
  await live.tick();
  await live.work();
  const { commit } = live.store;
  let edited = false;
  live.store.commit = async (...args) => {
    if (!edited) {
      edited = true;
      await dentist(live);
      await live.deliver();
    }
    return commit(...args);
  };
  await live.crm(live.change('v1', visit()));
  assert.equal(await live.work(), 1);
  assert.deepEqual(subjects(live), ['Dentist']);
});

test('a burst of our own writes is one pull, a minute later', async () => {
  const live = await connected();
  for (let i = 0; i < 20; i++) {
    await live.crm(live.change(`v${i}`, visit()));
    live.advance(SECOND);
    await live.deliver();
  }
  assert.equal(await live.work(), 0);
  assert.deepEqual(live.countCalls(), { 'calendar.events.insert': 20 });
  for (let i = 0; i < 3; i++) {
    live.advance(MINUTE);
    await live.tick();
    await live.work();
    await live.deliver();
  }
  assert.deepEqual(live.countCalls(), { 'calendar.events.list': 1 });
  assert.deepEqual(live.messages, []);
});

test('an edit a while after our own write does not wait for its echo’s pull', async () => {
  const live = await connected();
  await live.crm(live.change('v1', visit()));
  live.advance(SECOND);
  await live.deliver();
  live.advance(15 * SECOND);
  await dentist(live);
  await live.deliver();
  assert.equal(await live.work(), 1);
  assert.deepEqual(subjects(live), ['Dentist']);
});

test('C25 P20 a lost notification: found by the safety poll, at the latest', async () => {
  const live = await connected();
  await dentist(live);
  live.sent.length = 0;
  for (let hours = 0; live.messages.length === 0; hours++) {
    assert.ok(hours <= 15, 'half a day, and a quarter of that for the jitter');
    live.advance(HOUR);
    await live.tick();
    await live.work();
  }
  assert.deepEqual(subjects(live), ['Dentist']);
});

test('C01 an expired sync token is found by the safety poll', async () => {
  const live = await connected();
  live.workspace.expireSyncTokens('anna@firm.example');
  await dentist(live);
  live.sent.length = 0;
  live.advance(15 * HOUR);
  await live.tick();
  await live.work();
  assert.deepEqual(subjects(live), ['Dentist']);
});

test('only what is due is pulled: a type that cannot be watched keeps its own, slowing rhythm', async () => {
  const live = createLiveWorld();
  const [calendar] = live.engine.collections;
  assert.ok(calendar);
  const pulls: number[] = [];
  live.engine.collections.push({
    codec: { ...calendar.codec, record: 'task' },
    scope: calendar.scope,
    listing: () => ({}),
    list: async () => {
      pulls.push(live.clock.now());
      return { items: [], token: 't' };
    },
    get: async () => [],
    write: async () => [],
  });
  await live.connect('anna');
  for (let minutes = 0; minutes < 24 * 60; minutes++) {
    await live.tick();
    await live.work();
    live.advance(MINUTE);
  }
  assert.ok(pulls.length >= 7 && pulls.length <= 12, `${pulls.length} pulls of a quiet day`);
  const lists = live.countCalls()['calendar.events.list'] ?? 0;
  assert.ok(lists <= 2, `${lists} of the calendar, which is watched`);
  await dentist(live);
  await live.deliver();
  await live.work();
  assert.deepEqual(subjects(live).slice(-1), ['Dentist']);
  const last = pulls.at(-1) ?? 0;
  assert.ok(last < live.clock.now(), 'a notification of the one is no reason to pull the other');
});

test('P28 an idle user costs at most 4 calls a day', async () => {
  const live = await connected();
  const calls = () => Object.values(live.countCalls()).reduce((sum, n) => sum + n, 0);
  for (let day = 0; day < 30; day++) {
    for (let hour = 0; hour < 24; hour++) {
      live.advance(HOUR);
      await live.tick();
      if (hour === 2) await live.maintain();
      await live.work();
    }
    const made = calls();
    assert.ok(made <= 4, `${made} on day ${day}`);
    assert.equal(live.channels().length, 1);
  }
});

test('C25 maintain renews a channel before it ends; the old one is stopped, and its late word counts', async () => {
  const live = await connected();
  const [old] = live.channels();
  await dentist(live);
  const [late = {}] = live.sent.splice(0);
  await live.store.updateUser('anna', (u) => {
    const polls = { appointment: { at: live.clock.now() + 30 * DAY } };
    return u && { ...u, polls, nextPollAt: polls.appointment.at };
  });
  for (let day = 0; day < 6; day++) {
    live.advance(DAY);
    await live.maintain();
    await live.work();
  }
  const [fresh, ...others] = live.channels();
  assert.deepEqual(others, []);
  assert.ok(fresh && old && fresh.id !== old.id && fresh.expiration > live.clock.now() + 6 * DAY);
  live.sent.length = 0;
  assert.deepEqual(subjects(live), []);
  assert.equal(await live.notify(late), 204);
  assert.equal(await live.work(), 1);
  assert.deepEqual(subjects(live), ['Dentist']);
});

test('C25 a user whose channel cannot be made is polled, and asked for again a day later', async () => {
  const live = createLiveWorld();
  const [calendar] = live.engine.collections;
  let asked = 0;
  const refused = async () => {
    asked++;
    throw new SyncError('park', 'pushNotSupportedForRequestedResource');
  };
  live.engine.collections = [{ ...calendar, places: undefined, watch: refused } as never];
  await live.connect('anna');
  for (let minutes = 0; minutes < 60; minutes++) {
    await live.tick();
    await live.work();
    live.advance(MINUTE);
  }
  const polls = live.countCalls()['calendar.events.list'] ?? 0;
  assert.ok(polls >= 9 && polls <= 16, `${polls} polls in an hour`);
  assert.equal(asked, 1);
  live.advance(DAY);
  await live.tick();
  await live.work();
  assert.equal(asked, 2);
});

test('disconnecting stops the channels, and nobody listens to them any more', async () => {
  const live = await connected();
  await dentist(live);
  const [late = {}] = live.sent.splice(0);
  await live.store.updateUser('anna', (u) => u && { ...u, leaving: 'keep', nextPollAt: 0 });
  await live.tick();
  await live.work();
  assert.equal((await live.store.getUser('anna'))?.state, 'disconnected');
  assert.deepEqual([live.channels(), await live.store.channelsOf('anna')], [[], []]);
  assert.equal(await live.notify(late), 204);
  assert.equal(live.syncRequests.length, 0);
});

test('the channel follows the calendar when the setting changes', async () => {
  const live = await connected();
  live.setCalendar('dedicated');
  await live.consent('anna', [...SCOPES.primary, ...SCOPES.dedicated]);
  await live.tick();
  await live.work();
  const [place] = live.calendars();
  assert.deepEqual(
    live.channels().map((c) => c.calendar.id),
    [place?.id],
  );
  await live.deliver();
  live.advance(HOUR);
  const body = { start: { date: '2026-12-01' }, end: { date: '2026-12-02' }, summary: 'There' };
  await live.phone('anna', 'POST', '', body, place?.id);
  await live.deliver();
  assert.equal(await live.work(), 1);
  assert.deepEqual(subjects(live), ['There']);
});

test('who connects again gets a channel of the new consent', async () => {
  const live = await connected();
  const [old] = live.channels();
  live.advance(HOUR);
  live.workspace.revokeGrants('anna@firm.example');
  await live.consent('anna', SCOPES.primary);
  await live.tick();
  await live.work();
  const [fresh, ...others] = live.channels().filter((c) => c.id !== old?.id);
  assert.ok(fresh);
  assert.deepEqual(others, []);
  live.sent.length = 0;
  await dentist(live);
  await live.deliver();
  assert.equal(await live.work(), 1);
  assert.deepEqual(subjects(live), ['Dentist']);
});

test('without an address no channel is made, and who is not synced is not woken', async () => {
  const polled = createLiveWorld({ pushUrl: undefined });
  await polled.connect('anna');
  await polled.tick();
  await polled.work();
  assert.deepEqual(polled.channels(), []);
  const live = await connected();
  await live.store.updateUser('anna', (u) => u && { ...u, state: 'paused' });
  await dentist(live);
  await live.deliver();
  assert.equal(live.syncRequests.length, 0);
});

test('P36 Disconnect is pressed during a run, and its message gets lost: the next tick finds it', async () => {
  const live = await connected();
  await dentist(live);
  await live.deliver();
  const [calendar] = live.engine.collections;
  assert.ok(calendar);
  live.engine.collections = [
    {
      ...calendar,
      places: undefined as never,
      list: async (...args) => {
        const page = await calendar.list(...args);
        await live.store.updateUser('anna', (u) => u && { ...u, leaving: 'keep' });
        return page;
      },
    },
  ];
  await live.work();
  assert.equal((await live.store.getUser('anna'))?.state, 'active');
  live.advance(MINUTE);
  await live.tick();
  await live.work();
  assert.equal((await live.store.getUser('anna'))?.state, 'disconnected');
  assert.deepEqual(live.channels(), []);
});

test('what is due to be told in ten minutes is not put off by a pull in between', async () => {
  const live = await connected({ recurrence: 'series' });
  const at = { dateTime: '2026-12-01T09:00:00+01:00', timeZone: 'Europe/Zurich' };
  const occurrence = { series: { crmId: 'never' }, originalStart: at };
  await live.crm(live.change('x', visit(), { occurrence } as never));
  live.advance(5 * MINUTE);
  await dentist(live);
  await live.deliver();
  assert.equal(await live.work(), 1);
  live.messages.length = 0;
  for (let minutes = 5; minutes < 12; minutes++) {
    await live.tick();
    await live.work();
    live.advance(MINUTE);
  }
  assert.deepEqual(
    live.messages.map((m) => [m.crmId, m.rejected?.reason]),
    [['x', 'unknownSeries']],
  );
  live.advance(MINUTE);
  await live.tick();
  assert.equal(await live.work(), 0, 'and an alarm that was heard is over');
});
