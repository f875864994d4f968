/**
 * The part of a history that is about single appointments. Where series are records, a series and its
 * occurrences change each other, so what is decided field by field of one record is not decided of them.
 */
import { isSeries } from '../crm-calendar.ts';
import type { Entry, History, Raw } from '../history.ts';
import { seriesIn } from '../shown.ts';
import { View } from './view.ts';

export function singles(view: View): View {
  if (view.final.recurrence !== 'series') return view;
  const series = new Set(seriesRoots(view));
  const isSingle = (root: string | undefined) => root === undefined || !series.has(root);
  const ofEvent = (e: { user: string; id: string }) => view.rootOf({ side: 'google', ...e });
  const ofRecord = (crmId: string) => view.rootOf({ side: 'crm', user: '', id: crmId });
  const keeps = (entry: Entry): boolean => {
    if (entry.kind === 'edit') return isSingle(view.rootOf(entry));
    if (entry.kind === 'effect') return isSingle(ofEvent(entry));
    if (entry.kind === 'told') return isSingle(view.rootOfMessage(entry.message));
    if (entry.kind !== 'applied') return true;
    return [
      view.rootOfMessage(entry.message),
      ...entry.changed.map((c) => ofRecord(c.crmId)),
    ].every(isSingle);
  };
  const { final } = view;
  const history: History = {
    entries: view.entries.filter(keeps),
    final: {
      ...final,
      records: final.records.filter((r) => isSingle(ofRecord(r.crmId))),
      events: final.events.filter((e) => isSingle(ofEvent(e))),
      shown: final.shown.filter((e) => isSingle(ofEvent(e))),
    },
  };
  return new View(history);
}

/** Of all that ever was a series or an occurrence. */
function seriesRoots(view: View): (string | undefined)[] {
  const recurs = (raw: Raw | undefined) => raw !== undefined && isSeries({ data: raw });
  return [
    ...view.effects
      .filter(({ id, after }) => seriesIn(id) !== undefined || recurs(after))
      .map((e) => view.rootOf({ side: 'google', user: e.user, id: e.id })),
    ...view.edits.filter((e) => e.slot !== undefined || recurs(e.after)).map((e) => view.rootOf(e)),
    ...view.told
      .filter(({ message }) => message.occurrence ?? message.instead)
      .map(({ message }) => view.rootOfMessage(message)),
    ...view.final.records
      .filter((r) => r.occurrence || recurs(r.data))
      .map((r) => view.rootOf({ side: 'crm', user: r.userId, id: r.crmId })),
  ];
}
