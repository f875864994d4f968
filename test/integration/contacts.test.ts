/** Contacts through the whole engine, against the People simulator: both ways, and all that can go wrong. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { CrmChange } from '../../functions/core/messages.ts';
import { contactsPhone } from '../sandbox/google/people/phone.ts';
import { dying } from '../support/dying.ts';
import { createWorld, SCOPES, type World, type WorldOptions } from '../support/world.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const CONTACTS = 'https://www.googleapis.com/auth/contacts';

const person = (more: object = {}) => ({
  givenName: 'Eva',
  familyName: 'Muster',
  organization: 'Muster AG',
  emails: [{ value: 'eva@muster.example', type: 'work' }],
  url: 'https://crm.example/P-1',
  ...more,
});

async function setUp(options: WorldOptions = {}) {
  const world = createWorld({ records: ['contact'], ...options });
  await world.connect('anna');
  const phone = contactsPhone(world.workspace.people, 'anna@firm.example');
  const contact = (crmId: string, data: object, rest: Partial<CrmChange> = {}) =>
    world.change(crmId, data, { record: 'contact', ...rest });
  /** Long enough for listings to show everything. */
  const settle = () => world.advance(16 * MINUTE);
  const ours = () => phone.contacts().filter((p) => p.clientData !== undefined);
  const only = () => {
    const [one, ...others] = phone.contacts();
    assert.ok(one && others.length === 0, `${others.length + 1} contacts`);
    return one;
  };
  const told = () => world.messages.splice(0).filter((m) => m.record === 'contact');
  return { world, phone, contact, settle, ours, only, told };
}

/** Everything is quiet: no write at Google, no message to the CRM. */
async function assertAtRest(world: World): Promise<void> {
  world.advance(16 * MINUTE);
  world.messages.splice(0);
  world.countCalls();
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(world.messages, []);
  const writes = Object.keys(world.countCalls()).filter((m) => !/list|get/i.test(m));
  assert.deepEqual(writes, []);
}

test('a contact person of the CRM becomes a contact with the label, once, with link and mark', async () => {
  const { world, contact, only, phone } = await setUp();
  await world.crm(contact('P-1', person()));
  const made = only();
  assert.deepEqual(phone.labelsOf(made.resourceName).sort(), ['CRM', 'myContacts']);
  assert.equal(made.names[0].displayName, 'Eva Muster');
  assert.ok(made.urls.some((u: { value: string }) => u.value === 'https://crm.example/P-1'));
  assert.equal(made.clientData[0].value, 'P-1');
  await assertAtRest(world);
});

test('an update names exactly the lists that change and carries the etag; the rest stays', async () => {
  const { world, contact, only, phone } = await setUp();
  await world.crm(contact('P-1', person()));
  const { resourceName } = only();
  phone.edit(resourceName, {
    urls: [...only().urls, { type: 'profile', value: 'https://social.example/eva' }],
    nicknames: [{ value: 'Evi' }],
  });
  phone.label(resourceName, 'Golf');
  world.calls.splice(0);
  await world.crm(contact('P-1', person({ emails: [{ value: 'eva@new.example' }] })));
  const updates = world.calls.filter(({ url }) => url.includes(':updateContact'));
  assert.equal(updates.length, 1);
  const [update] = updates;
  assert.equal(
    new URL(update?.url ?? '').searchParams.get('updatePersonFields'),
    'emailAddresses,clientData',
  );
  assert.match(update?.body ?? '', /"etag"/);
  const after = only();
  assert.equal(after.emailAddresses[0].value, 'eva@new.example');
  assert.equal(after.nicknames[0].value, 'Evi');
  assert.equal(after.urls.length, 2);
  assert.deepEqual(phone.labelsOf(resourceName).sort(), ['CRM', 'Golf', 'myContacts']);
});

test('P5 P16 a run died between updating a contact and committing, and the CRM has changed its mind since: its own older values are nobody’s edit', async () => {
  const { world, contact, only, told } = await setUp();
  await world.crm(contact('P-1', person()));
  const said = (title: string, phone: string) =>
    contact('P-1', person({ title, phones: [{ value: phone, type: 'work' }] }));
  await dying(world, () => world.crm(said('Head', '+41 1')), 'links');
  await world.crm(said('Boss', '+41 2'));
  await world.poll();
  assert.deepEqual(
    only().phoneNumbers.map((phone: { value: string }) => phone.value),
    ['+41 2'],
  );
  assert.equal(only().organizations[0].title, 'Boss');
  assert.deepEqual(told(), []);
});

