import assert from 'node:assert/strict';
import test from 'node:test';
import type { people_v1 } from '@googleapis/people';
import { contactsPhone } from '../sandbox/google/people/phone.ts';
import { refusal, type Stage, stage } from '../sandbox/google/stage.ts';

const ANNA = 'anna@firm.example';
const personFields = 'names,emailAddresses,memberships,metadata,clientData';
const DAY = 86_400_000;
const MINUTE = 60_000;
type Person = people_v1.Schema$Person;

const phoneOf = (google: Stage) => contactsPhone(google.workspace.people, ANNA);

const named = (givenName: string, more: Person = {}): Person => ({
  names: [{ givenName }],
  ...more,
});

async function create(google: Stage, requestBody: Person): Promise<Person> {
  return (await google.people(ANNA).people.createContact({ personFields, requestBody })).data;
}

async function list(
  google: Stage,
  params: Partial<people_v1.Params$Resource$People$Connections$List> = {},
): Promise<people_v1.Schema$ListConnectionsResponse> {
  const all = { resourceName: 'people/me', personFields, requestSyncToken: true, ...params };
  return (await google.people(ANNA).people.connections.list(all)).data;
}

const names = (answer: people_v1.Schema$ListConnectionsResponse) =>
  (answer.connections ?? []).map((person) => person.names?.[0]?.givenName);

const withSource = (person: Person, more: Person): Person => ({
  metadata: { sources: person.metadata?.sources ?? [] },
  ...more,
});

/** The status, Google's word for it and the reason in ErrorInfo. */
async function failure(call: Promise<unknown>): Promise<[number, string, string | undefined]> {
  try {
    await call;
  } catch (error) {
    const { response } = error as {
      response: {
        status: number;
        data: { error: { status: string; details?: { reason?: string }[] } };
      };
    };
    const { status, details } = response.data.error;
    return [response.status, status, details?.[0]?.reason];
  }
  throw new Error('no failure');
}

test('google-contracts 3: personFields is required and decides what comes back; people/me only', async () => {
  await using google = await stage();
  const { resourceName } = await create(
    google,
    named('Ada', { urls: [{ value: 'https://a.example' }] }),
  );
  const { people } = google.people(ANNA);
  await assert.rejects(
    people.get({ resourceName: resourceName as string }),
    refusal(400, 'badRequest'),
  );
  await assert.rejects(
    people.connections.list({ resourceName: 'people/me' }),
    refusal(400, 'badRequest'),
  );
  await assert.rejects(
    people.get({ resourceName: resourceName as string, personFields: 'names,fax' }),
    refusal(400, 'badRequest'),
  );
  await assert.rejects(
    list(google, { resourceName: resourceName as string }),
    refusal(400, 'badRequest'),
  );
  const { data } = await people.get({ resourceName: resourceName as string, personFields: 'urls' });
  assert.deepEqual(Object.keys(data).sort(), ['etag', 'resourceName', 'urls']);
});

test('google-contracts 3: nextSyncToken comes on the last page only, on request; a quiet sync has no list', async () => {
  await using google = await stage();
  google.workspace.people.delayMs = 0;
  for (const name of ['Ada', 'Ben', 'Cy']) await create(google, named(name));
  const first = await list(google, { pageSize: 2 });
  assert.deepEqual([names(first), first.nextSyncToken], [['Ada', 'Ben'], undefined]);
  const pageToken = first.nextPageToken as string;
  const second = await list(google, { pageSize: 2, pageToken });
  assert.deepEqual([names(second), second.nextPageToken], [['Cy'], undefined]);
  const syncToken = second.nextSyncToken as string;
  const quiet = await list(google, { pageSize: 2, syncToken });
  assert.deepEqual(Object.keys(quiet), ['nextSyncToken']);
  assert.equal((await list(google, { requestSyncToken: false })).nextSyncToken, undefined);
});

test('google-contracts 3: with pageToken or syncToken all other parameters must equal the first call', async () => {
  await using google = await stage();
  google.workspace.people.delayMs = 0;
  for (const name of ['Ada', 'Ben']) await create(google, named(name));
  const { nextPageToken } = await list(google, { pageSize: 1 });
  const { nextSyncToken } = await list(google);
  const page = { pageToken: nextPageToken as string };
  const sync = { syncToken: nextSyncToken as string };
  await assert.rejects(list(google, { ...page, pageSize: 2 }), refusal(400, 'badRequest'));
  for (const other of [{ pageSize: 2 }, { personFields: 'names' }]) {
    await assert.rejects(list(google, { ...sync, ...other }), refusal(400, 'badRequest'));
  }
});

