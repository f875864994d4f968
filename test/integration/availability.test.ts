/** Who is busy when: what Google says, what is on its way there, and never a false "free". */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type AvailabilityAnswer,
  answerOf,
  availabilityRequestSchema,
} from '../../functions/core/availability.ts';
import { scopes } from '../../functions/google/scopes.ts';
import { whenBusy } from '../../functions/sync/availability.ts';
import { createWorld, SCOPES, visit, type World } from '../support/world.ts';

const TUESDAY = {
  from: '2026-11-24T00:00:00+01:00',
  to: '2026-11-25T00:00:00+01:00',
  timeZone: 'Europe/Zurich',
};

async function ask(world: World, users: string[], more: object = {}): Promise<AvailabilityAnswer> {
  const request = availabilityRequestSchema.parse({ users, ...TUESDAY, ...more });
  return answerOf(request, await whenBusy(world.availability(), request));
}

/** Busy hours of a user on the day, or the reason why there is no word. */
function hours(answer: AvailabilityAnswer, userId = 'anna'): string {
  const user = answer.users.find((one) => one.userId === userId);
  if (!user) return 'not in the answer';
  if ('error' in user) return `${user.state}: ${user.error.reason}`;
  return user.busy.map(({ from, to }) => `${from.slice(11, 16)}-${to.slice(11, 16)}`).join(' ');
}

async function connected(world: World, ...users: string[]): Promise<World> {
  for (const user of users) {
    const [userId = '', domain = 'firm.example'] = user.split('@');
    await world.connect(userId, `${userId}@${domain}`);
    assert.equal(await world.poll(userId), 'done');
  }
  world.countCalls();
  world.calls.length = 0;
  return world;
}

const own = (from: number, to: number, more: object = {}) => {
  const at = (h: number) => ({ dateTime: `2026-11-24T${String(h).padStart(2, '0')}:00:00+01:00` });
  return { summary: 'Secret', start: at(from), end: at(to), ...more };
};

/** HTTP requests to the APIs since the last look; tokens are not counted. */
const requests = (world: World) =>
  world.calls.splice(0).filter(({ url }) => !url.endsWith('/token')).length;

test('ten colleagues are one call, with the token of one of them; others see no text', async () => {
  const names = Array.from({ length: 10 }, (_, i) => `u${i}`);
  const world = await connected(createWorld(), ...names);
  for (const [i, name] of names.entries()) await world.phone(name, 'POST', '', own(8 + i, 9 + i));
  world.countCalls();
  const answer = await ask(world, names, { slotMinutes: 60 });
  assert.deepEqual(world.countCalls(), { 'calendar.freebusy.query': 1 });
  assert.equal(requests(world), 1);
  assert.equal(hours(answer, 'u0'), '08:00-09:00');
  assert.equal(hours(answer, 'u9'), '17:00-18:00');
  assert.deepEqual(
    answer.slots?.map(({ from, to }) => [from.slice(11, 16), to.slice(11, 16)]),
    [
      ['00:00', '08:00'],
      ['18:00', '00:00'],
    ],
  );
  assert.doesNotMatch(JSON.stringify(answer), /Secret/);
});

test('people of different domains are one HTTP request, each with his or her own token', async () => {
  const world = await connected(createWorld(), 'anna', 'ben@two.example', 'cleo@three.example');
  await world.phone('anna', 'POST', '', own(9, 10));
  assert.equal(hours(await ask(world, ['anna', 'ben', 'cleo']), 'ben'), '');
  assert.deepEqual([world.countCalls()['calendar.freebusy.query'], requests(world)], [3, 1]);
});

test('what a domain does not share is asked for with the own token', async () => {
  const world = await connected(createWorld(), 'anna', 'luca', 'mira');
  world.workspace.calendars.primary('luca@firm.example').hidden = true;
  await world.phone('luca', 'POST', '', own(9, 10));
  const answer = await ask(world, ['anna', 'luca', 'mira']);
  assert.deepEqual(
    ['anna', 'luca', 'mira'].map((userId) => hours(answer, userId)),
    ['', '09:00-10:00', ''],
  );
  assert.equal(world.countCalls()['calendar.freebusy.query'], 2);
});

