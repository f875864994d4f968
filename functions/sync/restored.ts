/** Records that the CRM deleted and restored under another crmId (design rule 10): whose the link is then. */
import { adoptedId } from '../core/intent.ts';
import type { Intent, Link } from '../core/records.ts';
import type { Collection } from './collection.ts';
import { index } from './observe.ts';
import type { Run } from './run.ts';

/**
 * Ids of links that pass to another record: a deleted one whose event lives on may be restored under
 * another crmId (design rule 10). Whoever was deleted has nothing to do with the event any more.
 */
export async function restoredAnew(
  run: Run,
  { codec }: Collection,
  adopted: Intent[],
  byGoogleId: ReadonlyMap<string, Link>,
): Promise<Set<string>> {
  const claimed = adopted
    .flatMap((intent) => byGoogleId.get(adoptedId(intent, run.user.userId) ?? '') ?? [])
    .filter((link) => link.crmId !== undefined);
  if (claimed.length === 0) return new Set();
  const before = await run.engine.store.getIntents(
    codec.record,
    claimed.map((link) => link.crmId ?? ''),
  );
  const deleted = new Set(before.filter((i) => i.op === 'delete').map((i) => i.crmId));
  return new Set(claimed.filter((l) => deleted.has(l.crmId ?? '')).map((l) => l.id));
}

/**
 * Links of members that went on alone, by the ids that they had in their group: their place was lost, with the
 * group, after the CRM was told that they live on, and before it said that it has restored them.
 */
export async function aloneSince(
  run: Run,
  { codec }: Collection,
  adopted: Intent[],
): Promise<Map<string, Link>> {
  const { userId } = run.user;
  const named = adopted.flatMap((intent) => {
    const id = adoptedId(intent, userId) ?? '';
    const group = codec.groupOf?.(id);
    return group === undefined || intent.seen === undefined ? [] : [{ id, group, intent }];
  });
  if (named.length === 0) return new Map();
  const groups = named.map(({ group }) => group);
  const links = await run.engine.store.linksByGoogleId(userId, codec.record, groups);
  return new Map(
    named.flatMap(({ id, group, intent }) => {
      const link = links.find(({ googleId }) => googleId === group);
      const told = link?.state === 'live' ? link.offered.deletedInCrm?.changeId : undefined;
      return link && told === intent.seen ? [[id, link] as const] : [];
    }),
  );
}

/**
 * Links of records that went on as members of groups, by the ids of the single objects that these were, and by
 * which a CRM calls them that restored them under another crmId and heard nothing since. Where groups are
 * records such an object keeps its id.
 */
export async function grownInto(
  run: Run,
  { codec }: Collection,
  named: Intent[],
): Promise<Map<string, Link>> {
  const { store } = run.engine;
  const { userId } = run.user;
  if (named.length === 0 || codec.groups) return new Map();
  const ids = named.map((intent) => adoptedId(intent, userId) ?? '');
  const members = await store.linksByGroup(userId, codec.record, ids);
  const live = members.filter((link) => link.state === 'live' && link.crmId !== undefined);
  if (live.length === 0) return new Map();
  const words = await store.getIntents(
    codec.record,
    live.map((link) => link.crmId ?? ''),
  );
  const deleted = new Map(words.filter((i) => i.op === 'delete').map((i) => [i.crmId, i]));
  // A member before, it was single for a while: the CRM restores what it was told then.
  const told = new Set(named.flatMap(({ seen }) => seen ?? []));
  const wasIt = ({ crmId = '', group, generation, offered }: Link) => {
    const word = deleted.get(crmId);
    if (!word || group === undefined) return false;
    if (told.has(offered.deletedInCrm?.changeId ?? '')) return true;
    return [adoptedId(word, userId), codec.googleId(userId, crmId, generation)].includes(group);
  };
  return index(live.filter(wasIt), (link) => link.group);
}
