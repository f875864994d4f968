/** Ties the page together: who is looked at, which week, what is read again when something changed. */
import { crm, phone, stack } from './api.js';
import { drawCalendar, editEvent } from './calendar.js';
import { drawRecords, editRecord } from './crm.js';
import { announce, byId, el, toast } from './dom.js';
import { watchFaults } from './faults.js';
import { addToFlow, clearFlow } from './flow.js';
import { readFree, showFree } from './free.js';
import { drawCrmList, drawGoogleList, editCrm, editGoogle, TYPES } from './lists.js';
import { arrows, pairUp } from './pointing.js';
import { soon } from './soon.js';
import { tell } from './tell.js';
import { addDays, dayOf, mondayOf, wallOf, weekTitle } from './time.js';

const STATES = {
  active: ['good', 'Connected'],
  invited: ['off', 'Not connected'],
  disconnected: ['off', 'Disconnected'],
  reauthorize: ['bad', 'Must connect again'],
  paused: ['warn', 'Paused'],
  unknown: ['off', 'Unknown to the sync'],
};

const loadedAt = Date.now();
const look = {
  users: [],
  user: undefined,
  monday: undefined,
  today: undefined,
  records: [],
  events: [],
  /** Contacts and tasks at Google. */
  items: { contact: [], task: [] },
};
const history = [];
/** What was last seen, by id, to point out what is new: records, events, and each type of items. */
let seen = {};

look.now = () => wallOf(Date.now(), look.user.timeZone);

// ---- reading ------------------------------------------------------------------------------------

const readRecords = soon(async () => {
  const { userId } = look.user;
  const records = await crm.records(userId);
  if (userId !== look.user.userId) return;
  look.records = records;
  drawCrm(differences('records', records, (r) => [r.crmId, `${r.version} ${r.updatedAt}`]));
});

const readEvents = soon(async () => {
  const { email, timeZone } = look.user;
  const { monday } = look;
  const events = await phone(email).events(addDays(monday, -1), addDays(monday, 7), timeZone);
  if (email !== look.user.email || monday !== look.monday) return;
  look.events = events;
  drawCalendar(
    look,
    differences('events', events, (e) => [e.id, e.etag]),
  );
  showFree(look);
});

/** Reads one type's items at Google. */
const readItems = (type) =>
  soon(async () => {
    const { email } = look.user;
    const { record } = type;
    const items = await type.phone.list(email);
    if (email !== look.user.email) return;
    look.items[record] = items;
    drawGoogleList(
      look,
      type,
      differences(record, items, (item) => [item.id, item.mark]),
    );
  });

const READ = {
  appointment: readEvents,
  ...Object.fromEntries(TYPES.map((type) => [type.record, readItems(type)])),
};

function readGoogle() {
  for (const read of Object.values(READ)) read();
}

function drawCrm(changed) {
  drawRecords(look, changed);
  for (const type of TYPES) drawCrmList(look, type, changed);
}

function drawGoogle() {
  drawCalendar(look);
  for (const type of TYPES) drawGoogleList(look, type);
}

const readUsers = soon(async () => {
  const states = () => look.users.map(({ userId, state }) => userId + state).join();
  const before = states();
  look.users = await stack.users();
  if (!look.user) await choose(remembered() ?? look.users[0]);
  else look.user = look.users.find((u) => u.userId === look.user.userId) ?? look.user;
  drawPeople();
  if (states() !== before) showFree(look);
});

look.reload = readEvents;

/** Ids whose mark is not the one last seen; empty the first time, when all is new. */
function differences(kind, list, markOf) {
  const marks = new Map(list.map(markOf));
  const old = seen[kind];
  seen[kind] = marks;
  if (!old) return new Set();
  return new Set([...marks].filter(([id, mark]) => old.get(id) !== mark).map(([id]) => id));
}

// ---- people and weeks ---------------------------------------------------------------------------

function remembered() {
  const wanted = new URLSearchParams(location.search).get('user');
  return look.users.find((u) => u.userId === wanted);
}

async function choose(user) {
  if (!user) return;
  look.user = user;
  look.today = dayOf(look.now());
  look.monday ??= startWeek();
  const url = new URL(location.href);
  url.searchParams.set('user', user.userId);
  window.history.replaceState(null, '', url);
  seen = {};
  look.records = [];
  look.events = [];
  look.items = { contact: [], task: [] };
  byId('google-email').textContent = user.email;
  clearFlow();
  for (const entry of history) addToFlow(entry, user);
  drawPeople();
  showWeek(look.monday);
}

/** On weekends the working week ahead is the interesting one. */
function startWeek() {
  const monday = mondayOf(look.today);
  const weekend = new Date(`${look.today}T00:00Z`).getUTCDay() % 6 === 0;
  return weekend ? addDays(monday, 7) : monday;
}

function showWeek(monday) {
  look.monday = monday;
  look.fresh = true;
  byId('week').textContent = weekTitle(monday);
  seen.events = undefined;
  drawCrm();
  drawGoogle();
  readRecords();
  readGoogle();
}

function drawPeople() {
  const chosen = look.user?.userId;
  const buttons = look.users.map((user) => {
    const [tone] = STATES[user.state] ?? STATES.unknown;
    const on = user.userId === chosen;
    return el(
      'button',
      {
        type: 'button',
        role: 'radio',
        'aria-checked': String(on),
        tabindex: on ? '0' : '-1',
        'data-user': user.userId,
        onclick: () => choose(user),
      },
      el(
        'span',
        { class: 'avatar', 'aria-hidden': 'true' },
        initials(user.name),
        el('i', { class: tone }),
      ),
      el('span', { class: 'name' }, user.name),
    );
  });
  const had = byId('people').contains(document.activeElement);
  byId('people').replaceChildren(...buttons);
  if (had) byId('people').querySelector('[aria-checked="true"]')?.focus();
  if (look.user) drawState();
}

