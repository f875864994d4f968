/**
 * Decides from the history alone whether the invariants held. It knows what the two sides store, and
 * nothing of the engine: it imports nothing from functions/.
 */
import type { Applied, Edit, Effect, Entry, Final, History, Raw, Told } from './history.ts';
import { type Kind, kinds } from './kinds.ts';
import { sameText } from './mapping.ts';

export interface Violation {
  /** P1, P2 ... of the list of invariants. */
  invariant: string;
  detail: string;
}

/** All violations; none means that the run was right. */
export function check(history: History): Violation[] {
  const views = kinds.map((kind) => new View(history, kind));
  return [
    ...ending(history.final),
    ...views.flatMap((view) => [
      ...convergence(view),
      ...lostUpdates(view),
      ...resurrections(view),
      ...counters(view),
      ...duplicates(view),
      ...deletionsTold(view),
      ...untouched(view),
      ...truthfulBase(view),
      ...lateWrites(view),
    ]),
    ...leases(history),
  ];
}

const violation = (invariant: string, detail: string): Violation => ({ invariant, detail });

/** The history of one record type, sorted by what belongs together. */
class View {
  readonly kind: Kind;
  readonly final: Final;
  readonly entries: Entry[];
  readonly edits: Edit[];
  readonly effects: Effect[];
  readonly told: Told[];
  readonly applied: Applied[];
  /** Events that the engine inserted: `user/id` to the CRM's id. */
  readonly inserted = new Map<string, string>();
  /** Events that were ever private. */
  readonly hidden = new Set<string>();
  readonly #parent = new Map<string, string>();

  constructor({ entries: all, final }: History, kind: Kind) {
    const { record } = kind;
    const entries = all.flatMap((e): Entry[] => {
      if (e.kind === 'edit' || e.kind === 'effect') return e.record === record ? [e] : [];
      if (e.kind === 'told' || e.kind === 'applied') return e.message.record === record ? [e] : [];
      if (e.kind !== 'committed') return [e];
      const links = e.links.filter((link) => link.record === record);
      return links.length > 0 ? [{ ...e, links }] : [];
    });
    this.kind = kind;
    this.entries = entries;
    this.final = {
      ...final,
      records: final.records.filter((r) => r.record === record),
      objects: final.objects.filter((o) => o.record === record),
      foreign: final.foreign.filter((o) => o.record === record),
    };
    this.edits = entries.filter((e) => e.kind === 'edit');
    this.effects = entries.filter((e) => e.kind === 'effect');
    this.told = entries.filter((e) => e.kind === 'told');
    this.applied = entries.filter((e) => e.kind === 'applied');
    for (const effect of this.effects) this.#readEffect(effect);
    for (const { message, changed } of this.applied) {
      if (message.googleId === undefined) continue;
      for (const { crmId } of changed)
        this.#join(crmKey(crmId), this.keyOf(message.userId, message.googleId));
    }
    for (const r of this.final.records) {
      if (r.googleId) this.#join(crmKey(r.crmId), this.keyOf(r.userId, r.googleId));
    }
  }

  /** Names the object, whichever of its ids is given. */
  keyOf(user: string, id: string): string {
    const key = `${user}/${id}`;
    return this.final.aliases[key] ?? key;
  }

  isSame(user: string, a: string | undefined, b: string | undefined): boolean {
    if (a === undefined || b === undefined) return a === b;
    return this.keyOf(user, a) === this.keyOf(user, b);
  }