test('google-contracts 3: a sync token dies 7 days after the full sync, used or not: 400 EXPIRED_SYNC_TOKEN', async () => {
  await using google = await stage();
  let syncToken = (await list(google)).nextSyncToken as string;
  for (let day = 0; day < 6; day += 1) {
    google.advance(DAY);
    syncToken = (await list(google, { syncToken })).nextSyncToken as string;
  }
  google.advance(DAY);
  const expired = [400, 'FAILED_PRECONDITION', 'EXPIRED_SYNC_TOKEN'];
  assert.deepEqual(await failure(list(google, { syncToken })), expired);
  const fresh = (await list(google)).nextSyncToken as string;
  google.workspace.expireSyncTokens(ANNA);
  assert.deepEqual(await failure(list(google, { syncToken: fresh })), expired);
});

test('google-contracts 3: writes show in listings after minutes, in get at once; no sync token passes over them', async () => {
  await using google = await stage();
  const { resourceName } = await create(google, named('Ada'));
  const full = await list(google);
  assert.deepEqual(names(full), []);
  const got = await google
    .people(ANNA)
    .people.get({ resourceName: resourceName as string, personFields });
  assert.equal(got.data.names?.[0]?.givenName, 'Ada');
  google.advance(2 * MINUTE);
  phoneOf(google).edit(resourceName as string, { names: [{ givenName: 'Ada Maria' }] });
  google.advance(MINUTE);
  const stale = await list(google, { syncToken: full.nextSyncToken as string });
  assert.deepEqual(names(stale), ['Ada'], 'the version before the edit');
  google.advance(2 * MINUTE);
  const news = await list(google, { syncToken: stale.nextSyncToken as string });
  assert.deepEqual(names(news), ['Ada Maria']);
});

test('google-contracts 3: a listing that lags knows nothing of what is younger, and its token does not pass over it', async () => {
  await using google = await stage();
  google.workspace.people.delayMs = 0;
  const full = await list(google);
  await create(google, named('Ada'));
  google.advance(MINUTE);
  google.workspace.faults.add({ service: 'people', kind: 'lag', ms: 2 * MINUTE, count: 1 });
  const late = await list(google, { syncToken: full.nextSyncToken as string });
  assert.deepEqual(names(late), []);
  const news = await list(google, { syncToken: late.nextSyncToken as string });
  assert.deepEqual(names(news), ['Ada']);
});

test('google-contracts 3: deleted contacts come with metadata.deleted, in sync requests only; former names too', async () => {
  await using google = await stage();
  google.workspace.people.delayMs = 0;
  const ada = await create(google, named('Ada'));
  const ben = await create(google, named('Ben'));
  const syncToken = (await list(google)).nextSyncToken as string;
  phoneOf(google).remove(ada.resourceName as string);
  const renamed = phoneOf(google).relink(ben.resourceName as string);
  const { connections = [] } = await list(google, { syncToken });
  assert.deepEqual(
    connections.map(({ resourceName, metadata, names }) => [
      resourceName,
      metadata?.deleted,
      metadata?.previousResourceNames,
      names?.[0]?.givenName,
    ]),
    [
      [ada.resourceName, true, undefined, undefined],
      [renamed, undefined, [ben.resourceName], 'Ben'],
    ],
  );
  const full = await list(google);
  assert.deepEqual(names(full), ['Ben']);
  assert.equal(full.connections?.[0]?.metadata?.previousResourceNames, undefined);
  const { people } = google.people(ANNA);
  const byOldName = await people.get({ resourceName: ben.resourceName as string, personFields });
  assert.equal(byOldName.data.resourceName, renamed);
  const gone = people.get({ resourceName: ada.resourceName as string, personFields });
  await assert.rejects(gone, refusal(404, 'notFound'));
});

test('google-contracts 3: updateContact replaces exactly the fields of the mask and clears what the body leaves out', async () => {
  await using google = await stage();
  const { people } = google.people(ANNA);
  const ada = await create(
    google,
    named('Ada', {
      emailAddresses: [{ value: 'ada@a.example', type: 'work' }, { value: 'ada@b.example' }],
      phoneNumbers: [{ value: '+41 44 111 22 33' }],
    }),
  );
  const { data } = await people.updateContact({
    resourceName: ada.resourceName as string,
    updatePersonFields: 'emailAddresses,phoneNumbers',
    personFields: 'names,emailAddresses,phoneNumbers',
    requestBody: withSource(ada, {
      names: [{ givenName: 'Ignored' }],
      emailAddresses: [{ value: 'ada@c.example', type: 'buero' }],
    }),
  });
  assert.deepEqual(
    [data.names?.[0]?.givenName, data.emailAddresses?.map(({ value }) => value), data.phoneNumbers],
    ['Ada', ['ada@c.example'], undefined],
  );
  assert.equal(data.emailAddresses?.[0]?.formattedType, 'buero', 'unknown types are kept as text');
  const target = { resourceName: ada.resourceName as string, requestBody: withSource(ada, {}) };
  await assert.rejects(people.updateContact(target), refusal(400, 'badRequest'));
  const bad = people.updateContact({ ...target, updatePersonFields: 'photos' });
  await assert.rejects(bad, refusal(400, 'badRequest'));
});