test('a revoked user is no obstacle for the others, and is not free', async () => {
  const world = await connected(createWorld(), 'anna', 'luca', 'mira', 'ben@two.example');
  await world.phone('luca', 'POST', '', own(9, 10));
  world.workspace.oauth.revokeUser('anna@firm.example');
  // With the old access token in memory: Google answers 401, and the refresh fails.
  const answer = await ask(world, ['anna', 'luca', 'mira', 'ben']);
  assert.equal(hours(answer), 'active: reauthorize');
  assert.equal(hours(answer, 'luca'), '09:00-10:00');
  assert.deepEqual([hours(answer, 'mira'), hours(answer, 'ben')], ['', '']);
  assert.equal(answer.slots, null);
});

test('an access token that died early is renewed', async () => {
  const world = await connected(createWorld(), 'anna', 'ben@two.example');
  world.workspace.oauth.expireAccessTokens('ben@two.example');
  assert.equal(hours(await ask(world, ['anna', 'ben']), 'ben'), '');
  world.workspace.oauth.expireAccessTokens('anna@firm.example');
  assert.equal(hours(await ask(world, ['anna', 'ben'])), '');
});

test('whoever is not connected, or not any more, has a state and no busy time', async () => {
  const names = ['anna', 'luca', 'mira', 'nora', 'otto', 'paul', 'rosa'];
  const world = await connected(createWorld(), ...names);
  const change = (userId: string, fields: object) =>
    world.store.updateUser(userId, (user) => user && { ...user, ...fields });
  await change('luca', { state: 'reauthorize', stateReason: 'invalid_grant' });
  await change('mira', { state: 'paused', stateReason: 'byAdmin' });
  await change('nora', { state: 'disconnected' });
  await change('otto', { enabled: false });
  await change('paul', { leaving: 'remove' });
  await change('rosa', { scopes: [scopes.eventsOwned] });
  await world.store.putUser({
    userId: 'ivan',
    email: 'ivan@firm.example',
    timeZone: 'Europe/Zurich',
    enabled: true,
    version: 1,
  });
  await world.connect('vera');
  const answer = await ask(world, [...names, 'ivan', 'vera', 'nobody']);
  assert.deepEqual(
    answer.users.map(({ userId }) => `${userId} ${hours(answer, userId)}`),
    [
      'anna ',
      'luca reauthorize: reauthorize',
      'mira paused: paused',
      'nora disconnected: disconnected',
      'otto active: disabled',
      'paul active: disconnected',
      'rosa active: noPermission',
      'ivan invited: notConnected',
      'vera active: syncing',
      'nobody unknown: unknownUser',
    ],
  );
  assert.equal(answer.slots, null);
  assert.ok(answer.users.every((user) => 'busy' in user || user.error.detail.length > 20));
});

test('without the right to the calendar the entries of the CRM are not in it: no word', async () => {
  const world = await connected(createWorld(), 'anna');
  await world.consent('anna', [scopes.freeBusy]);
  await world.poll();
  assert.equal(hours(await ask(world, ['anna'])), 'active: noPermission');
});

test('a user is told once, however often he or she is asked for', async () => {
  const world = await connected(createWorld(), 'anna');
  assert.equal((await ask(world, ['anna', 'anna'])).users.length, 1);
});

test('Google does not answer: no word, no false "free", and the others go on', async () => {
  const world = await connected(createWorld(), 'anna', 'ben@two.example');
  world.workspace.faults.add({
    kind: 'status',
    status: 503,
    reason: 'backendError',
    method: 'freebusy.query',
    count: 99,
  });
  const answer = await ask(world, ['anna', 'ben']);
  assert.deepEqual([hours(answer), hours(answer, 'ben')], Array(2).fill('active: unavailable'));
  world.workspace.faults.clear();
  world.workspace.faults.add({
    kind: 'status',
    status: 503,
    reason: 'backendError',
    method: 'freebusy.query',
    count: 1,
  });
  assert.equal(hours(await ask(world, ['anna', 'ben'])), '');
  world.workspace.faults.add({ kind: 'close', when: 'before', count: 99 });
  assert.equal(hours(await ask(world, ['anna', 'ben'])), 'active: unavailable');
});

test('what the CRM wants and Google does not have yet is busy; what it does not want is not', async () => {
  const world = await connected(createWorld(), 'anna');
  await world.store.putIntents([
    world.change('A-1', visit(1, 9)),
    world.change('A-2', visit(1, 11, { status: 'cancelled' })),
    world.change('A-3', visit(1, 13)),
    world.change('A-3', {}, { op: 'delete' }),
    world.change('A-4', visit(1, 15, { busy: false })),
    world.change('A-5', visit(1, 16, { response: 'declined' })),
    world.change('A-6', { subject: 'No time at all' }),
    world.change('A-7', { ...visit(1, 20), end: (visit(1, 18) as { start: object }).start }),
    world.change('A-8', visit(2, 9)),
  ]);
  const before = await ask(world, ['anna']);
  // an answer is nothing that an event of one's own could hold.
  assert.equal(hours(before), '09:00-10:00 16:00-17:00');
  assert.doesNotMatch(JSON.stringify(before), /Muster|Visit/);
  await world.poll();
  assert.equal(hours(await ask(world, ['anna'])), '09:00-10:00 16:00-17:00');
});

