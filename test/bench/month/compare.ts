/** Whether both sides are equal: every entry there once, with the same time and title. */
import { type Other, textsOf } from './others.ts';
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
        .filter(({ record, data }) => record === 'appointment' && data.status !== 'cancelled')
        .map(({ data }) => keyOf(data.subject, data.start, data.end)),
    );
    const events = await system.phone(user, 'GET', '?maxResults=2500&singleEvents=true');
    const live = events.items.filter((event) => event.status !== 'cancelled');
    const atGoogle = tally(live.map((event) => keyOf(event.summary, event.start, event.end)));
    judge(result, user, inCrm, atGoogle);
  }
  return result;
}

/** The same for contacts or tasks, by their text. */
export function compareOthers(system: System, record: Other, users: string[]): Compared {
  const result: Compared = { entries: 0, lost: [], duplicated: [] };
  for (const user of users) {
    const { crm, google } = textsOf(system, record, user);
    judge(result, user, tally(crm), tally(google));
  }
  return result;
}

function judge(
  result: Compared,
  user: string,
  inCrm: Map<string, number>,
  atGoogle: Map<string, number>,
): void {
  result.entries += atGoogle.size;
  for (const key of new Set([...inCrm.keys(), ...atGoogle.keys()])) {
    const [crm = 0, google = 0] = [inCrm.get(key), atGoogle.get(key)];
    const line = `${user}: ${key} crm ${crm} google ${google}`;
    if (crm === 0 || google === 0) result.lost.push(line);
    if (crm > 1 || google > 1) result.duplicated.push(line);
  }
}

function tally(keys: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

const at = (moment: unknown) => Date.parse((moment as { dateTime?: string })?.dateTime ?? '');
const keyOf = (subject: unknown, start: unknown, end: unknown) =>
  `${subject} ${at(start)} ${at(end)}`;