test('google-contracts 3: a stale etag is 400 failedPrecondition, no etag 400; the answer carries the next etag', async () => {
  await using google = await stage();
  const { people } = google.people(ANNA);
  const ada = await create(google, named('Ada'));
  const write = (from: Person, givenName: string) =>
    people.updateContact({
      resourceName: ada.resourceName as string,
      updatePersonFields: 'names',
      personFields,
      requestBody: withSource(from, named(givenName)),
    });
  const { data } = await write(ada, 'One');
  await assert.rejects(write(ada, 'Two'), refusal(400, 'failedPrecondition'));
  assert.deepEqual(await failure(write(ada, 'Two')), [400, 'FAILED_PRECONDITION', undefined]);
  await assert.rejects(write({}, 'Two'), refusal(400, 'badRequest'));
  phoneOf(google).label(ada.resourceName as string, 'VIP');
  const relabelled = write(data, 'Three');
  await assert.rejects(relabelled, refusal(400, 'failedPrecondition'), 'a label changes the etag');
});

test('google-contracts 3: names, birthdays, biographies and genders are singletons', async () => {
  await using google = await stage();
  const doubled: Person[] = [
    { names: [{ givenName: 'A' }, { givenName: 'B' }] },
    { birthdays: [{ date: { month: 2, day: 1 } }, { date: { month: 2, day: 2 } }] },
    { biographies: [{ value: 'a' }, { value: 'b' }] },
    { genders: [{ value: 'female' }, { value: 'male' }] },
  ];
  for (const body of doubled) {
    await assert.rejects(create(google, body), refusal(400, 'badRequest'));
  }
  await assert.rejects(
    create(google, { birthdays: [{ date: { year: 2025, month: 2, day: 29 } }] }),
    refusal(400, 'badRequest'),
  );
  const made = await google.people(ANNA).people.createContact({
    personFields: 'birthdays',
    requestBody: { birthdays: [{ date: { year: 0, month: 2, day: 29 } }] },
  });
  assert.deepEqual(made.data.birthdays?.[0]?.date, { month: 2, day: 29 }, 'without a year');
});

test('google-contracts 3: createContact knows no client id: repeated, it makes a second contact', async () => {
  await using google = await stage();
  const body = named('Ada', { clientData: [{ key: 'crm-id', value: 'K-1' }] });
  const first = await create(google, body);
  const second = await create(google, body);
  assert.notEqual(first.resourceName, second.resourceName);
  assert.deepEqual([first.clientData?.[0]?.key, second.clientData?.[0]?.value], ['crm-id', 'K-1']);
});

test('google-contracts 3: memberships: never none, only user groups, myContacts and starred can be added', async () => {
  await using google = await stage();
  const { people } = google.people(ANNA);
  const ada = await create(google, named('Ada'));
  const groupOf = (person: Person) =>
    person.memberships?.map((m) => m.contactGroupMembership?.contactGroupResourceName);
  assert.deepEqual(groupOf(ada), ['contactGroups/myContacts']);
  const put = (...groups: string[]) =>
    people.updateContact({
      resourceName: ada.resourceName as string,
      updatePersonFields: 'memberships',
      personFields,
      requestBody: withSource(ada, {
        memberships: groups.map((contactGroupResourceName) => ({
          contactGroupMembership: { contactGroupResourceName },
        })),
      }),
    });
  await assert.rejects(put(), refusal(400, 'badRequest'));
  await assert.rejects(put('contactGroups/family'), refusal(400, 'badRequest'));
  await assert.rejects(put('contactGroups/none'), refusal(404, 'notFound'));
  const { data } = await put('contactGroups/starred');
  assert.deepEqual(groupOf(data), ['contactGroups/starred']);
});

