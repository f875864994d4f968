/**
 * What to do with one record: a pure decision from the base (link), the CRM's new state (intent) and
 * Google's state (observed). Decisions are data: they can be printed, counted and tested; effects
 * happen in sync/execute.ts alone.
 */

import { goAlong } from './along.ts';
import type { Observed } from './codec.ts';
import { conceal, isConcealed } from './conceal.ts';
import { type Decision, decide, refuse } from './decision.ts';
import {
  adoptedWith,
  beatsDelete,
  fieldOf,
  hasUnseenOffers,
  heldAtTheEnd,
  isAnswered,
  isEdited,
  livesOn,
  lostWithObject,
  newsOf,
  remove,
  removeAloud,
  removeForGood,
  sawDeletion,
  toldDeletion,
  wasOff,
} from './deletion.ts';
import type { Fields } from './fields.ts';
import { generationHere, insert, leftOver, nextGeneration } from './insertion.ts';
import { adoptedId, isFormerOwners, lastWords } from './intent.ts';
import { referenceOf } from './link.ts';
import { follow, isBack, retold } from './members.ts';
import { knownGoogle, sameAs } from './merge.ts';
import type { Conflict } from './messages.ts';
import {
  forCrm,
  heldByCrm,
  mergeSides,
  mergeWith,
  type PlanInput,
  type Prepared,
  rejection,
  tell,
} from './sides.ts';
import { type CrmSide, type Rule, table } from './table.ts';

/** Decides for one record. Never throws; same input, same decision. */
export function plan(given: PlanInput): Decision {
  const input = prepare(given);
  const { observed, link } = input;
  // Once it was back, and the CRM's word was taken up, it is decided as any other, whatever it shows by now.
  if (link && input.follows === 'anew' && !input.intent && !isBack(input))
    return follow(input, link);
  if (input.yields) return handlers.yield(input);
  if (input.link?.state !== 'live') {
    if (isMadeOver(input)) return madeOver(input);
    if (observed?.ignored) return decide('nothing');
  }
  // What the CRM knows as one record has become a group: to write there would change all of it.
  if (observed?.whole) return asWhole(input);
  const problem = problemOf(input);
  if (input.intent && problem) return refuse(input.intent, problem.reason, problem.detail);
  if (isOlder(input)) return handlers.removeOlder(input);
  if (input.along) return goAlong(input, input.along);
  const rule =
    table[input.link?.state ?? 'none'][crmSide(input)][
      observed === undefined ? 'unread' : observed.state
    ];
  return retold(input, handlers[rule](input));
}

/** Handed over, it is the user's own group from now on, and its members are records as in any other. */
function asWhole(input: Prepared): Decision {
  if (crmSide(input) === 'handedOver') return decide('handOver', { link: 'none' });
  return input.intent ? refuse(input.intent, 'group', GROUP) : decide('nothing');
}

/**
 * An earlier generation, restored by a person while the record lives on in a later one; or a later one,
 * inserted by a run that died while a person restored the one that it thought gone (P3).
 */
const isOlder = ({ link, observed }: Prepared) =>
  observed?.spare === true ||
  (link?.state === 'live' &&
    observed?.marker !== undefined &&
    observed.googleId !== link.googleId &&
    observed.marker.generation < link.generation);

/**
 * The copy goes with the original, and the record needs an object of its own; taken off by the CRM, none. To
 * take the copy out would mean to decline.
 */
const madeOver = (input: Prepared): Decision =>
  crmSide(input) === 'edited'
    ? handlers.insert({ ...input, observed: undefined })
    : handlers.nothing(input);

/** Handed over together with the old owner's object, of which the user has a copy as a guest. */
function isMadeOver({ observed, intent, context }: Prepared): boolean {
  if (!observed?.foreign || intent?.userId !== context.userId) return false;
  // A CRM that confirms nothing never names the object that was written for it under the old owner.
  if (observed.reference === referenceOf(intent.record, intent.crmId)) return true;
  const others = Object.entries(intent.adopted ?? {}).filter(([id]) => id !== context.userId);
  return others.some(([, { googleId }]) => googleId === observed.googleId);
}

/** The object is the record's by its name, and no copy of what another owner of the record has. */
function isAdopted({ observed, intent, context: { userId } }: Prepared): boolean {
  if (!observed || !intent || observed.googleId !== adoptedId(intent, userId)) return false;
  if (!observed.foreign) return true;
  const isWritten = observed.reference === referenceOf(intent.record, intent.crmId);
  return !isWritten && !isFormerOwners(intent, userId, observed.googleId);
}

/** Its object is gone, and it was not we who took it out. */
const isVanished = (input: Prepared) =>
  input.link?.state === 'live' && !input.link.removing && !wasOff(input);

function problemOf({ codec, intent, data, context, link }: Prepared) {
  if (intent?.op !== 'upsert' || intent.userId !== context.userId) return undefined;
  const { member: _, ...alone } = intent;
  // An object of its own by now, whatever the CRM said first.
  const isAlone = link?.state === 'live' && link.group === undefined;
  return codec.problem?.(data, isAlone ? alone : intent);
}

