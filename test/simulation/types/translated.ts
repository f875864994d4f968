/**
 * The histories of contacts and tasks in the words of appointments, so that the checker decides of all
 * record types by the same rules. What is special in them is said in its words too: a contact without the
 * label, like an event in the bin, is out of the sync's sight.
 */
import type { Edit, Entry, Final, History, Raw } from '../history.ts';
import { type Kind, kinds } from './kinds.ts';

/** The same time for all: contacts and tasks lie outside of it. */
const TIME = {
  start: { dateTime: '2026-11-24T09:00:00Z' },
  end: { dateTime: '2026-11-24T10:00:00Z' },
};

/** The history of each record type by itself, that of appointments first. */
export function translated(history: History): History[] {
  const { entries, final } = history;
  const { others = [], ...rest } = final;
  const own = entries.flatMap((entry) => entryOf(entry, undefined));
  const records = final.records.filter(is('appointment'));
  const foreign = final.foreign.filter(is('appointment'));
  return [
    { entries: own, final: { ...rest, records, foreign } },
    ...kinds
      .filter((kind) => others.some(is(kind.record)))
      .map((kind) => new Translation(kind, history).whole()),
  ];
}

const is = (record: string) => (one: { record?: string } | Raw) =>
  (one.record ?? 'appointment') === record;

/** The entry as far as it is about the type; what is about users concerns all. */
function entryOf(entry: Entry, record: Kind['record'] | undefined): Entry[] {
  const isIts = is(record ?? 'appointment');
  const isOwn = entry.kind === 'edit' || entry.kind === 'effect';
  if (isOwn || (entry.kind === 'user' && entry.what === 'placeLost'))
    return isIts(entry) ? [entry] : [];
  if (entry.kind === 'told' || entry.kind === 'applied')
    return isIts(entry.message) || entry.message.record === 'user' ? [entry] : [];
  if (entry.kind === 'committed') {
    const links = entry.links.filter(isIts);
    return links.length > 0 ? [{ ...entry, links }] : [];
  }
  // Decided with the appointments, once.
  return record !== undefined && ['issue', 'forged', 'safe'].includes(entry.kind) ? [] : [entry];
}

class Translation {
  readonly #kind: Kind;
  readonly #history: History;
  /** When a label or list went first, by user: with what was in it, read or not. */
  readonly #lost = new Map<string, number>();

  constructor(kind: Kind, history: History) {
    this.#kind = kind;
    this.#history = history;
    for (const e of history.entries)
      if (
        e.kind === 'user' &&
        e.what === 'placeLost' &&
        is(kind.record)(e) &&
        !this.#lost.has(e.user)
      )
        this.#lost.set(e.user, e.seq);
  }

