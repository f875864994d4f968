/** P1 and P3 where series are records: both calendars show the same occurrences, each once. */
import { type CrmItem, crmShown } from '../crm-calendar.ts';
import type { Raw, ShownEvent } from '../history.ts';
import { differences, isAnotherGuests, isStrange } from './convergence.ts';
import { isUnimported } from './undo.ts';
import { googleKey, type View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function series(view: View): Violation[] {
  if (view.final.recurrence !== 'series') return [];
  return view.final.users.flatMap(({ userId, timeZone }) => {
    const records = view.final.records.filter((r) => r.userId === userId);
    const parts = crmShown(records, timeZone).filter((item) => item.slot !== undefined);
    // What was refused once may have been written since: then it is no other than the rest.
    const items = parts.toSorted((a, b) => Number(isRefused(a)) - Number(isRefused(b)));
    const found: Violation[] = [];
    const expected = new Map<string, CrmItem>();
    for (const item of items) {
      const id = idOf(view, userId, item);
      const name = `${item.record.crmId} of ${userId} at ${item.slot}`;
      if (isRefused(item)) {
        if (id !== undefined && !expected.has(id)) expected.set(id, item);
        continue;
      }
      if (id === undefined && item.series?.origin === 'google' && view.dropped(userId)) continue;
      if (id === undefined) found.push(violation('P1', `${name} has no series at Google`));
      else if (expected.has(id)) found.push(violation('P3', `${name} is twice in the CRM`));
      else expected.set(id, item);
    }
    const shown = view.final.shown.filter((e) => e.user === userId && e.series !== undefined);
    return [...found, ...compared(view, shown, expected)];
  });
}

function compared(view: View, shown: ShownEvent[], expected: Map<string, CrmItem>): Violation[] {
  const found: Violation[] = [];
  for (const event of shown) {
    const item = expected.get(event.id);
    expected.delete(event.id);
    if (item) {
      const record: Raw = { ...item.record, data: item.data };
      const name = `${record.crmId} at ${item.slot}`;
      for (const text of differences(view, record, event))
        found.push(violation('P1', `${name}: ${text}`));
    } else if (
      !isKept(view, event) &&
      !isUnimported(view, { crmId: '', googleId: event.series }) &&
      !isUnimportedAlone(view, event) &&
      !isStrange(view, event) &&
      !isAnotherGuests(view, event)
    )
      found.push(violation('P1', `occurrence ${event.id} of ${event.user} is missing in the CRM`));
  }
  for (const [id, item] of expected) {
    const { record, series: whole = record } = item;
    if (isRefused(item)) continue;
    if (whole.origin !== 'google' || !view.dropped(record.userId))
      found.push(violation('P1', `${record.crmId} is missing at Google as ${id}`));
  }
  return found;
}

const rootOf = (view: View, event: ShownEvent) => view.rootOf({ side: 'google', ...event });

/** An invitation to a single occurrence is a record by itself, and stays at Google when its import is undone. */
const isUnimportedAlone = (view: View, event: ShownEvent): boolean =>
  view.staysUndone(event) &&
  !view.liveSeries().some(({ user, id }) => user === event.user && id === event.series);

/** Cancelled in the CRM, and edited at Google meanwhile: it stays, and the CRM knows. */
function isKept(view: View, event: ShownEvent): boolean {
  const isIts = (r: Raw) => view.rootOf({ side: 'crm', user: r.userId, id: r.crmId });
  const root = rootOf(view, event);
  return view.final.records.some(
    (r) =>
      isIts(r) === root &&
      r.data.status === 'cancelled' &&
      (r.conflicts as Raw[]).some((c) => c.field === 'cancelledInCrm'),
  );
}

/** The CRM was told that its record has no place: a person has to look at it. */
const isRefused = ({ record }: CrmItem): boolean =>
  record.occurrence !== undefined && record.rejected !== undefined;

/** The id that the occurrence must have at Google. */
function idOf(view: View, user: string, item: CrmItem): string | undefined {
  const { series: record, slot } = item;
  // An invitation to a single occurrence: its series is in another calendar, and nothing to the CRM.
  if (!record) return view.final.shown.find((e) => isOneOf(e, user, item))?.id;
  const isIts = ({ id }: ShownEvent) =>
    id === record.googleId || view.inserted.get(googleKey(user, id)) === record.crmId;
  const master = view.liveSeries().find((e: ShownEvent) => e.user === user && isIts(e));
  return master && `${master.id}_${slot}`;
}

const isOneOf = ({ user, id, series }: ShownEvent, owner: string, { record }: CrmItem) =>
  user === owner && series !== undefined && id === record.googleId;
