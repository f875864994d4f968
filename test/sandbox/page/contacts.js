/** Contact persons: how each side shows one, and how a form writes one. */
import { people } from './api.js';

const NAMES = ['givenName', 'familyName'];

const fields = [
  { name: 'givenName', label: 'First name' },
  { name: 'familyName', label: 'Last name' },
  { name: 'organization', label: 'Company' },
  { name: 'title', label: 'Position' },
  { name: 'email', label: 'Email', type: 'email' },
  { name: 'phone', label: 'Phone', type: 'tel' },
  { name: 'birthday', label: 'Birthday', type: 'date' },
  { name: 'notes', label: 'Notes', type: 'textarea' },
];

const lines = (values) => [
  [values.title, values.organization].filter(Boolean).join(', '),
  [values.email, values.phone].filter(Boolean).join(' · '),
];
const nameOf = (values) =>
  NAMES.map((n) => values[n])
    .filter(Boolean)
    .join(' ') || values.organization;
/** The first entry of a list is the form's, the others stay as they are. */
const withFirst = (list, value, more = {}) =>
  value ? [{ ...list?.[0], ...more, value }, ...(list ?? []).slice(1)] : (list ?? []).slice(1);

export const contacts = {
  record: 'contact',
  icon: 'person',
  one: 'contact',
  crm: {
    fields,
    values: ({ data }) => ({
      givenName: data.givenName ?? '',
      familyName: data.familyName ?? '',
      organization: data.organization ?? '',
      title: data.title ?? '',
      email: data.emails?.[0]?.value ?? '',
      phone: data.phones?.[0]?.value ?? '',
      birthday: data.birthday ?? '',
      notes: data.notes ?? '',
    }),
    row: (values) => ({ title: nameOf(values) || 'Without a name', lines: lines(values) }),
    toData: ({ email, phone, ...rest }, old = {}) => ({
      ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, value || null])),
      emails: withFirst(old.emails, email, { type: old.emails?.[0]?.type ?? 'work' }),
      phones: withFirst(old.phones, phone, { type: old.phones?.[0]?.type ?? 'work' }),
    }),
    formOf: { emails: 'email', phones: 'phone' },
  },
  phone: {
    fields: () => [...fields, { name: 'label', label: 'Label CRM', type: 'checkbox' }],
    async list(email) {
      const [persons, label] = await Promise.all([people(email).list(), people(email).label()]);
      const marked = (person) =>
        person.memberships?.some(
          (m) => m.contactGroupMembership?.contactGroupResourceName === label?.resourceName,
        ) ?? false;
      return persons.map((person) => ({
        id: person.resourceName,
        mark: person.etag,
        raw: person,
        ours: marked(person),
        crmId: person.clientData?.find(({ key }) => /id/i.test(key))?.value,
        values: { ...valuesOf(person), label: marked(person) },
      }));
    },
    row: ({ values, ours }) => ({
      title: nameOf(values) || 'Without a name',
      lines: lines(values),
      tags: [ours ? ['CRM', 'google'] : undefined],
    }),
    empty: () => ({ label: true }),
    async save(email, item, values, changed) {
      const api = people(email);
      const wanted = ['name', 'organization', 'email', 'phone', 'birthday', 'notes'].filter(
        (part) => !item || PARTS[part].form.some((name) => changed.has(name)),
      );
      const body = Object.assign({}, ...wanted.map((part) => PARTS[part].body(values, item?.raw)));
      let saved = item?.raw;
      if (!item) saved = await api.create(body);
      else if (wanted.length > 0)
        saved = await api.update(item.raw, body, Object.keys(body).join());
      if (!item ? values.label : changed.has('label'))
        await api.setLabel(saved.resourceName, values.label);
      return saved;
    },
    remove: (email, item) => people(email).remove(item.id),
  },
};

/** A person's fields as the form has them, and back: the parts that are written together. */
const PARTS = {
  name: {
    form: NAMES,
    body: ({ givenName, familyName }) => ({ names: [{ givenName, familyName }] }),
  },
  organization: {
    form: ['organization', 'title'],
    body: ({ organization, title }, old) => ({
      organizations:
        organization || title
          ? [{ ...bare(old?.organizations?.[0]), name: organization, title }]
          : [],
    }),
  },
  email: {
    form: ['email'],
    body: ({ email }, old) => ({
      emailAddresses: withFirst(old?.emailAddresses?.map(bare), email),
    }),
  },
  phone: {
    form: ['phone'],
    body: ({ phone }, old) => ({ phoneNumbers: withFirst(old?.phoneNumbers?.map(bare), phone) }),
  },
  birthday: {
    form: ['birthday'],
    body: ({ birthday }) => ({ birthdays: birthday ? [{ date: dateOf(birthday) }] : [] }),
  },
  notes: {
    form: ['notes'],
    body: ({ notes }) => ({ biographies: notes ? [{ value: notes }] : [] }),
  },
};

const bare = (entry = {}) => {
  const { metadata: _, ...rest } = entry;
  return rest;
};
const two = (n) => String(n).padStart(2, '0');
const dateOf = (text) => {
  const [year, month, day] = text.split('-').map(Number);
  return { year, month, day };
};

function valuesOf(person) {
  const { year, month, day } = person.birthdays?.[0]?.date ?? {};
  return {
    givenName: person.names?.[0]?.givenName ?? '',
    familyName: person.names?.[0]?.familyName ?? '',
    organization: person.organizations?.[0]?.name ?? '',
    title: person.organizations?.[0]?.title ?? '',
    email: person.emailAddresses?.[0]?.value ?? '',
    phone: person.phoneNumbers?.[0]?.value ?? '',
    birthday: year && month && day ? `${year}-${two(month)}-${two(day)}` : '',
    notes: person.biographies?.[0]?.value ?? '',
  };
}