test('what other programs keep in a contact’s client data stays', async () => {
  const { world, contact, only, phone } = await setUp();
  await world.crm(contact('P-1', person()));
  const { resourceName, clientData } = only();
  const others = { key: 'other-app', value: '17' };
  phone.edit(resourceName, { clientData: [others, ...clientData] });
  await world.crm(contact('P-1', person({ title: 'Head' })));
  const kept = only().clientData.map(({ key, value }: typeof others) => ({ key, value }));
  assert.deepEqual(
    kept.map(({ key }: typeof others) => key),
    ['other-app', 'crmSyncId', 'crmSyncGeneration', 'crmSyncWord'],
  );
  assert.deepEqual(kept[0], others);
});

test('C10: the etag changes between reading and updating: read again, merged by field, nothing lost', async () => {
  const { world, contact, only, phone, told, settle } = await setUp();
  await world.crm(contact('P-1', person()));
  const { resourceName } = only();
  let meddled = false;
  world.workspace.before = ({ method }) => {
    if (!method.includes('updateContact') || meddled) return;
    meddled = true;
    phone.edit(resourceName, { phoneNumbers: [{ value: '+41 44 123', type: 'work' }] });
  };
  assert.equal(await world.crm(contact('P-1', person({ title: 'CEO' }))), 'done');
  assert.equal(only().organizations[0].title, 'CEO');
  assert.equal(only().phoneNumbers[0].value, '+41 44 123');
  settle();
  await world.poll();
  const news = told().flatMap((m) => m.changed ?? []);
  assert.deepEqual([...new Set(news)], ['phones']);
});

test('changes on the phone reach the CRM, with what changed; each list entry by itself', async () => {
  const { world, contact, only, phone, told, settle } = await setUp();
  await world.crm(contact('P-1', person({ phones: [{ value: '1', type: 'work' }] })));
  settle();
  await world.poll();
  told();
  const { resourceName } = only();
  phone.edit(resourceName, {
    phoneNumbers: [
      { value: '1', type: 'work' },
      { value: '2', type: 'mobile' },
    ],
  });
  await world.crm(
    contact('P-1', person({ phones: [{ value: '1', type: 'work' }, { value: '3' }] })),
  );
  const numbers = only().phoneNumbers.map((p: { value: string }) => p.value);
  assert.deepEqual(numbers.sort(), ['1', '2', '3']);
  const [message] = told();
  assert.deepEqual(message?.changed, ['phones']);
  assert.equal(message?.conflicts, undefined);
  await assertAtRest(world);
});

test('only what carries the label is read; a contact that gets it enters the CRM, once', async () => {
  const { world, contact, phone, told, settle } = await setUp();
  phone.add({ names: [{ givenName: 'Mom' }] });
  const other = phone.add({ names: [{ givenName: 'Urs', familyName: 'Frei' }] });
  settle();
  await world.poll();
  assert.deepEqual(told(), []);
  phone.label(other.resourceName, 'CRM');
  settle();
  await world.poll();
  const [message, ...more] = told();
  assert.deepEqual(more, []);
  assert.equal(message?.op, 'upsert');
  assert.equal(message?.data?.givenName, 'Urs');
  assert.equal(message?.crmId, undefined);
  world.countCalls();
  await world.crm(
    contact(
      'P-7',
      { givenName: 'Urs', familyName: 'Frei', url: 'https://crm.example/P-7' },
      {
        googleId: other.resourceName,
      },
    ),
  );
  const writes = Object.keys(world.countCalls()).filter((m) => !/list|get/i.test(m));
  assert.deepEqual(writes, [], 'adopting costs no write');
  assert.equal(phone.contacts().length, 2);
  await assertAtRest(world);
});

test('C08: three pulls, one of them full, tell a contact once and make no second one', async () => {
  const { world, contact, phone, told, settle, ours } = await setUp();
  await world.crm(contact('P-1', person()));
  const mine = phone.add(
    { names: [{ givenName: 'Urs' }], emailAddresses: [{ value: 'eva@muster.example' }] },
    'CRM',
  );
  for (let i = 0; i < 3; i++) {
    settle();
    if (i === 1) world.workspace.expireSyncTokens();
    await world.poll();
  }
  const messages = told();
  assert.equal(messages.length, 1);
  assert.equal(messages[0]?.googleId, mine.resourceName);
  assert.equal(ours().length, 1);
  assert.equal(phone.contacts().length, 2, 'the same address is no reason to merge');
  assert.deepEqual(messages[0]?.alike, [{ crmId: 'P-1' }], 'but the CRM hears of it');
});

