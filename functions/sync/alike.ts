/** New records that are maybe the same as others of the user's: flagged for the CRM, never merged (C08). */
import type { Name } from '../core/decision.ts';
import type { Link } from '../core/records.ts';
import type { Collection } from './collection.ts';
import type { Work } from './observe.ts';
import type { Run } from './run.ts';

/** Notes with each work that is new which live records, or new ones before it, are like it. */
export async function findAlike(run: Run, { codec }: Collection, works: Work[]): Promise<void> {
  const fresh = works.flatMap((work) => {
    const values = isNew(work) ? (codec.likeness?.(work.observed?.fields ?? {}) ?? []) : [];
    return values.length > 0 ? [{ work, values }] : [];
  });
  if (fresh.length === 0) return;
  const all = fresh.flatMap(({ values }) => values);
  const found = await run.engine.store.linksByLikeness(run.user.userId, codec.record, all);
  const links = found.filter(({ state }) => state === 'live');
  for (const [i, { work, values }] of fresh.entries()) {
    const known = links.filter((link) => meets(link.likeness ?? [], values)).map(nameOf);
    const before = fresh.slice(0, i).filter((other) => meets(other.values, values));
    const alike = [...known, ...before.map((other) => nameOf(other.work.observed ?? {}))];
    if (alike.length > 0) work.alike = alike;
  }
}

const isNew = ({ link, intent, observed }: Work) =>
  link === undefined && intent === undefined && observed?.state === 'live' && !observed.marker;

const meets = (some: string[], values: string[]) => some.some((value) => values.includes(value));

const nameOf = ({ crmId, googleId }: Pick<Link, 'crmId' | 'googleId'>): Name =>
  crmId !== undefined ? { crmId } : googleId !== undefined ? { googleId } : {};
