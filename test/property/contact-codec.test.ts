/** P11 for contacts: what the codec writes it reads back the same, and what it does not map stays. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { people_v1 } from '@googleapis/people';
import fc from 'fast-check';
import { contactCodec } from '../../functions/core/contact.ts';
import { type Fields, sameValue } from '../../functions/core/fields.ts';
import { merge } from '../../functions/core/merge.ts';
import { contactSchema } from '../../functions/core/messages.ts';
import { wordOf } from '../../functions/core/word.ts';
import { normalizePerson } from '../sandbox/google/people/normalize.ts';
import { context } from './mini.ts';

type Person = people_v1.Schema$Person;

const GROUP = 'contactGroups/crm';
const codec = contactCodec(GROUP);
const canonical = (data: Fields) => codec.canonical(data, context);

/** Names and words of real address books: scripts, emoji, particles, marks, blanks. */
const word = fc.oneof(
  fc.constantFrom(
    'Zoë',
    'van der Berg-O’Hara',
    '李小龍',
    'محمد بن سلمان',
    'Дарья',
    'नरेन्द्र',
    'Đặng Thị',
    '👩‍🌾 Bio-Hof 🌻',
    'é vs e\u0301',
    'MÜLLER & Söhne GmbH',
    '"Quoted"; semi,colon',
    '',
    '   ',
    '\u00a0x\u00a0',
    'line\r\nbreak',
    '0',
  ),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
);
const text = fc.option(word, { nil: null });
/** vCard's types, Google's, the CRM's own, none. */
const type = fc.constantFrom(
  'work',
  'home',
  'mobile',
  'homeFax',
  'CELL;VOICE',
  'Büro 2',
  'CRM',
  '',
);
const optionalType = fc.record({ type: fc.option(type, { nil: undefined }) });
const typed = (value: fc.Arbitrary<string>) =>
  fc.tuple(value, optionalType).map(([v, { type }]) => ({
    value: v,
    ...(type !== undefined && { type }),
  }));
const emails = typed(
  fc.constantFrom(
    'a@b.example',
    'Anna.B@firm.example',
    'müller@straße.example',
    'not an address',
    '',
  ),
);
const phones = typed(
  fc.oneof(
    fc.constantFrom('+41 44 123 45 67', '0800-TAXI', '117', '+1 (555) 010-0000;ext=7', ' '),
    fc.integer({ min: 1, max: 99_999 }).map(String),
  ),
);
const address = fc.record(
  {
    type,
    street: word,
    extended: word,
    poBox: word,
    postalCode: word,
    city: word,
    region: word,
    country: word,
  },
  { requiredKeys: [] },
);
const birthday = fc.constantFrom(
  '1971-04-30',
  '--02-29',
  '2000-02-29',
  '--12-31',
  '0900-01-01',
  null,
);
const list = <T>(entries: fc.Arbitrary<T>, maxLength: number) =>
  fc.option(fc.array(entries, { maxLength }), { nil: null });

const contact = fc
  .record(
    {
      honorificPrefix: text,
      givenName: text,
      middleName: text,
      familyName: text,
      honorificSuffix: text,
      organization: text,
      department: text,
      title: text,
      emails: list(emails, 5),
      phones: list(phones, 20),
      addresses: list(address, 4),
      birthday,
      website: text,
      notes: text,
      url: fc.constantFrom('https://crm.example/p/1?a=b#c', null),
    },
    { requiredKeys: [] },
  )
  .map((data) => contactSchema.parse(data) as Fields);

/** As Google keeps it. */
const stored = (body: Person): Person => ({
  resourceName: 'people/c1',
  metadata: { sources: [{ type: 'CONTACT', etag: 'e' }] },
  ...(normalizePerson(body as Record<string, unknown>) as Person),
});

const read = (person: Person) => codec.decode(person, context);