test('C08: who comes with an address that others have is flagged: those the CRM has named, and those new ones', async () => {
  const { world, contact, phone, told, settle } = await setUp();
  await world.crm(
    contact('P-1', person({ emails: [{ value: 'Office@Muster.example' }] })),
    contact('P-2', person({ emails: [{ value: 'other@muster.example' }] })),
    contact('P-3', person({ emails: [{ value: 'office@muster.example' }] })),
  );
  await world.crm(contact('P-3', {}, { op: 'delete' }));
  const add = (givenName: string, ...emails: string[]) =>
    phone.add({ names: [{ givenName }], emailAddresses: emails.map((value) => ({ value })) }, 'CRM')
      .resourceName;
  const urs = add('Urs', 'office@muster.example', 'urs@muster.example');
  add('Eva', 'OFFICE@muster.example', 'eva@muster.example');
  add('Ida');
  add('Max', 'max@muster.example');
  settle();
  await world.poll();
  const flagged = Object.fromEntries(told().map(({ data, alike }) => [data?.givenName, alike]));
  assert.deepEqual(flagged, {
    Urs: [{ crmId: 'P-1' }],
    Eva: [{ crmId: 'P-1' }, { googleId: urs }],
    Ida: undefined,
    Max: undefined,
  });
  await assertAtRest(world);
});

test('C09: an expired token is a 400 with its own reason: one full listing, deletions found', async () => {
  const { world, contact, phone, only, told, settle } = await setUp();
  await world.crm(contact('P-1', person()));
  settle();
  await world.poll();
  world.workspace.expireSyncTokens();
  phone.remove(only().resourceName);
  settle();
  world.countCalls();
  await world.poll();
  assert.deepEqual(
    told().map((m) => [m.op, m.crmId]),
    [['delete', 'P-1']],
  );
  assert.equal(world.countCalls()['people.people.connections.list'], 2, 'refused, then full');
  await assertAtRest(world);
});

test('other 400s reset nothing', async () => {
  const { world, told, settle } = await setUp();
  await world.poll();
  const before = await world.store.getCursor('anna', 'contact');
  world.workspace.faults.add({
    method: 'people.connections.list',
    kind: 'status',
    status: 400,
    reason: 'badRequest',
    count: 1,
  });
  settle();
  await world.poll();
  assert.deepEqual(await world.store.getCursor('anna', 'contact'), before);
  assert.deepEqual(told(), []);
});

test('the token is renewed before its seventh day, at another time for each user', async () => {
  const { world, settle } = await setUp();
  await world.connect('luca');
  const renewed: number[] = [];
  for (const user of ['anna', 'luca']) {
    settle();
    await world.poll(user);
    const from = (await world.store.getCursor(user, 'contact'))?.fullSyncAt ?? 0;
    for (let hours = 0; hours < 7 * 24; hours++) {
      world.advance(60 * MINUTE);
      await world.poll(user);
      const at = (await world.store.getCursor(user, 'contact'))?.fullSyncAt ?? 0;
      if (at === from) continue;
      renewed.push((at - from) / DAY);
      break;
    }
  }
  assert.ok(
    renewed.every((days) => days > 4 && days < 6.5),
    String(renewed),
  );
  assert.notEqual(renewed[0], renewed[1]);
});

for (const when of ['before', 'after'] as const) {
  test(`P3: the answer of a creation is lost (${when} the effect): one contact in the end`, async () => {
    const { world, contact, only, settle } = await setUp();
    await world.poll();
    world.workspace.faults.add({
      method: 'people.batchCreateContacts',
      kind: 'close',
      when,
      count: 1,
    });
    assert.equal(await world.crm(contact('P-1', person())), 'later');
    // Redelivered at once, by whomever: it may be there and not be shown yet.
    for (let i = 0; i < 3; i++) {
      assert.equal(await world.crm(contact('P-1', person({ title: `v${i}` }))), 'done');
      world.advance(MINUTE);
    }
    for (let i = 0; i < 5; i++) {
      world.advance(5 * MINUTE);
      await world.poll();
    }
    assert.equal(only().organizations[0].title, 'v2');
    await assertAtRest(world);
    settle();
  });
}