const initials = (name) =>
  name
    .split(/\s+/)
    .map((part) => part[0])
    .join('')
    .slice(0, 2)
    .toUpperCase();

function drawState() {
  const { user } = look;
  let [tone, text] = STATES[user.state] ?? STATES.unknown;
  if (user.leaving && user.state !== 'disconnected') [tone, text] = ['warn', 'Disconnecting'];
  else if (user.state === 'active' && Object.keys(user.held ?? {}).length > 0)
    [tone, text] = ['warn', `Held: ${Object.keys(user.held).join(', ')}s`];
  else if (user.state === 'active' && !user.firstSyncAt) [tone, text] = ['warn', 'First sync runs'];
  const state = byId('state');
  state.className = `state ${tone}`;
  if (state.textContent !== text) state.textContent = text;
  const connected = user.state === 'active' || user.state === 'paused';
  byId('connect').textContent = connected ? 'Manage' : 'Connect';
  byId('connect').classList.toggle('primary', !connected);
  byId('banner').hidden = connected;
  byId('banner').textContent = connected
    ? ''
    : `Nothing flows yet: ${user.name} has to connect, with ${user.email}. The CRM’s entries are kept until then.`;
}

// ---- the stream ---------------------------------------------------------------------------------

function listen() {
  const source = new EventSource('/events');
  let last = 0;
  source.onmessage = ({ data }) => {
    const entry = JSON.parse(data);
    if (entry.id <= last) return;
    last = entry.id;
    if (entry.kind === 'crm') {
      if (entry.crmId === undefined) readUsers();
      else if (entry.userId === look.user?.userId) readRecords();
      return;
    }
    history.push(entry);
    if (history.length > 400) history.shift();
    if (look.user) addToFlow(entry, look.user);
    if (entry.at >= loadedAt) react(entry);
  };
  source.onerror = () => document.body.classList.add('offline');
  source.onopen = () => {
    // A stack that was started again counts from one.
    if (document.body.classList.contains('offline')) {
      last = 0;
      readUsers();
    }
    document.body.classList.remove('offline');
  };
}

function react(entry) {
  if (entry.kind === 'call') {
    const wrote = entry.calls.some((c) =>
      /\.(insert|patch|update|delete|import|move|quickAdd|create\w*|update\w+|delete\w+|batch\w+|modify)$/.test(
        c.method,
      ),
    );
    if (wrote) (entry.user === look.user?.email ? readGoogle : readFree)();
  }
  if (entry.kind === 'run' && entry.subscription === 'sync-user') readUsers();
  if (entry.kind === 'message' && entry.topic === 'changes-from-google') tell(entry);
}

// ---- controls -----------------------------------------------------------------------------------

async function poll() {
  const button = byId('poll');
  button.setAttribute('aria-busy', 'true');
  try {
    await stack.poll();
    announce('Polled');
  } catch (error) {
    toast('bad', 'The poll did not end', error.message);
  }
  button.removeAttribute('aria-busy');
}

/** What is written shows in People's listings only after a while: two seconds in the sandbox. */
const POLL_AFTER = { contact: 2500, task: 400 };
const following = {};
document.addEventListener('phone-edit', ({ detail: record }) => {
  READ[record]();
  clearTimeout(following[record]);
  // Google notifies of events alone; the others are polled, as the tick would.
  if (!(record in POLL_AFTER) || look.user.state !== 'active') return;
  following[record] = setTimeout(poll, POLL_AFTER[record]);
});

byId('poll').addEventListener('click', poll);
byId('clear').addEventListener('click', () => {
  history.length = 0;
  clearFlow();
});
byId('new-record').addEventListener('click', () =>
  editRecord(undefined, { ...look, today: dayInView() }),
);
byId('new-event').addEventListener('click', () =>
  editEvent(undefined, { ...look, today: dayInView() }),
);
for (const type of TYPES) {
  byId(`new-crm-${type.record}`).addEventListener('click', () => editCrm(look, type));
  byId(`new-google-${type.record}`).addEventListener('click', () => editGoogle(look, type));
}
byId('previous').addEventListener('click', () => showWeek(addDays(look.monday, -7)));
byId('next').addEventListener('click', () => showWeek(addDays(look.monday, 7)));
byId('today').addEventListener('click', () => showWeek(mondayOf(look.today)));

const dayInView = () => (mondayOf(look.today) === look.monday ? look.today : look.monday);

const tabs = document.querySelector('.tabs');
const openTab = (tab) => {
  for (const other of tabs.children) {
    const on = other === tab;
    other.setAttribute('aria-selected', String(on));
    other.tabIndex = on ? 0 : -1;
    byId(other.getAttribute('aria-controls')).classList.toggle('shown', on);
  }
  if (look.user) drawGoogle();
};
for (const tab of tabs.children) tab.addEventListener('click', () => openTab(tab));
arrows(tabs, '[role="tab"]', openTab);
arrows(byId('people'), '[role="radio"]', (button) =>
  choose(look.users.find((u) => u.userId === button.dataset.user)),
);

pairUp(byId('columns'));
readUsers();
listen();
watchFaults();
stack.mode().then(({ store, queue }) => {
  byId('mode').textContent =
    store === queue ? `local sandbox, ${store}` : `local sandbox, ${store}, ${queue}`;
});