const ELSEWHERE = 'is an invitation in another calendar or account of the user: change it there';
const GROUP = 'has become a series at Google that began before the window: change the series there';

/** Canonical values, without what Google's owner hides; what the CRM sends for that is ignored. */
function prepare(given: PlanInput): Prepared {
  const { codec, context, link, intent } = given;
  const observed = conceal(codec, link, given.observed);
  let data = intent?.op === 'upsert' ? codec.canonical(intent.data, context) : {};
  if (isConcealed(link, observed)) {
    data = Object.fromEntries(Object.entries(data).filter(([n]) => !codec.fields[n]?.hidden));
  }
  const word = intent?.op === 'delete' ? codec.canonical(lastWords(intent), context) : data;
  const prepared = { ...given, observed, data, word };
  if (!given.previous) return prepared;
  const { unseen, crossed } = leftOver({ ...prepared, link: given.previous });
  return { ...prepared, data: { ...data, ...unseen }, unseen, crossed };
}

/** Whether Google shows nothing but what the CRM said last. */
const isWord = ({ codec: { fields }, word }: Prepared, shown: Fields) =>
  Object.keys(shown).every((n) =>
    sameAs(fields[n], shown[n], n in word ? word[n] : (fields[n]?.initial ?? null)),
  );

/** A member goes with its group: moved out of the window, it still explains the gap it leaves. */
function isInWindow({ codec, context, window, parent }: Prepared, observed: Observed): boolean {
  if (parent?.state === 'live') return true;
  const period = codec.period(observed.fields, context);
  // Types that lie outside of time have no period.
  return period === undefined || (period.to > window.from && period.from < window.to);
}

function crmSide({ intent, context, codec, data }: Prepared): CrmSide {
  if (!intent) return 'silent';
  if (intent.userId !== context.userId) return 'handedOver';
  return intent.op === 'delete' || codec.absent(data) ? 'removed' : 'edited';
}

