/** P1, P4, P5 of lists that both sides add to: a contact's e-mails, phones and addresses. */
import type { Edit, Raw } from '../history.ts';
import { hasNoBase } from './limits.ts';
import { isUndone } from './undo.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

/** P1: both sides hold the same entries. P4, P5: what somebody put on a list is there, or was taken off. */
export const lists = (view: View): Violation[] => [
  ...view.final.records.flatMap((record) => differences(view, record)),
  ...view.roots.filter((root) => isPlain(view, root)).flatMap((root) => lost(view, root)),
];

function differences(view: View, record: Raw): Violation[] {
  const [event] = view.eventsOf(record);
  if (record.deleted || record.rejected || !event) return [];
  return Object.entries(listsOf(record.data)).flatMap(([name, list]) => {
    const [crm, google] = [list, listsOf(event.resource)[name] ?? []].map(said);
    if (crm === google) return [];
    return [violation('P1', `${record.crmId}: ${name} are ${crm} in the CRM, ${google} at Google`)];
  });
}

/** A record that people only made and edited, whose base was never in doubt. */
const isPlain = (view: View, root: string): boolean =>
  !hasNoBase(view, root) &&
  !isUndone(view, root) &&
  view.editsOf(root).every((e) => e.op === 'create' || e.op === 'edit') &&
  !view.editsOf(root).some((e) => view.hasLeft(e.user)) &&
  !view.toldOf(root).some((t) => t.message.rejected);

/** Entries by their value: whoever changes an entry's type has not taken it off. */
function lost(view: View, root: string): Violation[] {
  const edits = view.editsOf(root);
  const ends = [
    ...view.recordsAt(root).map((r) => r.data),
    ...view.eventsAt(root).map((e) => e.resource),
  ];
  const found: Violation[] = [];
  for (const edit of edits) {
    for (const value of valuesOf(edit.after)) {
      if (valuesOf(edit.before).has(value)) continue;
      if (edits.some((e) => e.seq > edit.seq && takesOff(e, value))) continue;
      for (const end of ends)
        if (!valuesOf(end).has(value))
          found.push(violation('P4', `${edit.side} ${edit.op} ${edit.id}: ${value} is lost`));
    }
    for (const value of valuesOf(edit.before)) {
      if (!takesOff(edit, value) || edits.some((e) => e.seq > edit.seq && puts(e, value))) continue;
      for (const end of ends)
        if (valuesOf(end).has(value))
          found.push(violation('P4', `${edit.side} ${edit.op} ${edit.id}: ${value} is back`));
    }
  }
  return found;
}

/** Whether somebody knew what another one had put on the lists, or taken off, in one of the edits. */
export function sawLists(edits: Edit[], edit: Edit, { before }: Edit): boolean {
  const later = edits.filter((e) => e.seq > edit.seq);
  const seen = valuesOf(before);
  const isSeen = (value: string) => seen.has(value) || later.some((e) => takesOff(e, value));
  const isSeenOff = (value: string) => !seen.has(value) || later.some((e) => puts(e, value));
  const [was, is] = [[...valuesOf(edit.before)], [...valuesOf(edit.after)]];
  return (
    is.filter((value) => !was.includes(value)).every(isSeen) &&
    was.filter((value) => takesOff(edit, value)).every(isSeenOff)
  );
}

const takesOff = ({ before, after }: Edit, value: string) =>
  valuesOf(before).has(value) && !valuesOf(after).has(value);
const puts = ({ after }: Edit, value: string) => valuesOf(after).has(value);

const listsOf = (raw: Raw | undefined): { [name: string]: Raw[] } => raw?.lists ?? {};

/** Addresses go as a whole: of those only P1 is decided. */
const valuesOf = (raw: Raw | undefined): Set<string> =>
  new Set(['emails', 'phones'].flatMap((name) => (listsOf(raw)[name] ?? []).map((e) => e.value)));

const said = (list: Raw[]): string =>
  list
    .map((entry) =>
      Object.keys(entry)
        .sort()
        .map((name) => entry[name])
        .join(' '),
    )
    .sort()
    .join(', ');
