/** What people do in a month, and how long it takes until the other side shows it. */
import type { Appointment } from '../../../functions/core/messages.ts';
import { isoInZone, wallToInstant } from '../../../functions/core/time.ts';
import { seeded } from '../../sandbox/google/random.ts';
import { keysIn, Meter, type Way } from './meter.ts';
import type { System } from './system.ts';

const ZONE = 'Europe/Zurich';
const DAY = 86_400_000;
const HOUR = 3_600_000;
const WORKING_HOURS = [8, 18] as const;
/** Of the entries that people make in Google, so many are series of ten weeks. */
const SERIES = 0.05;

export interface Plan {
  users: string[];
  /** Midnight in Zurich, ms since the epoch. */
  start: number;
  days: number;
  seed: number;
}

/** And the users and days (from 0) with a change: `anna 3`. */
export interface Measured {
  meter: Meter;
  busy: Set<string>;
}

/** The working days of the month, and times on them. */
export function momentsOf({ start, days }: Plan, random: () => number) {
  const workdays = [...Array(days).keys()].filter((day) => {
    const weekday = new Date(start + day * DAY + 12 * HOUR).getUTCDay();
    return weekday !== 0 && weekday !== 6;
  });
  const [from, to] = WORKING_HOURS;
  return {
    workdays,
    /** `share`: of the working hours that have passed. */
    inWorkingHours: (day: number, share = random()) =>
      start + day * DAY + (from + share * (to - from)) * HOUR,
  };
}

/** Plans all changes of the month in a system's timeline. */
export function people(system: System, plan: Plan, changes: number): Measured {
  const { users, seed } = plan;
  const random = seeded(seed * 13 + 5);
  const one = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const meter = new Meter(() => system.timeline.now);
  const busy = new Set<string>();
  const { workdays, inWorkingHours } = momentsOf(plan, random);
  let number = 0;
  for (let i = 0; i < changes; i++) {
    const day = one(workdays);
    const wall = inWorkingHours(day);
    const kind = random();
    const op = kind < 0.6 ? 'new' : kind < 0.9 ? 'edit' : 'delete';
    const side = random() < 0.7 ? 'desk' : 'phone';
    system.plan(wall, () => act(side, op, day));
  }
  listen(system, meter);

  /** A free time in the next weeks; every entry has a subject of its own. */
  const times = () => {
    const wall = Date.UTC(2026, 10, 1 + Math.floor(random() * 90), 7 + Math.floor(random() * 11));
    const instant = wallToInstant(ZONE, wall);
    const at = (ms: number) => ({ dateTime: isoInZone(ZONE, ms), timeZone: ZONE });
    return { start: at(instant), end: at(instant + HOUR) };
  };
  const waits = (key: string, way: Way) => meter.waits(key, way);

  async function act(side: 'desk' | 'phone', op: 'new' | 'edit' | 'delete', day: number) {
    let user = one(users);
    let target = op === 'new' ? undefined : one(known(system, user));
    // Somebody who has entries; in the first hours of the month there may be nobody.
    for (let tries = 0; op !== 'new' && !target && tries < 50; tries++) {
      user = one(users);
      target = one(known(system, user));
    }
    const done = target ? op : 'new';
    busy.add(`${user} ${day}`);
    meter.done[done]++;
    const key = `#${++number}#`;
    if (side === 'desk') return desk(user, target?.crmId, done, key);
    return phone(user, target?.googleId, done, key);
  }

  async function desk(user: string, crmId: string | undefined, op: string, key: string) {
    const data: Appointment = {
      subject: `Visit ${key}`,
      kind: 'visit',
      status: 'planned',
      ...times(),
    };
    if (crmId === undefined) await system.crm.create(user, data);
    else if (op === 'delete') {
      waits(`delete ${system.crm.record(crmId)?.googleId}`, 'toGoogle');
      return void (await system.crm.remove(crmId));
    } else await system.crm.edit(crmId, data);
    waits(key, 'toGoogle');
  }

  async function phone(user: string, googleId: string | undefined, op: string, key: string) {
    const body = { summary: `Own ${key}`, ...times() };
    if (googleId === undefined) {
      const recurrence = random() < SERIES && { recurrence: ['RRULE:FREQ=WEEKLY;COUNT=10'] };
      await system.phone(user, 'POST', '', { ...body, ...recurrence });
    } else if (op === 'delete') {
      waits(`delete ${googleId}`, 'toCrm');
      return void (await system.phone(user, 'DELETE', `/${googleId}`));
    } else await system.phone(user, 'PATCH', `/${googleId}`, body);
    waits(key, 'toCrm');
  }
  return { meter, busy };
}

/** Entries that both sides show, so that both people and the CRM can name them. */
function known({ crm, workspace }: System, user: string) {
  const { events } = workspace.calendars.primary(`${user}@firm.example`);
  return crm.records(user).filter(({ googleId = '' }) => {
    const event = events.get(googleId);
    return event?.resource.status === 'confirmed' && !event.resource.recurrence;
  });
}

/** Notes when a change has arrived: the call at Google is answered, or the CRM has the message. */
function listen(system: System, meter: Meter): void {
  system.workspace.after = ({ body, method, headers, params }) => {
    if (/^Bearer user:/.test(headers.authorization ?? '')) return;
    if (/events\.(insert|patch)$/.test(method))
      for (const key of keysIn(body)) meter.arrived(key, 'toGoogle');
    if (method.endsWith('events.delete')) meter.arrived(`delete ${params.eventId}`, 'toGoogle');
  };
  system.told.push(({ op, data, googleId }) => {
    if (op === 'delete') meter.arrived(`delete ${googleId}`, 'toCrm');
    for (const key of keysIn(String(data?.subject ?? ''))) meter.arrived(key, 'toCrm');
  });
}