  #readEffect({ task, method, user, caller, id, before, after }: Effect): void {
    const key = this.keyOf(user, id);
    if (after.visibility === 'private') this.hidden.add(key);
    const crmId = this.kind.crmIdOf(after);
    if (task === undefined || before || caller !== user || !crmId) return;
    if (!/insert|create/i.test(method)) return;
    this.inserted.set(key, crmId);
    this.#join(crmKey(crmId), key);
  }

  #find(key: string): string {
    const parent = this.#parent.get(key);
    return parent === undefined ? key : this.#find(parent);
  }

  #join(a: string, b: string): void {
    const [x, y] = [this.#find(a), this.#find(b)];
    if (x !== y) this.#parent.set(x, y);
  }

  /** What an edit, or an effect, belongs to: the same for a record and all the events it ever had. */
  rootOf({ side, user, id }: { side: 'crm' | 'google'; user: string; id: string }): string {
    return this.#find(side === 'crm' ? crmKey(id) : this.keyOf(user, id));
  }

  /** What a message is about. */
  rootOfMessage({ crmId, userId, googleId }: Raw): string | undefined {
    if (crmId !== undefined) return this.#find(crmKey(crmId));
    return googleId === undefined ? undefined : this.#find(this.keyOf(userId, googleId));
  }

  liveEvents(user?: string) {
    return this.final.objects.filter(
      (o) => (user === undefined || o.user === user) && this.kind.isKept(o),
    );
  }

  /** Live events that a record of the CRM stands for. */
  eventsOf(record: Raw) {
    const ours = (e: { user: string; id: string }) =>
      this.inserted.get(this.keyOf(e.user, e.id)) === record.crmId;
    const events = this.liveEvents(record.userId).filter(
      (e) => ours(e) || this.isSame(e.user, e.id, record.googleId),
    );
    // Known limit: an own event that a person restores after the record was planned anew. It carries no
    // marker, so it is the user's second one.
    const restored = (e: { id: string }) =>
      this.edits.some(({ op, id }) => op === 'restore' && id === e.id);
    const spare = events.some(ours) ? events.filter((e) => !ours(e) && restored(e)) : [];
    return events.filter((e) => !spare.includes(e));
  }

  /** Live records of the CRM that an event stands for. */
  recordsOf(event: { user: string; id: string }): Raw[] {
    const { user, id } = event;
    const crmId = this.inserted.get(this.keyOf(user, id));
    return this.final.records.filter(
      (r) =>
        !r.deleted && r.userId === user && (this.isSame(user, r.googleId, id) || r.crmId === crmId),
    );
  }

  /** Whether the run that wrote this stored it. */
  isCommitted(effect: Effect): boolean {
    return this.entries.some(
      (e) =>
        e.kind === 'committed' &&
        e.task === effect.task &&
        e.links.some((link) => link.etag === effect.etag),
    );
  }

  /** Whether the record had another live event when a person touched this one. */
  livesElsewhere({ seq, user, id }: Edit): boolean {
    const root = this.rootOf({ side: 'google', user, id });
    const live = new Set<string>();
    for (const e of this.effects) {
      if (e.seq > seq || e.id === id || this.rootOf({ side: 'google', ...e }) !== root) continue;
      if (this.kind.isGone(e.after)) live.delete(this.keyOf(e.user, e.id));
      else live.add(this.keyOf(e.user, e.id));
    }
    return live.size > 0;
  }

  /** Whether the run that told this stored that it did. */
  isStoodBy({ task, seq, message }: Told): boolean {
    return this.entries.some(
      (e) =>
        e.kind === 'committed' &&
        e.seq > seq &&
        e.task === task &&
        (message.googleId === undefined ||
          e.links.some((l) => this.isSame(e.user, l.googleId, message.googleId))),
    );
  }

  /** A list takes the user's own tasks along: the CRM keeps them, and writes what it changes of them. */
  lostPlace(user: string): boolean {
    const isTask = this.kind.record === 'task';
    return (
      isTask &&
      this.entries.some((e) => e.kind === 'user' && e.user === user && e.what === 'placeLost')
    );
  }

  isHidden(user: string, id: string): boolean {
    const key = this.keyOf(user, id);
    return !this.inserted.has(key) && this.hidden.has(key);
  }
}

const crmKey = (crmId: string) => `c:${crmId}`;

/** What a field says on a side. */
const said = ({ kind }: View, side: Edit['side'], raw: Raw | undefined, field: string) =>
  side === 'crm' ? kind.crmValue(raw, field) : kind.googleValue(raw, field);

/** The entries of a list, or the one value that there is. */
const partsOf = (value: string | undefined) => (value ?? '').split('\t');

/** It comes to rest (P2), reports no programming error, and nobody is mailed (C20). */
function ending(final: Final): Violation[] {
  const found = final.bugs.map((bug) => violation('bug', bug));
  if (!final.rested) found.push(violation('P2', 'does not come to rest'));
  const { writes, told, stateChanged } = final.extra;
  if (final.rested && (writes > 0 || told > 0 || stateChanged)) {
    found.push(violation('P2', `one more cycle: ${JSON.stringify(final.extra)}`));
  }
  if (final.mails > 0) found.push(violation('C20', `${final.mails} mails`));
  return found;
}

