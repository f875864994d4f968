/** The dialog in which faults are added and cleared, and the count of those in force. */
import { stack } from './api.js';
import { announce, byId, el, icon } from './dom.js';

const dialog = byId('faults');
const form = byId('fault-form');
const fields = form.elements;
let services = [];

/** What each kind is called, and the value that it takes: field, label, type, first value. */
const KINDS = {
  status: ['An error is answered', ['status', 'HTTP status', 'number', 503]],
  close: ['The connection breaks'],
  hang: ['No answer ever comes'],
  delay: ['It takes longer', ['ms', 'By how many ms', 'number', 1000]],
  cut: ['Half of the answer is missing'],
  empty: ['A listing is empty'],
  short: ['A listing lacks half'],
  repeat: ['A page comes twice'],
  pageToken: ['The page token is refused'],
  normalise: ['Google tidies the text'],
  lag: ['Changes show late', ['ms', 'By how many ms', 'number', 60000]],
  touch: ['All etags change'],
  expireSync: ['Sync tokens end'],
  expireAccess: ['Access tokens end'],
  revoke: ['The user revokes all'],
  withdraw: ['The user takes back a scope', ['scope', 'Scope', 'text', 'calendar.events.owned']],
  duplicate: ['It is delivered again', ['copies', 'How many more', 'number', 1]],
  redeliver: ['It comes again later', ['ms', 'After how many ms', 'number', 1000]],
  reorder: ['Later ones overtake it', ['ms', 'Held for how many ms', 'number', 1000]],
  drop: ['It is lost'],
  deadLetter: ['A copy becomes a dead letter'],
  kill: ['The process is killed', ['ms', 'After how many ms', 'number', 20]],
  pause: ['The process stands still', ['ms', 'For how many ms', 'number', 5000]],
  skew: ['The clock is wrong', ['ms', 'By how many ms', 'number', 600000]],
};
const BOTH = ['status', 'close', 'hang', 'delay'];

const labelOf = (kind) => KINDS[kind]?.[0] ?? kind;
const chosen = () => services.find(({ service }) => service === fields.service.value);

function options(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => el('option', { value }, text)));
}

function showService() {
  const { methods, kinds } = chosen();
  options(fields.method, [['', 'any'], ...methods.map((m) => [m, m])]);
  options(
    fields.kind,
    kinds.map((kind) => [kind, labelOf(kind)]),
  );
  showKind();
}

function showKind() {
  const kind = fields.kind.value;
  const [, value] = KINDS[kind] ?? [];
  byId('fault-value').hidden = !value;
  byId('fault-after').hidden = !BOTH.includes(kind);
  fields.after.checked = false;
  if (!value) return;
  const [, label, type, first] = value;
  byId('fault-value').querySelector('span').textContent = label;
  fields.value.type = type;
  fields.value.value = first;
}

/** The form as the body of POST /sandbox/faults. */
function read() {
  const service = fields.service.value;
  const kind = fields.kind.value;
  const [, value] = KINDS[kind] ?? [];
  const [name, , type] = value ?? [];
  const chance = Number(fields.chance.value);
  const fault = { service, kind };
  if (fields.method.value) fault.method = fields.method.value;
  if (name) fault[name] = type === 'number' ? Number(fields.value.value) : fields.value.value;
  // A clock has no calls to count.
  if (fields.count.value && kind !== 'skew') fault.count = Number(fields.count.value);
  if (chance < 100 && kind !== 'skew') fault.probability = chance / 100;
  if (fields.after.checked) fault.when = 'after';
  // The page itself reads as the phone: that shall go on.
  if (chosen().phone) fault.client = 'sync';
  return fault;
}

function sentence({ service, method, kind, when, probability, left, struck, ...fault }) {
  const [, value] = KINDS[kind] ?? [];
  const detail = value && fault[value[0]] !== undefined ? ` (${fault[value[0]]})` : '';
  const where = method ? `${service}, ${method}` : service;
  const chance = probability === undefined ? '' : `, ${Math.round(probability * 100)} %`;
  const after = when === 'after' ? ', after the effect' : '';
  const more = left === 0 ? 'spent' : left === null ? 'goes on' : `${left} to come`;
  const times = kind === 'skew' ? 'in force' : `struck ${struck} ×, ${more}`;
  return [`${where}: ${labelOf(kind)}${detail}${after}${chance}`, times];
}

function draw(faults) {
  const active = faults.filter(({ left }) => left !== 0);
  byId('fault-count').textContent = active.length;
  byId('fault-count').hidden = active.length === 0;
  byId('open-faults').classList.toggle('on', active.length > 0);
  const lines = faults.map((fault) => {
    const [what, times] = sentence(fault);
    const clear = () => change(stack.clearFaults(fault.id));
    const label = `Clear: ${what}`;
    return el(
      'li',
      { class: fault.left === 0 ? 'spent' : undefined },
      el('div', {}, el('strong', {}, what), el('span', {}, times)),
      el(
        'button',
        { class: 'ghost', type: 'button', 'aria-label': label, onclick: clear },
        icon('x'),
      ),
    );
  });
  byId('fault-list').replaceChildren(
    ...(lines.length > 0 ? lines : [el('li', { class: 'none' }, 'Nothing goes wrong.')]),
  );
  byId('clear-faults').hidden = faults.length === 0;
}

async function refresh() {
  const told = await stack.faults();
  draw(told.faults);
  return told;
}

async function change(request) {
  byId('fault-problem').textContent = '';
  try {
    await request;
    await refresh();
  } catch (error) {
    byId('fault-problem').textContent = error.message;
  }
}

async function open() {
  const told = await refresh();
  services = told.services.filter(({ unavailable }) => !unavailable);
  options(
    fields.service,
    services.map(({ service }) => [service, service]),
  );
  fields.service.value = 'calendar';
  showService();
  dialog.showModal();
}

/** Makes the button work, and keeps the count right while the dialog is open or faults are in force. */
export function watchFaults() {
  byId('open-faults').addEventListener('click', open);
  byId('faults-x').addEventListener('click', () => dialog.close());
  byId('clear-faults').addEventListener('click', () => change(stack.clearFaults()));
  fields.service.addEventListener('change', showService);
  fields.kind.addEventListener('change', showKind);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await change(stack.addFault(read()));
    announce('Fault added');
  });
  refresh().catch(() => {});
  setInterval(() => {
    if (dialog.open || !byId('fault-count').hidden) refresh().catch(() => {});
  }, 1000);
}
