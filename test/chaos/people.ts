/** People who write in the CRM and on their phones: seeded, and every value is unique. */
import type { CrmRecord } from '../sandbox/crm/types.ts';
import type { Random } from '../sandbox/google/random.ts';
import type { Stack } from '../sandbox/stack.ts';
import type { Event } from '../support/world.ts';
import { FIELDS, type Field, type Ledger, type Shown } from './ledger.ts';

const HOUR = 3_600_000;
const MARKER = '— CRM —';

/** A CRM record in the ledger's form. */
export function shownInCrm({ data }: CrmRecord): Shown {
  const at = (moment: unknown) => Date.parse((moment as { dateTime: string }).dateTime);
  return {
    subject: data.subject ?? null,
    description: data.description ?? null,
    time: `${at(data.start)}-${at(data.end)}`,
  };
}

/** An event in the ledger's form: what stands below the marker is the sync's, not the person's. */
export function shownAtGoogle(event: Event): Shown {
  const [text = ''] = (event.description ?? '').split(MARKER);
  const at = (moment: Event['start']) => Date.parse(moment.dateTime ?? '');
  return {
    subject: event.summary ?? null,
    description: text.trim() || null,
    time: `${at(event.start)}-${at(event.end)}`,
  };
}

/** The user's phone at the simulator; `match` makes a write conditional. Undefined: 412, 404 or 410. */
export async function phone(
  { workspace }: Stack,
  userId: string,
  method: string,
  path: string,
  { body, match }: { body?: object; match?: string } = {},
): Promise<(Event & { items: Event[] }) | undefined> {
  const answer = await workspace.handle({
    method,
    url: `/calendar/v3/calendars/primary/events${path}`,
    headers: {
      authorization: `Bearer user:${emailOf(userId)}`,
      'content-type': 'application/json',
      ...(match && { 'if-match': match }),
    },
    body: body ? JSON.stringify(body) : '',
  });
  if ([404, 410, 412].includes(answer.status)) return undefined;
  if (answer.status > 299) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body || '{}') as Event & { items: Event[] };
}

export const emailOf = (userId: string) => `${userId}@firm.example`;

/** The user's live events. */
export async function eventsOf(stack: Stack, userId: string): Promise<Event[]> {
  const listed = await phone(stack, userId, 'GET', '?maxResults=2500');
  return (listed?.items ?? []).filter((event) => event.status !== 'cancelled');
}

/** Somebody changes something, on either side; `act` does one change. */
export class People {
  readonly #stack: Stack;
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #users: readonly string[];
  readonly #tomorrow = Math.floor(Date.now() / HOUR) * HOUR + 24 * HOUR;
  #count = 0;

  constructor(stack: Stack, ledger: Ledger, random: Random, users: readonly string[]) {
    this.#stack = stack;
    this.#ledger = ledger;
    this.#random = random;
    this.#users = users;
  }

  /** One change by one person. Resolves when that side has it (not when the other one has). */
  async act(): Promise<void> {
    const userId = this.#pick(this.#users);
    const crm = this.#random() < 0.5;
    const what = this.#random();
    if (what < 0.35) return crm ? this.#createInCrm(userId) : this.#createAtGoogle(userId);
    const remove = what > 0.88;
    const done = await (crm
      ? this.#changeInCrm(userId, remove)
      : this.#changeAtGoogle(userId, remove));
    // Nothing there to change yet.
    if (!done) await (crm ? this.#createInCrm(userId) : this.#createAtGoogle(userId));
  }

  async #createInCrm(userId: string): Promise<void> {
    const { token, shown } = this.#fresh();
    this.#ledger.created(token, userId, 'crm', shown);
    await this.#stack.crm.create(userId, {
      ...crmFields(shown),
      place: token,
      kind: 'visit',
      customer: { name: 'Muster AG' },
    });
  }

  async #createAtGoogle(userId: string): Promise<void> {
    const { token, shown } = this.#fresh();
    this.#ledger.created(token, userId, 'google', shown);
    const guests = this.#random() < 0.2 ? [{ email: 'guest@other.example' }] : undefined;
    const body = { ...googleFields(shown), location: token, ...(guests && { attendees: guests }) };
    await phone(this.#stack, userId, 'POST', '', { body });
  }

  async #changeInCrm(userId: string, remove: boolean): Promise<boolean> {
    const records = this.#stack.crm.records(userId);
    if (records.length === 0) return false;
    const record = this.#pick(records);
    const token = record.data.place ?? '';
    const before = shownInCrm(record);
    // Between looking and writing nothing else runs here, so what was seen is what was written over.
    if (remove) {
      this.#ledger.deleted(token, 'crm', before);
      await this.#stack.crm.remove(record.crmId);
      return true;
    }
    const { field, shown } = this.#edit(before);
    this.#ledger.edited(token, { side: 'crm', field, value: shown[field], saw: before[field] });
    const all = crmFields(shown);
    const changed = field === 'time' ? { start: all.start, end: all.end } : { [field]: all[field] };
    await this.#stack.crm.edit(record.crmId, changed);
    return true;
  }

  async #changeAtGoogle(userId: string, remove: boolean): Promise<boolean> {
    const events = await eventsOf(this.#stack, userId);
    if (events.length === 0) return false;
    const event = this.#pick(events);
    const token = event.location ?? '';
    const before = shownAtGoogle(event);
    const path = `/${event.id}`;
    // A person sees what he or she writes over, hence the condition.
    if (remove) {
      const gone = await phone(this.#stack, userId, 'DELETE', path, { match: event.etag });
      if (gone) this.#ledger.deleted(token, 'google', before);
      return gone !== undefined;
    }
    const { field, shown } = this.#edit(before);
    const all = googleFields(shown);
    const body =
      field === 'time'
        ? { start: all.start, end: all.end }
        : field === 'subject'
          ? { summary: all.summary }
          : { description: `${all.description}${belowOf(event)}` };
    const written = await phone(this.#stack, userId, 'PATCH', path, { body, match: event.etag });
    if (!written) return false;
    const edit = { side: 'google', field, value: shown[field], saw: before[field] } as const;
    this.#ledger.edited(token, edit);
    return true;
  }

  #edit(before: Shown): { field: Field; shown: Shown } {
    const field = this.#pick(FIELDS);
    return { field, shown: { ...before, [field]: this.#fresh().shown[field] } };
  }

  /** A token, and values that nobody else writes. */
  #fresh(): { token: string; shown: Shown } {
    const n = ++this.#count;
    const start = this.#tomorrow + n * 60_000;
    return {
      token: `Place ${n}`,
      shown: {
        subject: `Subject ${n}`,
        description: `Text ${n}: größer & <besser>`,
        time: `${start}-${start + HOUR}`,
      },
    };
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }
}

/** The sync's part of the description, which a person leaves where it is. */
function belowOf({ description = '' }: Event): string {
  const at = description.indexOf(MARKER);
  return at < 0 ? '' : `\n\n${description.slice(at)}`;
}

function times({ time }: Shown): { dateTime: string; timeZone: string }[] {
  return (time ?? '')
    .split('-')
    .map((at) => ({ dateTime: new Date(Number(at)).toISOString(), timeZone: 'Europe/Zurich' }));
}

function crmFields(shown: Shown) {
  const [start, end] = times(shown);
  if (!start || !end) throw new Error('no time');
  return { subject: shown.subject, description: shown.description, start, end };
}

function googleFields(shown: Shown) {
  const [start, end] = times(shown);
  return { summary: shown.subject, description: shown.description, start, end };
}
