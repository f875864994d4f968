/** Google's side: a week of the simulator's calendar, changed through its real API as the user's phone. */
import { phone } from './api.js';
import { announce, byId, el, icon, toast } from './dom.js';
import { draggable } from './drag.js';
import { edit } from './editor.js';
import { arrange } from './layout.js';
import {
  addDays,
  addMinutes,
  dayAndMonth,
  dayOf,
  isDay,
  longDay,
  minutesBetween,
  minutesOf,
  span,
  wallOfMoment,
  weekday,
} from './time.js';

/** Height of an hour and of a line of text. */
const HOUR = 54;
const LINE = 15.6;
const FIRST_HOUR = 7;

let look;
let grid;
let scrolled = false;

/** An API event as the page thinks of it. All-day ends are inclusive here. */
export function present(event, zone) {
  const start = wallOfMoment(event.start, zone);
  const end = wallOfMoment(event.end, zone);
  return { event, id: event.id, start, end: isDay(end) ? addDays(end, -1) : end };
}

/** Draws the week. `changed`: ids to point out. */
export function drawCalendar(next, changed = new Set()) {
  look = next;
  const { monday, today } = look;
  const days = Array.from({ length: 7 }, (_, i) => addDays(monday, i));
  const items = look.events.map((event) => present(event, look.user.timeZone));
  const focused = document.activeElement?.dataset?.event;
  const scroll = byId('calendar');
  grid = el(
    'div',
    { class: 'week-grid', style: { '--hour': `${HOUR}px` } },
    el('div', { class: 'corner' }),
    days.map((day) =>
      el(
        'div',
        { class: day === today ? 'head today' : 'head' },
        el('span', {}, weekday(day)),
        el('b', {}, String(Number(day.slice(8)))),
      ),
    ),
    el('div', { class: 'corner all' }, 'all day'),
    days.map((day) =>
      el(
        'div',
        { class: 'all' },
        items
          .filter((i) => isDay(i.start) && i.start <= day && i.end >= day)
          .map((item) => block(item, {}, changed)),
      ),
    ),
    el(
      'div',
      { class: 'hours' },
      Array.from({ length: 23 }, (_, i) =>
        el(
          'span',
          { style: { top: `${(i + 1) * HOUR}px` } },
          `${String(i + 1).padStart(2, '0')}:00`,
        ),
      ),
    ),
    days.map((day) => column(day, items, changed)),
  );
  scroll.replaceChildren(grid);
  drawNow();
  // Only what is visible can be scrolled: on a phone the calendar may still be behind its tab.
  if (!scrolled && scroll.clientHeight > 0) {
    scrolled = true;
    scroll.scrollTop = FIRST_HOUR * HOUR - 12;
    const at = days.indexOf(today);
    if (at > 1) scroll.scrollLeft = (at - 1) * 96;
  }
  if (focused) eventNode(focused)?.focus({ preventScroll: true });
}

function column(day, items, changed) {
  const node = el('div', { class: day === look.today ? 'slots today' : 'slots', 'data-day': day });
  for (const { item, from, to, lane, lanes } of arrange(items, day)) {
    const height = Math.max(20, ((to - from) / 60) * HOUR - 2);
    const lines = Math.max(1, Math.floor((height - 5) / LINE));
    node.append(
      block(
        item,
        {
          top: `${(from / 60) * HOUR}px`,
          height: `${height}px`,
          '--title-lines': String(Math.max(1, Math.min(3, lines - (lines > 3 ? 2 : 1)))),
          left: `calc(${(lane / lanes) * 100}% + 1px)`,
          width: `calc(${100 / lanes}% - 3px)`,
        },
        changed,
        lines > 3,
      ),
    );
  }
  node.addEventListener('click', (click) => {
    if (click.target !== node) return;
    const minutes =
      Math.floor(((click.clientY - node.getBoundingClientRect().top) / HOUR) * 2) * 30;
    const start = addMinutes(`${day}T00:00`, minutes);
    editEvent(undefined, look, { start, end: addMinutes(start, 60) });
  });
  return node;
}

function block(item, style, changed, withPlace = false) {
  const { event, start, end } = item;
  const hidden = event.visibility === 'private';
  const born = event.extendedProperties?.private?.crmId;
  const short = !isDay(start) && minutesBetween(start, end) < 45;
  const title = event.summary || 'Without title';
  const node = el(
    'button',
    {
      type: 'button',
      class: [
        'event',
        born ? 'of-crm' : 'own',
        hidden && 'private',
        short && 'short',
        changed.has(event.id) && 'flash',
        event.transparency === 'transparent' && 'free',
      ]
        .filter(Boolean)
        .join(' '),
      style,
      'data-event': event.id,
      'data-crm': born,
      'aria-label': `${title}, ${longDay(start)}, ${span(start, end)}${hidden ? ', private' : ''}${born ? ', from the CRM' : ''}`,
      'aria-describedby': 'event-hint',
    },
    el('strong', {}, el('span', {}, hidden && icon('lock'), title)),
    !isDay(start) && !short && el('span', { class: 'time' }, span(start, end)),
    withPlace && event.location && el('span', { class: 'where' }, event.location),
  );
  node.addEventListener('click', () => {
    if (!node.dataset.dragged) editEvent(item, look);
  });
  node.addEventListener('keydown', (key) => byKeyboard(key, item));
  if (!isDay(start)) {
    node.append(el('span', { class: 'grip', 'aria-hidden': 'true' }));
    draggable(node, {
      hour: HOUR,
      columns: () => [...grid.querySelectorAll('.slots')],
      start,
      end,
      drop: (to) => move(item, to),
    });
  }
  return node;
}