  whole(): History {
    const { record } = this.#kind;
    const { entries, final } = this.#history;
    const objects = (final.others ?? []).filter(is(record)).map(({ user, id, etag, resource }) => {
      return { user, id, etag, resource: this.#event(resource), exception: false };
    });
    const policy = Object.entries(this.#kind.names).flatMap(([field, name]) => {
      const winner = final.policy[`${record}.${name}`] ?? final.policy[name];
      return winner === undefined ? [] : [[CRM_NAMES[field] ?? field, winner] as const];
    });
    const translated: Final = {
      ...final,
      recurrence: 'occurrences',
      lagMs: { appointment: final.lagMs?.[record] ?? 0 },
      records: final.records.filter(is(record)).map((r) => this.#record(r)),
      events: objects,
      shown: objects.filter(({ resource }) => resource.status !== 'cancelled'),
      foreign: final.foreign
        .filter(is(record))
        .map(({ user, id, resource }) => ({ user, id, resource: this.#event(resource) })),
      policy: Object.fromEntries(policy),
      extra: { writes: 0, told: 0, stateChanged: false, planned: [] },
      rested: true,
      bugs: [],
      mails: 0,
    };
    const own = entries.flatMap((e) => entryOf(e, record)).map((e) => this.#entry(e));
    return { entries: own, final: translated };
  }

  #entry(entry: Entry): Entry {
    switch (entry.kind) {
      case 'edit':
        return this.#edit(entry);
      case 'effect': {
        const { after, method } = entry;
        // A label made anew is no change of the contacts that get it.
        const rejoins = entry.task !== undefined && entry.before && after.inPlace;
        const before = rejoins ? { ...entry.before, inPlace: true } : entry.before;
        const made = /create|insert/i.test(method);
        return {
          ...entry,
          method: made ? `${method} insert` : method,
          before: before && this.#event(before),
          after: this.#event(after),
        };
      }
      case 'committed':
        return {
          ...entry,
          links: entry.links.map((l) => ({ ...l, googleId: this.#id(entry.user, l.googleId) })),
        };
      case 'told':
        return { ...entry, message: this.#message(entry.message) };
      case 'applied':
        return {
          ...entry,
          message: this.#message(entry.message),
          changed: entry.changed.map(({ before, after, ...rest }) => ({
            ...rest,
            before: before && this.#data(before, TIME),
            after: after && this.#data(after, TIME),
          })),
        };
      default:
        return entry;
    }
  }

  #edit(edit: Edit): Edit {
    const { side, op, before, after, user } = edit;
    if (side === 'crm')
      return {
        ...edit,
        before: before && this.#data(before, TIME),
        after: after && this.#data(after, TIME),
      };
    const seen = (raw: Raw | undefined) => {
      const event = raw && this.#event(raw);
      return event?.status === 'cancelled' ? undefined : event;
    };
    const views = { before: seen(before), after: seen(after) };
    // Taken out, changed or deleted while it is out, or out with its label or list, unread: nobody tells of it.
    const wasOut = before !== undefined && views.before === undefined;
    const isOut = views.after === undefined && (op !== 'delete' || wasOut);
    if (isOut || op === 'takeOut' || this.#lost.has(user))
      return {
        ...edit,
        ...views,
        before:
          views.before ?? (before && after && unlike(this.#event(before), this.#event(after))),
        // A deletion, too, goes with its label or list before anybody has read of it: made anew, that is
        // filled with what came from the CRM.
        op: op === 'delete' && !wasOut && !this.#lost.has(user) ? op : 'handOver',
        after: undefined,
      };
    return { ...edit, ...views, op: op === 'takeIn' ? 'restore' : op };
  }

  /** An object at Google, as an event. */
  #event(resource: Raw): Raw {
    const { names, ours, atGoogle, crmIdOf } = this.#kind;
    const crmId = crmIdOf(resource);
    const said = (field: string) => (field in names ? atGoogle(resource, field) : undefined);
    const others = Object.entries(resource).filter(
      ([name]) => !ours.has(name) && !IGNORED.has(name),
    );
    return {
      ...TIME,
      summary: said('subject'),
      location: said('place'),
      description: said('description'),
      reminders: { overrides: [{ minutes: said('reminder') }] },
      transparency: said('busy') === false ? 'transparent' : 'opaque',
      status: resource.deleted || !resource.inPlace ? 'cancelled' : 'confirmed',
      eventType: 'default',
      // What is not compared; and what must stay as it is.
      attendees: [...ours].map((name) => resource[name] ?? null),
      lists: this.#kind.listsAtGoogle(resource),
      others: Object.fromEntries(others),
      ...(crmId !== undefined && { extendedProperties: { private: { crmId } } }),
    };
  }

  #data(data: Raw, time: object = {}): Raw {
    const said = Object.entries(this.#kind.names).flatMap(([field, name]) => {
      if (!(name in data)) return [];
      return [[CRM_NAMES[field] ?? field, this.#kind.inCrm(data, field)] as const];
    });
    const lists = this.#kind.lists.filter((name) => name in data);
    return {
      ...time,
      ...Object.fromEntries(said),
      ...(lists.length > 0 && {
        lists: Object.fromEntries(lists.map((name) => [name, data[name] ?? []])),
      }),
    };
  }

  #record(record: Raw): Raw {
    const { userId, googleId, data, conflicts, origin } = record;
    const id = googleId === undefined ? {} : { googleId: this.#id(userId, googleId) };
    // Both sides keep it, and it is on neither's mind; so with the user's own that went with the list.
    const gone = this.#kind.record === 'task' && origin === 'google' && this.#lost.has(userId);
    const apart = record.unlinked || gone;
    return {
      ...record,
      ...id,
      data: this.#data(data, TIME),
      conflicts: this.#conflicts(conflicts),
      ...(apart && { rejected: { reason: 'takenOut' } }),
    };
  }

  #message(message: Raw): Raw {
    const { userId, googleId, data, changed, conflicts } = message;
    if (message.record === 'user') return message;
    return {
      ...message,
      record: 'appointment',
      ...(googleId !== undefined && { googleId: this.#id(userId, googleId) }),
      ...(data && { data: this.#data(data) }),
      ...(changed && { changed: changed.map((name: string) => this.#name(name)) }),
      ...(conflicts && { conflicts: this.#conflicts(conflicts) }),
    };
  }

  #conflicts = (conflicts: Raw[]): Raw[] =>
    conflicts.map((conflict) => {
      const { field, crm, google } = conflict;
      const mine = Object.entries(this.#kind.names).find(([, name]) => name === field)?.[0];
      if (mine === undefined) return conflict;
      const said = (value: unknown) => this.#kind.inCrm({ [field]: value }, mine);
      return { ...conflict, field: this.#name(field), crm: said(crm), google: said(google) };
    });

  #name(name: string): string {
    const mine = Object.entries(this.#kind.names).find(([, theirs]) => theirs === name)?.[0];
    return mine === undefined ? `other.${name}` : (CRM_NAMES[mine] ?? mine);
  }

  #id<T extends string | undefined>(user: string, name: T): T {
    const key = this.#history.final.aliases?.[`${user}/${name}`];
    return (key?.slice(user.length + 1) ?? name) as T;
  }
}

/** Of what a person saw only the values that he or she replaced: the rest is as it was, out of sight. */
const unlike = (before: Raw, after: Raw): Raw =>
  Object.fromEntries(
    Object.entries(before).filter(([n, v]) => JSON.stringify(v) !== JSON.stringify(after[n])),
  );

/** What the CRM's messages call a field of an appointment. */
const CRM_NAMES: { [field: string]: string } = { reminder: 'reminderMinutes' };
const IGNORED: ReadonlySet<string> = new Set(['inPlace', 'clientData']);
