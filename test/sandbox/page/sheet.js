/** The dialog for contacts and tasks: a form made of a list of fields. */
import { byId, el, toast } from './dom.js';

const dialog = byId('sheet');
const form = byId('sheet-form');
let current;

/**
 * Opens the dialog. `fields`: {name, label, type: text, textarea, date, select, checkbox, options},
 * `values` by name; `save(values, changed)` gets the new values and the names of those that differ;
 * `remove` is absent for new entries.
 */
export function openSheet(task) {
  current = task;
  byId('sheet-title').textContent = task.title;
  byId('sheet-problem').textContent = '';
  byId('sheet-remove').hidden = !task.remove;
  dialog.dataset.side = task.side;
  byId('sheet-fields').replaceChildren(...task.fields.map((field) => row(field, task.values)));
  dialog.showModal();
  byId('sheet-fields').querySelector('input, textarea, select')?.focus();
}

function row({ name, label, type, options = [] }, values) {
  const value = values[name] ?? '';
  if (type === 'checkbox') {
    const box = el('input', { type, name, checked: value === true });
    return el('label', { class: 'check' }, box, el('span', {}, label));
  }
  const input =
    type === 'textarea'
      ? el('textarea', { name, rows: '4' })
      : type === 'select'
        ? el(
            'select',
            { name },
            options.map(([key, text]) => el('option', { value: key }, text)),
          )
        : el('input', { name, type: type ?? 'text', autocomplete: 'off' });
  input.value = value;
  return el('label', { class: 'wide' }, el('span', {}, label), input);
}

function read() {
  return Object.fromEntries(
    current.fields.map(({ name, type }) => {
      const field = form.elements[name];
      return [name, type === 'checkbox' ? field.checked : field.value.trim()];
    }),
  );
}

async function finish(action) {
  try {
    await action();
    dialog.close();
  } catch (error) {
    byId('sheet-problem').textContent = error.message;
    toast('bad', 'Not saved', error.message);
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const values = read();
  const before = current.values;
  const changed = new Set(
    Object.keys(values).filter((name) => values[name] !== (before[name] ?? '')),
  );
  finish(() => current.save(values, changed));
});
byId('sheet-remove').addEventListener('click', () => finish(() => current.remove()));
for (const id of ['sheet-cancel', 'sheet-x'])
  byId(id).addEventListener('click', () => dialog.close());
dialog.addEventListener('click', (event) => {
  if (event.target === dialog) dialog.close();
});
