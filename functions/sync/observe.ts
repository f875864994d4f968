/** What a run knows of each record before it decides: the CRM's intent, our link, the object at Google. */
import type { CodecContext, Observed } from '../core/codec.ts';
import type { Name } from '../core/decision.ts';
import { knowsPattern } from '../core/groups.ts';
import { adoptedId, isFormerOwners } from '../core/intent.ts';
import type { JournalEntry } from '../core/journal.ts';
import { liveLast } from '../core/link.ts';
import type { Nowhere } from '../core/members.ts';
import type { Intent, Link } from '../core/records.ts';
import type { Along, Follows, Heir } from '../core/sides.ts';
import { isSyncError, unseen } from '../errors.ts';
import { claimShared, passOn } from './claims.ts';
import type { Collection, Page } from './collection.ts';
import { knownGroups, placeGroups } from './groups.ts';
import { asFormer, recognise } from './recognise.ts';
import { aloneSince, grownInto, restoredAnew } from './restored.ts';
import type { Run } from './run.ts';

/** One record on its way through a run. */
export interface Work {
  link: Link | undefined;
  intent: Intent | undefined;
  observed: Observed | undefined;
  /** The resource that `observed` was read from. */
  raw: unknown;
  /** Whose record it is, of what several users see: see PlanInput. */
  claim?: Link['claim'];
  heir?: Heir;
  /** The guest who had the record until now, or has a second one: is to step back. */
  former?: { userId: string; googleId: string };
  yields?: { crmId?: string };
  /** It is new, and these of the user's are maybe the same. */
  alike?: Name[];
  /** The resource in the place that the record moves away from. */
  original?: unknown;
  /** The link with the mark that its insertion is on the way, as it was stored before the call. */
  marked?: Link;
  /** Of a member of a group that is a record itself: the group's link. */
  parent?: Link | undefined;
  /** Its place in a group, as read before the object that `observed` is: the record has left it. */
  left?: Observed;
  /** Its link until now, of a member that is tied to another place: that says what the CRM was told of it. */
  previous?: Link;
  /** Its place is gone with its group, of which the run knows nothing yet: a listing tells what became of both. */
  missesGroup?: true;
  /** The CRM names a place in a group that is not there. */
  nowhere?: Nowhere;
  /** What became of its group, and takes it along. */
  follows?: Follows;
  /** What the CRM has done to its group, and to the members that it takes along: see PlanInput. */
  along?: Along;
  holdsNews?: boolean;
  /** To be undone, instead of planned. `seat`: its place in the group that was brought back just now. */
  undo?: { entry: JournalEntry; newer: boolean; cancelled: boolean; seat?: Observed };
}

/** The object of a link that lives in another place, as far as this place can know. */
export const elsewhere = (link: Link, taken?: Observed['marker']): Observed => ({
  googleId: link.googleId ?? '',
  state: 'elsewhere',
  fields: {},
  ...(taken && { marker: taken }),
});

/** Whether the record is live in another place than the one that the collection writes into. */
export const isElsewhere = (link: Link | undefined, collection: Collection): link is Link =>
  link?.state === 'live' && link.place !== collection.place;

/** A link whose object was seen or written lives where that was. */
export function placed(link: Link, { place }: Collection, seen: Observed | undefined): Link {
  if (seen?.state !== 'live' || link.place === place) return link;
  const { place: _, ...rest } = link;
  return place === undefined ? rest : { ...rest, place };
}

/** The records of pending intents, each with its link; adopted Google objects are read. */
export async function observeIntents(
  run: Run,
  collection: Collection,
  intents: Intent[],
): Promise<Work[]> {
  const { store } = run.engine;
  const { record } = collection.codec;
  const byCrmId = index(
    await store.linksByCrmId(
      run.user.userId,
      record,
      intents.map((i) => i.crmId),
    ),
    (link) => link.crmId,
  );
  const idOf = (intent: Intent) => adoptedId(intent, run.user.userId) ?? '';
  const adopted = intents.filter((i) => !byCrmId.has(i.crmId) && idOf(i) !== '');
  const named =
    adopted.length === 0
      ? []
      : await store.linksByGoogleId(run.user.userId, record, adopted.map(idOf));
  const byGoogleId = index(liveLast(named), (link) => link.googleId);
  const missing = adopted.filter((intent) => !byGoogleId.has(idOf(intent)));
  const grown = await grownInto(run, collection, missing);
  for (const [id, link] of [...grown, ...(await aloneSince(run, collection, missing))])
    byGoogleId.set(id, link);
  const restored = await restoredAnew(run, collection, adopted, byGoogleId);
  const works = intents.map((intent): Work => {
    const own = byCrmId.get(intent.crmId);
    const born = byGoogleId.get(idOf(intent));
    const known = own && !restored.has(own.id) ? own : undefined;
    const link = own ? known : born && mayTake(born, intent, restored) ? born : undefined;
    const observed = isElsewhere(link, collection) ? elsewhere(link) : undefined;
    // Its place in a group goes to the other record with it.
    const passed = own !== undefined && known === undefined && intent.member !== undefined;
    return { intent, link, observed, raw: undefined, ...(passed && { nowhere: 'taken' }) };
  });
  // Adopted, but our link is lost, or not removed for sure: inserting would double what is there.
  const doubtful = works.filter((w) =>
    w.link ? w.link.removing : w.intent && idOf(w.intent) !== '' && !byGoogleId.has(idOf(w.intent)),
  );
  await read(
    run,
    collection,
    doubtful,
    ({ link, intent }) => link?.googleId ?? (intent ? idOf(intent) : ''),
  );
  await passOn(run, collection, works);
  return works;
}

