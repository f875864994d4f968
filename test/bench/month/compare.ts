/** Whether both sides are equal: every entry there once, with the same time and title. */
import type { System } from './system.ts';

export interface Compared {
  entries: number;
  /** On one side only, or different. */
  lost: string[];
  /** More than once on one side. */
  duplicated: string[];
}

/** Compares the CRM's records with the calendars, by title and time. */
export async function compare(system: System, users: string[]): Promise<Compared> {
  const result: Compared = { entries: 0, lost: [], duplicated: [] };
  for (const user of users) {
    const inCrm = tally(
      system.crm
        .records(user)
        .filter(({ data }) => data.status !== 'cancelled')
        .map(({ data }) => keyOf(data.subject, data.start, data.end)),
    );
    const events = await system.phone(user, 'GET', '?maxResults=2500&singleEvents=true');
    const live = events.items.filter((event) => event.status !== 'cancelled');
    const atGoogle = tally(live.map((event) => keyOf(event.summary, event.start, event.end)));
    result.entries += atGoogle.size;
    for (const key of new Set([...inCrm.keys(), ...atGoogle.keys()])) {
      const [crm = 0, google = 0] = [inCrm.get(key), atGoogle.get(key)];
      if (crm === 0 || google === 0)
        result.lost.push(`${user}: ${key} crm ${crm} google ${google}`);
      if (crm > 1 || google > 1)
        result.duplicated.push(`${user}: ${key} crm ${crm} google ${google}`);
    }
  }
  return result;
}

function tally(keys: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

const at = (moment: unknown) => Date.parse((moment as { dateTime?: string })?.dateTime ?? '');
const keyOf = (subject: unknown, start: unknown, end: unknown) =>
  `${subject} ${at(start)} ${at(end)}`;
