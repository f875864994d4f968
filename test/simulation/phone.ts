/** What people do in Google Calendar. */
import type { Calendar, StoredEvent } from '../sandbox/google/calendar/model.ts';
import { parseDate } from '../sandbox/google/calendar/zones.ts';
import type { Edit, Raw } from './history.ts';
import type { Action } from './script.ts';
import { seriesIn, shownIn } from './shown.ts';
import type { System } from './system.ts';
import { emailOf } from './users.ts';
import { googleFields, kindOf, ruleOf } from './values.ts';

type Op = Edit['op'];

/** One action of a person; nothing happens where there is nothing to choose from. */
export async function onPhone(system: System, user: string, action: Action): Promise<void> {
  if (action.do === 'phone.create') {
    const body = googleFields(action.fields, action.n) as Raw;
    const rule = action.rule === undefined ? null : ruleOf(action.rule, body.start);
    return call(system, user, 'create', 'POST', '', { ...body, ...(rule && { recurrence: rule }) });
  }
  if (action.do === 'phone.drop') return drop(system, user);
  if (!('pick' in action)) return;
  const calendar =
    action.do === 'phone.moveBack' ? system.calendars.aside(user) : system.calendars.home(user);
  if (!calendar) return;
  const all = pickOf(calendar, action.do);
  const targets =
    action.do === 'phone.restore'
      ? all.filter(({ id }) => !system.calendars.isAside(user, id))
      : all;
  const target = targets[action.pick % targets.length];
  if (!target) return;
  const { id, resource } = target;
  const change = (op: Op, method: string, body?: object, to?: Calendar) =>
    call(system, user, op, method, `/${id}`, body, to && { from: calendar.id, to: to.id });
  switch (action.do) {
    case 'phone.edit':
    case 'phone.series': {
      const kind = resource.recurrence || target.series ? kindOf(resource.start) : undefined;
      return change('edit', 'PATCH', googleFields(action.fields, action.n, kind));
    }
    case 'phone.colour':
      return change('edit', 'PATCH', { colorId: String(1 + (action.n % 11)) });
    case 'phone.rule':
      return change('edit', 'PATCH', { recurrence: ruleOf(action.n, resource.start) });
    case 'phone.delete':
    case 'phone.endSeries':
      return change('delete', 'DELETE');
    case 'phone.restore':
      return change('restore', 'PATCH', { status: 'confirmed' });
    case 'phone.invite':
    case 'phone.uninvite': {
      const email = system.colleagueOf(user, action.to);
      const others = (resource.attendees ?? []).filter((a: Raw) => a.email !== email);
      const more = action.do === 'phone.invite' ? [{ email }] : [];
      if (email === undefined || (more.length === 1 && isGuest(resource, email))) return;
      return change('edit', 'PATCH', { attendees: [...others, ...more] });
    }
    case 'phone.answer': {
      const responseStatus = ANSWERS[action.n % ANSWERS.length];
      const attendees = (resource.attendees ?? []).map((a: Raw) =>
        a.email === emailOf(user) ? { ...a, responseStatus } : a,
      );
      return change('edit', 'PATCH', { attendees });
    }
    case 'phone.move':
      return change('delete', 'POST', undefined, system.calendars.aside(user));
    case 'phone.moveBack':
      return change('restore', 'POST', undefined, system.calendars.home(user));
    case 'phone.split':
      return split(system, user, target, action.n);
    case 'phone.copy': {
      const { summary, start, end, extendedProperties } = resource;
      const body = { summary, start, end, extendedProperties };
      return call(system, user, 'create', 'POST', '', body);
    }
  }
}

const ANSWERS = ['accepted', 'tentative', 'declined'];
const isGuest = ({ attendees = [] }: Raw, email: string) =>
  attendees.some((a: Raw) => a.email === email);

interface Target {
  id: string;
  resource: Raw;
  series?: string;
}

/** What the user organises and can do this to. */
function pickOf(calendar: Calendar, what: Action['do']): Target[] {
  const own = ({ organizerCalendar }: StoredEvent) => organizerCalendar === calendar.id;
  const shown = shownIn(calendar).filter(({ record }) => own(record));
  const stored = [...calendar.events.values()]
    .filter((record) => own(record) && record.resource.eventType === 'default' && !record.exception)
    .map(({ id, resource }) => ({ id, resource: resource as Raw }));
  const live = stored.filter(({ resource }) => resource.status !== 'cancelled');
  const series = live.filter(({ resource }) => resource.recurrence);
  switch (what) {
    case 'phone.answer':
      return shownIn(calendar).filter(({ record }) => !own(record) && record.organizerCalendar);
    case 'phone.restore':
      return stored.filter((e) => !live.includes(e) && !e.resource.recurrence);
    case 'phone.series':
    case 'phone.endSeries':
    case 'phone.split':
      return series;
    case 'phone.rule':
    case 'phone.move':
    case 'phone.moveBack':
      return live;
    default:
      return shown;
  }
}