test('P3: a run that dies between the call and its commit leaves one contact', async () => {
  const { world, contact, only } = await setUp();
  await world.poll();
  const { commit } = world.store;
  world.store.commit = async (lease, what, release) => {
    if (what.consumed?.length) throw new Error('the process dies here');
    return commit(lease, what, release);
  };
  await assert.rejects(world.crm(contact('P-1', person())), /dies/);
  world.store.commit = commit;
  world.advance(3 * MINUTE); // the lease runs out
  assert.equal(await world.crm(contact('P-1', person({ title: 'CEO' }))), 'done');
  for (let i = 0; i < 5; i++) {
    world.advance(5 * MINUTE);
    await world.poll();
  }
  assert.equal(only().organizations[0].title, 'CEO');
  await assertAtRest(world);
});

test('P3: deleted in the CRM while its creation is unanswered: nothing stays behind', async () => {
  const { world, contact, phone } = await setUp();
  await world.poll();
  world.workspace.faults.add({
    method: 'people.batchCreateContacts',
    kind: 'close',
    when: 'after',
    count: 1,
  });
  await world.crm(contact('P-1', person()));
  await world.crm(contact('P-1', {}, { op: 'delete' }));
  for (let i = 0; i < 5; i++) {
    world.advance(5 * MINUTE);
    await world.poll();
  }
  assert.deepEqual(phone.contacts(), []);
  await assertAtRest(world);
});

test('a creation that Google refuses for its quota is tried again without waiting', async () => {
  const { world, contact, only } = await setUp();
  await world.poll();
  world.workspace.faults.add({
    method: 'people.batchCreateContacts',
    kind: 'status',
    status: 429,
    reason: 'rateLimitExceeded',
    count: 5,
  });
  assert.equal(await world.crm(contact('P-1', person())), 'later');
  assert.equal(await world.crm(contact('P-1', person())), 'done');
  assert.equal(only().clientData[0].value, 'P-1');
});

test('P21: one contact that Google refuses is told to the CRM, the others are made', async () => {
  const { world, contact, ours, told } = await setUp();
  await world.poll();
  const many = Array.from({ length: 9 }, (_, i) =>
    contact(`P-${i}`, person({ givenName: `n${i}` })),
  );
  world.workspace.before = ({ method, body }) => {
    if (!method.includes('batchCreate') || !body.includes('"n4"')) return;
    world.workspace.faults.add({
      method: 'people.batchCreateContacts',
      kind: 'status',
      status: 400,
      reason: 'badRequest',
      count: 1,
    });
  };
  assert.equal(await world.crm(...many), 'done');
  assert.equal(ours().length, 8);
  assert.deepEqual(
    told().map((m) => [m.op, m.crmId]),
    [['reject', 'P-4']],
  );
  const link = await world.store.linksByCrmId('anna', 'contact', ['P-4']);
  assert.deepEqual(link, [], 'nothing is looked for any more');
});

test('P21: one contact that Google does not update, or delete, holds up no other of its batch', async () => {
  const { world, contact, ours, told } = await setUp();
  const named = (name: string, rest = {}) =>
    Array.from({ length: 9 }, (_, i) =>
      contact(`P-${i}`, person({ givenName: `${name}${i}` }), rest),
    );
  await world.crm(...named('n'));
  const [bad = ''] = ours().flatMap((c) => (c.names[0].givenName === 'n4' ? c.resourceName : []));
  world.workspace.before = ({ method, body }) => {
    if (!/Update|update|Delete|delete/.test(method) || !body.includes(bad)) return;
    world.workspace.faults.add({
      ...{ method, kind: 'status', status: 400, reason: 'badRequest', count: 1 },
    });
  };
  await world.crm(...named('m'));
  const rejected = () => told().map((m) => [m.op, m.crmId]);
  assert.deepEqual(rejected(), [['reject', 'P-4']]);
  assert.equal(ours().filter((c) => /^m/.test(c.names[0].givenName)).length, 8);
  await world.crm(...named('', { op: 'delete' }));
  assert.equal(ours().length, 1);
  assert.deepEqual(rejected(), [['reject', 'P-4']]);
});

