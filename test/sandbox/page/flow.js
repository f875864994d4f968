/** The middle: what flows between the CRM, the sync and Google, as a sequence of arrows, live. */
import { byId, el, icon } from './dom.js';

const KEPT = 150;
/** After a pause of this long the clock is shown. */
const PAUSE_MS = 3000;
const TOPIC_OF = {
  'crm-change': 'crm-changes',
  'poll-fanout': 'poll-tick',
  'sync-user': 'sync-user',
  crm: 'changes-from-google',
};

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const steps = byId('steps');
const log = byId('log');
const runs = new Map();
const shown = new Map();
const started = {};
const sums = {};
let lastAt = 0;

/** Starts over, for another user or on request. */
export function clearFlow() {
  steps.replaceChildren();
  shown.clear();
  lastAt = 0;
}

/** Adds an entry of the stream, if it concerns the user. */
export function addToFlow(entry, user) {
  if (entry.kind === 'run') return finished(entry);
  const read = { message, call, notification }[entry.kind];
  const step = read?.(entry, user);
  if (!step) return;
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  if (entry.at - lastAt > PAUSE_MS) {
    steps.append(el('li', { class: 'pause' }, el('time', {}, clock.format(entry.at))));
  }
  lastAt = entry.at;
  steps.append(row(step, entry));
  while (steps.children.length > KEPT) steps.firstChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function row({ half, to, side, label, meta, mark, bad, detail }, entry) {
  const node = el('span', { class: 'meta' }, meta);
  const key = entry.kind === 'message' ? `${entry.topic}/${entry.messageId}` : undefined;
  const button = el(
    'button',
    {
      type: 'button',
      class: ['step', half, to && `to-${to}`, side, bad && 'bad'].filter(Boolean).join(' '),
      'aria-expanded': 'false',
    },
    el('span', { class: 'label' }, mark && icon(mark), label),
    node,
  );
  const item = el('li', {}, button);
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') === 'true';
    button.setAttribute('aria-expanded', String(!open));
    if (open) item.querySelector('pre')?.remove();
    else item.append(el('pre', { tabindex: '0' }, detail));
  });
  if (key) {
    shown.set(key, node);
    if (runs.has(key)) node.textContent = runs.get(key);
  }
  return item;
}

function message(entry, user) {
  const { topic, count, changes, body, at } = entry;
  const about = changes.map((c) => c.userId).filter(Boolean);
  if (about.length > 0 && !about.includes(user.userId)) return undefined;
  const detail = pretty(body);
  const [change = {}] = changes;
  if (topic === 'crm-changes') {
    if (change.record !== 'user') started.crm = at;
    return {
      half: 'left',
      to: 'right',
      side: 'crm',
      label: crmLabel(change, count),
      meta: '…',
      detail,
    };
  }
  if (topic === 'changes-from-google') {
    const [text, bad] = googleLabel(change, body);
    if (started.google) sums.google = at - started.google;
    started.google = undefined;
    return { half: 'left', to: 'left', side: 'google', label: text, meta: '…', bad, detail };
  }
  // A notification a moment ago is where the way began.
  if (topic === 'sync-user' && !(at - started.google < PAUSE_MS)) started.google = at;
  const label = { 'poll-tick': 'poll tick', 'sync-user': 'sync-user' }[topic] ?? topic;
  return { half: 'middle', side: 'plain', label, meta: '', bad: topic === 'dead-letters', detail };
}

function crmLabel({ record, op, crmId }, count) {
  if (count === 0) return 'unreadable message';
  if (count > 1) return `${count} changes`;
  if (record === 'user') return 'user';
  return `${op === 'delete' ? 'delete' : 'upsert'} ${crmId ?? ''}`;
}

function googleLabel({ record, op, crmId }, body) {
  const told = parse(body);
  if (told?.rejected) return [`rejected ${crmId ?? ''}: ${told.rejected.reason}`, true];
  if (record === 'user') return [`user ${told?.data?.state ?? ''}`, false];
  if (op === 'delete') return [`delete ${crmId ?? ''}`, false];
  if (op === 'unlink') return [`unlink ${crmId ?? ''}`, false];
  const born = { contact: 'new contact', task: 'new task' }[record] ?? 'new event';
  return [crmId ? `upsert ${crmId}` : born, false];
}

function call(entry, user) {
  const { client, calls, request, status, ms, at } = entry;
  // Asked for by this page's free slots: nothing flows.
  if (calls[0]?.method === 'calendar.freebusy.query') return undefined;
  if (entry.user !== user.email) return undefined;
  const method = (calls[0]?.method ?? request).replace(/^(calendar|tasks|people)\.(?=\w+\.)/, '');
  const failed = calls.filter((c) => c.status >= 400 || c.status === 0).length;
  const reads = /\.(list|get|getBatchGet|instances|query|certs|auth)$/.test(method);
  if (client !== 'sync' && reads) return undefined;
  const label = calls.length > 1 ? `${method} ×${calls.length}` : method;
  const refused = failed > 0 || status >= 400;
  const meta = `${ms} ms${refused ? ` · ${calls[0]?.status || status}` : ''}`;
  const detail = [
    `${request} ${status}, ${ms} ms`,
    ...calls.map((c) => `${c.method} ${c.status}`),
  ].join('\n');
  if (client !== 'sync') {
    return {
      half: 'end',
      side: 'google',
      label,
      meta,
      mark: client === 'phone' ? 'phone' : undefined,
      bad: refused,
      detail,
    };
  }
  if (!reads && started.crm && !method.startsWith('oauth')) {
    sums.crm = at - started.crm;
    started.crm = undefined;
  }
  const auth = method.startsWith('oauth');
  return {
    half: 'right',
    to: reads ? 'left' : 'right',
    side: auth ? 'plain' : reads ? 'google' : 'crm',
    label,
    meta,
    bad: refused,
    detail,
  };
}

/** Google says that something changed, and not what. */
function notification({ user: email, state, status, ms, at }, user) {
  if (email !== user.email || state === 'sync') return undefined;
  started.google = at;
  const bad = status < 200 || status > 299;
  const detail = `notification ${state}: ${status || 'no answer'}, ${ms} ms`;
  return {
    half: 'right',
    to: 'left',
    side: 'google',
    label: 'notification',
    meta: `${ms} ms`,
    bad,
    detail,
  };
}

/** A function or the CRM answered: the message's row says how long it took. */
function finished({ subscription, messageId, status, ms, attempt }) {
  const ok = status >= 200 && status < 300;
  const text = ok ? `${ms} ms` : `${status}, again soon${attempt > 1 ? ` (${attempt})` : ''}`;
  // What was only stored (the user is not connected, another run is at it) is no measure of the way.
  if (subscription === 'crm-change') started.crm = undefined;
  const key = `${TOPIC_OF[subscription] ?? subscription}/${messageId}`;
  runs.set(key, text);
  if (runs.size > 500) runs.delete(runs.keys().next().value);
  const node = shown.get(key);
  if (node) node.textContent = text;
  const said = [
    sums.crm !== undefined && `To Google ${sums.crm} ms`,
    sums.google !== undefined && `to CRM ${sums.google} ms`,
  ].filter(Boolean);
  if (said.length > 0) byId('flow-sum').textContent = said.join(' · ');
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pretty(text) {
  const value = parse(text);
  return value === undefined ? text : JSON.stringify(value, null, 2);
}
