/**
 * What a run has written that died before its commit: without it the link's base is too old, and the CRM's own
 * older value would count as an edit at Google (P5, P16). And what it has inserted that is a group by now.
 */
import type { CodecContext, Observed } from '../core/codec.ts';
import type { Fields } from '../core/fields.ts';
import { lastWords } from '../core/intent.ts';
import { changeNumber } from '../core/link.ts';
import type { Intent, Link } from '../core/records.ts';
import { withWritten } from '../core/word.ts';
import type { Collection } from './collection.ts';
import { blank } from './creation.ts';
import { placed, type Work } from './observe.ts';
import type { Run } from './run.ts';

/** Brings the works' links up to date, as far as that can be known: what then differs is somebody's edit. */
export function knowWritten(
  run: Run,
  { codec }: Collection,
  context: CodecContext,
  works: Work[],
): void {
  for (const work of works) {
    const { intent, observed } = work;
    if (observed?.state !== 'live' || (intent && intent.userId !== run.user.userId)) continue;
    const link = work.link ?? (intent && inserted(run, codec, intent, observed));
    if (!link) continue;
    const { marker } = observed;
    if (intent && marker?.word !== undefined && isUnknown(link, intent, marker)) {
      const word = intent.op === 'upsert' ? intent.data : lastWords(intent);
      const said = codec.canonical(word, context);
      const written = withWritten(codec, link, marker.word, said, observed.fields);
      work.link = { ...link, ...written, word: marker.word };
    } else if (link.unborne !== undefined && link.etag !== observed.etag) {
      // Whether that was written at all, only what the object shows can tell: also where the CRM's own word is
      // not looked at yet, as of a member that its group takes along.
      work.link = { ...link, ...withWritten(codec, link, link.unborne, {}, observed.fields) };
    }
  }
}

type Marker = NonNullable<Observed['marker']>;

/** Not of a generation that a person restored; a link from before there were words tells nothing. */
const isUnknown = (link: Link, intent: Intent, { crmId, word, generation }: Marker) =>
  crmId === intent.crmId &&
  link.word !== word &&
  generation >= link.generation &&
  (link.word !== undefined || link.etag === undefined);

/** What a run made that died before it stored a link; of what the CRM has taken off since nothing is known. */
function inserted(
  run: Run,
  codec: Collection['codec'],
  intent: Intent,
  { marker, googleId }: Observed,
): Link | undefined {
  if (marker?.word === undefined || intent.op !== 'upsert' || codec.absent(intent.data))
    return undefined;
  return {
    ...blank(run, codec.record, intent.crmId, marker.generation, {}),
    google: initial(codec),
    googleId,
    changes: changeNumber(intent.seen ?? '', run.user.userId),
  };
}

/** What an object holds of which nothing was said. */
const initial = ({ fields }: Collection['codec']): Fields =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, { initial: value }]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );

/**
 * Made a group at Google since a run inserted it that never knew, or since its removal failed (the user
 * disconnected): linked, so that the next listing finds the record its place in the group.
 */
export async function adoptGroups(
  run: Run,
  collection: Collection,
  context: CodecContext,
  works: Work[],
): Promise<void> {
  const { codec } = collection;
  const { store } = run.engine;
  const grown = works.filter(hasGrown);
  if (grown.length === 0) return;
  const links: Link[] = [];
  for (const work of grown) {
    const { intent, observed, link } = work;
    const { googleId, marker } = observed;
    const before = link ?? blank(run, codec.record, intent.crmId, marker.generation, {});
    const { deletedBy: _, removing: __, expireAt: ___, ...fresh } = before;
    const at = observed.slot === undefined ? {} : { slot: observed.slot };
    work.link = placed({ ...at, ...fresh, state: 'live', googleId }, collection, observed);
    // By its time the listing tells whether it shows the record at all.
    if (!link) knowWritten(run, collection, context, [work]);
    links.push(work.link);
  }
  if (links.length > 0) await store.commit(run.lease, { links }, false);
}

type Grown = Work & { intent: Intent; observed: Observed & Required<Pick<Observed, 'marker'>> };

/** What the CRM wants as one record is a group at Google, by its mark, and no link says so. */
const hasGrown = (work: Work): work is Grown =>
  (!work.link || work.link.removing === true) &&
  work.observed?.whole !== undefined &&
  work.intent?.op === 'upsert' &&
  work.intent.crmId === work.observed.marker?.crmId;