/**
 * Whether the link is the intent's: of its record, of none yet, or of one that it restores. The copy of what the
 * former owner had, told since as an entry of its own, is another record's, which the CRM has yet to name.
 */
const mayTake = (link: Link, intent: Intent, restored: ReadonlySet<string>) =>
  (link.crmId === undefined &&
    link.formerOf === undefined &&
    !(link.foreign && isFormerOwners(intent, link.userId, link.googleId))) ||
  link.crmId === intent.crmId ||
  restored.has(link.id);

/** The records of a page of Google's changes. `until`: the end of what was read before, if anything. */
export async function observePage(
  run: Run,
  collection: Collection,
  { items, groups = [], outside = [] }: Page<unknown>,
  until = Number.POSITIVE_INFINITY,
): Promise<Work[]> {
  const { codec } = collection;
  const context = await contextOf(run, collection, items);
  const observed = items.map((raw) => ({ raw, observed: codec.decode(raw, context) }));
  const known = await knownGroups(run, collection, groups);
  const asked = new Set(known.groups.map((group) => group.id));
  const ids = observed
    .filter((o) => o.observed.group === undefined || !asked.has(o.observed.group))
    .flatMap(({ observed: o }) => [o.googleId, ...(o.formerIds ?? [])]);
  const others =
    ids.length === 0
      ? []
      : await run.engine.store.linksByGoogleId(run.user.userId, codec.record, ids);
  const links = index(liveLast([...known.links, ...others]), (link) => link.googleId);
  const linkOf = ({ googleId, formerIds = [] }: Observed) =>
    [googleId, ...formerIds].map((id) => links.get(id)).find((link) => link !== undefined);
  const former = new Set(observed.flatMap((o) => o.observed.formerIds ?? []));
  const shown = observed
    // It has not gone, it goes by another name now.
    .filter((o) => !(o.observed.state === 'gone' && former.has(o.observed.googleId)))
    .map((o): Work => ({ ...o, link: linkOf(o.observed), intent: undefined }));
  const gone = await placeGroups(run, collection, known, shown, until);
  // A former place may be the new one of a record that has lost its own.
  const works = shown.map(asFormer);
  await recognise(run, collection, works);
  const far = new Set(outside);
  const news = [...works.filter((work) => !isUnknown(work)), ...gone].filter(
    ({ link, observed }) =>
      !isEcho(link, observed) &&
      !isStale(link, observed) &&
      (link !== undefined || !far.has(observed?.googleId ?? '')),
  );
  await claimShared(run, collection, news);
  return news;
}

/** What is out of the collection's reach is nobody's business, unless a record hangs on it. */
const isUnknown = ({ link, intent, observed }: Work) =>
  observed?.state === 'out' && link === undefined && intent === undefined;

/** Our own write coming back: the version that the link was written as. No timers, no flags. */
const isEcho = (link: Link | undefined, observed: Observed | undefined) =>
  link !== undefined &&
  link.state === 'live' &&
  link.googleId === observed?.googleId &&
  link.etag !== undefined &&
  link.etag === observed?.etag &&
  knowsPattern(link, observed);

/** A listing that lags behind shows a version from before the one that we know: no edit (P14). */
const isStale = (link: Link | undefined, observed: Observed | undefined) =>
  link?.updatedAt !== undefined &&
  observed?.updatedAt !== undefined &&
  observed.updatedAt < link.updatedAt;

/** To decode these by: the people in them who are colleagues are known. What is no resource is passed over. */
export const contextOf = (
  run: Run,
  { codec }: Collection,
  raws: unknown[],
): Promise<CodecContext> =>
  run.directory.context(raws.flatMap((raw) => (raw ? codec.emailsOf({ raw }) : [])));

/** Reads the objects of these works again and puts what is there now into them. */
export async function read(
  run: Run,
  collection: Collection,
  works: Work[],
  idOf: (work: Work) => string,
): Promise<void> {
  if (works.length === 0) return;
  const { codec } = collection;
  const results = await collection.get(run.session, works.map(idOf));
  const raws = results.map((result) => (result.ok ? result.data : undefined));
  const context = await contextOf(run, collection, raws);
  works.forEach((work, i) => {
    const result = results[i];
    if (!result?.ok) throw unseen(result?.error);
    work.raw = result.data;
    work.observed = codec.decode(result.data, context);
  });
}

/** True when a listing has to start over. */
export const needsFullSync = (error: unknown) => isSyncError(error, 'resync');

/** A work of which nothing is known but its link. */
export const unread = { intent: undefined, observed: undefined, raw: undefined };

/** By key; of two with the same the last one counts. */
export function index<T>(items: T[], key: (item: T) => string | undefined): Map<string, T> {
  return new Map(items.map((item) => [key(item) ?? '', item]));
}