/** P1: the two sides show the same, field by field. */
function convergence(view: View): Violation[] {
  const found: Violation[] = [];
  for (const record of view.final.records) {
    const events = view.eventsOf(record);
    const name = `${record.crmId} of ${record.userId}`;
    if (isBeyond(view, view.rootOf({ side: 'crm', user: record.userId, id: record.crmId })))
      continue;
    if (record.deleted && isTakenBack(view, record)) continue;
    if (record.deleted || record.data.status === 'cancelled') {
      const orphans = events.filter((e) => view.recordsOf(e).length === 0);
      const cancelled = !record.deleted && !names(record, 'cancelledInCrm') ? events : [];
      if (orphans.length + cancelled.length > 0)
        found.push(violation('P1', `${name} is gone in the CRM and still at Google`));
      continue;
    }
    const [event] = events;
    if (record.unlinked) {
      if (event) found.push(violation('P1', `${name} has its label, and the CRM does not know`));
      continue;
    }
    if (!event) {
      const owned = record.origin === 'google' && view.lostPlace(record.userId);
      if (isInside(view, view.kind.crmValue(record.data, 'time')) && !record.rejected && !owned)
        found.push(violation('P1', `${name} is missing at Google`));
      continue;
    }
    found.push(...differences(view, record, event).map((d) => violation('P1', `${name}: ${d}`)));
  }
  for (const event of view.liveEvents()) {
    if (isStrange(view, event) || view.recordsOf(event).length > 0) continue;
    const root = view.rootOf({ side: 'google', ...event });
    if (isBeyond(view, root)) continue;
    const of = (r: Raw) => view.rootOf({ side: 'crm', user: r.userId, id: r.crmId }) === root;
    if (view.final.records.some((r) => of(r) && isTakenBack(view, r))) continue;
    if (!isInside(view, view.kind.googleValue(event.resource, 'time'))) continue;
    found.push(violation('P1', `event ${event.id} of ${event.user} is missing in the CRM`));
  }
  return found;
}

/**
 * Known limits: several generations of one record restored from the bin together; and a record that was
 * handed over and back while a change was on its way to a CRM that publishes nothing of what it is told.
 */
function isBeyond(view: View, root: string): boolean {
  const edits = view.edits.filter((e) => view.rootOf(e) === root);
  const restored = new Set(edits.filter((e) => e.op === 'restore').map((e) => e.id));
  const handOvers = edits.filter((e) => e.op === 'handOver').length;
  return restored.size > 1 || (handOvers > 1 && !view.final.echo);
}

/** Told as deleted by a run that died before it knew, and restored by a person before the next one. */
function isTakenBack(view: View, record: Raw): boolean {
  const root = view.rootOf({ side: 'crm', user: record.userId, id: record.crmId });
  const restore = view.edits.find((e) => e.op === 'restore' && view.rootOf(e) === root);
  const told = view.told.some(
    ({ seq, message }) =>
      restore && seq < restore.seq && message.op === 'delete' && message.crmId === record.crmId,
  );
  return (
    told &&
    !view.entries.some(
      (e) =>
        e.kind === 'committed' &&
        e.links.some((l) => l.googleId === restore?.id && l.state === 'deleted'),
    )
  );
}

const names = (record: Raw, field: string) =>
  (record.conflicts as Raw[]).some((c) => c.field === field);

function differences(view: View, record: Raw, event: Final['objects'][number]): string[] {
  const { fields, hidden, crmValue, googleValue } = view.kind;
  const isHidden =
    event.resource.visibility === 'private' && !view.inserted.has(view.keyOf(event.user, event.id));
  return fields.flatMap((field) => {
    if (isHidden && hidden.has(field)) return [];
    const crm = crmValue(record.data, field);
    const google = googleValue(event.resource, field);
    // A field on which the CRM has no word.
    if (crm === undefined || sameText(crm, google)) return [];
    if (isHearsay(view, record, field, crm)) return [];
    return [`${field} is ${crm} in the CRM, ${google} at Google`];
  });
}

/**
 * Known limit: the value was told by a run that died before it stored that, and Google's was another one
 * again when the next run looked, so nobody knows that the CRM has it.
 */