test('what changes contacts of one user is sent one after the other', async () => {
  const { world, phone, contact, settle } = await setUp();
  const group = (prefix: string, count: number, title: string, rest = {}) =>
    Array.from({ length: count }, (_, i) =>
      contact(`${prefix}-${i}`, person({ givenName: `${prefix}${i}`, title }), rest),
    );
  await world.crm(...group('A', 5, 'old'), ...group('B', 5, 'old'));
  const born = phone.add({ names: [{ givenName: 'Own' }] }, 'CRM');
  settle();
  await world.poll();
  await world.crm(contact('OWN', { givenName: 'Own' }, { googleId: born.resourceName }));
  const handle = world.workspace.handle.bind(world.workspace);
  const [open, most] = [new Set<object>(), [0]];
  world.workspace.handle = async (request) => {
    if (request.method === 'GET') return handle(request);
    open.add(request);
    most.push(open.size);
    await new Promise(setImmediate);
    const answer = await handle(request);
    open.delete(request);
    return answer;
  };
  await world.crm(
    ...group('A', 5, 'new'),
    ...group('B', 5, '', { op: 'delete' }),
    ...group('C', 210, 'new'),
    contact('OWN', {}, { op: 'delete' }),
  );
  assert.equal(phone.contacts().length, 5 + 210 + 1);
  assert.ok(most.length > 4, 'creating, updating, deleting, taking the label off');
  assert.equal(Math.max(...most), 1);
});

test('P14: a listing that lags behind our write is no edit', async () => {
  const { world, contact, only, told } = await setUp();
  await world.poll();
  world.advance(MINUTE);
  await world.crm(contact('P-1', person()));
  world.advance(16 * MINUTE);
  await world.crm(contact('P-1', person({ title: 'CEO' })));
  world.workspace.expireSyncTokens();
  world.advance(MINUTE); // the new title does not show yet, the contact as it was made does
  await world.poll();
  assert.deepEqual(told(), []);
  assert.equal(only().organizations[0].title, 'CEO');
  await assertAtRest(world);
});

test('fresh contacts that no listing shows yet neither go nor hold the user', async () => {
  const { world, contact, phone, told } = await setUp();
  await world.poll();
  await world.crm(...Array.from({ length: 60 }, (_, i) => contact(`P-${i}`, person())));
  world.workspace.expireSyncTokens();
  assert.equal(await world.poll(), 'done');
  assert.equal((await world.store.getUser('anna'))?.state, 'active');
  assert.deepEqual(told(), []);
  assert.equal(phone.contacts().length, 60);
});

test('C03 for contacts: a full listing that lacks too many holds contacts, and deletes nothing', async () => {
  const { world, contact, phone, settle, told } = await setUp();
  await world.poll();
  await world.crm(...Array.from({ length: 40 }, (_, i) => contact(`P-${i}`, person())));
  settle();
  await world.poll();
  world.workspace.expireSyncTokens();
  for (const { resourceName } of phone.contacts().slice(0, 15)) phone.remove(resourceName);
  settle();
  assert.equal(await world.poll(), 'done');
  assert.ok((await world.store.getUser('anna'))?.held?.contact);
  assert.deepEqual(told(), []);
});

test('who takes the label off keeps the contact; the CRM hears unlink, and its edits stay away', async () => {
  const { world, contact, phone, only, told, settle } = await setUp();
  await world.crm(contact('P-1', person()));
  settle();
  await world.poll();
  told();
  phone.unlabel(only().resourceName, 'CRM');
  settle();
  await world.poll();
  assert.deepEqual(
    told().map((m) => [m.op, m.crmId, m.reason]),
    [['unlink', 'P-1', 'takenOut']],
  );
  await world.crm(contact('P-1', person({ title: 'CEO' })));
  phone.edit(only().resourceName, { phoneNumbers: [{ value: '77' }] });
  settle();
  await world.poll();
  assert.deepEqual(told(), []);
  assert.equal(only().organizations[0].title, undefined);

  // Given again: both sides have moved on, and both edits count.
  phone.label(only().resourceName, 'CRM');
  settle();
  await world.poll();
  const [back, ...more] = told();
  assert.deepEqual(more, []);
  assert.deepEqual([back?.op, back?.crmId, back?.changed], ['upsert', 'P-1', ['phones']]);
  assert.equal(only().organizations[0].title, 'CEO');
  await assertAtRest(world);
});

