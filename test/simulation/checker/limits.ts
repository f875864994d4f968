/** What the engine cannot know, so that both sides may differ: each a known limit, named. */
import type { Raw } from '../history.ts';
import { crmValue, type FieldName } from '../mapping.ts';
import type { View } from './view.ts';

/**
 * Known limits: several generations of one record restored from the bin together; and a record that was
 * handed over and back while a change was on its way to a CRM that publishes nothing of what it is told.
 */
export function isBeyond(view: View, root: string): boolean {
  const edits = view.edits.filter((e) => view.rootOf(e) === root);
  const restored = new Set(edits.filter((e) => e.op === 'restore').map((e) => e.id));
  const handOvers = edits.filter((e) => e.op === 'handOver').length;
  return restored.size > 1 || (handOvers > 1 && !view.final.echo);
}

/** Told as deleted by a run that died before it knew, and restored by a person before the next one. */
export function isTakenBack(view: View, record: Raw): boolean {
  const root = view.rootOf({ side: 'crm', user: record.userId, id: record.crmId });
  const restore = view.edits.find((e) => e.op === 'restore' && view.rootOf(e) === root);
  const told = view.told.some(
    ({ seq, message }) =>
      restore && seq < restore.seq && message.op === 'delete' && message.crmId === record.crmId,
  );
  return (
    told &&
    !view.entries.some(
      (e) =>
        e.kind === 'committed' &&
        e.links.some((l) => l.googleId === restore?.id && l.state === 'deleted'),
    )
  );
}

/**
 * Known limit: the value was told by a run that died before it stored that, and Google's was another one
 * again when the next run looked, so nobody knows that the CRM has it.
 */
export function isHearsay(view: View, record: Raw, field: FieldName, value: string): boolean {
  const root = view.rootOf({ side: 'crm', user: record.userId, id: record.crmId });
  return view.told.some(
    (told) =>
      view.rootOfMessage(told.message) === root &&
      !view.isStoodBy(told) &&
      crmValue(told.message.data, field) === value,
  );
}

/**
 * Known limit: written by a run that died before it stored that. What it wrote and what people change look
 * alike then, so one side's edit may meet its own older value as a conflict. It is told.
 */
export const hasNoBase = (view: View, root: string): boolean =>
  view.effects.some(
    (e) =>
      e.task !== undefined &&
      e.after.status !== 'cancelled' &&
      view.rootOf({ side: 'google', user: e.user, id: e.id }) === root &&
      !view.isCommitted(e),
  );
