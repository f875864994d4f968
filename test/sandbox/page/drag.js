/** Moving and resizing by mouse or pen. By touch the finger scrolls; a tap opens the dialog instead. */
import { addDays, addMinutes, daysBetween, minutesBetween, span } from './time.js';

const STEP = 15;

/** Makes an event draggable; `drop({ start, end })` is called when it ends elsewhere. */
export function draggable(node, { hour, columns, start, end, drop }) {
  node.addEventListener('pointerdown', (down) => {
    if (down.button !== 0 || down.pointerType === 'touch') return;
    const resizing = down.target.classList.contains('grip');
    const label = node.querySelector('.time');
    const said = label?.textContent;
    let to = { start, end };
    const follow = (move) => {
      if (
        !node.dataset.dragged &&
        Math.hypot(move.clientX - down.clientX, move.clientY - down.clientY) < 4
      )
        return;
      node.dataset.dragged = 'yes';
      node.classList.add('dragging');
      const minutes = Math.round((((move.clientY - down.clientY) / hour) * 60) / STEP) * STEP;
      to = resizing ? resized(minutes) : moved(minutes, dayUnder(move.clientX));
      if (label) label.textContent = span(to.start, to.end);
      const shift = minutesBetween(start, to.start) - daysBetween(start, to.start) * 1440;
      if (resizing) node.style.height = `${(minutesBetween(to.start, to.end) / 60) * hour - 2}px`;
      else node.style.translate = `${columnShift(to.start)}px ${(shift / 60) * hour}px`;
    };
    const finish = (dropped) => {
      removeEventListener('pointermove', follow);
      removeEventListener('pointerup', up);
      removeEventListener('pointercancel', cancel);
      removeEventListener('keydown', leave);
      node.classList.remove('dragging');
      // The click that follows a drag must not open the dialog.
      setTimeout(() => delete node.dataset.dragged);
      if (dropped && (to.start !== start || to.end !== end)) {
        drop(to);
        return;
      }
      node.style.translate = '';
      if (label) label.textContent = said;
    };
    const up = () => finish(true);
    const cancel = () => finish(false);
    const leave = (key) => key.key === 'Escape' && finish(false);
    addEventListener('pointermove', follow);
    addEventListener('pointerup', up);
    addEventListener('pointercancel', cancel);
    addEventListener('keydown', leave);
  });

  const resized = (minutes) => {
    const length = Math.max(STEP, minutesBetween(start, end) + minutes);
    return { start, end: addMinutes(start, length) };
  };

  const moved = (minutes, day) => {
    const from = addDays(addMinutes(start, minutes), 0);
    const days = day === undefined ? 0 : daysBetween(start, day);
    // Above midnight and below it are other days: the column decides the day, not the height.
    if (from.slice(0, 10) !== start.slice(0, 10))
      return { start: addDays(start, days), end: addDays(end, days) };
    return { start: addDays(from, days), end: addDays(addMinutes(end, minutes), days) };
  };

  const dayUnder = (x) =>
    columns().find((column) => {
      const { left, right } = column.getBoundingClientRect();
      return x >= left && x < right;
    })?.dataset.day;

  const columnShift = (wall) => {
    const at = (day) =>
      columns()
        .find((c) => c.dataset.day === day.slice(0, 10))
        ?.getBoundingClientRect().left ?? 0;
    return at(wall) - at(start);
  };
}