function isHearsay(view: View, record: Raw, field: string, value: string): boolean {
  const root = view.rootOf({ side: 'crm', user: record.userId, id: record.crmId });
  return view.told.some(
    (told) =>
      view.rootOfMessage(told.message) === root &&
      !view.isStoodBy(told) &&
      view.kind.crmValue(told.message.data, field) === value,
  );
}

/** Somebody else's meeting, or a type that is left alone. */
function isStrange(view: View, { user, resource }: Final['objects'][number]): boolean {
  if (view.kind.record !== 'appointment') return false;
  const organizer = resource.organizer?.email;
  const colleague = view.final.users.some((u) => u.email === organizer && u.userId !== user);
  return colleague || resource.eventType !== 'default';
}

/** Contacts and tasks lie outside of time. */
function isInside(view: View, time: string | undefined): boolean {
  if (view.kind.record !== 'appointment') return true;
  const { from, to } = view.final.window;
  const [start = Number.NaN] = (time ?? '').split('|').map((t) => Date.parse(t));
  return start > from && start < to;
}

/**
 * P3: never two events of one record (of contacts and tasks, which take no id from us, not in the end), and
 * one record per object in the end.
 */
function duplicates(view: View): Violation[] {
  const found: Violation[] = [];
  const live = new Map<string, Set<string>>();
  const restored = new Set<string>();
  for (const { user, id, before, after, seq, task } of view.kind.strict ? view.effects : []) {
    const crmId = view.inserted.get(view.keyOf(user, id));
    if (crmId === undefined) continue;
    // Restored from the bin by a person: gone again in the end, or the only one.
    if (task === undefined && before?.status === 'cancelled') restored.add(view.keyOf(user, id));
    if (restored.has(view.keyOf(user, id))) continue;
    const key = `${user} ${crmId}`;
    const ids = live.get(key) ?? new Set();
    live.set(key, ids);
    if (after.status === 'cancelled') ids.delete(id);
    else ids.add(id);
    if (ids.size > 1) found.push(violation('P3', `${crmId} twice at ${user}, step ${seq}`));
  }
  for (const record of view.final.records) {
    if (!record.deleted && view.eventsOf(record).length > 1)
      found.push(violation('P3', `${record.crmId} has two events`));
  }
  for (const event of view.liveEvents()) {
    if (view.recordsOf(event).length > 1)
      found.push(violation('P3', `event ${event.id} of ${event.user} has two records`));
  }
  return found;
}

/** P4: every value that somebody typed is there, was replaced by somebody who saw it, or is reported. */
function lostUpdates(view: View): Violation[] {
  const found: Violation[] = [];
  for (const edit of view.edits) {
    if (!edit.after || ['restore', 'takeIn'].includes(edit.op)) continue;
    for (const field of view.kind.fields.filter((f) => view.kind.unique.has(f))) {
      const before = partsOf(said(view, edit.side, edit.before, field));
      for (const value of partsOf(said(view, edit.side, edit.after, field))) {
        if (value === '' || before.includes(value)) continue;
        if (survives(view, edit, field, value) || isExcused(view, edit, field, value)) continue;
        found.push(
          violation('P4', `${edit.side} ${edit.op} ${edit.id}: ${field} ${value} is lost`),
        );
      }
    }
  }
  return found;
}

function survives(view: View, edit: Edit, field: string, value: string): boolean {
  const { crmValue, googleValue, isGone } = view.kind;
  const root = view.rootOf(edit);
  const inCrm = view.final.records.some(
    (r) =>
      !r.deleted &&
      view.rootOf({ side: 'crm', user: r.userId, id: r.crmId }) === root &&
      partsOf(crmValue(r.data, field)).includes(value),
  );
  const atGoogle = view.final.objects.some(
    (o) =>
      !isGone(o.resource) &&
      view.rootOf({ side: 'google', ...o }) === root &&
      partsOf(googleValue(o.resource, field)).includes(value),
  );
  return inCrm || atGoogle || isReplaced(view, edit, field, value);
}

/** Somebody who saw the value replaced it, deleted or cancelled the record. */
function isReplaced(view: View, edit: Edit, field: string, value: string): boolean {
  const root = view.rootOf(edit);
  return view.edits.some(
    (e) =>
      e.seq > edit.seq &&
      view.rootOf(e) === root &&
      partsOf(said(view, e.side, e.before, field)).includes(value) &&
      (e.op === 'cancel' || !partsOf(said(view, e.side, e.after, field)).includes(value)),
  );
}

