/** The smallest world in which the planner can be seen to work: one record, a CRM that answers, an object at Google. */
import type { calendar_v3 } from '@googleapis/calendar';
import { appointmentCodec as codec } from '../../functions/core/appointment.ts';
import type { Codec, CodecContext } from '../../functions/core/codec.ts';
import type { Decision } from '../../functions/core/decision.ts';
import { type Fields, type Json, sameValue } from '../../functions/core/fields.ts';
import { mergeIntent } from '../../functions/core/intent.ts';
import type { Policy } from '../../functions/core/merge.ts';
import type { Conflict, CrmChange, GoogleChange } from '../../functions/core/messages.ts';
import { plan } from '../../functions/core/plan.ts';
import type { Intent, Link } from '../../functions/core/records.ts';
import { settle } from '../../functions/core/settle.ts';
import { afterWrite } from '../../functions/core/written.ts';

export type Event = calendar_v3.Schema$Event;

export const NOW = Date.UTC(2026, 10, 23, 8);
const DAY = 86_400_000;

export const context: CodecContext = {
  userId: 'anna',
  timeZone: 'Europe/Zurich',
  self: ['anna@firm.example'],
  colleagues: new Map(),
  inviteExternal: false,
};

/** What Google makes of a body: objects are merged, null and empty texts go, texts lose their end. */
export function stored(before: Event, body: Event, etag: number): Event {
  const next: { [name: string]: unknown } = { ...before };
  for (const [name, value] of Object.entries(body)) next[name] = merged(next[name], value);
  for (const name of ['summary', 'location', 'description']) {
    const text = String(next[name] ?? '').trimEnd();
    if (text === '') delete next[name];
    else next[name] = text;
  }
  return {
    ...next,
    status: 'confirmed',
    etag: `"${etag}"`,
    organizer: { email: 'anna@firm.example', self: true },
  };
}

function merged(before: unknown, value: unknown): unknown {
  const isObject = (v: unknown) => v !== null && typeof v === 'object' && !Array.isArray(v);
  if (!isObject(value)) return value;
  const result = { ...(isObject(before) ? (before as object) : {}) } as { [n: string]: unknown };
  for (const [name, v] of Object.entries(value as object)) {
    if (v === null) delete result[name];
    else result[name] = merged(result[name], v);
  }
  return result;
}

/** The CRM's record: applies what it is told as the docs ask it to, and answers. */
interface Crm {
  data: Fields;
  deleted: boolean;
  version: number;
  edited: { [field: string]: number };
  seen: string | undefined;
}

/** What Google does with the objects of a record type. */
export interface Kind<R> {
  codec: Codec<R>;
  /** The object after a body was written into it; a new one where there is nothing before. */
  stored(before: R | undefined, body: R, etag: number, id: string | undefined): R;
  /** What is left of a deleted one. */
  gone(object: R): R;
}

export const appointments: Kind<Event> = {
  codec,
  stored: (before, body, etag, id) => stored(before ?? { id: id ?? '' }, body, etag),
  gone: ({ id }) => ({ id: id ?? '', status: 'cancelled' }),
};

export class Mini<R = Event> {
  readonly crm: Crm = { data: {}, deleted: false, version: 0, edited: {}, seen: undefined };
  event: R | undefined;
  link: Link | undefined;
  intent: Intent | undefined;
  pending = false;
  conflicts: Conflict[] = [];
  decisions: Decision[] = [];
  readonly policy: Policy;
  readonly kind: Kind<R>;
  #etag = 1;

  constructor(policy: Policy, kind: Kind<R>) {
    this.policy = policy;
    this.kind = kind;
  }

  /** As the engine reads it; undefined: never was. */
  get shown() {
    return this.event && this.kind.codec.decode(this.event, context);
  }

  // ---- people ----------------------------------------------------------------------------------

  desk(data: Fields): void {
    this.crm.version += 1;
    // To enter what is there already is no edit.
    const changed = Object.keys(data).filter((f) => !sameValue(data[f], this.crm.data[f]));
    this.crm.data = { ...this.crm.data, ...data };
    for (const field of changed) this.crm.edited[groupOf(field)] = this.crm.version;
    this.#publish();
  }

  deskDeletes(): void {
    this.crm.version += 1;
    this.crm.deleted = true;
    this.#publish();
  }

