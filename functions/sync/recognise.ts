/** Objects at Google that bear our mark, but are not, or not any more, what a link says. */
import { sameValue } from '../core/fields.ts';
import { knownGoogle } from '../core/merge.ts';
import type { Link } from '../core/records.ts';
import type { Collection } from './collection.ts';
import { index, isElsewhere, read, unread, type Work } from './observe.ts';
import type { Run } from './run.ts';

/** A record's former object, born at Google: the tombstone stands in for the marker that it does not bear. */
export function asFormer(work: Work): Work {
  const { link, observed } = work;
  if (link?.formerOf === undefined || observed?.state !== 'live') return work;
  const { formerOf: crmId, generation, origin } = link;
  const marker = { crmId, generation, origin };
  return { ...work, link: undefined, observed: { ...observed, marker } };
}

/**
 * Events of ours of which the link does not tell what the CRM wants: no link (a run died between
 * inserting and committing), an earlier generation, or a tombstone whose event a person restored.
 * There the CRM's stored word counts, pending or not.
 */
export async function recognise(run: Run, collection: Collection, works: Work[]): Promise<void> {
  const { store } = run.engine;
  const { codec } = collection;
  const unlinked = works.filter((w) => w.link === undefined && w.observed?.marker !== undefined);
  const isPast = ({ deletedBy, state }: Link) => deletedBy === 'crm' || state === 'out';
  const restored = works.filter((w) => w.link && isPast(w.link) && w.observed?.state === 'live');
  const idOf = (work: Work) => work.link?.crmId ?? work.observed?.marker?.crmId ?? '';
  if (unlinked.length + restored.length === 0) return;
  const links = index(
    unlinked.length === 0
      ? []
      : await store.linksByCrmId(run.user.userId, codec.record, unlinked.map(idOf)),
    (link) => link.crmId,
  );
  const intents = new Map(
    (await store.getIntents(codec.record, [...unlinked, ...restored].map(idOf))).map((intent) => [
      intent.crmId,
      intent,
    ]),
  );
  for (const work of restored) work.intent = intents.get(idOf(work));
  for (const work of unlinked) {
    const { crmId = '', generation = 0, origin } = work.observed?.marker ?? {};
    work.link = links.get(crmId);
    // It goes on in what is here, and bears and hides what that does: not what its last object did.
    if (origin && work.link && work.link.state !== 'live') work.link = { ...work.link, origin };
    const ours = work.link?.deletedBy === 'crm';
    if (work.link === undefined || ours || generation > work.link.generation)
      work.intent = intents.get(crmId);
  }
  await markSpares(run, collection, unlinked);
  await tellDoubles(run, collection, unlinked);
  keepNewest(works);
}

/** Of several generations of a record that a person has restored together the newest is the record (P3). */
function keepNewest(works: Work[]): void {
  const generationOf = ({ observed }: Work) => observed?.marker?.generation ?? -1;
  const back = works.filter(
    ({ link, observed }) => link?.state !== 'live' && observed?.state === 'live' && observed.marker,
  );
  for (const same of Map.groupBy(back, (work) => work.observed?.marker?.crmId).values()) {
    const newest = Math.max(...same.map(generationOf));
    for (const work of same)
      if (work.observed && generationOf(work) < newest) work.observed.spare = true;
  }
}

/**
 * Where ids are Google's, an object with our mark that is not the linked one is that one under another
 * name, or a second one. The second one counts as an older one, unless somebody has made it his own.
 */
async function tellDoubles(run: Run, collection: Collection, works: Work[]): Promise<void> {
  const others = works.filter(
    ({ link, observed }) =>
      link?.state === 'live' &&
      link.googleId !== undefined &&
      link.googleId !== observed?.googleId &&
      link.generation === observed?.marker?.generation,
  );
  const linked = others.map(({ link }): Work => ({ link, ...unread }));
  await read(run, collection, linked, ({ link }) => link?.googleId ?? '');
  for (const [i, work] of others.entries()) {
    const original = linked[i]?.observed;
    const { link, observed } = work;
    if (!link || !observed?.marker || original?.state === 'gone') continue;
    if (original?.googleId === observed.googleId) continue;
    const known = knownGoogle(link);
    const edited = Object.keys(observed.fields).some(
      (name) => !sameValue(observed.fields[name], known[name]),
    );
    work.observed = edited
      ? { googleId: observed.googleId, state: 'out', fields: {} }
      : { ...observed, marker: { ...observed.marker, generation: link.generation - 1 } };
    if (edited) work.link = undefined;
  }
}

/** Of a later generation than the link's it has to be known whether the link's is gone, as it seems. */
async function markSpares(run: Run, collection: Collection, works: Work[]): Promise<void> {
  const doubtful = works.filter(
    ({ link, observed }) =>
      link?.state === 'live' &&
      link.googleId !== undefined &&
      observed?.state === 'live' &&
      (observed.marker?.generation ?? -1) > link.generation &&
      !isElsewhere(link, collection),
  );
  const looked = doubtful.map(({ link }): Work => ({ link, ...unread }));
  await read(run, collection, looked, ({ link }) => link?.googleId ?? '');
  doubtful.forEach(({ observed }, i) => {
    if (observed && looked[i]?.observed?.state === 'live') observed.spare = true;
  });
}