/** Fields of the CRM's that Google does not show as they were meant. */
function differences(person: Person, wanted: Fields, names = Object.keys(wanted)): string[] {
  const { fields } = read(person);
  return names.filter((name) => name !== 'url' && !sameValue(fields[name], wanted[name]));
}

test('P11: a contact is read back as it was written, whatever it holds', () => {
  fc.assert(
    fc.property(contact, (data) => {
      const wanted = canonical(data);
      const person = stored(codec.insert('P-1', 3, wanted, context));
      assert.deepEqual(differences(person, wanted), []);
      assert.deepEqual(read(person).marker, { crmId: 'P-1', generation: 3, word: wordOf(wanted) });
      assert.equal(read(person).state, 'live');
      const link = person.urls?.find((url) => url.type === 'CRM')?.value;
      assert.equal(link ?? null, wanted.url ?? null);
      // Canonical values stay what they are.
      assert.ok(sameValue(canonical(wanted), wanted));
      assert.ok(sameValue(canonical(read(person).fields), read(person).fields));
    }),
    { numRuns: 500 },
  );
});

const picked = (fields: Fields, names: string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));

/** What others wrote into a contact of ours. */
const others = {
  nicknames: [{ value: 'Evi' }],
  relations: [{ person: 'Urs', type: 'spouse' }],
  userDefined: [{ key: 'Shoe size', value: '39' }],
  memberships: [{ contactGroupMembership: { contactGroupResourceName: 'contactGroups/golf' } }],
};

/** Parts of our own lists that are not mapped. */
function enriched(person: Person): Person {
  const [name] = person.names ?? [];
  const [email, ...emailRest] = person.emailAddresses ?? [];
  return {
    ...person,
    ...others,
    ...(name && { names: [{ ...name, phoneticGivenName: 'EE-va' }] }),
    ...(email && { emailAddresses: [{ ...email, displayName: 'Eva at work' }, ...emailRest] }),
    urls: [{ type: 'profile', value: 'https://social.example/eva' }, ...(person.urls ?? [])],
    memberships: [...(person.memberships ?? []), ...others.memberships],
  };
}

test('P11: a patch changes the fields that it names, in the lists that hold them, and nothing else', () => {
  fc.assert(
    fc.property(contact, contact, (before, after) => {
      const was = canonical(before);
      const current = stored(enriched(stored(codec.insert('P-1', 0, was, context))));
      const target: Fields = { ...read(current).fields, url: was.url ?? null, ...canonical(after) };
      const known: Fields = { ...read(current).fields, url: was.url ?? null };
      const changed = Object.keys(target).filter((n) => !sameValue(target[n], known[n]));
      // The CRM's full state may be older than what Google has: only what is named may be written.
      const stale: Fields = { ...target, ...was, ...picked(target, changed) };
      const body = codec.patch(
        { changed, target: stale, before: was, adopted: false },
        context,
        current,
      );
      if (changed.length === 0) return assert.equal(body, undefined);
      const next = stored({ ...current, ...body });
      assert.deepEqual(differences(next, target), []);
      const lists = Object.keys(body ?? {});
      for (const [field, entries] of Object.entries(current)) {
        if (field === 'metadata' || lists.includes(field)) continue;
        assert.deepEqual((next as { [f: string]: unknown })[field], entries, field);
      }
      for (const field of ['nicknames', 'relations', 'userDefined', 'memberships', 'clientData'])
        assert.ok(!lists.includes(field), field);
      assert.ok(next.urls?.some((url) => url.type === 'profile'));
      const phonetic = current.names?.[0]?.phoneticGivenName;
      assert.equal(next.names?.[0]?.phoneticGivenName, phonetic);
      const named = current.emailAddresses?.find((e) => e.displayName);
      const kept = next.emailAddresses?.find((e) => e.value === named?.value);
      if (kept) assert.equal(kept.displayName, named?.displayName);
    }),
    { numRuns: 500 },
  );
});