function isExcused(view: View, edit: Edit, field: string, value: string): boolean {
  const root = view.rootOf(edit);
  const about = view.told.filter(
    ({ message }) =>
      (message.crmId && view.rootOf({ side: 'crm', user: '', id: message.crmId }) === root) ||
      (message.googleId &&
        view.rootOf({ side: 'google', user: message.userId, id: message.googleId }) === root),
  );
  const conflicts: Raw[] = about.flatMap(({ message }) => message.conflicts ?? []);
  if (conflicts.some((c) => holds(view, c, field, value))) return true;
  if (edit.side === 'google') {
    const removed = view.entries.some(
      (e) => e.kind === 'user' && e.user === edit.user && e.what === 'leavingRemove',
    );
    // Inserted, but the run died before it knew: there is no base to see an edit against.
    const known = isKnown(view, edit);
    // Restored by a person although the record lives on in another event, or with another owner.
    if (view.edits.some((e) => e.op === 'restore' && e.id === edit.id)) return true;
    // A list takes along what has not been read yet.
    if (view.lostPlace(edit.user)) return true;
    // What its owner hides the CRM can move and delete, but never report.
    if (view.kind.hidden.has(field) && view.isHidden(edit.user, edit.id)) return true;
    if (!known && view.inserted.has(view.keyOf(edit.user, edit.id))) return true;
    const taken = (e: Edit) =>
      ['handOver', 'delete', 'cancel'].includes(e.op) && view.rootOf(e) === root;
    if (!known && edit.op === 'edit' && view.edits.some(taken)) return true;
    return removed || conflicts.some((c) => /^(deleted|cancelled)InCrm$/.test(c.field));
  }
  // Texts that the CRM sends for what its owner hides are ignored (design rule 4).
  const events = view.final.objects.filter((e) => view.rootOf({ side: 'google', ...e }) === root);
  if (view.kind.hidden.has(field) && events.some((e) => view.isHidden(e.user, e.id))) return true;
  return about.some(
    ({ seq, message }) => seq > edit.seq && message.rejected?.reason === 'notOrganizer',
  );
}

/** Whether the engine had stored a link to the event when the person edited it. */
const isKnown = (view: View, edit: Edit) =>
  view.entries.some(
    (e) =>
      e.kind === 'committed' &&
      e.seq < edit.seq &&
      e.links.some((l) => view.isSame(e.user, l.googleId, edit.id)),
  );

/** A conflict record that holds the value as the one that lost, or as one of the two. */
function holds({ kind }: View, conflict: Raw, field: string, value: string): boolean {
  if (!kind.names(field).includes(conflict.field)) return false;
  return [conflict.crm, conflict.google].some((v) => {
    const part = kind.crmValue({ start: v, end: v, [conflict.field]: v }, field);
    if (field !== 'time') return partsOf(part).includes(value);
    const [start, end] = (part ?? '').split('|');
    return (
      value.split('|')[conflict.field === 'start' ? 0 : 1] ===
      (conflict.field === 'start' ? start : end)
    );
  });
}

/** P7: what somebody deleted who knew all that there was to know stays deleted. */
function resurrections(view: View): Violation[] {
  const found: Violation[] = [];
  const roots = Map.groupBy(view.edits, (e) => view.rootOf(e));
  for (const [root, edits] of roots) {
    const last = edits.at(-1);
    if (!last || (last.op !== 'delete' && last.op !== 'cancel')) continue;
    if (!sawAll(view, last, edits)) continue;
    // Of two events of one record (a person restored the older one) only one was deleted.
    if (last.side === 'google' && view.livesElsewhere(last)) continue;
    // Whoever leaves with removal and connects again gets all that the CRM has.
    const left = (e: Entry) =>
      e.kind === 'user' && e.user === last.user && e.what === 'leavingRemove';
    if (last.side === 'google' && view.entries.some(left)) continue;
    const record = view.final.records.find(
      (r) =>
        !r.deleted &&
        r.data.status !== 'cancelled' &&
        view.rootOf({ side: 'crm', user: r.userId, id: r.crmId }) === root,
    );
    const event = view.liveEvents().find((e) => view.rootOf({ side: 'google', ...e }) === root);
    if (record) found.push(violation('P7', `${record.crmId} is back in the CRM`));
    if (event) found.push(violation('P7', `event ${event.id} of ${event.user} is back`));
  }
  return found;
}