test('google-contracts 3: contactGroups: unique names, clientData, system groups, members.modify', async () => {
  await using google = await stage();
  const { contactGroups } = google.people(ANNA);
  const { data: group } = await contactGroups.create({
    requestBody: {
      contactGroup: { name: 'CRM', clientData: [{ key: 'made-by', value: 'sync' }] },
      readGroupFields: 'name,clientData,groupType',
    },
  });
  assert.deepEqual(
    [group.name, group.clientData?.[0]?.value, group.groupType],
    ['CRM', 'sync', 'USER_CONTACT_GROUP'],
  );
  const again = contactGroups.create({ requestBody: { contactGroup: { name: 'CRM' } } });
  await assert.rejects(again, refusal(409, 'alreadyExists'));
  const resourceName = group.resourceName as string;
  await contactGroups.update({
    resourceName,
    requestBody: { contactGroup: { name: 'Kunden' }, updateGroupFields: 'name' },
  });
  const ada = await create(google, named('Ada'));
  const { data: added } = await contactGroups.members.modify({
    resourceName,
    requestBody: { resourceNamesToAdd: [ada.resourceName as string, 'people/none'] },
  });
  assert.deepEqual(added.notFoundResourceNames, ['people/none']);
  const { data: found } = await contactGroups.list({ groupFields: 'name,clientData,memberCount' });
  const kunden = found.contactGroups?.find(({ name }) => name === 'Kunden');
  assert.deepEqual(
    [kunden?.resourceName, kunden?.clientData?.[0]?.key, kunden?.memberCount],
    [resourceName, 'made-by', 1],
  );
  const { data: members } = await contactGroups.get({ resourceName, maxMembers: 10 });
  assert.deepEqual(members.memberResourceNames, [ada.resourceName]);
  const { data: removed } = await contactGroups.members.modify({
    resourceName: 'contactGroups/myContacts',
    requestBody: { resourceNamesToRemove: [ada.resourceName as string] },
  });
  assert.deepEqual(removed, {});
  const { data: last } = await contactGroups.members.modify({
    resourceName,
    requestBody: { resourceNamesToRemove: [ada.resourceName as string] },
  });
  assert.deepEqual(last.canNotRemoveLastContactGroupResourceNames, [ada.resourceName]);
  await contactGroups.delete({ resourceName });
  await assert.rejects(contactGroups.get({ resourceName }), refusal(404, 'notFound'));
  assert.deepEqual(phoneOf(google).labelsOf(ada.resourceName as string), ['myContacts']);
});

test('google-contracts 2 and 3: batchCreateContacts takes 200, batchUpdateContacts answers for each contact', async () => {
  await using google = await stage();
  const { people } = google.people(ANNA);
  const contacts = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ contactPerson: named(`P${i}`) }));
  const tooMany = people.batchCreateContacts({
    requestBody: { contacts: contacts(201), readMask: 'names' },
  });
  await assert.rejects(tooMany, refusal(400, 'badRequest'));
  const { data } = await people.batchCreateContacts({
    requestBody: { contacts: contacts(200), readMask: 'names,metadata' },
  });
  const made = (data.createdPeople ?? []).map(({ person }) => person as Person);
  assert.equal(made.length, 200);
  const [one, two] = made as [Person, Person];
  phoneOf(google).edit(two.resourceName as string, { names: [{ givenName: 'Edited' }] });
  const { data: updated } = await people.batchUpdateContacts({
    requestBody: {
      contacts: {
        [one.resourceName as string]: withSource(one, named('One')),
        [two.resourceName as string]: withSource(two, named('Two')),
        'people/none': withSource(two, named('None')),
      },
      updateMask: 'names',
      readMask: 'names',
    },
  });
  const results = Object.values(updated.updateResult ?? {});
  assert.deepEqual(
    results.map(({ httpStatusCode, status }) => [httpStatusCode, status?.code]),
    [
      [200, undefined],
      [400, 9],
      [404, 5],
    ],
  );
  const silent = await people.batchCreateContacts({
    requestBody: { contacts: contacts(1), readMask: '' },
  });
  assert.deepEqual(silent.data, {}, 'an empty readMask skips the read');
  const badOne = people.batchCreateContacts({
    requestBody: {
      contacts: [
        ...contacts(1),
        { contactPerson: { names: [{ givenName: 'A' }, { givenName: 'B' }] } },
      ],
      readMask: 'names',
    },
  });
  await assert.rejects(badOne, refusal(400, 'badRequest'));
  assert.equal(phoneOf(google).contacts().length, 201, 'nothing of a refused batch');
});

