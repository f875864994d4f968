/** The one dialog in which entries of either side are written. */
import { byId, toast } from './dom.js';
import { addDays, addMinutes, dayOf, isDay, minutesBetween } from './time.js';

const dialog = byId('editor');
const form = byId('form');
const fields = form.elements;
let current;
let before;

/**
 * Opens the dialog. `values` by field name; `save(values, changed)` gets the new values and the names of
 * those that differ; `remove` is absent for new entries.
 */
export function edit(task) {
  current = task;
  byId('editor-title').textContent = task.title;
  byId('editor-note').textContent = task.note ?? '';
  byId('editor-note').hidden = !task.note;
  byId('problem').textContent = '';
  byId('remove').hidden = !task.remove;
  dialog.dataset.side = task.side;
  for (const part of form.querySelectorAll('[data-side]'))
    part.hidden = part.dataset.side !== task.side;
  const { start, end } = task.values;
  fields.allDay.checked = isDay(start);
  for (const [name, value] of Object.entries(task.values)) {
    const field = fields[name];
    if (!field) continue;
    if (field.type === 'checkbox') field.checked = value;
    else if (name !== 'start' && name !== 'end') field.value = value;
  }
  showTimes(start, end);
  before = read();
  dialog.showModal();
  fields.subject.focus();
}

function showTimes(start, end) {
  const type = fields.allDay.checked ? 'date' : 'datetime-local';
  fields.start.type = type;
  fields.end.type = type;
  fields.start.value = start;
  fields.end.value = end;
  fields.start.dataset.last = start;
}

function read() {
  const values = {};
  for (const name of Object.keys(current.values)) {
    const field = fields[name];
    values[name] = field.type === 'checkbox' ? field.checked : field.value.trim();
  }
  return values;
}

fields.allDay.addEventListener('change', () => {
  const { start, end } = read();
  if (fields.allDay.checked) showTimes(dayOf(start), dayOf(end));
  else showTimes(`${dayOf(start)}T09:00`, `${dayOf(end)}T10:00`);
});

// The end follows the start, as people expect of calendars.
fields.start.addEventListener('change', () => {
  const last = fields.start.dataset.last;
  const { start, end } = read();
  if (!start || !end || !last || isDay(last) !== isDay(start)) return;
  fields.end.value = isDay(start)
    ? addDays(end, minutesBetween(`${last}T00:00`, `${start}T00:00`) / 1440)
    : addMinutes(end, minutesBetween(last, start));
  fields.start.dataset.last = start;
});

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const values = read();
  const problem =
    !values.start || !values.end
      ? 'Start and end are needed.'
      : values.end < values.start
        ? 'The end is before the start.'
        : '';
  byId('problem').textContent = problem;
  if (problem) {
    fields.end.focus();
    return;
  }
  const changed = new Set(Object.keys(values).filter((name) => values[name] !== before[name]));
  // One moment alone could contradict the other on its way.
  if (changed.has('start') || changed.has('end'))
    for (const name of ['start', 'end']) changed.add(name);
  await finish(() => current.save(values, changed));
});

byId('remove').addEventListener('click', () => finish(() => current.remove()));
for (const id of ['cancel', 'cancel-x']) byId(id).addEventListener('click', () => dialog.close());
dialog.addEventListener('click', (event) => {
  if (event.target === dialog) dialog.close();
});

async function finish(action) {
  try {
    await action();
    dialog.close();
  } catch (error) {
    byId('problem').textContent = error.message;
    toast('bad', 'Not saved', error.message);
  }
}
