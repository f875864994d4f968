/** Beside the calendar: when the chosen people are all free in the week, as the availability function says. */
import { stack } from './api.js';
import { editEvent } from './calendar.js';
import { byId, el } from './dom.js';
import { soon } from './soon.js';
import {
  addDays,
  addMinutes,
  clockOf,
  dayAndMonth,
  dayOf,
  minutesOf,
  span,
  weekday,
} from './time.js';

const HOURS = [{ from: '08:00', to: '18:00' }];

/** Those whom the user in view would meet. */
const others = new Set();
let look;

/** Shows the slots of the week in view, for the user in view and who is chosen beside. */
export function showFree(next) {
  look = next;
  drawWho();
  readFree();
}

/** Asks again, once, however often something changed. */
export const readFree = soon(async () => {
  if (!look?.user) return;
  const { user, monday } = look;
  const users = [user.userId, ...others].filter((id, i, all) => all.indexOf(id) === i);
  const [from, to] = [later(`${monday}T00:00`, quarter(look.now())), `${addDays(monday, 7)}T00:00`];
  const slotMinutes = Number(byId('free-minutes').value);
  const asked = { users, from, to, timeZone: user.timeZone, slotMinutes, workingHours: HOURS };
  const answer =
    from < to ? await stack.free(asked).catch(({ message }) => ({ message })) : undefined;
  if (look.user.userId === user.userId && look.monday === monday) draw(answer);
});

/** Texts: ISO times compare as such. */
const later = (a, b) => [a, b].sort()[1];
/** The next quarter of an hour: nobody meets at 14:07. */
const quarter = (wall) => addMinutes(wall, (15 - (minutesOf(wall) % 15)) % 15);

function drawWho() {
  const boxes = look.users
    .filter(({ userId }) => userId !== look.user.userId)
    .map(({ userId, name }) => {
      const box = el('input', {
        type: 'checkbox',
        checked: others.has(userId),
        'data-user': userId,
      });
      box.addEventListener('change', () => {
        if (box.checked) others.add(userId);
        else others.delete(userId);
        readFree();
      });
      return el('label', {}, box, el('span', {}, name));
    });
  const had = document.activeElement?.closest('#free-who') && document.activeElement.dataset.user;
  byId('free-who').replaceChildren(el('legend', {}, `${look.user.name} and`), ...boxes);
  if (had) byId('free-who').querySelector(`[data-user="${had}"]`)?.focus();
}

function draw(answer) {
  const { slots, users = [], message } = answer ?? { slots: [] };
  const unknown = users.filter(({ error }) => error);
  const nameOf = (userId) => look.users.find((u) => u.userId === userId)?.name ?? userId;
  byId('free-slots').replaceChildren(
    ...(message ? [el('p', { class: 'none' }, message)] : []),
    ...unknown.map(({ userId, error }) =>
      el('p', { class: 'none' }, el('strong', {}, nameOf(userId)), ` ${error.detail}`),
    ),
    ...(slots?.length === 0 ? [el('p', { class: 'none' }, 'No time in this week')] : []),
    ...[...Map.groupBy(slots ?? [], ({ from }) => dayOf(from))].map(([day, list]) =>
      el(
        'section',
        { 'data-day': day },
        el('h3', {}, `${weekday(day)} ${dayAndMonth(day)}`),
        list.map(slotButton),
      ),
    ),
  );
}

/** A slot opens a new event at its beginning, as long as was asked for. */
function slotButton({ from, to }) {
  const [start, end] = [from.slice(0, 16), to.slice(0, 16)];
  const meeting = { start, end: addMinutes(start, Number(byId('free-minutes').value)) };
  return el(
    'button',
    {
      type: 'button',
      'aria-label': `Free ${weekday(start)} ${clockOf(start)} to ${clockOf(end)}, plan something`,
      onclick: () => editEvent(undefined, look, meeting),
    },
    span(start, end),
  );
}

byId('free-minutes').addEventListener('change', readFree);
// Where there is little room the others need it: it is opened when it is wanted.
byId('free').open = matchMedia('(min-width: 1181px)').matches;
