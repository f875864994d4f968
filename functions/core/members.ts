/**
 * Members of groups that are records themselves (occurrences beside their series): where they have no
 * place (yet), and how they follow a group that was written anew. Pure.
 */
import { apartFrom, type Member } from './along.ts';
import type { Codec, Observed } from './codec.ts';
import { isConcealed } from './conceal.ts';
import { type Decision, decide, refuse } from './decision.ts';
import { sawDeletion } from './deletion.ts';
import { type Fields, sameValue } from './fields.ts';
import { linkId } from './link.ts';
import { knownGoogle, sameAs, WITH_GROUP } from './merge.ts';
import type { Conflict } from './messages.ts';
import type { Intent, Link } from './records.ts';
import { forCrm, heldByCrm, mergeSides, type Prepared } from './sides.ts';
import { DAY_MS } from './time.ts';

/**
 * Why the CRM's record has no place at Google. awaited: its group is still to be written. noGroup: it is
 * not known (yet). noPlace: the group is there, but has no such member (yet). withGroup: the CRM has
 * deleted the group. taken: another record of the CRM's is this member.
 */
export type Nowhere = 'awaited' | 'noGroup' | 'noPlace' | 'withGroup' | 'taken';

/** Messages overtake each other by seconds: so long nobody is troubled (ms). */
const PATIENCE_MS = 600_000;
/** Then the CRM is told, and the record is looked at again when its group changes, or after this (ms). */
export const SLEEP_MS = 30 * DAY_MS;

const WHY = {
  noGroup: [
    'unknownSeries',
    'its series is not known: send the series; this is kept, and written as soon as the series is there',
  ],
  noPlace: [
    'noOccurrence',
    'the series has no occurrence at originalStart: correct one of them; this is kept, and written as soon as there is one',
  ],
  taken: [
    'occurrenceTaken',
    'another record is this occurrence already: change that one, or delete it and send this again',
  ],
} as const;

/** Decides for a record without a place; `now` in ms since the epoch. */
export function unplaced(
  why: Nowhere,
  intent: Intent,
  link: Link | undefined,
  wanted: boolean,
  now: number,
): Decision {
  if (why === 'withGroup') return goneWithGroup(link, intent, wanted);
  if (why === 'taken') return wanted ? refuse(intent, ...WHY.taken) : decide('nothing');
  const until = intent.sleptUntil;
  if (until !== undefined && until > now) return decide('nothing', { wakeAt: until });
  // However long Google refuses the group: there is nothing that the CRM could do.
  if (until === undefined || why === 'awaited')
    return decide('nothing', { wakeAt: now + PATIENCE_MS });
  const wakeAt = now + SLEEP_MS;
  const [reason, detail] = WHY[why];
  return wanted ? { ...refuse(intent, reason, detail), wakeAt } : decide('nothing', { wakeAt });
}

/**
 * Remembered also of a record that never was at Google: the group may be written anew, where what the CRM has
 * taken out stays out, and what went with the group is back.
 */
function goneWithGroup(link: Link | undefined, intent: Intent, wanted: boolean): Decision {
  if (!wanted) {
    // A CRM that was told that it went repeats that, and takes nothing out.
    const isKnown = link?.state === 'deleted' && (!link.withGroup || sawDeletion({ link, intent }));
    return decide('bothGone', isKnown ? {} : { link: 'deleted', withGroup: false });
  }
  return {
    ...decide('removeAtCrm', {
      link: 'deleted',
      withGroup: true,
      offers: { deletedInGoogle: true },
    }),
    notice: { op: 'delete', reason: 'movedOrDeleted' },
  };
}

/**
 * What ties a record to a member that never was one: the base is what both sides held of the group, so
 * that only what differs from it counts as an edit, on either side.
 */
export function heir(
  codec: Codec,
  userId: string,
  intent: Intent,
  observed: Observed,
  group: { link: Link | undefined; inherit: (fields: Fields) => Fields },
  own: Link | undefined,
): Link {
  const parent = group.link;
  const known = parent ? group.inherit(knownGoogle(parent)) : observed.fields;
  const offers = Object.entries(parent?.offered ?? {}).filter(
    ([name]) => codec.fields[name] && sameValue(parent && knownGoogle(parent)[name], known[name]),
  );
  return {
    id: own?.id ?? linkId(codec.record, { crmId: intent.crmId }),
    userId,
    record: codec.record,
    state: 'live',
    origin: parent?.origin ?? 'google',
    crmId: intent.crmId,
    googleId: observed.googleId,
    ...(observed.group !== undefined && { group: observed.group }),
    ...(observed.slot !== undefined && { slot: observed.slot }),
    generation: own?.generation ?? 0,
    changes: own?.changes ?? 0,
    crm: group.inherit(parent?.crm ?? {}),
    google: {
      ...known,
      ...Object.fromEntries(offers.map(([n]) => [n, parent?.google[n] ?? null])),
    },
    // Their numbers are those of the group's changes, not of this record's.
    offered: Object.fromEntries(
      offers.map(([name, { again: _, ...offer }]) => [name, { ...offer, change: WITH_GROUP }]),
    ),
  };
}