const handlers: { [R in Rule]: (input: Prepared) => Decision } = {
  nothing: ({ link, intent }) =>
    // The CRM deletes what is already a tombstone: remember the version, write nothing.
    decide('nothing', link && intent ? { link: link.state } : {}),
  insert: (input) => insert(input, 'insert', nextGeneration(input), []),
  insertAgain(input) {
    const { link, intent, observed } = input;
    // A CRM message that crossed with the deletion and edits nothing must not bring the event back.
    const byGoogle = isVanished(input) || link?.deletedBy === 'google';
    // Nor is another organizer's ours to write again. Where an undo has left it, it is looked at first: what
    // is the user's own in it is the CRM's to change.
    const isOurs = !link?.foreign || (link.stays === true && observed === undefined);
    const news = newsOf(input).length > 0 && isOurs;
    if (byGoogle && !news && toldDeletion(input)) return decide('nothing');
    if (byGoogle && !news && !sawDeletion(input)) return handlers.removeAtCrm(input);
    // An id stays taken after deletion: the next generation. A cancelled or deleted record that the
    // CRM plans again is no conflict; one that vanished at Google while the CRM changed it is.
    const vanished = isVanished(input) && observed?.state === 'gone';
    const conflicts: Conflict[] = vanished ? [{ field: 'deletedInGoogle', winner: 'crm' }] : [];
    return insert(
      input,
      intent?.googleId && !link ? 'insert' : 'insertAgain',
      nextGeneration(input),
      conflicts,
    );
  },
  moveHere(input) {
    // What the CRM wants comes along, as both sides know it; the user's own objects stay where they are.
    const { link, codec, context } = input;
    if (!link?.crmId || link.origin !== 'crm') return decide('nothing');
    const generation = generationHere(input);
    const googleId = codec.googleId(context.userId, link.crmId, generation);
    const fields = knownGoogle(link);
    return {
      ...decide('moveHere', { link: 'live' }),
      write: { kind: 'insert', googleId, crmId: link.crmId, generation, fields },
    };
  },
  insertHere(input) {
    const { link, intent } = input;
    // The user's own objects stay where they are, until the CRM changes what it knows of them.
    if (link?.origin === 'google' && newsOf(input).length === 0) return decide('nothing');
    if (link?.foreign && intent) return refuse(intent, 'notOrganizer', ELSEWHERE);
    return insert(input, 'insertHere', generationHere(input), []);
  },
  import(input) {
    const { observed } = input;
    if (!observed) return decide('nothing');
    if (!isInWindow(input, observed)) return decide('nothing');
    // Ours, but we know of no wish of the CRM: its intent or our link comes with another message.
    if (observed.marker) return decide('nothing');
    return tell(input, input.heir ? 'takeOver' : 'import', observed.fields);
  },
  takeOver: (input) => handlers.import(input),
  yield({ link, yields }) {
    // It goes on there under its crmId; without a link, this user's has gone over to there already.
    if (!link || (link.crmId !== undefined && link.crmId === yields?.crmId))
      return decide('yield', { link: 'none' });
    // There it is another record, or has no name yet: this one would be a second one of the meeting.
    return {
      ...decide('yield', { link: 'deleted', offers: { deletedInGoogle: true } }),
      notice: { op: 'delete', reason: 'colleaguesMeeting' },
    };
  },
  leftOut({ observed, parent }) {
    // A member that never was a record was taken out of a group that the CRM knows (C18).
    if (!observed?.group || parent?.state !== 'live') return decide('nothing');
    return {
      ...decide('leftOut', { link: 'deleted' }),
      notice: { op: 'delete', reason: 'movedOrDeleted' },
    };
  },
  adopt: (input) => {
    // What is there again (an undo, a person) since the CRM was told that it is gone, it has to hear of.
    if (toldDeletion(input)) return handlers.reappeared(input);
    if (crmSide(input) !== 'removed') return mergeSides(input, 'adopt');
    return handlers.editBeatsDelete(input);
  },
  merge: (input) => mergeSides(input, 'merge'),
  removeAtGoogle(input) {
    if (isAnswered(input)) return decide('nothing');
    return hasUnseenOffers(input) ? handlers.editBeatsDelete(input) : removeForGood(input);
  },
  removeAtCrm(input) {
    // Taken out by ourselves: the run that did it has not said so, and the intent is still there.
    if (input.link?.removing) return decide('nothing');
    const agreed = { ...heldAtTheEnd(input), ...adoptedWith(input) };
    const rejected = rejection(input, mergeWith(input, undefined).refused, 'it is gone there');
    const conflicts = lostWithObject(input);
    return {
      ...decide('removeAtCrm', { link: 'deleted', agreed, offers: { deletedInGoogle: true } }),
      notice: {
        op: 'delete',
        reason: 'movedOrDeleted',
        ...(conflicts.length > 0 && { conflicts }),
        ...(rejected && { rejected }),
      },
    };
  },
  editBeatsDelete(input) {
    const { link, observed, intent, codec } = input;
    const field = fieldOf(intent ?? { op: 'upsert' });
    if (!link) {
      // The run that inserted it died before it stored a base: Google itself says if it was edited.
      const touched = observed?.marker && observed.edited && !isWord(input, observed.fields);
      if (!touched) return remove(input, 'removeAtGoogle');
      const merged = mergeSides(input, 'editBeatsDelete');
      const now = { ...observed.fields, ...merged.agreed };
      return beatsDelete(merged, field, forCrm(codec, now));
    }
    // Of ours for sure: not known to be removed, or inserted by a run that died before it knew.
    const newer = (observed?.marker?.generation ?? -1) > link.generation;
    if (link.removing && link.state === 'live') return removeAloud(input, link, 'removeAtGoogle');
    if (link.removing || link.inFlight || newer) return remove(input, 'removeAtGoogle');
    if (isAnswered(input)) return decide('nothing');
    // The version that we deleted: an old answer.
    if (link.state === 'deleted' && link.etag === observed?.etag) return decide('nothing');
    const edited = isEdited(input) || hasUnseenOffers(input) || input.holdsNews;
    // Nothing was edited, or the CRM has seen the edit (it deletes again): the delete is final.
    if (!edited || link.offered.deletedInCrm) return removeForGood(input);
    return livesOn(input, link, field);
  },
  bothGone: ({ link, observed, codec }) =>
    // Taken out of a group: to be remembered, should the group be written anew.
    decide('bothGone', link || (codec.groups && observed?.group) ? { link: 'deleted' } : {}),
  reappeared(input) {
    // It came back (moved away and back, or restored from the bin): the same link again.
    const { link, observed } = input;
    if (!observed || link?.etag === observed.etag) return decide('nothing');
    const told = tell(input, 'reappeared', observed.fields);
    return { ...told, offers: { ...told.offers, deletedInGoogle: false } };
  },
  letGo: ({ observed }) => ({
    ...decide('letGo', { link: 'out' }),
    ...(observed && { notice: { op: 'unlink', reason: 'takenOut' } }),
  }),
  rejoin(input) {
    // Both sides may have moved on meanwhile: merged against what both held when they were parted.
    const { link, observed, codec } = input;
    if (!link || !observed) return decide('nothing');
    const merged = mergeSides(input, 'rejoin');
    // A CRM that applies the whole message must not lose what it said itself meanwhile.
    const now = { ...knownGoogle(link), ...observed.fields };
    const data = forCrm(codec, { ...heldByCrm(link, now), ...merged.agreed }, link, now);
    return { ...merged, notice: merged.notice ?? { op: 'upsert', data, changed: [] } };
  },
  handOver(input) {
    const { link, observed } = input;
    const ours = observed?.marker ?? isAdopted(input);
    if (!link && !ours) return decide('nothing');
    // Whoever left had it removed; where that did not succeed it is still there.
    const left = link?.removing === true && observed?.state === 'live';
    const past = link !== undefined && link.state !== 'live' && !link.inFlight && !left;
    const isThere = observed === undefined || observed.state === 'live';
    if (past || !isThere) return decide('handOver', { link: 'none' });
    const removed = link ? removeAloud(input, link, 'handOver') : remove(input, 'handOver');
    return { ...removed, link: 'none' };
  },
  removeOlder: (input) => ({ ...remove(input, 'removeOlder'), link: 'unchanged' }),
  refuse: () => decide('refuse'),
};
