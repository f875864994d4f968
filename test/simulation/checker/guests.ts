/** Rule 12: the people in an event reach the CRM as participants, and colleagues are told by their userId. */
import type { Raw } from '../history.ts';
import type { View } from './view.ts';
import { type Violation, violation } from './violation.ts';

export function guests(view: View): Violation[] {
  return [
    ...view.told.flatMap(({ message }) => wrongKinds(view, message)),
    ...view.final.records.flatMap((record) => missing(view, record)),
  ];
}

function wrongKinds(view: View, { googleId, data }: Raw): Violation[] {
  const people: Raw[] = data?.participants ?? [];
  return people.flatMap(({ email, kind, userId }) => {
    const colleague = view.final.users.find((user) => user.email === email)?.userId;
    const isTold = kind === undefined || (kind === 'user' && userId === colleague);
    if (colleague === undefined ? userId === undefined : isTold) return [];
    return [violation('rule 12', `${email} of ${googleId} was told as ${kind} ${userId}`)];
  });
}

/** Guests of an event that is told whole whom its record does not name. */
function missing(view: View, record: Raw): Violation[] {
  if (record.record !== 'appointment' || record.deleted) return [];
  const [event] = view.eventsOf(record);
  if (!event || event.resource.visibility === 'private') return [];
  const self = view.final.users.find((user) => user.userId === record.userId);
  const known: Raw[] = record.data.participants ?? [];
  const invited: Raw[] = event.resource.attendees ?? [];
  // Whom the CRM invited itself, in an entry that it makes anew without a word on guests, it knows.
  const root = view.rootOf({ side: 'crm', user: record.userId, id: record.crmId });
  const edits = view.editsOf(root).filter(({ side }) => side === 'crm');
  const own = edits.flatMap(({ after }): Raw[] => after?.participants ?? []);
  const isNamed = (email: string) =>
    known.some((p) => p.email === email) ||
    (record.data.participants === undefined && own.some((p) => p.email === email));
  return invited
    .filter(({ email }) => email !== self?.email && !isNamed(email))
    .map(({ email }) => violation('rule 12', `${record.crmId} does not name its guest ${email}`));
}
