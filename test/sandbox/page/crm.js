/** The CRM's side: the contact history of one week, as a list by day. */
import { crm } from './api.js';
import { byId, el, icon } from './dom.js';
import { edit } from './editor.js';
import { addDays, dayOf, isDay, longDay, span, wallOfMoment } from './time.js';

const KINDS = { visit: 'Visit', call: 'Call', meeting: 'Meeting' };

/** Draws the list. `look` holds user, monday and records; `changed` the crmIds to point out. */
export function drawRecords(look, changed = new Set()) {
  const { user, monday, records, today } = look;
  const rows = records
    .filter(({ record }) => record === 'appointment')
    .map((record) => ({
      record,
      start: wallOfMoment(record.data.start, user.timeZone),
      end: wallOfMoment(record.data.end, user.timeZone),
    }))
    .filter(
      ({ start, end }) =>
        start && end && dayOf(end) >= monday && dayOf(start) <= addDays(monday, 6),
    )
    .sort((a, b) => (a.start < b.start ? -1 : 1));
  const days = Map.groupBy(rows, ({ start }) => [dayOf(start), monday].sort()[1]);
  const focused = document.activeElement?.dataset?.crm;
  byId('records').replaceChildren(
    ...[...days].map(([day, list]) =>
      el(
        'section',
        { class: day === today ? 'day today' : 'day', 'aria-label': longDay(day) },
        el('h3', {}, longDay(day), day === today && el('span', {}, 'Today')),
        el(
          'ul',
          {},
          list.map((row) => el('li', {}, card(row, look, changed))),
        ),
      ),
    ),
    ...(rows.length === 0 ? [empty(look)] : []),
  );
  if (look.fresh) {
    look.fresh = rows.length === 0;
    const now = byId('records').querySelector('.today');
    // On a phone the whole side is one page, which scrolls instead of the list.
    for (const area of now ? [byId('records'), byId('records').parentElement] : [])
      area.scrollTop = now.offsetTop - byId('records').offsetTop;
  }
  if (focused)
    byId('records')
      .querySelector(`[data-crm="${CSS.escape(focused)}"]`)
      ?.focus();
}

function card({ record, start, end }, look, changed) {
  const { data } = record;
  const cancelled = data.status === 'cancelled';
  const kind = record.redacted ? 'lock' : (data.kind ?? 'meeting');
  const with_ = [data.customer?.name, (data.contactPersons ?? []).map((p) => p.name).join(', ')];
  const node = el(
    'button',
    {
      type: 'button',
      class: [
        'card',
        cancelled && 'cancelled',
        record.redacted && 'redacted',
        changed.has(record.crmId) && 'flash',
      ]
        .filter(Boolean)
        .join(' '),
      'data-crm': record.crmId,
      'data-google': record.googleId,
      onclick: () => editRecord(record, look),
    },
    el(
      'span',
      { class: 'kind' },
      icon(KINDS[kind] || kind === 'lock' ? kind : 'meeting', KINDS[kind]),
    ),
    el(
      'span',
      { class: 'what' },
      el('span', { class: 'time' }, span(start, end)),
      el('strong', {}, record.redacted ? 'Busy' : data.subject || 'Without subject'),
      el('span', { class: 'more' }, with_.filter(Boolean).join(' · ')),
      data.place && el('span', { class: 'more' }, data.place),
      el('span', { class: 'tags' }, tags(record, cancelled)),
      record.rejected &&
        el('span', { class: 'refused' }, icon('warn'), `Rejected: ${record.rejected.detail}`),
    ),
  );
  return node;
}

function tags(record, cancelled) {
  return [
    el('span', { class: 'id' }, `${record.crmId} · v${record.version}`),
    cancelled && el('span', { class: 'tag' }, 'Cancelled'),
    record.data.recurrence && el('span', { class: 'tag' }, 'Series'),
    record.occurrence && el('span', { class: 'tag' }, 'Occurrence'),
    record.data.status === 'held' && el('span', { class: 'tag' }, 'Held'),
    record.redacted
      ? el('span', { class: 'tag google' }, 'Private at Google')
      : record.origin === 'google' && el('span', { class: 'tag google' }, 'From Google'),
    !record.redacted && record.data.private && el('span', { class: 'tag' }, 'Private'),
    record.conflicts.length > 0 &&
      el('span', { class: 'tag warn' }, conflictText(record.conflicts.at(-1))),
  ];
}

function conflictText({ field, winner }) {
  return `${field}: ${winner === 'crm' ? 'the CRM’s' : 'Google’s'} value won`;
}

function empty({ user, records }) {
  const other = records.length > 0 ? 'Nothing in this week.' : 'No entries yet.';
  return el(
    'p',
    { class: 'empty' },
    `${other} “New entry” writes one into ${user.name}’s contact history.`,
  );
}

/** Opens the dialog for a record, or for a new one. */
export function editRecord(record, { user, today }) {
  const zone = user.timeZone;
  const data = record?.data ?? {};
  const start = wallOfMoment(data.start, zone) ?? `${today}T10:00`;
  edit({
    side: 'crm',
    title: record ? `${record.crmId} in the CRM` : 'New entry in the CRM',
    note: record?.redacted
      ? 'Private at Google: the CRM knows only the time. It can move it.'
      : undefined,
    values: {
      subject: data.subject ?? '',
      kind: data.kind ?? 'visit',
      status: data.status ?? 'planned',
      start,
      end: wallOfMoment(data.end, zone) ?? `${today}T11:00`,
      customer: data.customer?.name ?? '',
      contacts: (data.contactPersons ?? []).map((p) => p.name).join(', '),
      place: data.place ?? '',
      description: data.description ?? '',
      private: data.private ?? false,
      busy: data.busy ?? true,
    },
    save: (values, changed) => {
      const fields = toFields(values, zone, data);
      if (!record) return crm.create(user.userId, fields);
      const wanted = Object.entries(fields).filter(([name]) => changed.has(FORM_OF[name] ?? name));
      return wanted.length === 0 ? undefined : crm.edit(record.crmId, Object.fromEntries(wanted));
    },
    remove: record && (() => crm.remove(record.crmId)),
  });
}

const FORM_OF = { contactPersons: 'contacts' };

function toFields(values, zone, old) {
  const moment = (wall) =>
    isDay(wall) ? { date: wall } : { dateTime: `${wall}:00`, timeZone: zone };
  const persons = values.contacts
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return {
    subject: values.subject || null,
    kind: values.kind,
    status: values.status,
    start: moment(values.start),
    end: moment(values.end),
    place: values.place || null,
    description: values.description || null,
    customer: values.customer
      ? { ...(old.customer?.name === values.customer && old.customer), name: values.customer }
      : null,
    contactPersons: persons.map(
      (name) => old.contactPersons?.find((p) => p.name === name) ?? { name },
    ),
    private: values.private,
    busy: values.busy,
  };
}
