/**
 * Who removes what. Rules 1, 2 and 11: what the engine takes out of a calendar itself is no deletion by a
 * person, and is reported to nobody. Rule 10 and rule 11: it takes out only what a person has deleted,
 * cancelled, handed over or left behind.
 */
import type { Edit, Effect, Raw, Told } from '../history.ts';
import { seriesIn } from '../shown.ts';
import { isKnown, isKnownBack } from './knowledge.ts';
import { isUnimported } from './undo.ts';
import { googleKey, type View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function removals(view: View): Violation[] {
  return [
    ...view.told.flatMap((t) => ownRemoval(view, t)),
    ...view.effects.flatMap((e) => unasked(view, e)),
    ...leftBehind(view),
  ];
}

/**
 * Rule 1 where series are records: of what its owner has handed over nothing is told as deleted. What has no place
 * any more since the CRM moved the series before is no removal.
 */
export function removalsOfSeries(view: View): Violation[] {
  if (view.final.recurrence !== 'series') return [];
  const isPassedOn = ({ seq, message }: Told) => {
    const root = view.rootOfMessage(message);
    const end = view.effectsOn(message.userId, message.googleId ?? '').findLast((e) => e.seq < seq);
    if (!end?.method.endsWith('delete')) return false;
    const last = view.edits.findLast(
      (e) => e.op === 'handOver' && e.seq < seq && view.rootOf(e) === root,
    );
    return last !== undefined && last.user !== message.userId;
  };
  return view.told.filter(isPassedOn).flatMap((told) => ownRemoval(view, told));
}

function ownRemoval(view: View, { seq, message }: Told): Violation[] {
  const { op, userId, googleId, crmId } = message;
  if (op !== 'delete' || googleId === undefined) return [];
  // An insertion is undone on both sides, and whoever connects anew hears of it again.
  if (isUnimported(view, message)) return [];
  const last = view.effectsOn(userId, googleId).findLast((e) => e.seq < seq);
  if (last?.after.status !== 'cancelled' || last.task === undefined) return [];
  // An undoing that died before it said so: the record shall go, whoever tells it.
  if (view.doing(last.task) === 'undo' || isOfItsOwn(view, message, last)) return [];
  return [violation('rule 1', `${crmId} told as deleted: the engine itself took ${googleId} out`)];
}

/**
 * A guest's copy had become a record of its own, while the meeting was in another calendar of its organizer's
 * (C21). The meeting came back, and the engine took it out: with that the copy is gone as well, and nobody but
 * the sync can say so of the guest's record. Of the meeting's own record, whosever it is by now, that is no word.
 */
function isOfItsOwn(view: View, message: Raw, { user, call }: Effect): boolean {
  const taken = view.effects.find((e) => e.call === call && e.caller === e.user);
  if (taken === undefined) return false;
  const root = view.rootOfMessage(message);
  const isNamed = (t: Told) =>
    t.message.op === 'upsert' &&
    t.message.userId === user &&
    view.rootOfMessage(t.message) === root;
  return root !== view.rootOf({ side: 'google', ...taken }) && view.told.some(isNamed);
}

function unasked(view: View, effect: Effect): Violation[] {
  const { user, caller, id, seq, task, after, before } = effect;
  if (task === undefined || caller !== user || after.status !== 'cancelled' || !before) return [];
  const edits = view.editsOf(view.rootOf({ side: 'google', user, id }));
  const asked = isAsked(edits, seq) || isHeir(view, effect);
  // Of two generations, one of which a person restored, only one stays: the later one, unless no run knew it yet.
  const isDead = isUnknownInsert(view, effect);
  const restored = edits.some((e) => e.op === 'restore' && e.seq < seq && (e.id === id || isDead));
  const again = hasItsPlaceAgain(edits, effect) && isWrittenAlone(view, effect);
  // An entry of the sync's that became a series goes whole.
  const left = view.hasLeft(user) && view.inserted.has(googleKey(user, seriesIn(id) ?? id));
  const ours = view.doing(task) === 'undo' || isBrokenOff(view, effect);
  if (asked || restored || again || left || ours) return [];
  return [violation('rule 10', `${id} of ${user} was deleted, and nobody in the CRM wanted it`)];
}

/** An undo had put it back, and died before it said so: its admin has no answer, and nobody else knows of it. */
const isBrokenOff = (view: View, effect: Effect) =>
  isUnknownInsert(view, effect) && view.doing(insertOf(view, effect)?.task) === 'undo';

/** The run that inserted it died before it had stored that. */
function isUnknownInsert(view: View, effect: Effect): boolean {
  const insert = insertOf(view, effect);
  return insert !== undefined && !view.isCommitted(insert);
}

const insertOf = (view: View, { user, id, seq }: Effect) =>
  view.effectsOn(user, id).find((e) => e.method.endsWith('insert') && e.seq < seq);

/** The series has had another rule for a while, without the place. */
const hasItsPlaceAgain = (edits: Edit[], { id, seq }: Effect) =>
  edits.some((e) => e.op === 'vanish' && e.id === id && e.seq < seq);

/** The record is an event of its own by then: a later generation of the occurrence. */
const isWrittenAlone = (view: View, { user, id, seq }: Effect) =>
  view.effects.some(
    (e) =>
      e.user === user &&
      e.seq < seq &&
      view.inserted.has(googleKey(user, e.id)) &&
      view.rootOf({ side: 'google', ...e }) === view.rootOf({ side: 'google', user, id }),
  );

const isAsked = (edits: Edit[], before: number) =>
  edits.some((e) => e.side === 'crm' && e.seq < before && TAKING.has(e.op));

/**
 * A user's own event that the CRM took over became a series while the CRM took the record away: it goes on as
 * one of the occurrences (design rule 6), which no message names, and that one goes. The others are nobody's.
 */
function isHeir(view: View, { user, id, seq }: Effect): boolean {
  const series = view.final.recurrence === 'series' ? undefined : seriesIn(id);
  if (series === undefined) return false;
  const edits = view.editsOf(view.rootOf({ side: 'google', user, id: series }));
  const isNamed = (one: string) =>
    view.told.some(({ message: m }) => m.userId === user && m.googleId === one);
  const [first] = view.effects.filter(
    (e) =>
      e.task !== undefined &&
      e.user === user &&
      seriesIn(e.id) === series &&
      isTakenOut(e) &&
      !isNamed(e.id),
  );
  return isAsked(edits, seq) && first?.id === id;
}

const isTakenOut = ({ before, after }: Effect) =>
  before !== undefined && before.status !== 'cancelled' && after.status === 'cancelled';

const TAKING: ReadonlySet<string> = new Set(['handOver', 'delete', 'cancel']);

/** Rule 11: once a user has left with removal, nothing is there that the sync knew to be its own. */
function leftBehind(view: View): Violation[] {
  const found: Violation[] = [];
  for (const { seq, message } of view.told) {
    if (message.record !== 'user' || message.data?.state !== 'disconnected') continue;
    const user = message.userId;
    const last = view.entries.findLast(
      (e) =>
        e.kind === 'user' && e.user === user && e.seq < seq && /^(leaving|connected)/.test(e.what),
    );
    if (last?.kind !== 'user' || last.what !== 'leavingRemove') continue;
    if (isTooLate(view, user, last.seq, seq)) continue;
    for (const key of view.inserted.keys()) {
      const [owner = '', id = ''] = key.split('/');
      if (owner !== user) continue;
      const until = view.effectsOn(user, id).filter((e) => e.seq < seq);
      const shown = until.at(-1)?.after;
      if (!shown || shown.status === 'cancelled') continue;
      // Where the CRM knows no series, an entry that has become one is its occurrences from then on.
      if (view.final.recurrence !== 'series' && shown.recurrence) continue;
      if (view.isLeftOver(user, id, seq)) continue;
      // Out of the bin again, by whomever: who does that after asking, while the run still lets go, wants it,
      // and of what came before that no run may have known.
      const isNews = (e: Edit) =>
        e.user === user &&
        e.op === 'restore' &&
        e.id === id &&
        (e.seq > last.seq || !isKnownBack(view, { id, seq: last.seq }, e.seq));
      if (view.edits.some(isNews)) continue;
      if (isKnown(view, { id, seq: last.seq }) && !isRevoked(view, user, seq))
        found.push(violation('rule 11', `${id} of ${user}, who left with removal, is still there`));
    }
  }
  return found;
}

const isRevoked = (view: View, user: string, seq: number) =>
  view.entries.some(
    (e) => e.kind === 'user' && e.user === user && e.what === 'revoked' && e.seq < seq,
  );

/**
 * Asked for after a run began to let go and keep, this one or one that died on its way: without the grant
 * it cannot be done any more.
 */
const isTooLate = (view: View, user: string, asked: number, seq: number) =>
  view.entries.some(
    (e) =>
      e.kind === 'user' &&
      e.user === user &&
      e.what === 'ended' &&
      e.seq < seq &&
      runOf(view, user, e.seq) < asked &&
      !connectedSince(view, user, e.seq, asked),
  );

/** When the run began that held the user's lease then: no other one ends a grant. */
const runOf = (view: View, user: string, seq: number): number =>
  view.entries.findLast((e) => e.kind === 'lease' && e.user === user && e.seq < seq)?.seq ?? 0;

const connectedSince = (view: View, user: string, from: number, to: number) =>
  view.entries.some(
    (e) =>
      e.kind === 'user' && e.user === user && e.what === 'connected' && e.seq > from && e.seq < to,
  );