/** Whether the last edit was made in the knowledge of all that the other side had done. */
function sawAll(view: View, last: Edit, edits: Edit[]): boolean {
  // A colleague who had the record before works in another calendar.
  const others = edits.filter(
    (e) => e.side !== last.side || (last.side === 'google' && e.user !== last.user),
  );
  // Made or written by a run that died before it knew: there is nothing to see a deletion against.
  if (last.side === 'google' && !isKnown(view, last)) return false;
  const root = view.rootOf(last);
  // A write whose answer was lost looks like somebody's edit, and in doubt nothing is thrown away.
  const doubt = view.effects.some(
    (e) =>
      e.task !== undefined &&
      !view.kind.isGone(e.after) &&
      view.rootOf({ side: 'google', user: e.user, id: e.id }) === root &&
      !view.isCommitted(e),
  );
  // The CRM restored what the last one deletes: its answer was still on its way.
  const restored = view.applied.some(
    ({ seq, message, changed }) =>
      changed.length > 0 &&
      message.conflicts?.some((c: Raw) => c.field === 'deletedInCrm') &&
      view.rootOf({ side: 'crm', user: message.userId, id: message.crmId }) === root &&
      !view.entries.some(
        (e) =>
          e.kind === 'committed' &&
          e.seq > seq &&
          e.seq < last.seq &&
          e.links.some((link) => view.isSame(e.user, link.googleId, message.googleId)),
      ),
  );
  // So does what the CRM took over from a run that died before it stored what it had told.
  const hearsay = view.told.some(
    (t) =>
      (t.message.changed ?? []).length > 0 &&
      view.rootOfMessage(t.message) === root &&
      !view.isStoodBy(t),
  );
  if (restored || doubt || hearsay) return false;
  return others.every((e) => {
    // The old owner cannot know.
    if (e.op === 'handOver' && e.user !== last.user) return false;
    const acted = view.entries.some(
      (x) =>
        x.seq > e.seq &&
        x.seq < last.seq &&
        ((x.kind === 'effect' &&
          x.task !== undefined &&
          view.rootOf({ side: 'google', user: x.user, id: x.id }) === root) ||
          (x.kind === 'applied' &&
            x.changed.some(
              (c) => view.rootOf({ side: 'crm', user: c.user, id: c.crmId }) === root,
            ))),
    );
    if (!acted) return false;
    return view.kind.fields.every((field) => {
      const value = said(view, e.side, e.after, field);
      if (value === undefined || value === said(view, e.side, e.before, field)) return true;
      const now = said(view, last.side, last.before, field);
      return sameText(now, value) || isReplaced(view, e, field, value);
    });
  });
}

/** P9: the CRM is told of a deletion only if the event was really gone. */
function deletionsTold(view: View): Violation[] {
  const found: Violation[] = [];
  const gone = new Set<string>();
  for (const entry of view.entries) {
    if (entry.kind === 'effect' && view.kind.isGone(entry.after))
      gone.add(view.keyOf(entry.user, entry.id));
    if (entry.kind !== 'told' || entry.message.op !== 'delete') continue;
    const { userId, googleId, crmId } = entry.message;
    if (!gone.has(view.keyOf(userId, googleId)))
      found.push(violation('P9', `${crmId} told as deleted, but ${googleId} never was`));
  }
  return found;
}

/** P10: foreign objects stay as they are, byte by byte, and so do fields that are not mapped. */
function untouched(view: View): Violation[] {
  const found: Violation[] = [];
  for (const { user, id, resource } of view.final.foreign) {
    const now = view.final.objects.find((e) => e.user === user && e.id === id);
    if (JSON.stringify(now?.resource) !== JSON.stringify(resource))
      found.push(violation('P10', `foreign ${view.kind.record} ${id} of ${user} was changed`));
  }
  const adopted = new Set<string>();
  for (const entry of view.entries) {
    if (entry.kind === 'applied' && entry.message.googleId !== undefined)
      adopted.add(view.keyOf(entry.message.userId, entry.message.googleId));
    if (entry.kind !== 'effect' || entry.task === undefined || entry.caller !== entry.user)
      continue;
    const { user, id, before, after, method } = entry;
    if (!before) continue;
    const key = view.keyOf(user, id);
    if (!view.inserted.has(key) && !adopted.has(key))
      found.push(violation('P10', `${method} of the unlinked event ${id} of ${user}`));
    if (view.kind.isGone(after)) continue;
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (!view.kind.ours.has(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]))
        found.push(violation('P10', `${method} changed ${name} of event ${id} of ${user}`));
    }
  }
  return found;
}