test('P4 changed in the CRM while the label was off: written when it is given again, and told whole', async () => {
  const { world, contact, phone, only, told, settle } = await setUp();
  await world.crm(contact('P-1', person()));
  settle();
  await world.poll();
  phone.unlabel(only().resourceName, 'CRM');
  settle();
  await world.poll();
  await world.crm(contact('P-1', person({ notes: 'Said meanwhile' })));
  told();
  phone.label(only().resourceName, 'CRM');
  settle();
  await world.poll();
  assert.equal(only().biographies[0].value, 'Said meanwhile');
  assert.deepEqual(
    told().map((m) => m.data?.notes),
    ['Said meanwhile'],
  );
});

test('an edit of the CRM that meets a contact without the label writes nothing', async () => {
  const { world, contact, phone, only, told } = await setUp();
  await world.crm(contact('P-1', person()));
  phone.unlabel(only().resourceName, 'CRM');
  await world.crm(contact('P-1', person({ title: 'CEO' })));
  assert.equal(only().organizations[0].title, undefined);
  assert.deepEqual(
    told().map((m) => m.op),
    ['unlink'],
  );
});

test('deleted in the CRM after the label went: the contact stays', async () => {
  const { world, contact, phone, only, told, settle } = await setUp();
  await world.crm(contact('P-1', person()));
  settle();
  await world.poll();
  phone.unlabel(only().resourceName, 'CRM');
  settle();
  await world.poll();
  told();
  await world.crm(contact('P-1', {}, { op: 'delete' }));
  assert.equal(only().names[0].givenName, 'Eva');
  await assertAtRest(world);
});

test('the label is renamed: nothing happens; deleted: made anew, the same contacts carry it', async () => {
  const { world, contact, phone, told, settle } = await setUp();
  await world.crm(contact('P-1', person()), contact('P-2', person({ givenName: 'Urs' })));
  const mine = phone.add({ names: [{ givenName: 'Rita' }] }, 'CRM');
  settle();
  await world.poll();
  await world.crm(contact('P-3', { givenName: 'Rita' }, { googleId: mine.resourceName }));
  told();
  phone.renameLabel('CRM', 'Customers');
  await assertAtRest(world);
  assert.deepEqual(
    phone.labels().map((l) => l.name),
    ['Customers'],
  );

  phone.deleteLabel('Customers');
  settle();
  await world.poll();
  assert.deepEqual(told(), []);
  assert.deepEqual(
    phone.labels().map((l) => [l.name, l.memberCount]),
    [['CRM', 3]],
  );
  assert.equal(phone.contacts().length, 3);
  await assertAtRest(world);
});

test('the label is deleted again just when its contacts come into the one made anew: a third one has them', async () => {
  const { world, contact, phone, told, settle } = await setUp();
  await world.crm(contact('P-1', person()), contact('P-2', person({ givenName: 'Urs' })));
  settle();
  await assertAtRest(world);
  told();
  phone.deleteLabel('CRM');
  settle();
  world.workspace.before = ({ method }) => {
    if (!method.endsWith('members.modify')) return;
    world.workspace.before = undefined;
    phone.deleteLabel('CRM');
  };
  assert.equal(await world.poll(), 'later');
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(told(), []);
  assert.deepEqual(
    phone.labels().map((l) => [l.name, l.memberCount]),
    [['CRM', 2]],
  );
  await assertAtRest(world);
});

test('the label is deleted with its contacts: the CRM loses nothing, and its contacts come back', async () => {
  const { world, contact, phone, ours, told, settle } = await setUp();
  await world.crm(contact('P-1', person()), contact('P-2', person({ givenName: 'Urs' })));
  settle();
  await world.poll();
  phone.deleteLabel('CRM', true);
  await world.crm(contact('P-4', person({ givenName: 'Neu' })));
  settle();
  await world.poll();
  settle();
  await world.poll();
  assert.deepEqual(
    told().filter((m) => m.op === 'delete'),
    [],
  );
  assert.deepEqual(
    ours()
      .map((p) => p.clientData[0].value)
      .sort(),
    ['P-1', 'P-2', 'P-4'],
  );
});

test('a label that people call CRM themselves stays theirs', async () => {
  const { world, contact, phone, ours } = await setUp();
  phone.add({ names: [{ givenName: 'Mom' }] }, 'CRM');
  await world.crm(contact('P-1', person()));
  assert.deepEqual(
    phone
      .labels()
      .map((l) => l.name)
      .sort(),
    ['CRM', 'CRM 2'],
  );
  assert.deepEqual(phone.labelsOf(ours()[0]?.resourceName ?? '').sort(), ['CRM 2', 'myContacts']);
});

