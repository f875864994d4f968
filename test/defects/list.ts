/** All seeded defects, a file for each part of the system. */
import { availability } from './availability.ts';
import { cases } from './cases.ts';
import { ofContactsAndTasks } from './contacts-tasks.ts';
import { decisions } from './decisions.ts';
import type { Defect } from './defect.ts';
import { deletions } from './deletions.ts';
import { events } from './events.ts';
import { fields } from './fields.ts';
import { google } from './google.ts';
import { handOvers } from './hand-overs.ts';
import { meetings } from './meetings.ts';
import { occurrences } from './occurrences.ts';
import { realtime } from './realtime.ts';
import { series } from './series.ts';
import { syncing } from './syncing.ts';

export const defects: Defect[] = [
  ...syncing,
  ...google,
  ...fields,
  ...deletions,
  ...events,
  ...meetings,
  ...handOvers,
  ...occurrences,
  ...ofContactsAndTasks,
  ...realtime,
  ...series,
  ...decisions,
  ...availability,
  ...cases,
];