test('all-day entries on their way count in the user’s zone', async () => {
  const world = await connected(createWorld(), 'anna');
  const day = { date: '2026-11-24' };
  await world.store.putIntents([world.change('A-1', { subject: 'Fair', start: day, end: day })]);
  const zone = { from: '2026-11-23T00:00Z', to: '2026-11-26T00:00Z', timeZone: 'UTC' };
  const busy = async () => JSON.stringify((await ask(world, ['anna'], zone)).users[0]);
  const before = await busy();
  assert.match(before, /2026-11-23T23:00:00\+00:00.*2026-11-24T23:00:00\+00:00/);
  await world.poll();
  assert.equal(await busy(), before, 'and so they do at Google');
});

test('C22 an all-day entry on its way takes all of a day with 25 hours, or 23', async () => {
  const world = await connected(createWorld(), 'anna');
  for (const [i, date] of ['2027-03-28', '2027-10-31'].entries()) {
    const all = { start: { date }, end: { date } };
    await world.store.putIntents([world.change(`A-${i}`, { subject: 'Fair', ...all })]);
    const midnights = [`${date}T00:00`, `${date.slice(0, 8)}${Number(date.slice(8)) - 1}T00:00`];
    const [from = '', before = ''] = midnights;
    const to = i === 0 ? '2027-03-29T12:00' : '2027-11-01T12:00';
    const answer = await ask(world, ['anna'], { from: before, to });
    const [user] = answer.users;
    assert.ok(user && 'busy' in user);
    assert.deepEqual(
      user.busy.map((one) => [one.from.slice(0, 16), one.to.slice(0, 16)]),
      [[from, to.replace('T12', 'T00')]],
    );
  }
});

test('a change on its way: the new time is busy, the old one until Google has let it go', async () => {
  const world = await connected(createWorld(), 'anna');
  await world.crm(world.change('A-1', visit(1, 9)), world.change('A-2', visit(1, 14)));
  await world.store.putIntents([
    world.change('A-1', { start: (visit(1, 11) as { start: never }).start }),
    world.change('A-1', { end: (visit(1, 11) as { end: never }).end }),
    world.change('A-2', {}, { op: 'delete' }),
  ]);
  assert.equal(hours(await ask(world, ['anna'])), '09:00-10:00 11:00-12:00 14:00-15:00');
  await world.poll();
  assert.equal(hours(await ask(world, ['anna'])), '11:00-12:00');
});

test('half a change: what it does not mention is what both sides hold', async () => {
  const world = await connected(createWorld(), 'anna');
  await world.crm(world.change('A-1', visit(1, 9)));
  const { end } = visit(1, 12) as { end: never };
  await world.store.putIntents([world.change('A-1', { end })]);
  assert.equal(hours(await ask(world, ['anna'])), '09:00-13:00');
});

test('rule 1: a hand-over on its way: the new owner is busy, the old one until it is taken out', async () => {
  const world = await connected(createWorld(), 'anna', 'luca');
  await world.crm(world.change('A-1', visit(1, 9)));
  await world.store.putIntents([world.change('A-1', visit(1, 10), { userId: 'luca' })]);
  const answer = await ask(world, ['anna', 'luca']);
  assert.deepEqual([hours(answer), hours(answer, 'luca')], ['09:00-10:00', '10:00-11:00']);
  await world.poll('anna');
  assert.equal(hours(await ask(world, ['anna'])), '');
});

test('what happens while the answer is made is busy before or after, never in between', async () => {
  for (const when of ['before Google is asked', 'after'] as const) {
    const world = await connected(createWorld(), 'anna');
    await world.store.putIntents([world.change('A-1', visit(1, 9))]);
    const parts = world.availability();
    const { freeBusy } = parts;
    const between = {
      ...parts,
      freeBusy: {
        ...freeBusy,
        busy: async (...args: Parameters<typeof freeBusy.busy>) => {
          if (when !== 'after') await world.poll();
          const answer = await freeBusy.busy(...args);
          if (when === 'after') await world.poll();
          return answer;
        },
      },
    };
    const request = availabilityRequestSchema.parse({ users: ['anna'], ...TUESDAY });
    assert.equal(hours(answerOf(request, await whenBusy(between, request))), '09:00-10:00', when);
  }
});