test('google-contracts 2 and 3: batchDeleteContacts takes 500 and answers nothing; getBatchGet takes 200', async () => {
  await using google = await stage();
  const { people } = google.people(ANNA);
  const ada = await create(google, named('Ada'));
  const ben = await create(google, named('Ben'));
  const resourceNames = [ada, ben].map(({ resourceName }) => resourceName as string);
  const { data } = await people.getBatchGet({
    resourceNames: [...resourceNames, 'people/none'],
    personFields,
  });
  assert.deepEqual(
    data.responses?.map(({ httpStatusCode }) => httpStatusCode),
    [200, 200, 404],
  );
  const missing = people.batchDeleteContacts({
    requestBody: { resourceNames: [...resourceNames, 'people/none'] },
  });
  await assert.rejects(missing, refusal(404, 'notFound'));
  const tooMany = { requestBody: { resourceNames: new Array(501).fill('people/none') } };
  await assert.rejects(people.batchDeleteContacts(tooMany), refusal(400, 'badRequest'));
  await people.batchDeleteContacts({ requestBody: { resourceNames } });
  assert.deepEqual(phoneOf(google).contacts(), []);
  const again = people.deleteContact({ resourceName: resourceNames[0] as string });
  await assert.rejects(again, refusal(404, 'notFound'));
});

test('google-contracts 3: mutates of one user that overlap fail, those of two users do not', async () => {
  await using google = await stage();
  google.workspace.faults.add({
    kind: 'delay',
    ms: 20,
    service: 'people',
    method: 'people.createContact',
  });
  const make = (email: string, name: string) =>
    google
      .people(email)
      .people.createContact({ requestBody: named(name) })
      .then(
        () => 'made',
        ({ response }) => response.status,
      );
  const together = await Promise.all([
    make(ANNA, 'A'),
    make(ANNA, 'B'),
    make('ben@firm.example', 'C'),
  ]);
  assert.deepEqual(together.map(String).sort(), ['503', 'made', 'made']);
  assert.equal(await make(ANNA, 'D'), 'made');
});

test('google-contracts 3: quotas: 429 for reads over 90 a minute and for the first pages of full syncs', async () => {
  await using google = await stage();
  const { people } = google.people(ANNA);
  const limits = google.workspace.quota.limits['people.fullSync'] as { perUserPerMinute: number };
  limits.perUserPerMinute = 1;
  await list(google);
  await assert.rejects(list(google), refusal(429, 'rateLimitExceeded'));
  google.advance(MINUTE);
  for (let i = 0; i < 90; i += 1) {
    await people.get({ resourceName: 'people/me', personFields: 'names' });
  }
  await assert.rejects(
    people.get({ resourceName: 'people/me', personFields: 'names' }),
    refusal(429, 'rateLimitExceeded'),
  );
});

test('google-contracts 3: scopes: contacts reads and writes, contacts.readonly reads, others are refused', async () => {
  await using google = await stage();
  const reader = google.people(ANNA, 'contacts.readonly').people;
  const other = google.people(ANNA, 'calendar.events.owned', 'tasks').people;
  const all = { resourceName: 'people/me', personFields: 'names' };
  assert.equal((await reader.connections.list(all)).status, 200);
  const denied = refusal(403, 'insufficientPermissions');
  await assert.rejects(reader.createContact({ requestBody: named('A') }), denied);
  await assert.rejects(other.connections.list(all), denied);
});

test('google-contracts 3: what Google makes of a contact: displayName, formatted values, nothing of empty entries', async () => {
  await using google = await stage();
  const { data } = await google.people(ANNA).people.createContact({
    personFields: 'names,phoneNumbers,emailAddresses,addresses,biographies',
    requestBody: {
      names: [{ givenName: ' Ada ', familyName: 'Lovelace', honorificSuffix: 'PhD' }],
      phoneNumbers: [{ value: '+41 44 111 22 33', type: 'mobile' }],
      emailAddresses: [{ value: '' }, { value: '', type: 'work' }],
      addresses: [{ streetAddress: 'Weg 1', postalCode: '8000', city: 'Zürich' }],
      biographies: [{ value: 'one\r\ntwo' }],
    },
  });
  const bare = (entries: object[] | undefined) =>
    entries?.map((entry) =>
      Object.fromEntries(Object.entries(entry).filter(([k]) => k !== 'metadata')),
    );
  assert.deepEqual(bare(data.names), [
    {
      displayName: 'Ada Lovelace, PhD',
      givenName: 'Ada',
      familyName: 'Lovelace',
      honorificSuffix: 'PhD',
      displayNameLastFirst: 'Lovelace, Ada',
      unstructuredName: 'Ada Lovelace, PhD',
    },
  ]);
  assert.equal(data.phoneNumbers?.[0]?.canonicalForm, '+41441112233');
  assert.equal(data.emailAddresses, undefined);
  assert.equal(data.addresses?.[0]?.formattedValue, 'Weg 1\n8000 Zürich');
  assert.equal(data.biographies?.[0]?.value, 'one\ntwo');
});
