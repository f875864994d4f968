/** Values for edits of contacts and tasks. Each edit's number makes its values unique. */
const DAY_MS = 86_400_000;

export type OtherType = 'contact' | 'task';
/** Fields by names of their own, the same on both sides. */
export const FIELDS: { [record in OtherType]: readonly string[] } = {
  contact: ['name', 'title', 'notes', 'birthday', 'phones'],
  task: ['title', 'notes', 'due', 'done'],
};

const birthday = (n: number) =>
  new Date(Date.UTC(1950, 0, 1) + n * DAY_MS).toISOString().slice(0, 10);
const due = (n: number) => new Date(Date.UTC(2026, 10, 23) + n * DAY_MS).toISOString().slice(0, 10);

/** The fields of an edit in the CRM's words. */
export const crmFields = (record: OtherType, fields: readonly string[], n: number): object =>
  record === 'contact' ? crmContact(fields, n) : crmTask(fields, n);

function crmContact(fields: readonly string[], n: number): object {
  const data: { [name: string]: unknown } = {};
  for (const field of fields) {
    if (field === 'name') data.givenName = n % 7 === 0 ? ` name ${n} ` : `name ${n}`;
    else if (field === 'title') data.title = n % 11 === 0 ? null : `title ${n}`;
    else if (field === 'notes') data.notes = `Notes ${n}\nsecond line`;
    else if (field === 'birthday') data.birthday = birthday(n);
    else Object.assign(data, crmLists(n));
  }
  return data;
}

/** Phones, and now and then e-mails and addresses. */
const crmLists = (n: number) => ({
  phones: [
    { value: `+41 ${n}`, type: 'work' },
    ...(n % 3 === 0 ? [{ value: `+41 79 ${n}`, type: 'mobile' }] : []),
  ],
  ...(n % 2 === 0 && { emails: [{ value: `c${n}@x.example`, type: 'work' }] }),
  ...(n % 5 === 0 && { addresses: [{ type: 'work', street: `Street ${n}`, city: 'Bern' }] }),
});

function crmTask(fields: readonly string[], n: number): object {
  const data: { [name: string]: unknown } = {};
  for (const field of fields) {
    if (field === 'title') data.title = n % 7 === 0 ? ` title ${n} ` : `title ${n}`;
    else if (field === 'notes') data.notes = n % 11 === 0 ? null : `Notes ${n}\nsecond line`;
    else if (field === 'due') data.due = due(n);
    else data.status = n % 2 === 0 ? 'done' : 'open';
  }
  return data;
}

/** The fields of an edit of a contact in Google's words. */
export function personFields(fields: readonly string[], n: number): { [name: string]: unknown[] } {
  const body: { [name: string]: unknown[] } = {};
  for (const field of fields) {
    const [year = 0, month = 0, day = 0] = birthday(n).split('-').map(Number);
    if (field === 'name') body.names = [{ givenName: `name ${n}` }];
    else if (field === 'title') body.organizations = [{ title: `title ${n}` }];
    else if (field === 'notes') body.biographies = [{ value: `Notes ${n}\nmore` }];
    else if (field === 'birthday') body.birthdays = [{ date: { year, month, day } }];
    else Object.assign(body, personLists(n));
  }
  return body;
}

const personLists = (n: number) => ({
  phoneNumbers: [{ value: `+41 ${n}`, type: 'mobile' }],
  ...(n % 2 === 0 && { emailAddresses: [{ value: `g${n}@x.example`, type: 'home' }] }),
  ...(n % 5 === 0 && { addresses: [{ type: 'home', streetAddress: `Way ${n}`, city: 'Thun' }] }),
});

/** What a person types into a task: `done` is a button of its own. */
export const typedFields = (
  fields: readonly string[],
  n: number,
): { title?: string; notes?: string; due?: string } => ({
  ...(fields.includes('title') && { title: `title ${n} ` }),
  ...(fields.includes('notes') && { notes: `Notes ${n}\nmore` }),
  ...(fields.includes('due') && { due: due(n) }),
});