test('what was adopted gets no link into the CRM, and keeps a URL that looks like one', () => {
  const mine = stored({
    names: [{ givenName: 'Eva' }],
    urls: [{ type: 'CRM', value: 'https://mine.example' }],
  });
  const patch = (changed: string[], target: Fields) =>
    codec.patch({ changed, target, before: {}, adopted: true }, context, mine);
  assert.equal(patch(['url'], { url: 'https://crm.example/1' }), undefined);
  const body = patch(['website'], { website: 'https://eva.example', url: 'https://crm.example/1' });
  assert.deepEqual(
    body?.urls?.map((url) => url.value),
    ['https://mine.example', 'https://eva.example'],
  );
});

test('what belongs to a profile is not the contact’s', () => {
  const { fields } = read({
    resourceName: 'people/c1',
    names: [
      { givenName: 'Domain', metadata: { source: { type: 'DOMAIN_PROFILE' } } },
      { givenName: 'Eva', metadata: { source: { type: 'CONTACT' } } },
    ],
    emailAddresses: [{ value: 'p@x.example', metadata: { source: { type: 'PROFILE' } } }],
  });
  assert.deepEqual([fields.givenName, fields.emails], ['Eva', null]);
});

test('awkward contacts of real address books are read without a loss', () => {
  const { fields } = read({
    resourceName: 'people/c1',
    names: [{ unstructuredName: 'Muster, Eva (Einkauf)' }],
    birthdays: [{ date: { month: 2, day: 29 } }],
    addresses: [{ type: 'work', formattedValue: 'Dorfstrasse 1\n8000 Zürich' }],
    biographies: [{ value: '<b>VIP</b><br>Tee', contentType: 'TEXT_HTML' }],
    urls: [{ type: 'profile', value: 'https://social.example/eva' }],
    emailAddresses: [
      { value: 'a@b.example' },
      { value: 'a@b.example', type: 'work' },
      { value: '' },
    ],
  });
  assert.deepEqual(fields, {
    honorificPrefix: null,
    givenName: 'Muster, Eva (Einkauf)',
    middleName: null,
    familyName: null,
    honorificSuffix: null,
    organization: null,
    department: null,
    title: null,
    emails: [{ value: 'a@b.example' }],
    phones: null,
    addresses: [{ type: 'work', street: 'Dorfstrasse 1\n8000 Zürich' }],
    birthday: '--02-29',
    website: null,
    notes: 'VIP\nTee',
  });
  assert.equal(read({ birthdays: [{ text: 'in spring' }] }).fields.birthday, null);
});

test('P5 P6: lists merge entry by entry, the same whichever side is asked first', () => {
  const numbers = fc.uniqueArray(fc.constantFrom('1', '2', '3', '4', '5'), { maxLength: 5 });
  const entries = (values: string[]) =>
    values.length === 0 ? null : values.map((value) => ({ value, type: 'work' }));
  fc.assert(
    fc.property(numbers, numbers, numbers, (base, crm, google) => {
      const merged = merge({
        codec,
        base: { crm: { phones: entries(base) }, google: { phones: entries(base) }, offered: {} },
        crm: { phones: entries(crm) },
        google: { phones: entries(google) },
        seen: -1,
        policy: {},
        locked: () => false,
      });
      const same = (a: string[], b: string[]) => sameValue(entries(a), entries(b));
      if (same(base, crm) && same(base, google)) return;
      const result =
        merged.toGoogle.phones !== undefined ? merged.toGoogle.phones : entries(google);
      const values = new Set(
        (Array.isArray(result) ? result : []).map((e) => (e as { value: string }).value),
      );
      for (const value of ['1', '2', '3', '4', '5']) {
        const [was, c, g] = [base, crm, google].map((list) => (list as string[]).includes(value));
        assert.equal(values.has(value), c !== was ? c : g, value);
      }
      assert.deepEqual(
        merged.conflicts,
        [],
        'to add and to remove different entries is no conflict',
      );
    }),
  );
});