/** All that is in the calendar goes with it, and nobody means to delete any of it (design rule 9). */
function drop(system: System, user: string): void {
  const before = glance(system, user);
  if (!system.dropCalendar(user)) return;
  for (const [id, was] of before)
    system.edited({ side: 'google', op: 'vanish', user, id, before: was, after: undefined });
}

/** "This and following": the series ends before an occurrence, and a new one with all it said begins. */
async function split(system: System, user: string, target: Target, n: number): Promise<void> {
  const { id, resource } = target;
  const home = system.calendars.home(user);
  const slots = (home ? shownIn(home) : [])
    .flatMap(({ series, slot }) => (series === id && slot !== undefined ? [slot] : []))
    .sort();
  const from = slots[1 + (n % Math.max(1, slots.length - 1))];
  const rule = resource.recurrence?.find((line: string) => line.startsWith('RRULE:'));
  if (from === undefined || !rule || resource.recurrence.length > 1) return;
  const open = rule.replace(/;(COUNT|UNTIL)=[^;]+/g, '');
  const at = instantOf(from);
  const until = kindOf(resource.start) === 'timed' ? stampOf(at - 1000) : dayOf(at - 86_400_000);
  await call(system, user, 'edit', 'PATCH', `/${id}`, { recurrence: [`${open};UNTIL=${until}`] });
  const { summary, location, description, extendedProperties } = resource;
  const body = { summary, location, description, extendedProperties, ...timesAt(resource, at) };
  const rest = [`${open};COUNT=${1 + (n % 2)}`];
  await call(system, user, 'create', 'POST', '', { ...body, recurrence: rest });
}

const instantOf = (slot: string) =>
  Date.parse(
    slot.replace(
      /^(....)(..)(..)(?:T(..)(..)(..)Z)?$/,
      (_, y, m, d, h = '00', i = '00', s = '00') => `${y}-${m}-${d}T${h}:${i}:${s}Z`,
    ),
  );
const stampOf = (at: number) => `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
const dayOf = (at: number) => stampOf(at).slice(0, 8);

function timesAt({ start, end }: Raw, at: number): object {
  if (start.date !== undefined) {
    const length = parseDate(end.date) - parseDate(start.date);
    const day = (moment: number) => ({ date: new Date(moment).toISOString().slice(0, 10) });
    return { start: day(at), end: day(at + length) };
  }
  const length = Date.parse(end.dateTime) - Date.parse(start.dateTime);
  const time = (moment: number, timeZone: string) => ({
    dateTime: new Date(moment).toISOString(),
    timeZone,
  });
  return { start: time(at, start.timeZone), end: time(at + length, end.timeZone) };
}

/** Calls Google and writes down what the person saw before and sees now, of all that it changed. */
async function call(
  system: System,
  user: string,
  op: Op,
  method: string,
  path: string,
  body?: object,
  move?: { from: string; to: string },
): Promise<void> {
  const home = system.calendars.home(user);
  if (!home) return;
  const before = glance(system, user);
  const sources = new Map(
    [...home.events.values()].map(({ id, resource }) => [id, resource as Raw]),
  );
  const made = move
    ? await system.phone(user, method, `${path}/move?destination=${move.to}`, body, move.from)
    : await system.phone(user, method, path, body, home.id);
  if (!made) return;
  const after = glance(system, user);
  const target = path === '' ? made.id : path.slice(1);
  // A new occurrence says what its series said already, and so does what was a series and is a single event.
  const whole = (id: string, what: Op) =>
    what === 'create'
      ? sources.get(seriesIn(id) ?? '')
      : what === 'edit'
        ? sources.get(id)
        : undefined;
  const edited = (id: string, what: Op) =>
    system.edited({
      side: 'google',
      op: what,
      user,
      id,
      before: before.get(id) ?? whole(id, what),
      after: after.get(id),
    });
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    if (id === target || before.get(id) === after.get(id)) continue;
    if (!after.has(id)) edited(id, op === 'delete' ? 'delete' : 'vanish');
    else edited(id, before.has(id) ? 'edit' : op === 'restore' ? op : 'create');
  }
  // Last, since it is what the person meant.
  const gone = op === 'edit' && !after.has(target);
  if (!isShared(system, target, before, after)) edited(target, gone ? 'vanish' : op);
}

/** A series of which the CRM knows only the occurrences: what was done to it was done to each. */
const isShared = (system: System, id: string, ...glances: Map<string, Raw>[]) =>
  system.options.recurrence !== 'series' &&
  !glances.some((all) => all.has(id)) &&
  glances.some((all) => [...all.keys()].some((other) => other.startsWith(`${id}_`)));

/** All that a person sees, by id; series too where they are records. */
function glance(system: System, user: string): Map<string, Raw> {
  const calendar = system.calendars.home(user);
  if (!calendar) return new Map();
  const all = new Map(shownIn(calendar).map(({ id, resource }) => [id, resource]));
  if (system.options.recurrence !== 'series') return all;
  for (const { id, resource } of calendar.events.values()) {
    const live = resource.status !== 'cancelled' && resource.eventType === 'default';
    if (live && resource.recurrence) all.set(id, resource as Raw);
  }
  return all;
}
