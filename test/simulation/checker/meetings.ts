/** C21: a meeting of several users is one record, the organizer's; its guests and their answers are told. */
import type { Raw, ShownEvent } from '../history.ts';
import { keepsNoAnswers } from './limits.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function meetings(view: View): Violation[] {
  return [...view.liveEvents().flatMap((e) => doubled(view, e)), ...answers(view)];
}

/** In a guest's calendar it is no record, while the organizer has it, or a guest who comes before. */
function doubled(view: View, { user, id, resource }: ShownEvent): Violation[] {
  const by = view.final.users.find((u) => u.email === resource.organizer?.email);
  if (by?.userId === user) return [];
  const isOf = (owner: string) => (r: Raw) => !r.deleted && r.userId === owner && r.googleId === id;
  const others = by ? [by] : view.final.users.filter(({ userId }) => userId < user);
  // Whose import was undone has it as nobody's record; undone while its organizer is away, a guest comes next.
  const isIts = (userId: string) => (e: ShownEvent) =>
    e.user === userId && e.id === id && !view.staysUndone(e);
  const holder = others.find(
    ({ userId }) =>
      view.final.shown.some(isIts(userId)) && (by || view.final.records.some(isOf(userId))),
  );
  if (!holder) return [];
  return view.final.records
    .filter(isOf(user))
    .map((r) =>
      violation('C21', `${holder.userId}’s meeting ${id} is ${r.crmId} of ${user} as well`),
    );
}

/**
 * The record names the guests that the event has, each with the answer given there; a guest's own record, of
 * a meeting that nobody else has, says the own answer itself.
 */
function answers(view: View): Violation[] {
  return view.final.records.flatMap((record) => {
    const isMeeting = record.record === 'appointment' && !record.deleted;
    const [event] = isMeeting ? view.eventsOf(record) : [];
    if (!event || event.resource.visibility === 'private') return [];
    const guests: Raw[] = event.resource.attendees ?? [];
    const known: Raw[] = record.data.participants ?? [];
    if (guests.length === 0) return [];
    const owner = view.final.users.find(({ userId }) => userId === record.userId);
    const root = view.rootOf({ side: 'crm', user: record.userId, id: record.crmId });
    return guests.flatMap(({ email, responseStatus }) => {
      if (keepsNoAnswers(view, root, email)) return [];
      const said =
        email === owner?.email ? record.data : known.find((person) => person.email === email);
      const answer = said?.response ?? 'needsAction';
      return answer === responseStatus
        ? []
        : [violation('P1', `${record.crmId}: ${email} is ${answer} in the CRM, ${responseStatus}`)];
    });
  });
}
