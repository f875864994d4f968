/** What the engine cannot know, so that both sides may differ: each a known limit, named. */
import type { Edit, Raw } from '../history.ts';
import { googleKey, type View } from './view.ts';

/**
 * Known limit: tasks, and what was born at Google, bear no word of the CRM's. Written by a run that died before it
 * stored that, and edited by a person since, what it wrote is not to be told from what was there before, so that
 * edit may meet the CRM's older value as a conflict. It is told.
 */
export const hasNoBase = (view: View, root: string): boolean =>
  view.effects.some(
    (e) =>
      e.task !== undefined &&
      e.after.status !== 'cancelled' &&
      (e.record === 'task' || !view.inserted.has(googleKey(e.user, e.id))) &&
      view.rootOf({ side: 'google', user: e.user, id: e.id }) === root &&
      !view.isCommitted(e) &&
      view.editsOf(root).some(({ side, seq }) => side === 'google' && seq > e.seq),
  );

/**
 * Known limit: Google's deletion of contacts takes no etag, and an occurrence does not change its series' etag. An
 * edit between the look and the write, the run's next call, is not seen: it goes with the contact into the bin, or
 * with the series.
 */
export const isOverrun = (view: View, { side, user, id, seq }: Edit): boolean =>
  side === 'google' &&
  view.effectsOn(user, id).some(({ looked, seq: end }) => (looked ?? end) <= seq && seq < end);

/** Known limit: of a listing that leaves out what has changed nobody can tell that it lies. Before a step. */
export const isMisled = (
  view: View,
  { user, seq }: Pick<Edit, 'user' | 'seq'>,
  end: number,
): boolean =>
  view.entries.some(
    (e) =>
      e.kind === 'user' &&
      e.what === 'emptyListing' &&
      e.user === user &&
      e.seq > seq &&
      e.seq < end,
  );

/**
 * Known limit: a CRM that publishes nothing of what it is told, and names a guest without the answer both before it
 * has heard that and after. So does one that keeps no answers, which is told once. So does one whose first word that
 * arrives is that of a person who has named the guest again.
 */
export const keepsNoAnswers = (view: View, root: string, email: string): boolean => {
  const without = view.editsOf(root).filter(({ side, after }) => {
    const person = after?.participants?.find((p: Raw) => p.email === email);
    return side === 'crm' && person !== undefined && person.response === undefined;
  });
  return view.final.echo ? without.some((e) => isFirst(view, e)) : without.length > 1;
};

/** Made from what Google has, the record was edited in the CRM before a run had stored anything of it since. */
const isFirst = (view: View, { id, seq }: Edit): boolean => {
  const made = view.applied.find(
    (a) => a.seq < seq && a.changed.some((c) => c.crmId === id && c.before === undefined),
  );
  return (
    made !== undefined &&
    !view.entries.some(
      (e) =>
        e.kind === 'committed' &&
        e.seq > made.seq &&
        e.seq < seq &&
        e.links.some(({ googleId }) => googleId === made.message.googleId),
    )
  );
};