  phone(body: R): void {
    if (this.event) this.event = this.kind.stored(this.event, body, ++this.#etag, undefined);
  }

  phoneDeletes(): void {
    if (this.event) this.event = this.kind.gone(this.event);
  }

  // ---- the engine's steps, each as if all its calls succeeded ----------------------------------

  /** The CRM's news, as a run that only has an intent sees it: a refused write is read and planned again. */
  applyIntent(): void {
    if (!this.pending) return;
    this.pending = false;
    const decision = this.#plan(true, false);
    const known = this.link?.etag;
    const clash = decision.write && decision.write.kind !== 'insert' && this.shown?.etag !== known;
    this.#carryOut(clash ? this.#plan(true, true) : decision, true, Boolean(clash));
  }

  /** Google's news, as a pull sees it. */
  applyGoogle(): void {
    if (!this.shown) return;
    const known = this.shown.state === 'gone' ? 'deleted' : 'live';
    if (this.link?.state === known && this.link.etag === this.shown.etag) return;
    if (this.link?.state === 'deleted' && known === 'deleted') return;
    this.#carryOut(this.#plan(false, true), false, true);
  }

  /** What one more look at everything would do. */
  idle(): Decision {
    return this.#plan(this.intent !== undefined, true);
  }

  #plan(withIntent: boolean, withEvent: boolean): Decision {
    return plan({
      codec: this.kind.codec as Codec,
      context,
      policy: this.policy,
      window: { from: NOW - 30 * DAY, to: NOW + 365 * DAY, aheadMs: 365 * DAY },
      link: this.link,
      intent: withIntent ? this.intent : undefined,
      observed: withEvent ? this.shown : undefined,
    });
  }

  #carryOut(planned: Decision, withIntent: boolean, withEvent: boolean): void {
    this.decisions.push(planned);
    const observed = withEvent ? this.shown : undefined;
    const written = this.#write(planned);
    const decision = afterWrite(this.kind.codec as Codec, planned, written);
    const settled = settle({
      codec: this.kind.codec as Codec,
      userId: 'anna',
      link: this.link,
      intent: withIntent ? this.intent : undefined,
      observed,
      written,
      decision,
      fence: 1,
      expireAt: 0,
    });
    if (settled.link) this.link = settled.link;
    if (settled.notice) this.#hear(settled.notice);
  }

  #write({ write }: Decision) {
    if (!write) return undefined;
    const { codec, stored, gone } = this.kind;
    if (write.kind === 'delete') {
      this.event = this.event && gone(this.event);
      return undefined;
    }
    if (write.kind === 'insert') {
      const body = codec.insert(write.crmId, write.generation, write.fields, context);
      this.event = stored(undefined, body, ++this.#etag, write.googleId);
    } else {
      const body = codec.patch(write.patch, context, this.event);
      if (body) this.event = stored(this.event, body, ++this.#etag, undefined);
    }
    return this.shown;
  }

  // ---- the CRM ---------------------------------------------------------------------------------

  #hear(change: GoogleChange): void {
    this.conflicts.push(...(change.conflicts ?? []));
    const { crm } = this;
    const base = change.baseVersion ?? 0;
    if (change.op === 'reject') return;
    if (change.op === 'delete') {
      if (Math.max(0, ...Object.values(crm.edited)) > base || crm.deleted) return;
      crm.deleted = true;
      crm.seen = change.changeId;
    } else {
      const all = Object.entries((change.data ?? {}) as Fields);
      const asked = all.filter(([f]) => crm.version <= base || change.changed?.includes(f));
      const applied = asked.filter(([f]) => (crm.edited[groupOf(f)] ?? -1) <= base);
      crm.data = { ...crm.data, ...Object.fromEntries(applied) };
      crm.deleted = false;
      if (applied.length === asked.length) crm.seen = change.changeId;
    }
    this.#bump();
  }

  #bump(): void {
    this.crm.version += 1;
    this.#publish();
  }

  #publish(): void {
    const { data, deleted, version, seen } = this.crm;
    const { conferenceUrl: _, ...sent } = data;
    const change = {
      specVersion: '1',
      changeId: `c${version}`,
      userId: 'anna',
      version,
      record: this.kind.codec.record,
      op: deleted ? 'delete' : 'upsert',
      crmId: 'CH-1',
      data: deleted ? {} : sent,
      ...(seen !== undefined && { seen }),
    } as CrmChange;
    this.intent = mergeIntent(this.intent, change) ?? this.intent;
    this.pending = true;
  }
}

/** Start and end are one value, and so are the state of a task and the day on which it was done. */
const groupOf = (field: string) => ({ end: 'start', completed: 'status' })[field] ?? field;

/** The record's fields as the codec spells them; what nobody has said is left out. */
export function canonical(
  data: Fields,
  codec: Pick<Codec, 'fields' | 'canonical'> = appointments.codec,
): { [field: string]: Json } {
  const all = codec.canonical(data, context);
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => codec.fields[name]?.flow === 'both'),
  );
}
