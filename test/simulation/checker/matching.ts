/**
 * Rule 6: where the CRM knows no series, a series that is moved or gets another rule moves its records. One run
 * that tells of one going and of another coming, both of one series, has not matched them. What a person took
 * out of the series alone has gone, whatever else the series is given in the same run. And only what the CRM
 * has named can go on: of an occurrence that it names only when that has gone it is told twice, the second time by
 * the name. Nor can anything go on in what is made only after the run has looked, and stored that the other one is
 * gone: people make another rule while a run pulls, which then pulls once more.
 */
import type { Told } from '../history.ts';
import { seriesIn } from '../shown.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function matching(view: View): Violation[] {
  if (view.final.recurrence === 'series') return [];
  const bySeries = Map.groupBy(
    view.told.filter(({ message }) => seriesIn(message.googleId ?? '') !== undefined),
    (told) => `${told.task} ${view.decidedFrom(told)} ${seriesIn(told.message.googleId)}`,
  );
  return [...bySeries.values()].flatMap((told) => unmatched(view, told));
}

function unmatched(view: View, told: Told[]): Violation[] {
  const goes = told.filter(
    (t) =>
      t.message.op === 'delete' &&
      t.message.crmId !== undefined &&
      !isToldUnnamed(view, t) &&
      !wasTakenOut(view, t) &&
      view.doing(t.task) !== 'undo',
  );
  const comes = told.filter(
    (t) => t.message.op === 'upsert' && t.message.crmId === undefined && !isToldAgain(view, t),
  );
  for (const from of goes) {
    const to = comes.find((t) => !isMadeLater(view, from, t));
    if (!to) continue;
    const [was, is] = [from.message.crmId, to.message.googleId];
    return [
      violation('rule 6', `${was} was deleted and ${is} made anew, of one series in one run`),
    ];
  }
  return [];
}

/** Its going was told before the CRM had named it. */
const isToldUnnamed = (view: View, { seq, message: { userId, googleId } }: Told) =>
  view.told.some(
    ({ seq: at, message: m }) =>
      at < seq &&
      m.op === 'delete' &&
      m.crmId === undefined &&
      m.userId === userId &&
      m.googleId === googleId,
  );

/** It was not there yet when the run looked last before it stored that the other one is gone. */
function isMadeLater(view: View, from: Told, { message }: Told): boolean {
  const stored = view.storedWith(from);
  const look = view.entries.findLast(
    (e) =>
      stored !== undefined &&
      e.kind === 'issue' &&
      e.task === stored.task &&
      e.seq < stored.seq &&
      /^GET |\/batch/.test(e.method),
  );
  if (!look) return false;
  const effects = view.effectsOn(message.userId, message.googleId ?? '');
  const shown = effects.findLast((e) => e.seq < look.seq)?.after;
  return shown === undefined || shown.status === 'cancelled';
}

/** The CRM has heard of it, and has only not named it yet. */
const isToldAgain = (view: View, { seq, message: { userId, googleId } }: Told) =>
  view.told.findLast(
    ({ seq: at, message: m }) => at < seq && m.userId === userId && m.googleId === googleId,
  )?.message.op === 'upsert';

const wasTakenOut = (view: View, { seq, message: { userId, googleId } }: Told) =>
  view.edits.findLast(
    (e) => e.side === 'google' && e.seq < seq && e.user === userId && e.id === googleId,
  )?.op === 'delete';