test('an edit at Google is in the next answer, polled or not', async () => {
  const world = await connected(createWorld(), 'anna');
  const { id } = await world.phone('anna', 'POST', '', own(9, 10));
  assert.equal(hours(await ask(world, ['anna'])), '09:00-10:00');
  await world.phone('anna', 'PATCH', `/${id}`, { start: own(14, 15).start, end: own(14, 15).end });
  assert.equal(hours(await ask(world, ['anna'])), '14:00-15:00');
  await world.phone('anna', 'DELETE', `/${id}`);
  assert.equal(hours(await ask(world, ['anna'])), '');
});

test('rule 9: with a dedicated calendar both it and the own one count', async () => {
  const world = await connected(createWorld({ calendar: 'dedicated' }), 'anna', 'luca');
  await world.crm(world.change('A-1', visit(1, 9)));
  await world.phone('anna', 'POST', '', own(14, 15));
  world.countCalls();
  world.calls.length = 0;
  const answer = await ask(world, ['anna', 'luca']);
  assert.deepEqual([hours(answer), hours(answer, 'luca')], ['09:00-10:00 14:00-15:00', '']);
  assert.deepEqual([world.countCalls()['calendar.freebusy.query'], requests(world)], [2, 1]);
  const [calendar] = world.calendars('anna');
  world.workspace.calendars.remove(calendar as never);
  assert.equal(hours(await ask(world, ['anna'])), 'active: calendarNotFound');
  await world.poll();
  assert.equal(hours(await ask(world, ['anna'])), '09:00-10:00 14:00-15:00', 'made anew');
});

test('rule 9: while entries move to another calendar they are nowhere for sure: no word', async () => {
  const world = await connected(createWorld(), 'anna');
  await world.crm(world.change('A-1', visit(1, 9)), world.change('A-2', visit(1, 14)));
  for (const setting of ['dedicated', 'primary'] as const) {
    world.setCalendar(setting);
    await world.consent('anna', [...SCOPES.dedicated, scopes.eventsOwned]);
    assert.equal(hours(await ask(world, ['anna'])), 'active: syncing');
    await world.poll();
    assert.equal(hours(await ask(world, ['anna'])), '09:00-10:00 14:00-15:00', setting);
  }
});

test('ninety days and buffers: more than Google answers in one call', async () => {
  const world = await connected(createWorld(), 'anna');
  await world.phone('anna', 'POST', '', own(9, 10));
  const late = { start: { date: '2027-02-20' }, end: { date: '2027-02-21' } };
  await world.phone('anna', 'POST', '', late);
  const to = '2027-02-22T00:00:00+01:00';
  world.countCalls();
  world.calls.length = 0;
  const answer = await ask(world, ['anna'], { to, buffers: { before: 480, after: 480 } });
  const [user] = answer.users;
  assert.ok(user && 'busy' in user);
  assert.deepEqual(
    user.busy.map(({ from }) => from),
    ['2026-11-24T09:00:00+01:00', '2027-02-20T00:00:00+01:00'],
  );
  assert.deepEqual([world.countCalls()['calendar.freebusy.query'], requests(world)], [2, 1]);
});

test('a series, an exception of it, and an absence', async () => {
  const world = await connected(createWorld(), 'anna');
  const series = own(9, 10, { recurrence: ['RRULE:FREQ=DAILY;COUNT=5'] });
  for (const time of [series.start, series.end]) Object.assign(time, { timeZone: 'Europe/Zurich' });
  const { id } = await world.phone('anna', 'POST', '', series);
  await world.phone('anna', 'PATCH', `/${id}_20261124T080000Z`, {
    start: own(16, 17).start,
    end: own(16, 17).end,
  });
  const away = own(12, 13, { eventType: 'outOfOffice', outOfOfficeProperties: {} });
  await world.phone('anna', 'POST', '', away);
  assert.equal(hours(await ask(world, ['anna'])), '12:00-13:00 16:00-17:00');
});

test('the least that a user has to grant is what the consent page asks for', () => {
  const world = createWorld();
  const { freeBusy, collections } = world.availability();
  const needed = [freeBusy.scope, ...collections.map(({ scope }) => scope)];
  assert.deepEqual(needed.toSorted(), SCOPES.primary.toSorted());
});