/**
 * It was taken out of its group, and somebody has edited it where it shows again in the group written anew:
 * as if it had been restored from the bin.
 */
export const isBack = (member: Member): boolean =>
  member.link?.state === 'deleted' &&
  member.observed?.state === 'live' &&
  apartFrom(member).length > 0;

/** The group was written anew, and `observed` is the member's place in it: it becomes what it was. */
export function follow(input: Prepared, link: Link): Decision {
  const { codec, observed } = input;
  const there = observed?.state === 'live' ? observed : undefined;
  if (link.state === 'deleted') {
    if (!there) return decide('follow', { link: 'deleted' });
    const { googleId, etag } = there;
    return { ...decide('follow', { link: 'deleted' }), write: { kind: 'delete', googleId, etag } };
  }
  if (!there) {
    return {
      ...decide('removeAtCrm', { link: 'deleted', offers: { deletedInGoogle: true } }),
      notice: { op: 'delete', reason: 'movedOrDeleted' },
    };
  }
  const known = knownGoogle(link);
  const edited = editedIn(input, known);
  const was = Object.fromEntries(Object.entries(known).filter(([name]) => !edited.has(name)));
  const changed = Object.keys(was).filter(
    (n) => codec.fields[n]?.flow === 'both' && !sameValue(was[n], there.fields[n]),
  );
  const decision = decide('follow', { link: 'live' });
  if (edited.size > 0) {
    const back = { ...input, observed: { ...there, fields: { ...there.fields, ...was } } };
    Object.assign(decision, { ...mergeSides(back, 'merge'), rule: 'follow' });
  }
  if (changed.length > 0) {
    const target = { ...there.fields, ...link.crm, ...was };
    const patch = { changed, target, before: link.crm, adopted: link.origin === 'google' };
    const { googleId, etag } = there;
    decision.write = { kind: 'patch', googleId, etag, patch };
  }
  return decision;
}

/** What somebody has edited in the place before the member became there what it was. */
function editedIn(input: Prepared, known: Fields): Set<string> {
  const { fields } = input.codec;
  const unitOf = (name: string) => fields[name]?.group ?? name;
  const names = apartFrom(input).filter(
    (name) => !sameAs(fields[name], input.observed?.fields[name], known[name]),
  );
  const units = new Set(names.map(unitOf));
  return new Set(Object.keys(fields).filter((name) => units.has(unitOf(name))));
}

/** The group was handed over, and took the member's object along: what comes of it is the new owner's. */
export const forget = (): Decision => decide('follow', { link: 'none' });

/** The CRM knows the record, and hears now that it is a member of a group: its place comes with any message. */
export function nameAgain(codec: Codec, link: Link): Decision {
  const { state } = link;
  if (state === 'deleted') {
    return { ...decide('follow'), notice: { op: 'delete', reason: 'movedOrDeleted' } };
  }
  const known = knownGoogle(link);
  const data = forCrm(codec, heldByCrm(link, known), link, known);
  const redacted = isConcealed(link, undefined) && { redacted: true };
  return {
    ...decide('follow', { link: state }),
    notice: { op: 'upsert', data, changed: [], ...redacted },
  };
}

/**
 * A member that is tied to another place: what Google had newer in the former one, and the CRM was told, is
 * written here, and told again. The CRM may not have heard it yet: an offer, and no common value. So are the
 * conflicts with what the CRM has said meanwhile.
 */
export function retold(input: Prepared, decision: Decision): Decision {
  const { codec, link, observed, unseen = {}, crossed = [] } = input;
  const names = Object.keys(unseen);
  const { agreed, offers, notice } = decision;
  const told = notice?.conflicts ?? [];
  const isTold = ({ field }: Conflict) => told.some((one) => one.field === field);
  const conflicts = [...told, ...crossed.filter((conflict) => !isTold(conflict))];
  const isNothing = names.length === 0 && conflicts.length === told.length;
  if (isNothing || decision.link !== 'live') return decision;
  const now = { ...(link && knownGoogle(link)), ...observed?.fields };
  const held = heldByCrm(link, now);
  const data = forCrm(codec, { ...held, ...agreed, ...notice?.data, ...unseen }, link, now);
  const changed = [...new Set([...(notice?.changed ?? []), ...names])];
  return {
    ...decision,
    agreed: Object.fromEntries(Object.entries(agreed).filter(([name]) => !(name in unseen))),
    offers: { ...offers, ...unseen },
    notice: { ...notice, op: 'upsert', data, changed, ...(conflicts.length > 0 && { conflicts }) },
  };
}
