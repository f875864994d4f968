/**
 * What to do with one record: a pure decision from the base (link), the CRM's new state (intent) and
 * Google's state (observed). Decisions are data: they can be printed, counted and tested; effects
 * happen in sync/execute.ts alone.
 */

import { conceal, isConcealed } from './conceal.ts';
import { type Decision, decide, refuse } from './decision.ts';
import {
  beatsDelete,
  hasNews,
  hasUnseenOffers,
  isAnswered,
  remove,
  sawDeletion,
  unheard,
} from './deletion.ts';
import { sameValue } from './fields.ts';
import { generationHere, insert } from './insertion.ts';
import { adoptedId } from './intent.ts';
import { knownGoogle } from './merge.ts';
import type { Conflict } from './messages.ts';
import { forCrm, mergeSides, type PlanInput, type Prepared, tell } from './sides.ts';
import { type CrmSide, type Rule, table } from './table.ts';

/** Decides for one record. Never throws; same input, same decision. */
export function plan(given: PlanInput): Decision {
  const input = prepare(given);
  const { observed } = input;
  if (observed?.ignored && !input.link) return decide('nothing');
  // What the CRM knows as one record has become a group: to write there would change all of it.
  if (observed?.whole)
    return input.intent ? refuse(input.intent, 'group', GROUP) : decide('nothing');
  if (isOlder(input)) return handlers.removeOlder(input);
  const rule =
    table[input.link?.state ?? 'none'][crmSide(input)][
      observed === undefined ? 'unread' : observed.state
    ];
  return handlers[rule](input);
}

/**
 * An earlier generation, restored by a person while the record lives on in a later one; or a later one,
 * inserted by a run that died while a person restored the one that it thought gone (P3).
 */
const isOlder = ({ link, observed }: Prepared) =>
  link?.state === 'live' &&
  observed?.marker !== undefined &&
  observed.googleId !== link.googleId &&
  (observed.spare === true || observed.marker.generation < link.generation);

/** Its object is gone, and it was not we who took it out. */
const isVanished = ({ link }: Prepared) => link?.state === 'live' && !link.removing;

const GROUP = 'has become a series at Google that began before the window: change the series there';

/** Canonical values, without what Google's owner hides; what the CRM sends for that is ignored. */
function prepare(given: PlanInput): Prepared {
  const { codec, context, link, intent } = given;
  const observed = conceal(codec, link, given.observed);
  let data = intent?.op === 'upsert' ? codec.canonical(intent.data, context) : {};
  if (isConcealed(link, observed)) {
    data = Object.fromEntries(Object.entries(data).filter(([n]) => !codec.fields[n]?.hidden));
  }
  return { ...given, observed, data };
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
  insert: (input) => insert(input, 'insert', input.link?.generation ?? 0, []),
  insertAgain(input) {
    const { link, intent, observed } = input;
    // A CRM message that crossed with the deletion and edits nothing must not bring the event back.
    const byGoogle = isVanished(input) || link?.deletedBy === 'google';
    if (byGoogle && !hasNews(input) && !sawDeletion(input)) return handlers.removeAtCrm(input);
    // An id stays taken after deletion: the next generation. A cancelled or deleted record that the
    // CRM plans again is no conflict; one that vanished at Google while the CRM changed it is.
    const taken = Math.max(link?.generation ?? -1, observed?.marker?.generation ?? -1);
    const vanished = isVanished(input) && observed?.state === 'gone';
    const conflicts: Conflict[] = vanished ? [{ field: 'deletedInGoogle', winner: 'crm' }] : [];
    return insert(
      input,
      intent?.googleId && !link ? 'insert' : 'insertAgain',
      taken + 1,
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
  insertHere: (input) => insert(input, 'insertHere', generationHere(input), []),
  import(input) {
    const { observed, codec, context, window } = input;
    if (!observed) return decide('nothing');
    const period = codec.period(observed.fields, context);
    if (!period || period.to <= window.from || period.from >= window.to) return decide('nothing');
    // Ours, but we know of no wish of the CRM: its intent or our link comes with another message.
    if (observed.marker) return decide('nothing');
    return tell(input, 'import', observed.fields);
  },
  adopt: (input) => {
    if (crmSide(input) !== 'removed') return mergeSides(input, 'adopt');
    return remove(input, 'removeAtGoogle');
  },
  merge: (input) => mergeSides(input, 'merge'),
  removeAtGoogle(input) {
    if (isAnswered(input)) return decide('nothing');
    return hasUnseenOffers(input)
      ? handlers.editBeatsDelete(input)
      : remove(input, 'removeAtGoogle');
  },
  removeAtCrm: ({ link }) =>
    // Taken out by ourselves: the run that did it has not said so, and the intent is still there.
    link?.removing
      ? decide('nothing')
      : {
          ...decide('removeAtCrm', { link: 'deleted', offers: { deletedInGoogle: true } }),
          notice: { op: 'delete', reason: 'movedOrDeleted' },
        },
  editBeatsDelete(input) {
    const { link, observed, intent, codec, data } = input;
    if (!link) return remove(input, 'removeAtGoogle');
    // The version that we deleted: an old answer.
    // Of ours for sure: not known to be removed, or inserted by a run that died before it knew.
    const newer = (observed?.marker?.generation ?? -1) > link.generation;
    if (link.removing || newer) return remove(input, 'removeAtGoogle');
    if (isAnswered(input)) return decide('nothing');
    if (link.state === 'deleted' && link.etag === observed?.etag) return decide('nothing');
    const known = knownGoogle(link);
    const now = { ...known, ...observed?.fields };
    const edited =
      link.state === 'deleted' || // a person restored it from the bin
      hasUnseenOffers(input) ||
      // What equals the CRM's own word is our write, whose answer was lost.
      Object.keys(now).some((n) => !sameValue(now[n], known[n]) && !sameValue(now[n], data[n]));
    // Nothing was edited, or the CRM has seen the edit (it deletes again): the delete is final.
    if (!edited || link.offered.deletedInCrm) return remove(input, 'removeAtGoogle');
    const field = intent?.op === 'delete' ? 'deletedInCrm' : 'cancelledInCrm';
    const merged = mergeSides(input, 'editBeatsDelete');
    return beatsDelete(merged, field, forCrm(codec, { ...now, ...merged.agreed }));
  },
  bothGone: ({ link }) => decide('bothGone', link ? { link: 'deleted' } : {}),
  reappeared(input) {
    // It came back (moved away and back, or restored from the bin): the same link again.
    const { link, observed } = input;
    if (!observed || link?.etag === observed.etag) return decide('nothing');
    return tell(input, 'reappeared', observed.fields);
  },
  handOver(input) {
    const { link, observed, intent } = input;
    const ours =
      observed?.marker ??
      (observed && intent && observed.googleId === adoptedId(intent, input.context.userId));
    if (!link && !ours) return decide('nothing');
    // Whoever left had it removed; where that did not succeed it is still there.
    const left = link?.removing === true && observed?.state === 'live';
    const deleted = link?.state === 'deleted' && !left;
    if (deleted || observed?.state === 'gone' || observed?.state === 'elsewhere')
      return decide('handOver', { link: 'none' });
    const conflicts = link ? unheard(input, link) : [];
    return {
      ...remove(input, 'handOver'),
      link: 'none',
      ...(conflicts.length > 0 && { notice: { op: 'upsert', changed: [], conflicts } }),
    };
  },
  removeOlder: (input) => ({ ...remove(input, 'removeOlder'), link: 'unchanged' }),
  refuse: () => decide('refuse'),
};