test('the answer of making the label is lost: it is found again by its mark', async () => {
  const { world, contact, phone } = await setUp();
  world.workspace.faults.add({
    method: 'contactGroups.create',
    kind: 'close',
    when: 'after',
    count: 1,
  });
  await world.crm(contact('P-1', person()));
  await world.poll();
  await world.crm(contact('P-1', person({ title: 'CEO' })));
  assert.deepEqual(
    phone.labels().map((l) => l.name),
    ['CRM'],
  );
  assert.equal(phone.contacts().length, 1);
});

test('a resource name that changes is the same link', async () => {
  const { world, contact, phone, only, told, settle } = await setUp();
  await world.crm(contact('P-1', person()));
  settle();
  await world.poll();
  told();
  const name = phone.relink(only().resourceName);
  settle();
  await world.poll();
  assert.deepEqual(told(), []);
  const [link] = await world.store.linksByCrmId('anna', 'contact', ['P-1']);
  assert.equal(link?.googleId, name);
  await world.crm(contact('P-1', person({ title: 'CEO' })));
  assert.equal(only().organizations[0].title, 'CEO');
  await assertAtRest(world);
});

test('a name that changed while no token was valid: known by its mark', async () => {
  const { world, contact, phone, only, told, settle } = await setUp();
  await world.crm(contact('P-1', person()));
  settle();
  await world.poll();
  told();
  world.workspace.expireSyncTokens();
  const name = phone.relink(only().resourceName);
  settle();
  await world.poll();
  assert.deepEqual(told(), []);
  const [link] = await world.store.linksByCrmId('anna', 'contact', ['P-1']);
  assert.equal(link?.googleId, name);
});

test('the CRM deletes: its own contact goes, one that the user made loses the label only', async () => {
  const { world, contact, phone, told, settle } = await setUp();
  await world.crm(contact('P-1', person()));
  const mine = phone.add({ names: [{ givenName: 'Rita' }] }, 'CRM');
  settle();
  await world.poll();
  await world.crm(contact('P-2', { givenName: 'Rita' }, { googleId: mine.resourceName }));
  told();
  await world.crm(contact('P-1', {}, { op: 'delete' }), contact('P-2', {}, { op: 'delete' }));
  assert.deepEqual(
    phone.contacts().map((p) => p.names[0].givenName),
    ['Rita'],
  );
  assert.deepEqual(phone.labelsOf(mine.resourceName), ['myContacts']);
  assert.deepEqual(told(), []);
  await assertAtRest(world);
});

test('rule 10: deleted in the CRM, edited on the phone since: the edit stays, and the CRM hears of it', async () => {
  const { world, contact, phone, only, told, settle } = await setUp();
  await world.crm(contact('P-1', person()));
  settle();
  await world.poll();
  phone.edit(only().resourceName, { phoneNumbers: [{ value: '77' }] });
  await world.crm(contact('P-1', {}, { op: 'delete' }));
  assert.equal(only().phoneNumbers[0].value, '77');
  assert.deepEqual(
    told().flatMap((m) => m.conflicts?.map((c) => c.field) ?? []),
    ['deletedInCrm'],
  );
});

test('after a loss of our state nothing is doubled: what carries our mark is adopted', async () => {
  const { world, contact, phone, only } = await setUp();
  await world.crm(contact('P-1', person()));
  const lost = await world.store.listLinks('anna', 'contact', 10);
  const lease = await world.store.acquireLease('anna', 'x', world.clock.now(), 1000);
  assert.ok(lease);
  const cursor = { userId: 'anna', record: 'contact' as const, params: {} };
  const user = { records: undefined };
  await world.store.commit(lease, { removedLinks: lost.map((l) => l.id), cursor, user }, true);
  world.advance(16 * MINUTE);
  await world.crm(contact('P-1', person({ title: 'CEO' })));
  assert.equal(only().organizations[0].title, 'CEO');
  assert.equal(phone.contacts().length, 1);
});

test('disconnecting with removal takes out what the sync made, unanswered creations too', async () => {
  const { world, contact, phone } = await setUp();
  await world.poll();
  phone.add({ names: [{ givenName: 'Rita' }] }, 'CRM');
  await world.crm(contact('P-1', person()));
  world.workspace.faults.add({
    method: 'people.batchCreateContacts',
    kind: 'close',
    when: 'after',
    count: 1,
  });
  await world.crm(contact('P-2', person()));
  world.advance(16 * MINUTE);
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'remove' });
  await world.poll();
  assert.deepEqual(
    phone.contacts().map((p) => p.names[0].givenName),
    ['Rita'],
  );
});