/** P13: writes and messages are bounded by what people did. */
function counters(view: View): Violation[] {
  const conflicts = view.told.reduce((n, t) => n + (t.message.conflicts?.length ?? 0), 0);
  const crm = view.edits.filter((e) => e.side === 'crm');
  const google = view.edits.filter((e) => e.side === 'google');
  const handOvers = crm.filter((e) => e.op === 'handOver').length;
  const removals = view.entries.filter((e) => e.kind === 'user' && e.what === 'leavingRemove');
  // Whoever has everything removed and connects again has it all written again; so with a lost label or list.
  const lost = view.entries.filter((e) => e.kind === 'user' && e.what === 'placeLost');
  const again = 2 * (removals.length + lost.length) * view.final.records.length;
  const writes = view.effects.filter((e) => e.task !== undefined && e.caller === e.user).length;
  const restored = google.filter((e) => e.op === 'restore').length;
  const unknown = google.filter((e) => e.op === 'delete' && !isKnown(view, e)).length;
  // What the old owner still changes goes to the new one.
  const handed = new Set(crm.filter((e) => e.op === 'handOver').map((e) => view.rootOf(e)));
  const carried = google.filter((e) => handed.has(view.rootOf(e))).length;
  // What a run wrote that died before it could say so is looked at, and completed, once more.
  const dead = view.effects.filter((e) => e.task !== undefined && !view.isCommitted(e)).length;
  const bound = crm.length + handOvers + conflicts + again + restored + unknown + carried + dead;
  const found: Violation[] = [];
  if (writes > bound) found.push(violation('P13', `${writes} writes at Google, bound ${bound}`));
  const told = view.told.length;
  const rejected = view.told.filter((t) => t.message.rejected).length;
  const strangers = 1;
  // Told again: whoever edits in the CRM without having seen what was told.
  const toldBound =
    google.length + crm.length + conflicts + rejected + strangers + view.final.struck;
  if (told > toldBound) found.push(violation('P13', `${told} messages, bound ${toldBound}`));
  return found;
}

/** P25: nobody begins a call after the lease. */
const leases = ({ entries }: History): Violation[] =>
  entries.flatMap((entry) =>
    entry.kind === 'issue' && entry.at >= entry.leaseUntil
      ? [violation('P25', `task ${entry.task} begins ${entry.method} after its lease`)]
      : [],
  );

/** P25: what was under way when the lease ended, and comes late, is conditional. */
function lateWrites(view: View): Violation[] {
  const found: Violation[] = [];
  const newest = new Map<string, number>();
  for (const entry of view.entries) {
    if (entry.kind === 'lease') newest.set(entry.user, entry.fence);
    if (entry.kind !== 'effect' || entry.task === undefined || entry.caller !== entry.user)
      continue;
    const late = entry.fence !== newest.get(entry.user);
    if (late && !entry.conditional)
      found.push(
        violation('P25', `${entry.method} of ${entry.id} with an old fence, unconditional`),
      );
  }
  return found;
}

/** P12: a link's etag is one that the event really had. */
function truthfulBase(view: View): Violation[] {
  const found: Violation[] = [];
  const had = new Set<string>();
  for (const entry of view.entries) {
    if (entry.kind === 'effect') had.add(`${view.keyOf(entry.user, entry.id)} ${entry.etag}`);
    if (entry.kind !== 'committed') continue;
    for (const { googleId, etag, state } of entry.links) {
      if (state !== 'live' || etag === undefined) continue;
      if (!had.has(`${view.keyOf(entry.user, googleId ?? '')} ${etag}`))
        found.push(violation('P12', `link to ${googleId} with an etag that it never had`));
    }
  }
  return found;
}