const eventNode = (id) => byId('calendar').querySelector(`[data-event="${CSS.escape(id)}"]`);

let pending;

/** Arrow keys move at once on the page; Google is told when the keys rest. */
function byKeyboard(key, item) {
  const { start, end } = pending?.id === item.id ? pending : item;
  const to = { start, end };
  const minutes = { ArrowUp: -15, ArrowDown: 15 }[key.key];
  const days = { ArrowLeft: -1, ArrowRight: 1 }[key.key];
  if (key.key === 'Delete' || key.key === 'Backspace') {
    key.preventDefault();
    attempt(() => phone(look.user.email).remove(item.id), 'Deleted at Google');
    return;
  }
  if (days) [to.start, to.end] = [addDays(start, days), addDays(end, days)];
  else if (minutes && !isDay(start)) {
    to.end = addMinutes(end, minutes);
    if (!key.shiftKey) to.start = addMinutes(start, minutes);
  } else return;
  key.preventDefault();
  if (to.end <= to.start && !isDay(to.start)) return;
  clearTimeout(pending?.timer);
  pending = { id: item.id, ...to, timer: setTimeout(() => move(item, to), 600) };
  const events = look.events.map((e) =>
    e.id === item.id ? { ...e, ...times(to, look.user.timeZone) } : e,
  );
  drawCalendar({ ...look, events });
  announce(`${longDay(to.start)}, ${span(to.start, to.end)}`);
}

/** Start and end for the API. A change between timed and all-day has to clear the other form. */
function times({ start, end }, zone, old) {
  const switched = old !== undefined && isDay(old.start) !== isDay(start);
  const of = (wall) =>
    isDay(wall)
      ? { date: wall, ...(switched && { dateTime: null, timeZone: null }) }
      : { dateTime: `${wall}:00`, timeZone: zone, ...(switched && { date: null }) };
  return { start: of(start), end: isDay(end) ? of(addDays(end, 1)) : of(end) };
}

async function move(item, to) {
  pending = undefined;
  const { user } = look;
  await attempt(
    () => phone(user.email).patch(item.id, times(to, user.timeZone)),
    `Moved to ${weekday(to.start)} ${dayAndMonth(to.start)}, ${span(to.start, to.end)}`,
  );
}

async function attempt(action, done) {
  try {
    await action();
    announce(done);
  } catch (error) {
    toast('bad', 'Google refused', error.message);
  }
  // The stream says when to read again; a refused change has to be put back.
  look.reload();
}

/** Opens the dialog for an event, or for a new one. */
export function editEvent(item, { user, today }, times_) {
  const event = item?.event ?? {};
  const api = phone(user.email);
  edit({
    side: 'google',
    title: item ? 'Event at Google' : 'New event at Google',
    note: event.recurringEventId ? 'One occurrence of a series.' : undefined,
    values: {
      subject: event.summary ?? '',
      start: item?.start ?? times_?.start ?? `${today}T10:00`,
      end: item?.end ?? times_?.end ?? `${today}T11:00`,
      place: event.location ?? '',
      description: event.description ?? '',
      private: event.visibility === 'private',
      busy: event.transparency !== 'transparent',
    },
    save: (values, changed) => {
      const full = {
        subject: { summary: values.subject },
        start: times(values, user.timeZone, item),
        place: { location: values.place },
        description: { description: values.description },
        private: { visibility: values.private ? 'private' : 'default' },
        busy: { transparency: values.busy ? 'opaque' : 'transparent' },
      };
      const wanted = Object.entries(full).filter(([name]) => !item || changed.has(name));
      const body = Object.assign({}, ...wanted.map(([, part]) => part));
      if (item) return wanted.length === 0 ? undefined : api.patch(item.id, body);
      return api.create(body);
    },
    remove: item && (() => api.remove(item.id)),
  });
}

/** A line at the present time. */
function drawNow() {
  grid.querySelector('.now')?.remove();
  const now = look.now();
  const slots = grid.querySelector(`.slots[data-day="${dayOf(now)}"]`);
  slots?.append(
    el('span', {
      class: 'now',
      'aria-hidden': 'true',
      style: { top: `${(minutesOf(now) / 60) * HOUR}px` },
    }),
  );
}
setInterval(() => grid && drawNow(), 60_000);