test('disconnecting with removal ends, and takes out all, although the user has deleted the label', async () => {
  const { world, contact, phone } = await setUp();
  await world.crm(contact('P-1', person()), contact('P-2', person()));
  phone.deleteLabel('CRM');
  await world.store.updateUser('anna', (user) => user && { ...user, leaving: 'remove' });
  assert.equal(await world.poll(), 'done');
  assert.deepEqual(phone.contacts(), []);
  assert.equal((await world.store.getUser('anna'))?.state, 'disconnected');
});

test('1,000 contacts of the CRM: at most 10 requests for the creation, one a poll afterwards', async () => {
  const { world, contact, phone } = await setUp();
  world.workspace.quota.enabled = false;
  const all = Array.from({ length: 1000 }, (_, i) =>
    contact(`P-${i}`, person({ givenName: `n${i}` })),
  );
  world.calls.splice(0);
  assert.equal(await world.crm(...all), 'done');
  assert.equal(phone.contacts().length, 1000);
  const calls = world.calls.filter(({ url }) => url.includes('people.googleapis.com'));
  assert.ok(calls.length <= 10, `${calls.length} requests`);
  await assertAtRest(world);
  world.calls.splice(0);
  await world.poll();
  assert.equal(world.calls.length, 1);
});

// ---- several types in one run ------------------------------------------------------------------

const both: WorldOptions = { records: ['appointment', 'contact'] };
const visitAt = (day: string) => ({
  subject: 'Visit',
  start: { dateTime: `${day}T09:00:00+01:00` },
  end: { dateTime: `${day}T10:00:00+01:00` },
});

test('one run carries all types; a type that fails holds up no other', async () => {
  const { world, contact, phone } = await setUp(both);
  await world.poll();
  const clear = world.workspace.faults.add({
    service: 'people',
    kind: 'status',
    status: 401,
    reason: 'authError',
  });
  const many = Array.from({ length: 250 }, (_, i) => contact(`P-${i}`, person()));
  const outcome = await world.crm(...many, world.change('A-1', visitAt('2026-11-24')));
  assert.equal(outcome, 'later');
  assert.equal((await world.events()).length, 1);
  await world.phone('anna', 'POST', '', {
    summary: 'Own',
    start: { dateTime: '2026-11-25T09:00:00Z' },
    end: { dateTime: '2026-11-25T10:00:00Z' },
  });
  await world.poll();
  assert.ok(world.messages.some((m) => m.record === 'appointment' && m.data?.subject === 'Own'));
  clear();
  assert.equal(await world.poll(), 'done');
  assert.equal(phone.contacts().length, 250);
});

test('unticked: each type is off by itself, and what waited comes with the permission', async () => {
  const { world, contact, phone } = await setUp(both);
  await world.consent('anna', SCOPES.primary);
  await world.poll();
  assert.equal(
    await world.crm(contact('P-1', person()), world.change('A-1', visitAt('2026-11-24'))),
    'done',
  );
  assert.equal(phone.contacts().length, 0);
  assert.equal((await world.events()).length, 1);
  assert.equal(
    (await world.store.getUser('anna'))?.state,
    'active',
    'nobody is asked to connect again',
  );
  await world.consent('anna', [CONTACTS]);
  await world.poll();
  assert.equal(phone.contacts().length, 1);
  assert.equal(await world.crm(world.change('A-2', visitAt('2026-11-25'))), 'done');
  assert.equal((await world.events()).length, 1);
  await world.consent('anna', [...SCOPES.primary, CONTACTS]);
  await world.poll();
  assert.equal((await world.events()).length, 2);
});

test('Google takes a scope back: that type goes off, the user stays connected', async () => {
  const { world, contact, settle } = await setUp(both);
  await world.poll();
  // Right after connecting it would not be believed.
  settle();
  world.workspace.faults.add({
    service: 'people',
    kind: 'status',
    status: 403,
    reason: 'insufficientPermissions',
  });
  assert.equal(
    await world.crm(contact('P-1', person()), world.change('A-1', visitAt('2026-11-24'))),
    'done',
  );
  const user = await world.store.getUser('anna');
  assert.deepEqual([user?.state, user?.scopes], ['active', SCOPES.primary]);
  assert.equal((await world.events()).length, 1);
  assert.equal(await world.poll(), 'done');
});
